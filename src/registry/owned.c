// SPDX-License-Identifier: MIT
/* Frees a registry. A file of its own: the compiler of the built-in one needs it, and has no
 * built-in one yet. */
#include <stdlib.h>

#include "registry/registry.h"
#include "registry/table.h"

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	buffer_free(&registry->owned.image);
	free(registry->owned.states);
	spans_free(&registry->ports);
	buffer_free(&registry->owned.pool);
	free(registry->owned.records);
	free(registry);
}
