// SPDX-License-Identifier: MIT
/* FNV-1a. */
#include "leases/hash.h"

#include <string.h>

uint64_t hash_bytes(uint64_t sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * UINT64_C(0x100000001b3);
	return sum;
}

uint64_t hash_text(uint64_t sum, const char *text)
{
	return hash_bytes(sum, text ? text : "", text ? strlen(text) + 1 : 1);
}
