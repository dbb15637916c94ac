// SPDX-License-Identifier: MIT
/*
 * Compiles data/claims into C: rows and tables as offsets into one pool of deduplicated texts, so
 * that the program needs neither relocations nor any work at start. Reads with the room's own
 * readers; anything they complain about, and any contradiction between the files, ends the build.
 *
 *     compile-claims claims.tsv families.tsv lists.tsv OUT.c
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"
#include "claims/claim_rows.h"
#include "claims/families.h"
#include "claims/store.h"
#include "claims/tsv.h"

enum {
	LARGEST_FILE = 64 << 20,
	/* ISO C promises string literals of 4,095 characters; no text crosses a block. */
	BLOCK = 4000,
	MAX_FAMILIES = 4096,
	MAX_MEMBERS = 16384,
	MAX_LISTS = 4096,
	HASH_SIZE = 1 << 17,
};

/* The pool of all texts. */
struct pool {
	struct buffer bytes;
	uint32_t *hash; /* offset + 1 of the text in each slot, 0: empty */
	size_t used;
};

struct compiler {
	struct pool pool;
	struct families_member *members;
	size_t n_members;
	struct families_family *families;
	size_t n_families;
	struct families_list *lists;
	size_t n_lists;
	struct complain complain;
	unsigned complaints;
};

static void warn(void *context, const char *text)
{
	unsigned *complaints = context;

	(void)fprintf(stderr, "%s\n", text);
	++*complaints;
}

static size_t hash_of(struct slice text)
{
	uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (unsigned char)text.text[i]) * UINT64_C(1099511628211);
	return (size_t)(hash % HASH_SIZE);
}

static void fill(struct buffer *bytes, size_t count)
{
	while (count--)
		buffer_char(bytes, '\0');
}

/* The offset of the text, which is added when it is new. */
static uint32_t pool_add(struct pool *pool, struct slice text)
{
	size_t slot = hash_of(text);

	for (; pool->hash[slot]; slot = (slot + 1) % HASH_SIZE) {
		if (slice_is(text, pool->bytes.data + pool->hash[slot] - 1))
			return pool->hash[slot] - 1;
	}
	if (text.len >= BLOCK || ++pool->used > HASH_SIZE / 2) {
		(void)fprintf(stderr, "texts are too long or too many\n");
		exit(1);
	}
	if (pool->bytes.len % BLOCK + text.len + 1 > BLOCK)
		fill(&pool->bytes, BLOCK - pool->bytes.len % BLOCK);
	pool->hash[slot] = (uint32_t)pool->bytes.len + 1;
	buffer_bytes(&pool->bytes, text.text, text.len);
	fill(&pool->bytes, 1);
	return pool->hash[slot] - 1;
}

static const char *pool_text(const struct compiler *compiler, uint32_t offset)
{
	return compiler->pool.bytes.data + offset;
}

/* "smtp" or "www-full@443": the service, and the port that it is limited to. */
static bool read_member(struct slice word, struct slice *ret_service, int32_t *ret_port)
{
	const char *at = memchr(word.text, '@', word.len);
	uint64_t port;

	*ret_service = word;
	*ret_port = FAMILIES_ANY_PORT;
	if (!at)
		return true;
	ret_service->len = (size_t)(at - word.text);
	if (text_number(at + 1, word.len - ret_service->len - 1, UINT16_MAX, &port))
		return false;
	*ret_port = (int32_t)port;
	return true;
}

/* Makes the word a member of the newest family. */
static void add_member(struct compiler *compiler, size_t line, struct slice word)
{
	char folded[FAMILIES_FOLD];
	struct slice service;
	int32_t port;

	if (!read_member(word, &service, &port) || !families_fold(service, folded) ||
		compiler->n_members == MAX_MEMBERS) {
		complain_at(&compiler->complain, line, "not a service, or too many", word);
		return;
	}
	uint32_t folded_at = pool_add(&compiler->pool, slice_of(folded));
	uint32_t family = (uint32_t)compiler->n_families - 1;
	for (size_t i = 0; i < compiler->n_members; i++) {
		const struct families_member *other = &compiler->members[i];

		if (other->folded != folded_at || other->port != port)
			continue;
		if (other->family != family)
			complain_at(&compiler->complain, line, "is in two families", word);
		return;
	}
	compiler->members[compiler->n_members++] =
		(struct families_member){folded_at, port, family};
}

static void add_members(struct compiler *compiler, size_t line, struct slice services)
{
	while (services.len) {
		const char *space = memchr(services.text, ' ', services.len);
		size_t len = space ? (size_t)(space - services.text) : services.len;

		if (len)
			add_member(compiler, line, (struct slice){services.text, len});
		len += space ? 1 : 0;
		services = (struct slice){services.text + len, services.len - len};
	}
}

