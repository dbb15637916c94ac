/* SPDX-License-Identifier: MIT */
/*
 * The rung above all others: who made a socket a server is noted with the socket itself, by hooks
 * in the kernel (bpf/storage.bpf.c), and told by an iterator over these notes. berth enable pins
 * both.
 */
#ifndef BERTH_SOCKETS_LINUX_STORAGE_H
#define BERTH_SOCKETS_LINUX_STORAGE_H

#include "sockets/linux/owners.h"

/* Finds holders that are the only ones, and nothing of other sockets. */
owners_rung storage_look;

/* A descriptor of the notes, for sock_diag (diag.h); 0: there are none for us. */
int storage_notes(void);

/*
 * Sets the hooks, notes the owners of sockets that are there already, and pins everything in the
 * folder of berth enable; `mode`: permissions of the iterator. 0; a negative errno, and *ret_why is
 * a constant sentence: nothing is left.
 */
int storage_pin(unsigned mode, const char **ret_why);

/* Removes the pins, which ends the hooks; `folder` is a descriptor of the folder. Whether there was
 * one. */
bool storage_unpin(int folder);

#endif
