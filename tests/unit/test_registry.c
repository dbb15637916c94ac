// SPDX-License-Identifier: MIT
/* The registry room: both readers, the checks, the states, images, differences. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "registry/image.h"
#include "registry/intake.h"
#include "registry/registry.h"
#include "registry/spelling.h"
#include "registry/table.h"

#define HEADER                                                                                     \
	"Service Name,Port Number,Transport Protocol,Description,Assignee,Contact,"                \
	"Registration Date,Modification Date,Reference,Service Code,Unauthorized Use Reported,"    \
	"Assignment Notes\r\n"

#define NEW_CSV "data/iana/service-names-port-numbers.csv"
#define OLD_CSV "tests/data/service-names-port-numbers-2020-12-16.csv"
#define SAMPLE_CSV "tests/data/registry-sample.csv"
#define SAMPLE_XML "tests/data/registry-sample.xml"

static const struct checks_least any_size = {0};

/* A file of the source tree. */
static struct buffer contents(const char *path)
{
	const char *root = getenv("BERTH_SOURCE");
	struct buffer full = {0};
	struct buffer bytes = {0};

	assert_non_null(root);
	buffer_format(&full, "%s/%s", root, path);
	assert_int_equal(file_read(AT_FDCWD, buffer_string(&full), 64 << 20, &bytes), 0);
	buffer_free(&full);
	return bytes;
}

static struct registry *parsed(const char *bytes, size_t len, const struct checks_least *least)
{
	struct buffer problem = {0};
	const struct source source = {"file", bytes, len, &problem};
	struct registry *registry = NULL;
	int r = intake_parse(&source, least, &registry);

	if (r)
		print_error("%s\n", buffer_string(&problem));
	assert_int_equal(r, 0);
	assert_int_equal(problem.len, 0);
	return registry;
}

static struct registry *parsed_file(const char *path, const struct checks_least *least)
{
	struct buffer bytes = contents(path);
	struct registry *registry = parsed(bytes.data, bytes.len, least);

	buffer_free(&bytes);
	return registry;
}

static struct registry *parsed_rows(const char *rows)
{
	struct buffer bytes = {0};

	buffer_format(&bytes, "%s%s", HEADER, rows);
	struct registry *registry = parsed(bytes.data, bytes.len, &any_size);
	buffer_free(&bytes);
	return registry;
}

static void assert_refused_within(
	const char *bytes, size_t len, const struct checks_least *least, const char *problem)
{
	struct buffer said = {0};
	const struct source source = {"file", bytes, len, &said};
	struct registry untouched = {0};
	struct registry *registry = &untouched;

	assert_int_equal(intake_parse(&source, least, &registry), -EBADMSG);
	assert_ptr_equal(registry, &untouched);
	assert_string_equal(buffer_string(&said), problem);
	buffer_free(&said);
}

/* The header row is line 1, the first row line 2. */
static void assert_rows_refused(const char *rows, const char *problem)
{
	struct buffer bytes = {0};

	buffer_format(&bytes, "%s%s", HEADER, rows);
	assert_refused_within(bytes.data, bytes.len, &any_size, problem);
	buffer_free(&bytes);
}

/* The only record of the port with this name that holds for just the transport, or for any. */
static struct berth_record record_of(
	const struct registry *registry, uint16_t port, const char *name, berth_protos protos)
{
	struct berth_record record;
	struct berth_record found;
	const uint16_t *ids;
	size_t n_ids = registry_at(registry, port, &ids);
	int count = 0;

	registry_record(registry, UINT16_MAX, &found); /* an empty one */
	for (size_t i = 0; i < n_ids; i++) {
		registry_record(registry, ids[i], &record);
		assert_true(record.first <= port && port <= record.last);
		if (strcmp(record.name, name) == 0 && record.protos == protos) {
			found = record;
			count++;
		}
	}
	if (count != 1)
		print_error("%d records of %u named \"%s\"\n", count, port, name);
	assert_int_equal(count, 1);
	return found;
}

static struct berth_record named(const struct registry *registry, const char *name)
{
	struct berth_record record = {0};

	for (size_t id = 0; id < registry_count(registry); id++) {
		registry_record(registry, (uint16_t)id, &record);
		if (strcmp(record.name, name) == 0)
			return record;
	}
	fail_msg("nothing named %s", name);
	return record;
}

/* ---- The copy that is compiled in ----------------------------------------------------------- */

static void builtin_copy_is_the_file_in_the_tree(void **state)
{
	struct registry *file = parsed_file(NEW_CSV, &checks_published);
	struct buffer expected = {0};
	struct buffer builtin = {0};

	(void)state;
	assert_int_equal(registry_image(file, &expected), 0);
	assert_int_equal(registry_image(registry_builtin(), &builtin), 0);
	assert_int_equal(builtin.len, expected.len);
	assert_memory_equal(builtin.data, expected.data, expected.len);
	buffer_free(&builtin);
	buffer_free(&expected);
	registry_free(file);
}

static void info_counts_records_and_knows_the_newest_date(void **state)
{
	struct berth_registry_info info;

	(void)state;
	registry_info(registry_builtin(), &info);
	assert_string_equal(info.date, "2026-02-13");
	assert_string_equal(info.origin, "");
	assert_int_equal(info.records, 14499);
	assert_int_equal(registry_count(registry_builtin()), 14499);
	assert_int_equal(info.without_port, 1055);
	assert_int_equal(info.names, 14499 - 1720);
	for (size_t t = 0; t < BERTH_TRANSPORTS; t++) {
		uint32_t sum = 0;

		for (size_t s = 0; s < 4; s++)
			sum += info.ports[t][s];
		assert_int_equal(sum, 65536);
		assert_int_equal(info.ports[t][BERTH_UNASSIGNABLE], 16384);
	}
}

/* What a port's state is, found in another way than by the sets: each record paints its ports over
 * the wider ones. */
struct canvas {
	uint32_t width[65536][BERTH_TRANSPORTS];
	uint8_t state[65536][BERTH_TRANSPORTS];
};

