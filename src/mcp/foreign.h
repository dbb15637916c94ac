/* SPDX-License-Identifier: MIT */
/*
 * Text that others chose, on its way to a language model: names of processes, units and containers
 * are whatever somebody with an account wanted them to be, and a model may take text for orders.
 * It cannot be told apart by looking, so it is quoted, kept short, and without characters that
 * begin a line or cannot be seen.
 */
#ifndef BERTH_MCP_FOREIGN_H
#define BERTH_MCP_FOREIGN_H

#include <stddef.h>

#include "base/buffer.h"

/* Appends `text` in double quotes. */
void foreign_quote(struct buffer *out, const char *text);

/* Appends a sentence that may have foreign text within: the same without the quotes, and longer. */
void foreign_sentence(struct buffer *out, const char *text);

/*
 * Appends JSON as base/json.h writes it; in its strings what is no visible character becomes
 * U+FFFD, whether it stood there or was escaped.
 */
void foreign_json(struct buffer *out, const char *json, size_t len);

#endif
