/* SPDX-License-Identifier: MIT */
/*
 * Questions to any netlink family, and the attributes of their answers as values. What they mean is
 * for the files that ask; how they are framed is in message.h. sock_diag has a decoder of its own
 * (diag.h), since it is on the fast path.
 */
#ifndef BERTH_SOCKETS_LINUX_MESSAGES_H
#define BERTH_SOCKETS_LINUX_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sockets/linux/message.h"

struct messages_attribute {
	uint16_t type; /* without the flags NLA_F_NESTED and NLA_F_NET_BYTEORDER */
	const unsigned char *bytes;
	size_t len;
};

/* Takes the next attribute. False: there is none, or none that is sound. */
bool messages_next(struct message_rest *attributes, struct messages_attribute *ret);

/* The first attribute of a type; when there is none, *ret is empty. */
bool messages_find(struct message_rest attributes, uint16_t type, struct messages_attribute *ret);

/* The number in network byte order that the first attribute of a type is; 0: there is none. */
uint32_t messages_number(struct message_rest attributes, uint16_t type);

/* The attributes inside of one, or those behind the first `header` bytes of a payload. */
struct message_rest messages_inside(const struct messages_attribute *attribute);
struct message_rest messages_behind(const void *payload, size_t len, size_t header);

/*
 * Numbers: of this machine's byte order, or of the network's (_be). 0 when the attribute is too
 * short.
 */
uint8_t messages_u8(const struct messages_attribute *attribute);
uint16_t messages_u16(const struct messages_attribute *attribute);
uint16_t messages_be16(const struct messages_attribute *attribute);
uint32_t messages_u32(const struct messages_attribute *attribute);
uint32_t messages_be32(const struct messages_attribute *attribute);
uint64_t messages_be64(const struct messages_attribute *attribute);

/* Copies a text, cut to fit, always NUL-terminated. Returns its length. */
size_t messages_text(const struct messages_attribute *attribute, char *ret_text, size_t size);
bool messages_is(const struct messages_attribute *attribute, const char *text);

/* Called for each message but those that end an answer. A negative answer ends it. */
typedef int messages_seen(void *context, uint16_t type, const void *payload, size_t len);

/* What became of an answer while its chunks were decoded. Start with {.seen = …, .context = …}. */
struct messages_answer {
	messages_seen *seen;
	void *context;
	bool done; /* the end was seen */
	bool interrupted; /* things changed under the dump (NLM_F_DUMP_INTR) */
	bool malformed;
	int error; /* negative errno that the kernel answered, or 0 */
};

/* A system_chunk: context is a struct messages_answer. */
int messages_decode(void *context, const void *bytes, size_t len);

struct nlmsghdr;
struct sockets_system;

enum {
	MESSAGES_REQUEST_MAX = 1024
};

/*
 * Asks a question of a netlink family and has `seen` told of each message. A dump that was
 * interrupted is taken as it came: what is asked here names things and is no list of sockets. 0, or
 * the negative errno of the refusal or of `seen`.
 */
int messages_ask(const struct sockets_system *system, int family, const char *name,
	const struct nlmsghdr *request, messages_seen *seen, void *context);

#endif