static int take_family(void *context, size_t line, const struct slice *fields)
{
	struct compiler *compiler = context;

	if (!fields[0].len || !fields[1].len || compiler->n_families == MAX_FAMILIES) {
		complain_at(&compiler->complain, line, "no family or name, or too many families",
			fields[0]);
		return 0;
	}
	compiler->families[compiler->n_families++] = (struct families_family){
		pool_add(&compiler->pool, fields[0]), pool_add(&compiler->pool, fields[1])};
	add_member(compiler, line, fields[0]); /* the key is a spelling too */
	add_members(compiler, line, fields[2]);
	add_members(compiler, line, fields[3]);
	return 0;
}

static int take_list(void *context, size_t line, const struct slice *fields)
{
	struct compiler *compiler = context;

	if (!fields[0].len || !fields[1].len || compiler->n_lists == MAX_LISTS) {
		complain_at(&compiler->complain, line, "no list or source, or too many lists",
			fields[0]);
		return 0;
	}
	compiler->lists[compiler->n_lists++] = (struct families_list){
		.prefix = pool_add(&compiler->pool, fields[1]),
		.list = pool_add(&compiler->pool, fields[0]),
	};
	return 0;
}

static const struct compiler *sorting; /* qsort has no context */

static int compare_members(const void *a, const void *b)
{
	const struct families_member *x = a;
	const struct families_member *y = b;
	int order = strcmp(pool_text(sorting, x->folded), pool_text(sorting, y->folded));

	return order ? order : (x->port > y->port) - (x->port < y->port);
}

static int compare_lists(const void *a, const void *b)
{
	const struct families_list *x = a;
	const struct families_list *y = b;

	return strcmp(pool_text(sorting, x->prefix), pool_text(sorting, y->prefix));
}

static int read_table(struct compiler *compiler, const char *path, const struct tsv_column *columns,
	size_t n_columns, tsv_row *row)
{
	struct buffer bytes = {0};
	int r = file_read(AT_FDCWD, path, LARGEST_FILE, &bytes);

	compiler->complain = (struct complain){path, warn, &compiler->complaints};
	const struct tsv tsv = {columns, n_columns, row, compiler, compiler->complain};
	if (!r)
		r = tsv_read(&tsv, buffer_string(&bytes), bytes.len);
	buffer_free(&bytes);
	return r;
}

static int read_tables(struct compiler *compiler, const char *families, const char *lists)
{
	static const struct tsv_column family_columns[] = {
		{"family", true}, {"name", true}, {"services", true}, {"spellings", true}};
	static const struct tsv_column list_columns[] = {{"list", true}, {"source", true}};
	int r = read_table(compiler, families, family_columns, 4, take_family);

	if (!r)
		r = read_table(compiler, lists, list_columns, 2, take_list);
	if (r)
		return r;
	sorting = compiler;
	qsort(compiler->members, compiler->n_members, sizeof(*compiler->members), compare_members);
	qsort(compiler->lists, compiler->n_lists, sizeof(*compiler->lists), compare_lists);
	return 0;
}

static int read_claims(struct compiler *compiler, const char *path, struct claims *store)
{
	const struct families families = {
		compiler->members,
		compiler->n_members,
		compiler->families,
		compiler->n_families,
		compiler->lists,
		compiler->n_lists,
		compiler->pool.bytes.data,
	};
	struct buffer bytes = {0};
	int r = file_read(AT_FDCWD, path, LARGEST_FILE, &bytes);

	if (!r)
		r = claim_rows_read(&families, path, "berth", buffer_string(&bytes), bytes.len,
			store, warn, &compiler->complaints);
	if (!r)
		r = store_finish(store);
	buffer_free(&bytes);
	return r;
}

static void write_rows(FILE *out, struct compiler *compiler, const struct claims *store)
{
	(void)fprintf(out, "static const struct store_row rows[] = {\n");
	for (size_t i = 0; i < store->n_rows; i++) {
		const struct store_row *row = &store->rows[i];
		const uint32_t texts[] = {row->service, row->name, row->claimant, row->source,
			row->source_url, row->source_date, row->note, row->origin, row->family,
			row->list};

		(void)fprintf(out, "{");
		for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++)
			(void)fprintf(out, "%u,",
				pool_add(&compiler->pool, slice_of(store->texts + texts[t])));
		(void)fprintf(out, "%u,%u,%u,%u,%u},\n", row->first, row->last, row->kind,
			row->scope, row->protos);
	}
	(void)fprintf(out, "};\n");
}

