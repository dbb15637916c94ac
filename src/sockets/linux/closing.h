/* SPDX-License-Identifier: MIT */
/* How sockets that no process has may be shared, told by a BPF program (bpf/closing.bpf.c). */
#ifndef BERTH_SOCKETS_LINUX_CLOSING_H
#define BERTH_SOCKETS_LINUX_CLOSING_H

#include "sockets/linux/rows.h"
#include "sockets/linux/system.h"

/*
 * Fills in has_reuse, reuseaddr, reuseport and v6only of rows of TCP that are not known yet, of the
 * one port of the question. Nothing where we may not load the program (CAP_BPF, CAP_PERFMON), or
 * this build has none. 0; -ENOMEM.
 */
int closing_ask(const struct sockets_system *system, struct rows *rows);

/* Reads the record of sockets_bucket(). 0; -ENOENT: no bucket; -EBADMSG: no such record. */
int closing_rows_bucket(const void *bytes, size_t len, struct sockets_bucket *ret_bucket);

/* Takes the records of an answer over into the rows that have their cookies. 0; -ENOMEM. */
int closing_rows_read(const void *bytes, size_t len, struct rows *rows);

#endif
