// SPDX-License-Identifier: MIT
/* Small phrases of the text answers; the words that JSON uses come from the library instead. */
#include "cli/describe.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

#include "base/text.h"

void describe_text(struct buffer *out, const char *text)
{
	if (text)
		text_escape_terminal(out, text, strlen(text));
}

void describe_prose(struct buffer *out, const char *text, size_t most)
{
	static const char space[] = " \t\r\n";
	size_t start = out->len;

	for (text += strspn(text, space); *text; text += strspn(text, space)) {
		size_t word = strcspn(text, space);

		if (out->len > start)
			buffer_char(out, ' ');
		if (most && out->len - start + word > most) {
			buffer_text(out, "…");
			return;
		}
		text_escape_terminal(out, text, word);
		text += word;
	}
}

void describe_count(struct buffer *out, uint64_t count)
{
	if (count < 1000) {
		buffer_uint(out, count);
		return;
	}
	describe_count(out, count / 1000);
	buffer_format(out, ",%03u", (unsigned)(count % 1000));
}

void describe_counted(struct buffer *out, uint64_t count, const char *one, const char *many)
{
	describe_count(out, count);
	buffer_char(out, ' ');
	buffer_text(out, count == 1 ? one : many);
}

void describe_range(struct buffer *out, uint16_t first, uint16_t last)
{
	buffer_uint(out, first);
	if (last != first) {
		buffer_text(out, "–");
		buffer_uint(out, last);
	}
}

void describe_protos(struct buffer *out, berth_protos protos)
{
	const char *comma = "";

	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		if (!(protos & BERTH_PROTO_BIT(proto)))
			continue;
		buffer_text(out, comma);
		buffer_text(out, berth_proto_name((enum berth_proto)proto));
		comma = ", ";
	}
}

static bool split_time(const struct describe_clock *clock, double time_s, struct tm *ret_parts)
{
	time_t whole = (time_t)time_s;

	return (clock->utc ? gmtime_r(&whole, ret_parts) : localtime_r(&whole, ret_parts)) != NULL;
}

/* Which of the forms of describe_time() fits; the length, 0 when it does not fit into `text`. */
static size_t format_time(const struct describe_clock *clock, double time_s, const struct tm *then,
	const struct tm *now, char *text, size_t size)
{
	const double half_year_s = 182.0 * 24 * 3600;
	double age_s = clock->now_s - time_s;

	if (clock->iso && clock->utc)
		return strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", then);
	if (clock->iso)
		return strftime(text, size, "%Y-%m-%dT%H:%M:%S%z", then);
	if (then->tm_year == now->tm_year && then->tm_yday == now->tm_yday)
		return strftime(text, size, "%H:%M", then);
	if (age_s >= 0 && age_s < half_year_s)
		return strftime(text, size, "%b %d", then);
	return strftime(text, size, "%Y-%m-%d", then);
}

void describe_time(struct buffer *out, const struct describe_clock *clock, double time_s)
{
	struct tm then;
	struct tm now;
	char text[40];

	if (time_s <= 0 || !split_time(clock, time_s, &then) ||
		!split_time(clock, clock->now_s, &now))
		return;
	if (format_time(clock, time_s, &then, &now, text, sizeof(text)))
		buffer_text(out, text);
}

void describe_from(
	struct buffer *out, const struct describe_clock *clock, const struct berth_span *span)
{
	buffer_text(out, span->first_exact ? "" : "before ");
	describe_time(out, clock, span->first_s);
}

void describe_until(
	struct buffer *out, const struct describe_clock *clock, const struct berth_span *span)
{
	if (span->open) {
		buffer_text(out, "now");
		return;
	}
	buffer_text(out, span->last_exact ? "" : "after ");
	describe_time(out, clock, span->last_s);
}

static void describe_end(struct buffer *out, uint8_t family, const char *address, uint16_t port)
{
	bool bracketed = family == 6 && strcmp(address, "*") != 0;

	buffer_text(out, bracketed ? "[" : "");
	describe_text(out, address);
	buffer_text(out, bracketed ? "]:" : ":");
	buffer_uint(out, port);
}

