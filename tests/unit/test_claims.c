// SPDX-License-Identifier: MIT
/* Reading claims and services(5), looking them up, and the data that is compiled in. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"
#include "claims/claims.h"
#include "claims/claims_data.h"
#include "claims/tsv.h"

#define HEADER "first_port\tlast_port\ttransport\tservice\tkind\tscope\tsource\n"

/* Collects what was complained about, one complaint a line. */
static void collect(void *context, const char *text)
{
	struct buffer *out = context;

	buffer_text(out, text);
	buffer_char(out, '\n');
}

static struct claims *read_bytes(const char *bytes, size_t len, struct buffer *warnings)
{
	struct claims *claims = NULL;

	assert_int_equal(claims_add_tsv(&claims, "site.tsv", bytes, len, collect, warnings), 0);
	assert_int_equal(claims_finish(claims), 0);
	return claims;
}

static struct claims *read_text(const char *text, struct buffer *warnings)
{
	return read_bytes(text, strlen(text), warnings);
}

static void columns_come_in_any_order_and_others_are_ignored(void **state)
{
	struct buffer warnings = {0};
	struct berth_claim claim;
	struct claims *claims = read_text(
		"scope\tkind\tcolour\tsource\tservice\ttransport\tlast_port\tfirst_port\tnote\n"
		"range-base\tvendor-doc\tred\tA book\tpostgres\ttcp+udp+sctp\t5440\t5432\t  hi \n",
		&warnings);

	(void)state;
	assert_string_equal(buffer_string(&warnings), "");
	assert_int_equal(claims_count(claims), 1);
	claims_get(claims, 0, &claim);
	assert_int_equal(claim.first, 5432);
	assert_int_equal(claim.last, 5440);
	assert_int_equal(claim.ports_claimed, 9);
	assert_int_equal(claim.scope, BERTH_RANGE_BASE);
	assert_int_equal(claim.kind, BERTH_VENDOR_DOC);
	assert_int_equal(claim.protos, 7);
	assert_string_equal(claim.service, "postgres");
	assert_string_equal(claim.name, "postgres");
	assert_string_equal(claim.claimant, "");
	assert_string_equal(claim.source, "A book");
	assert_string_equal(claim.source_url, "");
	assert_string_equal(claim.note, "hi");
	assert_string_equal(claim.origin, "site.tsv");
	assert_string_equal(claim.family, "postgresql");
	assert_string_equal(claim.list, "A book");
	claims_free(claims);
	buffer_free(&warnings);
}

static void line_ends_comments_and_byte_order_mark_are_fine(void **state)
{
	static const char text[] =
		"\xef\xbb\xbf# what we run\r\n"
		"\r\n"
		"first_port\tlast_port\ttransport\tservice\tkind\tscope\tsource\r\n"
		"   \t \r\n"
		"80\t80\ttcp\ta\tvendor-doc\texact\tx\r\n"
		"# more\n"
		"81\t81\tudp\tb\thost-services\texact\tx";
	struct buffer warnings = {0};
	struct berth_claim claim;
	struct claims *claims = read_text(text, &warnings);

	(void)state;
	assert_string_equal(buffer_string(&warnings), "");
	assert_int_equal(claims_count(claims), 2);
	claims_get(claims, 1, &claim);
	assert_string_equal(claim.source, "x");
	assert_int_equal(claim.kind, BERTH_HOST_SERVICES);
	claims_free(claims);
	buffer_free(&warnings);
}

#define GOOD "80\t80\ttcp\tgood\tvendor-doc\texact\tx\n"

