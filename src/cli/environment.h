/* SPDX-License-Identifier: MIT */
/*
 * The places and wishes that the environment gives: XDG folders, files of the host, the pager. The
 * library reads none of it; what is used is handed to berth_open() by name.
 */
#ifndef BERTH_CLI_ENVIRONMENT_H
#define BERTH_CLI_ENVIRONMENT_H

#include <stdbool.h>

#define ENVIRONMENT_SYSTEM_IMAGE "/var/lib/berth/registry.image"
#define ENVIRONMENT_SYSTEM_CLAIMS "/etc/berth/claims.d"
#define ENVIRONMENT_SERVICES "/etc/services"

struct environment {
	char *user_image; /* where the user's registry image is or would be; NULL without a home */
	char *user_claims; /* the user's folder of claims; NULL without a home */
	char *user_state; /* what is remembered from one day to the next; NULL: not known */
	const char *runtime; /* $XDG_RUNTIME_DIR; NULL */
	const char *pager; /* a command line for the shell, or NULL */
	unsigned columns; /* $COLUMNS, or 0 */
	bool no_colour; /* NO_COLOR is set and not empty (no-color.org) */
	bool dumb; /* TERM is "dumb", or not set */
	bool utf8; /* the locale's characters are UTF-8 */
};

/* 0 or -ENOMEM. */
int environment_read(struct environment *ret_environment);
void environment_free(struct environment *environment);

/* The registry image to use: the user's, else the system's, else NULL. */
const char *environment_image(const struct environment *environment);

#endif
