// SPDX-License-Identifier: MIT
/*
 * The rule of docs/claims.md: each of its sentences on made-up claims, and its outcome on the data
 * that is compiled in.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/text.h"
#include "claims/claims.h"

enum {
	PORT = 4711,
	TCP = BERTH_PROTO_BIT(BERTH_TCP),
	UDP = BERTH_PROTO_BIT(BERTH_UDP),
	MOST = 256
};

/* ---- The rule ------------------------------------------------------------------------------ */

static struct berth_claim claim(const char *service, enum berth_claim_kind kind, const char *source)
{
	return (struct berth_claim){
		.service = service,
		.name = service,
		.claimant = "Somebody",
		.kind = kind,
		.scope = BERTH_EXACT,
		.first = PORT,
		.last = PORT,
		.protos = TCP,
		.source = source,
		.ports_claimed = 1,
	};
}

static struct berth_claim ranged(
	struct berth_claim of, enum berth_claim_scope scope, uint16_t first, uint16_t last)
{
	of.scope = scope;
	of.first = first;
	of.last = last;
	of.ports_claimed = (uint32_t)last - first + 1;
	return of;
}

static struct berth_record record(const char *name, const char *description)
{
	return (struct berth_record){
		.name = name,
		.has_port = true,
		.first = PORT,
		.last = PORT,
		.protos = TCP,
		.state = BERTH_ASSIGNED,
		.description = description,
		.registered = "",
	};
}

static struct berth_de_facto weigh(struct arena *arena, const struct berth_claim *list,
	size_t n_list, const struct berth_record *records, size_t n_records)
{
	struct berth_de_facto de_facto;

	assert_int_equal(claims_weigh(PORT, list, n_list, records, n_records, arena, &de_facto), 0);
	assert_non_null(de_facto.why);
	assert_true(text_is_utf8(de_facto.why, strlen(de_facto.why)));
	assert_true((de_facto.state == BERTH_OWNED) == (de_facto.service != NULL));
	return de_facto;
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define WEIGH(arena, list) weigh(arena, list, COUNT(list), NULL, 0)
#define WEIGH_WITH(arena, list, records) weigh(arena, list, COUNT(list), records, COUNT(records))

static void assert_weight(const struct berth_candidate *candidate, double weight)
{
	assert_float_equal(candidate->weight, weight, 1e-9);
}

static void nothing_makes_nobody(void **state)
{
	struct arena arena = {0};
	struct berth_de_facto de_facto = weigh(&arena, NULL, 0, NULL, 0);

	(void)state;
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_int_equal(de_facto.n_candidates, 0);
	assert_string_equal(de_facto.why, "Nobody: no claim and no registration names this port");
	arena_free(&arena);
}

static void a_claim_weighs_by_its_kind(void **state)
{
	static const struct {
		double weight;
		enum berth_claim_kind kind;
		enum berth_ownership ownership;
	} cases[] = {
		{1, BERTH_VENDOR_DOC, BERTH_OWNED},
		{1, BERTH_SOFTWARE_DEFAULT, BERTH_OWNED},
		{0.75, BERTH_DISTRO_SERVICES, BERTH_OWNED},
		{0.75, BERTH_HOST_SERVICES, BERTH_OWNED},
		{0.5, BERTH_COMMUNITY_LIST, BERTH_NOBODY},
		{0, BERTH_OS_POLICY, BERTH_NOBODY},
		{0, BERTH_MALWARE_HISTORY, BERTH_NOBODY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct berth_claim list[] = {claim("thing", cases[i].kind, "A")};
		struct arena arena = {0};
		struct berth_de_facto de_facto = WEIGH(&arena, list);

		assert_int_equal(de_facto.state, cases[i].ownership);
		assert_int_equal(de_facto.n_candidates, cases[i].weight > 0);
		if (de_facto.n_candidates)
			assert_weight(de_facto.candidates, cases[i].weight);
		arena_free(&arena);
	}
}

static void a_further_list_counts_half_and_the_same_list_not_again(void **state)
{
	const struct berth_claim list[] = {
		claim("thing", BERTH_COMMUNITY_LIST, "firewalld 1.3.3, a.xml"),
		claim("thing", BERTH_DISTRO_SERVICES, "firewalld 1.3.3, b.xml"),
		claim("thing", BERTH_VENDOR_DOC, "Maker: page 1"),
		claim("thing", BERTH_VENDOR_DOC, "Maker: page 2"),
		claim("thing", BERTH_COMMUNITY_LIST, "A list"),
	};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, list);

	(void)state;
	assert_int_equal(de_facto.n_candidates, 1);
	assert_weight(de_facto.candidates, 1 + 0.75 / 2 + 0.5 / 2);
	assert_int_equal(de_facto.candidates->sources, 3);
	assert_false(de_facto.candidates->registry);
	assert_string_equal(de_facto.why, "thing: 3 independent sources");
	arena_free(&arena);
}

static void a_range_counts_in_full_at_its_base_and_half_behind(void **state)
{
	const struct berth_claim base[] = {
		ranged(claim("thing", BERTH_VENDOR_DOC, "A"), BERTH_RANGE_BASE, PORT, PORT + 9)};
	const struct berth_claim behind[] = {
		ranged(claim("thing", BERTH_VENDOR_DOC, "A"), BERTH_RANGE_BASE, PORT - 1, PORT)};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, base);

	(void)state;
	assert_weight(de_facto.candidates, 1);
	assert_int_equal(de_facto.state, BERTH_OWNED);
	de_facto = WEIGH(&arena, behind);
	assert_weight(de_facto.candidates, 0.5);
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_string_equal(
		de_facto.why, "Nobody: only weak evidence names it, for thing (1 source)");
	arena_free(&arena);
}

