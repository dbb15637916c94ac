// SPDX-License-Identifier: MIT
/*
 * The truth table of binds: a socket (or several) is set up in every way that this kernel can make,
 * berth_why() foretells what another bind would do, and then that bind is done. Runs in a network
 * namespace of its own with a second interface "other0"; arguments: one of how many set-ups is made
 * (1: all), how many binds to try beside each (0: all), how many times several sockets, and a seed.
 * Prints each disagreement, then "N passed, N failed".
 */
#include <berth.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	ANOTHER_USER = 65534,
	MOST_SOCKETS = 8,
	BESIDE_SEVERAL = 4, /* binds that are tried */
	DELAYED_ACK_US = 60000,
	FILL = 1 << 22, /* more than any receive buffer here takes */
};

enum state {
	BOUND,
	LISTENING,
	ACCEPTED, /* ESTABLISHED; its listener is closed */
	CONNECTED, /* ESTABLISHED, bound by hand before */
	AUTOBOUND, /* ESTABLISHED, the kernel chose the port */
	TIME_WAIT,
	FIN_WAIT2, /* shut down by its process */
	ORPHAN_FIN_WAIT2, /* closed by it */
	CLOSE_WAIT,
	FIN_WAIT1, /* unsent data stands before the FIN */
	LAST_ACK,
	CLOSING,
	TCP_STATES,
};

static const char *const state_names[TCP_STATES] = {"bound", "listening", "accepted", "connected",
	"autobound", "TIME_WAIT", "FIN_WAIT2", "orphan FIN_WAIT2", "CLOSE_WAIT", "FIN_WAIT1",
	"LAST_ACK", "CLOSING"};

static const struct place {
	const char *text;
	int family;
	bool v6only;
	const char *peer; /* what reaches it */
} places[] = {
	{"0.0.0.0", AF_INET, false, "127.0.0.1"},
	{"127.0.0.1", AF_INET, false, "127.0.0.1"},
	{"127.0.0.2", AF_INET, false, "127.0.0.2"},
	{"::", AF_INET6, false, "::1"},
	{"::", AF_INET6, true, "::1"},
	{"::1", AF_INET6, false, "::1"},
	{"::ffff:127.0.0.1", AF_INET6, false, "127.0.0.1"},
};
enum {
	PLACES = sizeof(places) / sizeof(*places)
};
static const char *const devices[] = {NULL, "lo", "other0"};

/* How a socket is made and bound. */
struct way {
	unsigned place;
	unsigned device;
	bool reuseaddr;
	bool reuseport;
	bool another_user;
};

enum {
	FIRST_DEVICES = 2, /* nothing is reached by other0 */
	DEVICES = 3,
	OPTIONS = 8, /* reuseaddr × reuseport × user */
	FIRST_WAYS = PLACES * FIRST_DEVICES * OPTIONS,
	WAYS = PLACES * DEVICES * OPTIONS,
};

struct setup {
	int fds[MOST_SOCKETS];
	size_t n_fds;
	uint16_t port;
};

static struct berth *berth;
static unsigned long passed;
static unsigned long failed;
static unsigned long unmade;
static unsigned long unknown; /* of several sockets of UDP, see verdict.c: never of one */
static uint64_t random_state;

static uint32_t draw(uint32_t below)
{
	random_state = random_state * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(random_state >> 33) % below;
}

static struct way way_of(unsigned number, unsigned n_devices)
{
	return (struct way){.reuseaddr = number & 1,
		.reuseport = number & 2,
		.another_user = number & 4,
		.device = number / OPTIONS % n_devices,
		.place = number / OPTIONS / n_devices};
}

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void become(uid_t user)
{
	if (seteuid(0) < 0 || (user && seteuid(user) < 0))
		die("seteuid");
}

/* ---- Sockets --------------------------------------------------------------------------------- */

