// SPDX-License-Identifier: MIT
/* sd_notify(3) is one datagram, sd_watchdog_enabled(3) two variables: no library is needed. */
#include "base/notify.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

void notify_state(const char *state)
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

double notify_watchdog_s(void)
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

unsigned notify_listeners(void)
{
	const char *text = getenv("LISTEN_FDS");
	const char *pid = getenv("LISTEN_PID");
	uint64_t value = 0;

	if (!text || !pid || text_number(pid, strlen(pid), INT32_MAX, &value) ||
		value != (uint64_t)getpid() ||
		text_number(text, strlen(text), NOTIFY_LISTENERS_MOST, &value))
		return 0;
	return (unsigned)value;
}

int notify_listener(unsigned index)
{
	int fd = NOTIFY_LISTENERS_FROM + (int)index;

	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}
