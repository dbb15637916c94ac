/* SPDX-License-Identifier: MIT */
/*
 * Is it what was waited for? Pure: from the sockets of one port to a state and a phrase. What needs
 * more looking (a container's network) is said to need it.
 */
#ifndef BERTH_API_WAIT_JUDGE_H
#define BERTH_API_WAIT_JUDGE_H

#include <berth.h>

#include "base/buffer.h"

enum wait_judge {
	WAIT_JUDGE_NOT_YET,
	WAIT_JUDGE_DONE,
	WAIT_JUDGE_HELPER, /* only helpers of container engines have it: what is behind them? */
};

/* Whether somebody who says `name` means the process: berth_wait_ask.owner. */
bool wait_judge_is(const struct berth_process *process, const char *name);

/*
 * All sockets are of the port that is waited for, and of states that matter: listeners,
 * unconnected UDP sockets, sockets that are bound only. `owner` may be NULL. *ret_text (appended
 * to) gets the phrase. *ret_helper: the helper whose container is to be looked at; else untouched.
 */
enum wait_judge wait_judge_listening(const struct berth_socket *const *sockets, size_t n,
	const char *owner, struct buffer *ret_text, const struct berth_process **ret_helper);
enum wait_judge wait_judge_free(const struct berth_socket *const *sockets, size_t n,
	const char *owner, struct buffer *ret_text);

#endif
