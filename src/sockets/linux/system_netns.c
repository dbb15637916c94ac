// SPDX-License-Identifier: MIT
/*
 * The seam for network namespaces: what tells one from another, how a thread goes into one, and
 * where a file is that each has of its own. Which there are is found out in netns.c.
 *
 * Whoever may not read /proc/PID/ns/net may still look at /proc/PID/net/tcp, and its inode tells
 * namespaces apart as well: each has its own entry (proc_net_init in fs/proc/proc_net.c), numbered
 * from the same counter as the namespaces themselves (proc_alloc_inum).
 */
#include "sockets/linux/system.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "sockets/linux/replay.h"

static const char by_inode[] = "net:[";
static const char by_table[] = "table:[";

static bool parse_number(const char *text, const char *prefix, uint64_t *ret_number)
{
	size_t len = strlen(text);
	size_t first = strlen(prefix);

	return len > first && !strncmp(text, prefix, first) && text[len - 1] == ']' &&
		!text_number(text + first, len - first - 1, UINT32_MAX, ret_number) && *ret_number;
}

int system_netns_parse(const char *text, struct system_netns *ret_netns)
{
	uint64_t number = 0;
	bool is_table = parse_number(text, by_table, &number);

	if (!is_table && !parse_number(text, by_inode, &number))
		return -EINVAL;
	*ret_netns = (struct system_netns){.id = number, .is_table = is_table};
	return 0;
}

static void tell_netns(const struct sockets_system *system, const char *path, int error,
	const struct system_netns *netns)
{
	char text[SYSTEM_TARGET] = "";

	if (!system->tee)
		return;
	if (!error)
		(void)snprintf(text, sizeof(text), "%s%llu]", netns->is_table ? by_table : by_inode,
			(unsigned long long)netns->id);
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_LINK,
			.path = path,
			.error = error,
			.bytes = text,
			.len = strlen(text)});
}

static int replay_link(
	const struct sockets_system *system, const char *path, struct system_netns *ret_netns)
{
	char target[SYSTEM_TARGET];
	ssize_t len = system_link(system, path, target, sizeof(target));

	return len < 0 ? (int)len : system_netns_parse(target, ret_netns);
}

/* Of a process that we may not look into: the inode of its table. */
static int look_at_table(const char *path, struct system_netns *ret_netns)
{
	char table[SYSTEM_PATH];
	struct stat info;

	if (snprintf(table, sizeof(table), "%s/net/tcp", path) >= (int)sizeof(table))
		return -ENAMETOOLONG;
	if (stat(table, &info) < 0)
		return -errno;
	*ret_netns = (struct system_netns){.id = info.st_ino, .is_table = true};
	return 0;
}

int system_netns_of(
	const struct sockets_system *system, const char *path, struct system_netns *ret_netns)
{
	char link[SYSTEM_PATH];
	char target[SYSTEM_TARGET];

	if (snprintf(link, sizeof(link), "%s/ns/net", path) >= (int)sizeof(link))
		return -ENAMETOOLONG;
	if (system->replay)
		return replay_link(system, link, ret_netns);
	ssize_t len = readlink(link, target, sizeof(target) - 1);
	int r = len < 0 ? -errno : 0;
	if (!r) {
		target[len] = '\0';
		r = system_netns_parse(target, ret_netns);
	} else if ((r == -EACCES || r == -EPERM) && !look_at_table(path, ret_netns)) {
		r = 0;
	}
	tell_netns(system, link, r, ret_netns);
	return r;
}

static int look_at_file(int fd, struct system_netns *ret_netns)
{
	struct stat info;

	/* NS_GET_NSTYPE (4.11): whatever is no namespace does not know the question. */
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET)
		return -EINVAL;
	if (fstat(fd, &info) < 0)
		return -errno;
	*ret_netns = (struct system_netns){.id = info.st_ino};
	return 0;
}

static int open_netns(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	return fd < 0 ? -errno : fd;
}

int system_netns_at(
	const struct sockets_system *system, const char *path, struct system_netns *ret_netns)
{
	if (system->replay)
		return replay_link(system, path, ret_netns);
	int fd = open_netns(path);
	int r = fd < 0 ? fd : look_at_file(fd, ret_netns);

	if (fd >= 0)
		close(fd);
	/* What is no namespace is not berth's matter, and so no recording's. */
	if (r != -EINVAL)
		tell_netns(system, path, r, ret_netns);
	return r;
}

