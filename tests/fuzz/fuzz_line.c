// SPDX-License-Identifier: MIT
/*
 * Whatever a client sends as a line: it is read without a fault, or refused with a phrase, and what
 * was read can be written and read again.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "desk/line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct line *line)
{
	struct buffer out = {0};
	struct line again;

	for (size_t i = 0; i < line->n; i++)
		line_put(&out, !i, line->fields[i].key, line->fields[i].value);
	if (out.error || line_decode(out.data, out.len, &again) || again.n != line->n)
		abort();
	for (size_t i = 0; i < line->n; i++) {
		if (strcmp(again.fields[i].key, line->fields[i].key) != 0 ||
			strcmp(again.fields[i].value, line->fields[i].value) != 0)
			abort();
	}
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line line;
	char *text = size < LINE_MOST ? malloc(size + 1) : NULL;

	if (!text)
		return 0;
	memcpy(text, data, size);
	const char *problem = line_decode(text, size, &line);
	if (problem ? !*problem : !line.n || line.n > LINE_FIELDS)
		abort();
	if (!problem) {
		check_again(&line);
		(void)line_stranger(&line, "op name folder port");
	}
	free(text);
	return 0;
}
