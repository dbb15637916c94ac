// SPDX-License-Identifier: MIT
/*
 * The checks that a file must pass, whole, before it replaces anything. RFC 6335 says what a
 * transport, a port and a state can be; what a description means is spelling.c's business.
 */
#include "registry/checks.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "registry/spelling.h"

const struct checks_least checks_published = {.records = 10000, .assigned = 5000};

static int read_ports(const struct source *source, const struct row *row, struct checks_row *out)
{
	const char *text = row->text[COLUMN_PORT];
	const char *dash = strchr(text, '-');
	size_t first_len = dash ? (size_t)(dash - text) : strlen(text);
	const char *last_text = dash ? dash + 1 : text;
	uint64_t first;
	uint64_t last;

	if (!*text)
		return 0;
	if (text_number(text, first_len, UINT16_MAX, &first) ||
		text_number(last_text, strlen(last_text), UINT16_MAX, &last))
		return source_refuse_text(
			source, row->line, "not a port (0-65535) or a range of ports", text);
	if (first > last)
		return source_refuse_text(
			source, row->line, "a range that ends before it starts", text);
	out->has_port = true;
	out->first = (uint16_t)first;
	out->last = (uint16_t)last;
	return 0;
}

static int read_transport(
	const struct source *source, const struct row *row, struct checks_row *out)
{
	static const char *const transports[BERTH_TRANSPORTS] = {
		[BERTH_TCP] = "tcp",
		[BERTH_UDP] = "udp",
		[BERTH_SCTP] = "sctp",
		[BERTH_DCCP] = "dccp",
	};
	const char *text = row->text[COLUMN_TRANSPORT];

	if (!*text) {
		out->any_transport = true;
		out->protos = (1U << BERTH_TRANSPORTS) - 1;
		return 0;
	}
	for (unsigned i = 0; i < BERTH_TRANSPORTS; i++) {
		if (strcmp(text, transports[i]) == 0) {
			out->protos = BERTH_PROTO_BIT(i);
			return 0;
		}
	}
	return source_refuse_text(source, row->line, "not a transport of the registry", text);
}

bool checks_date(const char *text)
{
	static const char form[] = "dddd-dd-dd";
	size_t len = strlen(text);

	if (len != strlen("YYYY-MM") && len != strlen("YYYY-MM-DD"))
		return false;
	for (size_t i = 0; i < len; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (form[i] == 'd' ? !digit : text[i] != '-')
			return false;
	}
	int month = (text[5] - '0') * 10 + (text[6] - '0');
	int day = len == strlen("YYYY-MM") ? 1 : (text[8] - '0') * 10 + (text[9] - '0');
	return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

static int check_dates(const struct source *source, const struct row *row)
{
	for (enum column i = COLUMN_REGISTERED; i <= COLUMN_MODIFIED; i++) {
		if (*row->text[i] && !checks_date(row->text[i]))
			return source_refuse_text(source, row->line,
				"not a date (YYYY-MM or YYYY-MM-DD)", row->text[i]);
	}
	return 0;
}

static int read_state(const struct source *source, const struct row *row, struct checks_row *out)
{
	const char *name = row->text[COLUMN_NAME];
	const char *description = row->text[COLUMN_DESCRIPTION];

	if (!out->has_port && !*name)
		return source_refuse(source, row->line, "neither a service name nor a port");
	if (spelling_state(name, description, &out->state))
		return source_refuse_text(source, row->line,
			"no service name, and a description whose meaning is not known",
			description);
	if (out->state == BERTH_ASSIGNED && out->last >= CHECKS_DYNAMIC_FIRST)
		return source_refuse_text(source, row->line,
			"an assignment among the dynamic ports, 49152-65535 (RFC 6335)",
			row->text[COLUMN_PORT]);
	return 0;
}

int checks_row(const struct source *source, const struct row *row, struct checks_row *ret_row)
{
	struct checks_row out = {0};
	int r = read_ports(source, row, &out);

	if (!r)
		r = read_transport(source, row, &out);
	if (!r)
		r = check_dates(source, row);
	if (!r)
		r = read_state(source, row, &out);
	if (!r)
		*ret_row = out;
	return r;
}

int checks_whole(const struct source *source, const struct checks_least *least,
	const struct checks_least *seen)
{
	if (seen->records < least->records)
		return source_refuse(source, source_lines(source),
			"only %zu records, where the registry has more than %zu: cut off?",
			seen->records, least->records);
	if (seen->assigned < least->assigned)
		return source_refuse(source, source_lines(source),
			"only %zu records that assign ports, where the registry has more than %zu",
			seen->assigned, least->assigned);
	return 0;
}