static void paint(struct canvas *canvas, const struct berth_record *record)
{
	uint32_t width = 1U + record->last - record->first;

	for (unsigned port = record->first; port <= record->last; port++) {
		for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
			uint32_t *painted = &canvas->width[port][t];

			if (!(record->protos & BERTH_PROTO_BIT(t)) ||
				(*painted && *painted < width))
				continue;
			if (*painted != width || canvas->state[port][t] < record->state)
				canvas->state[port][t] = (uint8_t)record->state;
			*painted = width;
		}
	}
}

static void assert_states_follow_the_records(const struct registry *registry)
{
	struct canvas *canvas = calloc(1, sizeof(*canvas));

	assert_non_null(canvas);
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		if (record.has_port)
			paint(canvas, &record);
	}
	for (unsigned port = 0; port < 65536; port++) {
		for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
			unsigned expected =
				port >= 49152 ? BERTH_UNASSIGNABLE : canvas->state[port][t];

			assert_int_equal(
				registry_state(registry, (uint16_t)port, (enum berth_proto)t),
				expected);
		}
	}
	free(canvas);
}

static void every_port_has_the_state_that_its_records_say(void **state)
{
	struct registry *old = parsed_file(OLD_CSV, &checks_published);

	(void)state;
	assert_states_follow_the_records(registry_builtin());
	assert_states_follow_the_records(old);
	registry_free(old);
}

static void every_record_is_found_at_each_of_its_ports_narrowest_first(void **state)
{
	const struct registry *registry = registry_builtin();
	size_t hits = 0;
	size_t expected = 0;

	(void)state;
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		expected += record.has_port ? 1U + record.last - record.first : 0;
	}
	for (unsigned port = 0; port < 65536; port++) {
		const uint16_t *ids;
		size_t n_ids = registry_at(registry, (uint16_t)port, &ids);
		unsigned width = 0;

		for (size_t i = 0; i < n_ids; i++) {
			struct berth_record record;

			registry_record(registry, ids[i], &record);
			assert_true(record.has_port);
			assert_in_range(port, record.first, record.last);
			assert_true(1U + record.last - record.first >= width);
			width = 1U + record.last - record.first;
		}
		hits += n_ids;
	}
	assert_int_equal(hits, expected);
}

static void a_range_covers_the_ports_inside_it(void **state)
{
	const struct registry *registry = registry_builtin();
	struct berth_record x11 = record_of(registry, 6042, "x11", BERTH_PROTO_BIT(BERTH_TCP));

	(void)state;
	assert_int_equal(x11.first, 6000);
	assert_int_equal(x11.last, 6063);
	assert_false(x11.any_transport);
	assert_int_equal(registry_state(registry, 6042, BERTH_TCP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 6042, BERTH_UDP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 6042, BERTH_SCTP), BERTH_UNASSIGNED);
}

static void one_port_can_have_several_names(void **state)
{
	const struct registry *registry = registry_builtin();

	(void)state;
	record_of(registry, 80, "http", BERTH_PROTO_BIT(BERTH_TCP));
	record_of(registry, 80, "www", BERTH_PROTO_BIT(BERTH_TCP));
	record_of(registry, 80, "www-http", BERTH_PROTO_BIT(BERTH_TCP));
	record_of(registry, 80, "http", BERTH_PROTO_BIT(BERTH_SCTP));
	assert_int_equal(registry_state(registry, 80, BERTH_DCCP), BERTH_UNASSIGNED);
}

static void a_row_without_transport_holds_for_all_four(void **state)
{
	const struct registry *registry = registry_builtin();
	struct berth_record swx = record_of(registry, 7301, "swx", 0xf);

	(void)state;
	assert_true(swx.any_transport);
	for (unsigned t = 0; t < BERTH_TRANSPORTS; t++) {
		assert_int_equal(
			registry_state(registry, 7301, (enum berth_proto)t), BERTH_ASSIGNED);
		assert_int_equal(
			registry_state(registry, 1011, (enum berth_proto)t), BERTH_RESERVED);
	}
}

static void the_specific_record_wins(void **state)
{
	const struct registry *registry = registry_builtin();
	static const uint16_t twice[] = {5316, 6701, 6702, 7775, 7997, 44323};

	(void)state;
	for (size_t i = 0; i < sizeof(twice) / sizeof(*twice); i++) {
		const uint16_t *ids;
		struct berth_record narrow;

		assert_true(registry_at(registry, twice[i], &ids) >= 2);
		registry_record(registry, ids[0], &narrow);
		assert_int_equal(narrow.first, twice[i]);
		assert_int_not_equal(
			registry_state(registry, twice[i], BERTH_TCP), BERTH_UNASSIGNED);
	}
	assert_int_equal(registry_state(registry, 7774, BERTH_TCP), BERTH_UNASSIGNED);
	assert_int_equal(registry_state(registry, 7776, BERTH_TCP), BERTH_UNASSIGNED);
}

static void port_0_is_reserved_where_the_registry_says_so(void **state)
{
	const struct registry *registry = registry_builtin();

	(void)state;
	assert_int_equal(registry_state(registry, 0, BERTH_TCP), BERTH_RESERVED);
	assert_int_equal(registry_state(registry, 0, BERTH_UDP), BERTH_RESERVED);
	assert_int_equal(registry_state(registry, 0, BERTH_SCTP), BERTH_UNASSIGNED);
	assert_string_equal(
		record_of(registry, 0, "", BERTH_PROTO_BIT(BERTH_TCP)).reference, "[RFC6335]");
}

static void the_dynamic_range_is_unassignable_and_starts_at_49152(void **state)
{
	const struct registry *registry = registry_builtin();
	const uint16_t *ids;

	(void)state;
	assert_int_not_equal(registry_state(registry, 49151, BERTH_TCP), BERTH_UNASSIGNABLE);
	assert_int_equal(registry_state(registry, 49152, BERTH_TCP), BERTH_UNASSIGNABLE);
	assert_int_equal(registry_state(registry, 60587, BERTH_UDP), BERTH_UNASSIGNABLE);
	assert_int_equal(registry_state(registry, 65535, BERTH_DCCP), BERTH_UNASSIGNABLE);
	assert_int_equal(registry_at(registry, 60587, &ids), 0);
}

