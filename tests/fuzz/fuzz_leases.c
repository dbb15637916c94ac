// SPDX-License-Identifier: MIT
/* Files of the ledger, which any user may write, and the file of blocks: what is read back is
 * sound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "leases/blocks.h"
#include "leases/entry.h"
#include "leases/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t len)
{
	struct entry entry;
	struct entry again;
	struct buffer out = {0};

	if (entry_read(text, len, &entry))
		return;
	if (!entry.port || !entry_is_name(entry.name))
		abort();
	entry_write(&entry, &out);
	if (!out.error &&
		(entry_read(out.data, out.len, &again) || again.port != entry.port ||
			strcmp(again.name, entry.name) != 0))
		abort();
	buffer_free(&out);
}

/* A name that is read is the only one of its place. */
static void check_name(const char *name)
{
	struct entry_place place;
	char again[ENTRY_PLACE_NAME];

	if (entry_read_name(name, &place))
		return;
	entry_write_name(&place, again);
	if (strcmp(again, name) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = {0};
	struct buffer name = {0};
	uint32_t block = 0;

	check((const char *)data, size);
	/* With the right sum, which no mutation finds by itself. */
	buffer_bytes(&whole, (const char *)data, size);
	buffer_format(
		&whole, "sum %016llx\n", (unsigned long long)hash_bytes(HASH_START, data, size));
	if (!whole.error)
		check(whole.data, whole.len);
	buffer_free(&whole);
	buffer_bytes(&name, (const char *)data, size);
	check_name(buffer_string(&name));
	buffer_free(&name);
	(void)blocks_find((const char *)data, size, 0xaa, 16, &block);
	if (block >= 16)
		abort();
	return 0;
}
