// SPDX-License-Identifier: MIT
/*
 * The seam for files, links, folders and names. How netlink is spoken is in netlink.c; how a
 * recording is opened, and what it says of users and refusals, in replay.c.
 */
#include "sockets/linux/system.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <linux/magic.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "sockets/linux/cgroupfs.h"
#include "sockets/linux/netlink.h"
#include "sockets/linux/policy.h"
#include "sockets/linux/process.h"
#include "sockets/linux/replay.h"

enum {
	LARGEST_RELEASE = 256,
	LARGEST_STAT = 4 << 20, /* /proc/stat has a number for each interrupt */
};

int sockets_system_live(struct sockets_system **ret_system)
{
	struct sockets_system *system = calloc(1, sizeof(*system));

	if (!system)
		return -ENOMEM;
	system->kept = policy_kept_new();
	*ret_system = system;
	return 0;
}

int sockets_system_replay(
	const char *path, struct sockets_system **ret_system, struct buffer *ret_problem)
{
	struct sockets_system *system = calloc(1, sizeof(*system));

	if (!system)
		return -ENOMEM;
	int r = replay_open(path, &system->replay, ret_problem);
	if (r) {
		free(system);
		return r;
	}
	*ret_system = system;
	return 0;
}

void sockets_system_free(struct sockets_system *system)
{
	if (!system)
		return;
	replay_close(system->replay);
	policy_kept_free(system->kept);
	free(system);
}

enum {
	LARGEST_ANSWER = 256 << 20, /* of a recorded call */
};

static int open_at(const struct sockets_system *system, const char *path, int flags)
{
	flags |= O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	if (system->replay)
		return replay_open_path(system->replay, path, flags);
	int fd = openat(AT_FDCWD, path, flags); /* musl's open(3) makes two calls of it */
	return fd < 0 ? -errno : fd;
}

void system_tell(const struct sockets_system *system, const struct system_answer *answer)
{
	if (system->tee)
		system->tee->answered(system->tee->context, answer);
}

/* How an open file is read: file_read_open, file_read_setting. */
typedef int reading(int fd, size_t max, struct buffer *out);

static int read_whole(const struct sockets_system *system, const char *path, int flags,
	reading *read_open, size_t max, struct buffer *ret_contents)
{
	size_t before = ret_contents->len;
	char place[SYSTEM_PATH];
	int placed = system->netns ? system_netns_place(system, path, place) : 0;
	int fd = placed < 0 ? placed : open_at(system, placed ? place : path, O_RDONLY | flags);
	int r = fd;

	if (fd >= 0) {
		r = read_open(fd, max, ret_contents);
		close(fd);
	}
	if (r == -EFBIG)
		ret_contents->len = before + max;
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_FILE,
			.netns = placed ? system->netns->id : 0,
			.path = path,
			.error = r == -EFBIG ? 0 : r,
			.bytes = ret_contents->data ? ret_contents->data + before : "",
			.len = ret_contents->len - before});
	return r;
}

int system_file(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents)
{
	return read_whole(system, path, 0, file_read_open, max, ret_contents);
}

int system_setting(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents)
{
	return read_whole(system, path, 0, file_read_setting, max, ret_contents);
}

int system_file_unlinked(const struct sockets_system *system, const char *path, size_t max,
	struct buffer *ret_contents)
{
	return read_whole(system, path, O_NOFOLLOW, file_read_open, max, ret_contents);
}

void system_tell_file(
	const struct sockets_system *system, const char *path, const struct buffer *contents)
{
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_FILE,
			.path = path,
			.error = contents->error,
			.bytes = buffer_string(contents),
			.len = contents->len});
}

static ssize_t link_at(int folder, const char *name, char *ret_target, size_t size)
{
	ssize_t len = readlinkat(folder, name, ret_target, size - 1);

	if (len < 0)
		return -errno;
	ret_target[len] = '\0';
	return len;
}

