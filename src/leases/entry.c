// SPDX-License-Identifier: MIT
/* One key and its value a line, all of them, in this order; the last line is the sum of the rest.
 */
#include "leases/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "leases/hash.h"

static const char head[] = "berth-lease 1";

const char *entry_kind_name(enum berth_lease_kind kind)
{
	switch (kind) {
	case BERTH_LEASE_HELD:
		return "held";
	case BERTH_LEASE_PROCESS:
		return "process";
	case BERTH_LEASE_TIMED:
		return "timed";
	case BERTH_LEASE_PRINTED:
		return "printed";
	case BERTH_LEASE_KINDS:
		break;
	}
	return "?";
}

static void put(struct buffer *out, const char *key, uint64_t value)
{
	buffer_text(out, key);
	buffer_char(out, ' ');
	buffer_uint(out, value);
	buffer_char(out, '\n');
}

/* By hand, since printf(3) takes a tenth of the time that a lease does. */
void entry_write(const struct entry *entry, struct buffer *out)
{
	size_t start = out->len;

	buffer_text(out, head);
	buffer_char(out, '\n');
	put(out, "port", entry->port);
	buffer_text(out, "kind ");
	buffer_text(out, entry_kind_name(entry->kind));
	buffer_char(out, '\n');
	put(out, "netns", entry->netns);
	put(out, "project", entry->project);
	put(out, "pid", entry->pid);
	put(out, "start", entry->start_ticks);
	put(out, "pidns", entry->pidns);
	put(out, "made", (uint64_t)entry->made_ms);
	put(out, "ends", (uint64_t)entry->ends_ms);
	put(out, "at", entry->made_at_s);
	buffer_text(out, "boot ");
	buffer_text(out, entry->boot_id);
	buffer_text(out, "\nname ");
	buffer_text(out, entry->name);
	buffer_char(out, '\n');
	if (!out->error)
		buffer_format(out, "sum %016" PRIx64 "\n",
			hash_bytes(HASH_START, out->data + start, out->len - start));
}

/* ---- Reading --------------------------------------------------------------------------------- */

struct reader {
	const char *at;
	const char *end;
	bool bad;
};

/* The value of the next line, which must have this key. */
static const char *value_of(struct reader *reader, const char *key, size_t *ret_len)
{
	const char *line = NULL;
	size_t len = 0;
	size_t key_len = strlen(key);

	*ret_len = 0;
	if (reader->bad || !text_next_line(&reader->at, reader->end, &line, &len) ||
		len <= key_len || memcmp(line, key, key_len) != 0 || line[key_len] != ' ') {
		reader->bad = true;
		return "";
	}
	*ret_len = len - key_len - 1;
	return line + key_len + 1;
}

static uint64_t number_of(struct reader *reader, const char *key, uint64_t max)
{
	size_t len = 0;
	const char *text = value_of(reader, key, &len);
	uint64_t value = 0;

	if (!reader->bad && text_number(text, len, max, &value))
		reader->bad = true;
	return value;
}

static void text_of(struct reader *reader, const char *key, char *ret, size_t size)
{
	size_t len = 0;
	const char *text = value_of(reader, key, &len);

	if (len >= size) {
		reader->bad = true;
		return;
	}
	memcpy(ret, text, len);
	ret[len] = '\0';
}

static enum berth_lease_kind kind_of(struct reader *reader)
{
	char word[16] = "";

	text_of(reader, "kind", word, sizeof(word));
	for (unsigned kind = 0; kind < BERTH_LEASE_KINDS; kind++) {
		if (!strcmp(word, entry_kind_name((enum berth_lease_kind)kind)))
			return (enum berth_lease_kind)kind;
	}
	reader->bad = true;
	return BERTH_LEASE_TIMED;
}

/* The sum is right, and *ret_len is what it is of. */
static bool is_whole(const char *text, size_t len, size_t *ret_len)
{
	char sum[sizeof("sum 0123456789abcdef\n")];
	size_t sum_len = sizeof(sum) - 1;

	if (len < sum_len)
		return false;
	(void)snprintf(sum, sizeof(sum), "sum %016" PRIx64 "\n",
		hash_bytes(HASH_START, text, len - sum_len));
	*ret_len = len - sum_len;
	return !memcmp(text + len - sum_len, sum, sum_len);
}