static socklen_t address_of(
	const struct place *place, const char *text, uint16_t port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (void *)ret;
	struct sockaddr_in6 *in6 = (void *)ret;

	memset(ret, 0, sizeof(*ret));
	if (place->family == AF_INET) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		(void)inet_pton(AF_INET, text, &in->sin_addr);
		return sizeof(*in);
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	(void)inet_pton(AF_INET6, text, &in6->sin6_addr);
	return sizeof(*in6);
}

static void switch_on(int fd, int level, int option)
{
	int yes = 1;

	if (setsockopt(fd, level, option, &yes, sizeof(yes)) < 0)
		die("setsockopt");
}

static int make(const struct way *way, int type)
{
	const struct place *place = &places[way->place];
	const char *device = devices[way->device];

	become(way->another_user ? ANOTHER_USER : 0);
	int fd = socket(place->family, type | SOCK_CLOEXEC, 0);
	become(0);
	if (fd < 0)
		die("socket");
	if (place->v6only)
		switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY);
	if (way->reuseaddr)
		switch_on(fd, SOL_SOCKET, SO_REUSEADDR);
	if (way->reuseport)
		switch_on(fd, SOL_SOCKET, SO_REUSEPORT);
	if (device &&
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, (socklen_t)strlen(device)) < 0)
		die("SO_BINDTODEVICE");
	return fd;
}

/* 0 or the errno. */
static int bind_to(int fd, const struct way *way, uint16_t port)
{
	struct sockaddr_storage address;
	const struct place *place = &places[way->place];
	socklen_t len = address_of(place, place->text, port, &address);

	return bind(fd, (struct sockaddr *)&address, len) < 0 ? errno : 0;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		die("getsockname");
	return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
						  : ((struct sockaddr_in6 *)&address)->sin6_port);
}

static int hold(struct setup *setup, int fd)
{
	if (setup->n_fds == MOST_SOCKETS)
		die("too many sockets");
	setup->fds[setup->n_fds++] = fd;
	return fd;
}

static void let_go(struct setup *setup, int fd)
{
	for (size_t i = 0; i < setup->n_fds; i++) {
		if (setup->fds[i] == fd)
			setup->fds[i] = -1;
	}
	close(fd);
}

