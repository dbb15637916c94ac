// SPDX-License-Identifier: MIT
/*
 * Opening and closing: which registry is used and which machine is asked. Which claims of this site
 * and host count is in local.c.
 */
#include "api/handle.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
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
		complaints_about(&berth->complaints, path,
			r == -EBADMSG ? "not a sound registry image, so the built-in copy is used; "
					"import it again with 'berth registry import'"
				      : strerror(-r));
		return;
	}
	berth->registry = berth->imported;
	berth->registry_origin = arena_text(&berth->arena, path, strlen(path));
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

static int keep(struct berth *berth, const char *path, const char **ret_path)
{
	*ret_path = path ? arena_text(&berth->arena, path, strlen(path)) : NULL;
	return path && !*ret_path ? handle_fail(-ENOMEM, "out of memory") : 0;
}

static int use_folders(struct berth *berth, const struct berth_options *options)
{
	int r = keep(berth, options->runtime_folder, &berth->runtime_folder);

	return r ? r : keep(berth, options->state_folder, &berth->state_folder);
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
	berth->claims = claims_builtin();
	r = local_new(berth->registry, &wanted, &berth->complaints, &berth->local);
	if (r)
		(void)handle_fail(r, "out of memory");
	if (!r)
		r = use_folders(berth, &wanted);
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
	local_free(berth->local);
	registry_free(berth->imported);
	complaints_free(&berth->complaints);
	arena_free(&berth->arena);
	free(berth);
}

size_t berth_warnings(const struct berth *berth, const char *const **ret_text)
{
	if (ret_text)
		*ret_text = berth->complaints.all;
	return berth->complaints.count;
}

void berth_registry_info(const struct berth *berth, struct berth_registry_info *ret_info)
{
	registry_info(berth->registry, ret_info);
	ret_info->origin = berth->registry_origin;
}
