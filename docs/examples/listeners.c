// SPDX-License-Identifier: MIT
/* Who listens on this machine? One line for each listener and owner; unknown owners have a reason.
 */
#include <berth.h>
#include <stdio.h>
#include <stdlib.h>

/* A process may have chosen any bytes as its name. */
static void print_owner(const struct berth_owner *owner)
{
	const struct berth_process *process = owner->process;
	char *name = berth_safe_text(process->name);

	printf("  %s, pid %u, %s", name ? name : "?", process->pid,
		process->user ? process->user : "a user without a name");
	if (process->parent)
		printf(", started by pid %u", process->parent->pid);
	putchar('\n');
	free(name);
}

static void print_socket(const struct berth_socket *socket)
{
	const char *form = socket->family == 6 ? "%s [%s]:%u\n" : "%s %s:%u\n";

	printf(form, berth_proto_name(socket->proto), socket->local_text, socket->local_port);
	for (size_t i = 0; i < socket->n_owners; i++)
		print_owner(&socket->owners[i]);
	if (socket->reason_text)
		printf("  %s\n", socket->reason_text);
}

int main(void)
{
	struct berth_ask ask = {
		.size = sizeof(ask),
		.protos = BERTH_PROTO_BIT(BERTH_TCP),
		.states = BERTH_STATE_BIT(BERTH_LISTEN),
		.owners = true,
	};
	const struct berth_socket *sockets;
	struct berth_snapshot *snapshot;
	struct berth *berth;

	if (berth_open(NULL, &berth) < 0) {
		fprintf(stderr, "listeners: %s\n", berth_error());
		return 1;
	}
	if (berth_snapshot(berth, &ask, &snapshot) < 0) {
		fprintf(stderr, "listeners: %s\n", berth_error());
		berth_close(berth);
		return 1;
	}
	size_t count = berth_snapshot_sockets(snapshot, &sockets);
	for (size_t i = 0; i < count; i++)
		print_socket(&sockets[i]);
	if (berth_snapshot_gaps(snapshot))
		puts("the kernel's answer was not whole");
	berth_snapshot_free(snapshot);
	berth_close(berth);
	return 0;
}
