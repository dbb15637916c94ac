// SPDX-License-Identifier: MIT
/*
 * Files and folders. What others own is only read, and only when it is what it should be: a regular
 * file of the folder's owner with one name, small, not reached by a link.
 */
#include "leases/ledger.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
	NAME = 48, /* "0123456789abcdef-65535", and of a temporary file a little more */
	FOLDER_TRIES = 16,
};

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* ---- Folders --------------------------------------------------------------------------------- */

/* A folder that others cannot put things into: of this user, or sticky and root's. */
static int check_folder(int fd, uint32_t uid, bool may_be_sticky)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	bool others_write = status.st_mode & (S_IWGRP | S_IWOTH);

	if (status.st_uid != uid || (others_write && !(may_be_sticky && status.st_mode & S_ISVTX)))
		return -EPERM;
	return 0;
}

static int open_checked(int at, const char *path, uint32_t uid, bool may_be_sticky)
{
	int fd = openat(at, path, folder_flags);
	int r = fd < 0 ? -errno : check_folder(fd, uid, may_be_sticky);

	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}

/* As tmpfiles.d would. The mode is set after it, since umask(2) would take some of it. */
static int make_shared(void)
{
	int r = file_make_folder("/run/berth", 0755);

	if (!r && mkdir(LEDGER_SHARED, 0755) < 0 && errno != EEXIST)
		r = -errno;
	int fd = r ? r : open_checked(AT_FDCWD, LEDGER_SHARED, 0, true);
	if (fd >= 0 && fchmod(fd, 01777) < 0) {
		close(fd);
		fd = -errno;
	}
	return fd;
}

static int open_private(const char *runtime_folder, uint32_t uid)
{
	struct buffer path = {0};
	int fd = -ENOENT;

	if (!runtime_folder)
		return fd;
	buffer_format(&path, "%s/berth/leases", runtime_folder);
	if (!path.error)
		fd = file_make_folder(buffer_string(&path), 0700);
	if (!fd)
		fd = open_checked(AT_FDCWD, buffer_string(&path), uid, false);
	buffer_free(&path);
	return fd;
}

/* "1000", or "1000-…" where somebody had taken that: no other folder of a user counts. */
static bool is_named_after(const char *name, uint32_t uid)
{
	char number[NAME];
	int len = snprintf(number, sizeof(number), "%" PRIu32, uid);

	return !strncmp(name, number, (size_t)len) && (!name[len] || name[len] == '-');
}

/* Calls `use` with each folder of a user that belongs to whom it should. What it returned. */
static int each_user(const struct ledger *ledger,
	int (*use)(void *context, int folder, uint32_t uid), void *context)
{
	int copy = openat(ledger->folder, ".", folder_flags);
	DIR *all = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry = NULL;
	int r = 0;

	if (!all) {
		if (copy >= 0)
			close(copy);
		return 0;
	}
	while (!r && (entry = readdir(all)) != NULL) {
		struct stat status;

		if (entry->d_name[0] == '.')
			continue;
		int folder = openat(ledger->folder, entry->d_name, folder_flags);
		if (folder < 0)
			continue;
		if (!fstat(folder, &status) && is_named_after(entry->d_name, status.st_uid) &&
			!check_folder(folder, status.st_uid, false))
			r = use(context, folder, status.st_uid);
		close(folder);
	}
	closedir(all);
	return r;
}

struct search {
	uint32_t uid;
	int found;
};

static int is_ours(void *context, int folder, uint32_t uid)
{
	struct search *search = context;

	if (uid != search->uid)
		return 0;
	search->found = fcntl(folder, F_DUPFD_CLOEXEC, 0);
	return 1;
}

