// SPDX-License-Identifier: MIT
/* berth registry: which copy of IANA's registry is in use, taking a newer one, comparing two. */
#include <errno.h>
#include <string.h>

#include "base/json.h"
#include "cli/changes.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/grid.h"

static const struct command_option registry_options[] = {
	{KEY_SYSTEM, "system", NULL, "import for everybody, to " ENVIRONMENT_SYSTEM_IMAGE},
	{0, NULL, NULL, NULL},
};

enum {
	STATES = BERTH_UNASSIGNABLE + 1,
};

/* ---- status ---------------------------------------------------------------------------------- */

static void fact(struct buffer *out, const char *name, const char *value)
{
	buffer_format(out, "%-9s ", name);
	describe_text(out, value);
	buffer_char(out, '\n');
}

static int write_states(struct output *output, const struct berth_registry_info *info)
{
	static const struct grid_column columns[STATES + 1] = {
		{"TRANSPORT", .right = false},
		{"UNASSIGNED", .right = true},
		{"RESERVED", .right = true},
		{"ASSIGNED", .right = true},
		{"UNASSIGNABLE", .right = true},
	};
	struct grid *grid;
	int error = 0;

	grid = grid_new(output, columns, STATES + 1, true);
	if (!grid)
		return -ENOMEM;
	for (unsigned t = 0; t < BERTH_TRANSPORTS && !error; t++) {
		struct buffer cells[STATES] = {0};
		const char *texts[STATES + 1] = {berth_proto_name((enum berth_proto)t)};

		for (unsigned state = 0; state < STATES; state++) {
			describe_count(&cells[state], info->ports[t][state]);
			texts[state + 1] = buffer_string(&cells[state]);
		}
		error = grid_row(grid, texts);
		for (unsigned state = 0; state < STATES; state++)
			buffer_free(&cells[state]);
	}
	if (!error)
		error = grid_draw(grid, output);
	grid_free(grid);
	return error;
}

static int status_text(struct output *output, const struct berth_registry_info *info)
{
	struct buffer *out = &output->text;

	buffer_text(out, "IANA Service Name and Transport Protocol Port Number Registry\n\n");
	fact(out, "Copy", info->origin);
	fact(out, "Date", info->date);
	buffer_format(out, "%-9s ", "Records");
	describe_count(out, info->records);
	buffer_text(out, ": ");
	describe_count(out, info->names);
	buffer_text(out, " with a name, ");
	describe_count(out, info->without_port);
	buffer_text(out, " without a port\n\n");
	return write_states(output, info);
}

static int status_json(struct output *output, const struct berth_registry_info *info)
{
	struct json json = {.out = &output->text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-registry-status-1");
	json_string(&json, "origin", info->origin);
	json_string(&json, "date", info->date);
	json_uint(&json, "records", info->records);
	json_uint(&json, "names", info->names);
	json_uint(&json, "without_port", info->without_port);
	json_open_object(&json, "ports");
	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		json_open_object(&json, berth_proto_name((enum berth_proto)t));
		for (unsigned state = 0; state < STATES; state++)
			json_uint(&json, berth_state_name((enum berth_state)state),
				info->ports[t][state]);
		json_close_object(&json);
	}
	json_close_object(&json);
	json_close_object(&json);
	return output_write(output, "\n", 1);
}

static enum cli_exit status(struct cli *cli)
{
	struct berth_registry_info info;
	enum cli_exit code = cli_open(cli);
	int error;

	if (code != CLI_YES)
		return code;
	berth_registry_info(cli->berth, &info);
	error = cli->settings.format == CLI_TEXT ? status_text(&cli->output, &info)
						 : status_json(&cli->output, &info);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

/* ---- import and diff --------------------------------------------------------------------------
 */

/* `image`: the file that was written, NULL for diff. */
static int changes_json(struct cli *cli, const struct changes *changes, const char *image)
{
	struct output *output = &cli->output;
	struct json json = {.out = &output->text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", image ? "berth-registry-import-1" : "berth-registry-diff-1");
	if (image)
		json_string(&json, "image", image);
	changes_put(changes, &json);
	json_close_object(&json);
	return output_write(output, "\n", 1);
}

static int changes_text(struct cli *cli, const struct changes *changes, const char *image)
{
	struct buffer *out = &cli->output.text;

	if (!image || cli->settings.verbose)
		buffer_bytes(out, buffer_string(&changes->list), changes->list.len);
	if (cli->settings.quiet)
		return 0;
	if (image) {
		buffer_text(out, "Imported to ");
		describe_text(out, image);
		buffer_text(out, ": ");
	}
	changes_summary(changes, out);
	buffer_char(out, '\n');
	return 0;
}

static enum cli_exit write_changes(
	struct cli *cli, const struct changes *changes, const char *image)
{
	int error = 0;

	switch (cli->settings.format) {
	case CLI_TEXT:
		error = changes_text(cli, changes, image);
		break;
	case CLI_JSON:
		error = changes_json(cli, changes, image);
		break;
	case CLI_JSONL:
		error = output_write(
			&cli->output, buffer_string(&changes->list), changes->list.len);
		break;
	}
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

/* Where an import goes; NULL when nothing says. */
static const char *import_image(const struct cli *cli)
{
	if (cli->n_given)
		return ENVIRONMENT_SYSTEM_IMAGE;
	return cli->settings.registry ? cli->settings.registry : cli->environment.user_image;
}

static enum cli_exit import(struct cli *cli)
{
	const char *image = import_image(cli);
	struct changes changes;
	enum cli_exit code;
	int count;

	if (!image) {
		cli_complain(
			"there is no home folder to import to; try --system or --registry FILE");
		return CLI_USAGE;
	}
	cli->image_may_miss = true;
	code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	changes_init(&changes, cli, true);
	count = berth_registry_import(cli->berth, cli->operands[1], image, changes_add, &changes);
	if (count < 0) {
		cli_complain("not imported, %s", berth_error());
		code = CLI_UNKNOWN;
	} else {
		code = write_changes(cli, &changes, image);
	}
	changes_free(&changes);
	return code;
}

static enum cli_exit diff(struct cli *cli)
{
	struct changes changes;
	enum cli_exit code;
	int count;

	changes_init(&changes, cli, cli->settings.verbose);
	count = berth_registry_diff(cli->operands[1], cli->operands[2], changes_add, &changes);
	if (count < 0) {
		cli_complain("not compared, %s", berth_error());
		code = CLI_UNKNOWN;
	} else {
		code = write_changes(cli, &changes, NULL);
	}
	changes_free(&changes);
	return code;
}

/* `n` names of files behind the word, none of them empty. */
static bool has_files(const struct cli *cli, size_t n)
{
	for (size_t i = 1; i < cli->n_operands; i++) {
		if (!*cli->operands[i])
			return false;
	}
	return cli->n_operands == n + 1;
}

static enum cli_exit registry_run(struct cli *cli)
{
	const char *word = cli->n_operands ? cli->operands[0] : "status";

	if (strcmp(word, "status") == 0 && cli->n_operands <= 1)
		return status(cli);
	if (strcmp(word, "import") == 0 && has_files(cli, 1))
		return import(cli);
	if (strcmp(word, "diff") == 0 && has_files(cli, 2))
		return diff(cli);
	cli_complain("try berth registry status, berth registry import FILE or berth registry diff "
		     "OLD NEW");
	return CLI_USAGE;
}

const struct command cmd_registry = {
	.name = "registry",
	.args = "status | import [--system] FILE | diff OLD NEW",
	.help = "show, import or compare copies of IANA's registry",
	.words = "status import diff",
	.options = registry_options,
	.run = registry_run,
};
