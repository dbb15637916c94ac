// SPDX-License-Identifier: MIT
/*
 * Makes recordings (docs/recording.md): takes a full snapshot with a tee on the seam, has the
 * answers scrubbed when asked to, and only then writes them, so that nothing that was scrubbed away
 * was ever on the disk.
 */
#include "sockets/linux/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/map.h"
#include "base/text.h"
#include "sockets/linux/process.h"
#include "sockets/linux/replay.h"
#include "sockets/linux/scrub.h"

enum {
	FIRST_ENTRIES = 256,
	FOLDER_MODE = 0700,
	FILE_MODE = 0600,
};

/* Errors that mean "is not there", which a recording says by not having it. */
static bool is_nothing(int error)
{
	return error == -ENOENT || error == -ESRCH || error == -ENOTDIR || error == -ENODATA ||
		error == -ERANGE;
}

static bool is_wanted(const struct system_answer *answer)
{
	struct system_netns netns;

	switch (answer->kind) {
	case SYSTEM_USER:
	case SYSTEM_INTERFACE:
		return !answer->error;
	case SYSTEM_LINK:
		/* Of descriptors, only these matter; other targets are names of files. */
		if (!answer->error && strstr(answer->path, "/fd/"))
			return process_parse_socket(answer->bytes) != 0 ||
				!system_netns_parse(answer->bytes, &netns);
		return !is_nothing(answer->error);
	case SYSTEM_FILE:
	case SYSTEM_FOLDER:
	case SYSTEM_NETLINK:
		break;
	}
	return !is_nothing(answer->error);
}

static struct record_entry *add(struct record *record)
{
	if (record->count == record->size) {
		size_t size = record->size ? record->size * 2 : FIRST_ENTRIES;
		struct record_entry *entries =
			realloc(record->entries, size * sizeof(*record->entries));

		if (!entries)
			return NULL;
		record->entries = entries;
		record->size = size;
	}
	struct record_entry *entry = record->entries + record->count;
	*entry = (struct record_entry){.path = "", .order = record->count};
	record->count++;
	return entry;
}

static const char *path_of(struct record *record, const struct system_answer *answer)
{
	struct buffer path = {0};

	if (!answer->path)
		return "";
	if (answer->netns)
		buffer_format(&path, "netns/%llu/", (unsigned long long)answer->netns);
	if (answer->kind == SYSTEM_NETLINK)
		buffer_text(&path, "netlink/");
	buffer_text(&path, answer->path + (*answer->path == '/'));
	const char *copy =
		path.error ? NULL : arena_text(&record->arena, buffer_string(&path), path.len);
	buffer_free(&path);
	return copy;
}

/* The tee. */
static void keep(void *context, const struct system_answer *answer)
{
	struct record *record = context;

	if (record->error || !is_wanted(answer))
		return;
	struct record_entry *entry = add(record);
	if (entry) {
		entry->kind = answer->kind;
		entry->netns = answer->kind == SYSTEM_INTERFACE ? answer->netns : 0;
		entry->number = answer->number;
		entry->error = answer->error;
		entry->len = answer->error ? 0 : answer->len;
		entry->path = path_of(record, answer);
		entry->bytes = arena_text(&record->arena, answer->bytes, entry->len);
	}
	if (!entry || !entry->path || !entry->bytes)
		record->error = -ENOMEM;
}

static bool is_name(const struct record_entry *entry)
{
	return entry->kind == SYSTEM_USER || entry->kind == SYSTEM_INTERFACE;
}

static int compare(const void *left, const void *right)
{
	const struct record_entry *a = left;
	const struct record_entry *b = right;

	/* Names first, each kind by number; the rest by path, whatever the kind. */
	if (is_name(a) != is_name(b))
		return is_name(a) ? -1 : 1;
	if (is_name(a) && a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->netns != b->netns)
		return a->netns < b->netns ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return strcmp(a->path, b->path);
}

static int compare_in_order(const void *left, const void *right)
{
	const struct record_entry *a = left;
	const struct record_entry *b = right;
	int r = compare(a, b);

	return r ? r : (a->order > b->order) - (a->order < b->order);
}

