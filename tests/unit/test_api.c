// SPDX-License-Identifier: MIT
/* Where the rooms meet: queries, finding, the sentences of the verdict. Needs no kernel. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/summary.h"
#include "binding/binding.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int open_built_in(void **state)
{
	struct berth *berth;
	int r = berth_open(NULL, &berth);

	*state = berth;
	return r;
}

static int close_built_in(void **state)
{
	berth_close(*state);
	return 0;
}

static void a_query_reads_what_people_type(void **state)
{
	static const struct {
		const char *text;
		uint16_t first;
		uint16_t last;
		berth_protos protos;
		uint8_t family;
		uint8_t address_end; /* its last byte */
	} cases[] = {
		{"8080", 8080, 8080, 0, 0, 0},
		{":8080", 8080, 8080, 0, 0, 0},
		{"*:8080", 8080, 8080, 0, 0, 0},
		{"0", 0, 0, 0, 0, 0},
		{"65535/UDP", 65535, 65535, BERTH_PROTO_BIT(BERTH_UDP), 0, 0},
		{"3000-3010", 3000, 3010, 0, 0, 0},
		{"0-65535/sctp", 0, 65535, BERTH_PROTO_BIT(BERTH_SCTP), 0, 0},
		{"127.0.0.1:8080", 8080, 8080, 0, 4, 1},
		{"[::1]:80/tcp", 80, 80, BERTH_PROTO_BIT(BERTH_TCP), 6, 1},
		{"ssh", 22, 22, 0, 0, 0},
		{"SSH/tcp", 22, 22, BERTH_PROTO_BIT(BERTH_TCP), 0, 0},
		{"127.0.0.1:postgresql", 5432, 5432, 0, 4, 1},
		{"x11", 6000, 6063, 0, 0, 0},
		{"914c/g", 211, 211, 0, 0, 0},
		{"xsan", 49152, 65535, 0, 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct berth_query *query;

		assert_int_equal(berth_query_parse(*state, cases[i].text, &query), 0);
		assert_int_equal(query->n_parts, 1);
		assert_int_equal(query->parts[0].first, cases[i].first);
		assert_int_equal(query->parts[0].last, cases[i].last);
		assert_int_equal(query->parts[0].protos, cases[i].protos);
		assert_int_equal(query->parts[0].family, cases[i].family);
		assert_int_equal(query->parts[0].address[cases[i].family == 6 ? 15 : 3],
			cases[i].address_end);
		berth_query_free(query);
	}
}

static void a_query_may_be_a_list(void **state)
{
	struct berth_query *query;

	assert_int_equal(berth_query_parse(*state, "80, 443/tcp,[::]:8000-8010", &query), 0);
	assert_int_equal(query->n_parts, 3);
	assert_int_equal(query->parts[1].first, 443);
	assert_int_equal(query->parts[2].last, 8010);
	assert_int_equal(query->parts[2].family, 6);
	berth_query_free(query);
}

static void a_bad_query_is_refused_with_a_sentence(void **state)
{
	static const struct {
		const char *text;
		int error;
		const char *says;
	} cases[] = {
		{"65536", -ERANGE, "above 65535"},
		{"99999999999999999999999", -ERANGE, "above 65535"},
		{"-1", -EINVAL, "not a port number"},
		{"abc/xyz", -EINVAL, "not a protocol"},
		{"80/", -EINVAL, "not a protocol"},
		{"", -EINVAL, "missing"},
		{"80,,443", -EINVAL, "missing"},
		{"3010-3000", -EINVAL, "backwards; try 3000-3010"},
		{"80-", -EINVAL, "not a port number"},
		{"1-2-3", -EINVAL, "not a port number"},
		{"999.0.0.1:80", -EINVAL, "not an address"},
		{"::1:80", -EINVAL, "not an address"},
		{"127.0.0.1:", -EINVAL, "missing"},
		{"no-such-service-at-all", -ENOENT, "berth find"},
	};
	struct berth_query *query = NULL;

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(berth_query_parse(*state, cases[i].text, &query), cases[i].error);
		assert_null(query);
		assert_non_null(strstr(berth_error(), cases[i].says));
	}
}

/* The best match for `word`, and how many there are. */
static struct berth_found best(const struct berth *berth, const char *word, int *ret_count)
{
	const char *const words[] = {word, NULL};
	struct berth_found found = {0};
	struct berth_find *find;

	*ret_count = berth_find(berth, words, &find);
	assert_true(*ret_count >= 0);
	if (*ret_count)
		found = *berth_find_get(find, 0);
	for (int i = 1; i < *ret_count; i++)
		assert_true(berth_find_get(find, (size_t)i)->match >=
			berth_find_get(find, (size_t)i - 1)->match);
	assert_null(berth_find_get(find, (size_t)*ret_count));
	berth_find_free(find);
	return found;
}

