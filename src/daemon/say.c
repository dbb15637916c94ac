// SPDX-License-Identifier: MIT
/* Words for whoever reads the log. */
#include "daemon/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"

void say(const char *format, ...)
{
	struct buffer line = {0};
	char *text = NULL;
	va_list args;

	va_start(args, format);
	int len = vasprintf(&text, format, args);
	va_end(args);
	if (len < 0)
		return;
	buffer_text(&line, "berthd: ");
	text_escape_terminal(&line, text, (size_t)len);
	buffer_char(&line, '\n');
	if (!line.error)
		(void)file_write(STDERR_FILENO, line.data, line.len);
	buffer_free(&line);
	free(text);
}
