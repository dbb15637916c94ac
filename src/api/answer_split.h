/* SPDX-License-Identifier: MIT */
/* Whether the two loopback addresses have unrelated servers, for the port report. */
#ifndef BERTH_API_ANSWER_SPLIT_H
#define BERTH_API_ANSWER_SPLIT_H

#include <berth.h>

#include "base/arena.h"

/*
 * From the sockets of a report that was not narrowed to an address: one sentence, or NULL when
 * there is no split. 0; -ENOMEM.
 */
int answer_split(const struct berth_report *report, struct arena *arena, const char **ret_sentence);

#endif
