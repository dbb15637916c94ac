/* SPDX-License-Identifier: MIT */
/*
 * The file fsports of StorNext and Xsan, which limits the ports of their file systems: lines
 * "MinPort 52000" and "MaxPort 52100", as its page fsports(4) has them. Pure.
 */
#ifndef BERTH_PROJECT_FSPORTS_H
#define BERTH_PROJECT_FSPORTS_H

#include <berth.h>

/* 0; -ENOENT: it names no range; -EBADMSG: it names one that is none. */
int fsports_read(const char *text, size_t len, struct berth_port_range *ret_range);

#endif
