// SPDX-License-Identifier: MIT
/* See reservation.h. The ports are those of a question to berth, but for addresses: a reservation
 * holds for all of them, and for all protocols. */
#include "cli/reservation.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/card.h"
#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/question.h"

/* ---- The command line ------------------------------------------------------------------------ */

static enum cli_exit read_options(const struct cli *cli, struct berth_reserve_ask *ask)
{
	bool persist = false;
	bool no_persist = false;

	for (size_t i = 0; i < cli->n_given; i++) {
		switch (cli->given[i].key) {
		case 'n':
			ask->dry_run = true;
			break;
		case KEY_ALL:
			ask->all = true;
			break;
		case KEY_PERSIST:
			persist = true;
			break;
		case KEY_NO_PERSIST:
			no_persist = true;
			break;
		default:
			break;
		}
	}
	if (persist && no_persist) {
		cli_complain("--persist and --no-persist say the opposite of each other");
		return CLI_USAGE;
	}
	ask->persist =
		persist ? BERTH_PERSIST_YES : (no_persist ? BERTH_PERSIST_NO : BERTH_PERSIST_USUAL);
	return CLI_YES;
}

static enum cli_exit read_ports(
	struct cli *cli, struct berth_query *query, struct berth_port_range **ret_ports)
{
	enum cli_exit code = question_add(cli, cli->operands, cli->n_operands, query);
	struct berth_port_range *ports = NULL;

	if (code != CLI_YES || !query->n_parts)
		return code;
	ports = calloc(query->n_parts, sizeof(*ports));
	if (!ports)
		return cli_cannot(cli, -ENOMEM);
	for (size_t i = 0; code == CLI_YES && i < query->n_parts; i++) {
		const struct berth_query_part *part = query->parts + i;

		ports[i] = (struct berth_port_range){part->first, part->last};
		if (part->family) {
			cli_complain("a reservation holds for all addresses; name the port alone");
			code = CLI_USAGE;
		} else if (!part->first) {
			cli_complain("port 0 cannot be reserved; ports go from 1 to 65535");
			code = CLI_USAGE;
		}
	}
	if (code == CLI_YES)
		*ret_ports = ports;
	else
		free(ports);
	return code;
}

