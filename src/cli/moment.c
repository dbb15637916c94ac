// SPDX-License-Identifier: MIT
/* Reading and writing points in time; the forms are those of systemd.time(7), a few of them. */
#include "cli/moment.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/duration.h"

static const double ms_per_s = 1000;

double moment_now(void)
{
	return clock_now_s(CLOCK_REALTIME);
}

static int parse_ago(const char *text, double now_s, double *ret_time_s)
{
	static const char ago[] = " ago";
	size_t len = strlen(text);
	char front[32];
	int64_t ms = 0;

	if (len > sizeof(ago) - 1 && !strcmp(text + len - (sizeof(ago) - 1), ago))
		len -= sizeof(ago) - 1;
	if (!len || len >= sizeof(front))
		return -EINVAL;
	memcpy(front, text, len);
	front[len] = '\0';
	/* A bare number could be anything. */
	if (strspn(front, "0123456789.") == len || duration_parse(front, &ms))
		return -EINVAL;
	*ret_time_s = now_s - (double)ms / ms_per_s;
	return 0;
}

static int parse_number(const char *text, double *ret_time_s)
{
	char *end = NULL;
	double value = strtod(text, &end);

	if (end == text || *end || !isfinite(value) || value < 0)
		return -EINVAL;
	*ret_time_s = value;
	return 0;
}

/* 1: it has the form; 0. What the form does not name stays as it is in *ret. */
static int has_form(const char *text, const char *form, struct tm *ret)
{
	struct tm parts = *ret;
	const char *end = strptime(text, form, &parts);

	if (!end || *end)
		return 0;
	*ret = parts;
	return 1;
}

static int parse_of_day(const char *text, double now_s, double *ret_time_s)
{
	time_t now = (time_t)now_s;
	struct tm parts;

	if (!localtime_r(&now, &parts))
		return -EINVAL;
	parts.tm_sec = 0;
	if (!has_form(text, "%H:%M:%S", &parts) && !has_form(text, "%H:%M", &parts))
		return -EINVAL;
	parts.tm_isdst = -1;
	time_t then = mktime(&parts);
	if (then > now) {
		parts.tm_mday--;
		parts.tm_isdst = -1;
		then = mktime(&parts);
	}
	*ret_time_s = (double)then;
	return 0;
}

static int parse_date(const char *text, double *ret_time_s)
{
	static const char *const local[] = {"%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"};
	struct tm parts = {.tm_isdst = -1};

	if (has_form(text, "%Y-%m-%dT%H:%M:%SZ", &parts)) {
		*ret_time_s = (double)timegm(&parts);
		return 0;
	}
	for (size_t i = 0; i < sizeof(local) / sizeof(*local); i++) {
		parts = (struct tm){.tm_isdst = -1};
		if (has_form(text, local[i], &parts)) {
			parts.tm_isdst = -1;
			*ret_time_s = (double)mktime(&parts);
			return 0;
		}
	}
	return -EINVAL;
}

int moment_parse(const char *text, double now_s, double *ret_time_s)
{
	if (!strcmp(text, "now")) {
		*ret_time_s = now_s;
		return 0;
	}
	if (*text == '@')
		return parse_number(text + 1, ret_time_s);
	if (!parse_of_day(text, now_s, ret_time_s) || !parse_date(text, ret_time_s))
		return 0;
	return parse_ago(text, now_s, ret_time_s);
}

void moment_put(struct buffer *out, double time_s, double now_s, bool exact)
{
	const long ms = 1000;
	long long time_ms = llround(time_s * ms_per_s);
	time_t whole = (time_t)(time_ms / ms);
	time_t now = (time_t)now_s;
	struct tm then;
	struct tm today;
	char text[64];

	if (!localtime_r(&whole, &then) || !localtime_r(&now, &today))
		return;
	bool same_day = then.tm_year == today.tm_year && then.tm_yday == today.tm_yday;
	if (strftime(text, sizeof(text), same_day ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &then))
		buffer_text(out, text);
	if (exact)
		buffer_format(out, ".%03d", (int)(time_ms % ms));
}
