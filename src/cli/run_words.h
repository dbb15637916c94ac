/* SPDX-License-Identifier: MIT */
/* How the command of berth run is told its ports: {port} and {name} in words, and variables. */
#ifndef BERTH_CLI_RUN_WORDS_H
#define BERTH_CLI_RUN_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* A port under its name. */
struct run_port {
	const char *name;
	uint16_t port;
};

struct run_words {
	const struct run_port *ports; /* the first is {port} and PORT */
	size_t n_ports;
	const char *host; /* {host} and HOST */
};

/* Letters, digits, "_", "." and "-"; 1 to 64 of them. */
bool run_words_is_name(const char *name);

/* Appends the word with {port}, {host} and {NAME} replaced; other braces stay as they are, and
 * so do a shell's ${port} and ${NAME}. `port` is what {port} stands for. */
void run_words_expand(
	const struct run_words *words, const char *word, uint16_t port, struct buffer *out);

/* Appends the name of the variable for a name: "web-2" becomes "WEB_2_PORT". */
void run_words_variable(const char *name, struct buffer *out);

#endif
