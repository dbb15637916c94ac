// SPDX-License-Identifier: MIT
/*
 * berth map: all ports as one picture, on the terminal or as SVG or PNG. On the terminal a
 * character is two squares above each other, in colours or, without them, one letter; where the
 * terminal is narrow a square stands for several ports and shows the rarest thing among them.
 * Terminals that draw pictures get one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/deliver.h"
#include "web/atlas.h"
#include "web/raster.h"

static const struct command_option map_options[] = {
	{KEY_SVG, "svg", "FILE", "write an SVG picture; - is standard output"},
	{KEY_PNG, "png", "FILE", "write a PNG picture; - is standard output"},
	{KEY_AS, "as", "WAY", "on a terminal as blocks, letters, sixel or kitty; auto"},
	{KEY_HILBERT, "hilbert", NULL, "along Hilbert's curve instead of row by row"},
	{KEY_LAYERS, "layers", "LIST", "only registry,claims,ephemeral,sockets,leases,history"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

enum way {
	WAY_AUTO,
	WAY_BLOCKS,
	WAY_LETTERS,
	WAY_SIXEL,
	WAY_KITTY,
	WAYS,
};

struct map {
	struct cli *cli;
	const char *svg; /* the file, or NULL: on the terminal */
	const char *png;
	enum way way;
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
	bool blocks = map->way == WAY_BLOCKS;

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

static bool is_picture(enum way way)
{
	return way == WAY_SIXEL || way == WAY_KITTY;
}

static void put_legend(const struct map *map)
{
	struct output *output = &map->cli->output;
	bool blocks = map->way == WAY_BLOCKS;

	for (unsigned kind = 0; kind < ATLAS_KINDS; kind++) {
		const struct atlas_paint *paint = &atlas_paints[kind];

		if (is_picture(map->way))
			buffer_format(&output->text, "\033[48;2;%u;%u;%um  \033[0m %s\n",
				raster_channel(kind, true, 0), raster_channel(kind, true, 1),
				raster_channel(kind, true, 2), paint->name);
		else if (blocks)
			buffer_format(&output->text, "\033[48;5;%um  \033[0m %s\n", paint->terminal,
				paint->name);
		else
			buffer_format(&output->text, "'%c' %s\n", paint->letter, paint->name);
	}
	if (!is_picture(map->way) && (map->step > 1 || !blocks)) {
		unsigned ports = map->step * map->step * (blocks ? 1 : 2);

		buffer_format(&output->text,
			"Each mark is %u ports and shows the last of these that is among them.\n",
			ports);
	}
}

static bool find_way(const char *word, enum way *ret_way)
{
	static const char *const names[WAYS] = {"auto", "blocks", "letters", "sixel", "kitty"};

	for (unsigned way = 0; way < WAYS; way++) {
		if (strcmp(names[way], word) == 0) {
			*ret_way = (enum way)way;
			return true;
		}
	}
	return false;
}

/*
 * Pictures only on terminals whose TERM is known to draw them. Asking the terminal would be surer,
 * but its answer can come too late, and then it is typed into the shell.
 */
static enum way choose_way(const struct output *output)
{
	static const struct {
		const char *term; /* how it begins */
		enum way way;
	} known[] = {{"xterm-kitty", WAY_KITTY}, {"xterm-ghostty", WAY_KITTY}, {"foot", WAY_SIXEL},
		{"mlterm", WAY_SIXEL}, {"contour", WAY_SIXEL}};
	const char *term = getenv("TERM"); // NOLINT(concurrency-mt-unsafe): one thread

	if (!output->colour)
		return WAY_LETTERS;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]) && output->columns && term; i++) {
		if (strncmp(term, known[i].term, strlen(known[i].term)) == 0)
			return known[i].way;
	}
	return output->utf8 ? WAY_BLOCKS : WAY_LETTERS;
}

static void put_pixels(struct map *map)
{
	const unsigned scale = 2;
	struct buffer *out = &map->cli->output.text;

	/* A pager would print the picture's bytes. */
	map->cli->output.pager = NULL;
	if (map->way == WAY_SIXEL)
		raster_sixel(out, map->atlas, scale, true);
	else
		raster_kitty(out, map->atlas, scale, true);
	put_legend(map);
}

static void put_squares(struct map *map)
{
	unsigned columns = map->cli->output.columns ? map->cli->output.columns : 80;

	map->step = 1;
	while (ATLAS_SIDE / map->step > columns && map->step < ATLAS_SIDE / 2)
		map->step *= 2;
	for (unsigned row = 0; row < ATLAS_SIDE / map->step; row += 2)
		put_line(map, row);
	put_legend(map);
}

static enum cli_exit write_text(struct map *map)
{
	if (map->way == WAY_AUTO)
		map->way = choose_way(&map->cli->output);
	if (is_picture(map->way))
		put_pixels(map);
	else
		put_squares(map);
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

static enum cli_exit write_png(struct map *map)
{
	const unsigned scale = 4;
	struct buffer picture = {0};
	enum cli_exit code;

	raster_png(&picture, map->atlas, scale, false);
	code = deliver_text(map->cli, map->png, &picture);
	buffer_free(&picture);
	return code;
}

static enum cli_exit write_map(struct map *map)
{
	if (map->png)
		return write_png(map);
	return map->svg ? write_svg(map) : write_text(map);
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
	written = write_map(map);
	berth_history_free(history);
	berth_leases_free(leases);
	berth_snapshot_free(snapshot);
	if (written == CLI_YES)
		written = code;
	return written == CLI_YES ? past : written;
}

static enum cli_exit read_option(struct map *map, const struct cli_given *given)
{
	if (given->key == KEY_SVG) {
		map->svg = given->value;
	} else if (given->key == KEY_PNG) {
		map->png = given->value;
	} else if (given->key == KEY_HILBERT) {
		map->atlas->hilbert = true;
	} else if (given->key == KEY_STATE_FOLDER) {
		map->history = given->value;
	} else if (given->key == KEY_LAYERS) {
		map->chosen = true;
		return read_layers(given->value, &map->layers);
	} else if (!find_way(given->value, &map->way)) {
		cli_complain("'%s' is no way to draw; try blocks, letters, sixel, kitty or auto",
			given->value);
		return CLI_USAGE;
	}
	return CLI_YES;
}

static enum cli_exit read_options(struct map *map)
{
	const struct cli *cli = map->cli;
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; i < cli->n_given && code == CLI_YES; i++)
		code = read_option(map, &cli->given[i]);
	if (code == CLI_YES &&
		(cli->n_operands || cli->settings.format != CLI_TEXT || (map->svg && !*map->svg) ||
			(map->png && !*map->png) || (map->svg && map->png))) {
		cli_complain("a map is one picture of all ports; try berth map --svg FILE");
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
	.args = "[--svg FILE | --png FILE | --as WAY] [--hilbert] [--layers LIST] [--history DIR]",
	.help = "all 65,536 ports as one picture",
	.options = map_options,
	.run = map_run,
};
