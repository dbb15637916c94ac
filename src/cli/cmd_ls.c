// SPDX-License-Identifier: MIT
/*
 * berth ls: the sockets of this machine, one a line. Its letters are those that netstat and ss have
 * taught people to type.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/extras.h"
#include "cli/grid.h"
#include "cli/listing.h"
#include "cli/ls_json.h"
#include "cli/ls_netns.h"
#include "cli/question.h"

enum {
	COLUMNS_MOST = 32,
	STATES = BERTH_BOUND + 1,
};

static const struct command_option ls_options[] = {
	{'t', "tcp", NULL, "TCP and MPTCP"},
	{'u', "udp", NULL, "UDP and UDP-Lite"},
	{KEY_PROTO, "proto", "LIST", "these protocols: tcp,udp,sctp,dccp,udplite,mptcp"},
	{'l', "listening", NULL, "listening and bound sockets only (the default)"},
	{'a', "all", NULL, "all states, with peers"},
	{'n', "numeric", NULL, "users by number"},
	{'p', "processes", NULL, "accepted; processes are always shown"},
	{'4', "ipv4", NULL, "IPv4 only"},
	{'6', "ipv6", NULL, "IPv6 only"},
	{KEY_PORT, "port", "LIST", "these ports only, as in berth PORT"},
	{KEY_PROCESS, "process", "NAME|PID", "held by this process only"},
	{KEY_USER, "user", "NAME|UID", "of this user only"},
	{KEY_STATE, "state", "LIST", "in these states only"},
	{KEY_NETNS, "netns", "all|NAME|PID|PATH", "of all network namespaces, or of this one"},
	{'o', "output", "COLUMNS", "these columns"},
	{KEY_NO_HEADINGS, "no-headings", NULL, "no line of headings"},
	{KEY_RUNG, "rung", "LIST", "look for owners only so: storage,iterator,loaded,proc"},
	{0, NULL, NULL, NULL},
};

struct ls {
	struct cli *cli;
	struct berth_ask ask;
	struct berth_query query;
	bool all;
	bool ipv4;
	bool ipv6;
	bool numeric;
	bool no_headings;
	const char *process;
	const char *user;
	const struct listing_column *columns[COLUMNS_MOST];
	size_t n_columns;
};

/* ---- Options --------------------------------------------------------------------------------- */

/* Calls `take` for each word between commas. */
static enum cli_exit each_word(
	struct ls *ls, const char *list, enum cli_exit (*take)(struct ls *, const char *, size_t))
{
	enum cli_exit code = CLI_YES;

	for (;;) {
		size_t len = strcspn(list, ",");

		code = take(ls, list, len);
		if (code != CLI_YES || !list[len])
			return code;
		list += len + 1;
	}
}

static enum cli_exit take_proto(struct ls *ls, const char *word, size_t len)
{
	for (unsigned proto = 0; proto < BERTH_PROTOS; proto++) {
		const char *name = berth_proto_name((enum berth_proto)proto);

		if (text_equal_fold(word, len, name, strlen(name))) {
			ls->ask.protos |= BERTH_PROTO_BIT(proto);
			return CLI_YES;
		}
	}
	cli_complain("'%.*s' is no protocol; try tcp, udp, sctp, dccp, udplite or mptcp", (int)len,
		word);
	return CLI_USAGE;
}

/* TIME-WAIT and time_wait are one. */
static bool same_state(const char *word, size_t len, const char *name)
{
	if (strlen(name) != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = word[i] == '-' ? '_' : word[i];

		if (text_lower(c) != text_lower(name[i]))
			return false;
	}
	return true;
}

static enum cli_exit take_state(struct ls *ls, const char *word, size_t len)
{
	for (unsigned state = BERTH_ESTABLISHED; state < STATES; state++) {
		if (same_state(word, len, berth_socket_state_name(BERTH_TCP, state)) ||
			same_state(word, len, berth_socket_state_name(BERTH_UDP, state))) {
			ls->ask.states |= BERTH_STATE_BIT(state);
			return CLI_YES;
		}
	}
	cli_complain("'%.*s' is no state; try LISTEN, UNCONN, BOUND, ESTABLISHED or TIME_WAIT",
		(int)len, word);
	return CLI_USAGE;
}

static enum cli_exit take_column(struct ls *ls, const char *word, size_t len)
{
	const struct listing_column *column = listing_column(word, len);
	struct buffer names = {0};

