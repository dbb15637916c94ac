// SPDX-License-Identifier: MIT
/* Lines "key=value", as in wireguard-tools' broker: few, and easy to read in a trace. */
#include "serve/front_settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const uint64_t ms_per_s = 1000;

void front_settings_put(struct buffer *out, const struct front_settings *settings)
{
	buffer_format(out, "listeners=%u\n", settings->n_listeners);
	buffer_format(out, "share=%d\n", settings->share);
	buffer_format(out, "uid=%u\n", settings->uid);
	buffer_format(out, "beat=%u\n", (unsigned)(settings->beat_s * (double)ms_per_s));
	if (settings->has_token)
		buffer_format(out, "token=%s\n", settings->token);
	for (size_t i = 0; i < FRONT_NAMES; i++) {
		if (*settings->names[i])
			buffer_format(out, "name=%s\n", settings->names[i]);
	}
}

static bool take(
	const char *line, size_t len, const char *key, const char **ret_value, size_t *ret_len)
{
	size_t key_len = strlen(key);

	if (len <= key_len || memcmp(line, key, key_len) != 0 || line[key_len] != '=')
		return false;
	*ret_value = line + key_len + 1;
	*ret_len = len - key_len - 1;
	return true;
}

static int take_token(const char *value, size_t len, struct front_settings *settings)
{
	if (!route_is_token(value, len))
		return -EBADMSG;
	memcpy(settings->token, value, ROUTE_TOKEN);
	settings->has_token = true;
	return 0;
}

static int take_name(const char *value, size_t len, struct front_settings *settings)
{
	size_t i = 0;

	while (i < FRONT_NAMES && *settings->names[i])
		i++;
	if (i == FRONT_NAMES || !len || len >= FRONT_NAME)
		return -EBADMSG;
	memcpy(settings->names[i], value, len);
	return 0;
}

static int take_line(const char *line, size_t len, struct front_settings *settings)
{
	const char *value = NULL;
	uint64_t number = 0;
	size_t n = 0;

	if (take(line, len, "token", &value, &n))
		return take_token(value, n, settings);
	if (take(line, len, "name", &value, &n))
		return take_name(value, n, settings);
	value = memchr(line, '=', len);
	if (!value || text_number(value + 1, len - (size_t)(value - line) - 1, UINT32_MAX, &number))
		return -EBADMSG;
	if (take(line, len, "listeners", &value, &n) && number <= FRONT_LISTENERS)
		settings->n_listeners = (uint32_t)number;
	else if (take(line, len, "share", &value, &n) && number <= 1)
		settings->share = number;
	else if (take(line, len, "uid", &value, &n))
		settings->uid = (uint32_t)number;
	else if (take(line, len, "beat", &value, &n))
		settings->beat_s = (double)number / (double)ms_per_s;
	else
		return -EBADMSG;
	return 0;
}

int front_settings_get(const char *text, size_t len, struct front_settings *ret_settings)
{
	struct front_settings settings = {0};
	const char *end = text ? text + len : NULL;
	const char *line = NULL;
	size_t line_len = 0;
	int error = 0;

	while (!error && text_next_line(&text, end, &line, &line_len))
		error = take_line(line, line_len, &settings);
	if (!error)
		*ret_settings = settings;
	return error;
}
