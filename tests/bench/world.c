// SPDX-License-Identifier: MIT
/*
 * A world of many processes to look for an owner in: each holds one TCP listener on a port of its
 * own, other descriptors, and connections with itself. Who measures what in it is bench.py's
 * business; README.md here says why the descriptors are mixed as they are.
 *
 * Usage: world PROCESSES DESCRIPTORS CONNECTIONS FIRST_PORT [CGROUP]. DESCRIPTORS counts what each
 * process has without its connections, standard streams included. With the path of a cgroup2 folder
 * each process is made in a new cgroup in it, which whoever gave the folder removes. Prints "ready
 * PORT" with the port of the process in the middle, and ends with all others when standard input
 * ends, or when its parent does. A hundred processes without descriptors are there as well: they
 * stand for the kernel threads of every machine, which a PID namespace hides.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	DECIMAL = 10,
	MOST_PROCESSES = 20000,
	MOST_DESCRIPTORS = 100000,
	BACKLOG = 128,
	LISTENER = 7, /* its descriptor, after the standard streams and a few files */
	SPARE_DESCRIPTORS = 64,
	HOSTS = 250, /* clients' addresses are 127.1.0.1 to 127.1.x.250 */
	USERS = 4,
	IDLE = 100,
};

struct plan {
	unsigned processes;
	unsigned descriptors;
	unsigned connections;
	unsigned first_port;
	const char *cgroup; /* NULL: all in the cgroup that we are in */
};

static _Noreturn void give_up(const char *what)
{
	perror(what);
	_exit(EXIT_FAILURE);
}

static void must(int result, const char *what)
{
	if (result < 0)
		give_up(what);
}

/* Of each twenty: eleven files, four ends of pipes, three eventfds, a pair of Unix sockets. How
 * many were opened. */
static unsigned open_some(unsigned turn)
{
	int ends[2];

	switch (turn % 17) {
	case 1:
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), "world: socketpair");
		return 2;
	case 3:
	case 11:
		must(pipe(ends), "world: pipe");
		return 2;
	case 5:
	case 9:
	case 13:
		must(eventfd(0, 0), "world: eventfd");
		return 1;
	default:
		must(open("/proc/self/exe", O_RDONLY), "world: open");
		return 1;
	}
}

static struct sockaddr_in loopback(unsigned host, unsigned port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(host)};
}

static int listen_on(unsigned port)
{
	struct sockaddr_in address = loopback(INADDR_ANY, port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	must(fd, "world: socket");
	must(bind(fd, (struct sockaddr *)&address, sizeof(address)), "world: bind");
	must(listen(fd, BACKLOG), "world: listen");
	return fd;
}

/* Both ends stay here; the clients come from many addresses, as those of a server do. */
static void connect_to_self(int listener, unsigned port, unsigned connections)
{
	struct sockaddr_in server = loopback(INADDR_LOOPBACK, port);

	for (unsigned i = 0; i < connections; i++) {
		struct sockaddr_in here =
			loopback(0x7f010000 + (i / HOSTS << 8) + i % HOSTS + 1, 0);
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		must(fd, "world: socket of a client");
		must(setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int)),
			"world: setsockopt");
		must(bind(fd, (struct sockaddr *)&here, sizeof(here)), "world: bind of a client");
		must(connect(fd, (struct sockaddr *)&server, sizeof(server)), "world: connect");
		must(accept(listener, NULL, NULL), "world: accept");
	}
}

/* Services have users of their own; in a user namespace there may be none but root. */
static void become_user(unsigned number)
{
	static const uid_t users[USERS] = {0, 1, 33, 65534};
	uid_t user = users[number % USERS];

	if (user && setresuid(user, user, user) && errno != EINVAL)
		give_up("world: setresuid");
}

/* After a change of user, which forgets the wish. */
static void end_with(pid_t parent)
{
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "world: prctl");
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

static _Noreturn void live(const struct plan *plan, unsigned number, int ready, pid_t parent)
{
	unsigned port = plan->first_port + number;
	unsigned most = plan->descriptors + 2 * plan->connections;
	unsigned opened = LISTENER;
	char name[32];

	/* Out of the way; standard error stays the world's, so that complaints are heard. */
	must(ready = fcntl(ready, F_DUPFD, (int)most - 1), "world: fcntl");
	must(close_range(STDERR_FILENO + 1, most - 2, 0), "world: close_range");
	close(STDIN_FILENO);
	must(open("/dev/null", O_RDWR), "world: /dev/null");
	must(dup2(STDIN_FILENO, STDOUT_FILENO), "world: dup2");
	for (int fd = STDERR_FILENO + 1; fd < LISTENER; fd++)
		(void)open_some(0);
	int listener = listen_on(port);
	opened++;
	for (unsigned turn = 0; opened < plan->descriptors; turn++)
		opened += open_some(turn);
	connect_to_self(listener, port, plan->connections);

	(void)snprintf(name, sizeof(name), "server-%u", number);
	must(prctl(PR_SET_NAME, name), "world: prctl");
	become_user(number);
	end_with(parent);
	if (write(ready, "", 1) != 1)
		give_up("world: write");
	(void)dup2(STDIN_FILENO, STDERR_FILENO);
	close(ready);
	for (;;)
		pause();
}