static void a_thousand_pools_make_no_owner(void **state)
{
	struct berth_claim *list = calloc(1000, sizeof(*list));
	struct arena arena = {0};

	(void)state;
	assert_non_null(list);
	for (size_t i = 0; i < 1000; i++)
		list[i] = ranged(claim("thing", BERTH_VENDOR_DOC, i % 2 ? "A" : "B"), BERTH_POOL,
			PORT, PORT);
	struct berth_de_facto de_facto = weigh(&arena, list, 1000, NULL, 0);
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_int_equal(de_facto.n_candidates, 0);
	arena_free(&arena);
	free(list);
}

static void a_pool_adds_its_share_to_what_is_named_anyway(void **state)
{
	const struct berth_claim list[] = {
		claim("thing", BERTH_VENDOR_DOC, "A"),
		ranged(claim("thing", BERTH_VENDOR_DOC, "B"), BERTH_POOL, PORT, PORT + 99),
		ranged(claim("other", BERTH_VENDOR_DOC, "C"), BERTH_POOL, PORT, PORT + 99),
	};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, list);

	(void)state;
	assert_int_equal(de_facto.n_candidates, 1);
	assert_weight(de_facto.candidates, 1 + 0.01 / 2);
	assert_int_equal(de_facto.candidates->sources, 1);
	arena_free(&arena);
}

static void pools_are_told_as_what_they_are(void **state)
{
	struct berth_claim one[] = {
		ranged(claim("xsan", BERTH_VENDOR_DOC, "A"), BERTH_POOL, 49152, 65535)};
	const struct berth_claim many[] = {
		ranged(claim("linux", BERTH_OS_POLICY, "L"), BERTH_POOL, 1, 100),
		ranged(claim("xsan", BERTH_VENDOR_DOC, "A"), BERTH_POOL, 49152, 65535),
		ranged(claim("wide", BERTH_VENDOR_DOC, "B"), BERTH_POOL, 0, 65535),
	};
	struct arena arena = {0};

	(void)state;
	assert_string_equal(WEIGH(&arena, one).why,
		"Nobody: Somebody's xsan is a pool claim on 16,384 ports, which says nothing about "
		"this one");
	one[0].claimant = "Xsan";
	assert_string_equal(WEIGH(&arena, one).why,
		"Nobody: xsan is a pool claim on 16,384 ports, which says nothing about this one");
	assert_string_equal(WEIGH(&arena, many).why,
		"Nobody: Somebody's xsan is a pool claim on 16,384 ports, like 2 others on 100 to "
		"65,536 ports; none of them says anything about this one");
	arena_free(&arena);
}

