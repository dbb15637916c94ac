/* SPDX-License-Identifier: MIT */
/* How a reader tells what it could not use: "file:line: what is wrong". */
#ifndef BERTH_CLAIMS_COMPLAIN_H
#define BERTH_CLAIMS_COMPLAIN_H

#include "claims/claims.h"
#include "claims/slice.h"

struct complain {
	const char *file;
	claims_warn *warn; /* NULL: nobody wants to know */
	void *context;
};

/*
 * Tells `what`, and the value it is about when that is short and plain enough to be shown as it is
 * (an empty slice: none). Line 0 stands for the whole file.
 */
void complain_at(const struct complain *to, size_t line, const char *what, struct slice value);

/* What is wrong with a line as bytes, before anybody looks at what it says; NULL when nothing. */
const char *complain_of_bytes(struct slice line);

#endif