static const char *local_address(const struct berth_socket *socket)
{
	/* The IPv6 wildcard takes IPv4 too unless the socket said otherwise. */
	if (socket->family == 6 && socket->v6only == 0 && strcmp(socket->local_text, "::") == 0)
		return "*";
	return socket->local_text;
}

void describe_address(struct buffer *out, const struct berth_socket *socket)
{
	describe_text(out, local_address(socket));
	if (socket->interface) {
		buffer_char(out, '%');
		describe_text(out, socket->interface);
	}
}

void describe_local(struct buffer *out, const struct berth_socket *socket)
{
	describe_end(out, socket->family, local_address(socket), socket->local_port);
}

void describe_peer(struct buffer *out, const struct berth_socket *socket)
{
	if (socket->peer_text)
		describe_end(out, socket->family, socket->peer_text, socket->peer_port);
}

void describe_process(struct buffer *out, const struct berth_process *process)
{
	describe_text(out, process->name);
	buffer_format(out, "[%u]", process->pid);
}

/* What a person calls the container. */
static void put_container_name(struct buffer *out, const struct berth_place *place)
{
	const size_t most = 12; /* as much of an id as the engines' own tools show */
	const size_t whole = 64;
	const char *name = place->container_name ? place->container_name : place->container;
	size_t len = strlen(name);

	text_escape_terminal(out, name, len == whole && !place->container_name ? most : len);
}

/* A machine has a service manager of its own, and often a kernel. */
static bool is_machine(const struct berth_place *place)
{
	return place->engine == BERTH_NSPAWN || place->engine == BERTH_LIBVIRT;
}

static void put_pod(struct buffer *out, const struct berth_place *place)
{
	if (!place->pod_name && !place->pod)
		return;
	buffer_text(out, " of pod ");
	if (place->pod_name && place->pod_namespace) {
		describe_text(out, place->pod_namespace);
		buffer_char(out, '/');
	}
	describe_text(out, place->pod_name ? place->pod_name : place->pod);
}

/* Image, engine, and the id where the name is another one. */
static void put_container_facts(struct buffer *out, const struct berth_place *place)
{
	buffer_text(out, " (");
	if (place->image) {
		describe_text(out, place->image);
		buffer_text(out, ", ");
	}
	if (place->engine == BERTH_SOME_ENGINE)
		buffer_text(out, "engine not known");
	else
		buffer_text(out, berth_engine_name(place->engine));
	if (place->container_name) {
		struct berth_place unnamed = *place;

		unnamed.container_name = NULL;
		buffer_char(out, ' ');
		put_container_name(out, &unnamed);
	}
	buffer_char(out, ')');
}

static const char *unit_of(const struct berth_place *place)
{
	return place->user_unit ? place->user_unit : place->unit;
}

/* Services that run a container are worth telling; scopes are made for it and say no more. */
static bool runs_container(const struct berth_place *place)
{
	const char *unit = unit_of(place);
	const char *end = unit ? strrchr(unit, '.') : NULL;

	return end && strcmp(end, ".service") == 0 && !is_machine(place);
}

static void put_unit(struct buffer *out, const struct berth_place *place)
{
	describe_text(out, unit_of(place));
	if (place->user_unit)
		buffer_text(out, " of the user's manager");
}

void describe_place(struct buffer *out, const struct berth_place *place)
{
	if (!place->container) {
		put_unit(out, place);
		return;
	}
	if (place->inside) {
		describe_place(out, place->inside);
		buffer_text(out, " in ");
	}
	buffer_text(out, is_machine(place) ? "machine " : "container ");
	put_container_name(out, place);
	put_pod(out, place);
	put_container_facts(out, place);
	if (runs_container(place)) {
		buffer_text(out, " by ");
		put_unit(out, place);
	}
}

