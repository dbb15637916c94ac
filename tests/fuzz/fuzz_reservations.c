// SPDX-License-Identifier: MIT
/* Whatever stands in the kernel's list, the record, the drop-in, or a file of sysctl.d: what was
 * understood is written so that it is understood the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "binding/reservations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct portlist *list)
{
	struct portlist again;
	struct buffer out = {0};

	memset(&again, 0, sizeof(again));
	portlist_print(list, &out);
	if (portlist_parse(buffer_string(&out), out.len, &again) || !portlist_equal(list, &again))
		abort();
	buffer_free(&out);
}

static void check_files(const struct portlist *list)
{
	struct portlist again;
	struct buffer out = {0};

	reservations_print_record(list, "boot", &out);
	if (reservations_read_record(out.data, out.len, "boot", &again) != 1 ||
		!portlist_equal(list, &again))
		abort();
	buffer_clear(&out);
	reservations_print_drop_in(list, list, &out);
	if (reservations_read_drop_in(out.data, out.len, &again) || !portlist_equal(list, &again))
		abort();
	buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct portlist list;

	memset(&list, 0, sizeof(list));
	if (!portlist_parse(text, size, &list))
		check_list(&list);
	if (reservations_read_record(text, size, "b", &list) > 0)
		check_list(&list);
	if (!reservations_read_drop_in(text, size, &list))
		check_files(&list);
	(void)reservations_read_settings(text, size, &list);
	check_list(&list);
	return 0;
}