static void udplite_and_mptcp_ask_for_udp_and_tcp(void **state)
{
	const struct registry *registry = registry_builtin();

	(void)state;
	/* 69/udp is tftp; 8/tcp is unassigned; 1008 has a record for UDP only. */
	assert_int_equal(registry_state(registry, 69, BERTH_UDPLITE), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 5318, BERTH_MPTCP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 5318, BERTH_UDPLITE), BERTH_RESERVED);
}

static void a_given_back_port_is_reserved_with_or_without_a_name(void **state)
{
	const struct registry *registry = registry_builtin();

	(void)state;
	assert_int_equal(registry_state(registry, 14001, BERTH_UDP), BERTH_RESERVED); /* sua */
	assert_int_equal(registry_state(registry, 14001, BERTH_SCTP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 659, BERTH_TCP), BERTH_RESERVED); /* Removed */
	assert_int_equal(registry_state(registry, 1028, BERTH_TCP), BERTH_RESERVED);
	assert_int_equal(registry_state(registry, 9006, BERTH_TCP), BERTH_RESERVED);
	/* A name and "Reserved for a future enhancement of …": an assignment. */
	assert_int_equal(registry_state(registry, 5349, BERTH_UDP), BERTH_ASSIGNED);
	/* compressnet was de-assigned; the note tells. */
	assert_int_equal(registry_state(registry, 2, BERTH_TCP), BERTH_RESERVED);
	assert_non_null(strstr(
		record_of(registry, 2, "", BERTH_PROTO_BIT(BERTH_TCP)).notes, "compressnet"));
}

static void private_uses_without_a_name_are_assigned_and_suspicions_are_not(void **state)
{
	const struct registry *registry = registry_builtin();

	(void)state;
	assert_int_equal(registry_state(registry, 24, BERTH_TCP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 87, BERTH_UDP), BERTH_ASSIGNED);
	assert_int_equal(registry_state(registry, 1008, BERTH_UDP), BERTH_UNASSIGNED);
	assert_int_equal(registry_state(registry, 15, BERTH_TCP), BERTH_UNASSIGNED);
	assert_int_equal(registry_state(registry, 2825, BERTH_TCP), BERTH_UNASSIGNED);
}

static void names_without_a_port_are_there(void **state)
{
	struct berth_record record = named(registry_builtin(), "zigbee-gateway");

	(void)state;
	assert_false(record.has_port);
	assert_int_equal(record.first, 0);
	assert_int_equal(record.last, 0);
	assert_int_equal(record.state, BERTH_ASSIGNED);
	assert_string_equal(record.description, "ZigBee IP Gateway");
	const uint16_t *ids;
	size_t n_ids = registry_at(registry_builtin(), 0, &ids);
	for (size_t i = 0; i < n_ids; i++) {
		registry_record(registry_builtin(), ids[i], &record);
		assert_true(record.has_port);
	}
}

static void all_fields_of_a_record_are_told(void **state)
{
	const struct registry *registry = registry_builtin();
	struct berth_record record;

	(void)state;
	record = record_of(registry, 11434, "ollama", BERTH_PROTO_BIT(BERTH_TCP));
	assert_string_equal(record.registered, "2025-09-26");
	record = record_of(registry, 9, "discard", BERTH_PROTO_BIT(BERTH_DCCP));
	assert_string_equal(record.service_code, "1145656131");
	assert_string_equal(record.contact, "[Eddie_Kohler]");
	assert_string_equal(record.reference, "[RFC4340]");
	record = record_of(registry, 25, "smtp", BERTH_PROTO_BIT(BERTH_TCP));
	assert_string_equal(record.assignee, "[IESG]");
	assert_string_equal(record.contact, "[IETF_Chair]");
	assert_string_equal(record.modified, "2017-06-05");
	record = record_of(registry, 79, "finger", BERTH_PROTO_BIT(BERTH_TCP));
	assert_non_null(strstr(record.unauthorized, "[RFC4146]"));
	record = record_of(registry, 63, "whois++", BERTH_PROTO_BIT(BERTH_TCP));
	assert_non_null(strstr(record.notes, "usable for use with many\ncommon"));
}

static void an_id_that_does_not_exist_gives_an_empty_record(void **state)
{
	struct berth_record record;

	(void)state;
	registry_record(registry_builtin(), UINT16_MAX, &record);
	assert_string_equal(record.name, "");
	assert_string_equal(record.notes, "");
	assert_false(record.has_port);
	assert_int_equal(record.protos, 0);
}

/* ---- Spellings ------------------------------------------------------------------------------- */

static void a_description_without_name_that_nobody_decided_about_is_unknown(void **state)
{
	enum berth_state untouched = BERTH_UNASSIGNABLE;

	(void)state;
	assert_int_equal(spelling_state("", "Maybe assigned", &untouched), -ENOENT);
	assert_int_equal(spelling_state("", "", &untouched), -ENOENT);
	assert_int_equal(spelling_state("", "UNASSIGNED", &untouched), -ENOENT);
	assert_int_equal(untouched, BERTH_UNASSIGNABLE);
	assert_int_equal(spelling_state("name", "Maybe assigned", &untouched), 0);
	assert_int_equal(untouched, BERTH_ASSIGNED);
}