	if (column && ls->n_columns < COLUMNS_MOST) {
		ls->columns[ls->n_columns++] = column;
		return CLI_YES;
	}
	listing_names(&names);
	if (column)
		cli_complain("those are too many columns; try each of them once");
	else
		cli_complain("'%.*s' is no column; try some of %s", (int)len, word,
			buffer_string(&names));
	buffer_free(&names);
	return CLI_USAGE;
}

static enum cli_exit take_option(struct ls *ls, const struct cli_given *given)
{
	char *list = NULL;

	switch (given->key) {
	case 't':
		ls->ask.protos |= BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_MPTCP);
		break;
	case 'u':
		ls->ask.protos |= BERTH_PROTO_BIT(BERTH_UDP) | BERTH_PROTO_BIT(BERTH_UDPLITE);
		break;
	case 'a':
		ls->all = true;
		break;
	case 'n':
		ls->numeric = true;
		break;
	case '4':
		ls->ipv4 = true;
		break;
	case '6':
		ls->ipv6 = true;
		break;
	case KEY_PROTO:
		return each_word(ls, given->value, take_proto);
	case KEY_STATE:
		return each_word(ls, given->value, take_state);
	case 'o':
		return each_word(ls, given->value, take_column);
	case KEY_PORT:
		/* question_add reads operands, which are not const; it does not change them. */
		list = strdup(given->value);
		if (!list)
			return CLI_UNKNOWN;
		enum cli_exit code = question_add(ls->cli, &list, 1, &ls->query);
		free(list);
		return code;
	case KEY_RUNG:
		return question_rungs(given->value, &ls->ask.rungs);
	case KEY_PROCESS:
		ls->process = given->value;
		break;
	case KEY_USER:
		ls->user = given->value;
		break;
	case KEY_NETNS:
		question_netns(given->value, &ls->ask);
		break;
	case KEY_NO_HEADINGS:
		ls->no_headings = true;
		break;
	default: /* -l is the default, -p no question */
		break;
	}
	return CLI_YES;
}

static void default_columns(struct ls *ls)
{
	static const char *const names[] = {"PORT", "PROTO", "ADDRESS", "STATE", "PEER", "PROCESS",
		"PID", "USER", "UNIT", "SINCE", "NETNS", "REASON", "DETAILS"};
	bool several = ls->ask.netns_ask == BERTH_ASK_ALL || ls->ask.netns_ask == BERTH_ASK_NAMED;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], "PEER") == 0 && !ls->all)
			continue;
		if ((strcmp(names[i], "REASON") == 0 || strcmp(names[i], "UNIT") == 0 ||
			    strcmp(names[i], "DETAILS") == 0) &&
			!ls->cli->settings.verbose)
			continue;
		if (strcmp(names[i], "NETNS") == 0 && !several)
			continue;
		ls->columns[ls->n_columns++] = listing_column(names[i], strlen(names[i]));
	}
}

static bool needs_owners(const struct ls *ls)
{
	if (ls->cli->settings.format != CLI_TEXT || ls->process || ls->user)
		return true;
	for (size_t i = 0; i < ls->n_columns; i++) {
		if (ls->columns[i]->needs_owners)
			return true;
	}
	return false;
}

/* The columns that show more of a process than its name. */
static bool needs_commands(const struct ls *ls)
{
	for (size_t i = 0; i < ls->n_columns; i++) {
		if (ls->columns[i]->needs_commands)
			return true;
	}
	return ls->cli->settings.format != CLI_TEXT;
}

static bool needs_details(const struct ls *ls)
{
	if (ls->cli->settings.format != CLI_TEXT)
		return ls->cli->settings.verbose;
	for (size_t i = 0; i < ls->n_columns; i++) {
		if (ls->columns[i]->needs_details)
			return true;
	}
	return false;
}

static enum cli_exit read_options(struct ls *ls)
{
	const struct cli *cli = ls->cli;

