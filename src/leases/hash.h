/* SPDX-License-Identifier: MIT */
/* FNV-1a of 64 bits (draft-eastlake-fnv): the same on every machine and in every version. */
#ifndef BERTH_LEASES_HASH_H
#define BERTH_LEASES_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from `sum`. */
uint64_t hash_bytes(uint64_t sum, const void *bytes, size_t len);

/* With its NUL, so that two texts in a row are told apart from others; NULL is like "". */
uint64_t hash_text(uint64_t sum, const char *text);

#endif
