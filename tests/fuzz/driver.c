// SPDX-License-Identifier: MIT
/*
 * Runs a fuzz target over files and folders of files without libFuzzer: old findings as ordinary
 * tests, with any compiler. Fails when there was nothing to run.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(int dir_fd, const char *name)
{
	enum {
		LARGEST = 16 << 20
	};
	struct buffer input = {0};
	int r = file_read(dir_fd, name, LARGEST, &input);

	if (!r) {
		/* An exact allocation lets the address sanitizer see one byte too far. */
		uint8_t *exact = malloc(input.len ? input.len : 1);
		for (size_t i = 0; exact && i < input.len; i++)
			exact[i] = (uint8_t)input.data[i];
		if (exact)
			(void)LLVMFuzzerTestOneInput(exact, input.len);
		free(exact);
	}
	buffer_free(&input);
	return r;
}

static int run_folder(const char *path)
{
	DIR *folder = opendir(path);
	int count = 0;

	if (!folder)
		return -1;
	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (entry->d_name[0] != '.' && !run_file(dirfd(folder), entry->d_name))
			count++;
	}
	closedir(folder);
	return count;
}

int main(int argc, char **argv)
{
	int count = 0;

	for (int i = 1; i < argc; i++) {
		int ran = run_folder(argv[i]);

		if (ran < 0)
			ran = !run_file(AT_FDCWD, argv[i]);
		count += ran;
	}
	printf("%d inputs\n", count);
	return count ? 0 : 1;
}
