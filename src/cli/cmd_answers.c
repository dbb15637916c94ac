// SPDX-License-Identifier: MIT
/*
 * berth answers: who would get a new connection or datagram, for each address that a host name
 * stands for. One line for each address, the sockets below it, and what is worth a warning.
 */
#include <errno.h>
#include <string.h>

#include "cli/card.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/extras.h"

enum {
	SOCKETS_SHOWN = 4,
	COMMAND_SHOWN = 120, /* bytes of a command line, about; -v shows it whole */
	HANG = 4,
	INDENT = 2,
};

struct answers {
	struct cli *cli;
	struct card card;
	struct describe_clock clock;
};

static enum output_style style_of(enum berth_answer answer)
{
	switch (answer) {
	case BERTH_ANSWER_SOCKET:
		return OUTPUT_GOOD;
	case BERTH_ANSWER_REFUSED:
	case BERTH_ANSWER_NO_ADDRESS:
		return OUTPUT_BAD;
	case BERTH_ANSWER_ELSEWHERE:
	case BERTH_ANSWER_UNKNOWN:
		break;
	}
	return OUTPUT_CARE;
}

/* "127.0.0.1:5173/udp → node (pid 4242, alice), by dual-stack". */
static void put_destination(struct answers *answers, const struct berth_destination *destination)
{
	struct card *card = &answers->card;
	struct buffer phrase = {0};

	buffer_format(&phrase, destination->family == 6 ? "[%s]:%u" : "%s:%u",
		destination->address_text, destination->port);
	if (destination->proto != BERTH_TCP)
		buffer_format(&phrase, "/%s", berth_proto_name(destination->proto));
	card_styled(card, OUTPUT_HEADING, buffer_string(&phrase));
	card_add(card, " → ");
	buffer_clear(&phrase);
	describe_text(&phrase, destination->text);
	card_styled(card, style_of(destination->answer), buffer_string(&phrase));
	buffer_free(&phrase);
	if (destination->redirect) {
		card_add(card, ", redirected: ");
		card_foreign(card, destination->redirect);
	} else if (destination->n_answered_by && destination->via != BERTH_VIA_ADDRESS) {
		card_add(card, ", by ");
		card_add(card, berth_via_name(destination->via));
	}
	card_end(card, 0, HANG);
}

static void put_owner(struct answers *answers, const struct berth_owner *owner)
{
	struct card *card = &answers->card;
	struct buffer phrase = {0};

	describe_process(&card->text, owner->process);
	describe_time(&phrase, &answers->clock, owner->process->start_s);
	if (phrase.len) {
		card_add(card, " · since ");
		card_add(card, buffer_string(&phrase));
	}
	buffer_clear(&phrase);
	describe_command(
		&phrase, owner->process, answers->cli->settings.verbose ? 0 : COMMAND_SHOWN);
	if (phrase.len) {
		card_add(card, " · ");
		card_add(card, buffer_string(&phrase));
	}
	buffer_free(&phrase);
}

/* "tcp LISTEN *:5173 · node[4242] · since 10:32 · node server.js". */
static void put_socket(struct answers *answers, const struct berth_socket *socket)
{
	struct card *card = &answers->card;
	const struct berth_owner *oldest = describe_oldest(socket);

	buffer_format(&card->text, "%s %s ", berth_proto_name(socket->proto),
		berth_socket_state_name(socket->proto, socket->state));
	describe_local(&card->text, socket);
	if (socket->interface) {
		card_add(card, " on ");
		card_foreign(card, socket->interface);
	}
	card_add(card, " · ");
	if (oldest)
		put_owner(answers, oldest);
	else
		card_foreign(card, socket->reason_text ? socket->reason_text : "owner not known");
	if (socket->n_owners > 1)
		buffer_format(&card->text, " · and %zu more", socket->n_owners - 1);
	if (answers->cli->settings.verbose && socket->state == BERTH_LISTEN) {
		card_add(card, " · ");
		extras_backlog(&card->text, socket);
	}
	card_end(card, INDENT, HANG);
}

static void put_sockets(struct answers *answers, const struct berth_destination *destination)
{
	size_t most = answers->cli->settings.verbose ? destination->n_answered_by : SOCKETS_SHOWN;

	for (size_t i = 0; i < destination->n_answered_by; i++) {
		if (i == most) {
			describe_count(&answers->card.text, destination->n_answered_by - i);
			card_add(&answers->card, " more; -v shows them");
			card_end(&answers->card, INDENT, HANG);
			return;
		}
		put_socket(answers, destination->answered_by[i]);
	}
}

static void put_flag(struct answers *answers, const struct berth_flag *flag)
{
	struct buffer phrase = {0};

	card_styled(&answers->card, OUTPUT_CARE, "Care:");
	card_add(&answers->card, " ");
	describe_text(&phrase, flag->text);
	card_add(&answers->card, buffer_string(&phrase));
	card_add(&answers->card, ".");
	buffer_free(&phrase);
	card_end(&answers->card, 0, HANG);
}

static int write_text(struct cli *cli, const struct berth_answers *found)
{
	struct answers answers = {.cli = cli,
		.card = {.output = &cli->output, .no_labels = true},
		.clock = {.now_s = found->time_s,
			.utc = cli->settings.replay != NULL,
			.iso = cli->settings.verbose}};

	for (size_t i = 0; i < found->n_destinations; i++) {
		put_destination(&answers, &found->destinations[i]);
		put_sockets(&answers, &found->destinations[i]);
	}
	for (size_t i = 0; i < found->n_flags; i++)
		put_flag(&answers, &found->flags[i]);
	card_free(&answers.card);
	return cli->output.text.error;
}

static int write_json(struct cli *cli, const struct berth_answers *found)
{
	int error = berth_answers_json(found, output_write, &cli->output);

	return error ? error : output_write(&cli->output, "\n", 1);
}

/* Is there a destination of which it could not be found out? */
static bool has_unknown(const struct berth_answers *found)
{
	for (size_t i = 0; i < found->n_destinations; i++) {
		if (found->destinations[i].answer == BERTH_ANSWER_UNKNOWN)
			return true;
	}
	return false;
}

static enum cli_exit answer(struct cli *cli, const struct berth_answers *found)
{
	enum cli_exit code = cli_gaps(cli, found->gaps);
	int error =
		cli->settings.format == CLI_TEXT ? write_text(cli, found) : write_json(cli, found);

	if (error < 0)
		return cli_cannot(cli, error);
	if (code != CLI_YES || has_unknown(found))
		return CLI_UNKNOWN;
	return found->answered ? CLI_YES : CLI_NO;
}

static enum cli_exit refuse(int error)
{
	cli_complain("%s", berth_error());
	/* A name may be right and have no address, or nobody to ask for it. */
	return error == -EINVAL || error == -ERANGE || error == -ENOENT ? CLI_USAGE : CLI_UNKNOWN;
}

static enum cli_exit answers_run(struct cli *cli)
{
	struct berth_answers *found = NULL;
	enum cli_exit code;

	if (cli->n_operands != 1) {
		cli_complain("who answers where? try berth answers localhost:8080");
		return CLI_USAGE;
	}
	code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	int error = berth_answers(cli->berth, cli->operands[0], &found);
	code = error < 0 ? refuse(error) : answer(cli, found);
	berth_answers_free(error < 0 ? NULL : found);
	return code;
}

const struct command cmd_answers = {
	.name = "answers",
	.args = "[HOST]:PORT[/PROTO]",
	.help = "who would get a new connection, for each address of a host",
	.run = answers_run,
};