/* Sorts, and leaves of several answers to one question the last. */
static void tidy(struct record *record)
{
	size_t kept = 0;

	if (!record->count)
		return;
	qsort(record->entries, record->count, sizeof(*record->entries), compare_in_order);
	for (size_t i = 1; i < record->count; i++) {
		if (compare(record->entries + kept, record->entries + i) != 0)
			kept++;
		record->entries[kept] = record->entries[i];
	}
	record->count = kept + 1;
}

/* The number of the namespace that a link leads to, "net:[4026531840]"; 0: it is another link. */
static uint64_t namespace_of(const struct record_entry *entry)
{
	const char *bracket = strchr(entry->bytes, '[');
	uint64_t id = 0;

	if (entry->kind != SYSTEM_LINK || entry->error || !strstr(entry->path, "/ns/") ||
		!bracket || text_number(bracket + 1, strcspn(bracket + 1, "]"), UINT32_MAX, &id))
		return 0;
	return id;
}

/*
 * Of all processes that are in a namespace one is enough, the first that was asked: what has no
 * link reads as "is not there", and nothing more is to be found in it. Numbers of namespaces of all
 * kinds are out of one space.
 */
static int thin_namespaces(struct record *record)
{
	struct map first = {0};
	int r = 0;

	for (size_t i = 0; !r && i < record->count; i++) {
		struct record_entry *entry = record->entries + i;
		uint64_t id = namespace_of(entry);
		const struct record_entry *other = id ? map_get(&first, id) : NULL;

		if (id && (!other || entry->order < other->order))
			r = map_put(&first, id, entry);
	}
	for (size_t i = 0; !r && i < record->count; i++) {
		struct record_entry *entry = record->entries + i;
		uint64_t id = namespace_of(entry);

		entry->dropped = entry->dropped || (id && map_get(&first, id) != entry);
	}
	map_free(&first);
	return r;
}

/* Makes the folders above a path, all of them ours. */
static int make_folders(int folder, const char *path)
{
	char *copy = strdup(path);
	int r = copy ? 0 : -ENOMEM;

	for (char *slash = copy ? strchr(copy, '/') : NULL; slash && !r;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdirat(folder, copy, FOLDER_MODE) < 0 && errno != EEXIST)
			r = -errno;
		*slash = '/';
	}
	free(copy);
	return r;
}

