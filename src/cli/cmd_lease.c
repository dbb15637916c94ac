// SPDX-License-Identifier: MIT
/* berth lease: a port for a name, until its holder ends, its time is over, or it is given back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/project_root.h"

enum {
	LARGEST_PORT = 65535,
};

static const struct command_option lease_options[] = {
	{KEY_PORT, "port", "PORT", "just this port"},
	{KEY_RANGE, "range", "A-B", "one of these ports"},
	{KEY_TTL, "ttl", "TIME", "until this time is over: 90s, 10m, 2h"},
	{KEY_PID, "pid", "PID",
		"until this process ends; without --ttl, until the caller of berth does"},
	{KEY_GLOBAL, "global", NULL, "the name belongs to the user, not to the project"},
	{0, NULL, NULL, NULL},
};

struct leasing {
	struct berth_lease_ask ask;
	bool global;
};

static enum cli_exit take_number(
	const char *value, uint64_t most, const char *what, uint64_t *ret_number)
{
	uint64_t number = 0;

	if (text_number(value, strlen(value), most, &number) || !number) {
		cli_complain("'%s' is no %s", value, what);
		return CLI_USAGE;
	}
	*ret_number = number;
	return CLI_YES;
}

static enum cli_exit take_ttl(const char *value, int64_t *ret_ms)
{
	if (!duration_parse(value, ret_ms) && *ret_ms > 0)
		return CLI_YES;
	cli_complain("'%s' is no time for a lease; try 90s, 10m or 2h", value);
	return CLI_USAGE;
}

static enum cli_exit take_options(const struct cli *cli, struct leasing *leasing)
{
	struct berth_lease_ask *ask = &leasing->ask;
	enum cli_exit code = CLI_YES;
	uint64_t number = 0;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++) {
		const struct cli_given *given = cli->given + i;

		if (given->key == KEY_PORT) {
			code = take_number(given->value, LARGEST_PORT, "port", &number);
			ask->port = (uint16_t)number;
		} else if (given->key == KEY_PID) {
			code = take_number(given->value, INT32_MAX, "process id", &number);
			ask->pid = (uint32_t)number;
		} else if (given->key == KEY_RANGE) {
			code = cmd_free_range(given->value, &ask->range);
		} else if (given->key == KEY_TTL) {
			code = take_ttl(given->value, &ask->ttl_ms);
		} else if (given->key == KEY_GLOBAL) {
			leasing->global = true;
		}
	}
	return code;
}

/* Whoever called us is who needs it, mostly a shell or a script. */
static enum cli_exit choose_holder(struct berth_lease_ask *ask)
{
	pid_t parent = getppid();

	if (ask->pid || ask->ttl_ms)
		return CLI_YES;
	if (parent <= 1) {
		cli_complain("nobody is there whose end would end the lease; say --ttl or --pid");
		return CLI_USAGE;
	}
	ask->pid = (uint32_t)parent;
	return CLI_YES;
}

static int write_port(struct cli *cli, const char *name, uint16_t port, bool renewed)
{
	struct output *output = &cli->output;

	if (cli->settings.format == CLI_TEXT) {
		buffer_format(&output->text, "%u\n", (unsigned)port);
		return output->text.error;
	}
	int error = berth_leased_json(name, port, renewed, output_write, output);

	return error ? error : output_write(output, "\n", 1);
}

enum cli_exit cmd_lease_code(int error)
{
	switch (error) {
	case -EINVAL:
	case -ESRCH:
		return CLI_USAGE;
	case -EADDRINUSE:
	case -EDQUOT:
	case -ENOENT:
	case -EPERM:
	case -EBUSY:
		return CLI_NO;
	default:
		return CLI_UNKNOWN;
	}
}

static enum cli_exit lease_run(struct cli *cli)
{
	struct leasing leasing = {.ask = {.size = sizeof(leasing.ask)}};
	enum cli_exit code = take_options(cli, &leasing);
	uint16_t port = 0;

	if (code == CLI_YES && cli->n_operands != 1) {
		cli_complain("a lease has one name; try berth lease web");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = choose_holder(&leasing.ask);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	char *folder = leasing.global ? NULL : project_root();
	leasing.ask.name = cli->operands[0];
	leasing.ask.folder = folder;
	int error = berth_lease(cli->berth, &leasing.ask, &port);
	free(folder);
	if (error < 0) {
		cli_complain("%s", berth_error());
		return cmd_lease_code(error);
	}
	error = write_port(cli, cli->operands[0], port, error == 1);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

const struct command cmd_lease = {
	.name = "lease",
	.args = "NAME",
	.help = "lease a port to a name, and print it",
	.options = lease_options,
	.run = lease_run,
};
