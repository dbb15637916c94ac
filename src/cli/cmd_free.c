// SPDX-License-Identifier: MIT
/* berth free: ports that are free and likely to stay so, one a line. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/describe.h"

enum {
	LARGEST_PORT = 65535,
	MOST_PORTS = 65535,
};

static const struct command_option free_options[] = {
	{'n', "count", "N", "so many"},
	{KEY_CONSECUTIVE, "consecutive", NULL, "next to each other"},
	{KEY_RANGE, "range", "A-B", "of these ports only"},
	{KEY_PROTO, "proto", "tcp,udp", "free in these; without it, in both"},
	{KEY_FOR, "for", "NAME", "whom they are for; berth leases shows it"},
	{KEY_NO_KEEP, "no-keep", NULL, "only look: others may be given them too"},
	{KEY_EXPLAIN, "explain", NULL, "say why each was chosen"},
	{0, NULL, NULL, NULL},
};

static enum cli_exit take_count(const char *value, struct berth_free_ask *ask)
{
	uint64_t count = 0;

	if (text_number(value, strlen(value), MOST_PORTS, &count) || !count) {
		cli_complain("'%s' is no number of ports", value);
		return CLI_USAGE;
	}
	ask->count = (uint32_t)count;
	return CLI_YES;
}

enum cli_exit cmd_free_range(const char *value, struct berth_port_range *ret_range)
{
	uint64_t first = 0;
	uint64_t last = 0;

	if (text_number_pair(value, LARGEST_PORT, &first, &last) || !first) {
		cli_complain("'%s' is no range of ports; try 8000-8999", value);
		return CLI_USAGE;
	}
	*ret_range = (struct berth_port_range){(uint16_t)first, (uint16_t)last};
	return CLI_YES;
}

static enum cli_exit take_protos(const char *value, struct berth_free_ask *ask)
{
	while (*value) {
		size_t len = strcspn(value, ",");

		if (text_equal_fold(value, len, "tcp", 3))
			ask->protos |= BERTH_PROTO_BIT(BERTH_TCP);
		else if (text_equal_fold(value, len, "udp", 3))
			ask->protos |= BERTH_PROTO_BIT(BERTH_UDP);
		else {
			cli_complain("free ports are found for tcp and udp, not '%.*s'", (int)len,
				value);
			return CLI_USAGE;
		}
		value += len + (value[len] == ',');
	}
	return CLI_YES;
}

static enum cli_exit take_options(
	const struct cli *cli, struct berth_free_ask *ask, bool *ret_explain)
{
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++) {
		const struct cli_given *given = cli->given + i;

		if (given->key == 'n')
			code = take_count(given->value, ask);
		else if (given->key == KEY_CONSECUTIVE)
			ask->consecutive = true;
		else if (given->key == KEY_RANGE)
			code = cmd_free_range(given->value, &ask->range);
		else if (given->key == KEY_PROTO)
			code = take_protos(given->value, ask);
		else if (given->key == KEY_FOR)
			ask->name = given->value;
		else if (given->key == KEY_NO_KEEP)
			ask->no_keep = true;
		else if (given->key == KEY_EXPLAIN)
			*ret_explain = true;
	}
	if (code == CLI_YES && cli->n_operands) {
		cli_complain("'%s' is too much; try berth free -n 3", cli->operands[0]);
		code = CLI_USAGE;
	}
	return code;
}

static int write_answer(struct cli *cli, const struct berth_free *found, bool explain)
{
	struct output *output = &cli->output;

	if (cli->settings.format != CLI_TEXT) {
		int error = berth_free_json(found, output_write, output);

		return error ? error : output_write(output, "\n", 1);
	}
	for (size_t i = 0; i < found->n_ports; i++) {
		buffer_format(&output->text, "%u", (unsigned)found->ports[i].port);
		if (explain)
			buffer_format(&output->text, " %s", found->ports[i].text);
		buffer_char(&output->text, '\n');
	}
	return output->text.error;
}

static enum cli_exit free_run(struct cli *cli)
{
	struct berth_free_ask ask = {.size = sizeof(ask)};
	struct berth_free *found = NULL;
	bool explain = false;
	enum cli_exit code = take_options(cli, &ask, &explain);

	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	int error = berth_free_ports(cli->berth, &ask, &found);
	if (error) {
		cli_complain("%s", berth_error());
		return error == -EADDRINUSE ? CLI_NO : error == -EINVAL ? CLI_USAGE : CLI_UNKNOWN;
	}
	cmd_leases_cover(cli, found->shared);
	error = write_answer(cli, found, explain);
	berth_free_free(found);
	return error < 0 ? cli_cannot(cli, error) : CLI_YES;
}

const struct command cmd_free = {
	.name = "free",
	.args = "",
	.help = "print ports that are free and likely to stay so",
	.options = free_options,
	.run = free_run,
};