static void every_spelling_in_both_files_is_decided(void **state)
{
	/* The checks refuse a file with a spelling that is not in the table; this is the test that
	 * fails when IANA invents one. */
	(void)state;
	registry_free(parsed_file(NEW_CSV, &checks_published));
	registry_free(parsed_file(OLD_CSV, &checks_published));
	assert_rows_refused(",4711,,Unassigned (for now),,,,,,,,\r\n",
		"file:2: no service name, and a description whose meaning is not known: "
		"\"Unassigned (for now)\"");
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void csv_cells_keep_commas_quotes_and_line_feeds(void **state)
{
	struct registry *registry =
		parsed_rows("\"a,b\",7,tcp,\"say \"\"hi\"\"\",,,,,,,,\"one\ntwo\r\nthree\"\r\n"
			    "914c/g,211,udp, spaces go ,,,,,,,,\n"
			    "last,212,sctp,without a line end,,,,,,,,");
	struct berth_record record = named(registry, "a,b");

	(void)state;
	assert_int_equal(registry_count(registry), 3);
	assert_string_equal(record.description, "say \"hi\"");
	assert_string_equal(record.notes, "one\ntwo\r\nthree");
	assert_string_equal(named(registry, "914c/g").description, "spaces go");
	assert_string_equal(named(registry, "last").description, "without a line end");
	registry_free(registry);
}

static void refusals_name_the_line_where_the_record_starts(void **state)
{
	(void)state;
	assert_rows_refused("a,1,tcp,,,,,,,,,\"x\ny\nz\"\r\nb,2,tcp,\"u\nv\",,,,,,,\r\n",
		"file:5: 11 fields where the registry has 12");
	assert_rows_refused(
		"\r\n\r\na,1,tcp,,,,,,,,,,\r\n", "file:4: 13 fields where the registry has 12");
	assert_rows_refused("a,1,tcp,\"x\ny\",,,,,,,,\r\nb,2,tcp,\"u\nv,,,,,,,,\r\n",
		"file:4: quotes are not as CSV has them (RFC 4180)");
	assert_rows_refused(
		"a,1,tcp,x\"y,,,,,,,,\r\n", "file:2: quotes are not as CSV has them (RFC 4180)");
}

static void what_is_no_port_is_refused(void **state)
{
	(void)state;
	assert_rows_refused("a,65536,tcp,,,,,,,,,\n",
		"file:2: not a port (0-65535) or a range of ports: \"65536\"");
	assert_rows_refused(
		"a,-1,tcp,,,,,,,,,\n", "file:2: not a port (0-65535) or a range of ports: \"-1\"");
	assert_rows_refused("a,1-2-3,tcp,,,,,,,,,\n",
		"file:2: not a port (0-65535) or a range of ports: \"1-2-3\"");
	assert_rows_refused(
		"a,5-,tcp,,,,,,,,,\n", "file:2: not a port (0-65535) or a range of ports: \"5-\"");
	assert_rows_refused(
		"a,9-8,tcp,,,,,,,,,\n", "file:2: a range that ends before it starts: \"9-8\"");
	assert_rows_refused(
		",,tcp,Reserved,,,,,,,,\n", "file:2: neither a service name nor a port");
}

static void what_is_no_transport_is_refused(void **state)
{
	(void)state;
	assert_rows_refused(
		"a,1,icmp,,,,,,,,,\n", "file:2: not a transport of the registry: \"icmp\"");
	assert_rows_refused("a,1,\x1b[31mtcp,,,,,,,,,\n",
		"file:2: not a transport of the registry: \"\\x1b[31mtcp\"");
}

static void what_is_no_date_is_refused(void **state)
{
	(void)state;
	assert_rows_refused(
		"a,1,tcp,,,,2020,,,,,\n", "file:2: not a date (YYYY-MM or YYYY-MM-DD): \"2020\"");
	assert_rows_refused("a,1,tcp,,,,,2020-13,,,,\n",
		"file:2: not a date (YYYY-MM or YYYY-MM-DD): \"2020-13\"");
	assert_rows_refused("a,1,tcp,,,,,2020-12-32,,,,\n",
		"file:2: not a date (YYYY-MM or YYYY-MM-DD): \"2020-12-32\"");
	assert_rows_refused("a,1,tcp,,,,2020/12/31,,,,,\n",
		"file:2: not a date (YYYY-MM or YYYY-MM-DD): \"2020/12/31\"");
	registry_free(parsed_rows("a,1,tcp,,,,2020-12,2020-12-31,,,,\n"));
}

static void bytes_that_are_no_text_are_refused(void **state)
{
	static const char nul[] = HEADER "a,1,tcp,x\0y,,,,,,,,\n";

	(void)state;
	assert_refused_within(nul, sizeof(nul) - 1, &any_size, "file:2: holds a NUL byte");
	assert_rows_refused(
		"a,1,tcp,ok,,,,,,,,\nb,2,tcp,\xff,,,,,,,,\n", "file:3: not UTF-8: byte 0xff");
	assert_rows_refused(
		"a,1,tcp,one\rtwo,,,,,,,,\n", "file:2: a carriage return without a line feed");
}

static void an_assignment_in_the_dynamic_range_is_refused(void **state)
{
	struct registry *registry = parsed_rows(",49000-50000,,Reserved,,,,,,,,\n");

	(void)state;
	assert_int_equal(registry_state(registry, 49151, BERTH_TCP), BERTH_RESERVED);
	assert_int_equal(registry_state(registry, 49152, BERTH_TCP), BERTH_UNASSIGNABLE);
	registry_free(registry);
	assert_rows_refused("xsan,49152,tcp,,,,,,,,,\n",
		"file:2: an assignment among the dynamic ports, 49152-65535 (RFC 6335): "
		"\"49152\"");
	assert_rows_refused("x,49000-65535,tcp,,,,,,,,,\n",
		"file:2: an assignment among the dynamic ports, 49152-65535 (RFC 6335): "
		"\"49000-65535\"");
}

static void another_header_row_is_refused(void **state)
{
	static const char other[] = "Service Name,Port,Transport Protocol,Description,Assignee,"
				    "Contact,Registration Date,Modification Date,Reference,"
				    "Service Code,Unauthorized Use Reported,Assignment Notes\r\n";

	(void)state;
	assert_refused_within(other, strlen(other), &any_size,
		"file:1: column 2 of the header row is not \"Port Number\"");
	assert_refused_within("a,b\n", 4, &any_size, "file:1: 2 fields where the registry has 12");
	assert_refused_within(
		"", 0, &any_size, "file:1: empty: a registry starts with its header row");
}

static void a_file_that_was_cut_off_is_refused(void **state)
{
	struct buffer bytes = contents(NEW_CSV);
	struct registry *registry = NULL;
	struct buffer problem = {0};

	(void)state;
	/* Cut at the end of a row, where nothing else is wrong. */
	size_t len = bytes.len / 2;
	while (bytes.data[len - 1] != '\n' || bytes.data[len - 2] != '\r')
		len--;
	assert_int_equal(
		registry_parse("half.csv", bytes.data, len, &registry, &problem), -EBADMSG);
	const char *said = buffer_string(&problem);
	assert_ptr_equal(strstr(said, "half.csv:"), said);
	assert_non_null(strstr(said, " records, where the registry has more than 10000"));
	buffer_free(&problem);
	buffer_free(&bytes);
	static const char reserved[] = HEADER ",1,tcp,Reserved,,,,,,,,\n";
	assert_refused_within(reserved, strlen(reserved),
		&(const struct checks_least){.records = 1, .assigned = 1},
		"file:2: only 0 records that assign ports, where the registry has more than 1");
}

static void a_pile_of_ranges_is_refused(void **state)
{
	struct buffer rows = {0};

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		buffer_format(&rows, ",%u-%u,,Reserved,,,,,,,,\n", i, 40000 - i);
	assert_rows_refused(rows.data, "file:301: more than 256 records for port 256");
	buffer_free(&rows);
}

static void more_records_than_ids_are_refused(void **state)
{
	struct buffer rows = {0};

	(void)state;
	for (unsigned i = 0; i < UINT16_MAX; i++)
		buffer_format(&rows, "n%u,,,,,,,,,,,\n", i);
	assert_rows_refused(rows.data, "file:65536: more records than berth can number (65534)");
	buffer_free(&rows);
}

/* ---- XML ------------------------------------------------------------------------------------- */

#define XML_OPEN                                                                                   \
	"<registry xmlns=\"http://www.iana.org/assignments\" "                                     \
	"id=\"service-names-port-numbers\">\n"

static void assert_xml_refused(const char *text, const char *problem)
{
	assert_refused_within(text, strlen(text), &any_size, problem);
}

static int told_difference(void *context, enum berth_change change,
	const struct berth_record *before, const struct berth_record *after)
{
	(void)context;
	if (before)
		print_error("%d before: %s %u %s\n", change, before->name, before->first,
			before->notes);
	if (after)
		print_error(
			"%d after: %s %u %s\n", change, after->name, after->first, after->notes);
	return 0;
}

/* The dates of the two forms differ, all else must not. */
static void assert_same_tables(const struct registry *a, const struct registry *b)
{
	assert_int_equal(registry_diff(a, b, told_difference, NULL), 0);
	assert_int_equal(a->n_ported, b->n_ported);
	for (size_t id = 0; id < a->n_records; id++) {
		struct berth_record x;
		struct berth_record y;

		registry_record(a, (uint16_t)id, &x);
		registry_record(b, (uint16_t)id, &y);
		assert_string_equal(x.name, y.name);
		assert_int_equal(x.first, y.first);
		assert_int_equal(x.state, y.state);
		assert_int_equal(x.any_transport, y.any_transport);
	}
	assert_memory_equal(a->states, b->states, SPANS_NUMBERS);
	assert_memory_equal(a->facts.ports, b->facts.ports, sizeof(a->facts.ports));
}

static void xml_and_csv_of_the_same_records_make_the_same_table(void **state)
{
	struct registry *csv = parsed_file(SAMPLE_CSV, &any_size);
	struct registry *xml = parsed_file(SAMPLE_XML, &any_size);
	struct berth_registry_info info;

	(void)state;
	assert_int_equal(registry_count(csv), 22);
	assert_same_tables(csv, xml);
	registry_info(xml, &info);
	assert_string_equal(info.date, "2026-03-09"); /* not that of an inner registry or person */
	registry_info(csv, &info);
	assert_string_equal(info.date, "2025-02-13");
	registry_free(xml);
	registry_free(csv);
}

static void add_escaped(struct buffer *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '<')
			buffer_text(out, "&lt;");
		else if (text[i] == '>')
			buffer_text(out, "&gt;");
		else if (text[i] == '&')
			buffer_text(out, "&amp;");
		else if (text[i] == '"')
			buffer_text(out, "&quot;");
		else
			buffer_char(out, text[i]);
	}
}

