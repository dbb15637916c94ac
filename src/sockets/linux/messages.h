/* SPDX-License-Identifier: MIT */
/*
 * Walking netlink messages and their attributes (netlink(7)): what the decoders of all families
 * share. Pure.
 */
#ifndef BERTH_SOCKETS_LINUX_MESSAGES_H
#define BERTH_SOCKETS_LINUX_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

#include <libmnl/libmnl.h>

/* Is there a whole message in `left` bytes? */
bool messages_ok(const struct nlmsghdr *header, int left);

/* NLMSG_DONE ends a dump, with a negative errno when it failed midway; NLMSG_ERROR refuses it. The
 * errno or 0; *malformed is set to true when it has none where one belongs. */
int messages_end(const struct nlmsghdr *header, bool *malformed);

/*
 * Attributes of a message behind `offset` bytes of its payload, and of an attribute that holds
 * others: the first, and how many bytes all of them are. Go on while mnl_attr_ok(attr, left).
 */
struct nlattr *messages_attributes(const struct nlmsghdr *header, size_t offset, int *ret_left);
struct nlattr *messages_nested(const struct nlattr *nest, int *ret_left);
struct nlattr *messages_next(const struct nlattr *attr, int *left);

/* Zeros behind the errno of a message that is no row: an echoed request, words on an error. */
void messages_blank(struct nlmsghdr *header);

#endif