static enum cli_exit check_words(const struct cli *cli, bool reserve, bool all)
{
	if (all && cli->n_operands) {
		cli_complain(
			"--all takes back everything that berth reserved; no port goes with it");
		return CLI_USAGE;
	}
	if (!all && !cli->n_operands) {
		cli_complain(reserve ? "reserve which port? try berth reserve 8080"
				     : "take back which port? try berth unreserve 8080, or --all");
		return CLI_USAGE;
	}
	return CLI_YES;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static uint32_t count(const struct berth_port_range *ranges, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += UINT32_C(1) + ranges[i].last - ranges[i].first;
	return sum;
}

/* "8000–8010, 9000"; of a long list the beginning. */
static void put_list(struct card *card, const struct berth_port_range *ranges, size_t n)
{
	enum {
		SHOWN = 20
	};

	for (size_t i = 0; i < n && i < SHOWN; i++) {
		card_add(card, i ? ", " : "");
		describe_range(&card->text, ranges[i].first, ranges[i].last);
	}
	if (n > SHOWN) {
		card_add(card, " and ");
		describe_counted(&card->text, count(ranges + SHOWN, n - SHOWN), "port", "ports");
		card_add(card, " more");
	}
}

static void end_line(struct card *card)
{
	card_end(card, 0, 2);
}

/* "8000 was reserved before", "8000, 8001 were …". */
static void put_left(struct card *card, const struct berth_port_range *ranges, size_t n,
	const char *one, const char *many)
{
	if (!n)
		return;
	put_list(card, ranges, n);
	card_add(card, count(ranges, n) == 1 ? one : many);
	end_line(card);
}

static void put_changed(struct card *card, const struct berth_reserved *reserved)
{
	const char *verb = reserved->reserve ? "Reserved " : "Took back ";

	if (reserved->dry_run)
		verb = reserved->reserve ? "Would reserve " : "Would take back ";
	if (!reserved->n_changed) {
		card_add(card, "The kernel's list stays as it is.");
	} else {
		card_styled(card, OUTPUT_GOOD, verb);
		put_list(card, reserved->changed, reserved->n_changed);
		card_add(card, ".");
	}
	end_line(card);
}

static void put_file(struct card *card, const struct berth_reserved *reserved)
{
	if (reserved->file_written) {
		card_add(card, reserved->dry_run ? "Would " : "");
		if (reserved->n_in_file)
			card_add(card, reserved->dry_run ? "write " : "Wrote ");
		else
			card_add(card, reserved->dry_run ? "remove " : "Removed ");
		card_foreign(card, reserved->file);
		card_add(card, ", which is for the next boot.");
		end_line(card);
	}
	if (reserved->file_why_not) {
		card_add(card, "Not for certain after the next boot: ");
		card_foreign(card, reserved->file_why_not);
		card_add(card, ".");
		end_line(card);
	}
}

/* Reserving what the kernel never chooses is allowed, and worth a word. */
static void put_outside(struct card *card, const struct berth_reserved *reserved)
{
	const struct berth_port_range *range = &reserved->ephemeral;

	if (!reserved->has_ephemeral)
		return;
	for (size_t i = 0; i < reserved->n_changed; i++) {
		if (reserved->changed[i].last >= range->first &&
			reserved->changed[i].first <= range->last)
			return;
	}
	if (!reserved->n_changed)
		return;
	card_add(card, "The kernel chooses from ");
	describe_range(&card->text, range->first, range->last);
	card_add(card, ", so it would not have chosen ");
	card_add(card, count(reserved->changed, reserved->n_changed) == 1 ? "this port" : "these");
	card_add(card, " anyway, as long as that range stays.");
	end_line(card);
}

static int write_text(struct cli *cli, const struct berth_reserved *reserved)
{
	struct card card = {.output = &cli->output, .no_labels = true};

	if (cli->settings.quiet)
		return 0;
	put_changed(&card, reserved);
	put_left(&card, reserved->already, reserved->n_already, " was reserved before.",
		" were reserved before.");
	put_left(&card, reserved->absent, reserved->n_absent, " was not reserved.",
		" were not reserved.");
	put_file(&card, reserved);
	if (reserved->reserve) {
		card_add(&card,
			"This keeps the kernel from choosing by itself, for connect() and bind() "
			"to port 0. It does not stop a program that asks for the port by its "
			"number.");
		end_line(&card);
		put_outside(&card, reserved);
	}
	card_free(&card);
	return cli->output.text.error;
}

static enum cli_exit answer(struct cli *cli, const struct berth_reserved *reserved)
{
	struct buffer list = {0};
	int error = 0;

	if (cli->settings.format == CLI_TEXT)
		error = write_text(cli, reserved);
	else
		error = berth_reserved_json(reserved, output_write, &cli->output);
	if (!error && cli->settings.format != CLI_TEXT)
		error = output_write(&cli->output, "\n", 1);
	if (error < 0)
		return cli_cannot(cli, error);
	if (!reserved->n_foreign)
		return CLI_YES;
	for (size_t i = 0; i < reserved->n_foreign; i++) {
		buffer_text(&list, i ? ", " : "");
		describe_range(&list, reserved->foreign[i].first, reserved->foreign[i].last);
	}
	cli_complain("%s %s reserved, but not by berth, and so left as %s", buffer_string(&list),
		count(reserved->foreign, reserved->n_foreign) == 1 ? "is" : "are",
		count(reserved->foreign, reserved->n_foreign) == 1 ? "it is" : "they are");
	buffer_free(&list);
	return CLI_NO;
}

enum cli_exit reservation_run(struct cli *cli, bool reserve)
{
	struct berth_reserve_ask ask = {.size = sizeof(ask)};
	struct berth_query query = {0};
	struct berth_port_range *ports = NULL;
	struct berth_reserved *reserved = NULL;
	enum cli_exit code = read_options(cli, &ask);

	if (code == CLI_YES)
		code = check_words(cli, reserve, ask.all);
	if (code == CLI_YES)
		code = cli_open(cli);
	if (code == CLI_YES)
		code = read_ports(cli, &query, &ports);
	if (code != CLI_YES)
		goto out;
	ask.ports = ports;
	ask.n_ports = query.n_parts;
	int error = reserve ? berth_reserve(cli->berth, &ask, &reserved)
			    : berth_unreserve(cli->berth, &ask, &reserved);
	if (error < 0) {
		cli_complain("nothing was changed: %s", berth_error());
		code = error == -EINVAL ? CLI_USAGE : CLI_UNKNOWN;
		goto out;
	}
	code = answer(cli, reserved);
	berth_reserved_free(reserved);
out:
	free(ports);
	question_free(&query);
	return code;
}
