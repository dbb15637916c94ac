/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the walk of descriptor tables (tasks.bpf.c) hands to the program that reads it (tasks.c): a
 * stream of cells of 8 bytes. Both sides include this; it uses the types of whoever does.
 *
 *     head (6 cells)  socket…  end        for each task that has sockets of interest
 *     done                                once, so that a stream that was cut is noticed
 *
 * The kernel gives a sockfs inode 32 bits and never 0 (get_next_ino), so a cell whose first half is
 * not 0 is a socket.
 */
#ifndef BERTH_BPF_STREAM_H
#define BERTH_BPF_STREAM_H

/* Changes with the layout, so that what another version pinned is not misunderstood. */
#define STREAM_FORMAT 0x62720100U

enum stream_kind {
	STREAM_HEAD = STREAM_FORMAT,
	STREAM_END, /* the table was the task's from beginning to end */
	STREAM_CHANGED, /* it was not: what was said of it may be another's */
	STREAM_DONE,
};

enum {
	/* In stream_head.flags: the reader is in a user namespace, for which `uid` is not made. */
	STREAM_OTHER_USERS = 1 << 0,
};

/* The kernel's tables of sockets that a walk may look into first, a set: bit n is table n. */
enum stream_tables {
	STREAM_LISTENERS,
	STREAM_PORTS, /* of TCP, each with the sockets that are bound to it */
	STREAM_CONNECTIONS,
	STREAM_UDP,
	STREAM_TABLES,
};

struct stream_cell {
	__u32 inode; /* 0: not a socket but a mark */
	__u32 fd; /* or, of a mark, enum stream_kind */
};

/*
 * What is noted with a socket (storage.bpf.c): where its owner is to be looked for. It comes with
 * the answers of sock_diag to those with CAP_BPF.
 */
enum {
	STREAM_SPACES = 4, /* PID namespaces inside of one another, of which a number is kept */
};

struct stream_note {
	__u64 task; /* address of the first thread: may be nobody's by now */
	__u64 start_ns; /* tells whether it is */
	__u32 fd;
	__u32 n_spaces;
	struct {
		__u32 space; /* inode number of the PID namespace */
		__u32 pid; /* there */
	} spaces[STREAM_SPACES];
};

struct stream_head {
	__u32 zero;
	__u32 kind;
	__u32 pid; /* as are all numbers: in the PID namespace of the reader */
	__u32 parent; /* 0: none that the reader can see */
	__u32 uid; /* effective */
	__u32 flags;
	__u64 start_ns; /* since the machine started, as the reader's time namespace counts */
	char name[16];
};

#endif