/* Tells of a link, or of something that a recording calls one. Hands the length or error on. */
static ssize_t tell_link(
	const struct sockets_system *system, const char *path, const char *target, ssize_t len)
{
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_LINK,
			.path = path,
			.error = len < 0 ? (int)len : 0,
			.bytes = target,
			.len = len < 0 ? 0 : (size_t)len});
	return len;
}

/* The same of a text that its asker has whole: 0 or an error. */
static int tell_as_link(
	const struct sockets_system *system, const char *path, const char *target, int error)
{
	(void)tell_link(system, path, target, error ? error : (ssize_t)strlen(target));
	return error;
}

ssize_t system_link(
	const struct sockets_system *system, const char *path, char *ret_target, size_t size)
{
	ssize_t len = 0;

	if (system->replay) {
		const char *name = "";
		int folder = replay_open_parent(system->replay, path, &name);

		len = folder < 0 ? folder : link_at(folder, name, ret_target, size);
		if (folder >= 0)
			close(folder);
	} else {
		len = link_at(AT_FDCWD, path, ret_target, size);
	}
	return tell_link(system, path, ret_target, len);
}

ssize_t system_cgroup(const struct sockets_system *system, uint64_t id, char *ret_path, size_t size)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "/cgroup/%" PRIu64, id);
	if (system->replay)
		return system_link(system, name, ret_path, size);
	ssize_t len = cgroupfs_path(id, ret_path, size);
	return tell_link(system, name, ret_path, len);
}

bool system_exists(const struct sockets_system *system, const char *path)
{
	char target[SYSTEM_TARGET];

	/* readlink(2): EINVAL is the answer for what is there and no link. It needs no descriptor.
	 */
	return system_link(system, path, target, sizeof(target)) == -EINVAL;
}

static int open_folder(const struct sockets_system *system, const char *path)
{
	int folder = open_at(system, path, O_RDONLY | O_DIRECTORY);

	if (folder < 0)
		system_tell(system,
			&(struct system_answer){
				.kind = SYSTEM_FOLDER, .path = path, .error = folder});
	return folder;
}

int system_folder(
	const struct sockets_system *system, const char *path, system_entry *seen, void *context)
{
	int folder = open_folder(system, path);

	if (folder < 0)
		return folder;
	int r = file_each_entry(folder, seen, context);
	close(folder);
	if (!r && system->replay)
		r = replay_denied_entries(system->replay, path, seen, context);
	return r;
}

struct links {
	const struct sockets_system *system;
	const char *path;
	int folder;
	int denied; /* -EACCES or -EPERM when a link could not be read */
	system_linked *seen;
	void *context;
};

static void tell_entry(const struct links *links, const char *name, const char *target, ssize_t len)
{
	struct buffer path = {0};

	buffer_format(&path, "%s/%s", links->path, name);
	(void)tell_link(links->system, buffer_string(&path), target, path.error ? path.error : len);
	buffer_free(&path);
}

static int read_entry(void *context, const char *name)
{
	struct links *links = context;
	char target[SYSTEM_TARGET];
	ssize_t len = link_at(links->folder, name, target, sizeof(target));

	if (links->system->tee)
		tell_entry(links, name, target, len);
	if (len == -EACCES || len == -EPERM)
		links->denied = (int)len;
	return len < 0 ? 0 : links->seen(links->context, name, target);
}

int system_links(
	const struct sockets_system *system, const char *path, system_linked *seen, void *context)
{
	int folder = open_folder(system, path);

	if (folder < 0)
		return folder;
	struct links links = {
		.system = system, .path = path, .folder = folder, .seen = seen, .context = context};
	int r = file_each_entry(folder, read_entry, &links);
	close(folder);
	return r ? r : links.denied;
}

bool system_shares_table(const struct sockets_system *system, uint32_t thread, uint32_t other)
{
	return !system->replay && !syscall(SYS_kcmp, thread, other, KCMP_FILES, 0, 0);
}

/* While somebody records: hands chunks on and keeps a copy. */
struct kept_chunks {
	system_chunk *chunk;
	void *context;
	struct buffer all;
};

