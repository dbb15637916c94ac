// SPDX-License-Identifier: MIT
/*
 * berth.toml: a table for each port, named as its lease will be, with what it wishes; keys before
 * the first table are for all of them. A file with a mistake is refused as a whole, because half of
 * a project would start.
 */
#include "project/project.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "project/toml.h"
#include "project/wish.h"

static int refuse(struct buffer *problem, unsigned line, const char *what, const char *word)
{
	buffer_format(problem, "%u: %s", line, what);
	if (word)
		buffer_format(problem, ": %s", word);
	return -EBADMSG;
}

/* Names become environment variables and words on a command line. */
static bool is_name(const char *name)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";

	return *name && *name != '-' && *name != '.' && strlen(name) <= 64 &&
		strspn(name, letters) == strlen(name);
}

static int take_port(
	struct berth_wish *wish, const struct toml_entry *entry, struct buffer *problem)
{
	if (entry->value.type != TOML_NUMBER || entry->value.number < 1 ||
		entry->value.number > UINT16_MAX)
		return refuse(problem, entry->line, "port is a number from 1 to 65535", NULL);
	wish->first = wish->last = (uint16_t)entry->value.number;
	return 0;
}

static int take_range(
	const struct toml_entry *entry, struct berth_port_range *ret_range, struct buffer *problem)
{
	struct berth_wish ports = {0};

	if (entry->value.type != TOML_TEXT ||
		!wish_ports(&ports, entry->value.text, strlen(entry->value.text)))
		return refuse(problem, entry->line, "range is a text such as \"4000-4999\"", NULL);
	*ret_range = (struct berth_port_range){ports.first, ports.last};
	return 0;
}

static int take_list(const struct toml_entry *entry, const char *const **ret_texts,
	size_t *ret_count, struct arena *arena)
{
	const char **one = NULL;

	if (entry->value.type == TOML_TEXTS) {
		*ret_texts = entry->value.texts;
		*ret_count = entry->value.n_texts;
		return 0;
	}
	one = arena_array(arena, 1, sizeof(*one));
	if (!one)
		return -ENOMEM;
	one[0] = entry->value.text;
	*ret_texts = one;
	*ret_count = 1;
	return 0;
}

/* A text is a line for the shell, a list is the words of a command. */
static int take_command(struct project *project, struct berth_wish *wish,
	const struct toml_entry *entry, struct buffer *problem)
{
	bool is_text = entry->value.type == TOML_TEXT && *entry->value.text;

	if (!is_text && (entry->value.type != TOML_TEXTS || !entry->value.n_texts))
		return refuse(problem, entry->line,
			"command is a text for the shell or a list of words", NULL);
	wish->command_is_shell = is_text;
	return take_list(entry, &wish->command, &wish->n_command, &project->arena);
}

static int take_env(struct project *project, struct berth_wish *wish,
	const struct toml_entry *entry, struct buffer *problem)
{
	if (entry->value.type != TOML_TEXT && entry->value.type != TOML_TEXTS)
		return refuse(problem, entry->line,
			"env is the name of a variable, or a list of names", NULL);
	return take_list(entry, &wish->env, &wish->n_env, &project->arena);
}

static int take_entry(struct project *project, struct berth_wish *wish,
	const struct toml_entry *entry, struct buffer *problem)
{
	const char *key = entry->key;

	if (!strcmp(key, "port"))
		return take_port(wish, entry, problem);
	if (!strcmp(key, "range"))
		return take_range(entry, &wish->range, problem);
	if (!strcmp(key, "command"))
		return take_command(project, wish, entry, problem);
	if (!strcmp(key, "env"))
		return take_env(project, wish, entry, problem);
	if (strcmp(key, "proto") != 0)
		return refuse(problem, entry->line,
			"no such key; there are port, range, proto, env and command", key);
	if (entry->value.type == TOML_TEXT &&
		wish_proto(wish, entry->value.text, strlen(entry->value.text)))
		return 0;
	return refuse(problem, entry->line, "proto is \"tcp\" or \"udp\"", NULL);
}

static int read_common(struct project *project, const struct toml *toml, struct buffer *problem)
{
	int r = 0;

	for (size_t i = 0; i < toml->n_entries && !r; i++) {
		const struct toml_entry *entry = &toml->entries[i];

		if (*entry->table)
			continue;
		if (strcmp(entry->key, "range") != 0)
			r = refuse(problem, entry->line,
				"before the first [name], only range may stand", entry->key);
		else
			r = take_range(entry, &project->range, problem);
	}
	return r;
}

static int read_port(struct project *project, const char *file, const struct toml *toml,
	size_t table, struct buffer *problem)
{
	struct berth_wish wish = {
		.kind = BERTH_WISH_MANIFEST,
		.file = file,
		.line = toml->table_lines[table],
		.name = toml->tables[table],
		.text = toml->tables[table],
		.sure = true,
	};
	int r = 0;

	if (!is_name(wish.name))
		return refuse(problem, wish.line,
			"a name has letters, digits, - _ and . (at most 64)", wish.name);
	for (size_t i = 0; i < toml->n_entries && !r; i++) {
		if (!strcmp(toml->entries[i].table, wish.name))
			r = take_entry(project, &wish, &toml->entries[i], problem);
	}
	return r ? r : project_add(project, &wish);
}

int manifest_read(struct project *project, const char *file, const char *text, size_t len,
	struct buffer *ret_problem)
{
	struct toml toml = {0};
	struct toml_problem problem = {0};
	int r = toml_read(&project->arena, text, len, &toml, &problem);

	if (r == -EBADMSG)
		return refuse(ret_problem, problem.line, problem.what, NULL);
	if (!r)
		r = read_common(project, &toml, ret_problem);
	for (size_t i = 0; i < toml.n_tables && !r; i++)
		r = read_port(project, file, &toml, i, ret_problem);
	return r;
}