static int write_file(int folder, const char *path, const char *bytes, size_t len)
{
	int r = make_folders(folder, path);

	if (r)
		return r;
	int fd = openat(
		folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0)
		return -errno;
	while (len && !r) {
		ssize_t put = write(fd, bytes, len);

		if (put >= 0) {
			bytes += put;
			len -= (size_t)put;
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	if (close(fd) < 0 && !r)
		r = -errno;
	return r;
}

static int write_link(int folder, const char *path, const char *target)
{
	int r = make_folders(folder, path);

	if (!r && symlinkat(target, folder, path) < 0)
		r = -errno;
	return r;
}

struct own_files {
	struct buffer users;
	struct buffer interfaces;
	struct buffer denied;
	struct buffer meta;
};

static int write_entry(int folder, const struct record_entry *entry, struct own_files *own)
{
	if (entry->dropped)
		return 0;
	if (entry->error) {
		buffer_format(
			&own->denied, "%s %s\n", replay_error_name(-entry->error), entry->path);
		return 0;
	}
	switch (entry->kind) {
	case SYSTEM_USER:
		buffer_format(&own->users, "%u %s\n", entry->number, entry->bytes);
		return 0;
	case SYSTEM_INTERFACE:
		if (entry->netns)
			buffer_format(&own->interfaces, "%llu/", (unsigned long long)entry->netns);
		buffer_format(&own->interfaces, "%u %s\n", entry->number, entry->bytes);
		return 0;
	case SYSTEM_LINK:
		return write_link(folder, entry->path, entry->bytes);
	case SYSTEM_FILE:
	case SYSTEM_NETLINK:
		return write_file(folder, entry->path, entry->bytes, entry->len);
	case SYSTEM_FOLDER:
		break;
	}
	return 0;
}

static int write_own(int folder, const char *name, const struct buffer *text)
{
	if (text->error)
		return text->error;
	return write_file(folder, name, buffer_string(text), text->len);
}

static int write_all(int folder, const struct record *record, const struct replay_meta *meta)
{
	struct own_files own = {0};
	int r = 0;

	for (size_t i = 0; !r && i < record->count; i++)
		r = write_entry(folder, record->entries + i, &own);
	if (!r)
		r = write_own(folder, "users", &own.users);
	if (!r)
		r = write_own(folder, "interfaces", &own.interfaces);
	if (!r)
		r = write_own(folder, "denied", &own.denied);
	/* Last: a folder without it is no recording, so half a recording is none. */
	replay_write_meta(&own.meta, meta);
	if (!r)
		r = write_own(folder, "recording", &own.meta);
	buffer_free(&own.users);
	buffer_free(&own.interfaces);
	buffer_free(&own.denied);
	buffer_free(&own.meta);
	return r;
}

static int is_entry(void *context, const char *name)
{
	(void)context, (void)name;
	return -EEXIST;
}

/* A new folder, or one that is there, empty and ours alone. */
static int make_folder(const char *path, int *ret_folder)
{
	const struct sockets_system live = {0};
	struct stat info;

	if (mkdir(path, FOLDER_MODE) < 0 && errno != EEXIST)
		return -errno;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	int r = fstat(folder, &info) < 0 ? -errno : 0;
	if (!r && info.st_uid != geteuid())
		r = -EPERM;
	if (!r && fchmod(folder, FOLDER_MODE) < 0)
		r = -errno;
	if (!r)
		r = system_folder(&live, path, is_entry, NULL);
	if (r)
		close(folder);
	else
		*ret_folder = folder;
	return r;
}

/* A sockets_bound_port: the tee has it. */
static void ignore(void *context, uint16_t port)
{
	(void)context, (void)port;
}

static int gather(struct sockets_system *system, struct record *record, struct buffer *ret_problem)
{
	const struct system_tee tee = {.answered = keep, .context = record};
	struct sockets_system recorded = *system;
	const struct berth_ask ask = {.size = sizeof(ask),
		.owners = true,
		.redirects = true,
		.details = true,
		.netns_ask = BERTH_ASK_ALL,
		.policies = true};
	struct sockets_snapshot *snapshot = NULL;
	struct sockets_addresses *addresses = NULL;

	recorded.tee = &tee;
	int r = sockets_snapshot(&recorded, &ask, &snapshot, ret_problem);
	if (!r && snapshot->policy.has_ephemeral) /* for berth ephemeral */
		(void)sockets_bound_ports(&recorded, &snapshot->policy.ephemeral, ignore, NULL);
	sockets_snapshot_free(snapshot);
	if (!r && !sockets_addresses(&recorded, &addresses)) /* for berth answers */
		sockets_addresses_free(addresses);
	if (!r)
		r = record->error;
	if (!r) {
		tidy(record);
		r = thin_namespaces(record);
	}
	return r;
}

int sockets_record(
	struct sockets_system *system, const char *path, bool scrub, struct buffer *ret_problem)
{
	const struct replay_meta meta = {
		.time_s = system_now_s(system),
		.clock_ticks = system_clock_ticks(system),
		.scrubbed = scrub,
	};
	struct record record = {0};
	int folder = -1;

	int r = make_folder(path, &folder);
	if (r) {
		buffer_format(ret_problem, "%s: %s", path,
			r == -EEXIST ? "the folder is not empty" : strerror(-r));
		return r;
	}
	size_t before = ret_problem->len;
	r = gather(system, &record, ret_problem);
	if (!r && scrub)
		r = scrub_record(system, &record);
	if (!r)
		r = write_all(folder, &record, &meta);
	if (r && ret_problem->len == before)
		buffer_format(ret_problem, "%s: %s", path, strerror(-r));
	close(folder);
	free(record.entries);
	arena_free(&record.arena);
	return r;
}
