// SPDX-License-Identifier: MIT
/*
 * Ports given and taken back, as fast as they go.
 *
 * Usage: pairs inside N REPETITIONS
 *        pairs socket PATH CLIENTS SECONDS REPETITIONS
 *        pairs portserver CLIENTS SECONDS REPETITIONS
 *
 * Prints a number for each repetition, separated by tabs: nanoseconds a pair of lease and release
 * by libberth; pairs a second over the socket of berth serve-leases; ports a second by the protocol
 * of portpicker's portserver, whose server is written out here: a client connects, sends its pid
 * and a line feed, and is sent a port that no process has and that can be bound.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <berth.h>

enum {
	DECIMAL = 10,
	CLIENTS_MOST = 64,
	FIRST_PORT = 15000, /* portserver's own pool */
	LAST_PORT = 24999,
	ANSWER = 512,
	BACKLOG = 128,
	CACHE_LINE = 64,
};

static const double ns_per_s = 1e9;

static void fail(const char *what)
{
	fprintf(stderr, "pairs: %s: %s\n", what, strerror(errno));
	exit(2);
}

static double now_s(void)
{
	struct timespec now = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / ns_per_s;
}

/* ---- By the library -------------------------------------------------------------------------- */

static void inside(long pairs)
{
	struct berth_options options = {.size = sizeof(options)};
	struct berth *berth = NULL;

	if (berth_open(&options, &berth))
		fail(berth_error());
	double begin_s = now_s();
	for (long i = 0; i < pairs; i++) {
		const struct berth_lease_ask ask = {.size = sizeof(ask),
			.name = "bench",
			.folder = "/bench",
			.pid = (uint32_t)getpid()};
		uint16_t port = 0;

		if (berth_lease(berth, &ask, &port) < 0 ||
			berth_release(berth, ask.name, ask.folder, 0))
			fail(berth_error());
	}
	printf("%.0f", (now_s() - begin_s) / (double)pairs * ns_per_s);
	berth_close(berth);
}

/* ---- Many clients ---------------------------------------------------------------------------- */

/* What each client has done, in memory that all share. */
struct tally {
	_Alignas(CACHE_LINE) uint64_t done;
};

struct crowd {
	const char *path; /* of the socket */
	long n;
	double seconds;
	struct tally *tallies;
	void (*act)(const struct crowd *crowd, long index);
};

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		fail(path);
	return fd;
}

static void ask(int fd, const char *line, size_t len)
{
	char answer[ANSWER];

	if (write(fd, line, len) != (ssize_t)len)
		fail("write");
	ssize_t n = read(fd, answer, sizeof(answer));
	if (n <= 0 || strncmp(answer, "status=ok", strlen("status=ok")) != 0)
		fail("an answer");
}

/* Each line waits for the answer to the last one. */
static void lease_and_release(const struct crowd *crowd, long index)
{
	char lease[128];
	char release[128];
	int lease_len = snprintf(lease, sizeof(lease), "op=lease name=bench-%ld\n", (long)getpid());
	int release_len =
		snprintf(release, sizeof(release), "op=release name=bench-%ld\n", (long)getpid());
	int fd = connect_to(crowd->path);

	for (;;) {
		ask(fd, lease, (size_t)lease_len);
		ask(fd, release, (size_t)release_len);
		__atomic_fetch_add(&crowd->tallies[index].done, 1, __ATOMIC_RELAXED);
	}
}

static void take_port(const struct crowd *crowd, long index)
{
	char text[ANSWER];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	for (;;) {
		char answer[ANSWER] = "";
		int fd = connect_to(crowd->path);

		if (write(fd, text, (size_t)len) != len ||
			read(fd, answer, sizeof(answer) - 1) <= 0 || atoi(answer) <= 0)
			fail("an answer");
		close(fd);
		__atomic_fetch_add(&crowd->tallies[index].done, 1, __ATOMIC_RELAXED);
	}
}

static uint64_t sum(const struct crowd *crowd)
{
	uint64_t done = 0;

	for (long i = 0; i < crowd->n; i++)
		done += __atomic_load_n(&crowd->tallies[i].done, __ATOMIC_RELAXED);
	return done;
}

static void pause_s(double seconds)
{
	const struct timespec time = {.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * ns_per_s)};

	(void)nanosleep(&time, NULL);
}

