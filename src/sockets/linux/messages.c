// SPDX-License-Identifier: MIT
/*
 * Walks netlink messages (linux/netlink.h) and attributes, and never leaves the bytes that it was
 * given, whatever lengths they claim.
 */
#include "sockets/linux/messages.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

#include "sockets/linux/system.h"

/* Messages and attributes begin at multiples of 4 (NLMSG_ALIGNTO, NLA_ALIGNTO). */
static size_t aligned(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

bool messages_next(struct messages_attributes *attributes, struct messages_attribute *ret)
{
	struct nlattr header;

	if (attributes->left < sizeof(header))
		return false;
	memcpy(&header, attributes->at, sizeof(header));
	if (header.nla_len < sizeof(header) || header.nla_len > attributes->left)
		return false;
	size_t step = aligned(header.nla_len);
	*ret = (struct messages_attribute){
		.type = (uint16_t)(header.nla_type & (unsigned)NLA_TYPE_MASK),
		.bytes = attributes->at + sizeof(header),
		.len = header.nla_len - sizeof(header),
	};
	/* The last one may lack its padding. */
	step = step < attributes->left ? step : attributes->left;
	attributes->at += step;
	attributes->left -= step;
	return true;
}

bool messages_find(
	struct messages_attributes attributes, uint16_t type, struct messages_attribute *ret)
{
	while (messages_next(&attributes, ret)) {
		if (ret->type == type)
			return true;
	}
	*ret = (struct messages_attribute){0};
	return false;
}

uint32_t messages_number(struct messages_attributes attributes, uint16_t type)
{
	struct messages_attribute attribute;

	return messages_find(attributes, type, &attribute) ? messages_be32(&attribute) : 0;
}

struct messages_attributes messages_inside(const struct messages_attribute *attribute)
{
	return (struct messages_attributes){.at = attribute->bytes, .left = attribute->len};
}

struct messages_attributes messages_behind(const void *payload, size_t len, size_t header)
{
	size_t skipped = aligned(header);

	if (len < skipped)
		return (struct messages_attributes){0};
	return (struct messages_attributes){
		.at = (const unsigned char *)payload + skipped, .left = len - skipped};
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

/* NLMSG_DONE ends a dump, with a negative errno when it failed midway; NLMSG_ERROR ends the rest,
 * with 0 as an acknowledgement. */
static int decode_end(struct messages_answer *answer, const void *payload, size_t len)
{
	int32_t error = 0;

	if (len >= sizeof(error))
		memcpy(&error, payload, sizeof(error));
	if (error < 0 && error > -4096)
		answer->error = error;
	answer->done = true;
	return 1;
}

static int decode_message(struct messages_answer *answer, const struct nlmsghdr *header,
	const void *payload, size_t len)
{
	if (header->nlmsg_flags & NLM_F_DUMP_INTR)
		answer->interrupted = true;
	switch (header->nlmsg_type) {
	case NLMSG_NOOP:
		return 0;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		return decode_end(answer, payload, len);
	case NLMSG_OVERRUN:
		answer->malformed = true;
		return 0;
	default:
		return answer->seen(answer->context, header->nlmsg_type, payload, len);
	}
}

int messages_decode(void *context, const void *bytes, size_t len)
{
	struct messages_answer *answer = context;
	const unsigned char *at = bytes;
	struct nlmsghdr header;
	int r = 0;

	while (!r && len >= sizeof(header)) {
		memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > len)
			break;
		r = decode_message(
			answer, &header, at + NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN);
		size_t step = aligned(header.nlmsg_len);
		step = step < len ? step : len;
		at += step;
		len -= step;
	}
	if (!r && len)
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
