/* SPDX-License-Identifier: MIT */
/*
 * The table as a file: a header and the arrays behind each other, in the byte order of the machine
 * that wrote it. An import writes one, every later start loads it.
 */
#ifndef BERTH_REGISTRY_IMAGE_H
#define BERTH_REGISTRY_IMAGE_H

#include "registry/table.h"

/* Appends the image. 0 or -ENOMEM. */
int image_write(const struct registry *registry, struct buffer *out);

/* Whether the bytes begin as an image does. */
bool image_begins(const char *bytes, size_t len);

/*
 * Makes a registry of an image and takes the bytes over: on success they belong to the registry and
 * *bytes is empty. -EBADMSG: not an image, another version's, or damaged; -ENOMEM.
 */
int image_open(struct buffer *bytes, struct registry **ret_registry);

/* Writes the right checksum into the header. For tests that change images on purpose. */
void image_seal(char *bytes, size_t len);

#endif