static int keep_chunk(void *context, const void *bytes, size_t len)
{
	struct kept_chunks *kept = context;

	buffer_bytes(&kept->all, bytes, len);
	return kept->chunk(kept->context, bytes, len);
}

static uint64_t netns_id(const struct sockets_system *system)
{
	return system->netns ? system->netns->id : 0;
}

static int ask(const struct sockets_system *system, int family, const char *name,
	const void *request, size_t len, system_wash *wash, system_chunk *chunk, void *context)
{
	if (system->without_netlink)
		return -EPROTONOSUPPORT;
	if (system->netns && !system->netns->inside)
		return -EPERM;
	if (system->replay)
		return replay_netlink(system->replay, netns_id(system), name, chunk, context);
	return netlink_ask(family, request, len, wash, chunk, context);
}

int system_ask_washed(const struct sockets_system *system, int family, const char *name,
	const void *request, size_t len, system_wash *wash, system_chunk *chunk, void *context)
{
	struct kept_chunks kept = {.chunk = chunk, .context = context};

	if (!system->tee)
		return ask(system, family, name, request, len, wash, chunk, context);
	int r = ask(system, family, name, request, len, wash, keep_chunk, &kept);
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_NETLINK,
			.netns = netns_id(system),
			.path = name,
			.error = kept.all.len ? 0 : r,
			.bytes = buffer_string(&kept.all),
			.len = kept.all.len});
	buffer_free(&kept.all);
	return r;
}

int system_ask(const struct sockets_system *system, int family, const char *name,
	const void *request, size_t len, system_chunk *chunk, void *context)
{
	return system_ask_washed(system, family, name, request, len, NULL, chunk, context);
}

int system_call(const struct sockets_system *system, const char *name, system_fetch *fetch,
	void *context, struct buffer *ret_answer)
{
	struct buffer path = {0};
	size_t before = ret_answer->len;

	buffer_format(&path, "/call/%s", name);
	if (path.error)
		return path.error;
	if (system->replay) {
		int r = system_file(system, path.data, LARGEST_ANSWER, ret_answer);

		buffer_free(&path);
		return r;
	}
	int r = fetch(context, ret_answer);
	if (r)
		ret_answer->len = before;
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_FILE,
			.path = path.data,
			.error = r,
			.bytes = ret_answer->data ? ret_answer->data + before : "",
			.len = ret_answer->len - before});
	buffer_free(&path);
	return r;
}

static int copy_name(const char *from, char *ret_name, size_t size)
{
	size_t len = strlen(from);

	if (len >= size)
		return -ERANGE;
	memcpy(ret_name, from, len + 1);
	return 0;
}

enum passwd_field {
	PASSWD_NAME,
	PASSWD_HOME
};

static int live_user(enum passwd_field field, uint32_t uid, char *ret_name, size_t size)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char texts[4096];
	int r = getpwuid_r(uid, &entry, texts, sizeof(texts), &found);

	if (r)
		return -r;
	if (!found)
		return -ENOENT;
	return copy_name(field == PASSWD_HOME ? found->pw_dir : found->pw_name, ret_name, size);
}

static int live_interface(uint32_t ifindex, char *ret_name, size_t size)
{
	char name[IF_NAMESIZE];

	return if_indextoname(ifindex, name) ? copy_name(name, ret_name, size) : -ENOENT;
}

static int tell_name(const struct sockets_system *system, enum system_kind kind, uint32_t number,
	const char *name, int error)
{
	system_tell(system,
		&(struct system_answer){.kind = kind,
			.netns = kind == SYSTEM_INTERFACE ? netns_id(system) : 0,
			.number = number,
			.error = error,
			.bytes = name,
			.len = error ? 0 : strlen(name)});
	return error;
}

int system_user(const struct sockets_system *system, uint32_t uid, char *ret_name, size_t size)
{
	int r = 0;

	if (system->replay) {
		const char *name = replay_user(system->replay, uid);

		r = name ? copy_name(name, ret_name, size) : -ENOENT;
	} else {
		r = live_user(PASSWD_NAME, uid, ret_name, size);
	}
	return tell_name(system, SYSTEM_USER, uid, ret_name, r);
}