/*
 * fork(2) into a cgroup (Linux 5.7). To move a process afterwards costs a grace period of RCU each
 * time (cgroup_threadgroup_rwsem), which would be minutes for 4,000.
 */
static pid_t fork_into(int cgroup)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};

	if (cgroup >= 0) {
		arguments.flags = CLONE_INTO_CGROUP;
		arguments.cgroup = (__u64)cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

static void start_idle(pid_t self)
{
	pid_t pid = fork_into(-1);

	must(pid, "world: clone3");
	if (pid)
		return;
	end_with(self);
	must(close_range(0, ~0U, 0), "world: close_range");
	for (;;)
		pause();
}

static int make_cgroup(int folder, unsigned number)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "p%u", number);
	must(mkdirat(folder, name, 0755), "world: mkdir of a cgroup");
	int cgroup = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must(cgroup, "world: open of a cgroup");
	return cgroup;
}

static void start_all(const struct plan *plan, int ready)
{
	pid_t self = getpid();
	int folder = plan->cgroup ? open(plan->cgroup, O_RDONLY | O_DIRECTORY) : -1;

	if (plan->cgroup)
		must(folder, plan->cgroup);
	for (unsigned i = 0; i < IDLE; i++)
		start_idle(self);
	for (unsigned i = 0; i < plan->processes; i++) {
		int cgroup = folder >= 0 ? make_cgroup(folder, i) : -1;
		pid_t pid = fork_into(cgroup);

		must(pid, "world: clone3");
		if (!pid)
			live(plan, i, ready, self);
		if (cgroup >= 0)
			close(cgroup);
	}
	if (folder >= 0)
		close(folder);
}

/* Until each has written its byte; those that gave up have said why. */
static void wait_for(unsigned processes, int ready)
{
	char bytes[512];
	unsigned seen = 0;
	ssize_t got;

	while ((got = read(ready, bytes, sizeof(bytes))) > 0)
		seen += (unsigned)got;
	if (seen != processes) {
		(void)fprintf(
			stderr, "world: only %u of %u processes are there\n", seen, processes);
		exit(EXIT_FAILURE);
	}
}

static void raise_limit(const struct plan *plan)
{
	rlim_t need = plan->descriptors + 2 * plan->connections + SPARE_DESCRIPTORS;
	struct rlimit limit;

	must(getrlimit(RLIMIT_NOFILE, &limit), "world: getrlimit");
	if (limit.rlim_cur >= need)
		return;
	limit.rlim_cur = need;
	if (limit.rlim_max < need)
		limit.rlim_max = need;
	must(setrlimit(RLIMIT_NOFILE, &limit), "world: setrlimit");
}

static int read_number(const char *text, unsigned least, unsigned most, unsigned *ret_number)
{
	char *end;
	unsigned long number = strtoul(text, &end, DECIMAL);

	if (*end || end == text || number < least || number > most)
		return -EINVAL;
	*ret_number = (unsigned)number;
	return 0;
}

static int read_plan(int argc, char **argv, struct plan *ret_plan)
{
	if (argc < 5 || argc > 6 || read_number(argv[1], 1, MOST_PROCESSES, &ret_plan->processes) ||
		read_number(argv[2], LISTENER + 1, MOST_DESCRIPTORS, &ret_plan->descriptors) ||
		read_number(argv[3], 0, MOST_DESCRIPTORS, &ret_plan->connections) ||
		read_number(argv[4], 1, UINT16_MAX - ret_plan->processes, &ret_plan->first_port))
		return -EINVAL;
	ret_plan->cgroup = argv[5];
	return 0;
}

int main(int argc, char **argv)
{
	struct plan plan = {0};
	int ready[2];
	char byte;

	if (read_plan(argc, argv, &plan)) {
		(void)fputs("usage: world PROCESSES DESCRIPTORS CONNECTIONS FIRST_PORT [CGROUP]\n",
			stderr);
		return EXIT_FAILURE;
	}
	must(prctl(PR_SET_PDEATHSIG, SIGKILL), "world: prctl");
	raise_limit(&plan);
	must(pipe2(ready, O_CLOEXEC), "world: pipe2");
	start_all(&plan, ready[1]);
	close(ready[1]);
	wait_for(plan.processes, ready[0]);
	printf("ready %u\n", plan.first_port + plan.processes / 2);
	(void)fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return EXIT_SUCCESS;
}
