// SPDX-License-Identifier: MIT
/*
 * Parses mountinfo for nsfs (fs/proc_namespace.c show_mountinfo, fs/nsfs.c ns_dname) and cgroup
 * paths for the one component that names a unit or a container. Which files are read is for
 * netns.c.
 */
#include "sockets/linux/netns_text.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	/* Fields of a line, from 0 on, as in proc(5). */
	FIELD_ROOT = 3,
	FIELD_MOUNT_POINT = 4,
	UUID = 36,
};

struct words {
	const char *at;
	const char *end;
};

/* The next word of a line, empty at its end. */
static const char *next_word(struct words *words, size_t *ret_len)
{
	while (words->at < words->end && *words->at == ' ')
		words->at++;
	const char *word = words->at;
	while (words->at < words->end && *words->at != ' ')
		words->at++;
	*ret_len = (size_t)(words->at - word);
	return word;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Space, tab, line feed and backslash are written as three octal digits (seq_path, mangle_path). */
static void put_path(struct buffer *out, const char *path, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *digits = path + i + 1;

		if (path[i] == '\\' && len - i > 3 && digits[0] <= '3' && is_octal(digits[0]) &&
			is_octal(digits[1]) && is_octal(digits[2])) {
			buffer_char(out,
				(char)((digits[0] - '0') << 6 | (digits[1] - '0') << 3 |
					(digits[2] - '0')));
			i += 3;
		} else {
			buffer_char(out, path[i]);
		}
	}
}

/* The inode of a root "net:[4026532000]"; 0: it is another thing. */
static uint64_t inode_of(const char *root, size_t len)
{
	static const char kind[] = "net:[";
	const size_t first = sizeof(kind) - 1;
	uint64_t inode = 0;

	if (len <= first || memcmp(root, kind, first) != 0 || root[len - 1] != ']' ||
		text_number(root + first, len - first - 1, UINT32_MAX, &inode))
		return 0;
	return inode;
}

static bool word_is(const char *word, size_t len, const char *expected)
{
	return strlen(expected) == len && !memcmp(word, expected, len);
}

/* Behind the optional fields stands "-", then the kind of file system. */
static bool is_nsfs(struct words *words)
{
	size_t len = 0;
	const char *word = NULL;

	do {
		word = next_word(words, &len);
	} while (len && !word_is(word, len, "-"));
	word = next_word(words, &len);
	return word_is(word, len, "nsfs");
}

static int see_line(const char *line, size_t len, netns_text_mount *seen, void *context)
{
	struct words words = {.at = line, .end = line + len};
	const char *fields[FIELD_MOUNT_POINT + 1];
	size_t lens[FIELD_MOUNT_POINT + 1];
	struct buffer path = {0};

	for (size_t i = 0; i <= FIELD_MOUNT_POINT; i++)
		fields[i] = next_word(&words, &lens[i]);
	uint64_t inode = inode_of(fields[FIELD_ROOT], lens[FIELD_ROOT]);
	if (!inode || !lens[FIELD_MOUNT_POINT] || !is_nsfs(&words))
		return 0;
	put_path(&path, fields[FIELD_MOUNT_POINT], lens[FIELD_MOUNT_POINT]);
	int r = path.error;
	/* A path with a NUL in it is none that the kernel wrote. */
	if (!r && !memchr(path.data, '\0', path.len))
		r = seen(context, inode, path.data);
	buffer_free(&path);
	return r;
}

int netns_text_mounts(const char *text, size_t len, netns_text_mount *seen, void *context)
{
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	int r = 0;

	while (!r && text_next_line(&text, end, &line, &line_len))
		r = see_line(line, line_len, seen, context);
	return r;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static bool is_hex(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!strchr("0123456789abcdef", text[i]) || !text[i])
			return false;
	}
	return true;
}

bool netns_text_is_generated(const char *name)
{
	size_t len = strlen(name);

	if (len < UUID)
		return false;
	name += len - UUID;
	for (size_t i = 0; i < UUID; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23; /* RFC 9562 section 4 */

		if (dash ? name[i] != '-' : !is_hex(name + i, 1))
			return false;
	}
	return true;
}
