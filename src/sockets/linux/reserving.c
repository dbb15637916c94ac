// SPDX-License-Identifier: MIT
/*
 * The places of reserved ports: the kernel's list, berth's record of what it added, and its file
 * for the next boot. What is to stand there is decided by binding/reservations.c.
 *
 * The kernel's list is a bitmap (proc_do_large_bitmap, kernel/sysctl.c, Linux 6.18). A write at
 * offset 0 replaces it; one at any other offset adds to it, so that adding needs no reading first
 * and takes nothing from others. A write ends at the size of a page; we write less at once.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "sockets/linux/system.h"

enum {
	LARGEST = 1 << 19, /* of a list: the longest has 260 KB */
	MOST_AT_ONCE = 4000, /* bytes; a page has at least 4,096 */
	ADDING = 1, /* an offset at which the kernel adds */
	PATIENCE_MS = 5000,
	STEP_MS = 20,
	NAME_SIZE = 64,
	BOOT_SIZE = 64,
	FILE_MODE = 0644,
	LOCK_MODE = 0600,
	FOLDER_MODE = 0755,
};

static const char run_folder[] = "/run/berth";
static const char lock_name[] = "reserve.lock";

struct sockets_reserving {
	const struct sockets_system *system;
	int setting; /* open for writing; -1: only to be read */
	int lock; /* the lock, as long as it is open; -1 */
	char record[NAME_SIZE];
	char boot[BOOT_SIZE];
	int boots_here;
};

static int problem_with(struct buffer *ret_problem, const char *path, int error)
{
	buffer_format(ret_problem, "%s: %s", path, strerror(-error));
	return error;
}

/* ---- Folders --------------------------------------------------------------------------------- */

/* Nobody but root and us may be able to put something else there. */
static int open_folder(const char *path, struct buffer *ret_problem)
{
	struct stat info;
	/* /etc may be made of links to where it comes from; /run is ours. */
	int link = path == run_folder ? O_NOFOLLOW : 0;
	int fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | link);

	if (fd < 0)
		return -errno; /* the caller knows whether that is a problem */
	if (fstat(fd, &info) == 0 && (!info.st_uid || info.st_uid == geteuid()) &&
		!(info.st_mode & (S_IWGRP | S_IWOTH)))
		return fd;
	close(fd);
	buffer_format(ret_problem, "%s can be written by others, so nothing is kept there", path);
	return -EPERM;
}

