/* SPDX-License-Identifier: MIT */
/* Giving up what the daemon does not need. */
#ifndef BERTH_DAEMON_CAGE_H
#define BERTH_DAEMON_CAGE_H

/* Before anything else: nothing of the state is for others, and no program that is started, of
 * which there is none, could gain anything. */
void cage_begin(void);

/*
 * Once everything is open: keeps the capabilities to read who holds a socket, in BPF programs and
 * in /proc, and gives up all others for ever; and with a filter of system calls the means to start
 * programs, to signal, trace or change other processes, and to change file systems and the kernel.
 * 0 or negative errno: something was not given up.
 */
int cage_close(void);

#endif