static void malware_makes_no_owner_and_is_told(void **state)
{
	const struct berth_claim list[] = {
		claim("netbus", BERTH_MALWARE_HISTORY, "A"),
		claim("netbus", BERTH_MALWARE_HISTORY, "B"),
		ranged(claim("worm", BERTH_MALWARE_HISTORY, "C"), BERTH_POOL, 1, 65535),
	};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, list);

	(void)state;
	assert_int_equal(de_facto.n_candidates, 0);
	assert_string_equal(
		de_facto.why, "Nobody: 3 histories of malware name it, which makes no owner");
	arena_free(&arena);
}

static void families_and_spellings_are_one_candidate(void **state)
{
	const struct berth_claim list[] = {
		claim("postgres", BERTH_VENDOR_DOC, "A"),
		claim("PostgreSQL server", BERTH_VENDOR_DOC, "B"),
		claim("cockroachdb-sql", BERTH_VENDOR_DOC, "C"),
		claim("My-Thing", BERTH_VENDOR_DOC, "D"),
		claim("mything", BERTH_VENDOR_DOC, "E"),
	};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, list);

	(void)state;
	assert_int_equal(de_facto.n_candidates, 2);
	assert_string_equal(de_facto.candidates[0].service, "postgresql");
	assert_string_equal(de_facto.candidates[0].name, "PostgreSQL");
	assert_weight(&de_facto.candidates[0], 2);
	assert_string_equal(de_facto.candidates[1].service, "My-Thing");
	assert_weight(&de_facto.candidates[1], 1.5);
	assert_int_equal(de_facto.state, BERTH_CONTESTED);
	assert_string_equal(de_facto.why, "Contested between PostgreSQL and My-Thing");
	arena_free(&arena);
}

static void the_registry_stands_behind_the_candidate_it_means(void **state)
{
	static const struct {
		const char *name;
		const char *description;
		bool meant;
	} cases[] = {
		{"big-thing", "", true},
		{"Big_Thing", "", true},
		{"bt", "The Big Thing of Somebody", true},
		{"bt", "Big Thing", true},
		{"bt", "Big Things", false},
		{"other", "Something else", false},
		{"big", "", false},
	};
	const struct berth_claim list[] = {claim("big-thing", BERTH_VENDOR_DOC, "A")};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct berth_record records[] = {record(cases[i].name, cases[i].description)};
		struct arena arena = {0};
		struct berth_de_facto de_facto = WEIGH_WITH(&arena, list, records);

		assert_int_equal(de_facto.n_candidates, cases[i].meant ? 1 : 2);
		assert_int_equal(de_facto.candidates[0].registry, cases[i].meant);
		assert_weight(&de_facto.candidates[0], cases[i].meant ? 1.5 : 1);
		assert_int_equal(de_facto.state, BERTH_OWNED);
		if (!cases[i].meant) {
			assert_weight(&de_facto.candidates[1], 0.5);
			assert_int_equal(de_facto.candidates[1].sources, 0);
			assert_true(de_facto.candidates[1].registry);
		}
		arena_free(&arena);
	}
}

static void a_word_behind_others_in_a_description_is_no_name(void **state)
{
	const struct berth_claim list[] = {claim("http", BERTH_SOFTWARE_DEFAULT, "A")};
	const struct berth_record records[] = {record("radan-http", "Radan HTTP")};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH_WITH(&arena, list, records);

	(void)state;
	assert_int_equal(de_facto.n_candidates, 2);
	assert_false(de_facto.candidates[0].registry);
	arena_free(&arena);
}

static void the_registry_counts_once_and_since_its_first_date(void **state)
{
	struct berth_record records[] = {
		record("thing", ""), record("thing", ""), record("thing", "")};
	const struct berth_claim list[] = {claim("thing", BERTH_VENDOR_DOC, "A")};
	struct arena arena = {0};

	(void)state;
	records[1].registered = "2025-09-26";
	records[2].registered = "2026-01";
	struct berth_de_facto de_facto = WEIGH_WITH(&arena, list, records);
	assert_int_equal(de_facto.n_candidates, 1);
	assert_weight(de_facto.candidates, 1.5);
	assert_string_equal(de_facto.candidates->registered, "2025-09-26");
	assert_string_equal(
		de_facto.why, "thing: 1 independent source and, since 2025-09-26, the registry");
	arena_free(&arena);
}