static void finding_puts_the_closest_first(void **state)
{
	int count;
	struct berth_found found = best(*state, "PostgreSQL", &count);

	assert_int_equal(found.match, BERTH_MATCH_EXACT);
	assert_int_equal(found.record.first, 5432);
	found = best(*state, "postgersql", &count);
	assert_int_equal(found.match, BERTH_MATCH_NEAR);
	assert_int_equal(found.record.first, 5432);
	found = best(*state, "postgresq", &count);
	assert_int_equal(found.match, BERTH_MATCH_PREFIX);
	(void)best(*state, "zzzzqqqq", &count);
	assert_int_equal(count, 0);
}

static void ranges_are_those_of_rfc_6335(void **state)
{
	(void)state;
	assert_int_equal(berth_range_of(0).range, BERTH_RANGE_SYSTEM);
	assert_int_equal(berth_range_of(1023).range, BERTH_RANGE_SYSTEM);
	assert_int_equal(berth_range_of(1024).range, BERTH_RANGE_USER);
	assert_int_equal(berth_range_of(49151).range, BERTH_RANGE_USER);
	assert_int_equal(berth_range_of(49152).range, BERTH_RANGE_DYNAMIC);
	assert_int_equal(berth_range_of(65535).first, 49152);
}

/* ---- Sentences --------------------------------------------------------------------------------
 */

static const struct berth_process nginx = {.pid = 12, .name = "nginx", .user = "root"};
static const struct berth_owner nginx_owner = {.process = &nginx, .fd = 6};

/* Judges a report of 60587 on stock Linux with these sockets, writes its verdict. */
static void judge(struct berth_report *report, const struct berth_socket *const *sockets,
	size_t count, struct arena *arena)
{
	report->port = report->port ? report->port : 60587;
	report->protos = BERTH_PROTO_BIT(BERTH_PROTOS) - 1;
	report->range = berth_range_of(report->port);
	report->policy = (struct berth_policy){.has_ephemeral = true,
		.ephemeral = {32768, 60999},
		.has_reserved = true,
		.has_unprivileged = true,
		.unprivileged_start = 1024,
		.may_bind_low = 1};
	report->ephemeral = binding_is_ephemeral(&report->policy, report->port);
	report->has_sockets = true;
	report->sockets = sockets;
	report->n_sockets = count;
	for (unsigned t = BERTH_TCP; t <= BERTH_UDP; t++) {
		report->verdict.use[t] =
			binding_use(sockets, count, (enum berth_proto)t, report->gaps);
		report->verdict.bindable[t] =
			binding_plain(&report->policy, sockets, count, (enum berth_proto)t,
				report->port, report->gaps, &report->verdict.bind_why[t]);
	}
	assert_int_equal(summary_write(report, arena), 0);
}

static void the_summary_says_no_more_than_is_seen(void **state)
{
	static const struct {
		struct berth_socket socket;
		const char *summary;
	} cases[] = {
		{{.proto = BERTH_TCP, .state = BERTH_LISTEN, .owners = &nginx_owner, .n_owners = 1},
			"nginx (pid 12, root) listens on 60587/tcp."},
		{{.proto = BERTH_UDP, .state = BERTH_CLOSE, .owners = &nginx_owner, .n_owners = 1},
			"nginx (pid 12, root) receives on 60587/udp."},
		{{.proto = BERTH_TCP, .state = BERTH_BOUND, .owners = &nginx_owner, .n_owners = 1},
			"nginx (pid 12, root) has bound 60587/tcp without listening."},
		{{.proto = BERTH_TCP,
			 .family = 4,
			 .state = BERTH_ESTABLISHED,
			 .peer_text = "192.0.2.7",
			 .peer_port = 443,
			 .owners = &nginx_owner,
			 .n_owners = 1},
			"nginx (pid 12, root) has 60587/tcp as the local port of a connection to "
			"192.0.2.7:443."},
		{{.proto = BERTH_TCP, .state = BERTH_TIME_WAIT, .expires_ms = 22001},
			"Only what is left of closed connections has 60587/tcp, the last for "
			"another "
			"23 s."},
		{{.proto = BERTH_TCP,
			 .state = BERTH_LISTEN,
			 .reason = BERTH_NEEDS_CAPABILITY,
			 .reason_text = "needs CAP_SYS_PTRACE: owned by uid 33"},
			"Somebody listens on 60587/tcp; who is not known here (needs "
			"CAP_SYS_PTRACE: owned by uid 33)."},
		{{.proto = BERTH_SCTP, .state = BERTH_LISTEN},
			"A socket in state LISTEN has 60587/sctp."},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct berth_socket *list[] = {&cases[i].socket};
		struct berth_report report = {0};
		struct arena arena = {0};

		judge(&report, list, 1, &arena);
		assert_string_equal(report.verdict.summary, cases[i].summary);
		arena_free(&arena);
	}
}

