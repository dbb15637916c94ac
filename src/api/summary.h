/* SPDX-License-Identifier: MIT */
/* The sentences of the verdict. */
#ifndef BERTH_API_SUMMARY_H
#define BERTH_API_SUMMARY_H

#include <berth.h>

#include "base/arena.h"

/* Fills in report->verdict from the rest of the report. Texts come from `arena`. 0; -ENOMEM. */
int summary_write(struct berth_report *report, struct arena *arena);

#endif
