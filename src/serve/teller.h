/* SPDX-License-Identifier: MIT */
/* The process that looks at the machine: takes the front's questions one after the other. */
#ifndef BERTH_SERVE_TELLER_H
#define BERTH_SERVE_TELLER_H

#include "serve/serve.h"
#include "serve/wire.h"

/* Until a signal arrives at `signals` or the front ends. As serve_run(). */
int teller_run(
	const struct serve_settings *settings, int wire, int signals, const char **ret_problem);

/* Answers one question with the eyes of its uid: a process of its own becomes that user, opens a
 * handle, and ends with its answer. What the kernel does not show to them cannot be in it. */
int teller_view_answer(
	const struct serve_settings *settings, int wire, const struct wire_question *question);

#endif