static void write_spans(FILE *out, const struct spans *spans)
{
	(void)fprintf(out, "static const uint32_t set_of[] = {\n");
	for (size_t i = 0; i < SPANS_NUMBERS; i++)
		(void)fprintf(out, "%u,%s", spans->set_of[i], i % 16 == 15 ? "\n" : "");
	(void)fprintf(out, "};\nstatic const uint16_t sets[] = {\n");
	for (size_t i = 0; i < spans->n_sets; i++)
		(void)fprintf(out, "%u,%s", spans->sets[i], i % 16 == 15 ? "\n" : "");
	(void)fprintf(out, "};\n");
}

static void write_tables(FILE *out, const struct compiler *compiler)
{
	(void)fprintf(out, "static const struct families_member members[] = {\n");
	for (size_t i = 0; i < compiler->n_members; i++)
		(void)fprintf(out, "{%u,%d,%u},\n", compiler->members[i].folded,
			compiler->members[i].port, compiler->members[i].family);
	(void)fprintf(out, "};\nstatic const struct families_family families[] = {\n");
	for (size_t i = 0; i < compiler->n_families; i++)
		(void)fprintf(
			out, "{%u,%u},\n", compiler->families[i].key, compiler->families[i].name);
	(void)fprintf(out, "};\nstatic const struct families_list lists[] = {\n");
	for (size_t i = 0; i < compiler->n_lists; i++)
		(void)fprintf(
			out, "{%u,%u},\n", compiler->lists[i].prefix, compiler->lists[i].list);
	(void)fprintf(out, "};\n");
}

static void write_char(FILE *out, unsigned char c)
{
	if (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?')
		(void)putc(c, out);
	else
		(void)fprintf(out, "\\%03o", c);
}

static void write_texts(FILE *out, const struct buffer *bytes)
{
	(void)fprintf(out, "static const char texts[][%d] = {\n", BLOCK);
	for (size_t at = 0; at < bytes->len; at += BLOCK) {
		size_t len = bytes->len - at < BLOCK ? bytes->len - at : BLOCK;

		/* What is left of a block is zero anyway. */
		while (len && !bytes->data[at + len - 1])
			len--;
		(void)fprintf(out, "\"");
		for (size_t i = 0; i < len; i++)
			write_char(out, (unsigned char)bytes->data[at + i]);
		(void)fprintf(out, "\",\n");
	}
	(void)fprintf(out, "};\n");
}

static int write_all(struct compiler *compiler, const struct claims *store, const char *path)
{
	FILE *out = fopen(path, "w");

	if (!out)
		return -errno;
	(void)fprintf(out,
		"// SPDX-License-Identifier: MIT\n"
		"/* Made by tools/compile-claims from data/claims; change it there. */\n"
		"#include \"claims/claims_data.h\"\n");
	write_rows(out, compiler, store);
	write_spans(out, &store->spans);
	write_tables(out, compiler);
	write_texts(out, &compiler->pool.bytes);
	(void)fprintf(out,
		"const struct claims claims_data = {.rows = rows, .n_rows = %zu,\n"
		".texts = (const char *)texts, .spans = {.set_of = set_of, .sets = sets, .n_sets = "
		"%zu}};\n"
		"const struct families claims_data_families = {members, %zu, families, %zu,\n"
		"lists, %zu, (const char *)texts};\n",
		store->n_rows, store->spans.n_sets, compiler->n_members, compiler->n_families,
		compiler->n_lists);
	int r = compiler->pool.bytes.error ? compiler->pool.bytes.error : 0;
	if (ferror(out))
		r = -EIO;
	if (fclose(out) && !r)
		r = -errno;
	return r;
}

int main(int argc, char **argv)
{
	struct compiler compiler = {0};
	struct claims *store = store_new();
	int r = -ENOMEM;

	if (argc != 5) {
		(void)fprintf(
			stderr, "usage: compile-claims claims.tsv families.tsv lists.tsv OUT.c\n");
		store_free(store);
		return 2;
	}
	compiler.pool.hash = calloc(HASH_SIZE, sizeof(*compiler.pool.hash));
	compiler.members = calloc(MAX_MEMBERS, sizeof(*compiler.members));
	compiler.families = calloc(MAX_FAMILIES, sizeof(*compiler.families));
	compiler.lists = calloc(MAX_LISTS, sizeof(*compiler.lists));
	if (!store || !compiler.pool.hash || !compiler.members || !compiler.families ||
		!compiler.lists)
		goto out;
	(void)pool_add(&compiler.pool, slice_of(""));
	r = read_tables(&compiler, argv[2], argv[3]);
	if (!r)
		r = read_claims(&compiler, argv[1], store);
	if (!r && !compiler.complaints)
		r = write_all(&compiler, store, argv[4]);
	if (r)
		(void)fprintf(stderr, "compile-claims: %s\n", strerror(-r));
out:
	free(compiler.lists);
	free(compiler.families);
	free(compiler.members);
	free(compiler.pool.hash);
	buffer_free(&compiler.pool.bytes);
	store_free(store);
	return r || compiler.complaints ? 1 : 0;
}