static void end(struct setup *setup)
{
	const struct linger at_once = {.l_onoff = 1};

	for (size_t i = 0; i < setup->n_fds; i++) {
		if (setup->fds[i] < 0)
			continue;
		(void)setsockopt(setup->fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(setup->fds[i]);
	}
}

/* ---- States ---------------------------------------------------------------------------------- */

/* A connection to the place, from whatever address; -1: it cannot be reached. */
static int connect_to(struct setup *setup, const struct place *place, uint16_t port)
{
	struct place from = {.family = strchr(place->peer, ':') ? AF_INET6 : AF_INET};
	struct sockaddr_storage address;
	socklen_t len = address_of(&from, place->peer, port, &address);
	int fd = hold(setup, socket(from.family, SOCK_STREAM | SOCK_CLOEXEC, 0));

	return connect(fd, (struct sockaddr *)&address, len) < 0 ? -1 : fd;
}

/* The accepted end of a connection at the way's port, and the other end. */
static int accept_one(struct setup *setup, const struct way *way, int listener, int *ret_client)
{
	if (listen(listener, 4) < 0)
		return -1;
	*ret_client = connect_to(setup, &places[way->place], setup->port);
	become(way->another_user ? ANOTHER_USER : 0);
	int fd = *ret_client < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	become(0);
	if (fd < 0)
		return -1;
	let_go(setup, listener);
	return hold(setup, fd);
}

/* Sends until nothing more fits, so that a FIN would stand behind it. */
static void stuff(int fd)
{
	static const char bytes[1 << 16];

	for (size_t sent = 0; sent < FILL;) {
		ssize_t n = send(fd, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return;
		sent += (size_t)n;
	}
}

static bool go_on(struct setup *setup, enum state state, int fd, int client)
{
	switch (state) {
	case ACCEPTED:
		return true;
	case TIME_WAIT:
		let_go(setup, fd);
		let_go(setup, client);
		return true;
	case FIN_WAIT2:
		return shutdown(fd, SHUT_WR) == 0;
	case ORPHAN_FIN_WAIT2:
		let_go(setup, fd);
		usleep(DELAYED_ACK_US); /* until then it is FIN_WAIT1 */
		return true;
	case CLOSE_WAIT:
		return shutdown(client, SHUT_WR) == 0;
	case FIN_WAIT1:
		stuff(fd);
		let_go(setup, fd);
		return true;
	case LAST_ACK:
		stuff(fd);
		if (shutdown(client, SHUT_WR) < 0)
			return false;
		let_go(setup, fd);
		return true;
	case CLOSING:
		stuff(fd);
		return shutdown(fd, SHUT_WR) == 0 && shutdown(client, SHUT_WR) == 0;
	case BOUND:
	case LISTENING:
	case CONNECTED:
	case AUTOBOUND:
	case TCP_STATES:
		break;
	}
	return false;
}

/* A listener elsewhere, to connect to; another address than the wildcard is reached as itself. */
static int elsewhere(struct setup *setup, const struct way *way, uint16_t *ret_port)
{
	struct way other = {.place = way->place};
	int fd = hold(setup, make(&other, SOCK_STREAM));

	if (bind_to(fd, &other, 0) || listen(fd, 4) < 0)
		return -1;
	*ret_port = port_of(fd);
	return fd;
}

static bool connect_from(struct setup *setup, const struct way *way, enum state state)
{
	const struct place *place = &places[way->place];
	struct sockaddr_storage address;
	uint16_t port = 0;
	bool mapped = !strncmp(place->text, "::ffff", 6);

	if (elsewhere(setup, way, &port) < 0)
		return false;
	int fd = hold(setup, make(way, SOCK_STREAM));
	if (state == CONNECTED && bind_to(fd, way, 0))
		return false;
	socklen_t len =
		address_of(place, mapped ? "::ffff:127.0.0.1" : place->peer, port, &address);
	if (connect(fd, (struct sockaddr *)&address, len) < 0)
		return false;
	setup->port = port_of(fd);
	return true;
}

/* False: this cannot be made, as a connection over an interface that does not lead there. */
static bool set_up(struct setup *setup, const struct way *way, enum state state)
{
	int client = -1;

	*setup = (struct setup){0};
	if (state == CONNECTED || state == AUTOBOUND)
		return connect_from(setup, way, state);
	int fd = hold(setup, make(way, SOCK_STREAM));
	if (bind_to(fd, way, 0))
		return false;
	setup->port = port_of(fd);
	if (state == BOUND)
		return true;
	if (state == LISTENING)
		return listen(fd, 4) == 0;
	fd = accept_one(setup, way, fd, &client);
	return fd >= 0 && go_on(setup, state, fd, client);
}

/* ---- Foretelling and doing ---------------------------------------------------------------------
 */

static struct berth_bind bind_of(const struct way *way, int type, uint16_t port, bool and_listen)
{
	const struct place *place = &places[way->place];
	struct berth_bind bind = {.size = sizeof(bind),
		.proto = type == SOCK_STREAM ? BERTH_TCP : BERTH_UDP,
		.port = port,
		.family = place->family == AF_INET ? 4 : 6,
		.interface = devices[way->device],
		.v6only = place->v6only,
		.reuseaddr = way->reuseaddr,
		.reuseport = way->reuseport,
		.listen = and_listen,
		.has_uid = true,
		.uid = way->another_user ? ANOTHER_USER : 0};

	(void)inet_pton(place->family, place->text, bind.address);
	return bind;
}

static int really(const struct way *way, int type, uint16_t port, bool and_listen)
{
	int fd = make(way, type);
	int error = bind_to(fd, way, port);

	if (!error && and_listen && listen(fd, 4) < 0)
		error = errno;
	close(fd);
	return error;
}

static void describe(const struct way *way)
{
	printf("%s%s%s%s%s%s%s", places[way->place].text,
		places[way->place].v6only ? " v6only" : "", devices[way->device] ? " on " : "",
		devices[way->device] ? devices[way->device] : "",
		way->reuseaddr ? " REUSEADDR" : "", way->reuseport ? " REUSEPORT" : "",
		way->another_user ? " another user" : "");
}

/* What is compared: sockets that were set up, and a bind beside them. */
struct trial {
	const char *what;
	const struct way *firsts;
	size_t n_firsts;
	int type;
	uint16_t port;
};

static void tell(const struct trial *trial, const struct way *second, const struct berth_why *why,
	bool and_listen, int error)
{
	printf("%s %s:", trial->type == SOCK_STREAM ? "tcp" : "udp", trial->what);
	for (size_t i = 0; i < trial->n_firsts; i++) {
		printf(" {");
		describe(&trial->firsts[i]);
		printf("}");
	}
	printf(" then {");
	describe(second);
	printf("}%s: foretold %s (%s), was %s\n", and_listen ? " and listen" : "",
		why->errno_name ? why->errno_name : "none", why->summary,
		error ? strerror(error) : "none");
}

static void compare(const struct trial *trial, const struct way *second,
	const struct berth_why *why, bool and_listen)
{
	int error = really(second, trial->type, trial->port, and_listen);

	if (why->verdict == BERTH_BIND_UNKNOWN && trial->n_firsts > 1 &&
		trial->type == SOCK_DGRAM) {
		unknown++;
	} else if (why->verdict != BERTH_BIND_UNKNOWN && why->errnum == error) {
		passed++;
	} else {
		failed++;
		tell(trial, second, why, and_listen, error);
	}
}

static struct berth_why *foretell(const struct berth_bind *bind, const struct berth_why *before)
{
	struct berth_why *why = NULL;
	int r = before ? berth_why_again(before, bind, &why) : berth_why(berth, bind, &why);

	if (r < 0) {
		fprintf(stderr, "berth_why: %s\n", berth_error());
		exit(2);
	}
	return why;
}

/* Binds beside one set-up, all over one snapshot, while what they leave in the bind bucket of TCP
 * is asked anew each time. `some`: how many are drawn; 0: each way. */
static void compare_some(const struct trial *trial, unsigned some)
{
	struct berth_why *first = NULL;
	const unsigned most = some ? some : WAYS;

	for (unsigned done = 0; done < most; done++) {
		struct way second = way_of(some ? draw(WAYS) : done, DEVICES);
		bool and_listen = trial->type == SOCK_STREAM && draw(2);
		struct berth_bind bind = bind_of(&second, trial->type, trial->port, and_listen);
		struct berth_why *why = foretell(&bind, first);

		compare(trial, &second, why, and_listen);
		if (!first)
			first = why;
		else
			berth_why_free(why);
	}
	berth_why_free(first);
}

/* ---- The table
 * ----------------------------------------------------------------------------------- */

static void try_state(enum state state, const struct way *first, unsigned some)
{
	struct setup setup;
	struct trial trial = {
		.what = state_names[state], .firsts = first, .n_firsts = 1, .type = SOCK_STREAM};

	if (set_up(&setup, first, state)) {
		trial.port = setup.port;
		compare_some(&trial, some);
	} else {
		unmade++;
	}
	end(&setup);
}

static void run_tcp(unsigned one_of, unsigned some)
{
	for (enum state state = BOUND; state < TCP_STATES; state++) {
		for (unsigned number = 0; number < FIRST_WAYS; number++) {
			struct way first = way_of(number, FIRST_DEVICES);

			if (!draw(one_of))
				try_state(state, &first, some);
		}
	}
}

static void run_udp(unsigned some)
{
	for (unsigned number = 0; number < 2 * FIRST_WAYS; number++) {
		struct way first = way_of(number % FIRST_WAYS, FIRST_DEVICES);
		const struct place *place = &places[first.place];
		bool connected = number >= FIRST_WAYS;
		struct setup setup = {0};
		struct sockaddr_storage address;
		int fd = hold(&setup, make(&first, SOCK_DGRAM));
		socklen_t len = address_of(place,
			strncmp(place->text, "::ffff", 6) ? place->peer : place->text, 9, &address);

		if (!bind_to(fd, &first, 0) &&
			(!connected || !connect(fd, (struct sockaddr *)&address, len))) {
			const struct trial trial = {.what = connected ? "connected" : "bound",
				.firsts = &first,
				.n_firsts = 1,
				.type = SOCK_DGRAM,
				.port = port_of(fd)};

			compare_some(&trial, some);
		} else {
			unmade++;
		}
		end(&setup);
	}
}

/* Two or three sockets that the kernel lets stand side by side, some of TCP's listening. */
static void run_several(int type, unsigned rounds)
{
	for (unsigned round = 0; round < rounds; round++) {
		struct setup setup = {0};
		struct way firsts[3];
		size_t n = 2 + draw(2);
		size_t kept = 0;

		while (kept < n) {
			struct way way = way_of(draw(WAYS), DEVICES);
			int fd = hold(&setup, make(&way, type));

			if (bind_to(fd, &way, setup.port))
				break;
			setup.port = port_of(fd);
			firsts[kept++] = way;
			/* What was bound and is gone is remembered by the bucket: no such thing. */
			if (type == SOCK_STREAM && draw(2) && listen(fd, 4) < 0)
				kept = n = 0;
		}
		const struct trial trial = {.what = "several",
			.firsts = firsts,
			.n_firsts = kept,
			.type = type,
			.port = setup.port};
		if (kept)
			compare_some(&trial, BESIDE_SEVERAL);
		end(&setup);
	}
}

/* ---- Another network namespace -----------------------------------------------------------------
 */

static int open_netns(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/ns/net");
	return fd;
}

static void enter(int netns)
{
	if (setns(netns, CLONE_NEWNET) < 0)
		die("setns");
}

/* A new one, with "lo" up; we are in it. */
static int make_netns(void)
{
	struct ifreq request = {.ifr_name = "lo"};

	if (unshare(CLONE_NEWNET) < 0)
		die("unshare");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	request.ifr_flags = IFF_UP;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		die("lo");
	close(fd);
	return open_netns();
}

/* What holds the same port elsewhere is no hindrance: every bind succeeds that would without it. */
static void run_elsewhere(void)
{
	int ours = open_netns();
	int other = make_netns();

	for (unsigned number = 0; number < 2 * FIRST_WAYS; number++) {
		struct way first = way_of(number / 2, FIRST_DEVICES);
		int type = number % 2 ? SOCK_STREAM : SOCK_DGRAM;
		struct setup setup = {0};

		enter(other);
		int fd = hold(&setup, make(&first, type));
		if (bind_to(fd, &first, 0) || (type == SOCK_STREAM && listen(fd, 4) < 0))
			die("a bind in a namespace of its own");
		enter(ours);
		const struct trial trial = {.what = "in another namespace",
			.firsts = &first,
			.n_firsts = 1,
			.type = type,
			.port = port_of(fd)};
		compare_some(&trial, BESIDE_SEVERAL);
		end(&setup);
	}
	close(other);
	close(ours);
}

static unsigned argument(char **argv, int at, unsigned usual)
{
	return argv[at] ? (unsigned)strtoul(argv[at], NULL, 10) : usual;
}

int main(int argc, char **argv)
{
	char *given[5] = {0};

	for (int i = 1; i < argc && i < 5; i++)
		given[i] = argv[i];
	unsigned one_of = argument(given, 1, 1);
	unsigned some = argument(given, 2, 2);
	unsigned several = argument(given, 3, 200);
	random_state = argument(given, 4, 1);
	if (berth_open(NULL, &berth) < 0) {
		fprintf(stderr, "%s\n", berth_error());
		return 2;
	}
	run_tcp(one_of ? one_of : 1, some);
	run_udp(some);
	run_elsewhere();
	run_several(SOCK_STREAM, several);
	run_several(SOCK_DGRAM, several);
	berth_close(berth);
	printf("%lu set-ups cannot be made here, %lu binds after several others are unknown\n",
		unmade, unknown);
	printf("%lu passed, %lu failed\n", passed, failed);
	return failed != 0;
}
