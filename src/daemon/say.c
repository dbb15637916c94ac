// SPDX-License-Identifier: MIT
/* Words for whoever reads the log, and for the service manager: sd_notify(3) is one datagram. */
#include "daemon/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
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

void say_state(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = path ? strlen(path) : 0;

	if (!len || len >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	memcpy(address.sun_path, path, len);
	if (*path == '@') /* in the abstract namespace */
		address.sun_path[0] = '\0';
	(void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
	close(fd);
}

double say_watchdog_s(void)
{
	const double halves_of_us = 2e6;
	const char *text = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t value = 0;

	if (pid &&
		(text_number(pid, strlen(pid), INT32_MAX, &value) || value != (uint64_t)getpid()))
		return 0;
	if (!text || text_number(text, strlen(text), INT64_MAX, &value))
		return 0;
	return (double)value / halves_of_us;
}