int system_home(const struct sockets_system *system, uint32_t uid, char *ret_path, size_t size)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "/home-of/%u", uid);
	if (system->replay) {
		ssize_t len = system_link(system, name, ret_path, size);

		return len < 0 ? (int)len : 0;
	}
	int r = live_user(PASSWD_HOME, uid, ret_path, size);
	return tell_as_link(system, name, ret_path, r);
}

int system_namespace(
	const struct sockets_system *system, const char *path, char *ret_name, size_t size)
{
	struct stat about;
	struct statfs where;

	if (system->replay) {
		ssize_t len = system_link(system, path, ret_name, size);

		return len < 0 ? (int)len : 0;
	}
	int r = 0;
	if (statfs(path, &where) < 0 || fstatat(AT_FDCWD, path, &about, AT_NO_AUTOMOUNT) < 0)
		r = -errno;
	else if (where.f_type != NSFS_MAGIC)
		r = -EINVAL;
	else if (snprintf(ret_name, size, "net:[%llu]", (unsigned long long)about.st_ino) >=
		(int)size)
		r = -ERANGE;
	return tell_as_link(system, path, ret_name, r);
}

int system_interface(
	const struct sockets_system *system, uint32_t ifindex, char *ret_name, size_t size)
{
	int r = 0;

	if (system->replay) {
		const char *name = replay_interface(system->replay, netns_id(system), ifindex);

		r = name ? copy_name(name, ret_name, size) : -ENOENT;
	} else if (system->netns && !system->netns->inside) {
		r = -EPERM;
	} else {
		r = live_interface(ifindex, ret_name, size);
	}
	return tell_name(system, SYSTEM_INTERFACE, ifindex, ret_name, r);
}

int system_release(const struct sockets_system *system, struct buffer *ret_release)
{
	struct utsname names;

	/* A recording has the file; the call tells the same for less. */
	if (system->replay || system->tee)
		return system_file(
			system, "/proc/sys/kernel/osrelease", LARGEST_RELEASE, ret_release);
	if (uname(&names) < 0)
		return -errno;
	buffer_text(ret_release, names.release);
	return ret_release->error;
}

/* The "btime" of /proc/stat, which a recording has. */
static double recorded_boot_s(const struct sockets_system *system)
{
	struct buffer text = {0};
	uint64_t boot_s = 0;

	if (system_file(system, "/proc/stat", LARGEST_STAT, &text) || !text.data ||
		process_parse_boot_time(text.data, text.len, &boot_s))
		boot_s = 0;
	buffer_free(&text);
	return (double)boot_s;
}

double system_boot_s(const struct sockets_system *system)
{
	struct timespec now;
	struct timespec since_boot;

	if (system->replay || system->tee)
		return recorded_boot_s(system);
	/* What fs/proc/stat.c does for btime (getboottime64), without the counters of each CPU. */
	if (clock_gettime(CLOCK_REALTIME, &now) < 0 ||
		clock_gettime(CLOCK_BOOTTIME, &since_boot) < 0)
		return 0;
	return (double)(now.tv_sec - since_boot.tv_sec - (now.tv_nsec < since_boot.tv_nsec));
}

double system_now_s(const struct sockets_system *system)
{
	const double nanoseconds = 1e9;
	struct timespec now;

	if (system->replay)
		return replay_now_s(system->replay);
	if (clock_gettime(CLOCK_REALTIME, &now) < 0)
		return 0;
	return (double)now.tv_sec + (double)now.tv_nsec / nanoseconds;
}

unsigned system_clock_ticks(const struct sockets_system *system)
{
	const unsigned usual = 100; /* USER_HZ on every Linux of today but Alpha */

	if (system->replay)
		return replay_clock_ticks(system->replay);
	long ticks = sysconf(_SC_CLK_TCK);
	return ticks > 0 ? (unsigned)ticks : usual;
}