static void each_bad_line_is_told_once_and_the_rest_loads(void **state)
{
	static const struct {
		const char *line;
		const char *wrong;
	} cases[] = {
		{"80\t80\ttcp\ta\tvendor-doc\texact\n", "not as many fields as the header has"},
		{"80\t80\ttcp\ta\tvendor-doc\texact\tx\ty\n",
			"not as many fields as the header has"},
		{"65536\t65536\ttcp\ta\tvendor-doc\texact\tx\n",
			"first_port is not a number from 0 to 65535: \"65536\""},
		{"-1\t5\ttcp\ta\tvendor-doc\texact\tx\n",
			"first_port is not a number from 0 to 65535: \"-1\""},
		{"80\tx\ttcp\ta\tvendor-doc\texact\tx\n",
			"last_port is not a number from 0 to 65535: \"x\""},
		{"80\t99999999999999999999\ttcp\ta\tvendor-doc\tpool\tx\n",
			"last_port is not a number from 0 to 65535: \"99999999999999999999\""},
		{"81\t80\ttcp\ta\tvendor-doc\tpool\tx\n", "last_port is before first_port: \"80\""},
		{"80\t80\ticmp\ta\tvendor-doc\texact\tx\n", "unknown transport: \"icmp\""},
		{"80\t80\t\ta\tvendor-doc\texact\tx\n", "unknown transport"},
		{"80\t80\ttcp+\ta\tvendor-doc\texact\tx\n", "unknown transport: \"tcp+\""},
		{"80\t80\tTCP\ta\tvendor-doc\texact\tx\n", "unknown transport: \"TCP\""},
		{"80\t80\ttcp\ta\trumour\texact\tx\n", "unknown kind: \"rumour\""},
		{"80\t80\ttcp\ta\tvendor-doc\tabout\tx\n", "unknown scope: \"about\""},
		{"80\t81\ttcp\ta\tvendor-doc\texact\tx\n", "an exact claim names one port"},
		{"80\t80\ttcp\t \tvendor-doc\texact\tx\n", "no service"},
		{"80\t80\ttcp\ta\tvendor-doc\texact\t\n", "no source: without one it is no claim"},
		{"80\t80\ttcp\t\xff\tvendor-doc\texact\tx\n", "invalid UTF-8"},
		{"80\t80\ttcp\t\x1b[2J\tvendor-doc\texact\tx\n", "control character"},
		{"80\t80\ttcp\ta\t\xc3\xa4\texact\tx\n", "unknown kind"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer text = {0};
		struct buffer warnings = {0};
		struct buffer expected = {0};

		buffer_format(&text, "%s%s%s", HEADER, cases[i].line, GOOD);
		buffer_format(&expected, "site.tsv:2: %s\n", cases[i].wrong);
		struct claims *claims = read_text(text.data, &warnings);
		assert_string_equal(buffer_string(&warnings), expected.data);
		assert_int_equal(claims_count(claims), 1);
		claims_free(claims);
		buffer_free(&expected);
		buffer_free(&warnings);
		buffer_free(&text);
	}
}

static void a_nul_byte_spoils_its_line_only(void **state)
{
	static const char text[] = HEADER "80\t80\ttcp\ta\0b\tvendor-doc\texact\tx\n" GOOD;
	struct buffer warnings = {0};
	struct claims *claims = read_bytes(text, sizeof(text) - 1, &warnings);

	(void)state;
	assert_string_equal(buffer_string(&warnings), "site.tsv:2: NUL byte\n");
	assert_int_equal(claims_count(claims), 1);
	claims_free(claims);
	buffer_free(&warnings);
}

static void an_endless_line_spoils_itself_only(void **state)
{
	struct buffer text = {0};
	struct buffer warnings = {0};

	(void)state;
	buffer_text(&text, HEADER "80\t80\ttcp\t");
	for (int i = 0; i < 10000; i++)
		buffer_char(&text, 'a');
	buffer_text(&text, "\tvendor-doc\texact\tx\n" GOOD);
	struct claims *claims = read_text(text.data, &warnings);
	assert_string_equal(
		buffer_string(&warnings), "site.tsv:2: line is longer than 8192 bytes\n");
	assert_int_equal(claims_count(claims), 1);
	claims_free(claims);
	buffer_free(&warnings);
	buffer_free(&text);
}

static void a_file_with_an_unusable_header_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *warning;
	} cases[] = {
		{"first_port\tlast_port\n" GOOD,
			"a:1: file not used, its header lacks the column: \"transport\"\n"},
		{GOOD, "a:1: file not used, its header lacks the column: \"first_port\"\n"},
		{"source\t" HEADER GOOD, "a:1: column appears twice: \"source\"\n"},
		{"", ""},
		{"# nothing\n", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buffer warnings = {0};
		struct claims *claims = NULL;

		assert_int_equal(claims_add_tsv(&claims, "a", cases[i].text, strlen(cases[i].text),
					 collect, &warnings),
			0);
		assert_string_equal(buffer_string(&warnings), cases[i].warning);
		assert_int_equal(claims_count(claims), 0);
		claims_free(claims);
		buffer_free(&warnings);
	}
}