static void add_element(struct buffer *out, const char *name, const char *text)
{
	if (!*text)
		return;
	buffer_format(out, "    <%s>", name);
	add_escaped(out, text, strlen(text));
	buffer_format(out, "</%s>\n", name);
}

/* "[A][B]" as one <xref> each; text that is no id or RFC stands between the tags. */
static void add_references(struct buffer *out, const char *type, const char *text)
{
	while (*text == '[') {
		size_t len = 1;

		/* A reference may itself hold brackets? None does. */
		while (text[len] && text[len] != ']')
			len++;
		if (strncmp(text, "[RFC", 4) == 0 && strspn(text + 4, "0123456789") == len - 4) {
			buffer_format(out, "<xref type=\"rfc\" data=\"rfc%.*s\"/>\n", (int)len - 4,
				text + 4);
		} else if (strcmp(type, "person") == 0) {
			buffer_text(out, "<xref type=\"person\" data=\"");
			add_escaped(out, text + 1, len - 1);
			buffer_text(out, "\"/>\n");
		} else {
			buffer_format(out, "<xref type=\"%s\">", type);
			add_escaped(out, text + 1, len - 1);
			buffer_text(out, "</xref>\n");
		}
		text += len + 1;
	}
	assert_int_equal(*text, '\0');
}

static void add_attribute(struct buffer *out, const char *name, const char *text)
{
	if (*text)
		buffer_format(out, " %s=\"%s\"", name, text);
}

static void add_record(struct buffer *out, const struct berth_record *record)
{
	static const char *const transports[] = {"", "tcp", "udp", "", "sctp", "", "", "", "dccp"};

	buffer_text(out, "  <record");
	add_attribute(out, "date", record->registered);
	add_attribute(out, "updated", record->modified);
	buffer_text(out, ">\n");
	add_element(out, "name", record->name);
	if (!record->any_transport)
		add_element(out, "protocol", transports[record->protos]);
	if (strcmp(record->assignee, record->contact) != 0) {
		buffer_text(out, "    <assignee>\n      ");
		add_references(out, "person", record->assignee);
		buffer_text(out, "    </assignee>\n");
	}
	add_references(out, "person", record->contact);
	add_element(out, "description", record->description);
	if (record->has_port && record->first == record->last)
		buffer_format(out, "    <number>%u</number>\n", record->first);
	else if (record->has_port)
		buffer_format(out, "    <number>%u-%u</number>\n", record->first, record->last);
	add_references(out, "text", record->reference);
	add_element(out, "sc", record->service_code);
	add_element(out, "unauthorized", record->unauthorized);
	add_element(out, "note", record->notes);
	buffer_text(out, "  </record>\n");
}