void describe_place_shortly(struct buffer *out, const struct berth_place *place)
{
	if (!place->container) {
		describe_text(out, unit_of(place));
		return;
	}
	put_container_name(out, place);
	buffer_format(out, " (%s)", berth_engine_name(place->engine));
}

void describe_user(struct buffer *out, const char *user, uint32_t uid, bool numeric)
{
	if (user && !numeric)
		describe_text(out, user);
	else
		buffer_uint(out, uid);
}

static void describe_word(struct buffer *out, const char *word)
{
	struct buffer quoted = {0};

	text_shell_word(&quoted, word);
	describe_text(out, buffer_string(&quoted));
	buffer_free(&quoted);
}

void describe_lease_end(struct buffer *out, const struct berth_lease *lease)
{
	enum {
		MINUTE = 60
	};

	if (lease->state == BERTH_LEASE_OVER)
		buffer_text(out, "over");
	else if (lease->left_s >= 0)
		buffer_format(out, "%ld:%02ld", (long)lease->left_s / MINUTE,
			(long)lease->left_s % MINUTE);
	else
		buffer_text(out, lease->kind == BERTH_LEASE_HELD ? "let go" : "its end");
	if (lease->state == BERTH_LEASE_UNSURE)
		buffer_text(out, ", unsure");
}

void describe_command(struct buffer *out, const struct berth_process *process, size_t most)
{
	size_t start = out->len;

	/* A single word with spaces is a title that the process gave itself, not a command line. */
	if (process->n_argv == 1) {
		describe_text(out, process->argv[0]);
		return;
	}
	for (size_t i = 0; i < process->n_argv; i++) {
		if (most && out->len - start > most) {
			buffer_text(out, " …");
			return;
		}
		if (i)
			buffer_char(out, ' ');
		describe_word(out, process->argv[i]);
	}
}

const struct berth_owner *describe_oldest(const struct berth_socket *socket)
{
	const struct berth_owner *oldest = NULL;

	for (size_t i = 0; i < socket->n_owners; i++) {
		const struct berth_owner *owner = &socket->owners[i];

		if (!oldest || owner->process->start_ticks < oldest->process->start_ticks)
			oldest = owner;
	}
	return oldest;
}

const char *describe_claim_kind(enum berth_claim_kind kind)
{
	switch (kind) {
	case BERTH_VENDOR_DOC:
		return "vendor document";
	case BERTH_SOFTWARE_DEFAULT:
		return "software default";
	case BERTH_DISTRO_SERVICES:
		return "distribution";
	case BERTH_COMMUNITY_LIST:
		return "community list";
	case BERTH_OS_POLICY:
		return "operating system";
	case BERTH_MALWARE_HISTORY:
		return "malware history";
	case BERTH_HOST_SERVICES:
		return "this host's services file";
	}
	return "";
}

static void describe_reference(struct buffer *out, const char *text, size_t len, bool links)
{
	if (len > 3 && text_equal_fold(text, 3, "RFC", 3) && isdigit((unsigned char)text[3])) {
		buffer_text(out, "RFC ");
		text_escape_terminal(out, text + 3, len - 3);
		if (links)
			buffer_format(out, " https://www.rfc-editor.org/rfc/rfc%.*s",
				(int)(len - 3), text + 3);
		return;
	}
	/* People and companies are written "[Tom_Lane]". */
	for (size_t i = 0; i < len; i++) {
		size_t word = strcspn(text + i, "_");

		if (word > len - i)
			word = len - i;
		text_escape_terminal(out, text + i, word);
		i += word;
		if (i < len)
			buffer_char(out, ' ');
	}
}

void describe_references(struct buffer *out, const char *reference, bool links)
{
	const char *comma = "";

	while (*reference) {
		size_t len = strcspn(reference, "[]");

		if (len) {
			buffer_text(out, comma);
			describe_reference(out, reference, len, links);
			comma = ", ";
		}
		reference += len;
		reference += *reference != '\0';
	}
}
