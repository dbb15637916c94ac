// SPDX-License-Identifier: MIT
/* Each operation is one function; the table says which keys it knows. */
#include "desk/counter.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/text.h"
#include "desk/line.h"

enum {
	LARGEST_PORT = 65535,
	MOST_PORTS = 128, /* as berth_free_ask.count */
};

struct request {
	const struct counter_asker *asker;
	struct line line;
	struct buffer *out;
};

/* ---- Answers --------------------------------------------------------------------------------- */

static void put_number(struct buffer *out, const char *key, uint64_t value)
{
	buffer_format(out, " %s=%llu", key, (unsigned long long)value);
}

static void put_truth(struct buffer *out, const char *key, bool value)
{
	line_put(out, false, key, value ? "yes" : "no");
}

void counter_refuse(struct buffer *out, int errnum, const char *text)
{
	const char *name = strerrorname_np(errnum);

	line_put(out, true, "status", "error");
	line_put(out, false, "code", name ? name : "EIO");
	line_put(out, false, "text", text);
	buffer_char(out, '\n');
}

static void refuse_usage(const struct request *request, const char *text)
{
	counter_refuse(request->out, EINVAL, text);
}

/* What the library said. */
static void refuse_failed(const struct request *request, int error)
{
	counter_refuse(request->out, -error, berth_error());
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* They leave *ret_value when the key was not given. False: refused. */
static bool take_number(const struct request *request, const char *key, uint64_t least,
	uint64_t most, uint64_t *ret_value)
{
	const char *text = line_value(&request->line, key);
	struct buffer problem = {0};
	uint64_t value = 0;

	if (!text)
		return true;
	if (!text_number(text, strlen(text), most, &value) && value >= least) {
		*ret_value = value;
		return true;
	}
	buffer_format(&problem, "%s is a number from %llu to %llu", key, (unsigned long long)least,
		(unsigned long long)most);
	refuse_usage(request, buffer_string(&problem));
	buffer_free(&problem);
	return false;
}

static bool take_range(const struct request *request, struct berth_port_range *ret_range)
{
	const char *text = line_value(&request->line, "range");
	uint64_t first = 0;
	uint64_t last = 0;

	if (!text)
		return true;
	if (text_number_pair(text, LARGEST_PORT, &first, &last) || !first) {
		refuse_usage(request, "range is two ports, as in 8000-8999");
		return false;
	}
	*ret_range = (struct berth_port_range){(uint16_t)first, (uint16_t)last};
	return true;
}

/* ---- Operations ------------------------------------------------------------------------------ */

static void answer_hello(struct request *request)
{
	line_put(request->out, true, "status", "ok");
	put_number(request->out, "protocol", COUNTER_PROTOCOL);
	line_put(request->out, false, "version", berth_version());
	put_number(request->out, "uid", geteuid());
	put_number(request->out, "pid", request->asker->pid);
	buffer_char(request->out, '\n');
}

static void answer_free(struct request *request)
{
	const char *proto = line_value(&request->line, "proto");
	const char *consecutive = line_value(&request->line, "consecutive");
	struct berth_free_ask ask = {
		.size = sizeof(ask), .name = line_value(&request->line, "name")};
	struct berth_free *found = NULL;
	uint64_t count = 1;

	if (!take_number(request, "count", 1, MOST_PORTS, &count) ||
		!take_range(request, &ask.range))
		return;
	if (proto && strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0) {
		refuse_usage(request, "proto is tcp or udp; without it a port is free in both");
		return;
	}
	if (proto)
		ask.protos = BERTH_PROTO_BIT(*proto == 't' ? BERTH_TCP : BERTH_UDP);
	ask.count = (uint32_t)count;
	ask.consecutive = consecutive && !strcmp(consecutive, "yes");
	int r = berth_free_ports(request->asker->berth, &ask, &found);
	if (r) {
		refuse_failed(request, r);
		return;
	}
	line_put(request->out, true, "status", "ok");
	for (size_t i = 0; i < found->n_ports; i++)
		buffer_format(
			request->out, "%s%u", i ? "," : " ports=", (unsigned)found->ports[i].port);
	put_number(request->out, "kept", (uint64_t)found->kept_s);
	put_truth(request->out, "shared", found->shared);
	buffer_char(request->out, '\n');
	berth_free_free(found);
}

/* Its pid may be another process's by now. */
static bool has_ended(const struct counter_asker *asker)
{
	struct pollfd ready = {.fd = asker->process, .events = POLLIN};

	return asker->process >= 0 && poll(&ready, 1, 0) > 0;
}

/* What ends a lease: the process that connected unless it is said otherwise. */
static bool take_end(const struct request *request, struct berth_lease_ask *ask)
{
	const char *ttl = line_value(&request->line, "ttl");
	uint64_t pid = 0;

	if (!take_number(request, "pid", 1, INT32_MAX, &pid))
		return false;
	if (ttl && (duration_parse(ttl, &ask->ttl_ms) || ask->ttl_ms <= 0)) {
		refuse_usage(request, "ttl is a time, as in 90s or 10m");
		return false;
	}
	if (!pid && !ttl) {
		pid = has_ended(request->asker) ? 0 : request->asker->pid;
		if (!pid)
			refuse_usage(
				request, "your process cannot be seen from here; give ttl or pid");
	}
	ask->pid = (uint32_t)pid;
	return pid || ttl;
}

static void answer_lease(struct request *request)
{
	struct berth_lease_ask ask = {.size = sizeof(ask),
		.name = line_value(&request->line, "name"),
		.folder = line_value(&request->line, "folder")};
	uint64_t wished = 0;
	uint16_t port = 0;

	if (!ask.name) {
		refuse_usage(request, "a lease needs a name");
		return;
	}
	if (!take_number(request, "port", 1, LARGEST_PORT, &wished) ||
		!take_range(request, &ask.range) || !take_end(request, &ask))
		return;
	ask.port = (uint16_t)wished;
	int r = berth_lease(request->asker->berth, &ask, &port);
	if (r < 0) {
		refuse_failed(request, r);
		return;
	}
	line_put(request->out, true, "status", "ok");
	put_number(request->out, "port", port);
	put_truth(request->out, "renewed", r > 0);
	buffer_char(request->out, '\n');
}

static void answer_release(struct request *request)
{
	const char *name = line_value(&request->line, "name");
	uint64_t port = 0;

	if (!take_number(request, "port", 1, LARGEST_PORT, &port))
		return;
	if (!name == !port) {
		refuse_usage(request, "what is released has a name or a port");
		return;
	}
	int r = berth_release(
		request->asker->berth, name, line_value(&request->line, "folder"), (uint16_t)port);
	if (r)
		refuse_failed(request, r);
	else
		buffer_text(request->out, "status=ok\n");
}

static void put_lease(struct buffer *out, const struct berth_lease *lease)
{
	line_put(out, true, "status", "more");
	put_number(out, "port", lease->port);
	line_put(out, false, "name", lease->name);
	line_put(out, false, "kind", berth_lease_kind_name(lease->kind));
	line_put(out, false, "state", berth_lease_state_name(lease->state));
	put_number(out, "uid", lease->uid);
	if (lease->pid)
		put_number(out, "pid", lease->pid);
	if (lease->left_s >= 0)
		put_number(out, "left", (uint64_t)lease->left_s);
	put_truth(out, "here", lease->here);
	buffer_char(out, '\n');
}

static void answer_leases(struct request *request)
{
	struct berth_leases *leases = NULL;
	int r = berth_leases(request->asker->berth, &leases);

	if (r) {
		refuse_failed(request, r);
		return;
	}
	for (size_t i = 0; i < leases->n_leases; i++)
		put_lease(request->out, &leases->leases[i]);
	buffer_format(request->out, "status=ok count=%zu damaged=%u shared=%s\n", leases->n_leases,
		leases->damaged, leases->shared ? "yes" : "no");
	berth_leases_free(leases);
}

static const struct {
	const char *name;
	const char *keys;
	void (*answer)(struct request *request);
} operations[] = {
	{"hello", "op", answer_hello},
	{"free", "op count consecutive range proto name", answer_free},
	{"lease", "op name folder port range ttl pid", answer_lease},
	{"release", "op name folder port", answer_release},
	{"leases", "op", answer_leases},
};

static void perform(struct request *request)
{
	const char *name = line_value(&request->line, "op");
	struct buffer problem = {0};

	for (size_t i = 0; name && i < sizeof(operations) / sizeof(*operations); i++) {
		if (strcmp(operations[i].name, name) != 0)
			continue;
		const char *stranger = line_stranger(&request->line, operations[i].keys);

		if (!stranger) {
			operations[i].answer(request);
			return;
		}
		buffer_format(&problem, "op=%s has no key %s", name, stranger);
		refuse_usage(request, buffer_string(&problem));
		buffer_free(&problem);
		return;
	}
	refuse_usage(request, "op is one of hello, free, lease, release, leases");
}

void counter_answer(const struct counter_asker *asker, char *text, size_t len, struct buffer *out)
{
	struct request request = {.asker = asker, .out = out};
	const char *problem = line_decode(text, len, &request.line);

	if (problem)
		refuse_usage(&request, problem);
	else
		perform(&request);
}
