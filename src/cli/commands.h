/* SPDX-License-Identifier: MIT */
/*
 * The commands. Each is one const struct in a file of its own, cmd_NAME.c; all are in one array,
 * which the command line, the help text, the completion and the check of the manual pages read.
 */
#ifndef BERTH_CLI_COMMANDS_H
#define BERTH_CLI_COMMANDS_H

#include <stddef.h>
#include <sys/types.h>

#include "cli/cli.h"

/* Keys of options that have no short letter. */
enum command_key {
	KEY_LONG_ONLY = 256, /* above every letter */
	KEY_JSON,
	KEY_JSONL,
	KEY_COLOUR,
	KEY_NO_PAGER,
	KEY_REPLAY,
	KEY_REGISTRY,
	KEY_SCRUB,
	KEY_SYSTEM,
	KEY_PROTO,
	KEY_PORT,
	KEY_PROCESS,
	KEY_USER,
	KEY_STATE,
	KEY_NO_HEADINGS,
	KEY_LIMIT,
	KEY_RUNG,
	KEY_ALL_OWNERS,
	KEY_SELF,
	KEY_MODE,
	KEY_NETNS,
	KEY_FREE,
	KEY_TIMEOUT,
	KEY_OWNER,
	KEY_GRACE,
	KEY_PROCESSES,
	KEY_NAME,
	KEY_ENV,
	KEY_HOST,
	KEY_FD,
	KEY_STATIC,
	KEY_SVG,
	KEY_PNG,
	KEY_AS,
	KEY_HILBERT,
	KEY_LAYERS,
	KEY_ONLY,
	KEY_IGNORE,
	KEY_RESTART_GAP,
	KEY_V6ONLY,
	KEY_REUSEADDR,
	KEY_REUSEPORT,
	KEY_FREEBIND,
	KEY_INTERFACE,
	KEY_LISTEN,
	KEY_PID,
	KEY_CONSECUTIVE,
	KEY_RANGE,
	KEY_FOR,
	KEY_EXPLAIN,
	KEY_TTL,
	KEY_GLOBAL,
	KEY_TRY,
	KEY_ERRNO,
	KEY_ALL,
	KEY_PERSIST,
	KEY_NO_PERSIST,
	KEY_SINCE,
	KEY_UNTIL,
	KEY_STATE_FOLDER,
	KEY_FOUND,
	KEY_POLL,
	KEY_UNIX,
	KEY_TOKEN,
	KEY_NO_TOKEN,
	KEY_SHARE,
	KEY_STRICT,
	KEY_EXPORT,
	KEY_BROWSER,
	KEY_HTTPS,
	KEY_NO_KEEP,
	KEY_ALLOW_LEASES,
};

struct command_option {
	int key; /* a short letter, or an enum command_key; 0 ends a list */
	const char *name; /* the long name, NULL when there is only a letter */
	const char *arg; /* what stands behind it, NULL: nothing */
	const char *help;
};

struct command {
	const char *name;
	const char *args; /* as in a line of usage */
	const char *help; /* one line, no full stop */
	const char *words; /* words that can follow, for completion; NULL: none */
	const struct command_option *options; /* NULL: none of its own */
	bool wraps; /* its operands are a command of their own: no option of ours behind the first
		     */
	enum cli_exit (*run)(struct cli *cli); /* NULL: only the whole program has it */
};

/* All commands, in the order of the help text; a NULL ends it. */
extern const struct command *const commands[];

/* Options that every command takes. */
extern const struct command_option commands_options[];

/* NULL when there is none of that name. */
const struct command *commands_find(const char *name);

/* The command that a word was probably meant to be, NULL: none comes near. */
const struct command *commands_near(const char *word);

extern const struct command cmd_answers;
extern const struct command cmd_at;
extern const struct command cmd_blame;
extern const struct command cmd_check;
extern const struct command cmd_completion;
extern const struct command cmd_doctor;
extern const struct command cmd_enable;
extern const struct command cmd_env;
extern const struct command cmd_disable;
extern const struct command cmd_ephemeral;
extern const struct command cmd_find;
extern const struct command cmd_free;
extern const struct command cmd_help;
extern const struct command cmd_history;
extern const struct command cmd_kill;
extern const struct command cmd_lease;
extern const struct command cmd_leases;
extern const struct command cmd_ls;
extern const struct command cmd_map;
extern const struct command cmd_mcp;
extern const struct command cmd_page;
extern const struct command cmd_open;
extern const struct command cmd_port;
extern const struct command cmd_record;
extern const struct command cmd_registry;
extern const struct command cmd_release;
extern const struct command cmd_reserve;
extern const struct command cmd_run;
extern const struct command cmd_serve;
extern const struct command cmd_serve_leases;
extern const struct command cmd_site;
extern const struct command cmd_unreserve;
extern const struct command cmd_up;
extern const struct command cmd_version;
extern const struct command cmd_wait;
extern const struct command cmd_watch;
extern const struct command cmd_why;

/* Is it one of ours, in this network namespace, of this project, and not over? */
bool cmd_env_counts(const struct berth_lease *lease, uint64_t project);

/* What several commands of leases share: the exit status of an error, a range as people type it,
 * and the word that other users are not covered. */
enum cli_exit cmd_lease_code(int error);
enum cli_exit cmd_free_range(const char *value, struct berth_port_range *ret_range);
void cmd_leases_cover(const struct cli *cli, bool shared);
/* "0600", of a socket; CLI_USAGE after a complaint. */
enum cli_exit cmd_serve_mode(const char *text, mode_t *ret_mode);
/* All that the ledger has, CLI_YES; or an exit status after a complaint. */
enum cli_exit cmd_leases_read(struct cli *cli, struct berth_leases **ret_leases);

#endif
