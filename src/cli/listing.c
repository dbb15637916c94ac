// SPDX-License-Identifier: MIT
/*
 * The columns of berth ls. A cell that stays empty is shown as "-": not known, or there is none;
 * the column REASON says which.
 */
#include "cli/listing.h"

#include <string.h>

#include "base/text.h"
#include "cli/extras.h"

enum {
	NAMES_SHOWN = 2,
};

static void write_port(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	buffer_uint(out, socket->local_port);
}

static void write_proto(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	buffer_text(out, berth_proto_name(socket->proto));
}

static void write_address(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	describe_address(out, socket);
}

static void write_state(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	buffer_text(out, berth_socket_state_name(socket->proto, socket->state));
}

static void write_peer(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	describe_peer(out, socket);
}

static bool named_before(const struct berth_socket *socket, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(socket->owners[i].process->name, socket->owners[index].process->name) ==
			0)
			return true;
	}
	return false;
}

static size_t count_named(const struct berth_socket *socket, const char *name)
{
	size_t count = 0;

	for (size_t i = 0; i < socket->n_owners; i++)
		count += strcmp(socket->owners[i].process->name, name) == 0;
	return count;
}

/* "nginx ×5": each name once, with how many processes have it; "kernel (vxlan)". */
static void write_process(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	size_t names = 0;

	if (socket->maker)
		buffer_format(out, "kernel (%s)", socket->maker);
	for (size_t i = 0; i < socket->n_owners; i++) {
		const char *name = socket->owners[i].process->name;

		if (named_before(socket, i) || (names++ >= NAMES_SHOWN && !style->every_pid))
			continue;
		buffer_text(out, names > 1 ? ", " : "");
		describe_text(out, name);
		if (count_named(socket, name) > 1)
			buffer_format(out, " ×%zu", count_named(socket, name));
	}
	if (names > NAMES_SHOWN && !style->every_pid)
		buffer_format(out, ", +%zu", names - NAMES_SHOWN);
}

static void write_pid(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	if (!oldest)
		return;
	buffer_uint(out, oldest->process->pid);
	if (!style->every_pid && socket->n_owners > 1)
		buffer_format(out, "+%zu", socket->n_owners - 1);
	for (size_t i = 0; i < socket->n_owners && style->every_pid; i++) {
		if (&socket->owners[i] != oldest)
			buffer_format(out, ",%u", socket->owners[i].process->pid);
	}
}

/* Of the oldest process; when no process is known, of whom made the socket. */
static void write_user(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	if (oldest)
		describe_user(out, oldest->process->user, oldest->process->uid, style->numeric);
	else if (socket->has_uid)
		describe_user(out, socket->user, socket->uid, style->numeric);
}

static void write_since(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	if (oldest)
		describe_time(out, &style->clock, oldest->process->start_s);
}

static void write_reason(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	describe_text(out, socket->reason_text);
}

static void write_command(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	(void)style;
	if (oldest)
		describe_command(out, oldest->process, 0);
}

static void write_exe(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	(void)style;
	if (oldest)
		describe_text(out, oldest->process->exe);
}

static void write_fd(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);

	(void)style;
	if (oldest && oldest->fd >= 0)
		buffer_uint(out, (uint64_t)oldest->fd);
}

/* What would be stopped or restarted: the unit that a socket waits for, the container that it
 * serves, or to what the oldest process belongs. */
static void write_unit(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	const struct berth_owner *oldest = describe_oldest(socket);
	const struct berth_process *process = oldest ? oldest->process : NULL;

	(void)style;
	if (socket->activation_unit)
		describe_text(out, socket->activation_unit);
	else if (process && process->serves)
		describe_place_shortly(out, process->serves);
	else if (process && process->place)
		describe_place_shortly(out, process->place);
	else if (socket->made_in)
		describe_place_shortly(out, socket->made_in);
}

static void write_uid(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->has_uid)
		buffer_uint(out, socket->uid);
}

static void write_inode(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->inode)
		buffer_uint(out, socket->inode);
}

static void write_receive_queue(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	buffer_uint(out, socket->receive_queue);
}

static void write_send_queue(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	buffer_uint(out, socket->send_queue);
}

static void write_netns(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->netns)
		describe_text(out, socket->netns->name);
}

/* "0/128": connections that wait for accept(), and how many may. */
static void write_backlog(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	struct berth_backlog backlog;

	(void)style;
	if (!berth_socket_backlog(socket, &backlog))
		return;
	buffer_uint(out, backlog.used);
	if (backlog.has_limit)
		buffer_format(out, "/%u", backlog.limit);
}

static void write_group(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->reuseport_group)
		buffer_uint(out, socket->reuseport_group);
}

static void write_congestion(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->details)
		describe_text(out, socket->details->congestion);
}

static void write_ulp(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	if (socket->details)
		describe_text(out, socket->details->ulp);
}

static void write_details(
	struct buffer *out, const struct listing_style *style, const struct berth_socket *socket)
{
	(void)style;
	extras_backlog(out, socket);
	extras_group(out, socket);
	extras_all(out, socket);
}

static const struct listing_column columns[] = {
	{"PORT", .right = true, .write = write_port},
	{"PROTO", .write = write_proto},
	{"ADDRESS", .may_shrink = true, .write = write_address},
	{"STATE", .write = write_state},
	{"PEER", .may_shrink = true, .write = write_peer},
	{"PROCESS", .needs_owners = true, .write = write_process},
	{"PID", .right = true, .needs_owners = true, .write = write_pid},
	{"USER", .needs_owners = true, .write = write_user},
	{"UNIT", .may_shrink = true, .needs_owners = true, .needs_places = true,
		.write = write_unit},
	{"SINCE", .needs_owners = true, .write = write_since},
	{"REASON", .may_wrap = true, .needs_owners = true, .write = write_reason},
	{"COMMAND", .may_shrink = true, .needs_owners = true, .needs_commands = true,
		.write = write_command},
	{"EXE", .may_shrink = true, .needs_owners = true, .needs_commands = true,
		.write = write_exe},
	{"FD", .right = true, .needs_owners = true, .write = write_fd},
	{"UID", .right = true, .write = write_uid},
	{"INODE", .right = true, .write = write_inode},
	{"RECVQ", .right = true, .write = write_receive_queue},
	{"SENDQ", .right = true, .write = write_send_queue},
	{"NETNS", .may_shrink = true, .write = write_netns},
	{"BACKLOG", .right = true, .write = write_backlog},
	{"GROUP", .right = true, .write = write_group},
	{"CONG", .needs_details = true, .write = write_congestion},
	{"ULP", .needs_details = true, .write = write_ulp},
	{"DETAILS", .may_wrap = true, .needs_details = true, .write = write_details},
};

const struct listing_column *listing_column(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		if (text_equal_fold(name, len, columns[i].name, strlen(columns[i].name)))
			return &columns[i];
	}
	return NULL;
}

void listing_names(struct buffer *out)
{
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		buffer_text(out, i ? " " : "");
		buffer_text(out, columns[i].name);
	}
}
