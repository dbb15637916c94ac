// SPDX-License-Identifier: MIT
/*
 * Decodes the files of /proc/PID, following proc(5) and fs/proc/array.c. Which are read, and when,
 * is for processes.c.
 */
#include "sockets/linux/process.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	/* Numbers as in proc(5): 2 is the name in parentheses. */
	FIELD_PARENT = 4,
	FIELD_START = 22,
};

/* The n-th field behind the name, of which the first is number 3. */
static bool parse_field(const char *text, size_t len, unsigned number, uint64_t max, uint64_t *ret)
{
	const char *end = text + len;

	for (unsigned at = 3;; at++) {
		while (text < end && *text == ' ')
			text++;
		const char *space = text;
		while (space < end && *space != ' ' && *space != '\n')
			space++;
		if (space == text)
			return false;
		if (at == number) /* one that ends with the text may be cut */
			return space < end && !text_number(text, (size_t)(space - text), max, ret);
		text = space;
	}
}

int process_parse_stat(const char *text, size_t len, struct process_stat *ret_stat)
{
	/* The name may hold anything, also parentheses: it ends at the last one. */
	const char *open = memchr(text, '(', len);
	const char *close = memrchr(text, ')', len);
	uint64_t parent = 0;
	uint64_t start = 0;

	if (!open || !close || close < open)
		return -EBADMSG;
	size_t rest = (size_t)(text + len - close - 1);
	if (!parse_field(close + 1, rest, FIELD_PARENT, INT32_MAX, &parent) ||
		!parse_field(close + 1, rest, FIELD_START, UINT64_MAX, &start))
		return -EBADMSG;
	size_t name_len = (size_t)(close - open - 1);
	if (name_len >= PROCESS_NAME_MAX)
		name_len = PROCESS_NAME_MAX - 1;
	*ret_stat = (struct process_stat){.parent = (uint32_t)parent, .start_ticks = start};
	memcpy(ret_stat->name, open + 1, name_len);
	return 0;
}

/* "Uid:\treal\teffective\tsaved\tfilesystem" */
static bool parse_uid(const char *value, size_t len, uint32_t *ret_uid)
{
	const char *end = value + len;
	uint64_t uid = 0;

	const char *tab = memchr(value, '\t', len);
	if (!tab)
		return false;
	const char *second = tab + 1;
	const char *behind = memchr(second, '\t', (size_t)(end - second));
	size_t second_len = (size_t)((behind ? behind : end) - second);
	if (text_number(second, second_len, UINT32_MAX, &uid))
		return false;
	*ret_uid = (uint32_t)uid;
	return true;
}

static bool parse_mask(const char *value, size_t len, uint64_t *ret_mask)
{
	uint64_t mask = 0;

	if (!len || len > 16)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = text_lower(value[i]);

		if (c >= '0' && c <= '9')
			mask = mask << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			mask = mask << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret_mask = mask;
	return true;
}

/* What stands behind "key" at the front of the line; NULL: another line. */
static const char *value_of(const char *line, size_t len, const char *key, size_t *ret_len)
{
	size_t key_len = strlen(key);

	if (len < key_len || memcmp(line, key, key_len) != 0)
		return NULL;
	*ret_len = len - key_len;
	return line + key_len;
}

static uint32_t parse_pid(const char *text, size_t len)
{
	uint64_t pid = 0;

	return text_number(text, len, INT32_MAX, &pid) ? 0 : (uint32_t)pid;
}

void process_parse_status(const char *text, size_t len, struct process_status *ret_status)
{
	struct process_status status = {0};
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;

	/* CapEff is the last of those that are looked for. */
	while (!status.has_capabilities && text_next_line(&text, end, &line, &line_len)) {
		size_t value_len = 0;
		/* The first line is the name, with line feeds escaped (proc_task_name). */
		const char *process = value_of(line, line_len, "Tgid:\t", &value_len);

		if (process)
			status.process = parse_pid(process, value_len);
		const char *uid = value_of(line, line_len, "Uid:\t", &value_len);

		if (uid)
			status.has_uid = parse_uid(uid, value_len, &status.uid);
		const char *mask = value_of(line, line_len, "CapEff:\t", &value_len);
		if (mask)
			status.has_capabilities = parse_mask(mask, value_len, &status.capabilities);
	}
	*ret_status = status;
}

int process_parse_arguments(struct arena *arena, const char *bytes, size_t len,
	const char *const **ret_argv, size_t *ret_n_argv)
{
	size_t count = 0;

	while (len && !bytes[len - 1])
		len--;
	if (!len) {
		*ret_argv = NULL;
		*ret_n_argv = 0;
		return 0;
	}
	char *copy = arena_text(arena, bytes, len);
	for (size_t i = 0; i <= len; i++)
		count += i == len || !bytes[i];
	const char **argv = arena_array(arena, count, sizeof(*argv));
	if (!copy || !argv)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		argv[i] = copy;
		copy += strlen(copy) + 1;
	}
	*ret_argv = argv;
	*ret_n_argv = count;
	return 0;
}

size_t process_parse_exe(const char *target, bool *ret_deleted)
{
	static const char mark[] = " (deleted)";
	size_t mark_len = sizeof(mark) - 1;
	size_t len = strlen(target);

	*ret_deleted = len > mark_len && !strcmp(target + len - mark_len, mark);
	return *ret_deleted ? len - mark_len : len;
}

int process_parse_boot_time(const char *text, size_t len, uint64_t *ret_boot_s)
{
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;

	while (text_next_line(&text, end, &line, &line_len)) {
		size_t value_len = 0;
		const char *value = value_of(line, line_len, "btime ", &value_len);

		if (value)
			return text_number(
				       value, value_len, UINT32_MAX * UINT64_C(1000), ret_boot_s)
				? -EBADMSG
				: 0;
	}
	return -EBADMSG;
}

static size_t put_number(char *ret_text, uint32_t number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	memcpy(ret_text, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

void process_path(char ret_path[PROCESS_PATH], uint32_t pid, const char *name)
{
	char *at = ret_path + sizeof("/proc/") - 1;

	memcpy(ret_path, "/proc/", sizeof("/proc/") - 1);
	at += put_number(at, pid);
	*at++ = '/';
	memcpy(at, name, strlen(name) + 1);
}

void process_path_fd(char ret_path[PROCESS_PATH], uint32_t pid, uint32_t thread, uint32_t fd)
{
	char name[sizeof("task/4294967295/fd/4294967295")] = "";
	size_t len = 0;

	if (thread) {
		memcpy(name, "task/", 5);
		len = 5 + put_number(name + 5, thread);
		name[len++] = '/';
	}
	memcpy(name + len, "fd/", 3);
	len += 3;
	name[len + put_number(name + len, fd)] = '\0';
	process_path(ret_path, pid, name);
}

uint64_t process_parse_socket(const char *target)
{
	static const char front[] = "socket:[";
	size_t front_len = sizeof(front) - 1;
	size_t len = strlen(target);
	uint64_t inode = 0;

	if (len < front_len + 2 || memcmp(target, front, front_len) != 0 || target[len - 1] != ']')
		return 0;
	if (text_number(target + front_len, len - front_len - 1, UINT64_MAX, &inode))
		return 0;
	return inode;
}
