// SPDX-License-Identifier: MIT
/*
 * Reads the port policy of this network namespace (net/ipv4/sysctl_net_ipv4.c). What follows from
 * it for a bind is for the binding room.
 */
#include "sockets/linux/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "sockets/linux/process.h"

enum {
	LARGEST = 1 << 19, /* the longest list has two of three ports and 260 KB */
	LAST_PORT = 65535,
};

static bool parse_port(const char *text, size_t len, uint16_t *ret_port)
{
	uint64_t port = 0;

	if (text_number(text, len, LAST_PORT, &port))
		return false;
	*ret_port = (uint16_t)port;
	return true;
}

int policy_parse_range(const char *text, size_t len, struct berth_port_range *ret_range)
{
	struct berth_port_range range;

	len = text_trim(&text, len);
	const char *tab = memchr(text, '\t', len);
	if (!tab)
		return -EBADMSG;
	size_t first = (size_t)(tab - text);
	if (!parse_port(text, first, &range.first) ||
		!parse_port(tab + 1, len - first - 1, &range.last) || range.first > range.last)
		return -EBADMSG;
	*ret_range = range;
	return 0;
}

static bool parse_item(const char *text, size_t len, struct berth_port_range *ret_range)
{
	const char *dash = memchr(text, '-', len);
	size_t first = dash ? (size_t)(dash - text) : len;

	if (!parse_port(text, first, &ret_range->first))
		return false;
	ret_range->last = ret_range->first;
	return !dash ||
		(parse_port(dash + 1, len - first - 1, &ret_range->last) &&
			ret_range->first <= ret_range->last);
}

int policy_parse_reserved(struct arena *arena, const char *text, size_t len,
	const struct berth_port_range **ret_ranges, size_t *ret_n_ranges)
{
	size_t count = 1;

	len = text_trim(&text, len);
	if (!len) {
		*ret_ranges = NULL;
		*ret_n_ranges = 0;
		return 0;
	}
	const char *end = text + len;
	for (const char *at = text; at < end; at++)
		count += *at == ',';
	struct berth_port_range *ranges = arena_array(arena, count, sizeof(*ranges));
	if (!ranges)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		const char *comma = memchr(text, ',', (size_t)(end - text));
		const char *behind = comma ? comma : end;

		if (!parse_item(text, (size_t)(behind - text), ranges + i))
			return -EBADMSG;
		text = comma ? comma + 1 : end;
	}
	*ret_ranges = ranges;
	*ret_n_ranges = count;
	return 0;
}

int policy_parse_start(const char *text, size_t len, uint32_t *ret_start)
{
	uint64_t start = 0;

	len = text_trim(&text, len);
	if (text_number(text, len, LAST_PORT + 1, &start))
		return -EBADMSG;
	*ret_start = (uint32_t)start;
	return 0;
}

/* The file in `contents`; whether it could be read. */
static bool read_file(
	const struct sockets_system *system, const char *path, struct buffer *contents)
{
	buffer_clear(contents);
	return !system_setting(system, path, LARGEST, contents) && contents->data;
}

/* "0\n" or "1\n"; -1: not known. */
static int8_t read_switch(
	const struct sockets_system *system, const char *path, struct buffer *contents)
{
	if (!read_file(system, path, contents) || !contents->len ||
		(*contents->data != '0' && *contents->data != '1'))
		return -1;
	return *contents->data == '1';
}

/* A number of at most `max`; -1: not known. */
static int32_t read_number(const struct sockets_system *system, const char *path, uint64_t max,
	struct buffer *contents)
{
	uint64_t value = 0;

	if (!read_file(system, path, contents))
		return -1;
	const char *text = contents->data;
	size_t len = text_trim(&text, contents->len);
	return text_number(text, len, max, &value) ? -1 : (int32_t)value;
}

/* What decides whether connect() takes ports from TIME_WAIT (tcp_twsk_unique). */
static void read_reuse(
	const struct sockets_system *system, struct berth_policy *policy, struct buffer *text)
{
	enum {
		MOST = 2,
		MOST_DELAY_MS = 60000, /* TCP_PAWS_MSL */
	};

	policy->tw_reuse =
		(int8_t)read_number(system, "/proc/sys/net/ipv4/tcp_tw_reuse", MOST, text);
	policy->tw_reuse_delay_ms =
		read_number(system, "/proc/sys/net/ipv4/tcp_tw_reuse_delay", MOST_DELAY_MS, text);
	policy->tcp_timestamps =
		(int8_t)read_number(system, "/proc/sys/net/ipv4/tcp_timestamps", MOST, text);
}

enum {
	PORT_FILES = 3
};

