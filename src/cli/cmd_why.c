// SPDX-License-Identifier: MIT
/*
 * berth why: would a bind succeed, and if not, what is in the way and what cures it. The verdict
 * first, then causes with the sockets behind them, then cures, then what cannot be excluded.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/card.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/handover.h"
#include "cli/question.h"

enum {
	HANG = 2,
};

static const struct command_option why_options[] = {
	{KEY_V6ONLY, "v6only", NULL, "with IPV6_V6ONLY"},
	{KEY_REUSEADDR, "reuseaddr", NULL, "with SO_REUSEADDR"},
	{KEY_REUSEPORT, "reuseport", NULL, "with SO_REUSEPORT"},
	{KEY_FREEBIND, "freebind", NULL, "with IP_FREEBIND"},
	{KEY_INTERFACE, "interface", "NAME", "with SO_BINDTODEVICE"},
	{KEY_LISTEN, "listen", NULL, "and listen too"},
	{KEY_USER, "uid", "USER", "by a process of this user"},
	{KEY_PID, "pid", "PID", "by this process: its user, capabilities, network namespace"},
	{KEY_NETNS, "netns", "NAME", "in this network namespace"},
	{KEY_TRY, "try", NULL, "bind for a moment, and compare; exit status 3 if they disagree"},
	{KEY_ERRNO, "errno", "NAME", "explain this error of a bind that has failed"},
	{KEY_STATE_FOLDER, "history", "DIR", "where berthd keeps its history"},
	{0, NULL, NULL, NULL},
};

struct question {
	struct berth_bind bind;
	bool try;
	const char *errno_name; /* NULL: nothing has failed yet */
	const char *history; /* the folder; NULL: the usual one */
	bool utc; /* of a recording */
};

/* ---- The question ---------------------------------------------------------------------------- */

static enum cli_exit take_user(const char *value, struct berth_bind *bind)
{
	uint64_t uid = 0;
	const struct passwd *user =
		text_number(value, strlen(value), UINT32_MAX - 1, &uid) ? getpwnam(value) : NULL;

	if (user)
		uid = user->pw_uid;
	else if (text_number(value, strlen(value), UINT32_MAX - 1, &uid)) {
		cli_complain("there is no user '%s'; a number will do too", value);
		return CLI_USAGE;
	}
	bind->has_uid = true;
	bind->uid = (uint32_t)uid;
	return CLI_YES;
}

static enum cli_exit take_pid(const char *value, struct berth_bind *bind)
{
	uint64_t pid = 0;

	if (text_number(value, strlen(value), INT32_MAX, &pid) || !pid) {
		cli_complain("'%s' is no process id", value);
		return CLI_USAGE;
	}
	bind->pid = (uint32_t)pid;
	return CLI_YES;
}

static enum cli_exit take_errno(const char *value, struct question *question)
{
	static const char *const names[] = {
		"EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "EINVAL", "EPERM", "EOPNOTSUPP"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!text_compare_fold(value, names[i])) {
			question->errno_name = names[i];
			return CLI_YES;
		}
	}
	cli_complain("'%s' is no error of bind; try EADDRINUSE, EACCES or EADDRNOTAVAIL", value);
	return CLI_USAGE;
}

static enum cli_exit take_option(const struct cli_given *given, struct question *question)
{
	struct berth_bind *bind = &question->bind;

	switch (given->key) {
	case KEY_V6ONLY:
		bind->v6only = true;
		break;
	case KEY_REUSEADDR:
		bind->reuseaddr = true;
		break;
	case KEY_REUSEPORT:
		bind->reuseport = true;
		break;
	case KEY_FREEBIND:
		bind->freebind = true;
		break;
	case KEY_LISTEN:
		bind->listen = true;
		break;
	case KEY_TRY:
		question->try = true;
		break;
	case KEY_INTERFACE:
		bind->interface = given->value;
		break;
	case KEY_NETNS:
		bind->netns = given->value;
		break;
	case KEY_USER:
		return take_user(given->value, bind);
	case KEY_PID:
		return take_pid(given->value, bind);
	case KEY_ERRNO:
		return take_errno(given->value, question);
	case KEY_STATE_FOLDER:
		question->history = given->value;
		break;
	default: /* the table above has no others */
		break;
	}
	return CLI_YES;
}