static void too_many_claims_are_told_once(void **state)
{
	struct buffer text = {0};
	struct buffer warnings = {0};

	(void)state;
	buffer_text(&text, HEADER);
	for (int i = 0; i < 65600; i++)
		buffer_format(
			&text, "%d\t%d\ttcp\ts\tvendor-doc\texact\tx\n", i % 65536, i % 65536);
	struct claims *claims = read_text(text.data, &warnings);
	assert_int_equal(claims_count(claims), 65535);
	assert_string_equal(buffer_string(&warnings),
		"site.tsv:65537: more than 65535 claims, from here on they are not used\n");
	claims_free(claims);
	buffer_free(&warnings);
	buffer_free(&text);
}

static void exact_claims_come_first_and_narrow_before_wide(void **state)
{
	static const char text[] = HEADER "1\t65535\ttcp\tp3\tvendor-doc\tpool\tx\n"
					  "40\t60\ttcp\tp2\tvendor-doc\tpool\tx\n"
					  "49\t51\ttcp\tp1\tvendor-doc\tpool\tx\n"
					  "40\t90\ttcp\tr2\tvendor-doc\trange-base\tx\n"
					  "50\t55\ttcp\tr1\tvendor-doc\trange-base\tx\n"
					  "50\t50\ttcp\te1\tvendor-doc\texact\tx\n"
					  "50\t50\tudp\te2\tvendor-doc\texact\tx\n";
	static const char *const order[] = {"e1", "e2", "r1", "r2", "p1", "p2", "p3"};
	struct buffer warnings = {0};
	struct claims *claims = read_text(text, &warnings);
	const uint16_t *ids;

	(void)state;
	assert_int_equal(claims_at(claims, 50, &ids), 7);
	for (size_t i = 0; i < 7; i++) {
		struct berth_claim claim;

		claims_get(claims, ids[i], &claim);
		assert_string_equal(claim.service, order[i]);
	}
	assert_int_equal(claims_at(claims, 91, &ids), 1);
	assert_int_equal(claims_at(claims, 0, &ids), 0);
	claims_free(claims);
	buffer_free(&warnings);
}

static void more_can_be_added_after_finishing(void **state)
{
	struct buffer warnings = {0};
	struct claims *claims =
		read_text(HEADER "80\t90\ttcp\tp\tvendor-doc\tpool\tx\n", &warnings);
	const uint16_t *ids;
	struct berth_claim claim;

	(void)state;
	assert_int_equal(
		claims_add_tsv(&claims, "b", HEADER GOOD, strlen(HEADER GOOD), collect, &warnings),
		0);
	assert_int_equal(claims_finish(claims), 0);
	assert_int_equal(claims_at(claims, 80, &ids), 2);
	claims_get(claims, ids[0], &claim);
	assert_string_equal(claim.service, "good");
	assert_string_equal(claim.origin, "b");
	claims_free(claims);
	buffer_free(&warnings);
}

static void no_claims_and_unknown_ids_are_empty(void **state)
{
	struct berth_claim claim;
	const uint16_t *ids = NULL;

	(void)state;
	assert_int_equal(claims_at(NULL, 80, &ids), 0);
	assert_non_null(ids);
	assert_int_equal(claims_count(NULL), 0);
	claims_get(NULL, 0, &claim);
	assert_string_equal(claim.service, "");
	assert_string_equal(claim.family, "");
	claims_get(claims_builtin(), UINT16_MAX, &claim);
	assert_string_equal(claim.source, "");
	assert_int_equal(claims_finish(NULL), 0);
	claims_free(NULL);
}

/* A registry that knows http, www and smtp, each for tcp alone. */
static bool knows(void *context, const char *service, uint16_t port, enum berth_proto transport)
{
	++*(unsigned *)context;
	return transport == BERTH_TCP &&
		((port == 80 && (!strcmp(service, "http") || !strcmp(service, "www"))) ||
			(port == 25 && !strcmp(service, "smtp")));
}

static struct claims *read_services(const char *bytes, size_t len, struct buffer *warnings)
{
	struct claims *claims = NULL;
	unsigned asked = 0;

	assert_int_equal(claims_add_services(&claims, "/etc/services", bytes, len, knows, &asked,
				 collect, warnings),
		0);
	assert_int_equal(claims_finish(claims), 0);
	return claims;
}

