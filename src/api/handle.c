// SPDX-License-Identifier: MIT
/*
 * Opening and closing: which registry is used, which claims count, which machine is asked.
 */
#include "api/handle.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum {
	LARGEST_CLAIMS_FILE = 16 << 20,
	LARGEST_SERVICES_FILE = 4 << 20,
	LARGEST_ERROR = 512,
	LARGEST_COMPLAINT = 480, /* with the dots it fits into the above */
};

static _Thread_local char last_error[LARGEST_ERROR];

int handle_fail(int error, const char *format, ...)
{
	struct buffer complaint = {0};
	char *whole = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&whole, format, args) < 0)
		whole = NULL;
	va_end(args);
	/* What somebody typed can be long; the reason stands behind it. */
	if (whole)
		text_abridge(&complaint, whole, strlen(whole), LARGEST_COMPLAINT);
	(void)snprintf(last_error, sizeof(last_error), "%s",
		complaint.len ? buffer_string(&complaint) : strerror(-error));
	buffer_free(&complaint);
	free(whole);
	return error;
}

const char *berth_error(void)
{
	return last_error;
}

static void warn(void *context, const char *text)
{
	struct berth *berth = context;
	const char **more =
		realloc(berth->warnings, (berth->n_warnings + 1) * sizeof(*berth->warnings));

	if (!more)
		return; /* out of memory: a complaint less is the smaller evil */
	berth->warnings = more;
	const char *copy = arena_text(&berth->arena, text, strlen(text));
	if (copy)
		berth->warnings[berth->n_warnings++] = copy;
}

static void warn_about(struct berth *berth, const char *path, const char *what)
{
	struct buffer text = {0};

	buffer_format(&text, "%s: %s", path, what);
	warn(berth, buffer_string(&text));
	buffer_free(&text);
}

static void use_registry(struct berth *berth, const char *path)
{
	berth->registry = registry_builtin();
	berth->registry_origin = "built-in";
	if (!path)
		return;
	int r = registry_load(path, &berth->imported);
	if (r == -ENOENT)
		return;
	if (r < 0) {
		warn_about(berth, path,
			r == -EBADMSG ? "not a sound registry image, so the built-in copy is used; "
					"import it again with 'berth registry import'"
				      : strerror(-r));
		return;
	}
	berth->registry = berth->imported;
	berth->registry_origin = arena_text(&berth->arena, path, strlen(path));
}

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
static int list_claims_files(struct berth *berth, DIR *folder, char ***ret_names, size_t *ret_count)
{
	char **names = NULL;
	size_t count = 0;

	for (const struct dirent *entry; (entry = readdir(folder));) {
		if (!is_claims_file(entry->d_name))
			continue;
		char **more = realloc(names, (count + 1) * sizeof(*names));
		char *name = arena_text(&berth->arena, entry->d_name, strlen(entry->d_name));
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

static int add_claims_file(struct berth *berth, int dir_fd, const char *folder, const char *name)
{
	struct buffer path = {0};
	struct buffer bytes = {0};

	buffer_format(&path, "%s/%s", folder, name);
	int r = file_read(dir_fd, name, LARGEST_CLAIMS_FILE, &bytes);
	if (r < 0) {
		warn_about(berth, buffer_string(&path), strerror(-r));
		r = 0;
	} else {
		r = claims_add_tsv(&berth->local, buffer_string(&path), buffer_string(&bytes),
			bytes.len, warn, berth);
	}
	buffer_free(&bytes);
	buffer_free(&path);
	return r;
}

static int add_claims_folder(struct berth *berth, const char *path)
{
	char **names = NULL;
	size_t count = 0;
	DIR *folder = opendir(path);

	if (!folder) {
		if (errno != ENOENT && errno != ENOTDIR)
			warn_about(berth, path, strerror(errno));
		return 0;
	}
	int r = list_claims_files(berth, folder, &names, &count);
	for (size_t i = 0; !r && i < count; i++)
		r = add_claims_file(berth, dirfd(folder), path, names[i]);
	free(names);
	closedir(folder);
	return r;
}

static bool registry_knows(
	void *context, const char *service, uint16_t port, enum berth_proto transport)
{
	const struct berth *berth = context;
	const uint16_t *ids;
	size_t count = registry_at(berth->registry, port, &ids);

	for (size_t i = 0; i < count; i++) {
		struct berth_record record;

		registry_record(berth->registry, ids[i], &record);
		if (record.protos & BERTH_PROTO_BIT(transport) &&
			!text_compare_fold(record.name, service))
			return true;
	}
	return false;
}

static int add_services(struct berth *berth, const char *path)
{
	struct buffer bytes = {0};
	int r = file_read(AT_FDCWD, path, LARGEST_SERVICES_FILE, &bytes);

	if (r == -ENOENT) {
		r = 0;
	} else if (r < 0) {
		warn_about(berth, path, strerror(-r));
		r = 0;
	} else {
		r = claims_add_services(&berth->local, path, buffer_string(&bytes), bytes.len,
			registry_knows, berth, warn, berth);
	}
	buffer_free(&bytes);
	return r;
}

static int use_claims(struct berth *berth, const struct berth_options *options)
{
	int r = 0;

	berth->claims = claims_builtin();
	for (size_t i = 0; !r && options->claims_folders && options->claims_folders[i]; i++)
		r = add_claims_folder(berth, options->claims_folders[i]);
	if (!r && options->services_path)
		r = add_services(berth, options->services_path);
	if (!r && berth->local)
		r = claims_finish(berth->local);
	return r ? handle_fail(r, "claims: %s", strerror(-r)) : 0;
}

static int use_system(struct berth *berth, const char *replay)
{
	struct buffer problem = {0};
	berth->replay = replay != NULL;
	int r = replay ? sockets_system_replay(replay, &berth->system, &problem)
		       : sockets_system_live(&berth->system);

	if (r < 0)
		(void)handle_fail(r, "%s", problem.len ? problem.data : strerror(-r));
	buffer_free(&problem);
	return r;
}

/* Callers compiled against an older header have a shorter struct; what they lack is zero. */
static int copy_options(const struct berth_options *options, struct berth_options *ret_options)
{
	*ret_options = (struct berth_options){0};
	if (!options)
		return 0;
	if (options->size < sizeof(options->size) || options->size > sizeof(*options))
		return handle_fail(-EINVAL, "berth_options.size is %zu, at most %zu is known",
			options->size, sizeof(*options));
	memcpy(ret_options, options, options->size);
	return 0;
}

int berth_open(const struct berth_options *options, struct berth **ret_berth)
{
	struct berth_options wanted;
	int r = copy_options(options, &wanted);

	if (r < 0)
		return r;
	struct berth *berth = calloc(1, sizeof(*berth));
	if (!berth)
		return handle_fail(-ENOMEM, "out of memory");
	use_registry(berth, wanted.registry_path);
	r = use_claims(berth, &wanted);
	if (!r)
		r = use_system(berth, wanted.replay);
	if (r < 0) {
		berth_close(berth);
		return r;
	}
	*ret_berth = berth;
	return 0;
}

void berth_close(struct berth *berth)
{
	if (!berth)
		return;
	sockets_system_free(berth->system);
	claims_free(berth->local);
	registry_free(berth->imported);
	free(berth->warnings);
	arena_free(&berth->arena);
	free(berth);
}

size_t berth_warnings(const struct berth *berth, const char *const **ret_text)
{
	if (ret_text)
		*ret_text = berth->warnings;
	return berth->n_warnings;
}
