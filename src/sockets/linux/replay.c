// SPDX-License-Identifier: MIT
/*
 * Reads recordings (docs/recording.md). Paths are walked a component at a time with O_NOFOLLOW
 * instead of openat2(2), which container seccomp filters of before 2021 refuse.
 */
#include "sockets/linux/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/map.h"
#include "base/text.h"

enum {
	LARGEST_TEXT = 64 << 20, /* of users, interfaces, denied */
	LARGEST_ANSWER = 512 << 20, /* of netlink; a million sockets are 130 MB */
	DEFAULT_TICKS = 100,
	MOST_TICKS = 1000000,
};

struct denied {
	const char *path; /* without the slash in front */
	int error; /* negative errno */
};

struct replay {
	int folder;
	struct replay_meta meta;
	struct arena arena;
	struct map users;
	struct map interfaces;
	struct denied *denied; /* sorted by path */
	size_t n_denied;
};

static const char magic[] = "berth-recording";

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const char byte_order[] = "little";
#else
static const char byte_order[] = "big";
#endif

static const struct {
	const char *name;
	int number;
} errors[] = {
	{"EACCES", EACCES},
	{"EPERM", EPERM},
	{"EIO", EIO},
	{"EINVAL", EINVAL},
	{"ENOSYS", ENOSYS},
	{"ENOMEM", ENOMEM},
	{"ENOBUFS", ENOBUFS},
	{"EPROTONOSUPPORT", EPROTONOSUPPORT},
	{"EAFNOSUPPORT", EAFNOSUPPORT},
	{"EOPNOTSUPP", EOPNOTSUPP},
	{"EMFILE", EMFILE},
	{"ENFILE", ENFILE},
	{"ELOOP", ELOOP},
};

const char *replay_error_name(int error)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (errors[i].number == error)
			return errors[i].name;
	}
	return "EIO";
}

int replay_error_number(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		if (strlen(errors[i].name) == len && !memcmp(errors[i].name, name, len))
			return errors[i].number;
	}
	return EIO;
}

/* Splits "first second…" at the first space. */
static bool split(const char *line, size_t len, size_t *ret_first)
{
	const char *space = memchr(line, ' ', len);

	if (!space || space == line || space + 1 == line + len)
		return false;
	*ret_first = (size_t)(space - line);
	return true;
}

static bool word_is(const char *word, size_t len, const char *expected)
{
	return strlen(expected) == len && !memcmp(word, expected, len);
}

/* Seconds with up to nine decimals, as replay_write_meta writes them. */
static bool parse_seconds(const char *text, size_t len, double *ret_s)
{
	const char *point = memchr(text, '.', len);
	size_t whole_len = point ? (size_t)(point - text) : len;
	uint64_t whole = 0;
	uint64_t rest = 0;

	if (text_number(text, whole_len, UINT32_MAX * UINT64_C(1000), &whole))
		return false;
	double scale = 1;
	if (point) {
		size_t digits = len - whole_len - 1;

		if (digits > 9 || text_number(point + 1, digits, UINT64_MAX, &rest))
			return false;
		for (size_t i = 0; i < digits; i++)
			scale *= 10;
	}
	*ret_s = (double)whole + (double)rest / scale;
	return true;
}

static bool parse_meta_line(const char *line, size_t first, size_t len, struct replay_meta *meta)
{
	const char *value = line + first + 1;
	size_t value_len = len - first - 1;
	uint64_t number = 0;

	if (word_is(line, first, "time_s"))
		return parse_seconds(value, value_len, &meta->time_s);
	if (word_is(line, first, "clock_ticks")) {
		if (text_number(value, value_len, MOST_TICKS, &number) || !number)
			return false;
		meta->clock_ticks = (unsigned)number;
		return true;
	}
	if (word_is(line, first, "byte_order"))
		return word_is(value, value_len, byte_order);
	if (word_is(line, first, "scrubbed"))
		meta->scrubbed = word_is(value, value_len, "yes");
	return true; /* what a later berth adds under the same format number may be ignored */
}

static int check_format(const char *line, size_t first, size_t len, uint64_t *ret_format,
	struct buffer *ret_problem)
{
	if (!word_is(line, first, magic) ||
		text_number(line + first + 1, len - first - 1, UINT32_MAX, ret_format)) {
		buffer_text(ret_problem, "not a recording of berth");
		return -EBADMSG;
	}
	if (*ret_format != REPLAY_FORMAT) {
		buffer_format(ret_problem, "a recording of format %u; this berth reads format %d",
			(unsigned)*ret_format, REPLAY_FORMAT);
		return -EBADMSG;
	}
	return 0;
}