	for (size_t i = 0; i < cli->n_given; i++) {
		enum cli_exit code = take_option(ls, &cli->given[i]);

		if (code != CLI_YES)
			return code;
	}
	if (ls->ipv4 != ls->ipv6)
		ls->ask.family = ls->ipv4 ? 4 : 6;
	if (!ls->ask.states && !ls->all)
		ls->ask.states = BERTH_STATE_BIT(BERTH_LISTEN) | BERTH_STATE_BIT(BERTH_CLOSE) |
			BERTH_STATE_BIT(BERTH_BOUND);
	if (!ls->n_columns)
		default_columns(ls);
	ls->ask.owners = needs_owners(ls);
	ls->ask.brief = !needs_commands(ls);
	for (size_t i = 0; i < ls->n_columns; i++)
		ls->ask.places = ls->ask.places || ls->columns[i]->needs_places;
	ls->ask.details = needs_details(ls);
	return CLI_YES;
}

/* ---- Filters --------------------------------------------------------------------------------- */

static bool is_number(const char *text, uint64_t *ret_number)
{
	return text_number(text, strlen(text), UINT32_MAX, ret_number) == 0;
}

static bool is_process(const struct berth_process *process, const char *wanted)
{
	uint64_t pid;

	return strcmp(process->name, wanted) == 0 ||
		(is_number(wanted, &pid) && process->pid == pid);
}

static bool is_user(const char *user, uint32_t uid, const char *wanted)
{
	uint64_t number;

	return (user && strcmp(user, wanted) == 0) || (is_number(wanted, &number) && uid == number);
}

/* Of the user who made it, or of one whose process has it. */
static bool has_user(const struct berth_socket *socket, const char *wanted)
{
	if (socket->has_uid && is_user(socket->user, socket->uid, wanted))
		return true;
	for (size_t i = 0; i < socket->n_owners; i++) {
		const struct berth_process *process = socket->owners[i].process;

		if (is_user(process->user, process->uid, wanted))
			return true;
	}
	return false;
}

static bool has_process(const struct berth_socket *socket, const char *wanted)
{
	for (size_t i = 0; i < socket->n_owners; i++) {
		if (is_process(socket->owners[i].process, wanted))
			return true;
	}
	return false;
}

static bool is_wanted(const struct ls *ls, const struct berth_socket *socket)
{
	return (!ls->process || has_process(socket, ls->process)) &&
		(!ls->user || has_user(socket, ls->user));
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* `cells` are used for every row, so that it costs no memory of its own. */
static int add_row(const struct ls *ls, const struct listing_style *style, struct grid *grid,
	struct buffer cells[COLUMNS_MOST], const struct berth_socket *socket)
{
	const char *texts[COLUMNS_MOST];

	for (size_t i = 0; i < ls->n_columns; i++) {
		buffer_clear(&cells[i]);
		ls->columns[i]->write(&cells[i], style, socket);
		if (cells[i].error)
			return cells[i].error;
		texts[i] = buffer_string(&cells[i]);
	}
	return grid_row(grid, texts);
}

/* How many rows there are, or a negative errno. */
static int write_table(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	const struct cli_settings *settings = &ls->cli->settings;
	const struct listing_style style = {
		.clock = {.now_s = berth_snapshot_time_s(snapshot),
			.utc = settings->replay != NULL,
			.iso = settings->verbose},
		.numeric = ls->numeric,
		.every_pid = settings->verbose,
	};
	struct grid_column heads[COLUMNS_MOST];
	struct buffer cells[COLUMNS_MOST] = {0};
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	struct grid *grid;
	int rows = 0;
	int error = 0;

	for (size_t i = 0; i < ls->n_columns; i++)
		heads[i] = (struct grid_column){
			.heading = ls->columns[i]->name,
			.right = ls->columns[i]->right,
			.may_shrink = ls->columns[i]->may_shrink,
			.may_wrap = ls->columns[i]->may_wrap,
		};
	grid = grid_new(&ls->cli->output, heads, ls->n_columns, !ls->no_headings);
	if (!grid)
		return -ENOMEM;
	for (size_t i = 0; i < n && !error; i++) {
		if (!is_wanted(ls, &sockets[i]))
			continue;
		error = add_row(ls, &style, grid, cells, &sockets[i]);
		rows++;
	}
	if (!error && rows)
		error = grid_draw(grid, &ls->cli->output);
	for (size_t i = 0; i < ls->n_columns; i++)
		buffer_free(&cells[i]);
	grid_free(grid);
	return error ? error : rows;
}

static int write_lines(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	int rows = 0;
	int error = 0;

	for (size_t i = 0; i < n && !error; i++) {
		if (!is_wanted(ls, &sockets[i]))
			continue;
		error = berth_socket_json(&sockets[i], output_write, &ls->cli->output);
		if (!error)
			error = output_write(&ls->cli->output, "\n", 1);
		rows++;
	}
	return error ? error : rows;
}

static bool is_listed(const void *context, const struct berth_socket *socket)
{
	return is_wanted(context, socket);
}

static int write_object(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	struct output *output = &ls->cli->output;
	const struct ls_json to = {.text = &output->text, .write = output_write, .context = output};
	int rows = ls_json_write(&to, snapshot, is_listed, ls);
	int error = rows < 0 ? rows : output_write(output, "\n", 1);

	return error ? error : rows;
}

/* Rows whose owner is not known say so where a person reads. */
static void write_note(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	struct output *output = &ls->cli->output;
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);
	struct buffer note = {0};
	size_t hidden = 0;

	for (size_t i = 0; i < n; i++)
		hidden += is_wanted(ls, &sockets[i]) && sockets[i].reason == BERTH_NEEDS_CAPABILITY;
	if (!hidden || !output->terminal || ls->cli->settings.quiet || ls->cli->settings.verbose ||
		!ls->ask.owners)
		return;
	buffer_char(&note, '\n');
	describe_counted(&note, hidden, "socket may have", "sockets may have");
	buffer_text(&note,
		" owners that we may not see: berth ls -v says why, sudo berth ls shows them.");
	output_styled(output, &output->text, OUTPUT_FAINT, buffer_string(&note), note.len);
	buffer_char(&output->text, '\n');
	buffer_free(&note);
}