static void a_registration_alone_owns_nothing(void **state)
{
	struct berth_record records[] = {
		record("thing", "A Thing\nwith more lines"), record("", "Reserved")};
	struct arena arena = {0};

	(void)state;
	records[1].state = BERTH_RESERVED;
	struct berth_de_facto de_facto = weigh(&arena, NULL, 0, records, 2);
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_int_equal(de_facto.n_candidates, 1);
	assert_string_equal(de_facto.candidates->service, "thing");
	assert_string_equal(de_facto.candidates->name, "A Thing");
	assert_string_equal(de_facto.why,
		"Nobody: the registry assigns it to thing, but no source says that it is used so");
	arena_free(&arena);
}

static void twice_the_second_owns_and_less_is_contested(void **state)
{
	const struct berth_claim owned[] = {
		claim("a", BERTH_VENDOR_DOC, "A"),
		claim("b", BERTH_COMMUNITY_LIST, "B"),
	};
	const struct berth_claim contested[] = {
		claim("e", BERTH_VENDOR_DOC, "A"),
		claim("d", BERTH_VENDOR_DOC, "A"),
		claim("C", BERTH_VENDOR_DOC, "A"),
		claim("b", BERTH_DISTRO_SERVICES, "B"),
		claim("a", BERTH_COMMUNITY_LIST, "B"),
	};
	struct arena arena = {0};
	struct berth_de_facto de_facto = WEIGH(&arena, owned);

	(void)state;
	assert_int_equal(de_facto.state, BERTH_OWNED);
	assert_string_equal(de_facto.service, "a");
	de_facto = WEIGH(&arena, contested);
	assert_int_equal(de_facto.state, BERTH_CONTESTED);
	assert_int_equal(de_facto.n_candidates, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(text_lower(*de_facto.candidates[i].name), (char[]){"cdeba"}[i]);
	assert_string_equal(de_facto.why, "Contested between C, d, e and 1 other");
	arena_free(&arena);
}

static void the_order_of_claims_changes_nothing(void **state)
{
	struct berth_claim list[] = {
		claim("a", BERTH_VENDOR_DOC, "A"),
		claim("b", BERTH_COMMUNITY_LIST, "B"),
		claim("b", BERTH_COMMUNITY_LIST, "C"),
		claim("c", BERTH_DISTRO_SERVICES, "A"),
		claim("a", BERTH_HOST_SERVICES, "D"),
	};
	struct arena arena = {0};
	struct berth_de_facto first = WEIGH(&arena, list);

	(void)state;
	for (size_t turn = 1; turn < COUNT(list); turn++) {
		struct berth_claim front = list[0];

		memmove(list, list + 1, sizeof(list) - sizeof(front));
		list[COUNT(list) - 1] = front;
		struct berth_de_facto next = WEIGH(&arena, list);
		assert_string_equal(next.why, first.why);
		assert_int_equal(next.n_candidates, first.n_candidates);
		for (size_t i = 0; i < first.n_candidates; i++) {
			assert_string_equal(
				next.candidates[i].service, first.candidates[i].service);
			assert_weight(&next.candidates[i], first.candidates[i].weight);
		}
	}
	arena_free(&arena);
}

/* ---- The data ------------------------------------------------------------------------------ */

/* What is said of a port for some protocols, from the claims that are compiled in. */
static struct berth_de_facto weigh_port(struct arena *arena, uint16_t port, berth_protos protos,
	const struct berth_record *records, size_t n_records)
{
	static struct berth_claim list[MOST];
	struct berth_de_facto de_facto;
	const uint16_t *ids;
	size_t count = claims_at(claims_builtin(), port, &ids);
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		assert_true(used < MOST);
		claims_get(claims_builtin(), ids[i], &list[used]);
		if (list[used].protos & protos)
			used++;
	}
	assert_int_equal(claims_weigh(port, list, used, records, n_records, arena, &de_facto), 0);
	return de_facto;
}