int replay_parse_meta(
	const char *text, size_t len, struct replay_meta *ret_meta, struct buffer *ret_problem)
{
	struct replay_meta meta = {.clock_ticks = DEFAULT_TICKS};
	const char *end = text + len;
	const char *line = text;
	size_t line_len = 0;
	size_t first = 0;
	uint64_t format = 0;

	if (!text_next_line(&text, end, &line, &line_len) || !split(line, line_len, &first)) {
		buffer_text(ret_problem, "not a recording of berth");
		return -EBADMSG;
	}
	int r = check_format(line, first, line_len, &format, ret_problem);
	if (r)
		return r;
	while (text_next_line(&text, end, &line, &line_len)) {
		if (split(line, line_len, &first) && parse_meta_line(line, first, line_len, &meta))
			continue;
		buffer_text(ret_problem, "recording: this line cannot be used: ");
		text_escape_terminal(ret_problem, line, line_len < 80 ? line_len : 80);
		return -EBADMSG;
	}
	*ret_meta = meta;
	return 0;
}

void replay_write_meta(struct buffer *out, const struct replay_meta *meta)
{
	buffer_format(out, "%s %d\n", magic, REPLAY_FORMAT);
	buffer_format(out, "time_s %.6f\n", meta->time_s);
	buffer_format(out, "clock_ticks %u\n", meta->clock_ticks);
	buffer_format(out, "byte_order %s\n", byte_order);
	buffer_format(out, "scrubbed %s\n", meta->scrubbed ? "yes" : "no");
}

/* Both are of 32 bits. */
static uint64_t name_key(uint64_t netns, uint64_t number)
{
	return netns << 32 | number;
}

/* "3", or "4026532000/3" for an interface of another network namespace. */
static bool parse_key(const char *text, size_t len, uint64_t *ret_key)
{
	const char *slash = memchr(text, '/', len);
	size_t first = slash ? (size_t)(slash - text) + 1 : 0;
	uint64_t netns = 0;
	uint64_t number = 0;

	if ((slash && text_number(text, first - 1, UINT32_MAX, &netns)) ||
		text_number(text + first, len - first, UINT32_MAX, &number))
		return false;
	*ret_key = name_key(netns, number);
	return true;
}

/* Lines "NUMBER NAME"; others are ignored. */
static int load_names(struct replay *replay, const char *text, size_t len, struct map *names)
{
	const char *end = text + len;
	const char *line = text;
	size_t line_len = 0;
	size_t first = 0;
	uint64_t key = 0;

	while (text_next_line(&text, end, &line, &line_len)) {
		if (!split(line, line_len, &first) || memchr(line, '\0', line_len) ||
			!parse_key(line, first, &key))
			continue;
		char *name = arena_text(&replay->arena, line + first + 1, line_len - first - 1);
		if (!name || map_put(names, key, name))
			return -ENOMEM;
	}
	return 0;
}

static int compare_denied(const void *a, const void *b)
{
	const struct denied *left = a;
	const struct denied *right = b;

	return strcmp(left->path, right->path);
}

/* Lines "EACCES proc/1/fd"; others are ignored. */
static int load_denied(struct replay *replay, const char *text, size_t len)
{
	const char *end = text + len;
	const char *line = text;
	size_t line_len = 0;
	size_t first = 0;
	size_t lines = 1;

	for (const char *at = text; at < end; at++)
		lines += *at == '\n';
	replay->denied = arena_array(&replay->arena, lines, sizeof(*replay->denied));
	if (!replay->denied)
		return -ENOMEM;
	while (text_next_line(&text, end, &line, &line_len)) {
		if (!split(line, line_len, &first) || memchr(line, '\0', line_len))
			continue;
		char *path = arena_text(&replay->arena, line + first + 1, line_len - first - 1);
		if (!path)
			return -ENOMEM;
		replay->denied[replay->n_denied++] =
			(struct denied){.path = path, .error = -replay_error_number(line, first)};
	}
	qsort(replay->denied, replay->n_denied, sizeof(*replay->denied), compare_denied);
	return 0;
}

