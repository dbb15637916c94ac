// SPDX-License-Identifier: MIT
/*
 * Whatever bytes a process calls itself: the escaped forms are valid UTF-8 without control
 * characters.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const struct buffer *out)
{
	const char *text = buffer_string(out);

	if (out->error || !text_is_utf8(text, out->len))
		abort();
	for (size_t i = 0; i < out->len; i++) {
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer out = {0};

	text_escape_terminal(&out, (const char *)data, size);
	check_clean(&out);
	buffer_clear(&out);
	text_escape_json(&out, (const char *)data, size);
	check_clean(&out);
	buffer_free(&out);
	return 0;
}
