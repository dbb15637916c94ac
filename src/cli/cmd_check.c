// SPDX-License-Identifier: MIT
/*
 * berth check: which ports that files ask for would fail, before anything starts. A line for each
 * finding, "file:line: level: what", as compilers and linters write them, so that editors find the
 * place; so lines are not wrapped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/describe.h"
#include "cli/project_files.h"
#include "cli/project_root.h"

static const struct command_option check_options[] = {
	{KEY_STRICT, "strict", NULL, "warnings count as failures"},
	{0, NULL, NULL, NULL},
};

/* What is to be checked: files of the project, or what was named. */
struct question {
	struct berth_check_ask ask;
	struct project_files found;
	const char **paths;
	struct buffer ports;
	bool strict;
};

/* ---- The question ---------------------------------------------------------------------------- */

/* A port as lists have them, unless a file is called so. */
static bool is_port(const char *word)
{
	return *word && strchr("0123456789:*[", *word) && access(word, F_OK) != 0;
}

static enum cli_exit take_operands(const struct cli *cli, struct question *question)
{
	question->paths = calloc(cli->n_operands, sizeof(*question->paths));
	for (size_t i = 0; question->paths && i < cli->n_operands; i++) {
		const char *word = cli->operands[i];

		if (is_port(word))
			buffer_format(&question->ports, "%s ", word);
		else
			question->paths[question->ask.n_paths++] = word;
	}
	if (!question->paths || question->ports.error) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	question->ask.paths = question->paths;
	question->ask.ports = question->ports.len ? buffer_string(&question->ports) : NULL;
	return CLI_YES;
}

static enum cli_exit find_files(struct question *question)
{
	const char *folder = question->ask.folder;

	if (project_files_find(folder, &question->found)) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	if (!question->found.n_paths) {
		cli_complain("no berth.toml, compose file or .env is in %s; try berth check FILE, "
			     "or berth check PORT",
			folder);
		return CLI_USAGE;
	}
	question->ask.paths = (const char *const *)question->found.paths;
	question->ask.n_paths = question->found.n_paths;
	return CLI_YES;
}

/* ---- The answer ------------------------------------------------------------------------------ */

static enum output_style style_of(enum berth_check_level level)
{
	switch (level) {
	case BERTH_CHECK_FAILS:
		return OUTPUT_BAD;
	case BERTH_CHECK_UNKNOWN:
	case BERTH_CHECK_WARNS:
		return OUTPUT_CARE;
	case BERTH_CHECK_NOTES:
	case BERTH_CHECK_LEVELS:
		break;
	}
	return OUTPUT_FAINT;
}

/* "compose.yaml:7: fails: " */
static void put_front(
	struct cli *cli, const struct berth_wish *wish, enum output_style style, const char *level)
{
	struct buffer *out = &cli->output.text;

	if (*wish->file) {
		describe_text(out, wish->file);
		buffer_format(out, ":%u: ", (unsigned)wish->line);
	}
	output_styled(&cli->output, out, style, level, strlen(level));
	buffer_text(out, ": ");
}

/* "web 127.0.0.1:8080/udp" */
static void put_subject(
	struct buffer *out, const struct berth_wish *wish, uint16_t first, uint16_t last)
{
	char address[INET6_ADDRSTRLEN];

	if (wish->name) {
		describe_text(out, wish->name);
		buffer_text(out, first ? " " : "");
	}
	if (!first)
		return;
	if (wish->family)
		buffer_format(out, wish->family == 6 ? "[%s]:" : "%s:",
			inet_ntop(wish->family == 6 ? AF_INET6 : AF_INET, wish->address, address,
				sizeof(address)));
	describe_range(out, first, last);
	if (wish->proto != BERTH_TCP)
		buffer_format(out, "/%s", berth_proto_name(wish->proto));
}

static void put_finding(struct cli *cli, const struct berth_check_finding *finding)
{
	struct buffer *out = &cli->output.text;

	put_front(cli, finding->wish, style_of(finding->level),
		berth_check_level_name(finding->level));
	put_subject(out, finding->wish, finding->first, finding->last);
	buffer_text(out, ": ");
	describe_text(out, finding->text);
	buffer_char(out, '\n');
	if (!finding->cure)
		return;
	buffer_text(out, "  cure: ");
	describe_text(out, finding->cure);
	if (finding->command) {
		buffer_text(out, ": ");
		describe_text(out, finding->command);
	}
	buffer_char(out, '\n');
}

