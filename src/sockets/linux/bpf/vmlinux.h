/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The few types of the kernel that our BPF programs look into, each with the few members that they
 * read. Where those members really are is found out when a program is loaded, from the kernel's own
 * type information (preserve_access_index: "compile once, run everywhere"), so neither order nor
 * what is left out matters. Names and members are those of Linux 5.17 to 6.18.
 */
#ifndef VMLINUX_H
#define VMLINUX_H

typedef signed char __s8;
typedef signed int __s32;
typedef signed long long __s64;
typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_SK_STORAGE = 24,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum {
	BPF_F_NO_PREALLOC = 1 << 0,
	BPF_F_MMAPABLE = 1 << 10,
};
enum {
	BPF_LOCAL_STORAGE_GET_F_CREATE = 1,
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct pid_namespace {
	struct ns_common ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[0];
};

struct user_namespace {
	struct user_namespace *parent;
};

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	__u64 val;
} kernel_cap_t; /* two numbers of 32 bits before 6.3, of which the first is the lower one */

struct cred {
	kuid_t euid;
	kernel_cap_t cap_effective;
	struct user_namespace *user_ns;
};

struct timespec64 {
	__s64 tv_sec;
	long tv_nsec;
};

struct timens_offsets {
	struct timespec64 boottime;
};

struct time_namespace {
	struct timens_offsets offsets;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct hlist_nulls_node {
	struct hlist_nulls_node *next;
};

struct inet_bind2_bucket {
	struct hlist_node node;
	struct hlist_head owners;
};

struct inet_ehash_bucket;
struct inet_bind_hashbucket {
	struct hlist_head chain;
};
struct inet_listen_hashbucket;
struct udp_hslot;

struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	unsigned int ehash_mask;
	struct inet_bind_hashbucket *bhash;
	struct inet_bind_hashbucket *bhash2;
	unsigned int bhash_size;
	unsigned int lhash2_mask;
	struct inet_listen_hashbucket *lhash2;
};

struct udp_table {
	struct udp_hslot *hash;
	unsigned int mask;
};

struct inet_timewait_death_row {
	struct inet_hashinfo *hashinfo;
};

struct netns_ipv4 {
	struct inet_timewait_death_row tcp_death_row;
	struct udp_table *udp_table;
};

struct net {
	struct netns_ipv4 ipv4;
	struct ns_common ns;
	__u32 hash_mix;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct in6_addr {
	__u8 bytes[16];
};

struct nsproxy {
	struct time_namespace *time_ns;
	struct net *net_ns;
};

struct super_block {
	unsigned long s_magic;
};

struct inode {
	struct super_block *i_sb;
	unsigned long i_ino;
};

struct file_operations;

typedef struct {
	__s64 counter;
} atomic64_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	atomic64_t refcnt;
} file_ref_t;

struct file___counted { /* before 6.13 */
	atomic64_t f_count;
};

struct file {
	file_ref_t f_ref;
	const struct file_operations *f_op;
	void *private_data;
	struct inode *f_inode;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
	unsigned long *open_fds;
};

struct signal_struct {
	int nr_threads;
};

struct files_struct {
	atomic_t count;
	struct fdtable *fdt;
	struct fdtable fdtab;
};

struct task_struct {
	int tgid;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	__u64 start_boottime;
	const struct cred *real_cred;
	char comm[16];
	struct files_struct *files;
	struct signal_struct *signal;
	struct nsproxy *nsproxy;
};

struct sock_common {
	__be32 skc_rcv_saddr;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_rcv_saddr;
	struct hlist_node skc_bind_node;
	struct hlist_nulls_node skc_nulls_node;
	atomic64_t skc_cookie;
};

struct inet_bind_bucket {
	possible_net_t ib_net;
	int l3mdev;
	unsigned short port;
	signed char fastreuse;
	signed char fastreuseport;
	kuid_t fastuid;
	struct in6_addr fast_v6_rcv_saddr;
	__be32 fast_rcv_saddr;
	unsigned short fast_sk_family;
	_Bool fast_ipv6_only;
	struct hlist_node node;
};

struct inet_timewait_sock {
	struct inet_bind_bucket *tw_tb;
};

struct inet_connection_sock {
	struct inet_bind_bucket *icsk_bind_hash;
};

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	__u8 sk_userlocks : 4;
	__u8 sk_shutdown;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct inet_sock {
	unsigned long inet_flags; /* since 6.6 */
};

struct socket {
	struct file *file;
	struct sock *sk;
};

struct socket_alloc {
	struct inode vfs_inode;
};

#pragma clang attribute pop

/* What is handed to an iterator: include/linux/bpf.h, fixed for ever. */
struct seq_file;
struct bpf_map;
struct bpf_sock;

/* What is handed to cgroup/bind4 and bind6: include/uapi/linux/bpf.h. */
struct bpf_sock_addr {
	__u32 user_family;
	__u32 user_ip4;
	__u32 user_ip6[4];
	__u32 user_port;
	__u32 family;
	__u32 type;
	__u32 protocol;
	__u32 msg_src_ip4;
	__u32 msg_src_ip6[4];
	struct bpf_sock *sk;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};

struct bpf_iter__tcp {
	struct bpf_iter_meta *meta;
	struct sock_common *sk_common;
	unsigned int uid;
};

struct bpf_iter__bpf_sk_storage_map {
	struct bpf_iter_meta *meta;
	struct bpf_map *map;
	struct sock *sk;
	void *value;
};

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	__u32 fd;
	struct file *file;
};

#endif