/* One port, with an address and a protocol perhaps. */
static enum cli_exit take_place(const struct berth_query *query, struct berth_bind *bind)
{
	const struct berth_query_part *part = query->parts;

	if (query->n_parts != 1 || part->first != part->last || !part->first) {
		cli_complain("one port from 1 to 65535 at a time; try berth why 8080");
		return CLI_USAGE;
	}
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		if (part->protos == BERTH_PROTO_BIT(proto))
			bind->proto = (enum berth_proto)proto;
	}
	bind->port = part->first;
	bind->family = part->family;
	memcpy(bind->address, part->address, sizeof(bind->address));
	return CLI_YES;
}

static enum cli_exit read_question(struct cli *cli, struct question *question)
{
	struct berth_query query = {0};
	enum cli_exit code = CLI_YES;

	for (size_t i = 0; i < cli->n_given && code == CLI_YES; i++)
		code = take_option(&cli->given[i], question);
	if (code == CLI_YES && cli->n_operands != 1) {
		cli_complain("why does which bind fail? try berth why 8080");
		code = CLI_USAGE;
	}
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = question_add(cli, cli->operands, 1, &query);
	if (code == CLI_YES)
		code = take_place(&query, &question->bind);
	question_free(&query);
	return code;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static void put_verdict(struct card *card, const struct berth_why *why)
{
	static const enum output_style styles[] = {
		[BERTH_BIND_UNKNOWN] = OUTPUT_CARE,
		[BERTH_BIND_YES] = OUTPUT_GOOD,
		[BERTH_BIND_NO] = OUTPUT_BAD,
	};
	struct buffer text = {0};

	describe_text(&text, why->summary);
	card_section(card, "Verdict");
	card_styled(card, styles[why->verdict], buffer_string(&text));
	card_end(card, 0, HANG);
	buffer_free(&text);
}

static void put_causes(struct card *card, const struct berth_why *why)
{
	if (why->n_causes)
		card_section(card, "Causes");
	for (size_t i = 0; i < why->n_causes; i++) {
		if (!why->causes[i].certain)
			card_add(card, "perhaps: ");
		card_foreign(card, why->causes[i].text);
		card_end(card, 0, HANG);
	}
}

static void put_cures(struct card *card, const struct berth_why *why)
{
	if (why->n_cures)
		card_section(card, "Cures");
	for (size_t i = 0; i < why->n_cures; i++) {
		const struct berth_cure *cure = &why->cures[i];

		card_add(card, berth_cure_where_name(cure->where));
		card_add(card, ": ");
		card_foreign(card, cure->text);
		if (cure->command) {
			card_add(card, ": ");
			card_foreign(card, cure->command);
		}
		card_end(card, 0, HANG);
	}
}

static void put_texts(struct card *card, const char *label, const char *const *texts, size_t n)
{
	if (n)
		card_section(card, label);
	for (size_t i = 0; i < n; i++) {
		card_foreign(card, texts[i]);
		card_end(card, 0, HANG);
	}
}

static void put_tried(struct card *card, const struct berth_why *why)
{
	if (!why->tried)
		return;
	card_section(card, "Tried");
	if (why->tried_errnum)
		card_add(card, strerror(why->tried_errnum));
	else
		card_add(card, "it succeeded");
	if (why->verdict != BERTH_BIND_UNKNOWN && why->tried_errnum != why->errnum)
		card_add(card, ", and that is not what was foreseen: please report it");
	card_end(card, 0, HANG);
}

/* "10:32: nginx[123] failed to bind …", the latest first. */
static void put_failures(struct card *card, const struct berth_why *why, bool utc)
{
	const struct describe_clock clock = {.now_s = why->time_s, .utc = utc};

	for (size_t i = why->n_past; i-- > 0;) {
		struct buffer text = {0};

		describe_time(&text, &clock, why->past[i].time_s);
		buffer_text(&text, ": ");
		describe_text(&text, why->past[i].text);
		card_add(card, buffer_string(&text));
		card_end(card, 0, HANG);
		buffer_free(&text);
	}
}

/* What has failed before may succeed now: then the cause is gone, and only the history knows it. */
static void put_past(
	struct card *card, const struct berth_why *why, const struct question *question)
{
	bool same = why->errno_name && question->errno_name &&
		!strcmp(why->errno_name, question->errno_name);

