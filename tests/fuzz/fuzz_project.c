// SPDX-License-Identifier: MIT
/*
 * Whatever a project's file holds: it is read without a fault, or refused with a sentence, and
 * every wish has its texts, and ports or a problem. The first byte chooses the kind of file.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "project/project.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct berth_wish *wish)
{
	if (!wish->file || !wish->text || !wish->line || wish->first > wish->last ||
		(!wish->first && wish->last))
		abort();
	if (wish->family && wish->family != 4 && wish->family != 6)
		abort();
	if (wish->kind == BERTH_WISH_MANIFEST && (!wish->name || !*wish->name))
		abort();
	for (size_t i = 0; i < wish->n_command; i++) {
		if (!wish->command[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct project_setting settings[] = {{"PORT", "8080"}, {"EMPTY", ""}};
	struct project project = {.settings = settings, .n_settings = 2};
	struct buffer problem = {0};

	if (!size)
		return 0;
	int r = project_read(&project, (enum berth_wish_kind)(data[0] % (BERTH_WISH_LIST + 1)),
		"file", (const char *)data + 1, size - 1, &problem);
	if (r && r != -EBADMSG && r != -E2BIG)
		abort();
	if ((r == -EBADMSG) != (problem.len > 0))
		abort();
	for (size_t i = 0; i < project.n_wishes; i++)
		check(&project.wishes[i]);
	buffer_free(&problem);
	project_free(&project);
	return 0;
}