int entry_read(const char *text, size_t len, struct entry *ret_entry)
{
	struct entry entry = {0};
	char version[16] = "";
	size_t body = 0;

	if (!is_whole(text, len, &body))
		return -EBADMSG;
	struct reader reader = {.at = text, .end = text + body};
	text_of(&reader, "berth-lease", version, sizeof(version));
	entry.port = (uint16_t)number_of(&reader, "port", UINT16_MAX);
	entry.kind = kind_of(&reader);
	entry.netns = number_of(&reader, "netns", UINT64_MAX);
	entry.project = number_of(&reader, "project", UINT64_MAX);
	entry.pid = (uint32_t)number_of(&reader, "pid", UINT32_MAX);
	entry.start_ticks = number_of(&reader, "start", UINT64_MAX);
	entry.pidns = number_of(&reader, "pidns", UINT64_MAX);
	entry.made_ms = (int64_t)number_of(&reader, "made", INT64_MAX);
	entry.ends_ms = (int64_t)number_of(&reader, "ends", INT64_MAX);
	entry.made_at_s = number_of(&reader, "at", UINT64_MAX);
	text_of(&reader, "boot", entry.boot_id, sizeof(entry.boot_id));
	text_of(&reader, "name", entry.name, sizeof(entry.name));
	if (reader.bad || reader.at != reader.end || strcmp(version, "1") != 0 || !entry.port ||
		!entry_is_name(entry.name))
		return -EBADMSG;
	*ret_entry = entry;
	return 0;
}

/* ---- Names of notes -------------------------------------------------------------------------- */

void entry_write_name(const struct entry_place *place, char ret_name[ENTRY_PLACE_NAME])
{
	(void)snprintf(ret_name, ENTRY_PLACE_NAME, "%" PRIx64 "-%u-%016" PRIx64 "-%016" PRIx64,
		place->netns, (unsigned)place->port, place->key, place->id);
}

/* Lower-case digits and as few of them as the number needs, or `digits`; what ends it is passed. */
static bool read_hex(const char **text, char end, size_t digits, uint64_t *ret)
{
	const char *stop = strchr(*text, end);
	size_t len = stop ? (size_t)(stop - *text) : 0;
	uint64_t value = 0;

	if (!len || len > 16 || (digits ? len != digits : len > 1 && **text == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = (*text)[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
			return false;
		value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*text = stop + (end != '\0');
	*ret = value;
	return true;
}

int entry_read_name(const char *name, struct entry_place *ret_place)
{
	struct entry_place place = {0};
	uint64_t port = 0;

	if (!read_hex(&name, '-', 0, &place.netns))
		return -EBADMSG;
	const char *dash = strchr(name, '-');
	size_t len = dash ? (size_t)(dash - name) : 0;
	if (!dash || text_number(name, len, UINT16_MAX, &port) || *name == '0')
		return -EBADMSG;
	place.port = (uint16_t)port;
	name = dash + 1;
	if (!read_hex(&name, '-', 16, &place.key) || !read_hex(&name, '\0', 16, &place.id))
		return -EBADMSG;
	*ret_place = place;
	return 0;
}

uint64_t entry_key_of(uint64_t project, const char *name)
{
	uint64_t key = hash_text(hash_bytes(HASH_START, &project, sizeof(project)), name);

	return key ? key : 1;
}

uint64_t entry_key(const struct entry *entry)
{
	return entry->kind == BERTH_LEASE_PRINTED ? 0 : entry_key_of(entry->project, entry->name);
}

bool entry_is_name(const char *name)
{
	size_t len = strlen(name);

	if (!len || len >= ENTRY_NAME_MAX || !text_is_utf8(name, len))
		return false;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)name[i] < ' ' || name[i] == '\x7f' || name[i] == '/')
			return false;
	}
	return name[0] != ' ' && name[len - 1] != ' ';
}

/* ---- Judging --------------------------------------------------------------------------------- */

/* A pid means nothing in another PID namespace, whose first process takes all others along. */
static enum berth_lease_state state_of_process(
	const struct entry *entry, const struct entry_now *now)
{
	uint64_t ticks = 0;

	if (entry->pidns != now->pidns)
		return now->gone && now->gone(now->context, entry->pidns) ? BERTH_LEASE_OVER
									  : BERTH_LEASE_UNSURE;
	int r = now->start(now->context, entry->pid, &ticks);
	if (r)
		return r == -ESRCH ? BERTH_LEASE_OVER : BERTH_LEASE_UNSURE;
	return ticks == entry->start_ticks ? BERTH_LEASE_ACTIVE : BERTH_LEASE_OVER;
}

bool entry_is_expired(const struct entry *entry, const struct entry_now *now)
{
	return strcmp(entry->boot_id, now->boot_id) != 0 ||
		(entry->ends_ms && now->now_ms >= entry->ends_ms);
}

enum berth_lease_state entry_state(const struct entry *entry, const struct entry_now *now)
{
	if (entry_is_expired(entry, now))
		return BERTH_LEASE_OVER;
	switch (entry->kind) {
	case BERTH_LEASE_HELD:
	case BERTH_LEASE_PROCESS:
		return state_of_process(entry, now);
	case BERTH_LEASE_TIMED:
	case BERTH_LEASE_PRINTED:
	case BERTH_LEASE_KINDS:
		break;
	}
	return BERTH_LEASE_ACTIVE;
}