static int make_and_open_folder(const char *path, struct buffer *ret_problem)
{
	if (mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
		return problem_with(ret_problem, path, -errno);
	int fd = open_folder(path, ret_problem);

	return fd < 0 && fd != -EPERM ? problem_with(ret_problem, path, fd) : fd;
}

static const char *folder_of(enum sockets_reserving_place place)
{
	return place == SOCKETS_RESERVING_RECORD ? run_folder : SOCKETS_RESERVING_FOLDER;
}

static const char *name_of(
	const struct sockets_reserving *reserving, enum sockets_reserving_place place)
{
	return place == SOCKETS_RESERVING_RECORD ? reserving->record : SOCKETS_RESERVING_FILE;
}

/* ---- The lock -------------------------------------------------------------------------------- */

/* Whoever has the lock writes down who it is, for those who wait in vain. */
static void say_who(int lock)
{
	char text[NAME_SIZE];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (len > 0 && !ftruncate(lock, 0)) {
		ssize_t written = pwrite(lock, text, (size_t)len, 0);

		(void)written; /* it is a kindness */
	}
}

static int busy(int lock, struct buffer *ret_problem)
{
	char text[NAME_SIZE];
	ssize_t got = pread(lock, text, sizeof(text), 0);
	const char *at = text;
	uint64_t pid = 0;
	size_t len = text_trim(&at, got > 0 ? (size_t)got : 0);

	buffer_format(ret_problem, "for %d seconds another berth has had %s/%s", PATIENCE_MS / 1000,
		run_folder, lock_name);
	if (!text_number(at, len, INT32_MAX, &pid))
		buffer_format(ret_problem, ", process %" PRIu64 "; is it stopped?", pid);
	return -EBUSY;
}

/* A process that is stopped keeps its lock for ever, so that waiting must have an end. */
static int take_lock(int folder, struct buffer *ret_problem)
{
	const struct timespec step = {.tv_nsec = STEP_MS * 1000000L};
	int lock = openat(folder, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		LOCK_MODE);
	int r = -EWOULDBLOCK;

	if (lock < 0)
		return problem_with(ret_problem, "/run/berth/reserve.lock", -errno);
	for (int waited = 0; r == -EWOULDBLOCK && waited <= PATIENCE_MS; waited += STEP_MS) {
		if (waited)
			(void)nanosleep(&step, NULL);
		r = flock(lock, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
		if (r == -EINTR)
			r = -EWOULDBLOCK;
	}
	if (!r) {
		say_who(lock);
		return lock;
	}
	r = r == -EWOULDBLOCK ? busy(lock, ret_problem)
			      : problem_with(ret_problem, "/run/berth/reserve.lock", r);
	close(lock);
	return r;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static int open_setting(struct buffer *ret_problem)
{
	int fd = openat(AT_FDCWD, SOCKETS_RESERVING_SETTING, O_RDWR | O_CLOEXEC | O_NOCTTY);
	int r = fd < 0 ? -errno : fd;

	if (r == -EACCES || r == -EPERM)
		buffer_text(ret_problem,
			"the kernel's list of reserved ports may be changed by root alone, or with "
			"CAP_NET_ADMIN; try it with sudo");
	else if (r == -EROFS)
		buffer_text(ret_problem,
			"/proc/sys is read-only here, as in most containers; reserve from outside, "
			"as docker run --sysctl net.ipv4.ip_local_reserved_ports=PORTS does");
	else if (r == -ENOENT)
		buffer_text(ret_problem, "this kernel has no list of reserved ports");
	else if (r < 0)
		return problem_with(ret_problem, SOCKETS_RESERVING_SETTING, r);
	return r == -ENOENT ? -ENOSYS : r;
}

/* A cookie is never used twice in a boot, unlike the number of an inode. */
static int name_record(struct sockets_reserving *reserving)
{
	const struct system_netns own = {.inside = true};
	const struct sockets_system here = {.netns = &own};
	uint64_t cookie = system_netns_cookie(&here); /* Linux 5.14 */
	struct stat info;

	if (!cookie && stat("/proc/self/ns/net", &info) < 0)
		return -errno;
	(void)snprintf(reserving->record, sizeof(reserving->record),
		cookie ? "reserved-%" PRIu64 : "reserved-inode-%" PRIu64,
		cookie ? cookie : (uint64_t)info.st_ino);
	return 0;
}

static int learn(struct sockets_reserving *reserving)
{
	char own[SYSTEM_TARGET];
	char first[SYSTEM_TARGET];
	struct buffer id = {0};
	const char *text = NULL;
	int r = system_file(reserving->system, "/proc/sys/kernel/random/boot_id", BOOT_SIZE, &id);

	if (!r)
		r = name_record(reserving);
	if (!r) {
		text = buffer_string(&id);
		size_t len = text_trim(&text, id.len);
		(void)snprintf(reserving->boot, sizeof(reserving->boot), "%.*s", (int)len, text);
	}
	buffer_free(&id);
	reserving->boots_here = -1;
	if (system_link(reserving->system, "/proc/self/ns/net", own, sizeof(own)) > 0 &&
		system_link(reserving->system, "/proc/1/ns/net", first, sizeof(first)) > 0)
		reserving->boots_here = !strcmp(own, first);
	return r;
}

int sockets_reserving_open(struct sockets_system *system, bool to_write,
	struct sockets_reserving **ret_reserving, struct buffer *ret_problem)
{
	struct sockets_reserving *reserving = NULL;
	int folder = -1;
	int r = -EROFS;

	if (system->replay) {
		buffer_text(ret_problem, "a recording has no ports to reserve");
		return r;
	}
	reserving = calloc(1, sizeof(*reserving));
	if (!reserving)
		return -ENOMEM;
	*reserving = (struct sockets_reserving){.system = system, .setting = -1, .lock = -1};
	r = learn(reserving);
	if (r < 0)
		(void)problem_with(ret_problem, "/proc", r);
	if (!r && to_write)
		r = reserving->setting = open_setting(ret_problem);
	if (r >= 0 && to_write)
		r = folder = make_and_open_folder(run_folder, ret_problem);
	if (r >= 0 && to_write)
		r = reserving->lock = take_lock(folder, ret_problem);
	if (folder >= 0)
		close(folder);
	if (r < 0) {
		sockets_reserving_close(reserving);
		return r;
	}
	*ret_reserving = reserving;
	return 0;
}

void sockets_reserving_close(struct sockets_reserving *reserving)
{
	if (!reserving)
		return;
	if (reserving->setting >= 0)
		close(reserving->setting);
	if (reserving->lock >= 0) {
		(void)!ftruncate(reserving->lock, 0); /* who had it does not matter any more */
		close(reserving->lock);
	}
	free(reserving);
}

const char *sockets_reserving_boot(const struct sockets_reserving *reserving)
{
	return reserving->boot;
}

int sockets_reserving_boots_here(const struct sockets_reserving *reserving)
{
	return reserving->boots_here;
}

/* ---- The kernel's list ----------------------------------------------------------------------- */

static int put(int setting, const char *text, size_t len, off_t offset)
{
	ssize_t written = pwrite(setting, text, len, offset);

	if (written < 0)
		return -errno;
	return (size_t)written == len ? 0 : -EIO;
}

/* In parts that end between two items. */
static int put_list(int setting, const char *list, off_t offset)
{
	size_t len = strlen(list);
	int r = 0;

	while (!r && len > MOST_AT_ONCE) {
		const char *comma = memrchr(list, ',', MOST_AT_ONCE);

		if (!comma)
			return -EINVAL;
		r = put(setting, list, (size_t)(comma - list), offset);
		len -= (size_t)(comma + 1 - list);
		list = comma + 1;
		offset = ADDING;
	}
	return r ? r : put(setting, len ? list : "\n", len ? len : 1, offset);
}

int sockets_reserving_add(const struct sockets_reserving *reserving, const char *list)
{
	return put_list(reserving->setting, list, ADDING);
}

/* ---- Reading and writing --------------------------------------------------------------------- */

int sockets_reserving_read(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, struct buffer *ret_text, struct buffer *ret_problem)
{
	if (place == SOCKETS_RESERVING_KERNEL) {
		int r = system_setting(
			reserving->system, SOCKETS_RESERVING_SETTING, LARGEST, ret_text);

		return r ? problem_with(ret_problem, SOCKETS_RESERVING_SETTING, r) : 0;
	}
	char path[2 * NAME_SIZE];
	(void)snprintf(path, sizeof(path), "%s/%s", folder_of(place), name_of(reserving, place));
	/* No link: what we read is what we would replace. */
	int r = system_file_unlinked(reserving->system, path, LARGEST, ret_text);
	if (r == -ENOTDIR)
		r = -ENOENT;
	return r && r != -ENOENT ? problem_with(ret_problem, path, r) : r;
}

int sockets_reserving_write(const struct sockets_reserving *reserving,
	enum sockets_reserving_place place, const char *text, struct buffer *ret_problem)
{
	const char *name = name_of(reserving, place);
	int r = 0;

	if (place == SOCKETS_RESERVING_KERNEL) {
		r = put_list(reserving->setting, text, 0);
		return r ? problem_with(ret_problem, SOCKETS_RESERVING_SETTING, r) : 0;
	}
	int folder = make_and_open_folder(folder_of(place), ret_problem);
	if (folder < 0)
		return folder;
	if (text)
		r = file_replace(folder, name, FILE_MODE, text, strlen(text));
	else if (unlinkat(folder, name, 0) < 0 && errno != ENOENT)
		r = -errno;
	close(folder);
	if (r)
		buffer_format(ret_problem, "%s/%s: %s", folder_of(place), name, strerror(-r));
	return r;
}

/* ---- Files of others ------------------------------------------------------------------------- */

struct search {
	const struct sockets_reserving *reserving;
	const char *folder;
	sockets_reserving_file *seen;
	void *context;
};

static int read_other(const struct search *search, const char *path, const char *name)
{
	struct buffer text = {0};
	int r = 0;

	/* What may not be read, nobody can weigh; sysctl(8) passes over it too. */
	if (!system_file(search->reserving->system, path, LARGEST, &text) && text.len)
		r = search->seen(search->context, path, name, &text);
	buffer_free(&text);
	return r;
}

/* A system_entry. */
static int in_folder(void *context, const char *name)
{
	const struct search *search = context;
	static const char ending[] = ".conf";
	size_t len = strlen(name);
	char *path = NULL;

	if (len < sizeof(ending) || strcmp(name + len + 1 - sizeof(ending), ending) != 0 ||
		!strcmp(name, SOCKETS_RESERVING_FILE))
		return 0;
	if (asprintf(&path, "%s/%s", search->folder, name) < 0)
		return -ENOMEM;
	int r = read_other(search, path, name);
	free(path);
	return r;
}

int sockets_reserving_others(
	const struct sockets_reserving *reserving, sockets_reserving_file *seen, void *context)
{
	/* sysctl.d(5); sysctl(8) of procps-ng has /usr/local too, and /etc/sysctl.conf last. */
	static const char *const folders[] = {SOCKETS_RESERVING_FOLDER, "/run/sysctl.d",
		"/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d"};
	struct search search = {.reserving = reserving, .seen = seen, .context = context};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < sizeof(folders) / sizeof(*folders); i++) {
		search.folder = folders[i];
		r = system_folder(reserving->system, folders[i], in_folder, &search);
		if (r == -ENOENT || r == -EACCES || r == -ENOTDIR)
			r = 0;
	}
	return r < 0 ? r : read_other(&search, "/etc/sysctl.conf", "sysctl.conf");
}