static void well_known_ports_have_their_owners(void **state)
{
	static const struct {
		const char *name; /* in the registry */
		const char *description;
		const char *first; /* NULL: whoever */
		uint16_t port;
		enum berth_ownership state;
	} cases[] = {
		{"ssh", "The Secure Shell (SSH) Protocol", "ssh", 22, BERTH_OWNED},
		{"smtp", "Simple Mail Transfer", "smtp", 25, BERTH_OWNED},
		{"domain", "Domain Name Server", "domain", 53, BERTH_OWNED},
		{"http", "World Wide Web HTTP", "http", 80, BERTH_OWNED},
		{"https", "http protocol over TLS/SSL", "https", 443, BERTH_OWNED},
		{"ms-sql-s", "Microsoft-SQL-Server", "ms-sql-s", 1433, BERTH_OWNED},
		{"ncube-lm", "nCube License Manager", "oracle", 1521, BERTH_OWNED},
		{"eforward", "eforward", "zookeeper", 2181, BERTH_OWNED},
		{"docker", "Docker REST API (plain text)", "docker", 2375, BERTH_OWNED},
		{"hbci", "HBCI", NULL, 3000, BERTH_CONTESTED},
		{"mysql", "MySQL", "mysql", 3306, BERTH_OWNED},
		{"ms-wbt-server", "MS WBT Server", "ms-wbt-server", 3389, BERTH_OWNED},
		{"commplex-main", "", NULL, 5000, BERTH_CONTESTED},
		{"sip", "SIP", "sip", 5060, BERTH_OWNED},
		{"", "", "vite", 5173, BERTH_OWNED},
		{"postgresql", "PostgreSQL Database", "postgresql", 5432, BERTH_OWNED},
		{"amqp", "AMQP", "amqp", 5672, BERTH_OWNED},
		{"redis", "An advanced key-value cache and store", "redis", 6379, BERTH_OWNED},
		{"sun-sr-https", "Service Registry Default HTTPS Domain", "kubernetes", 6443,
			BERTH_OWNED},
		{"irdmi", "iRDMI", NULL, 8000, BERTH_CONTESTED},
		{"http-alt", "HTTP Alternate (see port 80)", "http-alt", 8080, BERTH_CONTESTED},
		{"websm", "WebSM", "prometheus", 9090, BERTH_CONTESTED},
		{"XmlIpcRegSvc", "Xml-Ipc Server Reg", "kafka", 9092, BERTH_OWNED},
		{"wap-wsp", "WAP connectionless session service", "elasticsearch", 9200,
			BERTH_OWNED},
		{"memcache", "Memory cache service", "memcache", 11211, BERTH_OWNED},
		{"ollama", "Ollama", "ollama", 11434, BERTH_OWNED},
		{"mongodb", "Mongo database system", "mongodb", 27017, BERTH_OWNED},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct berth_record records[] = {record(cases[i].name, cases[i].description)};
		struct arena arena = {0};

		records[0].registered = cases[i].port == 11434 ? "2025-09-26" : "";
		struct berth_de_facto de_facto = weigh_port(&arena, cases[i].port, TCP, records, 1);
		if (de_facto.state != cases[i].state ||
			(cases[i].first &&
				strcmp(cases[i].first, de_facto.candidates->service) != 0))
			fail_msg("%d: %s", cases[i].port, de_facto.why);
		arena_free(&arena);
	}
}

static void ollama_is_ollama_and_the_registry_agrees_since_2025(void **state)
{
	struct berth_record records[] = {record("ollama", "Ollama")};
	struct arena arena = {0};

	(void)state;
	records[0].registered = "2025-09-26";
	struct berth_de_facto de_facto = weigh_port(&arena, 11434, TCP, records, 1);
	assert_string_equal(de_facto.candidates->name, "Ollama");
	assert_true(de_facto.candidates->registry);
	assert_string_equal(de_facto.candidates->registered, "2025-09-26");
	assert_weight(de_facto.candidates, 1.75); /* docs/claims.md */
	arena_free(&arena);
}

