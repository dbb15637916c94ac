/* SPDX-License-Identifier: MIT */
/* What -v tells of a socket beyond its row, as phrases for a person. */
#ifndef BERTH_CLI_EXTRAS_H
#define BERTH_CLI_EXTRAS_H

#include <berth.h>

#include "base/buffer.h"

/* "backlog 0/128", "backlog 129/128, full"; nothing for what has none. */
void extras_backlog(struct buffer *out, const struct berth_socket *socket);

/* The next two put " · " between what is there and what they append. */

/* "one of 4 with SO_REUSEPORT"; nothing for a socket that is alone. */
void extras_group(struct buffer *out, const struct berth_socket *socket);

/* All that details tell; nothing when they were not asked for. */
void extras_all(struct buffer *out, const struct berth_socket *socket);

/* The losses of all listeners, one sentence without a full stop; nothing when not known. */
void extras_losses(struct buffer *out, const struct berth_listen_losses *losses);

#endif