static void nothing_seen_is_free_only_when_all_was_seen(void **state)
{
	struct arena arena = {0};
	struct berth_report report = {0};

	(void)state;
	judge(&report, NULL, 0, &arena);
	assert_string_equal(report.verdict.summary,
		"Free: no socket in this network namespace has port 60587.");
	assert_non_null(strstr(report.verdict.advice, "the kernel lends it"));
	assert_non_null(strstr(report.verdict.advice, "61000-65535"));
	assert_false(report.verdict.wise);
	report = (struct berth_report){.gaps = BERTH_GAP_REFUSED};
	judge(&report, NULL, 0, &arena);
	assert_memory_equal(report.verdict.summary, "Not known: ", 11);
	report = (struct berth_report){.gaps = BERTH_GAP_BOUND};
	judge(&report, NULL, 0, &arena);
	assert_non_null(strstr(report.verdict.summary, "yet a bind may fail"));
	report = (struct berth_report){.port = 61000};
	judge(&report, NULL, 0, &arena);
	assert_true(report.verdict.wise);
	arena_free(&arena);
}

static void many_owners_are_named_in_one_sentence(void **state)
{
	static const struct berth_process processes[] = {{.pid = 1, .name = "a"},
		{.pid = 2, .name = "b"}, {.pid = 3, .name = "c"}, {.pid = 4, .name = "d"}};
	static const struct berth_owner owners[] = {
		{&processes[0], 3}, {&processes[1], 3}, {&processes[2], 3}, {&processes[3], 3}};
	struct berth_socket socket = {
		.proto = BERTH_TCP, .state = BERTH_LISTEN, .owners = owners, .n_owners = 2};
	const struct berth_socket *list[] = {&socket};
	struct berth_report report = {0};
	struct arena arena = {0};

	(void)state;
	judge(&report, list, 1, &arena);
	assert_string_equal(report.verdict.summary, "a (pid 1) and b (pid 2) listen on 60587/tcp.");
	socket.n_owners = 4;
	judge(&report, list, 1, &arena);
	assert_string_equal(report.verdict.summary,
		"a (pid 1), b (pid 2), c (pid 3) and others listen on 60587/tcp.");
	arena_free(&arena);
}

static void a_struct_of_another_size_is_refused(void **state)
{
	struct berth *berth = NULL;
	const struct berth_options larger = {.size = sizeof(larger) + 8};
	const struct berth_ask none = {0};
	struct berth_snapshot *snapshot = NULL;

	assert_int_equal(berth_open(&larger, &berth), -EINVAL);
	assert_null(berth);
	assert_int_equal(berth_snapshot(*state, &none, &snapshot), -EINVAL);
	assert_null(snapshot);
}

/* What each of the threads does with the one handle: everything that may fail tells of itself
 * alone. */
static void *use_handle(void *argument)
{
	const struct berth *berth = argument;
	const char *const words[] = {"postgresql", NULL};
	const struct berth_ask ask = {.size = sizeof(ask), .owners = true};
	int wrong = 0;

	for (int i = 0; i < 20; i++) {
		struct berth_snapshot *snapshot;
		struct berth_report *report;
		struct berth_query *query;
		struct berth_find *find;

		wrong += berth_query_parse(berth, "70000", &query) != -ERANGE;
		wrong += strstr(berth_error(), "70000") == NULL;
		wrong += berth_find(berth, words, &find) < 1;
		berth_find_free(find);
		wrong += berth_snapshot(berth, &ask, &snapshot) != 0;
		wrong += berth_report(berth, snapshot, 5432, NULL, &report) != 0;
		wrong += report->de_facto.state != BERTH_OWNED;
		berth_report_free(report);
		berth_snapshot_free(snapshot);
	}
	return wrong ? argument : NULL;
}

static void a_handle_serves_several_threads(void **state)
{
	pthread_t threads[4];

	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, use_handle, *state), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *wrong = NULL;

		assert_int_equal(pthread_join(threads[i], &wrong), 0);
		assert_null(wrong);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_reads_what_people_type),
		cmocka_unit_test(a_query_may_be_a_list),
		cmocka_unit_test(a_bad_query_is_refused_with_a_sentence),
		cmocka_unit_test(finding_puts_the_closest_first),
		cmocka_unit_test(ranges_are_those_of_rfc_6335),
		cmocka_unit_test(the_summary_says_no_more_than_is_seen),
		cmocka_unit_test(nothing_seen_is_free_only_when_all_was_seen),
		cmocka_unit_test(many_owners_are_named_in_one_sentence),
		cmocka_unit_test(a_struct_of_another_size_is_refused),
		cmocka_unit_test(a_handle_serves_several_threads),
	};

	return cmocka_run_group_tests(tests, open_built_in, close_built_in);
}
