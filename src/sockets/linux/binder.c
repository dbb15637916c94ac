// SPDX-License-Identifier: MIT
/*
 * Who would bind: user, capability, and what else may refuse it. Of most of the latter the kernel
 * tells only that it is there, not what it decides, so it is handed on as a text.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/process.h"
#include "sockets/linux/system.h"

enum {
	LARGEST_FILE = 65536,
	HINDRANCES_MOST = 8,
	SECCOMP_FILTER = 2, /* SECCOMP_MODE_FILTER of linux/seccomp.h */
};

struct asking {
	const struct sockets_system *system;
	struct arena *arena;
	char process[16]; /* "self", or the pid */
	const char **texts;
	size_t n_texts;
	int error;
};

static void add(struct asking *asking, const struct buffer *text)
{
	const char *copy = arena_text(asking->arena, buffer_string(text), text->len);

	if (!copy || text->error)
		asking->error = -ENOMEM;
	else if (asking->n_texts < HINDRANCES_MOST)
		asking->texts[asking->n_texts++] = copy;
}

/* The file in a buffer that is empty before; 0 or an error. */
static int read_of_process(const struct asking *asking, const char *name, struct buffer *text)
{
	char path[64];

	buffer_clear(text);
	(void)snprintf(path, sizeof(path), "/proc/%s/%s", asking->process, name);
	return system_file(asking->system, path, LARGEST_FILE, text);
}

/* ---- Security modules --------------------------------------------------------------------------
 */

static bool has_module(const struct buffer *list, const char *name)
{
	return text_find_fold(buffer_string(list), name);
}

/* A label of SELinux, or "name (enforce)" of AppArmor. */
static void ask_label(struct asking *asking, const char *module)
{
	struct buffer label = {0};
	struct buffer text = {0};

	if (read_of_process(asking, "attr/current", &label))
		buffer_clear(&label);
	const char *trimmed = buffer_string(&label);
	size_t len = strnlen(trimmed, label.len); /* SELinux counts the NUL in */
	len = text_trim(&trimmed, len);
	if (len != strlen("unconfined") || memcmp(trimmed, "unconfined", len) != 0) {
		buffer_format(&text, "%s's rules for ", module);
		buffer_bytes(&text, len ? trimmed : "its label", len ? len : strlen("its label"));
		add(asking, &text);
	}
	buffer_free(&text);
	buffer_free(&label);
}

static void ask_modules(struct asking *asking)
{
	struct buffer list = {0};
	struct buffer text = {0};

	int r = system_file(asking->system, "/sys/kernel/security/lsm", LARGEST_FILE, &list);
	if (r) {
		buffer_text(&text,
			"security modules such as SELinux, AppArmor and Landlock: which of them "
			"are on is not readable here");
		add(asking, &text);
	} else {
		if (has_module(&list, "selinux"))
			ask_label(asking, "SELinux");
		if (has_module(&list, "apparmor"))
			ask_label(asking, "AppArmor");
		if (has_module(&list, "landlock")) {
			buffer_text(&text,
				"Landlock, if the server restricted itself: nobody can read that");
			add(asking, &text);
		}
	}
	buffer_free(&text);
	buffer_free(&list);
}

/* ---- The process -------------------------------------------------------------------------------
 */

static void ask_seccomp(struct asking *asking, const struct buffer *status)
{
	const char *rest = buffer_string(status);
	const char *line = NULL;
	struct buffer text = {0};
	size_t len = 0;

	while (text_next_line(&rest, status->data + status->len, &line, &len)) {
		if (len > 9 && !memcmp(line, "Seccomp:\t", 9) && line[9] == '0' + SECCOMP_FILTER) {
			buffer_text(&text, "the seccomp filter that the process has");
			add(asking, &text);
		}
	}
	buffer_free(&text);
}

static bool same_user_namespace(const struct asking *asking)
{
	char own[SYSTEM_TARGET];
	char theirs[SYSTEM_TARGET];
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%s/ns/user", asking->process);
	return system_link(asking->system, "/proc/self/ns/user", own, sizeof(own)) > 0 &&
		system_link(asking->system, path, theirs, sizeof(theirs)) > 0 &&
		!strcmp(own, theirs);
}