static void services_that_the_registry_lacks_become_claims(void **state)
{
	static const char text[] = "# Network services\n"
				   "\n"
				   "http\t\t80/tcp\t\twww\t# WorldWideWeb HTTP\n"
				   "  smtp 25/tcp mail\n"
				   "ledger 8444/tcp books # ours\n"
				   "ledger 8444/udp\r\n"
				   "ledger 8445/tcp\n"
				   "rtmp 1/ddp # Routing Table Maintenance Protocol\n"
				   "lite 99/udplite";
	static const struct {
		const char *service;
		const char *family;
		uint16_t port;
		berth_protos protos;
		const char *note;
	} expected[] = {
		{"mail", "smtp", 25, BERTH_PROTO_BIT(BERTH_TCP), ""},
		{"lite", "lite", 99, BERTH_PROTO_BIT(BERTH_UDPLITE), ""},
		{"books", "ledger", 8444, BERTH_PROTO_BIT(BERTH_TCP), "ours"},
		{"ledger", "ledger", 8444, BERTH_PROTO_BIT(BERTH_TCP) | BERTH_PROTO_BIT(BERTH_UDP),
			"ours"},
		{"ledger", "ledger", 8445, BERTH_PROTO_BIT(BERTH_TCP), ""},
	};
	struct buffer warnings = {0};
	struct claims *claims = read_services(text, strlen(text), &warnings);

	(void)state;
	assert_string_equal(buffer_string(&warnings), "");
	assert_int_equal(claims_count(claims), 5);
	for (uint16_t i = 0; i < 5; i++) {
		struct berth_claim claim;

		claims_get(claims, i, &claim);
		assert_string_equal(claim.service, expected[i].service);
		assert_string_equal(claim.family, expected[i].family);
		assert_int_equal(claim.first, expected[i].port);
		assert_int_equal(claim.last, expected[i].port);
		assert_int_equal(claim.protos, expected[i].protos);
		assert_string_equal(claim.note, expected[i].note);
		assert_int_equal(claim.kind, BERTH_HOST_SERVICES);
		assert_string_equal(claim.source, "services(5) of this host");
		assert_string_equal(claim.claimant, "this host");
		assert_string_equal(claim.origin, "/etc/services");
		assert_string_equal(claim.list, "netbase");
	}
	claims_free(claims);
	buffer_free(&warnings);
}

static void bad_lines_of_services_are_told_and_skipped(void **state)
{
	static const char text[] = "alone\n"
				   "a 1\n"
				   "b 70000/tcp\n"
				   "c x/tcp\n"
				   "d 1/\n"
				   "e /tcp\n"
				   "f\xff 1/tcp\n"
				   "g\0 1/tcp\n"
				   "good 7/tcp\n";
	static const char expected[] =
		"/etc/services:1: no port/protocol behind the name\n"
		"/etc/services:2: no port/protocol behind the name: \"1\"\n"
		"/etc/services:3: port is not a number from 0 to 65535: \"70000\"\n"
		"/etc/services:4: port is not a number from 0 to 65535: \"x\"\n"
		"/etc/services:5: no port/protocol behind the name: \"1/\"\n"
		"/etc/services:6: port is not a number from 0 to 65535\n"
		"/etc/services:7: invalid UTF-8\n"
		"/etc/services:8: NUL byte\n";
	struct buffer warnings = {0};
	struct claims *claims = read_services(text, sizeof(text) - 1, &warnings);

	(void)state;
	assert_string_equal(buffer_string(&warnings), expected);
	assert_int_equal(claims_count(claims), 1);
	claims_free(claims);
	buffer_free(&warnings);
}

static void read_source(const char *name, struct buffer *out)
{
	const char *root = getenv("BERTH_SOURCE");
	struct buffer path = {0};

	assert_non_null(root);
	buffer_format(&path, "%s/%s", root, name);
	assert_int_equal(file_read(AT_FDCWD, path.data, 16 << 20, out), 0);
	buffer_free(&path);
}

static void assert_same(const struct berth_claim *a, const struct berth_claim *b)
{
	assert_string_equal(a->service, b->service);
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->claimant, b->claimant);
	assert_int_equal(a->kind, b->kind);
	assert_int_equal(a->scope, b->scope);
	assert_int_equal(a->first, b->first);
	assert_int_equal(a->last, b->last);
	assert_int_equal(a->protos, b->protos);
	assert_string_equal(a->source, b->source);
	assert_string_equal(a->source_url, b->source_url);
	assert_string_equal(a->source_date, b->source_date);
	assert_string_equal(a->note, b->note);
	assert_string_equal(a->family, b->family);
	assert_string_equal(a->list, b->list);
}

