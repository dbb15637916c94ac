// SPDX-License-Identifier: MIT
/*
 * Turns IANA's CSV into the C arrays that are compiled into berth: offsets instead of pointers, so
 * that a program which contains 14,000 records needs no relocation for them and reads from disk
 * just the pages that it looks at. Runs while building, reads the file with the room's own reader
 * and checks, and fails the build where they refuse.
 *
 * compile-registry FILE.csv OUT.c
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "registry/reader.h"
#include "registry/registry.h"
#include "registry/table.h"

enum {
	LARGEST = 64 << 20,
	PER_LINE = 24,
};

static void write_separator(FILE *out, size_t index)
{
	(void)fputs((index + 1) % PER_LINE ? "," : ",\n", out);
}

static void write_records(FILE *out, const struct registry *registry)
{
	(void)fputs("static const struct table_record records[] = {\n", out);
	for (size_t i = 0; i < registry->n_records; i++) {
		const struct table_record *record = &registry->records[i];

		(void)fprintf(out, "{%u,%u,%u,%u,%u,%u,{", record->first, record->last,
			record->protos, record->state, record->has_port, record->any_transport);
		for (size_t t = 0; t < TABLE_TEXTS; t++)
			(void)fprintf(out, "%s%" PRIu32, t ? "," : "", record->text[t]);
		(void)fputs("}},\n", out);
	}
	(void)fputs("};\n", out);
}

static void write_ports(FILE *out, const struct registry *registry)
{
	(void)fprintf(out, "static const uint32_t set_of[%d] = {\n", SPANS_NUMBERS);
	for (size_t i = 0; i < SPANS_NUMBERS; i++) {
		(void)fprintf(out, "%" PRIu32, registry->ports.set_of[i]);
		write_separator(out, i);
	}
	(void)fprintf(out, "};\nstatic const uint16_t sets[%zu] = {\n", registry->ports.n_sets);
	for (size_t i = 0; i < registry->ports.n_sets; i++) {
		(void)fprintf(out, "%u", registry->ports.sets[i]);
		write_separator(out, i);
	}
	(void)fprintf(out, "};\nstatic const uint8_t states[%d] = {\n", SPANS_NUMBERS);
	for (size_t i = 0; i < SPANS_NUMBERS; i++) {
		(void)fprintf(out, "%u", registry->states[i]);
		write_separator(out, i);
	}
	(void)fputs("};\n", out);
}

static bool is_plain(char c)
{
	/* Not the question mark: "????" holds a trigraph in C17. */
	return c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?';
}

/* One literal, a line for each text; compilers take it far faster than as many numbers. */
static void write_pool(FILE *out, const struct registry *registry)
{
	/* The literal's own NUL is the one behind the last text. */
	(void)fprintf(out, "static const char pool[%zu] =\n", registry->pool_len);
	for (size_t i = 0; i + 1 < registry->pool_len; i++) {
		char c = registry->pool[i];
		bool starts = !i || !registry->pool[i - 1];

		if (starts)
			(void)fputc('"', out);
		if (is_plain(c))
			(void)fputc(c, out);
		else
			(void)fprintf(out, "\\%03o", (unsigned)(unsigned char)c);
		if (!c || i + 2 == registry->pool_len)
			(void)fputs("\"\n", out);
	}
	(void)fputs(";\n", out);
}

static void write_facts(FILE *out, const struct table_facts *facts)
{
	(void)fprintf(out, "\t.facts = {%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",{", facts->date,
		facts->names, facts->without_port);
	for (size_t t = 0; t < BERTH_TRANSPORTS; t++)
		(void)fprintf(out, "{%" PRIu32 ",%" PRIu32 ",%" PRIu32 ",%" PRIu32 "},",
			facts->ports[t][0], facts->ports[t][1], facts->ports[t][2],
			facts->ports[t][3]);
	(void)fputs("}},\n", out);
}

static int write_all(FILE *out, const struct registry *registry)
{
	(void)fputs("/* Made by tools/compile-registry.c from IANA's registry (CC0 1.0). */\n"
		    "#include \"registry/table.h\"\n"
		    "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n",
		out);
	write_records(out, registry);
	write_ports(out, registry);
	write_pool(out, registry);
	(void)fprintf(out,
		"const struct registry table_builtin = {\n"
		"\t.records = records, .n_records = %zu, .n_ported = %zu,\n"
		"\t.pool = pool, .pool_len = %zu,\n"
		"\t.ports = {.set_of = set_of, .sets = sets, .n_sets = %zu}, .states = states,\n",
		registry->n_records, registry->n_ported, registry->pool_len,
		registry->ports.n_sets);
	write_facts(out, &registry->facts);
	(void)fputs("};\n", out);
	return ferror(out) ? -EIO : 0;
}

static int compile(const struct source *source, const char *out_path)
{
	struct rows rows = {0};
	struct registry *registry = NULL;
	FILE *out = NULL;
	int r = source_check(source);

	if (!r)
		r = reader_csv(source, &rows);
	if (!r)
		r = table_build(source, &rows, &checks_published, &registry);
	if (!r)
		out = fopen(out_path, "we");
	if (!r && !out)
		r = -errno;
	if (!r)
		r = write_all(out, registry);
	if (out && fclose(out) && !r)
		r = -errno;
	registry_free(registry);
	entries_free(&rows);
	return r;
}

int main(int argc, char **argv)
{
	struct buffer bytes = {0};
	struct buffer problem = {0};

	if (argc != 3) {
		(void)fputs("compile-registry FILE.csv OUT.c\n", stderr);
		return 2;
	}
	int r = file_read(AT_FDCWD, argv[1], LARGEST, &bytes);
	if (!r) {
		const struct source source = {argv[1], buffer_string(&bytes), bytes.len, &problem};

		r = compile(&source, argv[2]);
	}
	if (r)
		(void)fprintf(stderr, "compile-registry: %s\n",
			problem.len ? buffer_string(&problem) : strerror(-r));
	buffer_free(&problem);
	buffer_free(&bytes);
	return r ? 1 : 0;
}