/* Ours is mostly named by our number; when somebody took the name, by that and a suffix. */
static int open_own(struct ledger *ledger, bool make)
{
	struct search search = {.uid = ledger->uid, .found = -1};
	char name[NAME];

	if (ledger->own >= 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%" PRIu32, ledger->uid);
	ledger->own = open_checked(ledger->folder, name, ledger->uid, false);
	if (ledger->own < 0 && each_user(ledger, is_ours, &search))
		ledger->own = search.found;
	bool there = ledger->own >= 0;
	for (unsigned i = 0; make && ledger->own < 0 && i < FOLDER_TRIES; i++) {
		if (i)
			(void)snprintf(name, sizeof(name), "%" PRIu32 "-%u-%ld", ledger->uid, i,
				(long)getpid());
		if (!mkdirat(ledger->folder, name, 0755))
			ledger->own = open_checked(ledger->folder, name, ledger->uid, false);
		else if (errno != EEXIST)
			return -errno;
	}
	/* Whatever umask(2) took: others must be able to read what they must not take. */
	if (!there && ledger->own >= 0)
		(void)fchmod(ledger->own, 0755);
	return ledger->own < 0 ? -ENOENT : 0;
}

int ledger_open(const char *runtime_folder, struct ledger *ret_ledger)
{
	struct ledger ledger = {.own = -1, .uid = geteuid(), .shared = true};

	ledger.folder = open_checked(AT_FDCWD, LEDGER_SHARED, 0, true);
	if (ledger.folder < 0 && !ledger.uid)
		ledger.folder = make_shared();
	if (ledger.folder < 0) {
		int why_not = ledger.folder;

		ledger.shared = false;
		ledger.folder = open_private(runtime_folder, ledger.uid);
		if (ledger.folder == -ENOENT)
			ledger.folder = why_not;
	}
	if (ledger.folder < 0)
		return ledger.folder;
	*ret_ledger = ledger;
	return 0;
}

void ledger_close(struct ledger *ledger)
{
	if (ledger->folder >= 0)
		close(ledger->folder);
	if (ledger->own >= 0)
		close(ledger->own);
	ledger->folder = ledger->own = -1;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void name_of(char ret_name[NAME], uint64_t netns, uint16_t port)
{
	(void)snprintf(ret_name, NAME, "%" PRIx64 "-%u", netns, (unsigned)port);
}

struct reading {
	ledger_seen *seen;
	void *context;
	uint64_t netns; /* of one port */
	uint16_t port;
};

/* 0: it is told, as a lease or as damaged; or it is not there, or not to be read. */
static int read_one(
	const struct reading *reading, int folder, const char *name, uint32_t uid, unsigned *count)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct buffer text = {0};
	struct entry entry;
	struct stat status;
	int r = 0;

	if (fd < 0)
		return 0;
	bool proper = !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
		status.st_uid == uid;
	if (proper && ++*count <= LEDGER_USER_MOST) {
		char expected[NAME];

		r = file_read_open(fd, ENTRY_LARGEST, &text);
		bool good = !r && !entry_read(text.data ? text.data : "", text.len, &entry);
		if (good)
			name_of(expected, entry.netns, entry.port);
		good = good && !strcmp(expected, name);
		r = r == -ENOMEM ? r : reading->seen(reading->context, good ? &entry : NULL, uid);
		buffer_free(&text);
	}
	close(fd);
	return r;
}

/* More than anybody may have: nothing of it counts, or one user could take all ports. */
static bool is_flooded(int folder)
{
	int copy = openat(folder, ".", folder_flags);
	DIR *all = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry = NULL;
	unsigned count = 0;

	if (!all) {
		if (copy >= 0)
			close(copy);
		return false;
	}
	/* Temporary files of those that were killed count for nothing. */
	while (count <= LEDGER_USER_MOST && (entry = readdir(all)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(all);
	return count > LEDGER_USER_MOST;
}

static int read_port(void *context, int folder, uint32_t uid)
{
	const struct reading *reading = context;
	unsigned count = 0;
	char name[NAME];

	name_of(name, reading->netns, reading->port);
	if (faccessat(folder, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 || is_flooded(folder))
		return 0;
	return read_one(reading, folder, name, uid, &count);
}

static int read_user(void *context, int folder, uint32_t uid)
{
	const struct reading *reading = context;
	int copy = openat(folder, ".", folder_flags);
	DIR *all = copy < 0 ? NULL : fdopendir(copy);
	const struct dirent *entry = NULL;
	unsigned count = 0;
	int r = 0;

	if (!all || is_flooded(folder)) {
		if (all)
			closedir(all);
		else if (copy >= 0)
			close(copy);
		return 0;
	}
	while (!r && count <= LEDGER_USER_MOST && (entry = readdir(all)) != NULL) {
		if (entry->d_name[0] != '.')
			r = read_one(reading, folder, entry->d_name, uid, &count);
	}
	closedir(all);
	return r;
}

int ledger_of_port(const struct ledger *ledger, uint64_t netns, uint16_t port, ledger_seen *seen,
	void *context)
{
	struct reading reading = {.seen = seen, .context = context, .netns = netns, .port = port};

	return each_user(ledger, read_port, &reading);
}

int ledger_each(const struct ledger *ledger, ledger_seen *seen, void *context)
{
	struct reading reading = {.seen = seen, .context = context};

	return each_user(ledger, read_user, &reading);
}

int ledger_own(struct ledger *ledger, ledger_seen *seen, void *context)
{
	struct reading reading = {.seen = seen, .context = context};

	return open_own(ledger, false) ? 0 : read_user(&reading, ledger->own, ledger->uid);
}

static int count_one(void *context, const struct entry *entry, uint32_t uid)
{
	unsigned *count = context;

	(void)entry, (void)uid;
	++*count;
	return 0;
}

/* Old files of ours that nobody needs count too: whoever lists them takes them out. */
static int check_room(const struct ledger *ledger, const char *name)
{
	unsigned count = 0;
	struct reading reading = {.seen = count_one, .context = &count};

	if (!faccessat(ledger->own, name, F_OK, AT_SYMLINK_NOFOLLOW))
		return 0;
	(void)read_user(&reading, ledger->own, ledger->uid);
	return count < LEDGER_USER_MOST ? 0 : -EDQUOT;
}

int ledger_put(struct ledger *ledger, const struct entry *entry)
{
	struct buffer text = {0};
	char name[NAME];
	char temporary[NAME + 16];
	int r = open_own(ledger, true);

	if (r)
		return r;
	name_of(name, entry->netns, entry->port);
	r = check_room(ledger, name);
	if (r)
		return r;
	entry_write(entry, &text);
	(void)snprintf(temporary, sizeof(temporary), ".%s.%ld", name, (long)getpid());
	(void)unlinkat(ledger->own, temporary, 0); /* of a process with our pid that was killed */
	int fd = openat(
		ledger->own, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	r = fd < 0 ? -errno : text.error;
	if (!r && fchmod(fd, 0644) < 0) /* whatever umask(2) took */
		r = -errno;
	if (!r)
		r = file_write(fd, text.data, text.len);
	if (fd >= 0)
		close(fd);
	if (!r && renameat(ledger->own, temporary, ledger->own, name) < 0)
		r = -errno;
	if (r && fd >= 0)
		(void)unlinkat(ledger->own, temporary, 0);
	buffer_free(&text);
	return r;
}

int ledger_drop(struct ledger *ledger, uint64_t netns, uint16_t port)
{
	char name[NAME];
	int r = open_own(ledger, false);

	if (r)
		return r == -ENOENT ? 0 : r;
	name_of(name, netns, port);
	return unlinkat(ledger->own, name, 0) < 0 && errno != ENOENT ? -errno : 0;
}
