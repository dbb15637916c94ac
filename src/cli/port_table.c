// SPDX-License-Identifier: MIT
/* Ports in a row of which the same is to be said become one range: 65,536 of them fit on few
 * screens. */
#include "cli/port_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/describe.h"
#include "cli/grid.h"

enum cell {
	CELL_REGISTRY,
	CELL_DE_FACTO,
	CELL_HERE,
	CELLS,
	NAMES_SHOWN = 3,
};

struct port_table {
	struct output *output;
	struct grid *grid;
	struct buffer cells[2][CELLS]; /* of the range that is open, and of the next port */
	unsigned open; /* which of the two is the range's */
	unsigned first;
	unsigned last;
	bool is_open;
};

struct port_table *port_table_new(struct output *output)
{
	static const struct grid_column columns[] = {
		{"PORT", .right = true},
		{"REGISTRY", .may_shrink = true},
		{"DE FACTO", .may_shrink = true},
		{"HERE", .may_shrink = true},
	};
	struct port_table *ports = calloc(1, sizeof(*ports));

	if (!ports)
		return NULL;
	ports->output = output;
	ports->grid = grid_new(output, columns, CELLS + 1, true);
	if (!ports->grid) {
		free(ports);
		return NULL;
	}
	return ports;
}

static bool name_before(const struct berth_report *report, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (strcmp(report->records[i].name, report->records[index].name) == 0)
			return true;
	}
	return false;
}

/* The names that the registry has, else the state for TCP. */
static void put_registry(struct buffer *out, const struct berth_report *report)
{
	size_t shown = 0;
	unsigned transport = report->protos & BERTH_PROTO_BIT(BERTH_TCP) ? BERTH_TCP : BERTH_UDP;

	for (size_t i = 0; i < report->n_records && shown < NAMES_SHOWN; i++) {
		const struct berth_record *record = &report->records[i];

		if (record->state != BERTH_ASSIGNED || !*record->name || name_before(report, i))
			continue;
		buffer_text(out, shown++ ? ", " : "");
		describe_text(out, record->name);
	}
	if (!shown)
		buffer_text(out, berth_state_name(report->state[transport]));
}

static void put_de_facto(struct buffer *out, const struct berth_de_facto *de_facto)
{
	if (de_facto->state == BERTH_OWNED)
		describe_text(out, de_facto->service);
	else if (de_facto->state == BERTH_CONTESTED)
		buffer_text(out, "contested: ");
	for (size_t i = 0;
		de_facto->state == BERTH_CONTESTED && i < de_facto->n_candidates && i < NAMES_SHOWN;
		i++) {
		buffer_text(out, i ? ", " : "");
		describe_text(out, de_facto->candidates[i].service);
	}
}

/* "tcp LISTEN; also in web, db" */
static void put_other_netns(struct buffer *out, const struct berth_report *report)
{
	size_t n = report->n_other_netns;

	if (n)
		buffer_text(out, out->len ? "; also in " : "in ");
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		buffer_text(out, i ? ", " : "");
		describe_text(out, report->other_netns[i].netns->name);
	}
	if (n > NAMES_SHOWN)
		buffer_format(out, ", +%zu", n - NAMES_SHOWN);
}

static void put_here(struct buffer *out, const struct berth_report *report)
{
	const char *between = "";

	if (!report->has_sockets || report->verdict.use[BERTH_TCP] == BERTH_USE_UNKNOWN)
		buffer_text(out, "?");
	for (size_t i = 0; i < report->n_sockets && i < NAMES_SHOWN; i++) {
		const struct berth_socket *socket = report->sockets[i];
		const struct berth_owner *oldest = describe_oldest(socket);

		buffer_text(out, between);
		if (oldest) {
			describe_process(out, oldest->process);
			buffer_char(out, ' ');
		}
		buffer_format(out, "%s %s", berth_proto_name(socket->proto),
			berth_socket_state_name(socket->proto, socket->state));
		between = ", ";
	}
	if (report->n_sockets > NAMES_SHOWN)
		buffer_format(out, ", +%zu", report->n_sockets - NAMES_SHOWN);
	put_other_netns(out, report);
	if (report->n_redirects && !report->redirects[0]->elsewhere) {
		buffer_text(out, report->n_sockets ? ", → " : "→ ");
		describe_text(out, report->redirects[0]->target_text);
	}
}

static int close_range(struct port_table *ports)
{
	struct buffer range = {0};
	const char *cells[CELLS + 1];
	int error;

	if (!ports->is_open)
		return 0;
	describe_range(&range, (uint16_t)ports->first, (uint16_t)ports->last);
	cells[0] = buffer_string(&range);
	error = range.error;
	for (unsigned i = 0; i < CELLS; i++) {
		const struct buffer *cell = &ports->cells[ports->open][i];

		cells[i + 1] = buffer_string(cell);
		error = error ? error : cell->error;
	}
	if (!error)
		error = grid_row(ports->grid, cells);
	buffer_free(&range);
	ports->is_open = false;
	return error;
}

static bool continues(const struct port_table *ports, unsigned port, const struct buffer *cells)
{
	if (!ports->is_open || port != ports->last + 1)
		return false;
	for (unsigned i = 0; i < CELLS; i++) {
		if (strcmp(buffer_string(&cells[i]),
			    buffer_string(&ports->cells[ports->open][i])) != 0)
			return false;
	}
	return true;
}

int port_table_add(struct port_table *ports, const struct berth_report *report)
{
	struct buffer *cells = ports->cells[!ports->open];
	int error;

	for (unsigned i = 0; i < CELLS; i++)
		buffer_clear(&cells[i]);
	put_registry(&cells[CELL_REGISTRY], report);
	put_de_facto(&cells[CELL_DE_FACTO], &report->de_facto);
	put_here(&cells[CELL_HERE], report);
	if (continues(ports, report->port, cells)) {
		ports->last = report->port;
		return 0;
	}
	error = close_range(ports);
	ports->open = !ports->open;
	ports->first = report->port;
	ports->last = report->port;
	ports->is_open = true;
	return error;
}

int port_table_draw(struct port_table *ports)
{
	int error = close_range(ports);

	return error ? error : grid_draw(ports->grid, ports->output);
}

void port_table_free(struct port_table *ports)
{
	if (!ports)
		return;
	for (unsigned i = 0; i < CELLS; i++) {
		buffer_free(&ports->cells[0][i]);
		buffer_free(&ports->cells[1][i]);
	}
	grid_free(ports->grid);
	free(ports);
}
