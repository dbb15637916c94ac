// SPDX-License-Identifier: MIT
/*
 * What the commands share: opening the handle, complaining, taking a snapshot.
 */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/text.h"
#include "cli/handover.h"

enum {
	SENTENCE_MOST = 480, /* bytes; what somebody typed can be long */
	WARNINGS_MOST = 20, /* a file of another format is wrong in every line */
};

void cli_complain(const char *format, ...)
{
	struct buffer safe = {0};
	struct buffer line = {0};
	char *sentence = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&sentence, format, arguments) < 0)
		sentence = NULL;
	va_end(arguments);
	if (sentence)
		text_escape_terminal(&safe, sentence, strlen(sentence));
	free(sentence);
	buffer_text(&line, "berth: ");
	text_abridge(&line, buffer_string(&safe), safe.len, SENTENCE_MOST);
	buffer_char(&line, '\n');
	if (!line.error) {
		/* Nothing can be done when nobody listens. */
		ssize_t written = write(STDERR_FILENO, line.data, line.len);

		(void)written;
	}
	buffer_free(&line);
	buffer_free(&safe);
}

/* A bad image falls back to the built-in copy, which is not what somebody wants who named one. */
static bool misses_image(const struct cli *cli)
{
	struct berth_registry_info info;

	if (!cli->settings.registry || cli->image_may_miss)
		return false;
	berth_registry_info(cli->berth, &info);
	return strcmp(info.origin, cli->settings.registry) != 0;
}

static enum cli_exit look_over(struct cli *cli)
{
	const char *image = cli->settings.registry;

	if (!misses_image(cli))
		return CLI_YES;
	cli_complain("%s: %s; make one with berth --registry IMAGE registry import FILE", image,
		access(image, R_OK) < 0 ? strerror(errno) : "not a sound registry image");
	berth_close(cli->berth); /* its own complaint would be the same once more */
	cli->berth = NULL;
	return CLI_UNKNOWN;
}

void cli_say_warnings(const struct cli *cli)
{
	const char *const *warnings = NULL;
	size_t n = cli->berth ? berth_warnings(cli->berth, &warnings) : 0;

	/* Whoever brings a sound image need not hear that the one it replaces is not. */
	if (cli->settings.quiet || cli->image_may_miss)
		return;
	for (size_t i = 0; i < n && (i < WARNINGS_MOST || cli->settings.verbose); i++)
		cli_complain("%s", warnings[i]);
	if (n > WARNINGS_MOST && !cli->settings.verbose)
		cli_complain("%zu more complaints; -v shows them, -q none", n - WARNINGS_MOST);
}

enum cli_exit cli_open(struct cli *cli)
{
	const struct environment *environment = &cli->environment;
	const char *folders[] = {ENVIRONMENT_SYSTEM_CLAIMS, environment->user_claims, NULL};
	struct berth_options options = {.size = sizeof(options), .replay = cli->settings.replay};
	int error;

	/* A recording must give the same answer everywhere: nothing of this host joins it. */
	if (!cli->settings.replay) {
		options.registry_path = environment_image(environment);
		options.claims_folders = folders;
		options.services_path = ENVIRONMENT_SERVICES;
		options.runtime_folder = environment->runtime;
		options.state_folder = environment->user_state;
	}
	if (cli->settings.registry)
		options.registry_path = cli->settings.registry;
	error = berth_open(&options, &cli->berth);
	if (error < 0) {
		cli_complain(
			cli->settings.replay ? "%s; recordings are made by berth record DIR" : "%s",
			berth_error());
		return CLI_UNKNOWN;
	}
	return look_over(cli);
}

void cli_close(struct cli *cli)
{
	berth_close(cli->berth);
	cli->berth = NULL;
	buffer_free(&cli->output.text);
	environment_free(&cli->environment);
	free(cli->given);
	cli->given = NULL;
	cli->n_given = 0;
}

enum cli_exit cli_cannot(const struct cli *cli, int error)
{
	if (!cli->output.error)
		cli_complain("the answer could not be made: %s", strerror(-error));
	return CLI_UNKNOWN;
}

enum cli_exit cli_snapshot(
	struct cli *cli, const struct berth_ask *ask, struct berth_snapshot **ret_snapshot)
{
	struct berth_snapshot *snapshot;

	*ret_snapshot = NULL;
	if (berth_snapshot(cli->berth, ask, &snapshot) < 0) {
		cli_complain("the sockets could not be read: %s", berth_error());
		return CLI_UNKNOWN;
	}
	handover_unnamed(snapshot);
	*ret_snapshot = snapshot;
	return CLI_YES;
}

/* Those that can hide a row which was asked for; the others only make rows poorer. */
static const unsigned incomplete = BERTH_GAP_INTERRUPTED | BERTH_GAP_TRUNCATED | BERTH_GAP_REFUSED |
	BERTH_GAP_UNSUPPORTED | BERTH_GAP_NETNS;

enum cli_exit cli_gaps(struct cli *cli, unsigned gaps)
{
	cli->gaps |= gaps;
	return gaps & incomplete ? CLI_UNKNOWN : CLI_YES;
}

void cli_say_gaps(const struct cli *cli)
{
	const unsigned said = cli->settings.verbose ? cli->gaps : cli->gaps & incomplete;
	struct buffer sentence = {0};

	for (unsigned gap = 1; gap <= said; gap <<= 1) {
		if (!(said & gap))
			continue;
		if (sentence.len)
			buffer_text(&sentence, "; ");
		buffer_text(&sentence, berth_gap_text((enum berth_gap)gap));
	}
	if (sentence.len)
		cli_complain("%s: %s",
			said & incomplete ? "the answer may not be complete" : "note",
			buffer_string(&sentence));
	buffer_free(&sentence);
}

void cli_put_gaps(struct json *json, unsigned gaps)
{
	json_open_array(json, "gaps");
	for (unsigned gap = 1; gap <= gaps; gap <<= 1) {
		if (gaps & gap)
			json_string(json, NULL, berth_gap_text((enum berth_gap)gap));
	}
	json_close_array(json);
}

void cli_put_losses(struct json *json, const struct berth_snapshot *snapshot)
{
	struct berth_listen_losses losses;

	berth_snapshot_listen_losses(snapshot, &losses);
	json_value_follows(json, "listen_losses");
	/* A failure sticks to the buffer. */
	(void)berth_listen_losses_json(&losses, buffer_write, json->out);
}
