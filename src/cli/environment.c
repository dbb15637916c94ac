// SPDX-License-Identifier: MIT
/*
 * Reads the environment once. Folders follow the XDG Base Directory Specification 0.8: a variable
 * that is not set, empty or not an absolute path counts as not given.
 */
#include "cli/environment.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* $XDG/rest, or $HOME/fallback/rest; *ret_path stays NULL when neither is known. */
static int user_path(const char *xdg, const char *fallback, const char *rest, char **ret_path)
{
	struct buffer path = {0};
	const char *folder = variable(xdg);
	const char *home = variable("HOME");

	if (folder && *folder == '/')
		buffer_format(&path, "%s/%s", folder, rest);
	else if (home && *home == '/')
		buffer_format(&path, "%s/%s/%s", home, fallback, rest);
	if (path.error) {
		int error = path.error;

		buffer_free(&path);
		return error;
	}
	*ret_path = path.data; /* from malloc: ours to free */
	return 0;
}

/* The variables in the order in which POSIX looks at them for LC_CTYPE. */
static bool locale_is_utf8(void)
{
	const char *locale = variable("LC_ALL");

	if (!locale)
		locale = variable("LC_CTYPE");
	if (!locale)
		locale = variable("LANG");
	return locale && (text_find_fold(locale, "utf-8") || text_find_fold(locale, "utf8"));
}

static unsigned columns(void)
{
	const char *text = variable("COLUMNS");
	uint64_t value;

	if (!text || text_number(text, strlen(text), 10000, &value) < 0)
		return 0;
	return (unsigned)value;
}

/* BERTH_PAGER, PAGER, else less, which stays away (-F) when everything fits on the screen. Set but
 * empty, or "cat", means: no pager. */
static const char *pager(void)
{
	const char *command = getenv("BERTH_PAGER");

	if (!command)
		command = getenv("PAGER");
	if (!command)
		return "less -FRX";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

int environment_read(struct environment *ret_environment)
{
	struct environment environment = {0};
	const char *term = variable("TERM");
	int error;

	error = user_path(
		"XDG_DATA_HOME", ".local/share", "berth/registry.image", &environment.user_image);
	if (!error)
		error = user_path(
			"XDG_CONFIG_HOME", ".config", "berth/claims.d", &environment.user_claims);
	if (!error)
		error = user_path(
			"XDG_STATE_HOME", ".local/state", "berth", &environment.user_state);
	if (error) {
		environment_free(&environment);
		return error;
	}
	environment.runtime = variable("XDG_RUNTIME_DIR");
	if (environment.runtime && *environment.runtime != '/')
		environment.runtime = NULL;
	environment.pager = pager();
	environment.columns = columns();
	environment.no_colour = variable("NO_COLOR") != NULL;
	environment.dumb = !term || strcmp(term, "dumb") == 0;
	environment.utf8 = locale_is_utf8();
	*ret_environment = environment;
	return 0;
}

void environment_free(struct environment *environment)
{
	free(environment->user_image);
	free(environment->user_claims);
	free(environment->user_state);
	environment->user_image = NULL;
	environment->user_claims = NULL;
	environment->user_state = NULL;
}

const char *environment_image(const struct environment *environment)
{
	if (environment->user_image && access(environment->user_image, F_OK) == 0)
		return environment->user_image;
	if (access(ENVIRONMENT_SYSTEM_IMAGE, F_OK) == 0)
		return ENVIRONMENT_SYSTEM_IMAGE;
	return NULL;
}
