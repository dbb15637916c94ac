/* SPDX-License-Identifier: MIT */
/*
 * The attributes of a sock_diag row that only details show: pure, bytes in, a struct out.
 */
#ifndef BERTH_SOCKETS_LINUX_DETAILS_H
#define BERTH_SOCKETS_LINUX_DETAILS_H

#include <stdbool.h>
#include <stdint.h>

#include <berth.h>

#include "base/arena.h"

struct nlattr;

enum {
	DETAILS_NAME_MAX = 32, /* TCP_CA_NAME_MAX and TCP_ULP_NAME_MAX are 16 */
};

/* Texts of `told` point into the struct itself, or are constant. */
struct details {
	struct berth_socket_details told;
	char congestion[DETAILS_NAME_MAX];
	char ulp[DETAILS_NAME_MAX];
};

/* The bits of idiag_ext that ask for what costs the kernel something. */
uint8_t details_extensions(void);

/* Nothing known yet. */
void details_start(struct details *details);

/* Takes one attribute; whether it was one of ours. A malformed one is as if it were not there. */
bool details_take(struct details *details, const struct nlattr *attr);

/* Overwrites with zeros what details_take() does not read of an attribute of the answer in `bytes`;
 * false: it is not ours. */
bool details_rewrite(void *bytes, const struct nlattr *attr);

/* A copy that lives as long as the arena; NULL: no memory. */
const struct berth_socket_details *details_copy(
	struct arena *arena, const struct berth_socket_details *details);

#endif