static void the_examples_of_the_documentation_hold(void **state)
{
	const struct berth_record wap[] = {record("wap-wsp", "WAP connectionless session service")};
	const struct berth_record hbci[] = {
		record("hbci", "HBCI"), record("remoteware-cl", "RemoteWare Client")};
	const struct berth_record postgresql[] = {record("postgresql", "PostgreSQL Database")};
	struct arena arena = {0};
	struct berth_de_facto de_facto = weigh_port(&arena, 3000, TCP, hbci, 2);

	(void)state;
	assert_string_equal(de_facto.candidates->name, "Grafana");
	assert_weight(de_facto.candidates, 1.375);
	de_facto = weigh_port(&arena, 5432, TCP, postgresql, 1);
	assert_weight(de_facto.candidates, 2.5);
	assert_string_equal(de_facto.why, "PostgreSQL: 3 independent sources and the registry");
	de_facto = weigh_port(&arena, 9200, TCP, wap, 1);
	assert_weight(de_facto.candidates, 2.5);
	assert_int_equal(de_facto.candidates->sources, 4);
	de_facto = weigh_port(&arena, 9200, TCP | UDP, wap, 1);
	assert_int_equal(de_facto.state, BERTH_OWNED);
	assert_string_equal(de_facto.candidates->service, "elasticsearch");
	assert_weight(de_facto.candidates + 1, 1);
	/* Wireshark's table alone names it: too little for an owner. */
	de_facto = weigh_port(&arena, 57500, UDP, NULL, 0);
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_weight(de_facto.candidates, 0.5);
	arena_free(&arena);
}

static void port_60587_is_nobodys_however_many_pools_hold_it(void **state)
{
	struct arena arena = {0};
	struct berth_de_facto de_facto = weigh_port(&arena, 60587, TCP, NULL, 0);

	(void)state;
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_int_equal(de_facto.n_candidates, 0);
	assert_string_equal(de_facto.why,
		"Nobody: Apple's Xsan file system access is a pool claim on 16,384 ports, like 16 "
		"others on 16,384 to 64,512 ports; none of them says anything about this one");
	de_facto = weigh_port(&arena, 60587, TCP | UDP, NULL, 0);
	assert_int_equal(de_facto.state, BERTH_NOBODY);
	assert_non_null(strstr(de_facto.why,
		"Apple's Xsan file system access and Back to My Mac "
		"are pool claims on 16,384 ports"));
	arena_free(&arena);
}

/* Is one of the words of four letters and more in `custom` also in the name or service? */
static bool shares_word(const char *custom, const struct berth_candidate *candidate)
{
	char *copy = strdup(custom);
	bool found = false;

	assert_non_null(copy);
	for (char *rest = copy, *word; (word = strsep(&rest, " ;/(),.-"));) {
		if (strlen(word) >= 3 &&
			(text_find_fold(candidate->name, word) ||
				text_find_fold(candidate->service, word)))
			found = true;
	}
	free(copy);
	return found;
}

/* Cuts `text` at the first `separator`, gives the front and moves *text behind it, or to NULL. */
static char *cut(char **text, const char *separator)
{
	char *front = *text;

	if (!front) {
		fail_msg("no more to cut at \"%s\"", separator);
		abort(); /* clang's analyzer does not know that fail_msg does not return */
	}
	char *end = strstr(front, separator);

	*text = end ? end + strlen(separator) : NULL;
	if (end)
		*end = '\0';
	return front;
}

/* Custom is not first, or not even near the first, and why that is right. */
static const struct {
	const char *port;
	const char *why;
} exceptions[] = {
	{"31337", "only histories of malware name it, and they never make an owner"},
	{"12345", "NetBus is malware; redsocks has a default there and owns it"},
};

static bool is_exception(const char *port)
{
	for (size_t i = 0; i < COUNT(exceptions); i++) {
		if (!strcmp(port, exceptions[i].port))
			return true;
	}
	return false;
}

/* Is the custom name the first candidate, or, when contested, one of those above half of it? */
static bool custom_leads(const struct berth_de_facto *de_facto, const char *custom)
{
	if (de_facto->state == BERTH_NOBODY)
		return false;
	for (size_t i = 0; i < de_facto->n_candidates; i++) {
		if (i && de_facto->candidates[i].weight * 2 <= de_facto->candidates->weight)
			return false;
		if (de_facto->candidates[i].sources &&
			shares_word(custom, &de_facto->candidates[i]))
			return true;
	}
	return false;
}

