/* SPDX-License-Identifier: MIT */
/* Those makers of sockets that tell of themselves in files: servers inside the kernel. */
#ifndef BERTH_SOCKETS_LINUX_INKERNEL_H
#define BERTH_SOCKETS_LINUX_INKERNEL_H

#include "sockets/linux/makers.h"

/* 0; -ENOMEM: what cannot be read has nothing to say. */
typedef int inkernel_ask(const struct sockets_system *system, struct makers_facts *facts);
inkernel_ask inkernel_ask_nfsd;
inkernel_ask inkernel_ask_lockd;
inkernel_ask inkernel_ask_nfs;
inkernel_ask inkernel_ask_ksmbd;
inkernel_ask inkernel_ask_iscsi;
inkernel_ask inkernel_ask_nvmet;
inkernel_ask inkernel_ask_rxrpc;
inkernel_ask inkernel_ask_rds;
inkernel_ask inkernel_ask_dlm;
inkernel_ask inkernel_ask_o2net;

/* The decoders, each of the text of one file. 0; -ENOMEM. */
typedef int inkernel_decode(struct makers_facts *facts, const char *text, size_t len);
inkernel_decode inkernel_nfsd_ports; /* /proc/fs/nfsd/portlist */
inkernel_decode inkernel_nfsd_threads; /* /proc/net/rpc/nfsd */
inkernel_decode inkernel_nfs_servers; /* /proc/fs/nfsfs/servers */
inkernel_decode inkernel_ksmbd_stats; /* /sys/class/ksmbd-control/stats */
inkernel_decode inkernel_rxrpc_locals; /* /proc/net/rxrpc/locals */

/* "192.0.2.1:3260", "[::]:3260": fills in port, family and, unless it is the wildcard, address. */
bool inkernel_place(const char *text, size_t len, struct makers_fact *ret_fact);

#endif
