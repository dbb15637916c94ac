// SPDX-License-Identifier: MIT
/* See wire.h. */
#include "serve/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

enum {
	BYTE = 8,
	FLAG_PORT = 1 << 0,
	FLAG_ALL = 1 << 1,
	FLAG_KEEP = 1 << 0,
	LOOK_HEAD = 9,
	NEWS_HEAD = 4,
	STATUS_LEAST = 200,
	STATUS_MOST = 599,
	BROKEN = 500,
};

static void put(uint8_t *bytes, unsigned n, uint64_t value)
{
	for (unsigned i = 0; i < n; i++)
		bytes[i] = (uint8_t)(value >> (i * BYTE));
}

static uint64_t get(const uint8_t *bytes, unsigned n)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < n; i++)
		value |= (uint64_t)bytes[i] << (i * BYTE);
	return value;
}

/* ---- Questions: id 4, kind 1, flags 1, view 1, 1 of zero, port 2, limit 2, uid 4, 4 of zero ---
 */

void wire_put_question(uint8_t bytes[WIRE_QUESTION], const struct wire_question *question)
{
	const struct route *route = &question->route;

	memset(bytes, 0, WIRE_QUESTION);
	put(bytes, 4, question->id);
	bytes[4] = (uint8_t)route->kind;
	bytes[5] = (uint8_t)((route->has_port ? FLAG_PORT : 0) | (route->all ? FLAG_ALL : 0));
	bytes[6] = (uint8_t)question->view;
	put(bytes + 8, 2, route->port);
	put(bytes + 10, 2, route->limit);
	put(bytes + 12, 4, question->uid);
}

int wire_get_question(const uint8_t bytes[WIRE_QUESTION], struct wire_question *ret_question)
{
	struct wire_question question = {
		.id = (uint32_t)get(bytes, 4), .uid = (uint32_t)get(bytes + 12, 4)};
	struct route *route = &question.route;

	if (!question.id || bytes[4] >= ROUTE_KINDS || bytes[5] & ~(FLAG_PORT | FLAG_ALL) ||
		bytes[6] >= WIRE_VIEWS || bytes[7] || get(bytes + 16, 4))
		return -EBADMSG;
	route->kind = (enum route_kind)bytes[4];
	route->has_port = bytes[5] & FLAG_PORT;
	route->all = bytes[5] & FLAG_ALL;
	route->port = (uint16_t)get(bytes + 8, 2);
	route->limit = (uint16_t)get(bytes + 10, 2);
	question.view = (enum wire_view)bytes[6];
	if (route->limit > ROUTE_LIMIT_MOST || (!route->has_port && route->port) ||
		(route->kind == ROUTE_LIST && route->port >= ROUTE_LISTS) ||
		(question.view != WIRE_USER && question.uid))
		return -EBADMSG;
	*ret_question = question;
	return 0;
}

/* ---- Heads: id 4, type 1, flags 1, status 2, length 4, place of the time 4, 4 of zero ----------
 */

void wire_put_head(uint8_t bytes[WIRE_HEAD], const struct wire_head *head)
{
	memset(bytes, 0, WIRE_HEAD);
	put(bytes, 4, head->id);
	bytes[4] = (uint8_t)head->type;
	bytes[5] = head->keep ? FLAG_KEEP : 0;
	put(bytes + 6, 2, head->status);
	put(bytes + 8, 4, head->len);
	put(bytes + 12, 4, head->time_at);
}

int wire_get_head(const uint8_t bytes[WIRE_HEAD], struct wire_head *ret_head)
{
	struct wire_head head = {.id = (uint32_t)get(bytes, 4),
		.status = (uint16_t)get(bytes + 6, 2),
		.len = (uint32_t)get(bytes + 8, 4),
		.time_at = (uint32_t)get(bytes + 12, 4)};

	if (bytes[4] >= WIRE_TYPES || bytes[5] & ~FLAG_KEEP || get(bytes + 16, 4) ||
		head.len > WIRE_TEXT_MOST || head.status < STATUS_LEAST ||
		head.status > STATUS_MOST ||
		(head.time_at && (uint64_t)head.time_at + WIRE_TIME > head.len))
		return -EBADMSG;
	head.type = (enum wire_type)bytes[4];
	head.keep = bytes[5] & FLAG_KEEP;
	*ret_head = head;
	return 0;
}

/* ---- Looks and news ---------------------------------------------------------------------------
 */

void wire_put_look(struct buffer *out, const struct wire_look *look)
{
	uint8_t head[LOOK_HEAD];

	put(head, LOOK_HEAD - 1, (uint64_t)look->time_s);
	head[LOOK_HEAD - 1] = look->all;
	buffer_bytes(out, head, sizeof(head));
	buffer_bytes(out, look->ports, sizeof(look->ports));
}

int wire_get_look(const void *text, size_t len, struct wire_look *ret_look)
{
	const uint8_t *bytes = text;

	if (len != LOOK_HEAD + WIRE_PORT_BITS || bytes[LOOK_HEAD - 1] > 1)
		return -EBADMSG;
	ret_look->time_s = (int64_t)get(bytes, LOOK_HEAD - 1);
	ret_look->all = bytes[LOOK_HEAD - 1];
	memcpy(ret_look->ports, bytes + LOOK_HEAD, WIRE_PORT_BITS);
	return 0;
}

void wire_put_news(struct buffer *out, const struct buffer *own, const struct buffer *others)
{
	uint8_t head[NEWS_HEAD];

	put(head, NEWS_HEAD, own->len);
	buffer_bytes(out, head, sizeof(head));
	buffer_bytes(out, buffer_string(own), own->len);
	buffer_bytes(out, buffer_string(others), others->len);
}

int wire_get_news(const char *text, size_t len, const char **ret_own, size_t *ret_own_len,
	const char **ret_others, size_t *ret_others_len)
{
	uint8_t head[NEWS_HEAD];

	if (len < NEWS_HEAD)
		return -EBADMSG;
	memcpy(head, text, NEWS_HEAD);
	uint64_t own = get(head, NEWS_HEAD);
	if (own > len - NEWS_HEAD)
		return -EBADMSG;
	*ret_own = text + NEWS_HEAD;
	*ret_own_len = (size_t)own;
	*ret_others = text + NEWS_HEAD + own;
	*ret_others_len = len - NEWS_HEAD - (size_t)own;
	return 0;
}

/* ---- Sockets ----------------------------------------------------------------------------------
 */

int wire_read(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ECONNRESET;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int wire_write(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EPIPE ? -ECONNRESET : -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

int wire_answer(int fd, struct wire_head head, const struct buffer *text)
{
	uint8_t bytes[WIRE_HEAD];
	bool broken = text && (text->error || text->len > WIRE_TEXT_MOST);

	head.len = text && !broken ? (uint32_t)text->len : 0;
	if (broken) {
		head.status = BROKEN;
		head.type = WIRE_PLAIN;
		head.keep = false;
		head.time_at = 0;
	}
	wire_put_head(bytes, &head);
	int error = wire_write(fd, bytes, sizeof(bytes));
	return error || !head.len ? error : wire_write(fd, text->data, head.len);
}