static void check_conflict(char *line)
{
	enum {
		NAMES = 3 /* in one line, at most */
	};
	char *port = cut(&line, "\t");
	char *transport = cut(&line, "\t");
	char *names = cut(&line, "\t");
	char *descriptions = cut(&line, "\t");
	char *custom = cut(&line, "\t");
	struct berth_record records[NAMES];
	struct arena arena = {0};
	uint64_t number = 0;
	size_t count = 0;

	assert_int_equal(text_number(port, strlen(port), UINT16_MAX, &number), 0);
	while (names) {
		assert_true(count < NAMES);
		const char *name = cut(&names, ", ");
		records[count++] = record(name, descriptions ? cut(&descriptions, "; ") : "");
	}
	struct berth_de_facto de_facto = weigh_port(&arena, (uint16_t)number,
		strcmp(transport, "udp") != 0 ? TCP : UDP, records, count);
	if (custom_leads(&de_facto, custom) == is_exception(port))
		fail_msg("%s/%s: custom says %s, but: %s", port, transport, custom, de_facto.why);
	arena_free(&arena);
}

static void custom_leads_where_the_registry_says_something_else(void **state)
{
	const char *root = getenv("BERTH_SOURCE");
	struct buffer path = {0};
	struct buffer bytes = {0};
	size_t count = 0;

	(void)state;
	assert_non_null(root);
	buffer_format(&path, "%s/tests/data/conflicts-60.tsv", root);
	assert_int_equal(file_read(AT_FDCWD, path.data, 1 << 20, &bytes), 0);
	char *rest = bytes.data;
	(void)cut(&rest, "\n"); /* the header */
	while (rest && *rest) {
		check_conflict(cut(&rest, "\n"));
		count++;
	}
	assert_int_equal(count, 60);
	buffer_free(&bytes);
	buffer_free(&path);
}

static void every_port_is_weighed_soundly(void **state)
{
	(void)state;
	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		struct arena arena = {0};
		struct berth_de_facto de_facto =
			weigh_port(&arena, (uint16_t)port, UINT32_MAX, NULL, 0);

		assert_true(text_is_utf8(de_facto.why, strlen(de_facto.why)));
		for (size_t i = 0; i < de_facto.n_candidates; i++) {
			assert_true(de_facto.candidates[i].sources > 0);
			assert_true(de_facto.candidates[i].weight > 0);
			assert_true(!i ||
				de_facto.candidates[i].weight <= de_facto.candidates[i - 1].weight);
		}
		arena_free(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_makes_nobody),
		cmocka_unit_test(a_claim_weighs_by_its_kind),
		cmocka_unit_test(a_further_list_counts_half_and_the_same_list_not_again),
		cmocka_unit_test(a_range_counts_in_full_at_its_base_and_half_behind),
		cmocka_unit_test(a_thousand_pools_make_no_owner),
		cmocka_unit_test(a_pool_adds_its_share_to_what_is_named_anyway),
		cmocka_unit_test(pools_are_told_as_what_they_are),
		cmocka_unit_test(malware_makes_no_owner_and_is_told),
		cmocka_unit_test(families_and_spellings_are_one_candidate),
		cmocka_unit_test(the_registry_stands_behind_the_candidate_it_means),
		cmocka_unit_test(a_word_behind_others_in_a_description_is_no_name),
		cmocka_unit_test(the_registry_counts_once_and_since_its_first_date),
		cmocka_unit_test(a_registration_alone_owns_nothing),
		cmocka_unit_test(twice_the_second_owns_and_less_is_contested),
		cmocka_unit_test(the_order_of_claims_changes_nothing),
		cmocka_unit_test(well_known_ports_have_their_owners),
		cmocka_unit_test(ollama_is_ollama_and_the_registry_agrees_since_2025),
		cmocka_unit_test(the_examples_of_the_documentation_hold),
		cmocka_unit_test(port_60587_is_nobodys_however_many_pools_hold_it),
		cmocka_unit_test(custom_leads_where_the_registry_says_something_else),
		cmocka_unit_test(every_port_is_weighed_soundly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