static int ask_process(struct asking *asking, struct sockets_binder *binder)
{
	struct process_status status = {0};
	struct buffer text = {0};
	int r = read_of_process(asking, "status", &text);

	if (!r && text.data) {
		process_parse_status(text.data, text.len, &status);
		ask_seccomp(asking, &text);
	}
	buffer_free(&text);
	if (r == -ENOENT || r == -ESRCH)
		return -ESRCH;
	binder->has_uid = status.has_uid;
	binder->uid = status.uid;
	binder->may_bind_low = -1;
	/* A capability counts in the user namespace that owns the network, which only our own is
	 * known to do (ns_capable() in __inet_bind). */
	if (status.has_capabilities && same_user_namespace(asking))
		binder->may_bind_low = status.capabilities >> PROCESS_CAP_NET_BIND_SERVICE & 1;
	return r == -ENOMEM ? r : 0;
}

/* ---- Programs of the cgroup --------------------------------------------------------------------
 */

/* Where the cgroup (version 2) of the process is; false: not found. */
static bool find_cgroup(const struct asking *asking, char *ret_path, size_t size)
{
	static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	struct buffer text = {0};
	const char *found = NULL;
	bool is_there = false;

	if (!read_of_process(asking, "cgroup", &text) && text.data)
		found = strstr(text.data, "0::");
	for (size_t i = 0; found && !is_there && i < 2; i++) {
		char probe[64];

		(void)snprintf(probe, sizeof(probe), "%s/cgroup.controllers", mounts[i]);
		is_there = !access(probe, F_OK) &&
			snprintf(ret_path, size, "%s%.*s", mounts[i], (int)strcspn(found + 3, "\n"),
				found + 3) < (int)size;
	}
	buffer_free(&text);
	return is_there;
}

/* How many programs look at binds below a cgroup, its parents' among them; or an error. */
static int count_programs(int cgroup)
{
	static const enum bpf_attach_type kinds[] = {BPF_CGROUP_INET4_BIND, BPF_CGROUP_INET6_BIND,
		BPF_CGROUP_INET4_POST_BIND, BPF_CGROUP_INET6_POST_BIND};
	int count = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		union bpf_attr attr;

		memset(&attr, 0, sizeof(attr));
		attr.query.target_fd = (uint32_t)cgroup;
		attr.query.attach_type = kinds[i];
		attr.query.query_flags = BPF_F_QUERY_EFFECTIVE;
		if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 && errno != ENOSPC)
			return -errno;
		count += (int)attr.query.prog_cnt;
	}
	return count;
}

/* A system_fetch. */
static int fetch_programs(void *context, struct buffer *ret)
{
	char path[4096];
	int fd = find_cgroup(context, path, sizeof(path))
		? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
		: -1;
	int32_t count = fd < 0 ? -ENOENT : count_programs(fd);

	if (fd >= 0)
		close(fd);
	if (count >= 0)
		buffer_bytes(ret, &count, sizeof(count));
	return count < 0 ? count : ret->error;
}

static void ask_programs(struct asking *asking)
{
	struct buffer answer = {0};
	struct buffer text = {0};
	int32_t count = 0;
	int r = system_call(asking->system, "bind-programs.bin", fetch_programs, asking, &answer);

	if (!r && answer.len == sizeof(count))
		memcpy(&count, answer.data, sizeof(count));
	if (r == -EPERM || r == -EACCES)
		buffer_text(&text,
			"BPF programs of its cgroup, by which systemd's SocketBindDeny= works: "
			"needs "
			"CAP_NET_ADMIN");
	else if (count > 0)
		buffer_format(&text,
			"%d BPF program%s of its cgroup that decide%s on binds, as systemd's "
			"SocketBindDeny= does",
			(int)count, count == 1 ? "" : "s", count == 1 ? "s" : "");
	if (text.len)
		add(asking, &text);
	buffer_free(&text);
	buffer_free(&answer);
}

int sockets_binder(struct sockets_system *system, uint32_t pid, struct arena *arena,
	struct sockets_binder *ret_binder)
{
	struct asking asking = {.system = system,
		.arena = arena,
		.process = "self",
		.texts = arena_array(arena, HINDRANCES_MOST, sizeof(char *))};
	struct sockets_binder binder = {0};

	if (!asking.texts)
		return -ENOMEM;
	if (pid)
		(void)snprintf(asking.process, sizeof(asking.process), "%u", pid);
	int r = ask_process(&asking, &binder);
	if (r)
		return r;
	ask_modules(&asking);
	ask_programs(&asking);
	if (asking.error)
		return asking.error;
	binder.hindrances = asking.texts;
	binder.n_hindrances = asking.n_texts;
	*ret_binder = binder;
	return 0;
}
