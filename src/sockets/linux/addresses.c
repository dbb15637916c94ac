// SPDX-License-Identifier: MIT
/* Asks rtnetlink for the addresses of all interfaces, and compares by prefix. */
#include "sockets/linux/addresses.h"
#include "sockets/linux/message.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int keep(struct addresses *addresses, const struct messages_attribute *attribute)
{
	if (attribute->len != 4 && attribute->len != 16)
		return 0;
	if (addresses->count == addresses->size) {
		size_t size = addresses->size ? addresses->size * 2 : 16;
		struct addresses_one *all = reallocarray(addresses->all, size, sizeof(*all));

		if (!all)
			return -ENOMEM;
		addresses->all = all;
		addresses->size = size;
	}
	struct addresses_one *one = addresses->all + addresses->count++;
	*one = (struct addresses_one){.family = attribute->len == 4 ? 4 : 6};
	memcpy(one->bytes, attribute->bytes, attribute->len);
	return 0;
}

int addresses_one(void *context, uint16_t type, const void *payload, size_t len)
{
	struct messages_attributes attributes =
		messages_behind(payload, len, sizeof(struct ifaddrmsg));
	struct messages_attribute attribute;
	struct messages_attribute local = {0};

	if (type != RTM_NEWADDR)
		return 0;
	while (messages_next(&attributes, &attribute)) {
		/* IFA_ADDRESS is the other end's on a link from point to point. */
		if (attribute.type == IFA_LOCAL || (attribute.type == IFA_ADDRESS && !local.len))
			local = attribute;
	}
	return keep(context, &local);
}

int addresses_ask(const struct sockets_system *system, struct addresses *addresses)
{
	alignas(uint32_t) unsigned char bytes[MESSAGES_REQUEST_MAX] = {0};
	struct nlmsghdr *request = message_begin(bytes, RTM_GETADDR, NLM_F_DUMP);

	if (addresses->asked)
		return 0;
	addresses->asked = true;
	(void)message_put_header(request, sizeof(struct ifaddrmsg));
	int r = messages_ask(
		system, NETLINK_ROUTE, "route/addresses.bin", request, addresses_one, addresses);
	return r == -ENOMEM ? r : 0;
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	unsigned rest = bits % 8;

	return !memcmp(a, b, bits / 8) && (!rest || !((a[bits / 8] ^ b[bits / 8]) >> (8 - rest)));
}

bool addresses_have(
	const struct addresses *addresses, uint8_t family, const uint8_t *address, unsigned bits)
{
	static const uint8_t loopback6[16] = {[15] = 1};

	if (family == 4 ? address[0] == 127 : same_bits(address, loopback6, bits))
		return true;
	for (size_t i = 0; i < addresses->count; i++) {
		if (addresses->all[i].family == family &&
			same_bits(addresses->all[i].bytes, address, bits))
			return true;
	}
	return false;
}

void addresses_free(struct addresses *addresses)
{
	free(addresses->all);
	addresses->all = NULL;
	addresses->count = addresses->size = 0;
}
