/* SPDX-License-Identifier: MIT */
/*
 * Netlink messages (linux/netlink.h, netlink(7)): walking what came and writing what is asked.
 * Every step is checked against what is left, with unsigned lengths; bytes of messages need not be
 * sound. Buffers are 4-byte aligned.
 */
#ifndef BERTH_SOCKETS_LINUX_MESSAGE_H
#define BERTH_SOCKETS_LINUX_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/netlink.h>

/* What is left of an answer, or of the attributes of a message. */
struct message_rest {
	const char *at;
	size_t len;
};

/* The next message; false at the end, or where what is left is none. */
bool message_next(struct message_rest *rest, const struct nlmsghdr **ret_message);

/* The bytes behind the header. */
const void *message_payload(const struct nlmsghdr *message, size_t *ret_len);

/* The attributes behind `front` bytes of payload; empty when there are fewer. */
struct message_rest message_attributes(const struct nlmsghdr *message, size_t front);

/* The attributes inside a nested one. */
struct message_rest message_nested(const struct nlattr *attribute);

/* The next attribute; false at the end, or where what is left is none. */
bool message_next_attribute(struct message_rest *rest, const struct nlattr **ret_attribute);

/* Without the two flag bits (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
unsigned message_type(const struct nlattr *attribute);
const void *message_value(const struct nlattr *attribute, size_t *ret_len);

/* A value of just that size, or larger; false when it is shorter. */
bool message_copy(const struct nlattr *attribute, void *ret_value, size_t size);

/* The byte of our own buffer that a decoder's pointer into it means. */
void *message_writable(void *buffer, const void *found);

/* The errno of NLMSG_DONE, which ends a dump, with a negative one when it failed midway, or of
 * NLMSG_ERROR, which refuses it; 0: none. *malformed is set to true when it lacks where it belongs.
 */
int message_end(const struct nlmsghdr *message, bool *malformed);

/* Zeros behind the errno of a message that is no row: an echoed request, words on an error. */
void message_blank(void *buffer, const struct nlmsghdr *message);

/* ---- Writing a request; the caller's buffer is large enough for what it puts there ------------
 */

/* Begins a message with `flags` besides NLM_F_REQUEST in a zeroed buffer. */
struct nlmsghdr *message_begin(void *buffer, uint16_t type, uint16_t flags);

/* Room for a fixed struct behind what there is, zeroed. */
void *message_put_header(struct nlmsghdr *message, size_t size);

void message_put(struct nlmsghdr *message, uint16_t type, const void *value, size_t size);
/* With the NUL behind it. */
void message_put_text(struct nlmsghdr *message, uint16_t type, const char *text);
void message_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value);

/* Opens an attribute that holds others, until message_close_nested(). */
struct nlattr *message_open_nested(struct nlmsghdr *message, uint16_t type);
void message_close_nested(struct nlmsghdr *message, struct nlattr *nested);

#endif
