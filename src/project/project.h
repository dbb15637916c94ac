/* SPDX-License-Identifier: MIT */
/*
 * What the files of a project say of ports: berth.toml, compose files, units of systemd, .env, and
 * plain lists. Each becomes wishes, one for every port that the file names; whether they can be had
 * is not judged here.
 */
#ifndef BERTH_PROJECT_PROJECT_H
#define BERTH_PROJECT_PROJECT_H

#include <berth.h>

#include "base/arena.h"
#include "base/buffer.h"

struct project {
	struct arena arena; /* holds everything */
	struct berth_wish *wishes; /* in the order of files and lines */
	size_t n_wishes;
	size_t size;
	struct berth_port_range range; /* of berth.toml; 0, 0: none */
	const struct project_setting *settings; /* of "${NAME}" in compose files */
	size_t n_settings;
};

/* A variable that compose files may refer to. */
struct project_setting {
	const char *name;
	const char *value;
};

/* What kind of file it is, by its name alone (the part behind the last slash). */
enum berth_wish_kind project_kind(const char *path);

/*
 * Reads one file's bytes and adds its wishes. What is not understood but could be a port becomes a
 * wish with a `problem`. 0; -EBADMSG: it cannot be read as its kind at all, *ret_problem (appended
 * to) says "LINE: why"; -ENOMEM.
 */
int project_read(struct project *project, enum berth_wish_kind kind, const char *file,
	const char *text, size_t len, struct buffer *ret_problem);

/* Adds a copy of a wish whose texts are in the arena. 0; -ENOMEM; -E2BIG: more than 4,096. */
int project_add(struct project *project, const struct berth_wish *wish);

void project_free(struct project *project);

/* ---- For the readers of one kind of file each ------------------------------------------------ */

/* Each as project_read(). */
int manifest_read(struct project *project, const char *file, const char *text, size_t len,
	struct buffer *ret_problem);
int compose_read(struct project *project, const char *file, const char *text, size_t len,
	struct buffer *ret_problem);
int env_file_read(struct project *project, const char *file, const char *text, size_t len);
int unit_file_read(struct project *project, enum berth_wish_kind kind, const char *file,
	const char *text, size_t len);
int port_list_read(struct project *project, const char *file, const char *text, size_t len);

#endif