/* The losses are not of one row; whoever asked for more hears of them behind the table. */
static void write_losses(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	struct output *output = &ls->cli->output;
	struct berth_listen_losses losses;
	struct buffer note = {0};

	berth_snapshot_listen_losses(snapshot, &losses);
	if (!ls->cli->settings.verbose || ls->cli->settings.quiet || !losses.overflows)
		return;
	buffer_char(&note, '\n');
	extras_losses(&note, &losses);
	buffer_char(&note, '.');
	output_styled(output, &output->text, OUTPUT_FAINT, buffer_string(&note), note.len);
	buffer_char(&output->text, '\n');
	buffer_free(&note);
}

static enum cli_exit answer(const struct ls *ls, const struct berth_snapshot *snapshot)
{
	enum cli_exit gaps = cli_gaps(ls->cli, berth_snapshot_gaps(snapshot));
	int rows = 0;

	switch (ls->cli->settings.format) {
	case CLI_TEXT:
		rows = write_table(ls, snapshot);
		if (rows >= 0 && ls->cli->settings.verbose)
			rows = ls_netns_table(ls->cli, snapshot) < 0 ? -ENOMEM : rows;
		write_note(ls, snapshot);
		write_losses(ls, snapshot);
		break;
	case CLI_JSON:
		rows = write_object(ls, snapshot);
		break;
	case CLI_JSONL:
		rows = write_lines(ls, snapshot);
		break;
	}
	if (rows < 0)
		return cli_cannot(ls->cli, rows);
	ls_netns_complain(ls->cli, snapshot);
	if (gaps == CLI_YES && ls->ask.owners)
		gaps = question_rungs_used(ls->ask.rungs, snapshot);
	if (gaps != CLI_YES)
		return gaps;
	return rows ? CLI_YES : CLI_NO;
}

static enum cli_exit ls_run(struct cli *cli)
{
	struct ls ls = {.cli = cli, .ask = {.size = sizeof(ls.ask)}};
	struct berth_snapshot *snapshot = NULL;
	enum cli_exit code = cli_open(cli);

	if (code == CLI_YES)
		code = question_add(cli, cli->operands, cli->n_operands, &ls.query);
	if (code == CLI_YES)
		code = read_options(&ls);
	if (ls.query.n_parts)
		ls.ask.query = &ls.query;
	if (code == CLI_YES)
		code = cli_snapshot(cli, &ls.ask, &snapshot);
	if (code == CLI_YES)
		code = answer(&ls, snapshot);
	berth_snapshot_free(snapshot);
	question_free(&ls.query);
	return code;
}

const struct command cmd_ls = {
	.name = "ls",
	.args = "[OPTIONS] [PORT...]",
	.help = "list the sockets of this machine and who holds them",
	.options = ls_options,
	.run = ls_run,
};