static void let_in(struct crowd *crowd)
{
	pid_t pids[CLIENTS_MOST];
	const double warm_s = 0.2;

	memset(crowd->tallies, 0, (size_t)crowd->n * sizeof(*crowd->tallies));
	(void)fflush(stdout);
	for (long i = 0; i < crowd->n; i++) {
		pids[i] = fork();
		if (!pids[i])
			crowd->act(crowd, i);
		if (pids[i] < 0)
			fail("fork");
	}
	pause_s(warm_s);
	uint64_t before = sum(crowd);
	double begin_s = now_s();
	pause_s(crowd->seconds);
	uint64_t after = sum(crowd);
	double end_s = now_s();
	for (long i = 0; i < crowd->n; i++) {
		int status = 0;

		(void)kill(pids[i], SIGKILL);
		if (waitpid(pids[i], &status, 0) < 0 || WIFEXITED(status)) {
			fprintf(stderr, "pairs: a client failed\n");
			exit(2);
		}
	}
	printf("%.0f", (double)(after - before) / (end_s - begin_s));
}

/* ---- portserver ------------------------------------------------------------------------------ */

static bool is_free(uint16_t port, int type)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
	const int off = 0;

	(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	bool good = fd >= 0 && !bind(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return good;
}

/* Its pool goes round: a port is given again when whoever had it has ended. */
static void serve_ports(int listener)
{
	static int holders[LAST_PORT + 1 - FIRST_PORT];
	uint16_t next = FIRST_PORT;

	for (;;) {
		char text[ANSWER] = "";
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0) {
			close(fd);
			continue;
		}
		int pid = atoi(text);
		for (bool found = false; !found;) {
			int *holder = &holders[next - FIRST_PORT];

			found = (!*holder || *holder == pid || kill(*holder, 0) < 0) &&
				is_free(next, SOCK_STREAM) && is_free(next, SOCK_DGRAM);
			if (found)
				*holder = pid;
			if (found)
				(void)snprintf(text, sizeof(text), "%d\n", next);
			next = next == LAST_PORT ? FIRST_PORT : (uint16_t)(next + 1);
		}
		(void)!write(fd, text, strlen(text));
		close(fd);
	}
}

static pid_t start_portserver(char *path, size_t size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const char *folder = getenv("TMPDIR");

	(void)snprintf(path, size, "%s/portserver.sock", folder ? folder : ".");
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(listener, BACKLOG) < 0)
		fail(path);
	pid_t pid = fork();
	if (!pid)
		serve_ports(listener);
	close(listener);
	return pid;
}

/* ---- Questions ------------------------------------------------------------------------------- */

static void measure_crowd(struct crowd *crowd, long repetitions)
{
	crowd->tallies = mmap(NULL, CLIENTS_MOST * sizeof(*crowd->tallies), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (crowd->tallies == MAP_FAILED || crowd->n < 1 || crowd->n > CLIENTS_MOST)
		fail("clients");
	for (long i = 0; i < repetitions; i++) {
		if (i)
			putchar('\t');
		let_in(crowd);
	}
}

int main(int argc, char **argv)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	(void)signal(SIGPIPE, SIG_IGN);

	if (argc == 4 && !strcmp(argv[1], "inside")) {
		for (long i = 0, n = strtol(argv[3], NULL, DECIMAL); i < n; i++) {
			if (i)
				putchar('\t');
			inside(strtol(argv[2], NULL, DECIMAL));
		}
	} else if (argc == 6 && !strcmp(argv[1], "socket")) {
		struct crowd crowd = {.path = argv[2],
			.n = strtol(argv[3], NULL, DECIMAL),
			.seconds = strtod(argv[4], NULL),
			.act = lease_and_release};

		measure_crowd(&crowd, strtol(argv[5], NULL, DECIMAL));
	} else if (argc == 5 && !strcmp(argv[1], "portserver")) {
		pid_t server = start_portserver(path, sizeof(path));
		struct crowd crowd = {.path = path,
			.n = strtol(argv[2], NULL, DECIMAL),
			.seconds = strtod(argv[3], NULL),
			.act = take_port};

		measure_crowd(&crowd, strtol(argv[4], NULL, DECIMAL));
		(void)kill(server, SIGKILL);
		(void)unlink(path);
	} else {
		fprintf(stderr, "usage: pairs inside|socket|portserver …\n");
		return 2;
	}
	putchar('\n');
	return 0;
}
