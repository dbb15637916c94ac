/* SPDX-License-Identifier: MIT */
/* Takes out of a recording what is private; docs/recording.md says what and how. */
#ifndef BERTH_SOCKETS_LINUX_SCRUB_H
#define BERTH_SOCKETS_LINUX_SCRUB_H

#include "sockets/linux/record.h"

/* Replaces in place; `system` is asked for the host's name. 0; -ENOMEM. */
int scrub_record(const struct sockets_system *system, struct record *record);

#endif
