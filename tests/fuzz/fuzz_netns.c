// SPDX-License-Identifier: MIT
/* Whatever stands in mountinfo, cgroup, or a link: what comes out is sound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/netns_text.h"
#include "sockets/linux/system.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int see(void *context, uint64_t inode, const char *path)
{
	const size_t *most = context;

	/* Escapes only shrink a path, and it is of this text. */
	if (!inode || inode > UINT32_MAX || !*path || strlen(path) > *most)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct system_netns netns = {0};
	struct buffer copy = {0};

	if (netns_text_mounts(text, size, see, &size))
		abort();
	buffer_bytes(&copy, text, size);
	if (!system_netns_parse(buffer_string(&copy), &netns) &&
		(!netns.id || netns.id > UINT32_MAX))
		abort();
	(void)netns_text_is_generated(buffer_string(&copy));
	buffer_free(&copy);
	return 0;
}
