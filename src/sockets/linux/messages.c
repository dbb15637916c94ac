// SPDX-License-Identifier: MIT
/*
 * The steps from message to message and from attribute to attribute. libmnl's own loops compare
 * and convert lengths in ways that our warnings refuse.
 */
#include "sockets/linux/messages.h"

#include <stdint.h>
#include <string.h>

enum {
	ERRNO_MAX = 4095, /* include/linux/err.h MAX_ERRNO */
};

bool messages_ok(const struct nlmsghdr *header, int left)
{
	/* libmnl (1.0.5) compares the length as a signed number, and lets 2 GiB and more pass. */
	return mnl_nlmsg_ok(header, left) && header->nlmsg_len <= (uint32_t)left;
}

int messages_end(const struct nlmsghdr *header, bool *malformed)
{
	int32_t error = 0;

	if (mnl_nlmsg_get_payload_len(header) >= sizeof(error))
		memcpy(&error, mnl_nlmsg_get_payload(header), sizeof(error));
	else if (header->nlmsg_type == NLMSG_ERROR)
		*malformed = true;
	return error < 0 && error >= -ERRNO_MAX ? error : 0;
}

struct nlattr *messages_attributes(const struct nlmsghdr *header, size_t offset, int *ret_left)
{
	*ret_left = (int)(mnl_nlmsg_get_payload_len(header) - offset);
	return mnl_nlmsg_get_payload_offset(header, offset);
}

struct nlattr *messages_nested(const struct nlattr *nest, int *ret_left)
{
	*ret_left = mnl_attr_get_payload_len(nest);
	return mnl_attr_get_payload(nest);
}

struct nlattr *messages_next(const struct nlattr *attr, int *left)
{
	*left -= (int)MNL_ALIGN(attr->nla_len);
	return mnl_attr_next(attr);
}

void messages_blank(struct nlmsghdr *header)
{
	size_t payload = mnl_nlmsg_get_payload_len(header);

	if (payload > sizeof(int32_t))
		memset((char *)mnl_nlmsg_get_payload(header) + sizeof(int32_t), 0,
			payload - sizeof(int32_t));
}
