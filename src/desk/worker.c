// SPDX-License-Identifier: MIT
/*
 * A client is answered where it is read, in the order of its lines, so there are no queues but the
 * kernel's. One who does not read is not read from; one who sends half a line costs its place.
 *
 * User and group are changed by the system calls themselves, which change those of one thread
 * (credentials(7)); the functions of the C library change those of all.
 */
#include "desk/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "desk/counter.h"
#include "desk/line.h"

enum {
	EVENTS = 64,
	GO_HOME = -1, /* through the door instead of a connection */
};

#ifndef SO_PEERPIDFD
enum {
	SO_PEERPIDFD = 77, /* Linux 6.5 */
};
#endif

struct client {
	int fd; /* -1: this place is free */
	int process; /* a pidfd of who connected; -1: the kernel has none */
	struct ucred who;
	double used_s;
	bool over; /* it sends nothing more */
	bool held; /* it has too much to read */
	uint32_t watched; /* events of epoll */
	struct buffer out;
	size_t sent; /* of that */
	size_t len; /* of what came in */
	char in[LINE_MOST];
};

struct worker {
	const struct desk_settings *settings;
	pthread_t thread;
	int door[2]; /* a pipe, through which connections come; the worker reads the first */
	int events; /* epoll */
	uid_t uid; /* ours */
	gid_t gid;
	uid_t uid_now; /* whom the thread acts as */
	_Atomic size_t n; /* clients, those in the door among them */
	struct client clients[WORKER_CLIENTS];
};

/* ---- Clients --------------------------------------------------------------------------------- */

static void dismiss(struct worker *worker, struct client *client)
{
	(void)close(client->fd);
	if (client->process >= 0)
		(void)close(client->process);
	buffer_free(&client->out);
	client->fd = -1;
	worker->n--;
}

static uint32_t wanted(const struct client *client)
{
	return (!client->over && !client->held ? (uint32_t)EPOLLIN : 0) |
		(client->sent < client->out.len ? (uint32_t)EPOLLOUT : 0);
}

static int watch(const struct worker *worker, struct client *client, int operation)
{
	struct epoll_event event = {.events = wanted(client), .data.ptr = client};

	client->watched = event.events;
	return epoll_ctl(worker->events, operation, client->fd, &event) < 0 ? -errno : 0;
}

