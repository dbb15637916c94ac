/* SPDX-License-Identifier: MIT */
/* Complaints about files, kept until somebody asks for them. */
#ifndef BERTH_API_COMPLAINTS_H
#define BERTH_API_COMPLAINTS_H

#include <stddef.h>

#include "base/arena.h"

struct complaints {
	const char **all;
	size_t count;
	struct arena arena; /* the texts */
};

/* A claims_warn: keeps a copy. Without memory there is a complaint less, the smaller evil. */
void complaints_add(void *complaints, const char *text);

/* "path: what". */
void complaints_about(struct complaints *complaints, const char *path, const char *what);

void complaints_free(struct complaints *complaints);

#endif
