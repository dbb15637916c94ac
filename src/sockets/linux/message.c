// SPDX-License-Identifier: MIT
/*
 * The framing of netlink: lengths, alignment and nesting, nothing of what any family means. In
 * berth's own hands rather than a library's, because these bytes decide what it tells, and because
 * a program that starts in a fraction of a millisecond cannot load one.
 */
#include "sockets/linux/message.h"

#include <string.h>

/* linux/netlink.h has these as signed numbers, and NLA_TYPE_MASK as a negative one. */
enum {
	MESSAGE_HEADER = 16, /* NLMSG_HDRLEN */
	ATTRIBUTE_HEADER = 4, /* NLA_HDRLEN */
	ALIGNMENT = 4, /* NLMSG_ALIGNTO and NLA_ALIGNTO */
	TYPE_MASK = 0x3fff,
	ERRNO_MAX = 4095, /* include/linux/err.h MAX_ERRNO */
};

static size_t align(size_t len)
{
	return (len + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

bool message_next(struct message_rest *rest, const struct nlmsghdr **ret_message)
{
	const struct nlmsghdr *message = (const void *)rest->at;

	if (rest->len < sizeof(*message) || message->nlmsg_len < sizeof(*message) ||
		message->nlmsg_len > rest->len)
		return false;
	size_t aligned = align(message->nlmsg_len);
	size_t used = aligned < rest->len ? aligned : rest->len; /* the last may lack its padding */
	rest->at += used;
	rest->len -= used;
	*ret_message = message;
	return true;
}

const void *message_payload(const struct nlmsghdr *message, size_t *ret_len)
{
	*ret_len = message->nlmsg_len - MESSAGE_HEADER;
	return (const char *)message + MESSAGE_HEADER;
}

struct message_rest message_attributes(const struct nlmsghdr *message, size_t front)
{
	size_t len = 0;
	const char *payload = message_payload(message, &len);
	size_t skip = align(front);

	return skip < len ? (struct message_rest){payload + skip, len - skip}
			  : (struct message_rest){payload, 0};
}

struct message_rest message_nested(const struct nlattr *attribute)
{
	struct message_rest rest = {NULL, 0};

	rest.at = message_value(attribute, &rest.len);
	return rest;
}

bool message_next_attribute(struct message_rest *rest, const struct nlattr **ret_attribute)
{
	const struct nlattr *attribute = (const void *)rest->at;

	if (rest->len < sizeof(*attribute) || attribute->nla_len < sizeof(*attribute) ||
		attribute->nla_len > rest->len)
		return false;
	size_t aligned = align(attribute->nla_len);
	size_t used = aligned < rest->len ? aligned : rest->len;
	rest->at += used;
	rest->len -= used;
	*ret_attribute = attribute;
	return true;
}

unsigned message_type(const struct nlattr *attribute)
{
	return attribute->nla_type & TYPE_MASK;
}

const void *message_value(const struct nlattr *attribute, size_t *ret_len)
{
	*ret_len = attribute->nla_len - ATTRIBUTE_HEADER;
	return (const char *)attribute + ATTRIBUTE_HEADER;
}

bool message_copy(const struct nlattr *attribute, void *ret_value, size_t size)
{
	if (attribute->nla_len < ATTRIBUTE_HEADER + size)
		return false;
	memcpy(ret_value, (const char *)attribute + ATTRIBUTE_HEADER, size);
	return true;
}

void *message_writable(void *buffer, const void *found)
{
	return (char *)buffer + ((const char *)found - (const char *)buffer);
}

int message_end(const struct nlmsghdr *message, bool *malformed)
{
	size_t len = 0;
	const void *payload = message_payload(message, &len);
	int32_t error = 0;

	if (len >= sizeof(error))
		memcpy(&error, payload, sizeof(error));
	else if (message->nlmsg_type == NLMSG_ERROR)
		*malformed = true;
	return error < 0 && error >= -ERRNO_MAX ? error : 0;
}

void message_blank(void *buffer, const struct nlmsghdr *message)
{
	size_t len = 0;
	char *payload = message_writable(buffer, message_payload(message, &len));

	if (len > sizeof(int32_t))
		memset(payload + sizeof(int32_t), 0, len - sizeof(int32_t));
}

struct nlmsghdr *message_begin(void *buffer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = buffer;

	*message = (struct nlmsghdr){.nlmsg_len = MESSAGE_HEADER,
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = 1};
	return message;
}

void *message_put_header(struct nlmsghdr *message, size_t size)
{
	char *header = (char *)message + message->nlmsg_len;

	message->nlmsg_len += (uint32_t)align(size);
	memset(header, 0, align(size));
	return header;
}

void message_put(struct nlmsghdr *message, uint16_t type, const void *value, size_t size)
{
	size_t whole = ATTRIBUTE_HEADER + size;
	struct nlattr *attribute = message_put_header(message, whole);

	*attribute = (struct nlattr){.nla_len = (uint16_t)whole, .nla_type = type};
	memcpy((char *)attribute + ATTRIBUTE_HEADER, value, size);
}

void message_put_text(struct nlmsghdr *message, uint16_t type, const char *text)
{
	message_put(message, type, text, strlen(text) + 1);
}

void message_put_u32(struct nlmsghdr *message, uint16_t type, uint32_t value)
{
	message_put(message, type, &value, sizeof(value));
}

struct nlattr *message_open_nested(struct nlmsghdr *message, uint16_t type)
{
	struct nlattr *nested = message_put_header(message, ATTRIBUTE_HEADER);

	nested->nla_type = (uint16_t)(type | NLA_F_NESTED);
	return nested;
}

void message_close_nested(struct nlmsghdr *message, struct nlattr *nested)
{
	nested->nla_len = (uint16_t)((char *)message + message->nlmsg_len - (char *)nested);
}
