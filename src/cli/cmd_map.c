// SPDX-License-Identifier: MIT
/*
 * berth map: all ports as one picture, on the terminal or as SVG. On the terminal a character is
 * two squares above each other, in colours or, without them, one letter; where the terminal is
 * narrow a square stands for several ports and shows the rarest thing among them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/deliver.h"
#include "web/atlas.h"

static const struct command_option map_options[] = {
	{KEY_SVG, "svg", "FILE", "write an SVG picture; - is standard output"},
	{KEY_HILBERT, "hilbert", NULL, "along Hilbert's curve instead of row by row"},
	{KEY_LAYERS, "layers", "LIST", "only registry,claims,ephemeral,sockets,leases,history"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

struct map {
	struct cli *cli;
	const char *svg; /* the file, or NULL: on the terminal */
	const char *history; /* the folder */
	unsigned layers;
	bool chosen; /* by --layers: what is missing is said */
	struct atlas *atlas;
	unsigned step; /* ports along each side of a square */
};

static bool find_layer(const char *word, size_t len, unsigned *layers)
{
	static const struct {
		const char *name;
		unsigned layer;
	} names[] = {{"registry", ATLAS_LAYER_REGISTRY}, {"claims", ATLAS_LAYER_CLAIMS},
		{"ephemeral", ATLAS_LAYER_EPHEMERAL}, {"sockets", ATLAS_LAYER_SOCKETS},
		{"leases", ATLAS_LAYER_LEASES}, {"history", ATLAS_LAYER_HISTORY}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strlen(names[i].name) == len && memcmp(names[i].name, word, len) == 0) {
			*layers |= names[i].layer;
			return true;
		}
	}
	return false;
}

static enum cli_exit read_layers(const char *list, unsigned *ret_layers)
{
	unsigned layers = 0;

	for (const char *at = list;;) {
		size_t len = strcspn(at, ",");

		if (!find_layer(at, len, &layers)) {
			cli_complain("no layer is called '%.*s'; there are registry, claims, "
				     "ephemeral, sockets, leases and history",
				(int)len, at);
			return CLI_USAGE;
		}
		at += len;
		if (!*at)
			break;
		at++;
	}
	*ret_layers = layers;
	return CLI_YES;
}

/* ---- Terminal ----------------------------------------------------------------------------------
 */

static unsigned square(const struct map *map, unsigned column, unsigned row)
{
	unsigned most = ATLAS_NOTHING;

	for (unsigned y = row * map->step; y < (row + 1) * map->step; y++) {
		for (unsigned x = column * map->step; x < (column + 1) * map->step; x++) {
			unsigned kind = map->atlas->kind[atlas_port(map->atlas, x, y)];

			most = kind > most ? kind : most;
		}
	}
	return most;
}

static void put_line(const struct map *map, unsigned row)
{
	struct output *output = &map->cli->output;
	bool blocks = output->colour && output->utf8;

	for (unsigned column = 0; column < ATLAS_SIDE / map->step; column++) {
		unsigned upper = square(map, column, row);
		unsigned lower = square(map, column, row + 1);

		if (blocks)
			buffer_format(&output->text, "\033[38;5;%u;48;5;%um▀",
				atlas_paints[upper].terminal, atlas_paints[lower].terminal);
		else
			buffer_char(
				&output->text, atlas_paints[upper > lower ? upper : lower].letter);
	}
	buffer_text(&output->text, blocks ? "\033[0m\n" : "\n");
}

static void put_legend(const struct map *map)
{
	struct output *output = &map->cli->output;
	bool blocks = output->colour && output->utf8;

	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++) {
		const struct atlas_paint *paint = &atlas_paints[kind];

		if (blocks)
			buffer_format(&output->text, "\033[48;5;%um  \033[0m %s\n", paint->terminal,
				paint->name);
		else
			buffer_format(&output->text, "'%c' %s\n", paint->letter, paint->name);
	}
	if (map->step > 1 || !blocks) {
		unsigned ports = map->step * map->step * (blocks ? 1 : 2);

		buffer_format(&output->text,
			"Each mark is %u ports and shows the last of these that is among them.\n",
			ports);
	}
}

static enum cli_exit write_text(struct map *map)
{
	unsigned columns = map->cli->output.columns ? map->cli->output.columns : 80;

