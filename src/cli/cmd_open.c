// SPDX-License-Identifier: MIT
/* berth open: where the browser finds what this project has leased under a name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/project_root.h"

static const struct command_option open_options[] = {
	{KEY_BROWSER, "browser", NULL, "also open it, with xdg-open"},
	{KEY_HTTPS, "https", NULL, "https instead of http"},
	{0, NULL, NULL, NULL},
};

static bool is_given(const struct cli *cli, int key)
{
	for (size_t i = 0; i < cli->n_given; i++) {
		if (cli->given[i].key == key)
			return true;
	}
	return false;
}

/* 0: the name has no lease here. */
static uint16_t find_port(const struct berth_leases *leases, const char *name)
{
	char *folder = project_root();
	uint64_t project = berth_project_number(folder);
	uint16_t port = 0;

	for (size_t i = 0; i < leases->n_leases && !port; i++) {
		if (cmd_env_counts(&leases->leases[i], project) &&
			!strcmp(leases->leases[i].name, name))
			port = leases->leases[i].port;
	}
	free(folder);
	return port;
}

/* Becomes xdg-open; returns only when there is none. */
static enum cli_exit become_browser(const char *url)
{
	execlp("xdg-open", "xdg-open", url, (char *)NULL);
	cli_complain("xdg-open: %s", strerror(errno));
	return CLI_UNKNOWN;
}

static enum cli_exit show(struct cli *cli, uint16_t port)
{
	struct output *output = &cli->output;
	char url[64];

	(void)snprintf(url, sizeof(url), "%s://localhost:%u/",
		is_given(cli, KEY_HTTPS) ? "https" : "http", (unsigned)port);
	if (is_given(cli, KEY_BROWSER))
		return become_browser(url);
	buffer_format(&output->text, "%s\n", url);
	return output->text.error ? cli_cannot(cli, output->text.error) : CLI_YES;
}

static enum cli_exit open_run(struct cli *cli)
{
	struct berth_leases *leases = NULL;
	enum cli_exit code = CLI_YES;

	if (cli->n_operands != 1 || cli->settings.format != CLI_TEXT) {
		cli_complain(cli->n_operands == 1 ? "berth open prints a URL, and no JSON"
						  : "open what? try berth open web");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cmd_leases_read(cli, &leases);
	if (code != CLI_YES)
		return code;
	uint16_t port = find_port(leases, cli->operands[0]);
	berth_leases_free(leases);
	if (port)
		return show(cli, port);
	if (!cli->settings.quiet)
		cli_complain("this project has no lease \"%s\"; berth env shows those it has",
			cli->operands[0]);
	return CLI_NO;
}

const struct command cmd_open = {
	.name = "open",
	.args = "NAME",
	.help = "print the URL of what is leased under a name",
	.options = open_options,
	.run = open_run,
};
