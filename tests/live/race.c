// SPDX-License-Identifier: MIT
/*
 * The race for ports: many processes each obtain a port, take the time that a server takes to
 * start, and then bind and listen on it as a plain server does, for as long again. Counts what was
 * lost: the bind failed, or two had been given one port at the same time. Prints one line of JSON.
 *
 * Usage: race berth|bind0 PROCESSES ROUNDS GAP_US. Every second server sets no option at all.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <berth.h>

enum {
	PORTS = 65536,
	DECIMAL = 10,
};

/* What all processes count together. */
struct shared {
	_Atomic uint32_t given[PORTS]; /* to how many at this moment */
	_Atomic uint32_t rounds, lost, doubles, failed;
	_Atomic uint64_t obtain_ns;
};

static uint64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int bind_to(int fd, uint16_t port)
{
	const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	return bind(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* What everybody does: the kernel's choice, closed and hoped for. 0: none was left. */
static uint16_t ask_kernel(void)
{
	struct sockaddr_in address = {0};
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok = fd >= 0 && !bind_to(fd, 0) && !getsockname(fd, (struct sockaddr *)&address, &len);

	if (fd >= 0)
		close(fd);
	return ok ? ntohs(address.sin_port) : 0;
}

/* A plain server, up for a moment. */
static bool serve(uint16_t port, bool reuse, useconds_t time_us)
{
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 &&
		(!reuse || !setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes))) &&
		!bind_to(fd, port) && !listen(fd, 1);

	if (ok)
		usleep(time_us);
	if (fd >= 0)
		close(fd);
	return ok;
}

static void one_round(struct shared *shared, struct berth *berth, bool plain, useconds_t gap_us)
{
	const struct berth_hold_ask ask = {.size = sizeof(ask)};
	struct berth_hold *hold = NULL;
	uint64_t start = now_ns();
	uint16_t port = 0;

	if (berth)
		port = berth_hold(berth, &ask, &hold) ? 0 : hold->port;
	else
		port = ask_kernel();
	shared->obtain_ns += now_ns() - start;
	shared->rounds++;
	if (!port) {
		shared->failed++;
		return;
	}
	if (shared->given[port]++)
		shared->doubles++;
	if (hold && plain)
		berth_hold_open(hold);
	usleep(gap_us);
	if (!serve(port, !plain, gap_us))
		shared->lost++;
	shared->given[port]--;
	berth_hold_end(hold);
}

static void race(struct shared *shared, bool with_berth, unsigned rounds, useconds_t gap_us)
{
	struct berth *berth = NULL;

	if (with_berth && berth_open(NULL, &berth)) {
		(void)fprintf(stderr, "race: %s\n", berth_error());
		_exit(1);
	}
	for (unsigned i = 0; i < rounds; i++)
		one_round(shared, berth, i % 2, gap_us);
	berth_close(berth);
	_exit(0);
}

int main(int argc, char **argv)
{
	struct shared *shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	int failed = 0;

	if (argc != 5 || shared == MAP_FAILED)
		return 2;
	unsigned processes = (unsigned)strtoul(argv[2], NULL, DECIMAL);
	unsigned rounds = (unsigned)strtoul(argv[3], NULL, DECIMAL);
	useconds_t gap_us = (useconds_t)strtoul(argv[4], NULL, DECIMAL);
	uint64_t start = now_ns();
	for (unsigned i = 0; i < processes; i++) {
		if (!fork())
			race(shared, !strcmp(argv[1], "berth"), rounds, gap_us);
	}
	while (wait(&status) > 0)
		failed |= status;
	printf("{\"way\":\"%s\",\"rounds\":%u,\"lost\":%u,\"doubles\":%u,\"none\":%u,"
	       "\"obtain_us\":%.1f,\"seconds\":%.1f}\n",
		argv[1], shared->rounds, shared->lost, shared->doubles, shared->failed,
		(double)shared->obtain_ns / 1e3 / (shared->rounds ? shared->rounds : 1),
		(double)(now_ns() - start) / 1e9);
	return failed ? 1 : 0;
}
