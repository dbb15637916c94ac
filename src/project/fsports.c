// SPDX-License-Identifier: MIT
/* Names are compared without case; other lines are about hosts, and remarks begin with "#". */
#include "project/fsports.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

enum {
	LARGEST_PORT = 65535,
};

/* The port behind this name at the front of the line. 0: it is another line; -EBADMSG. */
static int read_port(const char *line, size_t len, const char *name, uint16_t *ret_port)
{
	size_t front = strlen(name);
	uint64_t port = 0;

	if (len <= front || !text_equal_fold(line, front, name, front) ||
		(line[front] != ' ' && line[front] != '\t'))
		return 0;
	line += front;
	len = text_trim(&line, len - front);
	if (text_number(line, len, LARGEST_PORT, &port) || !port)
		return -EBADMSG;
	*ret_port = (uint16_t)port;
	return 0;
}

int fsports_read(const char *text, size_t len, struct berth_port_range *ret_range)
{
	struct berth_port_range range = {0, 0};
	const char *end = text + len;
	const char *line = NULL;
	size_t line_len = 0;
	int r = 0;

	while (!r && text_next_line(&text, end, &line, &line_len)) {
		line_len = text_trim(&line, line_len);
		r = read_port(line, line_len, "MinPort", &range.first);
		r = r ? r : read_port(line, line_len, "MaxPort", &range.last);
	}
	if (!r && !range.first && !range.last)
		return -ENOENT;
	if (!r && (!range.first || range.first > range.last))
		r = -EBADMSG;
	if (!r)
		*ret_range = range;
	return r;
}
