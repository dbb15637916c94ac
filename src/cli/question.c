// SPDX-License-Identifier: MIT
/* Several operands, one query: the snapshot is then of one moment for all of them. */
#include "cli/question.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/text.h"
#include "cli/commands.h"

static int append(struct berth_query *query, const struct berth_query *more)
{
	struct berth_query_part *parts;

	if (!more->n_parts)
		return 0;
	parts = reallocarray(query->parts, query->n_parts + more->n_parts, sizeof(*parts));
	if (!parts)
		return -ENOMEM;
	memcpy(parts + query->n_parts, more->parts, more->n_parts * sizeof(*parts));
	query->parts = parts;
	query->n_parts += more->n_parts;
	return 0;
}

static enum cli_exit refuse(const struct cli *cli, const char *text, int error)
{
	const struct command *near = error == -ENOENT ? commands_near(text) : NULL;

	if (error == -ENOMEM) {
		cli_complain("out of memory");
		return CLI_UNKNOWN;
	}
	if (near && strcmp(near->name, text) != 0 && cli->command == &cmd_port)
		cli_complain(
			"no command and no service is called '%s'; try berth %s", text, near->name);
	else
		cli_complain("%s", berth_error());
	return CLI_USAGE;
}

enum cli_exit question_add(struct cli *cli, char *const *texts, size_t n, struct berth_query *query)
{
	for (size_t i = 0; i < n; i++) {
		struct berth_query *more;
		int error = berth_query_parse(cli->berth, texts[i], &more);

		if (error < 0)
			return refuse(cli, texts[i], error);
		error = append(query, more);
		berth_query_free(more);
		if (error < 0)
			return refuse(cli, texts[i], error);
	}
	return CLI_YES;
}

static bool find_rung(const char *word, size_t len, berth_rungs *rungs)
{
	for (unsigned rung = 0; rung < BERTH_RUNGS; rung++) {
		const char *name = berth_rung_name((enum berth_rung)rung);

		if (text_equal_fold(word, len, name, strlen(name))) {
			*rungs |= BERTH_RUNG_BIT(rung);
			return true;
		}
	}
	return false;
}

enum cli_exit question_rungs(const char *list, berth_rungs *ret_rungs)
{
	berth_rungs rungs = 0;

	for (;; list++) {
		size_t len = strcspn(list, ",");

		if (!find_rung(list, len, &rungs)) {
			cli_complain("'%.*s' is no way to look for owners; try storage, cgroup, "
				     "iterator, loaded or proc",
				(int)len, list);
			return CLI_USAGE;
		}
		list += len;
		if (!*list)
			break;
	}
	*ret_rungs = rungs;
	return CLI_YES;
}

static bool has_unlooked(const struct berth_snapshot *snapshot)
{
	const struct berth_socket *sockets;
	size_t n = berth_snapshot_sockets(snapshot, &sockets);

	for (size_t i = 0; i < n; i++) {
		if (sockets[i].reason == BERTH_NOT_ASKED)
			return true;
	}
	return false;
}

enum cli_exit question_rungs_used(berth_rungs rungs, const struct berth_snapshot *snapshot)
{
	const struct berth_rung_use *uses;
	size_t n = berth_snapshot_rungs(snapshot, &uses);
	struct buffer why = {0};
	bool used = false;

	if (!rungs)
		return CLI_YES;
	for (size_t i = 0; i < n; i++) {
		if (!(rungs & BERTH_RUNG_BIT(uses[i].rung)))
			continue;
		used = used || uses[i].used;
		buffer_format(&why, "%s%s: %s", why.len ? "; " : "", berth_rung_name(uses[i].rung),
			uses[i].why_not ? uses[i].why_not : "");
	}
	bool missed = n && !used && has_unlooked(snapshot);
	if (missed)
		cli_complain("owners could not be looked for (%s)", buffer_string(&why));
	buffer_free(&why);
	return missed ? CLI_UNKNOWN : CLI_YES;
}

void question_netns(const char *value, struct berth_ask *ask)
{
	static const struct {
		const char *word;
		enum berth_netns_ask ask;
	} words[] = {
		{"own", BERTH_ASK_OWN},
		{"named", BERTH_ASK_NAMED},
		{"all", BERTH_ASK_ALL},
	};

	ask->netns_ask = BERTH_ASK_ONE;
	ask->netns = value;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(value, words[i].word) == 0)
			ask->netns_ask = words[i].ask;
	}
}

size_t question_ports(const struct berth_query *query)
{
	size_t ports = 0;

	for (size_t i = 0; i < query->n_parts; i++)
		ports += (size_t)(query->parts[i].last - query->parts[i].first) + 1;
	return ports;
}

void question_free(struct berth_query *query)
{
	free(query->parts);
	*query = (struct berth_query){0};
}