/* Sends what there is, as far as the client takes it. False: it has gone. */
static bool send_out(struct client *client)
{
	while (client->sent < client->out.len) {
		ssize_t n = send(client->fd, client->out.data + client->sent,
			client->out.len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		client->sent += (size_t)n;
	}
	buffer_clear(&client->out);
	client->sent = 0;
	return true;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static bool set_user(struct worker *worker, uid_t uid)
{
	if (syscall(SYS_setresuid, -1, uid, -1) < 0)
		return false;
	worker->uid_now = uid;
	return true;
}

static bool set_group(gid_t gid)
{
	return syscall(SYS_setresgid, -1, gid, -1) == 0;
}

/* The ledger is written, and ports are tried, as who asks. */
static bool become(struct worker *worker, uid_t uid, gid_t gid)
{
	if (uid == worker->uid_now)
		return true;
	if (uid == worker->uid)
		return set_user(worker, uid) && set_group(worker->gid);
	return set_group(gid) && set_user(worker, uid);
}

static void answer(struct worker *worker, struct client *client, char *text, size_t len)
{
	const struct counter_asker asker = {.berth = client->who.uid == worker->uid
			? worker->settings->own
			: worker->settings->others,
		.pid = (uint32_t)client->who.pid,
		.process = client->process};

	if (len && text[len - 1] == '\r')
		len--;
	if (!become(worker, client->who.uid, client->who.gid)) {
		(void)set_group(worker->gid);
		counter_refuse(&client->out, EPERM, "leases of other users need root");
		return;
	}
	counter_answer(&asker, text, len, &client->out);
	/* What goes on without being ours again would go on as somebody else. */
	if (!become(worker, worker->uid, worker->gid))
		abort();
}

/* All whole lines, as long as the client reads the answers. */
static void answer_lines(struct worker *worker, struct client *client)
{
	char *text = client->in;
	char *end = client->in + client->len;

	client->held = false;
	while (text < end) {
		char *stop = memchr(text, '\n', (size_t)(end - text));

		if (client->out.len - client->sent > WORKER_WAITING) {
			client->held = true;
			break;
		}
		if (!stop && !client->over)
			break;
		stop = stop ? stop : end; /* the last line may lack its end */
		answer(worker, client, text, (size_t)(stop - text));
		text = stop < end ? stop + 1 : end;
	}
	client->len = (size_t)(end - text);
	memmove(client->in, text, client->len);
}

static void refuse_long_line(struct client *client)
{
	counter_refuse(&client->out, EMSGSIZE, "a line is longer than 4095 bytes");
	client->over = true;
	client->len = 0;
}

/* One place is kept free, for the NUL behind a last line without an end. */
static void read_in(struct worker *worker, struct client *client)
{
	ssize_t n = recv(client->fd, client->in + client->len, sizeof(client->in) - 1 - client->len,
		MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	client->over = n <= 0;
	client->len += n > 0 ? (size_t)n : 0;
	client->used_s = clock_now_s(CLOCK_MONOTONIC);
	answer_lines(worker, client);
	if (client->len == sizeof(client->in) - 1 && !client->held)
		refuse_long_line(client);
}

/* What was answered goes out, and what was held is answered then. */
static void settle(struct worker *worker, struct client *client, uint32_t events)
{
	bool there = send_out(client);

	while (there && client->held && !client->out.len) {
		answer_lines(worker, client);
		there = send_out(client);
	}
	const bool done = client->over && !client->held && client->sent == client->out.len;
	if (!there || done || client->out.error || events & (EPOLLERR | EPOLLHUP) ||
		(wanted(client) != client->watched && watch(worker, client, EPOLL_CTL_MOD)))
		dismiss(worker, client);
}

/* ---- Arrivals -------------------------------------------------------------------------------- */

static size_t count_of(const struct worker *worker, uid_t uid)
{
	size_t count = 0;

	for (size_t i = 0; i < WORKER_CLIENTS; i++)
		count += worker->clients[i].fd >= 0 && worker->clients[i].who.uid == uid;
	return count;
}

/* A free place, if need be that of who was idle for the longest. */
static struct client *find_place(struct worker *worker)
{
	struct client *oldest = NULL;

	for (size_t i = 0; i < WORKER_CLIENTS; i++) {
		struct client *client = &worker->clients[i];

		if (client->fd < 0)
			return client;
		if (!oldest || client->used_s < oldest->used_s)
			oldest = client;
	}
	dismiss(worker, oldest);
	return oldest;
}

static void turn_away(struct worker *worker, int fd, int errnum, const char *text)
{
	struct buffer out = {0};

	counter_refuse(&out, errnum, text);
	if (!out.error)
		(void)send(fd, out.data, out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	buffer_free(&out);
	(void)close(fd);
	worker->n--;
}

static void welcome(struct worker *worker, int fd)
{
	struct ucred who = {0};
	socklen_t len = sizeof(who);
	int process = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) < 0) {
		turn_away(worker, fd, EPERM, "the kernel does not tell who you are");
		return;
	}
	if (who.uid != worker->uid && count_of(worker, who.uid) >= WORKER_CLIENTS_OF_USER) {
		turn_away(worker, fd, EAGAIN, "you have too many connections");
		return;
	}
	len = sizeof(process);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &process, &len) < 0)
		process = -1;
	struct client *client = find_place(worker);
	client->fd = fd;
	client->process = process;
	client->who = who;
	client->used_s = clock_now_s(CLOCK_MONOTONIC);
	client->over = client->held = false;
	client->sent = client->len = 0;
	client->out = (struct buffer){0};
	if (watch(worker, client, EPOLL_CTL_ADD))
		dismiss(worker, client);
}

