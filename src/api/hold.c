// SPDX-License-Identifier: MIT
/*
 * Holds a port: a socket that keeps it from the kernel's own choice, or one that listens already,
 * and beside it a lease in the ledger that ends with this process and keeps others out. Where there
 * is no ledger of all users, a lock of the kernel's does that too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/chooser.h"
#include "api/handle.h"
#include "binding/binding.h"

/* The public part is first, so that the two can be told from each other's address. */
struct hold_box {
	struct berth_hold hold;
	const struct berth *berth;
	struct berth_hold_ask ask;
	int lock; /* where the ledger is not that of all users; else -1 */
	struct entry entry; /* in the ledger; id 0: there is none */
};

/* Under its name, or any: it is in the ledger so that nobody else is given the port. */
static int make_entry(struct chooser *chooser, struct hold_box *box, uint16_t port)
{
	const struct berth_hold_ask *ask = &box->ask;
	bool named = ask->name && entry_is_name(ask->name);

	box->entry = chooser_entry(chooser, port, BERTH_LEASE_HELD, named ? ask->name : "held",
		berth_project_number(ask->folder));
	box->entry.pid = (uint32_t)getpid();
	return sockets_start(chooser->berth->system, box->entry.pid, &box->entry.start_ticks);
}

static int take(struct chooser *chooser, uint16_t port, struct hold_box *box)
{
	const struct berth_hold_ask *ask = &box->ask;
	struct sockets_system *system = chooser->berth->system;
	bool wished = ask->port != 0;
	int r = make_entry(chooser, box, port);

	if (!r)
		r = chooser_claim(chooser, &box->entry, wished, wished || ask->name, &box->lock);
	/* What cannot be noted can be held all the same: its socket and the lock tell others. */
	if (r == -ENOSPC || r == -EDQUOT || r == -EROFS) {
		box->entry.id = 0;
		box->lock = sockets_lock(system, port);
		r = box->lock < 0 ? box->lock : 0;
	}
	if (r)
		return r;
	int fd = ask->listen ? sockets_listen(system, ask->family, ask->address, port)
			     : sockets_hold(system, port);
	if (fd < 0) {
		chooser_unclaim(chooser, &box->entry, box->lock);
		return fd;
	}
	box->hold.port = port;
	box->hold.fd = fd;
	return 0;
}

static int take_any(struct chooser *chooser, struct hold_box *box)
{
	const struct berth_port_range range = box->ask.range;
	struct order order = chooser_order(chooser, box->ask.name, box->ask.folder, range);
	uint16_t port = 0;

	for (uint32_t n = 0; (port = order_nth(&order, n)) != 0; n++) {
		int r = chooser_refuses(chooser, port, range) ? -EADDRINUSE
							      : take(chooser, port, box);

		if (r != -EADDRINUSE && r != -EACCES)
			return r;
	}
	return -EADDRINUSE;
}

static int explain(int error, uint16_t port)
{
	if (error == -EROFS)
		return handle_fail(error, "a recording has no ports to hold");
	if (error == -EADDRINUSE && port)
		return handle_fail(error, "port %u is taken", port);
	if (error == -EADDRINUSE)
		return handle_fail(error, "no port is left");
	if (error == -EACCES)
		return handle_fail(error, "port %u needs CAP_NET_BIND_SERVICE", port);
	return handle_fail(error, "no port could be held: %s", strerror(-error));
}

static int hold(struct hold_box *box)
{
	struct chooser chooser;
	uint16_t port = box->ask.port;
	int r = chooser_begin(&chooser, box->berth, CHOOSER_PROCESSES);

	if (!r && !port)
		r = chooser_learn(&chooser);
	if (!r)
		r = port ? take(&chooser, port, box) : take_any(&chooser, box);
	chooser_end(&chooser);
	return r ? explain(r, port) : 0;
}

int berth_hold(
	const struct berth *berth, const struct berth_hold_ask *ask, struct berth_hold **ret_hold)
{
	struct hold_box *box = calloc(1, sizeof(*box));

	if (!box)
		return handle_fail(-ENOMEM, "out of memory");
	int r = 0;
	if (ask->size < sizeof(ask->size) || ask->size > sizeof(box->ask)) {
		r = handle_fail(-EINVAL, "berth_hold_ask.size is %zu, at most %zu is known",
			ask->size, sizeof(box->ask));
	} else {
		memcpy(&box->ask, ask, ask->size);
		box->berth = berth;
		r = hold(box);
	}
	if (r)
		free(box);
	else
		*ret_hold = &box->hold;
	return r;
}

void berth_hold_open(struct berth_hold *hold)
{
	if (hold->fd >= 0)
		close(hold->fd);
	hold->fd = -1;
}

static void strike_out(const struct hold_box *box)
{
	struct ledger ledger;

	if (!box->entry.id || ledger_open(box->berth->runtime_folder, &ledger))
		return;
	(void)ledger_drop(&ledger, &box->entry);
	ledger_close(&ledger);
}

void berth_hold_end(struct berth_hold *hold)
{
	struct hold_box *box = (struct hold_box *)hold;

	if (!box)
		return;
	berth_hold_open(hold);
	strike_out(box);
	if (box->lock >= 0)
		close(box->lock);
	free(box);
}