	map->step = 1;
	while (ATLAS_SIDE / map->step > columns && map->step < ATLAS_SIDE / 2)
		map->step *= 2;
	for (unsigned row = 0; row < ATLAS_SIDE / map->step; row += 2)
		put_line(map, row);
	put_legend(map);
	return map->cli->output.text.error < 0 ? cli_cannot(map->cli, map->cli->output.text.error)
					       : CLI_YES;
}

static enum cli_exit write_svg(struct map *map)
{
	struct buffer picture = {0};
	enum cli_exit code;

	atlas_svg(&picture, map->atlas, true);
	code = deliver_text(map->cli, map->svg, &picture);
	buffer_free(&picture);
	return code;
}

/* A ledger or history that is not there, or not ours to read, is a gap only to who asked for it. */
static enum cli_exit lacks(const struct map *map)
{
	if (!map->chosen)
		return CLI_YES;
	cli_complain("%s", berth_error());
	return CLI_UNKNOWN;
}

static enum cli_exit read_past(
	const struct map *map, struct berth_leases **leases, struct berth_history **history)
{
	const struct berth_history_ask ask = {.size = sizeof(ask), .folder = map->history};
	enum cli_exit code = CLI_YES;

	if (map->layers & ATLAS_LAYER_LEASES && berth_leases(map->cli->berth, leases) < 0)
		code = lacks(map);
	if (map->layers & ATLAS_LAYER_HISTORY &&
		berth_history(map->cli->berth, &ask, history) < 0 && code == CLI_YES)
		code = lacks(map);
	return code;
}

static enum cli_exit draw(struct map *map)
{
	struct berth_ask ask = {.size = sizeof(ask)};
	struct berth_snapshot *snapshot = NULL;
	struct berth_leases *leases = NULL;
	struct berth_history *history = NULL;
	enum cli_exit code = CLI_YES;
	enum cli_exit past = read_past(map, &leases, &history);
	enum cli_exit written;

	if (map->layers & (ATLAS_LAYER_SOCKETS | ATLAS_LAYER_EPHEMERAL)) {
		code = cli_snapshot(map->cli, &ask, &snapshot);
		if (snapshot)
			code = cli_gaps(map->cli, berth_snapshot_gaps(snapshot));
	}
	const struct atlas_here here = {snapshot, leases, history};
	atlas_fill(map->atlas, map->cli->berth, &here, map->layers);
	written = map->svg ? write_svg(map) : write_text(map);
	berth_history_free(history);
	berth_leases_free(leases);
	berth_snapshot_free(snapshot);
	if (written == CLI_YES)
		written = code;
	return written == CLI_YES ? past : written;
}

static enum cli_exit read_options(struct map *map)
{
	const struct cli *cli = map->cli;
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; i < cli->n_given && code == CLI_YES; i++) {
		if (cli->given[i].key == KEY_SVG)
			map->svg = cli->given[i].value;
		else if (cli->given[i].key == KEY_HILBERT)
			map->atlas->hilbert = true;
		else if (cli->given[i].key == KEY_STATE_FOLDER)
			map->history = cli->given[i].value;
		else
			code = read_layers(cli->given[i].value, &map->layers);
		map->chosen = map->chosen || cli->given[i].key == KEY_LAYERS;
	}
	if (code == CLI_YES &&
		(cli->n_operands || cli->settings.format != CLI_TEXT || (map->svg && !*map->svg))) {
		cli_complain("a map is a picture of all ports; try berth map --svg FILE");
		code = CLI_USAGE;
	}
	return code;
}

static enum cli_exit map_run(struct cli *cli)
{
	struct map map = {.cli = cli, .layers = ATLAS_LAYERS_ALL};
	enum cli_exit code;

	map.atlas = calloc(1, sizeof(*map.atlas));
	if (!map.atlas)
		return cli_cannot(cli, -ENOMEM);
	code = read_options(&map);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = draw(&map);
	free(map.atlas);
	return code;
}

const struct command cmd_map = {
	.name = "map",
	.args = "[--svg FILE] [--hilbert] [--layers LIST] [--history DIR]",
	.help = "all 65,536 ports as one picture",
	.options = map_options,
	.run = map_run,
};
