// SPDX-License-Identifier: MIT
/*
 * Folders and links. Every path is one name below a descriptor that was opened without following a
 * link and whose owner was checked, so what somebody else puts there leads nowhere.
 */
#include "leases/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

enum {
	FOLDER_NAME = 24, /* "4294967295-4294967295" */
	FOLDER_TRIES = 16,
	FOLDERS_MOST = 16, /* of one user; whose name was taken by somebody else has another one */
	KEY = 16, /* digits of the key, and of the id behind it */
	KEY_AND_ID = 2 * KEY + 1,
	ANY_NAME = 256, /* NAME_MAX and its NUL: of what is no note */
	MS_PER_S = 1000,
	NS_PER_MS = 1000000,
};

static const int folder_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/* ---- Opening --------------------------------------------------------------------------------- */

/* A folder that others cannot put things into: of this user, or sticky and root's. */
static int check_folder(int fd, uint32_t uid, bool may_be_sticky, uint64_t *ret_inode)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	bool others_write = status.st_mode & (S_IWGRP | S_IWOTH);

	if (status.st_uid != uid || (others_write && !(may_be_sticky && status.st_mode & S_ISVTX)))
		return -EPERM;
	*ret_inode = status.st_ino;
	return 0;
}

static int open_noting(
	int at, const char *path, uint32_t uid, bool may_be_sticky, uint64_t *ret_inode)
{
	int fd = openat(at, path, folder_flags);
	int r = fd < 0 ? -errno : check_folder(fd, uid, may_be_sticky, ret_inode);

	if (r && fd >= 0)
		close(fd);
	return r ? r : fd;
}

static int open_checked(int at, const char *path, uint32_t uid, bool may_be_sticky)
{
	uint64_t inode = 0;

	return open_noting(at, path, uid, may_be_sticky, &inode);
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

static int open_private(const char *runtime_folder, uint32_t uid, bool make)
{
	struct buffer path = {0};
	int fd = -ENOENT;

	if (!runtime_folder)
		return fd;
	buffer_format(&path, "%s/berth/leases", runtime_folder);
	fd = path.error;
	if (!fd && make)
		fd = file_make_folder(buffer_string(&path), 0700);
	if (!fd)
		fd = open_checked(AT_FDCWD, buffer_string(&path), uid, false);
	buffer_free(&path);
	return fd;
}

static int open_ledger(const char *runtime_folder, bool make, struct ledger *ret_ledger)
{
	struct ledger ledger = {.own = -1, .uid = geteuid(), .shared = true};

	ledger.folder = open_checked(AT_FDCWD, LEDGER_SHARED, 0, true);
	if (ledger.folder < 0 && !ledger.uid && make)
		ledger.folder = make_shared();
	if (ledger.folder < 0) {
		int why_not = ledger.folder;

		ledger.shared = false;
		ledger.folder = open_private(runtime_folder, ledger.uid, make);
		if (ledger.folder == -ENOENT)
			ledger.folder = why_not;
	}
	if (ledger.folder < 0)
		return ledger.folder;
	*ret_ledger = ledger;
	return 0;
}

int ledger_open(const char *runtime_folder, struct ledger *ret_ledger)
{
	return open_ledger(runtime_folder, true, ret_ledger);
}

int ledger_find(const char *runtime_folder, struct ledger *ret_ledger)
{
	return open_ledger(runtime_folder, false, ret_ledger);
}

void ledger_close(struct ledger *ledger)
{
	if (ledger->folder >= 0)
		close(ledger->folder);
	if (ledger->own >= 0)
		close(ledger->own);
	ledger->folder = ledger->own = -1;
}

/* ---- Folders of users ------------------------------------------------------------------------ */

/* "1000", or "1000-N" for whose first name somebody else took. -EBADMSG: nobody's. */
static int parse_folder(const char *name, uint32_t *ret_uid)
{
	const char *dash = strchr(name, '-');
	size_t len = dash ? (size_t)(dash - name) : strlen(name);
	uint64_t uid = 0;
	uint64_t number = 0;

	if (text_number(name, len, UINT32_MAX, &uid) || (len > 1 && *name == '0') ||
		(dash && text_number(dash + 1, strlen(dash + 1), UINT32_MAX, &number)))
		return -EBADMSG;
	*ret_uid = (uint32_t)uid;
	return 0;
}

struct folder {
	char name[FOLDER_NAME];
	uint32_t uid;
	uint64_t inode;
	unsigned notes; /* in it, also those that were not asked for */
};

/* A name that was found, and where. */
struct found {
	char name[ANY_NAME];
	uint64_t id; /* in the name; 0: it is damaged */
	size_t folder;
};

struct search {
	const struct ledger *ledger;
	const struct ledger_look *look;
	struct folder *folders;
	size_t n_folders;
	size_t size_folders;
	size_t at; /* the folder that is read */
	struct found *found;
	size_t n_found;
	size_t size_found;
	char start[ENTRY_PLACE_NAME]; /* with which names begin that are looked for */
	char key[KEY + 1]; /* and what stands before their last KEY + 1 bytes */
};

/* Room for one element more; the array or NULL. */
static void *grow(void *array, size_t count, size_t *size, size_t element)
{
	enum {
		FIRST = 16
	};

	if (count < *size)
		return array;
	size_t more = *size ? *size * 2 : FIRST;
	void *larger = reallocarray(array, more, element);
	if (larger)
		*size = more;
	return larger;
}

/* Calls `seen` for each name in a folder, which may be read several times by one descriptor. */
static int each_name(int fd, struct search *search, file_entry *seen)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? -errno : file_each_entry(fd, seen, search);
}

