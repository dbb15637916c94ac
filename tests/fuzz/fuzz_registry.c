// SPDX-License-Identifier: MIT
/*
 * Whatever file somebody imports: it is refused with a line, or makes a table whose image opens
 * again and is the same. The thresholds for a whole registry are off, so that small inputs get
 * deep.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "registry/image.h"
#include "registry/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_image(const struct registry *registry)
{
	struct buffer written = {0};
	struct buffer again = {0};
	struct registry *opened = NULL;

	if (registry_image(registry, &written) || registry_image(registry, &again) ||
		image_open(&written, &opened))
		abort();
	if (registry_image(opened, &written) || written.len != again.len ||
		memcmp(written.data, again.data, again.len) != 0)
		abort();
	registry_free(opened);
	buffer_free(&again);
	buffer_free(&written);
}

static int no_difference(void *context, enum berth_change change, const struct berth_record *before,
	const struct berth_record *after)
{
	(void)context, (void)change, (void)before, (void)after;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct checks_least any_size;
	struct buffer problem = {0};
	struct buffer text = {0};
	struct registry *registry = NULL;

	buffer_bytes(&text, data, size);
	const struct source source = {"file", buffer_string(&text), text.len, &problem};
	int r = intake_parse(&source, &any_size, &registry);
	if (r && (r != -EBADMSG || strncmp(buffer_string(&problem), "file:", 5) != 0))
		abort();
	if (problem.len && !text_is_utf8(problem.data, problem.len))
		abort();
	if (!r) {
		check_image(registry);
		(void)registry_diff(registry, registry, no_difference, NULL);
	}
	registry_free(registry);
	buffer_free(&text);
	buffer_free(&problem);
	return 0;
}
