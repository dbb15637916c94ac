// SPDX-License-Identifier: MIT
/*
 * berth doctor --self: how berth itself finds owners here: each way, whether it was used for a port
 * and for the list, what it found, and why another was not.
 */
#include "cli/doctor_self.h"

#include <errno.h>

#include "base/json.h"
#include "cli/grid.h"
#include "cli/question.h"

/* One question that was asked for the sake of its rungs. */
struct trial {
	const char *name; /* "port" or "list" */
	const struct berth_rung_use *uses;
	size_t n_uses;
	struct berth_snapshot *snapshot;
};

enum {
	TRIALS = 2
};

static void write_figures(struct buffer *out, const struct berth_rung_use *use)
{
	if (use->used)
		buffer_format(
			out, "%u of %u sockets in %.2f ms", use->found, use->asked, use->time_ms);
	else
		buffer_text(out, use->why_not ? use->why_not : "");
}

static int add_row(struct grid *grid, const struct trial *trial, const struct berth_rung_use *use)
{
	struct buffer figures = {0};

	write_figures(&figures, use);
	const char *cells[] = {trial->name, berth_rung_name(use->rung),
		use->used ? "used" : "not used", buffer_string(&figures)};
	int error = figures.error ? figures.error : grid_row(grid, cells);
	buffer_free(&figures);
	return error;
}

static int write_table(struct output *output, const struct trial trials[TRIALS])
{
	const struct grid_column heads[] = {
		{.heading = "QUESTION"},
		{.heading = "RUNG"},
		{.heading = ""},
		{.heading = "WHAT IT FOUND, OR WHY IT WAS NOT USED", .may_wrap = true},
	};
	struct grid *grid = grid_new(output, heads, sizeof(heads) / sizeof(*heads), true);
	int error = grid ? 0 : -ENOMEM;

	for (size_t i = 0; i < TRIALS; i++) {
		for (size_t j = 0; !error && j < trials[i].n_uses; j++)
			error = add_row(grid, &trials[i], &trials[i].uses[j]);
	}
	if (!error)
		error = grid_draw(grid, output);
	grid_free(grid);
	return error;
}

static void put_use(struct json *json, const struct berth_rung_use *use)
{
	json_open_object(json, NULL);
	json_string(json, "rung", berth_rung_name(use->rung));
	json_bool(json, "used", use->used);
	json_string(json, "why_not", use->why_not);
	json_uint(json, "asked", use->asked);
	json_uint(json, "found", use->found);
	json_real(json, "time_ms", use->time_ms, 3);
	json_close_object(json);
}

static int write_json(struct output *output, const struct trial trials[TRIALS])
{
	struct json json = {.out = &output->text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-doctor-self-1");
	for (size_t i = 0; i < TRIALS; i++) {
		json_open_array(&json, trials[i].name);
		for (size_t j = 0; j < trials[i].n_uses; j++)
			put_use(&json, &trials[i].uses[j]);
		json_close_array(&json);
	}
	json_close_object(&json);
	return output_write(output, "\n", 1);
}

static enum cli_exit take(struct cli *cli, const struct berth_ask *ask, struct trial *trial)
{
	enum cli_exit code = cli_snapshot(cli, ask, &trial->snapshot);

	if (code == CLI_YES)
		trial->n_uses = berth_snapshot_rungs(trial->snapshot, &trial->uses);
	return code;
}

/* A port for which owners can be looked for: the first listener's. */
static bool find_listener(const struct berth_snapshot *snapshot, struct berth_query_part *ret_part)
{
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	for (size_t i = 0; i < n; i++) {
		if (sockets[i].state == BERTH_LISTEN) {
			*ret_part = (struct berth_query_part){
				.first = sockets[i].local_port, .last = sockets[i].local_port};
			return true;
		}
	}
	return false;
}

static enum cli_exit try_rungs(struct cli *cli, struct trial trials[TRIALS])
{
	struct berth_query_part part;
	const struct berth_query query = {.parts = &part, .n_parts = 1};
	const struct berth_ask list = {.size = sizeof(list),
		.states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE),
		.owners = true,
		.brief = true};
	const struct berth_ask one = {.size = sizeof(one), .query = &query, .owners = true};
	enum cli_exit code = take(cli, &list, &trials[1]);

	if (code == CLI_YES && find_listener(trials[1].snapshot, &part))
		code = take(cli, &one, &trials[0]);
	return code;
}

enum cli_exit doctor_self(struct cli *cli)
{
	struct trial trials[TRIALS] = {{.name = "port"}, {.name = "list"}};
	int error = 0;

	enum cli_exit code = try_rungs(cli, trials);
	if (code == CLI_YES)
		error = cli->settings.format == CLI_TEXT ? write_table(&cli->output, trials)
							 : write_json(&cli->output, trials);
	for (size_t i = 0; i < TRIALS; i++)
		berth_snapshot_free(trials[i].snapshot);
	return error < 0 ? cli_cannot(cli, error) : code;
}