static void the_whole_registry_as_xml_makes_the_same_table(void **state)
{
	const struct registry *registry = registry_builtin();
	struct buffer xml = {0};

	(void)state;
	buffer_text(&xml,
		"<?xml version='1.0' encoding='UTF-8'?>\n" XML_OPEN
		"  <updated>2026-02-14</updated>\n");
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		add_record(&xml, &record);
	}
	buffer_text(&xml, "</registry>\n");
	struct registry *again = parsed(xml.data, xml.len, &checks_published);
	assert_same_tables(registry, again);
	struct berth_registry_info info;
	registry_info(again, &info);
	assert_string_equal(info.date, "2026-02-14");
	registry_free(again);
	buffer_free(&xml);
}

static void xml_that_is_not_ianas_registry_is_refused(void **state)
{
	(void)state;
	assert_xml_refused("<registry id=\"service-names-port-numbers\"/>",
		"file:1: the document is not IANA's <registry id=\"service-names-port-numbers\">");
	assert_xml_refused(
		"<registry xmlns=\"http://www.iana.org/assignments\" id=\"protocol-numbers\"/>",
		"file:1: the document is not IANA's <registry id=\"service-names-port-numbers\">");
	assert_xml_refused("\n<html/>",
		"file:2: the document is not IANA's <registry id=\"service-names-port-numbers\">");
	assert_xml_refused(XML_OPEN "<record>\n", "file:3: not well-formed XML: no element found");
}

static void xml_with_a_document_type_is_refused_before_any_entity_can_act(void **state)
{
	(void)state;
	assert_xml_refused("<!DOCTYPE registry [\n<!ENTITY a \"aaaaaaaa\">\n"
			   "<!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>\n" XML_OPEN "&b;</registry>",
		"file:1: a document type declaration, which IANA's files do not have");
	assert_xml_refused("<!DOCTYPE registry SYSTEM \"file:///etc/passwd\">\n" XML_OPEN
			   "</registry>",
		"file:1: a document type declaration, which IANA's files do not have");
	assert_xml_refused(XML_OPEN "<record><name>&x;</name></record></registry>",
		"file:2: not well-formed XML: undefined entity");
}

static void xml_that_nests_without_end_is_refused(void **state)
{
	struct buffer xml = {0};

	(void)state;
	buffer_text(&xml, XML_OPEN);
	for (int i = 0; i < 1000; i++)
		buffer_text(&xml, "<registry>");
	assert_refused_within(xml.data, xml.len, &any_size, "file:2: elements nested too deep");
	buffer_free(&xml);
}

static void xml_refusals_name_the_line_of_the_record(void **state)
{
	(void)state;
	assert_xml_refused(XML_OPEN "<record>\n<name>a</name>\n<number>1</number></record>\n"
				    "<record>\n<description>Odd</description>\n"
				    "<number>2</number></record></registry>",
		"file:5: no service name, and a description whose meaning is not known: \"Odd\"");
	assert_xml_refused(XML_OPEN "<record date=\"soon\"><name>a</name></record></registry>",
		"file:2: not a date (YYYY-MM or YYYY-MM-DD): \"soon\"");
	assert_xml_refused(XML_OPEN "<updated>today</updated></registry>",
		"file:1: updated on no date: \"today\"");
}

static void xml_elements_of_others_are_not_ours(void **state)
{
	static const char text[] =
		XML_OPEN "<x:record xmlns:x=\"urn:x\"><x:name>no</x:name></x:record>"
			 "<people><record><name>no</name></record></people>"
			 "<record><name>yes</name><x:name xmlns:x=\"urn:x\">no</x:name>"
			 "<note>one<xref type=\"text\">a<xref type=\"text\">b</xref>c</xref></note>"
			 "<note>two</note><note/></record></registry>";
	struct registry *registry = parsed(text, strlen(text), &any_size);

	(void)state;
	assert_int_equal(registry_count(registry), 1);
	assert_string_equal(named(registry, "yes").notes, "one[abc]\ntwo");
	registry_free(registry);
}

/* ---- Images ---------------------------------------------------------------------------------- */

static struct buffer image_of(const struct registry *registry)
{
	struct buffer image = {0};

	assert_int_equal(registry_image(registry, &image), 0);
	return image;
}

static struct buffer copy_of(const struct buffer *bytes)
{
	struct buffer copy = {0};

	buffer_bytes(&copy, bytes->data, bytes->len);
	assert_int_equal(copy.error, 0);
	return copy;
}

static void an_image_brings_back_what_was_written(void **state)
{
	char path[] = "/tmp/berth-test-XXXXXX";
	int fd = mkstemp(path);
	struct buffer image = image_of(registry_builtin());
	struct registry *loaded = NULL;
	struct berth_registry_info info;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, image.data, image.len), image.len);
	close(fd);
	assert_int_equal(registry_load(path, &loaded), 0);
	assert_same_tables(registry_builtin(), loaded);
	registry_info(loaded, &info);
	assert_string_equal(info.date, "2026-02-13");
	struct buffer again = image_of(loaded);
	assert_int_equal(again.len, image.len);
	assert_memory_equal(again.data, image.data, image.len);
	buffer_free(&again);
	registry_free(loaded);
	assert_int_equal(truncate(path, (off_t)image.len - 1), 0);
	assert_int_equal(registry_load(path, &loaded), -EBADMSG);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(registry_load(path, &loaded), -ENOENT);
	buffer_free(&image);
}