static unsigned folders_of(const struct search *search, uint32_t uid)
{
	unsigned count = 0;

	for (size_t i = 0; i < search->n_folders; i++)
		count += search->folders[i].uid == uid;
	return count;
}

static int add_folder(struct search *search, const char *name, uint32_t uid, uint64_t inode)
{
	struct folder *folders = grow(search->folders, search->n_folders, &search->size_folders,
		sizeof(*search->folders));

	if (!folders)
		return -ENOMEM;
	search->folders = folders;
	struct folder *folder = &search->folders[search->n_folders++];
	*folder = (struct folder){.uid = uid, .inode = inode};
	(void)snprintf(folder->name, sizeof(folder->name), "%s", name);
	return 0;
}

/* Who takes the names of others must not be able to hide them behind a crowd of folders: one that
 * is not of whom its name says does not count. */
static int see_folder(void *context, const char *name)
{
	struct search *search = context;
	struct stat status;
	uint32_t uid = 0;

	if (strlen(name) >= FOLDER_NAME || parse_folder(name, &uid) ||
		(search->look->own && uid != search->ledger->uid) ||
		fstatat(search->ledger->folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(status.st_mode) || status.st_uid != uid ||
		folders_of(search, uid) >= FOLDERS_MOST)
		return 0;
	return add_folder(search, name, uid, status.st_ino);
}

/* The ledger was opened for this question alone, so its place in the folder is nobody else's. */
static int find_folders(struct search *search)
{
	return each_name(search->ledger->folder, search, see_folder);
}

/* To be given back by close_of(): ours may be open already. */
static int open_of(const struct search *search, size_t folder)
{
	const struct ledger *ledger = search->ledger;
	const struct folder *of = &search->folders[folder];

	if (ledger->own >= 0 && of->uid == ledger->uid && of->inode == ledger->own_inode)
		return ledger->own;
	return open_checked(ledger->folder, of->name, of->uid, false);
}

static void close_of(const struct search *search, int fd)
{
	if (fd >= 0 && fd != search->ledger->own)
		close(fd);
}

static int open_as_own(struct ledger *ledger, const char *name)
{
	ledger->own = open_noting(ledger->folder, name, ledger->uid, false, &ledger->own_inode);
	return ledger->own;
}

/* Ours is mostly named by our number; when somebody took the name, by that and another. */
static int open_own(struct ledger *ledger, bool make)
{
	const struct ledger_look look = {.own = true};
	struct search search = {.ledger = ledger, .look = &look};
	char name[FOLDER_NAME];
	uint32_t chance = 0;

	if (ledger->own >= 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%" PRIu32, ledger->uid);
	if (open_as_own(ledger, name) < 0 && !find_folders(&search)) {
		for (size_t i = 0; i < search.n_folders && ledger->own < 0; i++)
			(void)open_as_own(ledger, search.folders[i].name);
	}
	free(search.folders);
	for (unsigned i = 0; make && ledger->own < 0 && i < FOLDER_TRIES; i++) {
		if (i && getrandom(&chance, sizeof(chance), 0) == (ssize_t)sizeof(chance))
			(void)snprintf(
				name, sizeof(name), "%" PRIu32 "-%" PRIu32, ledger->uid, chance);
		if (mkdirat(ledger->folder, name, 0755) < 0 && errno != EEXIST)
			return -errno;
		/* Whatever umask(2) took: others must see what they must not take. */
		if (open_as_own(ledger, name) >= 0)
			(void)fchmod(ledger->own, 0755);
	}
	return ledger->own < 0 ? -ENOENT : 0;
}

/* ---- Names ----------------------------------------------------------------------------------- */

static void name_of(const struct entry *entry, char ret_name[ENTRY_PLACE_NAME])
{
	const struct entry_place place = {.netns = entry->netns,
		.port = entry->port,
		.key = entry_key(entry),
		.id = entry->id};

	entry_write_name(&place, ret_name);
}

/* Most names can be passed over without being understood. */
static void prepare(struct search *search)
{
	const struct ledger_look *look = search->look;

	if (look->netns && look->port)
		(void)snprintf(search->start, sizeof(search->start), "%" PRIx64 "-%u-", look->netns,
			(unsigned)look->port);
	else if (look->netns)
		(void)snprintf(search->start, sizeof(search->start), "%" PRIx64 "-", look->netns);
	if (look->key)
		(void)snprintf(search->key, sizeof(search->key), "%016" PRIx64, look->key);
}

static bool is_looked_for(const struct search *search, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(name, search->start, strlen(search->start)) &&
		(!search->look->key ||
			(len > KEY_AND_ID && !memcmp(name + len - KEY_AND_ID, search->key, KEY)));
}

static int see_note(void *context, const char *name)
{
	struct search *search = context;
	struct entry_place place = {0};

	if (*name == '.')
		return 0;
	search->folders[search->at].notes++;
	if (!is_looked_for(search, name) && !search->look->sweep)
		return 0;
	/* What is no name of a note is damaged, and stands for no port. */
	bool sound = !entry_read_name(name, &place);
	if (sound ? !is_looked_for(search, name) || place.id == search->look->but
		  : !search->look->sweep)
		return 0;
	struct found *found =
		grow(search->found, search->n_found, &search->size_found, sizeof(*search->found));
	if (!found)
		return -ENOMEM;
	search->found = found;
	found += search->n_found++;
	*found = (struct found){.folder = search->at, .id = place.id};
	(void)snprintf(found->name, sizeof(found->name), "%s", name);
	return 0;
}

static int look_into(struct search *search, size_t folder)
{
	int fd = open_of(search, folder);

	/* Gone meanwhile, or hidden by its user, who is not covered then. */
	if (fd == -ENOENT || fd == -EACCES || fd == -EPERM || fd == -ENOTDIR || fd == -ELOOP)
		return 0;
	search->at = folder;
	int r = fd < 0 ? fd : each_name(fd, search, see_note);
	close_of(search, fd);
	return r;
}

static unsigned notes_of(const struct search *search, uint32_t uid)
{
	unsigned count = 0;

	for (size_t i = 0; i < search->n_folders; i++)
		count += search->folders[i].uid == uid ? search->folders[i].notes : 0;
	return count;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/*
 * A note is renewed by one system call too: its end is the link's time of change. So that it cannot
 * be confused with a time that the file system put there, it is counted backwards from 1970; one
 * second before that and nothing stands for no end.
 */
static int64_t end_of(const struct stat *status, int64_t ends_ms)
{
	if (status->st_mtim.tv_sec >= 0)
		return ends_ms;
	return ((int64_t)-status->st_mtim.tv_sec - 1) * MS_PER_S +
		status->st_mtim.tv_nsec / NS_PER_MS;
}

/* 0; -ENOENT: it is gone; -EBADMSG: it is damaged, or in the folder by a hard link of somebody. */
static int read_link(int folder, uint32_t uid, const struct found *found, struct entry *ret_entry)
{
	char text[ENTRY_LARGEST];
	char name[ENTRY_PLACE_NAME];
	struct entry entry;
	struct stat status;
	ssize_t len = readlinkat(folder, found->name, text, sizeof(text));

	if (len < 0 || fstatat(folder, found->name, &status, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOENT : -EBADMSG;
	if (status.st_uid != uid || entry_read(text, (size_t)len, &entry))
		return -EBADMSG;
	entry.id = found->id;
	entry.ends_ms = end_of(&status, entry.ends_ms);
	name_of(&entry, name);
	if (strcmp(name, found->name) != 0)
		return -EBADMSG;
	*ret_entry = entry;
	return 0;
}

static int read_found(
	const struct search *search, const struct found *found, ledger_seen *seen, void *context)
{
	uint32_t uid = search->folders[found->folder].uid;
	struct entry entry;
	int fd = open_of(search, found->folder);

	if (fd < 0)
		return fd == -EMFILE || fd == -ENFILE || fd == -ENOMEM ? fd : 0;
	int r = read_link(fd, uid, found, &entry);
	if (r == -EBADMSG && search->look->sweep && uid == search->ledger->uid)
		(void)unlinkat(fd, found->name, 0);
	close_of(search, fd);
	if (r == -ENOENT)
		return 0;
	return seen(context, r ? NULL : &entry, uid);
}

/* Ours, if there is one: which is open then. */
static int find_near(struct search *search, struct ledger *ledger)
{
	int r = open_own(ledger, false);

	if (r)
		return r == -ENOENT ? 0 : r;
	return add_folder(search, "", ledger->uid, ledger->own_inode); /* open_of() has it open */
}

int ledger_each(struct ledger *ledger, const struct ledger_look *look, ledger_seen *seen,
	void *context, unsigned *ret_ours)
{
	struct search search = {.ledger = ledger, .look = look};

	prepare(&search);
	int r = look->near ? find_near(&search, ledger) : find_folders(&search);

	for (size_t i = 0; !r && i < search.n_folders; i++)
		r = look_into(&search, i);
	if (!r && ret_ours)
		*ret_ours = notes_of(&search, ledger->uid);
	for (size_t i = 0; !r && i < search.n_found; i++) {
		uint32_t uid = search.folders[search.found[i].folder].uid;

		/* One who has more than anybody may have could otherwise take all ports. Ours are
		 * read all the same: we need to know of them to remove them. */
		if (uid == ledger->uid || notes_of(&search, uid) <= LEDGER_USER_MOST)
			r = read_found(&search, &search.found[i], seen, context);
	}
	free(search.folders);
	free(search.found);
	return r;
}

/* ---- Writing --------------------------------------------------------------------------------- */

int ledger_put(struct ledger *ledger, struct entry *entry)
{
	struct buffer text = {0};
	char name[ENTRY_PLACE_NAME];
	int r = open_own(ledger, true);

	if (r)
		return r;
	if (getrandom(&entry->id, sizeof(entry->id), 0) != (ssize_t)sizeof(entry->id))
		return -EIO;
	name_of(entry, name);
	entry_write(entry, &text);
	r = text.error;
	if (!r && symlinkat(text.data, ledger->own, name) < 0)
		r = -errno;
	buffer_free(&text);
	return r;
}

/* Does something to a note of ours, in whichever of our folders it is. -ENOENT: in none. */
static int change(struct ledger *ledger, const struct entry *entry,
	int (*use)(int folder, const char *name, const void *context), const void *context)
{
	const struct ledger_look look = {.own = true};
	struct search search = {.ledger = ledger, .look = &look};
	char name[ENTRY_PLACE_NAME];
	int r = open_own(ledger, false);

	name_of(entry, name);
	if (!r)
		r = use(ledger->own, name, context);
	if (r == -ENOENT && !find_folders(&search)) {
		for (size_t i = 0; i < search.n_folders && r == -ENOENT; i++) {
			int fd = open_of(&search, i);

			if (fd < 0)
				continue;
			r = use(fd, name, context);
			close_of(&search, fd);
		}
	}
	free(search.folders);
	return r;
}

static int remove_note(int folder, const char *name, const void *context)
{
	(void)context;
	return unlinkat(folder, name, 0) < 0 ? -errno : 0;
}

int ledger_drop(struct ledger *ledger, const struct entry *entry)
{
	int r = change(ledger, entry, remove_note, NULL);

	return r == -ENOENT ? 0 : r;
}

static int set_time(int folder, const char *name, const void *context)
{
	return utimensat(folder, name, context, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

int ledger_renew(struct ledger *ledger, const struct entry *entry, int64_t ends_ms)
{
	const struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
		{.tv_sec = (time_t)(-1 - ends_ms / MS_PER_S),
			.tv_nsec = (long)(ends_ms % MS_PER_S * NS_PER_MS)}};

	return change(ledger, entry, set_time, times);
}
