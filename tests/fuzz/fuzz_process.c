// SPDX-License-Identifier: MIT
/* Whatever a process writes over its own name and arguments. The first byte chooses the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_stat(const char *text, size_t len)
{
	struct process_stat stat;

	if (!process_parse_stat(text, len, &stat) && strlen(stat.name) >= PROCESS_NAME_MAX)
		abort();
}

static void check_arguments(const char *text, size_t len)
{
	struct arena arena = {0};
	const char *const *argv = NULL;
	size_t n_argv = 0;
	size_t total = 0;

	if (!process_parse_arguments(&arena, text, len, &argv, &n_argv)) {
		for (size_t i = 0; i < n_argv; i++)
			total += strlen(argv[i]) + 1;
		if (total > len + 1)
			abort();
	}
	arena_free(&arena);
}

static void check_link(const char *text, size_t len)
{
	bool deleted = false;
	char *target = strndup(text, len);

	if (!target)
		return;
	if (process_parse_exe(target, &deleted) > len)
		abort();
	(void)process_parse_socket(target);
	free(target);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct process_status status;
	uint64_t boot_s = 0;

	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	size_t len = size - 1;
	switch (data[0] % 5) {
	case 0:
		check_stat(text, len);
		break;
	case 1:
		process_parse_status(text, len, &status);
		break;
	case 2:
		check_arguments(text, len);
		break;
	case 3:
		check_link(text, len);
		break;
	default:
		(void)process_parse_boot_time(text, len, &boot_s);
		break;
	}
	return 0;
}
