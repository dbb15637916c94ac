// SPDX-License-Identifier: MIT
/*
 * Who is connected, and for how long. A flood of connections that ask for nothing must not keep
 * others out: when places get few, the one that has asked for nothing for longest is ended, so that
 * whoever comes and asks at once is answered.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "serve/front.h"

enum {
	ACCEPT_MOST = 128, /* in one turn, so that nobody else waits long */
};

/* When there are few places, an answer that is taken so slowly can be cut off. */
static const double slow_s = 5;
static const double tidy_s = 1;

void front_clients_stage(struct front *front, struct client *client, enum client_stage stage)
{
	client->stage = stage;
	client->since_s = front->now_s;
}

/* ---- Places -----------------------------------------------------------------------------------
 */

static struct client *find(struct front *front, int fd)
{
	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		if (front->clients[i].fd == fd)
			return &front->clients[i];
	}
	return NULL;
}

/* MHD sees that it has ended, and says so to front_clients_notify(). */
static void end(struct client *client)
{
	client->stage = CLIENT_ANSWERED;
	client->since_s = 0;
	(void)shutdown(client->fd, SHUT_RDWR);
}

static bool is_ending(const struct client *client)
{
	return client->stage == CLIENT_ANSWERED && client->since_s <= 0;
}

static struct client *longest(struct front *front, enum client_stage stage, double least_s)
{
	struct client *found = NULL;

	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		struct client *client = &front->clients[i];

		if (client->fd < 0 || client->stage != stage || is_ending(client) ||
			front->now_s - client->since_s < least_s)
			continue;
		if (!found || client->since_s < found->since_s)
			found = client;
	}
	return found;
}

static void make_room(struct front *front)
{
	struct client *client = longest(front, CLIENT_IDLE, 0);

	if (!client)
		client = longest(front, CLIENT_ANSWERED, slow_s);
	if (!client)
		return;
	front->counts.made_room++;
	end(client);
}

/* ---- Coming -----------------------------------------------------------------------------------
 */

union peer {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un local;
};

static bool is_loopback(const struct client *client)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	static const uint8_t loopback[16] = {[15] = 1};
	const uint8_t loopback_net = 127;

	return !memcmp(client->address, loopback, sizeof(loopback)) ||
		(!memcmp(client->address, mapped, sizeof(mapped)) &&
			client->address[sizeof(mapped)] == loopback_net);
}

/* IPv4 as IPv6 writes it. */
static void take_address(struct client *client, const union peer *peer)
{
	if (peer->any.sa_family == AF_INET6) {
		memcpy(client->address, &peer->v6.sin6_addr, sizeof(client->address));
	} else {
		client->address[10] = client->address[11] = UINT8_MAX;
		memcpy(client->address + 12, &peer->v4.sin_addr, sizeof(peer->v4.sin_addr));
	}
	client->tcp = true;
	client->local = is_loopback(client);
}

static int take_user(struct client *client)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);

	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return -errno;
	client->uid = peer.uid;
	client->local = true;
	return 0;
}

static bool are_too_many(const struct front *front, const struct client *client)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FRONT_CLIENTS && !client->local; i++) {
		n += front->clients[i].fd >= 0 &&
			!memcmp(front->clients[i].address, client->address,
				sizeof(client->address));
	}
	return n >= FRONT_OF_ADDRESS;
}

static int take_peer(struct client *client, const union peer *peer)
{
	if (peer->any.sa_family != AF_INET && peer->any.sa_family != AF_INET6)
		return take_user(client);
	take_address(client, peer);
	return 0;
}

static void admit(struct front *front, int fd, const union peer *peer, socklen_t len)
{
	struct client client = {.fd = fd, .since_s = front->now_s};

	if (front->n_clients >= FRONT_CLIENTS - FRONT_ROOM)
		make_room(front);
	struct client *place = find(front, -1);
	if (!place || take_peer(&client, peer) || are_too_many(front, &client)) {
		front->counts.turned_away++;
		(void)close(fd);
		return;
	}
	*place = client;
	front->n_clients++;
	front->counts.connections++;
	/* On failure MHD has closed the socket, and told nobody. */
	if (MHD_add_connection(front->daemon, fd, &peer->any, len) == MHD_NO && place->fd == fd) {
		place->fd = -1;
		front->n_clients--;
	}
}

int front_clients_accept(struct front *front, int listener)
{
	for (unsigned i = 0; i < ACCEPT_MOST; i++) {
		union peer peer = {.any.sa_family = AF_UNSPEC};
		socklen_t len = sizeof(peer);
		int fd = accept4(listener, &peer.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			make_room(front);
			return 0;
		}
		/* What else can fail is of that connection alone (accept(2)). */
		if (fd < 0)
			return errno == EBADF || errno == EINVAL ? -errno : 0;
		admit(front, fd, &peer, len);
	}
	return 0;
}

/* ---- Staying and going ------------------------------------------------------------------------
 */

void front_clients_notify(void *context, struct MHD_Connection *connection, void **place,
	enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct front *front = context;
	struct client *client = *place;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		client = info ? find(front, info->connect_fd) : NULL;
		*place = client;
		if (client)
			client->connection = connection;
		return;
	}
	if (!client)
		return;
	front_feed_leave(front, client);
	front_wire_leave(client->question);
	*client = (struct client){.fd = -1};
	*place = NULL;
	front->n_clients--;
}

/* The next request may come on the same connection. */
void front_clients_completed(void *context, struct MHD_Connection *connection, void **place,
	enum MHD_RequestTerminationCode code)
{
	struct front *front = context;
	struct client *client = *place;

	(void)connection;
	(void)code;
	if (!client)
		return;
	front_feed_leave(front, client);
	front_wire_leave(client->question);
	client->question = NULL;
	if (!is_ending(client))
		front_clients_stage(front, client, CLIENT_IDLE);
	*place = NULL;
}

void front_clients_wait(struct client *client, struct question *question)
{
	client->question = question;
	question->waiting++;
	client->suspended = true;
	MHD_suspend_connection(client->connection);
}

void front_clients_wake(struct front *front, struct question *question)
{
	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		struct client *client = &front->clients[i];

		if (client->fd >= 0 && client->question == question && client->suspended) {
			client->suspended = false;
			MHD_resume_connection(client->connection);
		}
	}
}

double front_clients_tidy(struct front *front)
{
	for (unsigned i = 0; i < FRONT_CLIENTS; i++) {
		struct client *client = &front->clients[i];
		double age_s = front->now_s - client->since_s;

		if (client->fd < 0 || is_ending(client))
			continue;
		if ((client->stage == CLIENT_IDLE && age_s > FRONT_IDLE_S) ||
			(client->stage == CLIENT_ANSWERED && age_s > FRONT_SLOW_S)) {
			front->counts.too_slow++;
			end(client);
		}
	}
	return front->n_clients ? tidy_s : -1;
}
