// SPDX-License-Identifier: MIT
/* A database that somebody changed: it is read or refused, and what is read is in range. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit/remove_tree.h"
#include "history/chronicle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct berth_history *history)
{
	for (size_t i = 0; i < history->n_spans; i++) {
		if (history->spans[i].proto >= BERTH_PROTOS)
			abort();
	}
	for (size_t i = 0; i < history->n_events; i++) {
		const struct berth_event *event = &history->events[i];

		if (event->cause > BERTH_BIND_NO_LISTEN || event->errnum < 0)
			abort();
	}
}

static char folder[] = "/dev/shm/berth-fuzz-XXXXXX";

static void remove_folder(void)
{
	remove_tree(AT_FDCWD, folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int made;
	const struct berth_history_ask ask = {
		.size = sizeof(ask), .folder = folder, .name = "nginx"};
	struct berth_history *history = NULL;
	struct buffer problem = {0};

	if (!made) {
		if (!mkdtemp(folder))
			return 0;
		(void)atexit(remove_folder);
		(void)snprintf(path, sizeof(path), "%s/%s", folder, CHRONICLE_FILE);
		made = 1;
	}
	FILE *file = fopen(path, "we");
	if (!file)
		return 0;
	(void)fwrite(data, 1, size, file);
	(void)fclose(file);
	if (!chronicle_read(&ask, 0, &history, &problem))
		check(history);
	chronicle_read_free(history);
	buffer_free(&problem);
	(void)unlink(path);
	return 0;
}
