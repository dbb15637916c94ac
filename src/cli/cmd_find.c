// SPDX-License-Identifier: MIT
/*
 * berth find: which ports have to do with some words. Records of the registry and claims stand side
 * by side, each with where it comes from.
 */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/grid.h"

enum {
	LIMIT_ON_TERMINAL = 50,
};

enum cell {
	CELL_PORT,
	CELL_PROTO,
	CELL_NAME,
	CELL_DESCRIPTION,
	CELL_SOURCE,
	CELL_MATCH,
	CELL_KIND,
	CELLS,
};

static const struct command_option find_options[] = {
	{'a', "all", NULL, "all that was found, on a terminal too"},
	{KEY_LIMIT, "limit", "N", "the best N only"},
	{0, NULL, NULL, NULL},
};

/* How many to show at most; 0: all. */
static enum cli_exit read_limit(const struct cli *cli, size_t *ret_limit)
{
	size_t limit =
		cli->output.terminal && cli->settings.format == CLI_TEXT ? LIMIT_ON_TERMINAL : 0;

	for (size_t i = 0; i < cli->n_given; i++) {
		const char *value = cli->given[i].value;
		uint64_t number = 0;

		if (value &&
			(text_number(value, strlen(value), INT32_MAX, &number) < 0 || !number)) {
			cli_complain("'%s' is no limit; try --limit 20", value);
			return CLI_USAGE;
		}
		limit = number;
	}
	*ret_limit = limit;
	return CLI_YES;
}

static void fill_record(struct buffer *cells, const struct berth_record *record)
{
	if (record->has_port)
		describe_range(&cells[CELL_PORT], record->first, record->last);
	if (record->any_transport)
		buffer_text(&cells[CELL_PROTO], "any");
	else
		describe_protos(&cells[CELL_PROTO], record->protos);
	describe_text(&cells[CELL_NAME], record->name);
	describe_prose(&cells[CELL_DESCRIPTION], record->description, 0);
	buffer_text(&cells[CELL_SOURCE], "IANA registry");
	buffer_text(&cells[CELL_KIND], berth_state_name(record->state));
}

static void fill_claim(struct buffer *cells, const struct berth_claim *claim)
{
	describe_range(&cells[CELL_PORT], claim->first, claim->last);
	describe_protos(&cells[CELL_PROTO], claim->protos);
	describe_text(&cells[CELL_NAME], claim->service);
	describe_prose(&cells[CELL_DESCRIPTION], claim->name, 0);
	describe_text(&cells[CELL_SOURCE], claim->claimant);
	buffer_text(&cells[CELL_KIND], describe_claim_kind(claim->kind));
}

static int write_row(struct grid *grid, const struct berth_found *found)
{
	struct buffer cells[CELLS] = {0};
	const char *texts[CELLS];
	int error = 0;

	if (found->is_claim)
		fill_claim(cells, &found->claim);
	else
		fill_record(cells, &found->record);
	buffer_text(&cells[CELL_MATCH], berth_match_name(found->match));
	for (size_t i = 0; i < CELLS; i++) {
		if (cells[i].error)
			error = cells[i].error;
		texts[i] = buffer_string(&cells[i]);
	}
	if (!error)
		error = grid_row(grid, texts);
	for (size_t i = 0; i < CELLS; i++)
		buffer_free(&cells[i]);
	return error;
}

static int write_table(struct cli *cli, const struct berth_find *find, size_t n)
{
	static const struct grid_column columns[CELLS] = {
		[CELL_PORT] = {"PORT", .right = true},
		[CELL_PROTO] = {"PROTO", .right = false},
		[CELL_NAME] = {"NAME", .right = false},
		[CELL_DESCRIPTION] = {"DESCRIPTION", .may_shrink = true},
		[CELL_SOURCE] = {"SOURCE", .may_shrink = true},
		[CELL_MATCH] = {"MATCH", .right = false},
		[CELL_KIND] = {"KIND", .may_shrink = true},
	};
	/* The last column is for those who want more. */
	size_t width = cli->settings.verbose ? CELLS : CELL_KIND;
	struct grid *grid = grid_new(&cli->output, columns, width, true);
	int error = grid ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !error; i++)
		error = write_row(grid, berth_find_get(find, i));
	if (!error && n)
		error = grid_draw(grid, &cli->output);
	grid_free(grid);
	return error;
}