static void put_fine(struct cli *cli, const struct berth_wish *wish)
{
	put_front(cli, wish, OUTPUT_GOOD, "fine");
	put_subject(&cli->output.text, wish, wish->first, wish->last);
	if (!wish->first)
		buffer_text(&cli->output.text, wish->name ? ": " : "");
	buffer_text(&cli->output.text, wish->first ? "\n" : "the port is chosen when it starts\n");
}

/* "3 wishes: 1 fails, 2 warnings". */
static void put_sum(struct cli *cli, const struct berth_check *check)
{
	static const char *const one[] = {"fails", "is not known", "warning", "note"};
	static const char *const many[] = {"fail", "are not known", "warnings", "notes"};
	struct buffer *out = &cli->output.text;
	const char *gap = ": ";

	describe_counted(out, check->project->n_wishes, "port or range", "ports and ranges");
	for (size_t i = 0; i < BERTH_CHECK_LEVELS; i++) {
		if (!check->counts[i])
			continue;
		buffer_text(out, gap);
		describe_count(out, check->counts[i]);
		buffer_format(out, " %s", check->counts[i] == 1 ? one[i] : many[i]);
		gap = ", ";
	}
	if (!check->n_findings)
		buffer_text(out, check->project->n_wishes ? ": nothing is in the way" : "");
	buffer_char(out, '\n');
}

static int write_text(struct cli *cli, const struct berth_check *check)
{
	size_t at = 0;

	for (size_t i = 0; i < check->project->n_wishes; i++) {
		const struct berth_wish *wish = &check->project->wishes[i];
		bool any = false;

		for (; at < check->n_findings && check->findings[at].wish == wish; at++) {
			bool grave = check->findings[at].level <= BERTH_CHECK_UNKNOWN;

			if (grave || !cli->settings.quiet)
				put_finding(cli, &check->findings[at]);
			any = true;
		}
		if (!any && cli->settings.verbose)
			put_fine(cli, wish);
	}
	if (!cli->settings.quiet)
		put_sum(cli, check);
	return cli->output.text.error;
}

static int write_json(struct cli *cli, const struct berth_check *check)
{
	int error = berth_check_json(check, output_write, &cli->output);

	return error ? error : output_write(&cli->output, "\n", 1);
}

static enum cli_exit answer(struct cli *cli, const struct berth_check *check, bool strict)
{
	enum cli_exit code = cli_gaps(cli, check->gaps);
	int error =
		cli->settings.format == CLI_TEXT ? write_text(cli, check) : write_json(cli, check);

	if (error < 0)
		return cli_cannot(cli, error);
	if (check->counts[BERTH_CHECK_FAILS] || (strict && check->counts[BERTH_CHECK_WARNS]))
		return CLI_NO;
	return check->counts[BERTH_CHECK_UNKNOWN] ? CLI_UNKNOWN : code;
}

static enum cli_exit refuse(int error)
{
	cli_complain("%s", berth_error());
	switch (error) {
	case -EINVAL:
	case -EBADMSG:
	case -ENOENT:
	case -EACCES:
	case -EFBIG:
	case -E2BIG:
	case -EISDIR:
	case -ENOTDIR:
	case -ENAMETOOLONG:
	case -ELOOP:
		return CLI_USAGE;
	default:
		return CLI_UNKNOWN;
	}
}

static enum cli_exit ask(struct cli *cli, struct question *question)
{
	struct berth_check *check = NULL;
	enum cli_exit code = cli->n_operands ? take_operands(cli, question) : find_files(question);

	if (code == CLI_YES)
		code = cli_open(cli);
	if (code != CLI_YES)
		return code;
	int error = berth_check(cli->berth, &question->ask, &check);
	if (error < 0)
		return refuse(error);
	code = answer(cli, check, question->strict);
	berth_check_free(check);
	return code;
}

static enum cli_exit check_run(struct cli *cli)
{
	char *folder = project_root();
	struct question question = {.ask = {.size = sizeof(question.ask),
					    .settings = (const char *const *)environ,
					    .folder = folder ? folder : "."},
		.strict = cli->n_given > 0};
	enum cli_exit code = ask(cli, &question);

	project_files_free(&question.found);
	free(question.paths);
	buffer_free(&question.ports);
	free(folder);
	return code;
}

const struct command cmd_check = {
	.name = "check",
	.args = "[--strict] [FILE|PORT...]",
	.help = "would the ports that files ask for be had",
	.options = check_options,
	.run = check_run,
};
