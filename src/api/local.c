// SPDX-License-Identifier: MIT
/*
 * Reads local claims. There is one store of them: once it is settled it does not change any more,
 * so that readers need no lock.
 */
#include "api/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum {
	LARGEST_CLAIMS_FILE = 16 << 20,
	LARGEST_SERVICES_FILE = 4 << 20,
};

struct local {
	const struct registry *registry;
	pthread_mutex_t lock; /* guards all below until it is settled */
	bool settled; /* everything was read */
	struct claims *claims; /* NULL when there are none */
	char *services_path; /* NULL: none */
	bool has_services; /* the bytes below were read */
	struct buffer services;
	struct complaints *complaints;
	struct arena arena;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_claims_file(const char *name)
{
	size_t len = strlen(name);

	return name[0] != '.' && len > 4 && !strcmp(name + len - 4, ".tsv");
}

/* Names of the claims files in a folder, sorted so that ids do not depend on the file system. */
static int list_claims_files(struct local *local, DIR *folder, char ***ret_names, size_t *ret_count)
{
	char **names = NULL;
	size_t count = 0;

	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (!is_claims_file(entry->d_name))
			continue;
		char **more = realloc(names, (count + 1) * sizeof(*names));
		char *name = arena_text(&local->arena, entry->d_name, strlen(entry->d_name));
		if (more)
			names = more;
		if (!more || !name) {
			free(names);
			return -ENOMEM;
		}
		names[count++] = name;
	}
	if (count)
		qsort(names, count, sizeof(*names), compare_names);
	*ret_names = names;
	*ret_count = count;
	return 0;
}

static int add_claims_file(struct local *local, int dir_fd, const char *folder, const char *name)
{
	struct buffer path = {0};
	struct buffer bytes = {0};

	buffer_format(&path, "%s/%s", folder, name);
	int r = file_read(dir_fd, name, LARGEST_CLAIMS_FILE, &bytes);
	if (r < 0) {
		complaints_about(local->complaints, buffer_string(&path), strerror(-r));
		r = 0;
	} else {
		r = claims_add_tsv(&local->claims, buffer_string(&path), buffer_string(&bytes),
			bytes.len, complaints_add, local->complaints);
	}
	buffer_free(&bytes);
	buffer_free(&path);
	return r;
}

static int add_claims_folder(struct local *local, const char *path)
{
	char **names = NULL;
	size_t count = 0;
	DIR *folder = opendir(path);

	if (!folder) {
		if (errno != ENOENT && errno != ENOTDIR)
			complaints_about(local->complaints, path, strerror(errno));
		return 0;
	}
	int r = list_claims_files(local, folder, &names, &count);
	for (size_t i = 0; !r && i < count; i++)
		r = add_claims_file(local, dirfd(folder), path, names[i]);
	free(names);
	closedir(folder);
	return r;
}

static bool registry_knows(
	void *context, const char *service, uint16_t port, enum berth_proto transport)
{
	const struct local *local = context;
	const uint16_t *ids;
	size_t count = registry_at(local->registry, port, &ids);

	for (size_t i = 0; i < count; i++) {
		struct berth_record record;

		registry_record(local->registry, ids[i], &record);
		if (record.protos & BERTH_PROTO_BIT(transport) &&
			!text_compare_fold(record.name, service))
			return true;
	}
	return false;
}

/* The file as it is; one that is not there says nothing. */
static int read_services(struct local *local)
{
	if (local->has_services || !local->services_path)
		return 0;
	int r = file_read(AT_FDCWD, local->services_path, LARGEST_SERVICES_FILE, &local->services);
	if (r == -ENOMEM)
		return r;
	if (r < 0) {
		if (r != -ENOENT)
			complaints_about(local->complaints, local->services_path, strerror(-r));
		buffer_clear(&local->services);
	}
	local->has_services = true;
	return 0;
}

/* Whether " PORT/" stands somewhere in the services file, as it does in every line about it. */
static bool mentions(const struct buffer *services, uint16_t port)
{
	char wanted[16];
	const char *at = buffer_string(services);
	const char *end = at + services->len;
	size_t len = (size_t)snprintf(wanted, sizeof(wanted), "%u", port);

	while ((at = memchr(at, '/', (size_t)(end - at)))) {
		size_t before = (size_t)(at - services->data);

		/* Zeros may stand before a number: 080/tcp. */
		if (before > len && !memcmp(at - len, wanted, len) &&
			strchr(" \t0", at[-1 - (ptrdiff_t)len]))
			return true;
		at++;
	}
	return false;
}

static int settle(struct local *local)
{
	int r = read_services(local);

	if (!r && local->services.len)
		r = claims_add_services(&local->claims, local->services_path, local->services.data,
			local->services.len, registry_knows, local, complaints_add,
			local->complaints);
	if (!r && local->claims)
		r = claims_finish(local->claims);
	if (!r)
		buffer_free(&local->services);
	local->settled = !r;
	return r;
}

static int read_folders(struct local *local, const char *const *folders)
{
	int r = 0;

	for (size_t i = 0; !r && folders && folders[i]; i++)
		r = add_claims_folder(local, folders[i]);
	/* A range of a claim can cover any port. */
	return r || !local->claims ? r : settle(local);
}

int local_new(const struct registry *registry, const struct berth_options *options,
	struct complaints *complaints, struct local **ret_local)
{
	struct local *local = calloc(1, sizeof(*local));
	int r = local ? 0 : -ENOMEM;

	if (r)
		return r;
	(void)pthread_mutex_init(&local->lock, NULL);
	local->registry = registry;
	local->complaints = complaints;
	if (options->services_path) {
		local->services_path = strdup(options->services_path);
		r = local->services_path ? 0 : -ENOMEM;
	}
	if (!r)
		r = read_folders(local, options->claims_folders);
	if (r) {
		local_free(local);
		return r;
	}
	*ret_local = local;
	return 0;
}

void local_free(struct local *local)
{
	if (!local)
		return;
	(void)pthread_mutex_destroy(&local->lock);
	claims_free(local->claims);
	free(local->services_path);
	buffer_free(&local->services);
	arena_free(&local->arena);
	free(local);
}

int local_all(struct local *local, const struct claims **ret_claims)
{
	(void)pthread_mutex_lock(&local->lock);
	int r = local->settled ? 0 : settle(local);
	if (!r)
		*ret_claims = local->claims;
	(void)pthread_mutex_unlock(&local->lock);
	return r;
}

int local_at(struct local *local, uint16_t port, const struct claims **ret_claims)
{
	(void)pthread_mutex_lock(&local->lock);
	int r = local->settled ? 0 : read_services(local);
	if (!r && !local->settled && mentions(&local->services, port))
		r = settle(local);
	if (!r)
		*ret_claims = local->settled ? local->claims : NULL;
	(void)pthread_mutex_unlock(&local->lock);
	return r;
}