static void what_is_compiled_in_is_what_the_file_says(void **state)
{
	const struct claims *builtin = claims_builtin();
	struct buffer bytes = {0};
	struct buffer warnings = {0};

	(void)state;
	read_source("data/claims/claims.tsv", &bytes);
	struct claims *claims = read_bytes(bytes.data, bytes.len, &warnings);
	assert_string_equal(buffer_string(&warnings), "");
	assert_int_equal(claims_count(claims), claims_count(builtin));
	assert_true(claims_count(builtin) > 4000);
	for (size_t id = 0; id < claims_count(builtin); id++) {
		struct berth_claim a;
		struct berth_claim b;

		claims_get(builtin, (uint16_t)id, &a);
		claims_get(claims, (uint16_t)id, &b);
		assert_same(&a, &b);
		assert_string_equal(a.origin, "berth");
	}
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		const uint16_t *a;
		const uint16_t *b;
		size_t count = claims_at(builtin, (uint16_t)port, &a);

		assert_int_equal(claims_at(claims, (uint16_t)port, &b), count);
		assert_memory_equal(a, b, count * sizeof(*a));
	}
	claims_free(claims);
	buffer_free(&warnings);
	buffer_free(&bytes);
}

static int compare_claims(const void *a, const void *b)
{
	const struct berth_claim *x = a;
	const struct berth_claim *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	if (x->protos != y->protos)
		return x->protos < y->protos ? -1 : 1;
	return strcmp(x->service, y->service);
}

static void every_row_of_the_data_is_whole_and_unique(void **state)
{
	size_t count = claims_count(claims_builtin());
	struct berth_claim *claims = calloc(count, sizeof(*claims));

	(void)state;
	assert_non_null(claims);
	for (size_t id = 0; id < count; id++) {
		claims_get(claims_builtin(), (uint16_t)id, &claims[id]);
		assert_true(*claims[id].name && *claims[id].claimant && *claims[id].source);
		assert_true(*claims[id].source_url && *claims[id].source_date && *claims[id].note);
		assert_int_equal(
			strspn(claims[id].service, "abcdefghijklmnopqrstuvwxyz0123456789-"),
			strlen(claims[id].service));
	}
	qsort(claims, count, sizeof(*claims), compare_claims);
	for (size_t i = 1; i < count; i++)
		assert_int_not_equal(compare_claims(&claims[i - 1], &claims[i]), 0);
	free(claims);
}

/* Is there a claim for the service, that begins at the port when one is given? */
static bool is_claimed(const char *folded, int32_t port)
{
	for (size_t id = 0; id < claims_count(claims_builtin()); id++) {
		struct berth_claim claim;
		char name[FAMILIES_FOLD];

		claims_get(claims_builtin(), (uint16_t)id, &claim);
		if (families_fold(slice_of(claim.service), name) && !strcmp(name, folded) &&
			(port < 0 || claim.first == port))
			return true;
	}
	return false;
}

/* Is there a record `service,port…` in the registry's CSV? */
static bool is_registered(const char *csv, const char *service, int32_t port)
{
	char line[FAMILIES_FOLD * 2];
	size_t len = (size_t)snprintf(
		line, sizeof(line), port < 0 ? "\n%s," : "\n%s,%d,", service, (int)port);

	assert_true(len < sizeof(line));
	return text_find_fold(csv, line) != NULL;
}

struct checking {
	struct buffer csv;
	size_t rows;
};

static int check_family(void *context, size_t line, const struct slice *fields)
{
	struct checking *checking = context;
	char services[4096];

	(void)line;
	assert_true(fields[0].len < sizeof(services));
	memcpy(services, fields[0].text, fields[0].len);
	services[fields[0].len] = '\0';
	for (char *rest = services, *word; (word = strsep(&rest, " "));) {
		char folded[FAMILIES_FOLD];
		char *at = strchr(word, '@');
		uint64_t number = 0;

		if (!*word)
			continue;
		if (at) {
			assert_int_equal(
				text_number(at + 1, strlen(at + 1), UINT16_MAX, &number), 0);
			*at = '\0';
		}
		int32_t port = at ? (int32_t)number : -1;
		assert_true(families_fold(slice_of(word), folded));
		if (!is_claimed(folded, port) && !is_registered(checking->csv.data, word, port))
			fail_msg("line %zu: nobody knows %s at %d", line, word, (int)port);
	}
	checking->rows++;
	return 0;
}

