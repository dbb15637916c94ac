// SPDX-License-Identifier: MIT
/* The array of commands and the options that all of them take. */
#include "cli/commands.h"

#include <string.h>

#include "base/text.h"

const struct command *const commands[] = {
	&cmd_port,
	&cmd_ls,
	&cmd_answers,
	&cmd_run,
	&cmd_up,
	&cmd_check,
	&cmd_env,
	&cmd_open,
	&cmd_free,
	&cmd_lease,
	&cmd_release,
	&cmd_leases,
	&cmd_serve_leases,
	&cmd_wait,
	&cmd_kill,
	&cmd_why,
	&cmd_watch,
	&cmd_history,
	&cmd_at,
	&cmd_blame,
	&cmd_find,
	&cmd_page,
	&cmd_site,
	&cmd_map,
	&cmd_serve,
	&cmd_mcp,
	&cmd_registry,
	&cmd_doctor,
	&cmd_ephemeral,
	&cmd_reserve,
	&cmd_unreserve,
	&cmd_enable,
	&cmd_disable,
	&cmd_record,
	&cmd_completion,
	&cmd_help,
	&cmd_version,
	NULL,
};

const struct command_option commands_options[] = {
	{KEY_JSON, "json", NULL, "answer with one JSON object"},
	{KEY_JSONL, "jsonl", NULL, "answer with one JSON object a line"},
	{KEY_COLOUR, "color", "WHEN", "colour: auto, always or never"},
	{KEY_NO_PAGER, "no-pager", NULL, "never run a pager"},
	{KEY_REPLAY, "replay", "DIR", "answer from a recording instead of this machine"},
	{KEY_REGISTRY, "registry", "FILE", "use this registry image"},
	{'v', "verbose", NULL, "say more: all claims, sources, reasons"},
	{'q', "quiet", NULL, "no warnings, no notes"},
	{'h', "help", NULL, "explain the command"},
	{'V', "version", NULL, "print the version"},
	{0, NULL, NULL, NULL},
};

const struct command *commands_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++) {
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	}
	return NULL;
}

const struct command *commands_near(const char *word)
{
	const struct command *near = NULL;
	unsigned least = 2; /* one slip of the finger */

	for (size_t i = 0; commands[i]; i++) {
		unsigned distance = text_distance(word, commands[i]->name, least);

		if (distance < least) {
			least = distance;
			near = commands[i];
		}
	}
	return near;
}