/* One of the recording's own files; none is an empty one. */
static int read_own(const struct replay *replay, const char *name, struct buffer *contents)
{
	buffer_clear(contents);
	int fd = openat(
		replay->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	int r = file_read_open(fd, LARGEST_TEXT, contents);
	close(fd);
	return r;
}

static int load(struct replay *replay, struct buffer *ret_problem)
{
	struct buffer contents = {0};
	int r = read_own(replay, "recording", &contents);

	if (!r)
		r = replay_parse_meta(
			buffer_string(&contents), contents.len, &replay->meta, ret_problem);
	if (!r)
		r = read_own(replay, "users", &contents);
	if (!r)
		r = load_names(replay, buffer_string(&contents), contents.len, &replay->users);
	if (!r)
		r = read_own(replay, "interfaces", &contents);
	if (!r)
		r = load_names(replay, buffer_string(&contents), contents.len, &replay->interfaces);
	if (!r)
		r = read_own(replay, "denied", &contents);
	if (!r)
		r = load_denied(replay, buffer_string(&contents), contents.len);
	buffer_free(&contents);
	return r;
}

int replay_open(const char *path, struct replay **ret_replay, struct buffer *ret_problem)
{
	struct replay *replay = calloc(1, sizeof(*replay));
	struct buffer problem = {0};
	int r = 0;

	if (!replay)
		return -ENOMEM;
	replay->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = replay->folder < 0 ? -errno : load(replay, &problem);
	if (r) {
		buffer_format(ret_problem, "%s: %s", path,
			problem.len ? buffer_string(&problem) : strerror(-r));
		replay_close(replay);
	} else {
		*ret_replay = replay;
	}
	buffer_free(&problem);
	return r;
}

void replay_close(struct replay *replay)
{
	if (!replay)
		return;
	if (replay->folder >= 0)
		close(replay->folder);
	map_free(&replay->users);
	map_free(&replay->interfaces);
	arena_free(&replay->arena);
	free(replay);
}

/* The first denied path that is not before `path`. */
static size_t denied_from(const struct replay *replay, const char *path)
{
	size_t low = 0;
	size_t high = replay->n_denied;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(replay->denied[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int denied(const struct replay *replay, const char *path)
{
	size_t at = denied_from(replay, path);

	if (at < replay->n_denied && !strcmp(replay->denied[at].path, path))
		return replay->denied[at].error;
	return 0;
}

int replay_open_parent(const struct replay *replay, const char *path, const char **ret_name)
{
	char component[NAME_MAX + 1];

	path += *path == '/';
	int r = denied(replay, path);
	if (r)
		return r;
	int folder = fcntl(replay->folder, F_DUPFD_CLOEXEC, 0);
	if (folder < 0)
		return -errno;
	for (const char *slash; (slash = strchr(path, '/')); path = slash + 1) {
		size_t len = (size_t)(slash - path);

		if (!len || len > NAME_MAX || word_is(path, len, "..")) {
			close(folder);
			return -EINVAL;
		}
		memcpy(component, path, len);
		component[len] = '\0';
		int next =
			openat(folder, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		r = next < 0 ? -errno : 0;
		close(folder);
		if (r)
			return r;
		folder = next;
	}
	*ret_name = path;
	return folder;
}

int replay_open_path(const struct replay *replay, const char *path, int flags)
{
	const char *name = "";
	int folder = replay_open_parent(replay, path, &name);

	if (folder < 0)
		return folder;
	int fd = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC);
	int r = fd < 0 ? -errno : fd;
	close(folder);
	return r;
}

int replay_denied_entries(
	const struct replay *replay, const char *path, system_entry *seen, void *context)
{
	char name[NAME_MAX + 1] = "";
	char whole[PATH_MAX];
	size_t len = strlen(path += *path == '/');

	for (size_t i = denied_from(replay, path); i < replay->n_denied; i++) {
		const char *below = replay->denied[i].path;

		if (strncmp(below, path, len) != 0)
			break;
		if (below[len] != '/')
			continue;
		size_t name_len = strcspn(below + len + 1, "/");
		size_t whole_len = len + 1 + name_len;
		if (!name_len || name_len > NAME_MAX || whole_len >= sizeof(whole) ||
			word_is(below + len + 1, name_len, name))
			continue;
		memcpy(name, below + len + 1, name_len);
		name[name_len] = '\0';
		memcpy(whole, below, whole_len);
		whole[whole_len] = '\0';
		/* What is there was listed already. */
		int fd = replay_open_path(replay, whole, O_PATH);
		if (fd >= 0)
			close(fd);
		int r = fd == -ENOENT ? seen(context, name) : 0;
		if (r)
			return r;
	}
	return 0;
}

int replay_netlink(const struct replay *replay, uint64_t netns, const char *name,
	system_chunk *chunk, void *context)
{
	struct buffer path = {0};
	struct buffer answer = {0};

	if (netns)
		buffer_format(&path, "netns/%llu/", (unsigned long long)netns);
	buffer_format(&path, "netlink/%s", name);
	int fd = path.error ? path.error
			    : replay_open_path(replay, buffer_string(&path), O_RDONLY | O_NONBLOCK);
	int r = fd;
	if (fd >= 0) {
		r = file_read_open(fd, LARGEST_ANSWER, &answer);
		close(fd);
	}
	if (!r)
		r = answer.len ? chunk(context, answer.data, answer.len) : 0;
	buffer_free(&path);
	buffer_free(&answer);
	if (r < 0)
		return r;
	return r ? 0 : -ENODATA;
}

const char *replay_user(const struct replay *replay, uint32_t uid)
{
	return map_get(&replay->users, uid);
}

const char *replay_interface(const struct replay *replay, uint64_t netns, uint32_t ifindex)
{
	return map_get(&replay->interfaces, name_key(netns, ifindex));
}

double replay_now_s(const struct replay *replay)
{
	return replay->meta.time_s;
}

unsigned replay_clock_ticks(const struct replay *replay)
{
	return replay->meta.clock_ticks;
}