static void families_only_name_services_that_exist(void **state)
{
	static const struct tsv_column columns[] = {{"services", true}};
	struct buffer bytes = {0};
	struct buffer warnings = {0};
	struct checking checking = {.rows = 0};
	const struct tsv tsv = {
		columns, 1, check_family, &checking, {"families.tsv", collect, &warnings}};

	(void)state;
	read_source("data/iana/service-names-port-numbers.csv", &checking.csv);
	read_source("data/claims/families.tsv", &bytes);
	assert_int_equal(tsv_read(&tsv, bytes.data, bytes.len), 0);
	assert_string_equal(buffer_string(&warnings), "");
	assert_int_equal(checking.rows, claims_data_families.n_families);
	buffer_free(&warnings);
	buffer_free(&bytes);
	buffer_free(&checking.csv);
}

static void services_are_known_under_several_spellings(void **state)
{
	static const struct {
		const char *service;
		uint16_t port;
		const char *family;
	} cases[] = {
		{"postgres", 5432, "postgresql"},
		{"PostgreSQL", 5432, "postgresql"},
		{"PostgreSQL server", 5433, "postgresql"},
		{"pgsql", 1, "postgresql"},
		{"opensearch", 9200, "elasticsearch"},
		{"MariaDB", 3306, "mysql"},
		{"valkey", 6379, "redis"},
		{"KeyDB", 6379, "redis"},
		{"www-full", 80, "http"},
		{"www-full", 443, "https"},
		{"samba", 139, "netbios-ssn"},
		{"samba", 445, "microsoft-ds"},
		{"domain", 53, "domain"},
		{"bind9", 53, "domain"},
		{"nobody-knows-this", 53, NULL},
		{"", 53, NULL},
		{"---", 53, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct families_family *family = families_of(
			&claims_data_families, slice_of(cases[i].service), cases[i].port);

		if (!cases[i].family) {
			assert_null(family);
			continue;
		}
		assert_non_null(family);
		assert_string_equal(claims_data_families.texts + family->key, cases[i].family);
		assert_ptr_equal(
			families_named(&claims_data_families, slice_of(cases[i].family)), family);
	}
}

static void sources_that_copy_each_other_are_one_list(void **state)
{
	static const struct {
		const char *source;
		const char *list;
	} cases[] = {
		{"firewalld 1.3.3, /usr/lib/firewalld/services/ssh.xml", "firewalld"},
		{"firewalld 2.0.0, /usr/lib/firewalld/services/http.xml", "firewalld"},
		{"gufw 22.04 application profile doom3.jhansonxi", "gufw"},
		{"Debian 12 package ufw, /etc/ufw/applications.d/ufw-chat", "ufw"},
		{"Debian 12 package nginx-common, /etc/ufw/applications.d/nginx",
			"Debian 12 package nginx-common"},
		{"Microsoft archive blog, Edge Server", "Microsoft"},
		{"services(5) of this host", "netbase"},
		{"Debian netbase 6.4, /etc/services", "netbase"},
		{"Our handbook: page 3", "Our handbook"},
		{"Our handbook, page 9", "Our handbook"},
		{"plain", "plain"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice list =
			families_list_of(&claims_data_families, slice_of(cases[i].source));

		assert_int_equal(slice_compare(list, slice_of(cases[i].list)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_come_in_any_order_and_others_are_ignored),
		cmocka_unit_test(line_ends_comments_and_byte_order_mark_are_fine),
		cmocka_unit_test(each_bad_line_is_told_once_and_the_rest_loads),
		cmocka_unit_test(a_nul_byte_spoils_its_line_only),
		cmocka_unit_test(an_endless_line_spoils_itself_only),
		cmocka_unit_test(a_file_with_an_unusable_header_is_refused),
		cmocka_unit_test(too_many_claims_are_told_once),
		cmocka_unit_test(exact_claims_come_first_and_narrow_before_wide),
		cmocka_unit_test(more_can_be_added_after_finishing),
		cmocka_unit_test(no_claims_and_unknown_ids_are_empty),
		cmocka_unit_test(services_that_the_registry_lacks_become_claims),
		cmocka_unit_test(bad_lines_of_services_are_told_and_skipped),
		cmocka_unit_test(what_is_compiled_in_is_what_the_file_says),
		cmocka_unit_test(every_row_of_the_data_is_whole_and_unique),
		cmocka_unit_test(families_only_name_services_that_exist),
		cmocka_unit_test(services_are_known_under_several_spellings),
		cmocka_unit_test(sources_that_copy_each_other_are_one_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
