/* SPDX-License-Identifier: MIT */
/*
 * What a recording keeps of an engine's file: the file itself holds environments, paths and
 * networks of the container, which berth neither needs nor hands on.
 */
#ifndef BERTH_SOCKETS_LINUX_ENGINE_EXTRACT_H
#define BERTH_SOCKETS_LINUX_ENGINE_EXTRACT_H

#include "base/buffer.h"
#include "sockets/linux/engine_files.h"

/* Appends a file of the kind that says just these facts; containers.json those of facts->next too.
 */
void engine_extract(enum engine_file kind, const struct engine_facts *facts, struct buffer *out);

#endif
