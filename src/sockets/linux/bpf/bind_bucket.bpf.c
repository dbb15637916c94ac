// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Finds the bind bucket of one port of TCP, as inet_csk_get_port() does (Linux 5.17 to 6.18), and
 * tells what it remembers of all that were ever bound there: no dump has it, and a socket that is
 * only bound is in no table that an iterator goes through. Run once by BPF_PROG_TEST_RUN, in the
 * network namespace of whoever asks. The chain is read without its lock, so what is found is
 * looked at once more.
 */
#include "reading.h"

#include "bind_bucket_record.h"

enum {
	CHAIN_MOST = 256, /* buckets of one hash; there are as many hashes as the machine needs */
};

__u16 berth_port; /* written before the program is loaded */
struct bind_bucket_record berth_bucket; /* the answer */

#define BUCKET(member) bpf_core_field_offset(struct inet_bind_bucket, member)
#define READ(to, address) bpf_probe_read_kernel(&(to), sizeof(to), (const void *)(address))

static __always_inline int is_it(__u64 bucket, __u64 net)
{
	__u16 port = 0;

	READ(port, bucket + BUCKET(port));
	return port == berth_port && word_at(bucket + BUCKET(ib_net)) == net &&
		!half_at(bucket + BUCKET(l3mdev));
}

static __always_inline __u64 chain_of(__u64 net)
{
	__u64 tcp = WORD(net, net, ipv4.tcp_death_row.hashinfo);
	__u32 size = HALF(tcp, inet_hashinfo, bhash_size);
	__u32 hash = (berth_port + HALF(net, net, hash_mix)) & (size - 1); /* inet_bhashfn() */

	return word_at(WORD(tcp, inet_hashinfo, bhash) +
		(__u64)hash * bpf_core_type_size(struct inet_bind_hashbucket) +
		bpf_core_field_offset(struct inet_bind_hashbucket, chain));
}

SEC("syscall")
int berth_bind_bucket(void *nothing)
{
	__u64 net = WORD(WORD(bpf_get_current_task(), task_struct, nsproxy), nsproxy, net_ns);
	__u64 node = chain_of(net);

	for (int i = 0; i < CHAIN_MOST && node; i++) {
		__u64 bucket = node - BUCKET(node);

		if (is_it(bucket, net)) {
			READ(berth_bucket.fastreuse, bucket + BUCKET(fastreuse));
			READ(berth_bucket.fastreuseport, bucket + BUCKET(fastreuseport));
			READ(berth_bucket.fastuid, bucket + BUCKET(fastuid));
			READ(berth_bucket.address4, bucket + BUCKET(fast_rcv_saddr));
			READ(berth_bucket.address6, bucket + BUCKET(fast_v6_rcv_saddr));
			READ(berth_bucket.family, bucket + BUCKET(fast_sk_family));
			READ(berth_bucket.v6only, bucket + BUCKET(fast_ipv6_only));
			berth_bucket.found = is_it(bucket, net);
			return 0;
		}
		node = word_at(node);
	}
	return 0;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";
