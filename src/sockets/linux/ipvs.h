/* SPDX-License-Identifier: MIT */
/* The services of the kernel's load balancer, IPVS (/proc/net/ip_vs). */
#ifndef BERTH_SOCKETS_LINUX_IPVS_H
#define BERTH_SOCKETS_LINUX_IPVS_H

#include "sockets/linux/redirects.h"

/* 0; -ENOMEM. */
int ipvs_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects);

/* The table as text (net/netfilter/ipvs/ip_vs_ctl.c ip_vs_info_seq_show). */
void ipvs_decode(
	const char *text, size_t len, const struct flow_ports *wanted, struct redirects *redirects);

#endif
