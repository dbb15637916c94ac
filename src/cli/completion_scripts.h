/* SPDX-License-Identifier: MIT */
/* The files in completions/, made into arrays by embed.py when berth is built. */
#ifndef BERTH_CLI_COMPLETION_SCRIPTS_H
#define BERTH_CLI_COMPLETION_SCRIPTS_H

#include <stddef.h>

struct completion_script {
	const char *shell;
	const unsigned char *text;
	size_t len;
};

/* A NULL shell ends it. */
extern const struct completion_script completion_scripts[];

#endif
