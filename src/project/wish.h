/* SPDX-License-Identifier: MIT */
/* The ports, addresses and protocols that files write, read into a wish. */
#ifndef BERTH_PROJECT_WISH_H
#define BERTH_PROJECT_WISH_H

#include <berth.h>

/* "3000" or "3000-3010"; false: neither, or 0, or backwards. */
bool wish_ports(struct berth_wish *wish, const char *text, size_t len);

/* "127.0.0.1", "::1", "[::1]", or "*" and nothing for all; false: none of these. */
bool wish_address(struct berth_wish *wish, const char *text, size_t len);

/*
 * "3000", "3000-3010", "127.0.0.1:3000", "[::1]:3000", ":3000", "*:3000", each with an optional
 * "/udp". False: not such a text, and wish->problem says so.
 */
bool wish_place(struct berth_wish *wish, const char *text, size_t len);

/* Whether a variable or an option is called PORT, or ends in it: "WEB_PORT", "--http-port", but not
 * "EXPORT". */
bool wish_names_port(const char *name, size_t len);

/* The protocol of this name, folded; false: there is none. */
bool wish_proto(struct berth_wish *wish, const char *text, size_t len);

#endif
