/* SPDX-License-Identifier: MIT */
/* bpf(2) as our readers of loaded programs need it. */
#ifndef BERTH_SOCKETS_LINUX_BPF_CALL_H
#define BERTH_SOCKETS_LINUX_BPF_CALL_H

#include "base/buffer.h"

/* A descriptor to read what an iterator tells, by the link of its program; or -errno. */
int bpf_call_iterator(int link);

/* Everything that such a link's iterator tells, appended. 0 or -errno. */
int bpf_call_read_all(int link, struct buffer *ret);

/* Pins a program, map or link. 0 or -errno. */
int bpf_call_pin(int object, const char *path);

/* Runs a program of type "syscall" once (5.14). 0 or -errno. */
int bpf_call_run(int program);

#endif