static void other_files_are_no_images(void **state)
{
	struct registry *registry = NULL;
	struct buffer bytes = {0};

	(void)state;
	assert_int_equal(image_open(&bytes, &registry), -EBADMSG);
	bytes = contents(NEW_CSV);
	assert_int_equal(image_open(&bytes, &registry), -EBADMSG);
	assert_non_null(bytes.data); /* still ours after a failure */
	assert_null(registry);
	buffer_free(&bytes);
	assert_int_equal(registry_load("/dev/zero", &registry), -EINVAL);
}

static void every_flipped_bit_of_the_header_is_noticed(void **state)
{
	enum {
		HEADER_LEN = 120
	};
	struct registry *small = parsed_file(SAMPLE_CSV, &any_size);
	struct buffer image = image_of(small);
	struct registry *opened = NULL;

	(void)state;
	for (size_t bit = 0; bit < HEADER_LEN * (size_t)8; bit++) {
		char flip = (char)(1 << bit % 8);

		image.data[bit / 8] = (char)(image.data[bit / 8] ^ flip);
		assert_int_equal(image_open(&image, &opened), -EBADMSG);
		image.data[bit / 8] = (char)(image.data[bit / 8] ^ flip);
	}
	assert_int_equal(image_open(&image, &opened), 0);
	registry_free(opened);
	registry_free(small);
}

/* Reads everything a registry can tell; the address sanitizer watches. */
static size_t read_all(const struct registry *registry)
{
	struct berth_registry_info info;
	size_t sum = 0;

	registry_info(registry, &info);
	sum += strlen(info.date);
	for (unsigned port = 0; port < 65536; port++) {
		const uint16_t *ids;
		size_t n_ids = registry_at(registry, (uint16_t)port, &ids);

		for (size_t i = 0; i < n_ids; i++)
			assert_true(ids[i] < registry_count(registry));
		sum += n_ids + registry_state(registry, (uint16_t)port, BERTH_UDP);
	}
	for (size_t id = 0; id < registry_count(registry); id++) {
		struct berth_record record;

		registry_record(registry, (uint16_t)id, &record);
		sum += strlen(record.name) + strlen(record.notes) + strlen(record.reference);
	}
	return sum;
}