static int enter(const char *path, const struct system_netns *netns)
{
	struct system_netns there = {0};
	int fd = open_netns(path);
	int r = fd < 0 ? fd : look_at_file(fd, &there);

	/* A process id or a name may be another's by now. */
	if (!r && (netns->is_table || there.id != netns->id))
		r = -ENOENT;
	if (!r && setns(fd, CLONE_NEWNET) < 0)
		r = -errno;
	if (fd >= 0)
		close(fd);
	return r;
}

/* Only the recording knows whether somebody could go in. */
static int replay_enter(const struct sockets_system *system, const struct system_netns *netns)
{
	char path[SYSTEM_PATH];

	(void)snprintf(path, sizeof(path), "/netns/%llu/enter", (unsigned long long)netns->id);
	int fd = replay_open_path(system->replay, path, O_PATH);
	if (fd >= 0)
		close(fd);
	return fd >= 0 || fd == -ENOENT ? 0 : fd;
}

int system_netns_enter(
	const struct sockets_system *system, const char *path, const struct system_netns *netns)
{
	int r = system->replay ? replay_enter(system, netns) : enter(path, netns);

	if (r)
		system_tell(system,
			&(struct system_answer){.kind = SYSTEM_FOLDER,
				.netns = netns->id,
				.path = "/enter",
				.error = r});
	return r;
}

static uint64_t live_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t size = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* SO_NETNS_COOKIE: 5.14, of any socket. */
	if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0)
		cookie = 0;
	if (fd >= 0)
		close(fd);
	return cookie;
}

/* A number that was told by tell_number(). */
static uint64_t replay_number(
	const struct sockets_system *system, const struct system_netns *netns, const char *name)
{
	char path[SYSTEM_PATH];
	struct buffer text = {0};
	uint64_t number = 0;

	(void)snprintf(path, sizeof(path), "/netns/%llu%s", (unsigned long long)netns->id, name);
	if (!system_file(system, path, SYSTEM_TARGET, &text) && text.data &&
		text_number(text.data, text.len, UINT64_MAX, &number))
		number = 0;
	buffer_free(&text);
	return number;
}

static void tell_number(const struct sockets_system *system, const struct system_netns *netns,
	const char *name, uint64_t number)
{
	char text[SYSTEM_TARGET];

	if (!system->tee || !number)
		return;
	int len = snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	system_tell(system,
		&(struct system_answer){.kind = SYSTEM_FILE,
			.netns = netns->id,
			.path = name,
			.bytes = text,
			.len = (size_t)len});
}

uint64_t system_netns_cookie(const struct sockets_system *system)
{
	static const char name[] = "/cookie";

	if (!system->netns->inside)
		return 0;
	if (system->replay)
		return replay_number(system, system->netns, name);
	uint64_t cookie = live_cookie();
	tell_number(system, system->netns, name, cookie);
	return cookie;
}

uint64_t system_netns_table(const struct sockets_system *system, const struct system_netns *netns)
{
	static const char name[] = "/table";
	struct system_netns table = {0};
	char process[SYSTEM_PATH];

	if (system->replay)
		return replay_number(system, netns, name);
	(void)snprintf(process, sizeof(process), "/proc/%u", netns->pid);
	if (!netns->pid || look_at_table(process, &table))
		return 0;
	tell_number(system, netns, name, table.id);
	return table.id;
}

static bool starts(const char *path, const char *folder)
{
	return !strncmp(path, folder, strlen(folder));
}

int system_netns_place(
	const struct sockets_system *system, const char *path, char ret_place[SYSTEM_PATH])
{
	static const char tables[] = "/proc/net/";
	static const char controls[] = "/proc/sys/net/"; /* as the thread sees them */
	const struct system_netns *netns = system->netns;
	const char *name = path + sizeof(tables) - 1;
	int len = 0;

	if (!starts(path, tables) && !starts(path, controls))
		return 0;
	if (system->replay)
		len = snprintf(ret_place, SYSTEM_PATH, "/netns/%llu%s",
			(unsigned long long)netns->id, path);
	else if (starts(path, controls))
		len = netns->inside ? snprintf(ret_place, SYSTEM_PATH, "%s", path) : -1;
	else if (netns->inside)
		len = snprintf(ret_place, SYSTEM_PATH, "/proc/thread-self/net/%s", name);
	else if (netns->pid)
		len = snprintf(ret_place, SYSTEM_PATH, "/proc/%u/net/%s", netns->pid, name);
	else
		len = -1;
	return len < 0 || len >= SYSTEM_PATH ? -EACCES : 1;
}
