// SPDX-License-Identifier: MIT
/*
 * berth doctor: what is wrong or odd with the ports of this host. One paragraph for each finding:
 * what was seen, what comes of it, how likely that is, and what to do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/card.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/doctor_self.h"

static const struct command_option doctor_options[] = {
	{KEY_SELF, "self", NULL, "how berth finds owners here, instead of findings"},
	{KEY_ONLY, "only", "ID[,ID...]", "only findings of these kinds"},
	{KEY_IGNORE, "ignore", "ID[,ID...]", "no findings of these kinds"},
	{KEY_RESTART_GAP, "restart-gap", "SECONDS", "how long a server is away when it restarts"},
	{0, NULL, NULL, NULL},
};

enum {
	INDENT = 2,
	HANG = 4,
	ALL_KINDS = (1 << BERTH_FINDINGS) - 1,
};

/* What was asked for. */
struct question {
	bool self;
	berth_findings only; /* 0: none was named */
	berth_findings ignored;
	double restart_gap_s;
};

/* ---- The command line ------------------------------------------------------------------------ */

static bool find_kind(const char *id, size_t len, berth_findings *ret_kinds)
{
	for (unsigned kind = 0; kind < BERTH_FINDINGS; kind++) {
		const char *name = berth_finding_id((enum berth_finding_kind)kind);

		if (strlen(name) == len && !memcmp(name, id, len)) {
			*ret_kinds |= BERTH_FINDING_BIT(kind);
			return true;
		}
	}
	return false;
}

static void complain_of_kind(const char *id, size_t len)
{
	struct buffer known = {0};

	for (unsigned kind = 0; kind < BERTH_FINDINGS; kind++) {
		buffer_text(&known, kind ? ", " : "");
		buffer_text(&known, berth_finding_id((enum berth_finding_kind)kind));
	}
	cli_complain("no kind of finding is called \"%.*s\"; there are %s", (int)len, id,
		buffer_string(&known));
	buffer_free(&known);
}

/* Adds the kinds of a list to those that are there. */
static enum cli_exit read_kinds(const char *list, berth_findings *ret_kinds)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		if (!find_kind(list, len, ret_kinds)) {
			complain_of_kind(list, len);
			return CLI_USAGE;
		}
		if (!list[len])
			return CLI_YES;
		list += len + 1;
	}
}

static enum cli_exit read_gap(const char *text, double *ret_gap_s)
{
	const double longest = 86400;
	char *end = NULL;
	double gap = strtod(text, &end);

	if (end == text || *end || !(gap > 0 && gap <= longest)) {
		cli_complain(
			"\"%s\" is no restart gap; give seconds, above 0 and at most a day", text);
		return CLI_USAGE;
	}
	*ret_gap_s = gap;
	return CLI_YES;
}

static enum cli_exit read_question(const struct cli *cli, struct question *ret_question)
{
	enum cli_exit code = CLI_YES;

	if (cli->n_operands) {
		cli_complain(
			"berth doctor takes no \"%s\"; it looks at all ports", cli->operands[0]);
		return CLI_USAGE;
	}
	for (size_t i = 0; code == CLI_YES && i < cli->n_given; i++) {
		const struct cli_given *given = cli->given + i;

		if (given->key == KEY_SELF)
			ret_question->self = true;
		else if (given->key == KEY_ONLY)
			code = read_kinds(given->value, &ret_question->only);
		else if (given->key == KEY_IGNORE)
			code = read_kinds(given->value, &ret_question->ignored);
		else
			code = read_gap(given->value, &ret_question->restart_gap_s);
	}
	if (code == CLI_YES && ret_question->self && cli->n_given > 1) {
		cli_complain("--self stands alone: it tells no findings");
		code = CLI_USAGE;
	}
	return code;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static enum output_style style_of(enum berth_finding_level level)
{
	switch (level) {
	case BERTH_LEVEL_WARNING:
		return OUTPUT_BAD;
	case BERTH_LEVEL_ODDITY:
		return OUTPUT_CARE;
	case BERTH_LEVEL_NOTE:
		break;
	}
	return OUTPUT_HEADING;
}

/* "cure: keep the kernel from choosing it"; nothing without a text. */
static void put_line(struct card *card, const char *label, const char *text)
{
	struct buffer safe = {0};

	if (!text)
		return;
	card_add(card, label);
	describe_text(&safe, text);
	card_add(card, buffer_string(&safe));
	buffer_free(&safe);
	card_end(card, INDENT, HANG);
}

static void put_probability(struct card *card, const struct berth_finding *finding)
{
	const double percent = 100;

	if (!finding->has_probability)
		return;
	buffer_format(
		&card->text, "chance at the next restart: %.3g %%", finding->probability * percent);
	card_end(card, INDENT, HANG);
	put_line(card, "assumed: ", finding->assumptions);
}

static void put_finding(struct card *card, const struct berth_finding *finding)
{
	struct buffer safe = {0};

	card_styled(card, style_of(finding->level), berth_finding_level_name(finding->level));
	card_add(card, " [");
	card_add(card, berth_finding_id(finding->kind));
	card_add(card, "] ");
	describe_text(&safe, finding->evidence);
	card_add(card, buffer_string(&safe));
	buffer_free(&safe);
	card_end(card, 0, INDENT);
	put_line(card, "so: ", finding->consequence);
	put_probability(card, finding);
	put_line(card, "cure: ", finding->cure);
	put_line(card, "command: ", finding->command);
}

static int write_text(struct cli *cli, const struct berth_doctor *doctor)
{
	struct card card = {.output = &cli->output, .no_labels = true};

	for (size_t i = 0; i < doctor->n_findings; i++)
		put_finding(&card, &doctor->findings[i]);
	if (!doctor->n_findings) {
		card_add(&card, "Nothing was found.");
		card_end(&card, 0, 0);
	}
	card_free(&card);
	return cli->output.text.error;
}

static int write_json(struct cli *cli, const struct berth_doctor *doctor)
{
	int error = berth_doctor_json(doctor, output_write, &cli->output);

	return error ? error : output_write(&cli->output, "\n", 1);
}

static enum cli_exit tell(struct cli *cli, const struct berth_doctor *doctor)
{
	enum cli_exit code = cli_gaps(cli, doctor->gaps);
	int error = cli->settings.format == CLI_TEXT ? write_text(cli, doctor)
						     : write_json(cli, doctor);

	if (error < 0)
		return cli_cannot(cli, error);
	if (code != CLI_YES)
		return code;
	return doctor->n_findings ? CLI_NO : CLI_YES;
}

static enum cli_exit doctor_run(struct cli *cli)
{
	struct question question = {0};
	struct berth_doctor *doctor = NULL;
	enum cli_exit code = read_question(cli, &question);

	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	if (question.self)
		return doctor_self(cli);
	berth_findings only = question.only ? question.only : ALL_KINDS;
	const struct berth_doctor_ask ask = {.size = sizeof(ask),
		.only = only & ~question.ignored,
		.restart_gap_s = question.restart_gap_s};
	if (!ask.only) {
		cli_complain("nothing is left to look for: every kind is ignored");
		return CLI_USAGE;
	}
	if (berth_doctor(cli->berth, &ask, &doctor) < 0) {
		cli_complain("%s", berth_error());
		return CLI_UNKNOWN;
	}
	code = tell(cli, doctor);
	berth_doctor_free(doctor);
	return code;
}

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "[--self]",
	.help = "find what is wrong or odd with the ports of this host",
	.options = doctor_options,
	.run = doctor_run,
};
