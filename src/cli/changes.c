// SPDX-License-Identifier: MIT
/*
 * Differences between two copies of the registry: a line each, marked +, - or ~, and behind ~ which
 * fields differ.
 */
#include "cli/changes.h"

#include <stddef.h>
#include <string.h>

#include "cli/describe.h"

struct field {
	const char *name;
	size_t offset; /* of a const char * in struct berth_record */
};

static const struct field fields[] = {
	{"description", offsetof(struct berth_record, description)},
	{"assignee", offsetof(struct berth_record, assignee)},
	{"contact", offsetof(struct berth_record, contact)},
	{"registered", offsetof(struct berth_record, registered)},
	{"modified", offsetof(struct berth_record, modified)},
	{"reference", offsetof(struct berth_record, reference)},
	{"service code", offsetof(struct berth_record, service_code)},
	{"unauthorised use", offsetof(struct berth_record, unauthorized)},
	{"notes", offsetof(struct berth_record, notes)},
};

void changes_init(struct changes *changes, const struct cli *cli, bool verbose)
{
	*changes = (struct changes){
		.output = &cli->output, .format = cli->settings.format, .verbose = verbose};
	changes->json.out = &changes->list;
}

void changes_free(struct changes *changes)
{
	buffer_free(&changes->list);
}

static const char *change_name(enum berth_change change)
{
	switch (change) {
	case BERTH_ADDED:
		return "added";
	case BERTH_REMOVED:
		return "removed";
	case BERTH_CHANGED:
		return "changed";
	}
	return "";
}

static void add_mark(struct changes *changes, enum berth_change change)
{
	switch (change) {
	case BERTH_ADDED:
		output_styled(changes->output, &changes->list, OUTPUT_GOOD, "+", 1);
		break;
	case BERTH_REMOVED:
		output_styled(changes->output, &changes->list, OUTPUT_BAD, "-", 1);
		break;
	case BERTH_CHANGED:
		output_styled(changes->output, &changes->list, OUTPUT_CARE, "~", 1);
		break;
	}
}

/* "8080/tcp http-alt"; the description stands for records without a name. */
static void add_title(struct buffer *out, const struct berth_record *record)
{
	if (record->has_port)
		describe_range(out, record->first, record->last);
	else
		buffer_text(out, "no port");
	if (!record->any_transport) {
		buffer_char(out, '/');
		describe_protos(out, record->protos);
	}
	buffer_text(out, "  ");
	describe_prose(out, *record->name ? record->name : record->description, 0);
}

static const char *field_of(const struct berth_record *record, const struct field *field)
{
	const char *text;

	memcpy(&text, (const char *)record + field->offset, sizeof(text));
	return text;
}

static void add_value(struct buffer *out, const char *mark, const char *value)
{
	buffer_text(out, mark);
	if (*value)
		describe_prose(out, value, 0);
	else
		buffer_text(out, "(empty)");
	buffer_char(out, '\n');
}

static void add_fields(struct changes *changes, const struct berth_record *before,
	const struct berth_record *after)
{
	struct buffer *out = &changes->list;
	const char *comma = ": ";

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(field_of(before, &fields[i]), field_of(after, &fields[i])) == 0)
			continue;
		buffer_text(out, comma);
		buffer_text(out, fields[i].name);
		comma = ", ";
	}
	buffer_char(out, '\n');
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && changes->verbose; i++) {
		if (strcmp(field_of(before, &fields[i]), field_of(after, &fields[i])) == 0)
			continue;
		buffer_format(out, "    %s\n", fields[i].name);
		add_value(out, "      - ", field_of(before, &fields[i]));
		add_value(out, "      + ", field_of(after, &fields[i]));
	}
}

static void add_line(struct changes *changes, enum berth_change change,
	const struct berth_record *before, const struct berth_record *after)
{
	const struct berth_record *record = after ? after : before;

	add_mark(changes, change);
	buffer_char(&changes->list, ' ');
	add_title(&changes->list, record);
	if (before && after) {
		add_fields(changes, before, after);
		return;
	}
	if (*record->name && *record->description &&
		strcmp(record->name, record->description) != 0) {
		buffer_text(&changes->list, ": ");
		describe_prose(&changes->list, record->description, 0);
	}
	buffer_char(&changes->list, '\n');
}

static int put_record(struct json *json, const char *key, const struct berth_record *record)
{
	if (!record) {
		json_null(json, key);
		return 0;
	}
	json_value_follows(json, key);
	return berth_record_json(record, buffer_write, json->out);
}

static int add_json(struct changes *changes, enum berth_change change,
	const struct berth_record *before, const struct berth_record *after)
{
	struct json *json = &changes->json;
	int error;

	json_open_object(json, NULL);
	json_string(json, "change", change_name(change));
	error = put_record(json, "before", before);
	if (!error)
		error = put_record(json, "after", after);
	json_close_object(json);
	if (changes->format == CLI_JSONL) {
		buffer_char(json->out, '\n');
		json->comma = false;
	}
	return error;
}

int changes_add(void *context, enum berth_change change, const struct berth_record *before,
	const struct berth_record *after)
{
	struct changes *changes = context;
	int error = 0;

	changes->count[change]++;
	if (changes->format == CLI_TEXT)
		add_line(changes, change, before, after);
	else
		error = add_json(changes, change, before, after);
	return error ? error : changes->list.error;
}

void changes_summary(const struct changes *changes, struct buffer *out)
{
	for (unsigned change = 0; change < CHANGES_KINDS; change++) {
		buffer_text(out, change ? ", " : "");
		describe_count(out, changes->count[change]);
		buffer_char(out, ' ');
		buffer_text(out, change_name((enum berth_change)change));
	}
}

void changes_put(const struct changes *changes, struct json *json)
{
	for (unsigned change = 0; change < CHANGES_KINDS; change++)
		json_uint(json, change_name((enum berth_change)change), changes->count[change]);
	json_open_array(json, "changes");
	buffer_bytes(json->out, buffer_string(&changes->list), changes->list.len);
	json_close_array(json);
}