/* These are IPv4's by name and IPv6's by use. */
static const char *const port_files[PORT_FILES] = {
	"/proc/sys/net/ipv4/ip_local_port_range", "/proc/sys/net/ipv4/ip_local_reserved_ports",
	"/proc/sys/net/ipv4/ip_unprivileged_port_start", /* 4.11 */
};

/* A file of /proc/sys/net is that of the network namespace in which it was opened. */
struct policy_kept {
	pthread_mutex_t lock;
	uint64_t netns; /* whose files are open */
	int files[PORT_FILES]; /* -1: not open */
};

struct policy_kept *policy_kept_new(void)
{
	struct policy_kept *kept = calloc(1, sizeof(*kept));

	if (!kept)
		return NULL;
	(void)pthread_mutex_init(&kept->lock, NULL);
	for (size_t i = 0; i < PORT_FILES; i++)
		kept->files[i] = -1;
	return kept;
}

static void close_files(struct policy_kept *kept)
{
	for (size_t i = 0; i < PORT_FILES; i++) {
		if (kept->files[i] >= 0)
			(void)close(kept->files[i]);
		kept->files[i] = -1;
	}
}

void policy_kept_free(struct policy_kept *kept)
{
	if (!kept)
		return;
	close_files(kept);
	(void)pthread_mutex_destroy(&kept->lock);
	free(kept);
}

/* One of the files in `text`; of those that are kept open, or (kept NULL) by its name. */
static bool read_port_file(const struct sockets_system *system, struct policy_kept *kept,
	size_t index, struct buffer *text)
{
	if (!kept)
		return read_file(system, port_files[index], text);
	buffer_clear(text);
	if (kept->files[index] < 0)
		kept->files[index] =
			open(port_files[index], O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return kept->files[index] >= 0 && !file_read_setting(kept->files[index], LARGEST, text) &&
		text->data;
}

static int read_ports(const struct sockets_system *system, struct policy_kept *kept,
	struct arena *arena, struct berth_policy *ret_policy)
{
	struct berth_policy policy = {.may_bind_low = -1,
		.nonlocal_bind = -1,
		.nonlocal_bind6 = -1,
		.tw_reuse = -1,
		.tw_reuse_delay_ms = -1,
		.tcp_timestamps = -1};
	struct buffer text = {0};
	int r = 0;

	if (read_port_file(system, kept, 0, &text))
		policy.has_ephemeral = !policy_parse_range(text.data, text.len, &policy.ephemeral);
	if (read_port_file(system, kept, 1, &text)) {
		r = policy_parse_reserved(
			arena, text.data, text.len, &policy.reserved, &policy.n_reserved);
		policy.has_reserved = !r;
	}
	if (read_port_file(system, kept, 2, &text))
		policy.has_unprivileged =
			!policy_parse_start(text.data, text.len, &policy.unprivileged_start);
	buffer_free(&text);
	if (r == -ENOMEM)
		return r;
	*ret_policy = policy;
	return 0;
}

int policy_read_ports(
	const struct sockets_system *system, struct arena *arena, struct berth_policy *ret_policy)
{
	return read_ports(system, NULL, arena, ret_policy);
}

int policy_read_kept(const struct sockets_system *system, uint64_t netns, struct arena *arena,
	struct berth_policy *ret_policy)
{
	struct policy_kept *kept = system->kept;

	if (!kept)
		return policy_read_ports(system, arena, ret_policy);
	(void)pthread_mutex_lock(&kept->lock);
	if (kept->netns != netns)
		close_files(kept);
	kept->netns = netns;
	int r = read_ports(system, kept, arena, ret_policy);
	(void)pthread_mutex_unlock(&kept->lock);
	return r;
}

int policy_read(const struct sockets_system *system, struct arena *arena, bool reuse,
	struct berth_policy *ret_policy)
{
	struct berth_policy policy;
	struct process_status status;
	struct buffer text = {0};
	int r = policy_read_ports(system, arena, &policy);

	if (r)
		return r;
	policy.nonlocal_bind = read_switch(system, "/proc/sys/net/ipv4/ip_nonlocal_bind", &text);
	policy.nonlocal_bind6 = read_switch(system, "/proc/sys/net/ipv6/ip_nonlocal_bind", &text);
	if (reuse)
		read_reuse(system, &policy, &text);
	buffer_clear(&text);
	if (!system_file(system, "/proc/self/status", LARGEST, &text) && text.data) {
		process_parse_status(text.data, text.len, &status);
		if (status.has_capabilities)
			policy.may_bind_low =
				status.capabilities >> PROCESS_CAP_NET_BIND_SERVICE & 1;
	}
	buffer_free(&text);
	*ret_policy = policy;
	return 0;
}
