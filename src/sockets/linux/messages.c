// SPDX-License-Identifier: MIT
/*
 * What attributes hold, as numbers and texts, and what becomes of an answer: on top of message.c,
 * which alone knows how they are framed.
 */
#include "sockets/linux/messages.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "sockets/linux/system.h"

bool messages_next(struct message_rest *attributes, struct messages_attribute *ret)
{
	const struct nlattr *attribute = NULL;

	if (!message_next_attribute(attributes, &attribute))
		return false;
	ret->type = (uint16_t)message_type(attribute);
	ret->bytes = message_value(attribute, &ret->len);
	return true;
}

bool messages_find(struct message_rest attributes, uint16_t type, struct messages_attribute *ret)
{
	while (messages_next(&attributes, ret)) {
		if (ret->type == type)
			return true;
	}
	*ret = (struct messages_attribute){0};
	return false;
}

uint32_t messages_number(struct message_rest attributes, uint16_t type)
{
	struct messages_attribute attribute;

	return messages_find(attributes, type, &attribute) ? messages_be32(&attribute) : 0;
}

struct message_rest messages_inside(const struct messages_attribute *attribute)
{
	return (struct message_rest){(const char *)attribute->bytes, attribute->len};
}

struct message_rest messages_behind(const void *payload, size_t len, size_t header)
{
	size_t skipped = (size_t)NLMSG_ALIGN(header);

	if (len < skipped)
		return (struct message_rest){0};
	return (struct message_rest){(const char *)payload + skipped, len - skipped};
}

uint8_t messages_u8(const struct messages_attribute *attribute)
{
	return attribute->len ? attribute->bytes[0] : 0;
}

uint16_t messages_u16(const struct messages_attribute *attribute)
{
	uint16_t value = 0;

	if (attribute->len >= sizeof(value))
		memcpy(&value, attribute->bytes, sizeof(value));
	return value;
}

uint16_t messages_be16(const struct messages_attribute *attribute)
{
	return ntohs(messages_u16(attribute));
}

uint32_t messages_u32(const struct messages_attribute *attribute)
{
	uint32_t value = 0;

	if (attribute->len >= sizeof(value))
		memcpy(&value, attribute->bytes, sizeof(value));
	return value;
}

uint32_t messages_be32(const struct messages_attribute *attribute)
{
	return ntohl(messages_u32(attribute));
}

uint64_t messages_be64(const struct messages_attribute *attribute)
{
	uint64_t value = 0;

	if (attribute->len >= sizeof(value))
		memcpy(&value, attribute->bytes, sizeof(value));
	return be64toh(value);
}

size_t messages_text(const struct messages_attribute *attribute, char *ret_text, size_t size)
{
	size_t len = attribute->len ? strnlen((const char *)attribute->bytes, attribute->len) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(ret_text, attribute->bytes, len);
	ret_text[len] = '\0';
	return len;
}

bool messages_is(const struct messages_attribute *attribute, const char *text)
{
	size_t len = strlen(text);

	return attribute->len >= len && !memcmp(attribute->bytes, text, len) &&
		(attribute->len == len || !attribute->bytes[len]);
}

static int decode_message(struct messages_answer *answer, const struct nlmsghdr *message)
{
	size_t len = 0;
	const void *payload = message_payload(message, &len);

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	switch (message->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		answer->error = message_end(message, &answer->malformed);
		answer->done = true;
		return 1;
	case NLMSG_OVERRUN:
		answer->malformed = true;
		return 0;
	default:
		return answer->seen(answer->context, message->nlmsg_type, payload, len);
	}
}

int messages_decode(void *context, const void *bytes, size_t len)
{
	struct messages_answer *answer = context;
	struct message_rest rest = {bytes, len};
	const struct nlmsghdr *message = NULL;
	int r = 0;

	while (!r && message_next(&rest, &message))
		r = decode_message(answer, message);
	if (!r && rest.len)
		answer->malformed = true;
	return r;
}

int messages_ask(const struct sockets_system *system, int family, const char *name,
	const struct nlmsghdr *request, messages_seen *seen, void *context)
{
	struct messages_answer answer = {.seen = seen, .context = context};
	int r = system_ask(
		system, family, name, request, request->nlmsg_len, messages_decode, &answer);

	return r ? r : answer.error;
}