static void write_left(struct cli *cli, size_t left)
{
	struct output *output = &cli->output;
	struct buffer note = {0};

	if (!left || cli->settings.quiet)
		return;
	describe_count(&note, left);
	buffer_text(&note, " more; berth find -a shows them.");
	output_styled(output, &output->text, OUTPUT_FAINT, buffer_string(&note), note.len);
	buffer_char(&output->text, '\n');
	buffer_free(&note);
}

static int put_found(struct json *json, const struct berth_found *found)
{
	int error;

	json_open_object(json, NULL);
	json_string(json, "match", berth_match_name(found->match));
	json_value_follows(json, found->is_claim ? "claim" : "record");
	error = found->is_claim ? berth_claim_json(&found->claim, buffer_write, json->out)
				: berth_record_json(&found->record, buffer_write, json->out);
	json_close_object(json);
	return error;
}

static int write_json(struct cli *cli, const struct berth_find *find, size_t n, size_t left)
{
	bool lines = cli->settings.format == CLI_JSONL;
	struct buffer text = {0};
	struct json json = {.out = &text};
	int error = 0;

	if (!lines) {
		json_open_object(&json, NULL);
		json_string(&json, "schema", "berth-find-1");
		json_open_array(&json, "words");
		for (size_t i = 0; i < cli->n_operands; i++)
			json_string(&json, NULL, cli->operands[i]);
		json_close_array(&json);
		json_open_array(&json, "found");
	}
	for (size_t i = 0; i < n && !error; i++) {
		error = put_found(&json, berth_find_get(find, i));
		if (lines) {
			buffer_char(&text, '\n');
			json.comma = false;
		}
	}
	if (!lines) {
		json_close_array(&json);
		json_uint(&json, "left", left);
		json_close_object(&json);
		buffer_char(&text, '\n');
	}
	if (!error)
		error = text.error;
	if (!error)
		error = output_write(&cli->output, buffer_string(&text), text.len);
	buffer_free(&text);
	return error;
}

static enum cli_exit answer(struct cli *cli, const struct berth_find *find, size_t n, size_t limit)
{
	size_t shown = limit && limit < n ? limit : n;
	int error;

	if (cli->settings.format == CLI_TEXT) {
		error = write_table(cli, find, shown);
		write_left(cli, n - shown);
	} else {
		error = write_json(cli, find, shown, n - shown);
	}
	if (error < 0)
		return cli_cannot(cli, error);
	return n ? CLI_YES : CLI_NO;
}

/* The empty text is part of every name: nobody means that. */
static bool has_words(const struct cli *cli)
{
	for (size_t i = 0; i < cli->n_operands; i++) {
		if (!*cli->operands[i])
			return false;
	}
	return cli->n_operands > 0;
}

static enum cli_exit find_run(struct cli *cli)
{
	struct berth_find *find = NULL;
	size_t limit;
	enum cli_exit code = read_limit(cli, &limit);

	if (code == CLI_YES && !has_words(cli)) {
		cli_complain("find what? try berth find postgres");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	int n = berth_find(cli->berth, (const char *const *)cli->operands, &find);
	code = n < 0 ? cli_cannot(cli, n) : answer(cli, find, (size_t)n, limit);
	berth_find_free(find);
	return code;
}

const struct command cmd_find = {
	.name = "find",
	.args = "[OPTIONS] WORD...",
	.help = "find ports by words in the registry and the claims",
	.options = find_options,
	.run = find_run,
};
