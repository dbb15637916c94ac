/* SPDX-License-Identifier: MIT */
/* The rules of a snapshot, in the form in which the judge of answers takes them. */
#ifndef BERTH_API_ANSWER_REDIRECTS_H
#define BERTH_API_ANSWER_REDIRECTS_H

#include <berth.h>

#include "base/arena.h"
#include "binding/answers.h"

struct answer_redirects {
	struct answers_redirect *all;
	const char **texts; /* one for each, in words */
	size_t count;
};

/*
 * Those that surely catch: a rule with a condition that berth does not understand, and a program
 * that chooses by itself, may or may not, and are left out. 0; -ENOMEM.
 */
int answer_redirects(const struct berth_snapshot *snapshot, struct arena *arena,
	struct answer_redirects *ret_redirects);

#endif
