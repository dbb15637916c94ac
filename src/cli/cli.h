/* SPDX-License-Identifier: MIT */
/*
 * What every command of the program shares: the settings that hold for all of them, the exit codes,
 * the open handle, and the one way to complain. A command gets a struct cli, answers into
 * cli->output and returns an exit code.
 */
#ifndef BERTH_CLI_CLI_H
#define BERTH_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include <berth.h>

#include "base/json.h"
#include "cli/environment.h"
#include "cli/output.h"

struct command;

/* The same for all commands; see EXIT STATUS in berth(1). */
enum cli_exit {
	CLI_YES = 0, /* yes, or done */
	CLI_NO = 1, /* no: nobody holds it, nothing was found */
	CLI_USAGE = 2, /* the question was not understood */
	CLI_UNKNOWN = 3, /* could not find out, not completely, or could not say it */
	CLI_TIMEOUT = 124, /* the time was over, as timeout(1) says it */
};

enum cli_format {
	CLI_TEXT,
	CLI_JSON, /* one object */
	CLI_JSONL, /* one object a line */
};

struct cli_settings {
	enum cli_format format;
	enum output_colour colour;
	bool no_pager;
	bool verbose;
	bool quiet;
	bool help;
	bool version;
	const char *replay; /* a recording, or NULL */
	const char *registry; /* a registry image, or NULL */
};

/* An option of the command that was given, in the order of the command line. */
struct cli_given {
	int key;
	const char *value; /* NULL when the option takes none */
};

struct cli {
	const struct command *command;
	struct cli_settings settings;
	struct cli_given *given; /* the command's own options */
	size_t n_given;
	char **operands; /* n_operands, then NULL */
	size_t n_operands;
	struct environment environment;
	struct output output;
	bool image_may_miss; /* cli_open(): a registry image that was named need not be there */
	unsigned gaps; /* of the snapshot that the answer rests on */
	struct berth *berth; /* NULL until cli_open() */
};

/*
 * Opens the handle that the settings and the environment ask for.
 * CLI_YES, or, after a complaint, the exit code.
 */
enum cli_exit cli_open(struct cli *cli);

/* Frees everything in it. */
void cli_close(struct cli *cli);

/*
 * One line on standard error: "berth: " and the sentence. Foreign text in it is made safe for the
 * terminal, line feeds included.
 */
void cli_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Complains about a negative errno that an answer could not be made with; a failure to write is
 * left to the end of the program. CLI_UNKNOWN.
 */
enum cli_exit cli_cannot(const struct cli *cli, int error);

/*
 * Takes a snapshot; complains when there is none. *ret_snapshot is NULL then, and the answer goes
 * on without it.
 */
enum cli_exit cli_snapshot(
	struct cli *cli, const struct berth_ask *ask, struct berth_snapshot **ret_snapshot);

/*
 * Remembers what a snapshot could not see, for cli_say_gaps(). CLI_UNKNOWN when rows can be missing
 * because of it, else CLI_YES.
 */
enum cli_exit cli_gaps(struct cli *cli, unsigned gaps);

/* A line on standard error for each complaint about files; said behind the answer, as some are only
 * read for it. Nothing when there is no handle. */
void cli_say_warnings(const struct cli *cli);

/* One line on standard error for the gaps; said behind the answer, where it is seen. */
void cli_say_gaps(const struct cli *cli);

/* The member "gaps" of a JSON object. */
void cli_put_gaps(struct json *json, unsigned gaps);

/* The member "listen_losses". */
void cli_put_losses(struct json *json, const struct berth_snapshot *snapshot);

#endif
