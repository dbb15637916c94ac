// SPDX-License-Identifier: MIT
/* Reads lengths of time, in whole numbers: no locale, no rounding but of what is below 1 ms. */
#include "base/duration.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum {
	MOST_DIGITS = 9,
};

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{"", 1000},
	{"ms", 1},
	{"s", 1000},
	{"m", INT64_C(60) * 1000},
	{"min", INT64_C(60) * 1000},
	{"h", INT64_C(3600) * 1000},
	{"d", INT64_C(24) * 3600 * 1000},
};

static const int64_t longest_ms = INT64_C(1000) * 24 * 3600 * 1000;

/* Digits as a number, and how many there were. */
static size_t read_digits(const char *text, int64_t *ret_value)
{
	size_t len = strspn(text, "0123456789");

	*ret_value = 0;
	for (size_t i = 0; i < len && i < MOST_DIGITS; i++)
		*ret_value = *ret_value * 10 + (text[i] - '0');
	return len;
}

int duration_parse(const char *text, int64_t *ret_ms)
{
	int64_t whole = 0;
	int64_t part = 0;
	int64_t scale = 1;
	size_t digits = read_digits(text, &whole);
	size_t decimals = 0;
	const char *unit = text + digits;

	if (*unit == '.') {
		decimals = read_digits(unit + 1, &part);
		unit += 1 + decimals;
		if (!decimals)
			return -EINVAL;
	}
	if (!digits)
		return -EINVAL;
	for (size_t i = 0; i < decimals && i < MOST_DIGITS; i++)
		scale *= 10;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (strcmp(unit, units[i].name) != 0)
			continue;
		int64_t ms = whole * units[i].ms + part * units[i].ms / scale;

		if (digits > MOST_DIGITS || ms > longest_ms)
			return -ERANGE;
		*ret_ms = ms;
		return 0;
	}
	return -EINVAL;
}
