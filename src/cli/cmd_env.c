// SPDX-License-Identifier: MIT
/* berth env: the ports that this project has leased, as variables. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/project_root.h"
#include "cli/run_words.h"

static const struct command_option env_options[] = {
	{KEY_EXPORT, "export", NULL, "as commands for a shell or direnv: export WEB_PORT=…"},
	{0, NULL, NULL, NULL},
};

bool cmd_env_counts(const struct berth_lease *lease, uint64_t project)
{
	return lease->here && lease->state != BERTH_LEASE_OVER &&
		lease->kind != BERTH_LEASE_PRINTED && lease->uid == geteuid() &&
		lease->project == project;
}

/* A name may have several leases of its port: one for each holder. */
static bool is_told(const struct berth_leases *leases, size_t index, uint64_t project)
{
	for (size_t i = 0; i < index; i++) {
		if (cmd_env_counts(&leases->leases[i], project) &&
			!strcmp(leases->leases[i].name, leases->leases[index].name))
			return true;
	}
	return false;
}

/* Names of variables have nothing that a shell or .env would take for its own; no more has what
 * stands behind them. */
static int write_text(struct cli *cli, const struct berth_leases *leases, uint64_t project)
{
	struct output *output = &cli->output;

	for (size_t i = 0; i < leases->n_leases; i++) {
		if (!cmd_env_counts(&leases->leases[i], project) || is_told(leases, i, project))
			continue;
		if (cli->n_given)
			buffer_text(&output->text, "export ");
		run_words_variable(leases->leases[i].name, &output->text);
		buffer_format(&output->text, "=%u\n", (unsigned)leases->leases[i].port);
	}
	return output->text.error;
}

static int write_json(struct cli *cli, const struct berth_leases *leases, uint64_t project)
{
	struct json json = {.out = &cli->output.text};

	json_open_object(&json, NULL);
	json_string(&json, "schema", "berth-env-1");
	json_open_array(&json, "leases");
	for (size_t i = 0; i < leases->n_leases; i++) {
		struct buffer variable = {0};

		if (!cmd_env_counts(&leases->leases[i], project) || is_told(leases, i, project))
			continue;
		run_words_variable(leases->leases[i].name, &variable);
		json_open_object(&json, NULL);
		json_string(&json, "name", leases->leases[i].name);
		json_string(&json, "variable", buffer_string(&variable));
		json_uint(&json, "port", leases->leases[i].port);
		json_close_object(&json);
		buffer_free(&variable);
	}
	json_close_array(&json);
	json_close_object(&json);
	return output_write(&cli->output, "\n", 1);
}

static enum cli_exit tell(struct cli *cli, const struct berth_leases *leases)
{
	char *folder = project_root();
	uint64_t project = berth_project_number(folder);
	enum cli_exit code = CLI_NO;

	for (size_t i = 0; i < leases->n_leases; i++) {
		if (cmd_env_counts(&leases->leases[i], project))
			code = CLI_YES;
	}
	int error = cli->settings.format == CLI_TEXT ? write_text(cli, leases, project)
						     : write_json(cli, leases, project);
	if (code == CLI_NO && !cli->settings.quiet)
		cli_complain("no lease of yours belongs to %s", folder ? folder : "this folder");
	free(folder);
	return error < 0 ? cli_cannot(cli, error) : code;
}

static enum cli_exit env_run(struct cli *cli)
{
	struct berth_leases *leases = NULL;
	enum cli_exit code = CLI_YES;

	if (cli->n_operands) {
		cli_complain("'%s' is too much; berth env prints all leases of this project",
			cli->operands[0]);
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cmd_leases_read(cli, &leases);
	if (code != CLI_YES)
		return code;
	code = tell(cli, leases);
	berth_leases_free(leases);
	return code;
}

const struct command cmd_env = {
	.name = "env",
	.args = "",
	.help = "print the leases of this project as variables",
	.options = env_options,
	.run = env_run,
};