	if (!question->errno_name || (same && !why->n_past))
		return;
	card_section(card, "Past");
	if (!same) {
		card_add(card, "what made it fail with ");
		card_add(card, question->errno_name);
		card_add(card, " is not there any more");
		if (why->past_why_not) {
			card_add(card, "; what was is not known: ");
			card_add(card, why->past_why_not);
		} else if (!why->n_past) {
			card_add(card, "; the history has no bind to this port that failed");
		}
		card_end(card, 0, HANG);
	}
	put_failures(card, why, question->utc);
}

static int write_text(struct cli *cli, const struct berth_why *why, const struct question *question)
{
	struct card card = {.output = &cli->output};

	put_verdict(&card, why);
	if (why->n_causes > 1 || (why->n_causes && cli->settings.verbose))
		put_causes(&card, why);
	put_cures(&card, why);
	put_tried(&card, why);
	put_past(&card, why, question);
	put_texts(&card, "Besides", why->notes, why->n_notes);
	if (cli->settings.verbose || why->verdict == BERTH_BIND_YES || question->errno_name)
		put_texts(&card, "Unseen", why->cannot_exclude, why->n_cannot_exclude);
	card_free(&card);
	return cli->output.text.error;
}

static int write_json(struct cli *cli, const struct berth_why *why)
{
	int error = berth_why_json(why, output_write, &cli->output);

	return error ? error : output_write(&cli->output, "\n", 1);
}

static enum cli_exit answer(struct cli *cli, struct question *question, struct berth_why *why)
{
	int agrees = question->try ? berth_why_try(cli->berth, &question->bind, why) : 1;

	(void)cli_gaps(cli, why->gaps);
	if (agrees < 0)
		cli_complain("%s", berth_error());
	int error = cli->settings.format == CLI_TEXT ? write_text(cli, why, question)
						     : write_json(cli, why);
	if (error < 0)
		return cli_cannot(cli, error);
	if (agrees <= 0 || why->verdict == BERTH_BIND_UNKNOWN)
		return CLI_UNKNOWN;
	return why->verdict == BERTH_BIND_YES ? CLI_YES : CLI_NO;
}

static enum cli_exit why_run(struct cli *cli)
{
	struct question question = {.bind = {.size = sizeof(question.bind)}};
	struct berth_why *why = NULL;
	enum cli_exit code = read_question(cli, &question);

	if (code != CLI_YES)
		return code;
	question.utc = cli->settings.replay != NULL;
	if (question.errno_name) /* the whole program has the history */
		handover();
	int error = berth_why(cli->berth, &question.bind, &why);
	if (error < 0) {
		cli_complain("%s", berth_error());
		return error == -EINVAL || error == -ENODEV || error == -ESRCH ? CLI_USAGE
									       : CLI_UNKNOWN;
	}
	if (question.errno_name) /* what cannot be known is told with the rest */
		(void)handover_why_past(cli->berth, question.history, why);
	code = answer(cli, &question, why);
	berth_why_free(why);
	return code;
}

const struct command cmd_why = {
	.name = "why",
	.args = "[ADDRESS:]PORT[/PROTO]",
	.help = "would a bind succeed, and what is in the way",
	.options = why_options,
	.run = why_run,
};
