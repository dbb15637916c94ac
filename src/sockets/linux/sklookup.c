// SPDX-License-Identifier: MIT
/*
 * Asks which socket-lookup programs are attached to our network namespace (BPF_PROG_QUERY, since
 * 5.9; CAP_NET_ADMIN), and what they are called (CAP_SYS_ADMIN or CAP_BPF).
 */
#include "sockets/linux/sklookup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
	PROGRAMS_MOST = 64, /* MAX_PROGS_PER… in kernel/bpf/net_namespace.c */
};

static int bpf(enum bpf_cmd command, union bpf_attr *attr)
{
	long r = syscall(SYS_bpf, command, attr, sizeof(*attr));

	return r < 0 ? -errno : (int)r;
}

/* Leaves the name empty when we may not ask for it. */
static void ask_name(struct sklookup_program *program)
{
	struct bpf_prog_info info = {0};
	union bpf_attr attr = {.prog_id = program->id};
	int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr);

	if (fd < 0)
		return;
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (uint32_t)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (uintptr_t)&info;
	if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		memcpy(program->name, info.name, sizeof(program->name) - 1);
	close(fd);
}

/* A system_fetch. */
static int fetch(void *context, struct buffer *ret)
{
	uint32_t ids[PROGRAMS_MOST];
	union bpf_attr attr = {0};
	int place = openat(AT_FDCWD, "/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	(void)context;
	if (place < 0)
		return -errno;
	attr.query.target_fd = (uint32_t)place;
	attr.query.attach_type = BPF_SK_LOOKUP;
	attr.query.prog_ids = (uintptr_t)ids;
	attr.query.prog_cnt = PROGRAMS_MOST;
	int r = bpf(BPF_PROG_QUERY, &attr);
	close(place);
	for (uint32_t i = 0; !r && i < attr.query.prog_cnt && i < PROGRAMS_MOST; i++) {
		struct sklookup_program program = {.id = ids[i]};

		ask_name(&program);
		buffer_bytes(ret, &program, sizeof(program));
	}
	return r ? r : ret->error;
}

static void tell(const struct sklookup_program *program, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	static const enum berth_proto protos[] = {BERTH_TCP, BERTH_UDP};
	char name[sizeof(program->name) + 1] = "";

	memcpy(name, program->name, sizeof(program->name));
	for (size_t i = 0; i < 2; i++) {
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct flow flow = {.family = family,
				.proto = protos[i],
				.hook = "lookup",
				.ports = *wanted};

			flow_doubt(&flow, "if the program chooses so");
			redirects_add(redirects, &flow,
				&(struct redirects_target){.kind = BERTH_REDIRECT_SK_LOOKUP,
					.action = BERTH_ACTION_STEER,
					.chain = *name ? name : NULL,
					.handle = program->id,
					.text = "a socket that a BPF program chooses"});
		}
	}
}

void sklookup_decode(
	const void *bytes, size_t len, const struct flow_ports *wanted, struct redirects *redirects)
{
	struct sklookup_program program;
	const char *at = bytes;

	for (; len >= sizeof(program); at += sizeof(program), len -= sizeof(program)) {
		memcpy(&program, at, sizeof(program));
		tell(&program, wanted, redirects);
	}
}

int sklookup_gather(const struct sockets_system *system, const struct flow_ports *wanted,
	struct redirects *redirects)
{
	struct buffer programs = {0};
	int r = system_call(system, "sk-lookup.bin", fetch, NULL, &programs);

	if (!r && programs.data)
		sklookup_decode(programs.data, programs.len, wanted, redirects);
	buffer_free(&programs);
	return r == -ENOMEM ? r : redirects->error;
}