/* False: it is time to go home. */
static bool let_in(struct worker *worker)
{
	int arrived[EVENTS];
	ssize_t n = read(worker->door[0], arrived, sizeof(arrived));

	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(*arrived); i++) {
		if (arrived[i] == GO_HOME)
			return false;
		welcome(worker, arrived[i]);
	}
	return true;
}

/* ---- The loop -------------------------------------------------------------------------------- */

/*
 * Those who were read together are sent their answers together: so they wake once, on other
 * processors, while the next are read. Who arrives comes last, as a place may be taken from one of
 * them. False: it is the end.
 */
static bool attend(struct worker *worker, struct epoll_event *events, int n)
{
	bool goes_on = true;

	for (int i = 0; i < n; i++) {
		struct client *client = events[i].data.ptr;

		if (client && events[i].events & EPOLLIN && !client->over && !client->held)
			read_in(worker, client);
	}
	for (int i = 0; i < n; i++) {
		if (events[i].data.ptr)
			settle(worker, events[i].data.ptr, events[i].events);
	}
	for (int i = 0; i < n; i++) {
		if (!events[i].data.ptr)
			goes_on = let_in(worker);
	}
	return goes_on;
}

static void *work(void *context)
{
	struct epoll_event events[EVENTS];
	struct worker *worker = context;
	int n = 0;

	while (n >= 0 || errno == EINTR) {
		n = epoll_wait(worker->events, events, EVENTS, -1);
		if (n > 0 && !attend(worker, events, n))
			return NULL;
	}
	abort(); /* epoll_wait(2) fails in no other way */
}

/* ---- Beginning and end ----------------------------------------------------------------------- */

static int start(struct worker *worker)
{
	struct epoll_event event = {.events = EPOLLIN};

	worker->events = epoll_create1(EPOLL_CLOEXEC);
	if (worker->events < 0 || pipe2(worker->door, O_CLOEXEC | O_NONBLOCK) < 0 ||
		epoll_ctl(worker->events, EPOLL_CTL_ADD, worker->door[0], &event) < 0)
		return -errno;
	return -pthread_create(&worker->thread, NULL, work, worker);
}

static void let_go(struct worker *worker)
{
	int fds[] = {worker->door[0], worker->door[1], worker->events};

	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]);
	}
	free(worker);
}

int worker_start(const struct desk_settings *settings, struct worker **ret_worker)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	if (!worker)
		return -ENOMEM;
	worker->settings = settings;
	worker->events = worker->door[0] = worker->door[1] = -1;
	worker->uid = worker->uid_now = geteuid();
	worker->gid = getegid();
	for (size_t i = 0; i < WORKER_CLIENTS; i++)
		worker->clients[i].fd = -1;
	int error = start(worker);
	if (error)
		let_go(worker);
	else
		*ret_worker = worker;
	return error;
}

size_t worker_load(const struct worker *worker)
{
	return worker->n;
}

void worker_give(struct worker *worker, int fd)
{
	worker->n++;
	if (write(worker->door[1], &fd, sizeof(fd)) == (ssize_t)sizeof(fd))
		return;
	worker->n--;
	(void)close(fd);
}

void worker_end(struct worker *worker)
{
	const int go_home = GO_HOME;

	while (write(worker->door[1], &go_home, sizeof(go_home)) < 0 && errno == EAGAIN)
		(void)sched_yield();
	(void)pthread_join(worker->thread, NULL);
	for (size_t i = 0; i < WORKER_CLIENTS; i++) {
		if (worker->clients[i].fd >= 0)
			dismiss(worker, &worker->clients[i]);
	}
	let_go(worker);
}