/* xorshift (Marsaglia 2003): the same damage in every run. */
static uint32_t next_random(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void a_damaged_image_with_a_right_checksum_cannot_lead_astray(void **state)
{
	struct registry *small = parsed_file(SAMPLE_CSV, &any_size);
	struct buffer image = image_of(small);
	/* Most of it are the 65,536 set numbers; aim at the rest as well. */
	size_t tail = 120 + SPANS_NUMBERS * sizeof(uint32_t);
	uint32_t seed = 60587;
	unsigned accepted = 0;

	(void)state;
	for (unsigned round = 0; round < 600; round++) {
		struct buffer damaged = copy_of(&image);
		struct registry *opened = NULL;
		size_t from = round % 3 == 0 ? 24 : round % 3 == 1 ? 120 : tail;

		for (unsigned i = 0; i <= round % 4; i++) {
			size_t at = from + next_random(&seed) % (image.len - from);

			damaged.data[at] = (char)next_random(&seed);
		}
		image_seal(damaged.data, damaged.len);
		if (!image_open(&damaged, &opened)) {
			accepted++;
			(void)read_all(opened);
			registry_free(opened);
		}
		buffer_free(&damaged);
	}
	assert_int_not_equal(accepted, 0);
	buffer_free(&image);
	registry_free(small);
}

/* Puts one 32-bit number into an image, seals it, and wants it refused. */
static void assert_image_refused(const struct buffer *image, size_t at, uint32_t value)
{
	struct buffer damaged = copy_of(image);
	struct registry *opened = NULL;

	memcpy(damaged.data + at, &value, sizeof(value));
	image_seal(damaged.data, damaged.len);
	assert_int_equal(image_open(&damaged, &opened), -EBADMSG);
	buffer_free(&damaged);
}

static void offsets_that_point_outside_are_refused(void **state)
{
	enum {
		SET_OF = 120,
		RECORDS = SET_OF + 4 * SPANS_NUMBERS,
	};
	struct registry *small = parsed_file(SAMPLE_CSV, &any_size);
	struct buffer image = image_of(small);
	uint32_t pool_len = (uint32_t)small->pool_len;
	uint32_t n_sets = (uint32_t)small->ports.n_sets;
	size_t sets = RECORDS + small->n_records * 48 + SPANS_NUMBERS;

	(void)state;
	assert_image_refused(&image, SET_OF + 4 * 80, n_sets);
	assert_image_refused(&image, SET_OF + 4 * 80, UINT32_MAX);
	assert_image_refused(&image, RECORDS + 8, pool_len);
	assert_image_refused(&image, RECORDS + 48 + 44, UINT32_MAX);
	assert_image_refused(&image, RECORDS, 0x00010002); /* 2-1 */
	assert_image_refused(&image, RECORDS + 4, 0x00010301); /* unassignable by a record */
	assert_image_refused(&image, RECORDS + 4, 0x00010210); /* a fifth transport */
	assert_image_refused(&image, sets, 0xffff); /* a set longer than all */
	assert_image_refused(&image, sets + 2, 0x7fff0001); /* an id that is none */
	assert_image_refused(&image, image.len - 4, 0x41414141); /* the last text never ends */
	buffer_free(&image);
	registry_free(small);
}

/* ---- Differences ----------------------------------------------------------------------------- */

struct counts {
	int of[3];
	int contact_only;
	int stop_after;
	uint32_t last_port;
	char last_name[64];
};

static bool only_contact_differs(
	const struct berth_record *before, const struct berth_record *after)
{
	return strcmp(before->contact, after->contact) != 0 &&
		strcmp(before->description, after->description) == 0 &&
		strcmp(before->assignee, after->assignee) == 0 &&
		strcmp(before->registered, after->registered) == 0 &&
		strcmp(before->modified, after->modified) == 0 &&
		strcmp(before->reference, after->reference) == 0 &&
		strcmp(before->service_code, after->service_code) == 0 &&
		strcmp(before->unauthorized, after->unauthorized) == 0 &&
		strcmp(before->notes, after->notes) == 0;
}

static int count_change(void *context, enum berth_change change, const struct berth_record *before,
	const struct berth_record *after)
{
	struct counts *counts = context;
	const struct berth_record *record = after ? after : before;
	uint32_t port = record->has_port ? record->first : 65536;

	assert_int_equal(before != NULL, change != BERTH_ADDED);
	assert_int_equal(after != NULL, change != BERTH_REMOVED);
	assert_true(port >= counts->last_port);
	if (port == counts->last_port)
		assert_true(strcmp(record->name, counts->last_name) >= 0);
	counts->last_port = port;
	snprintf(counts->last_name, sizeof(counts->last_name), "%s", record->name);
	counts->of[change]++;
	if (before && after)
		counts->contact_only += only_contact_differs(before, after);
	return counts->stop_after && --counts->stop_after == 0 ? 42 : 0;
}

static void between_2020_and_2026_331_were_added_100_removed_343_changed(void **state)
{
	struct registry *old = parsed_file(OLD_CSV, &checks_published);
	struct counts counts = {0};

	(void)state;
	assert_int_equal(
		registry_diff(old, registry_builtin(), count_change, &counts), 331 + 100 + 343);
	assert_int_equal(counts.of[BERTH_ADDED], 331);
	assert_int_equal(counts.of[BERTH_REMOVED], 100);
	/* In all columns; 341 when those are left out of which only the contact is another. */
	assert_int_equal(counts.of[BERTH_CHANGED], 343);
	assert_int_equal(counts.contact_only, 2);
	counts = (struct counts){.stop_after = 3};
	assert_int_equal(registry_diff(old, registry_builtin(), count_change, &counts), 42);
	assert_int_equal(counts.of[0] + counts.of[1] + counts.of[2], 3);
	counts = (struct counts){0};
	assert_int_equal(registry_diff(old, old, count_change, &counts), 0);
	registry_free(old);
}

static void records_with_the_same_key_are_paired_by_their_texts(void **state)
{
	struct registry *before = parsed_rows("rdp,,,one,,,,,,,,\nrdp,,,two,,,,,,,,\n"
					      "rdp,,,three,,,,,,,,\na,5,tcp,,,,,,,,,\n");
	struct registry *after = parsed_rows("rdp,,,three,,,,,,,,\nrdp,,,two,,,,,,,,\n"
					     "rdp,,,four,,,,,,,,\nrdp,,,five,,,,,,,,\n"
					     "a,5,,,,,,,,,,\na,5-6,tcp,,,,,,,,,\n");
	struct counts counts = {0};

	(void)state;
	assert_int_equal(registry_diff(before, after, count_change, &counts), 5);
	assert_int_equal(counts.of[BERTH_CHANGED], 1); /* one became four or five */
	assert_int_equal(counts.of[BERTH_ADDED], 3); /* the other, a for all transports, 5-6 */
	assert_int_equal(counts.of[BERTH_REMOVED], 1); /* a for TCP */
	registry_free(after);
	registry_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builtin_copy_is_the_file_in_the_tree),
		cmocka_unit_test(info_counts_records_and_knows_the_newest_date),
		cmocka_unit_test(every_port_has_the_state_that_its_records_say),
		cmocka_unit_test(every_record_is_found_at_each_of_its_ports_narrowest_first),
		cmocka_unit_test(a_range_covers_the_ports_inside_it),
		cmocka_unit_test(one_port_can_have_several_names),
		cmocka_unit_test(a_row_without_transport_holds_for_all_four),
		cmocka_unit_test(the_specific_record_wins),
		cmocka_unit_test(port_0_is_reserved_where_the_registry_says_so),
		cmocka_unit_test(the_dynamic_range_is_unassignable_and_starts_at_49152),
		cmocka_unit_test(udplite_and_mptcp_ask_for_udp_and_tcp),
		cmocka_unit_test(a_given_back_port_is_reserved_with_or_without_a_name),
		cmocka_unit_test(private_uses_without_a_name_are_assigned_and_suspicions_are_not),
		cmocka_unit_test(names_without_a_port_are_there),
		cmocka_unit_test(all_fields_of_a_record_are_told),
		cmocka_unit_test(an_id_that_does_not_exist_gives_an_empty_record),
		cmocka_unit_test(a_description_without_name_that_nobody_decided_about_is_unknown),
		cmocka_unit_test(every_spelling_in_both_files_is_decided),
		cmocka_unit_test(csv_cells_keep_commas_quotes_and_line_feeds),
		cmocka_unit_test(refusals_name_the_line_where_the_record_starts),
		cmocka_unit_test(what_is_no_port_is_refused),
		cmocka_unit_test(what_is_no_transport_is_refused),
		cmocka_unit_test(what_is_no_date_is_refused),
		cmocka_unit_test(bytes_that_are_no_text_are_refused),
		cmocka_unit_test(an_assignment_in_the_dynamic_range_is_refused),
		cmocka_unit_test(another_header_row_is_refused),
		cmocka_unit_test(a_file_that_was_cut_off_is_refused),
		cmocka_unit_test(a_pile_of_ranges_is_refused),
		cmocka_unit_test(more_records_than_ids_are_refused),
		cmocka_unit_test(xml_and_csv_of_the_same_records_make_the_same_table),
		cmocka_unit_test(the_whole_registry_as_xml_makes_the_same_table),
		cmocka_unit_test(xml_that_is_not_ianas_registry_is_refused),
		cmocka_unit_test(xml_with_a_document_type_is_refused_before_any_entity_can_act),
		cmocka_unit_test(xml_that_nests_without_end_is_refused),
		cmocka_unit_test(xml_refusals_name_the_line_of_the_record),
		cmocka_unit_test(xml_elements_of_others_are_not_ours),
		cmocka_unit_test(an_image_brings_back_what_was_written),
		cmocka_unit_test(other_files_are_no_images),
		cmocka_unit_test(every_flipped_bit_of_the_header_is_noticed),
		cmocka_unit_test(a_damaged_image_with_a_right_checksum_cannot_lead_astray),
		cmocka_unit_test(offsets_that_point_outside_are_refused),
		cmocka_unit_test(between_2020_and_2026_331_were_added_100_removed_343_changed),
		cmocka_unit_test(records_with_the_same_key_are_paired_by_their_texts),
	};

	return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}
