// SPDX-License-Identifier: MIT
/* Keeps complaints in the order in which they came. */
#include "api/complaints.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

void complaints_add(void *context, const char *text)
{
	struct complaints *complaints = context;
	const char **more = realloc(complaints->all, (complaints->count + 1) * sizeof(*more));

	if (!more)
		return;
	complaints->all = more;
	const char *copy = arena_text(&complaints->arena, text, strlen(text));
	if (copy)
		complaints->all[complaints->count++] = copy;
}

void complaints_about(struct complaints *complaints, const char *path, const char *what)
{
	struct buffer text = {0};

	buffer_format(&text, "%s: %s", path, what);
	complaints_add(complaints, buffer_string(&text));
	buffer_free(&text);
}

void complaints_free(struct complaints *complaints)
{
	free(complaints->all);
	arena_free(&complaints->arena);
	*complaints = (struct complaints){0};
}
