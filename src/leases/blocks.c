// SPDX-License-Identifier: MIT
/* A line: the number, a space, the hash of whose it is in 16 hexadecimal digits. */
#include "leases/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "leases/hash.h"

enum {
	LARGEST = 1 << 16, /* bytes; 2,500 projects: more are given what their hash gives */
	TRIES = 8,
	DIGITS = 16,
	LINE = 64,
};

static bool read_line(const char *line, size_t len, uint64_t *ret_block, uint64_t *ret_key)
{
	const char *space = memchr(line, ' ', len);
	char digits[DIGITS + 1] = "";
	char *end = NULL;

	if (!space || len - (size_t)(space - line) != DIGITS + 1 ||
		text_number(line, (size_t)(space - line), UINT16_MAX, ret_block))
		return false;
	memcpy(digits, space + 1, DIGITS);
	*ret_key = strtoull(digits, &end, 16);
	return end == digits + DIGITS && digits[0] != '-' && digits[0] != '+';
}

/* Whose block it is by the first line that names it; 0: nobody's. */
static uint64_t holder_of(const char *text, size_t len, uint32_t block, uint32_t n_blocks)
{
	const char *rest = text;
	const char *line = NULL;
	size_t line_len = 0;

	while (text_next_line(&rest, text + len, &line, &line_len)) {
		uint64_t its = 0;
		uint64_t project = 0;

		if (read_line(line, line_len, &its, &project) && its % n_blocks == block)
			return project;
	}
	return 0;
}

int blocks_find(const char *text, size_t len, uint64_t key, uint32_t n_blocks, uint32_t *ret_block)
{
	uint32_t start = (uint32_t)((key ^ key >> 32) % n_blocks);
	const char *rest = text;
	const char *line = NULL;
	size_t line_len = 0;

	while (text_next_line(&rest, text + len, &line, &line_len)) {
		uint64_t block = 0;
		uint64_t its = 0;

		if (read_line(line, line_len, &block, &its) && its == key &&
			holder_of(text, len, (uint32_t)(block % n_blocks), n_blocks) == key) {
			*ret_block = (uint32_t)(block % n_blocks);
			return 1;
		}
	}
	*ret_block = start;
	for (uint32_t i = 0; i < n_blocks; i++) {
		uint32_t block = (start + i) % n_blocks;

		if (!holder_of(text, len, block, n_blocks)) {
			*ret_block = block;
			break;
		}
	}
	return 0;
}

static int open_file(const char *state_folder, const char *name)
{
	int fd = -1;
	int folder = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0 && errno == ENOENT && !file_make_folder(state_folder, 0700))
		folder = open(state_folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder >= 0) {
		fd = openat(folder, name,
			O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
		close(folder);
	}
	return fd;
}

static bool append(int fd, uint32_t block, uint64_t key)
{
	char line[LINE];
	int len = snprintf(line, sizeof(line), "%" PRIu32 " %016" PRIx64 "\n", block, key);

	return write(fd, line, (size_t)len) == len;
}

static uint32_t remembered(
	const char *state_folder, const char *name, uint64_t key, uint32_t n_blocks)
{
	int fd = state_folder ? open_file(state_folder, name) : -1;
	uint32_t block = (uint32_t)((key ^ key >> 32) % n_blocks);
	struct buffer text = {0};

	for (unsigned i = 0; fd >= 0 && i < TRIES; i++) {
		buffer_clear(&text);
		if (lseek(fd, 0, SEEK_SET) < 0 || file_read_open(fd, LARGEST, &text))
			break;
		if (blocks_find(text.data ? text.data : "", text.len, key, n_blocks, &block) ||
			text.len > LARGEST - LINE || !append(fd, block, key))
			break;
	}
	buffer_free(&text);
	if (fd >= 0)
		close(fd);
	return block;
}

uint32_t blocks_of_project(const char *state_folder, uint64_t project, uint32_t n_blocks)
{
	return remembered(state_folder, "blocks", project, n_blocks);
}

uint32_t blocks_of_name(
	const char *state_folder, uint64_t project, const char *name, uint32_t n_places)
{
	char file[LINE];

	(void)snprintf(file, sizeof(file), "names-%016" PRIx64, project);
	return remembered(state_folder, file, hash_text(HASH_START, name), n_places);
}
