// SPDX-License-Identifier: MIT
/* What files say of ports, each kind for itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "project/project.h"

static int read_file(struct project *project, const char *name, const char *text, char *ret_problem)
{
	struct buffer problem = {0};
	int r = project_read(project, project_kind(name), name, text, strlen(text), &problem);

	(void)snprintf(ret_problem, 128, "%s", buffer_string(&problem));
	buffer_free(&problem);
	return r;
}

static struct project read_sound(const char *name, const char *text)
{
	struct project project = {0};
	char problem[128];

	assert_int_equal(read_file(&project, name, text, problem), 0);
	assert_string_equal(problem, "");
	return project;
}

static void assert_refused(const char *name, const char *text, const char *expected)
{
	struct project project = {0};
	char problem[128];

	assert_int_equal(read_file(&project, name, text, problem), -EBADMSG);
	assert_string_equal(problem, expected);
	project_free(&project);
}

static void kinds_are_told_by_name(void **state)
{
	(void)state;
	assert_int_equal(project_kind("berth.toml"), BERTH_WISH_MANIFEST);
	assert_int_equal(project_kind("x/docker-compose.yml"), BERTH_WISH_COMPOSE);
	assert_int_equal(project_kind("compose.yaml"), BERTH_WISH_COMPOSE);
	assert_int_equal(project_kind("/etc/systemd/system/a.socket"), BERTH_WISH_SOCKET_UNIT);
	assert_int_equal(project_kind("a.service"), BERTH_WISH_SERVICE_UNIT);
	assert_int_equal(project_kind(".env"), BERTH_WISH_ENV);
	assert_int_equal(project_kind(".env.local"), BERTH_WISH_ENV);
	assert_int_equal(project_kind("prod.env"), BERTH_WISH_ENV);
	assert_int_equal(project_kind("ports"), BERTH_WISH_LIST);
}

static void a_manifest_names_ports_ranges_and_commands(void **state)
{
	struct project project = read_sound("berth.toml",
		"# all of them\n"
		"range = \"4000-4999\"\n"
		"\n"
		"[web]\n"
		"port = 3000 # a wish\n"
		"command = \"npm run dev\"\n"
		"env = [\"PORT\",\n  'WEB',\n]\n"
		"[\"db\"]\r\n"
		"proto = 'udp'\r\n"
		"range = \"5000-5009\"\r\n"
		"command = [\"redis\", \"a\\tb\\u00e9\"]\r\n");
	const struct berth_wish *web = &project.wishes[0];
	const struct berth_wish *db = &project.wishes[1];

	(void)state;
	assert_int_equal(project.range.first, 4000);
	assert_int_equal(project.range.last, 4999);
	assert_int_equal(project.n_wishes, 2);
	assert_string_equal(web->name, "web");
	assert_int_equal(web->line, 4);
	assert_int_equal(web->first, 3000);
	assert_true(web->command_is_shell);
	assert_string_equal(web->command[0], "npm run dev");
	assert_int_equal(web->n_env, 2);
	assert_string_equal(web->env[1], "WEB");
	assert_string_equal(db->name, "db");
	assert_int_equal(db->line, 10);
	assert_int_equal(db->first, 0);
	assert_int_equal(db->range.last, 5009);
	assert_int_equal(db->proto, BERTH_UDP);
	assert_false(db->command_is_shell);
	assert_int_equal(db->n_command, 2);
	assert_string_equal(db->command[1], "a\tb\xc3\xa9");
	project_free(&project);
}

static void a_manifest_with_a_mistake_is_refused(void **state)
{
	static const struct {
		const char *text;
		const char *problem;
	} cases[] = {
		{"[a]\nport = 0\n", "2: port is a number from 1 to 65535"},
		{"[a]\nport = \"80\"\n", "2: port is a number from 1 to 65535"},
		{"[a]\n\nports = 80\n",
			"3: no such key; there are port, range, proto, env and command: "
			"ports"},
		{"port = 80\n", "1: before the first [name], only range may stand: port"},
		{"[a]\nport = 80\nport = 81\n", "3: the key is there twice"},
		{"[a]\n[a]\n", "2: the table is there twice"},
		{"[a b]\n", "1: ] is missing behind the name of the table"},
		{"[\"a b\"]\n", "1: a name has letters, digits, - _ and . (at most 64): a b"},
		{"[a]\nport = 80 81\n", "2: something stands behind the value"},
		{"[a]\nport = 080\n", "2: numbers do not begin with 0"},
		{"[a]\ncommand = \"x\n", "2: the string is not closed on its line"},
		{"[a]\ncommand = \"\"\"x\"\"\"\n",
			"2: strings over several lines are not understood here"},
		{"[a]\ncommand = \"\\q\"\n", "2: no such escape; a backslash itself is \\\\"},
		{"[a]\ncommand = []\n", "2: command is a text for the shell or a list of words"},
		{"[a]\nrange = \"9-5\"\n", "2: range is a text such as \"4000-4999\""},
		{"[a]\nproto = \"icmp\"\n", "2: proto is \"tcp\" or \"udp\""},
		{"a.b = 1\n", "1: dotted keys are not understood here"},
		{"[[a]]\n", "1: arrays of tables are not understood here"},
		{"[a]\nport = 1.5\n",
			"2: not a value: a string in quotes, a whole number, true, false or "
			"an array of strings"},
		{"\xff", "1: the file is not UTF-8 text"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_refused("berth.toml", cases[i].text, cases[i].problem);
}

static void assert_ports(const struct berth_wish *wish, uint16_t first, uint16_t last)
{
	assert_null(wish->problem);
	assert_int_equal(wish->first, first);
	assert_int_equal(wish->last, last);
}

static void compose_publishes_in_two_spellings(void **state)
{
	static const uint8_t loopback[4] = {127, 0, 0, 1};
	struct project project = read_sound("compose.yml",
		"services:\n"
		"  web:\n"
		"    ports:\n"
		"      - \"3000\"\n"
		"      - \"8000:80\"\n"
		"      - \"9090-9091:8080-8081/udp\"\n"
		"      - \"127.0.0.1:8001:8001\"\n"
		"      - \"[::1]:6001:6001\"\n"
		"      - \"5000-5009:80\"\n"
		"      - \"127.0.0.1::5000\"\n"
		"      - target: 80\n"
		"        published: \"8080\"\n"
		"        host_ip: 127.0.0.1\n"
		"        protocol: udp\n"
		"  hidden:\n"
		"    network_mode: host\n"
		"    ports: [\"1:1\"]\n");
	const struct berth_wish *wish = project.wishes;

	(void)state;
	assert_int_equal(project.n_wishes, 8);
	assert_ports(&wish[0], 0, 0);
	assert_ports(&wish[1], 8000, 8000);
	assert_int_equal(wish[1].line, 5);
	assert_string_equal(wish[1].name, "web");
	assert_ports(&wish[2], 9090, 9091);
	assert_false(wish[2].any);
	assert_int_equal(wish[2].proto, BERTH_UDP);
	assert_ports(&wish[3], 8001, 8001);
	assert_memory_equal(wish[3].address, loopback, 4);
	assert_ports(&wish[4], 6001, 6001);
	assert_int_equal(wish[4].family, 6);
	assert_ports(&wish[5], 5000, 5009);
	assert_true(wish[5].any);
	assert_ports(&wish[6], 0, 0);
	assert_ports(&wish[7], 8080, 8080);
	assert_int_equal(wish[7].family, 4);
	assert_int_equal(wish[7].proto, BERTH_UDP);
	project_free(&project);
}

static void compose_variables_are_filled_in(void **state)
{
	static const struct project_setting settings[] = {{"WEB", "8000"}, {"EMPTY", ""}};
	static const char text[] = "services:\n"
				   "  web:\n"
				   "    ports:\n"
				   "      - \"${WEB}:80\"\n"
				   "      - \"$WEB:80\"\n"
				   "      - \"${NONE:-7000}:80\"\n"
				   "      - \"${EMPTY:-7001}:80\"\n"
				   "      - \"${NONE}:80\"\n";
	struct project project = {.settings = settings, .n_settings = 2};
	char problem[128];

	(void)state;
	assert_int_equal(read_file(&project, "compose.yaml", text, problem), 0);
	assert_ports(&project.wishes[0], 8000, 8000);
	assert_ports(&project.wishes[1], 8000, 8000);
	assert_ports(&project.wishes[2], 7000, 7000);
	assert_ports(&project.wishes[3], 7001, 7001);
	assert_string_equal(project.wishes[4].problem, "not known, since a variable has no value");
	assert_string_equal(project.wishes[4].text, "${NONE}:80");
	project_free(&project);
	assert_refused(
		"compose.yaml", "services: [\n", "2: not YAML: did not find expected node content");
}

static void units_say_where_they_listen(void **state)
{
	struct project project = read_sound("a.socket",
		"[Unit]\nListenStream=1\n"
		"[Socket]\nListenStream=80\nListenDatagram=[::1]:53\nListenStream=/run/a\n"
		"ListenStream=%i\n");

	(void)state;
	assert_int_equal(project.n_wishes, 3);
	assert_ports(&project.wishes[0], 80, 80);
	assert_true(project.wishes[0].sure);
	assert_ports(&project.wishes[1], 53, 53);
	assert_int_equal(project.wishes[1].proto, BERTH_UDP);
	assert_non_null(project.wishes[2].problem);
	project_free(&project);
	project = read_sound("a.service",
		"[Service]\nEnvironment=PORT=3000 \"OTHER=5\"\n"
		"ExecStart=/usr/bin/server --port 8080 -p 70 --http-port=9 --workers 4\n");
	assert_int_equal(project.n_wishes, 4);
	assert_ports(&project.wishes[0], 3000, 3000);
	assert_ports(&project.wishes[1], 8080, 8080);
	assert_ports(&project.wishes[2], 70, 70);
	assert_ports(&project.wishes[3], 9, 9);
	assert_false(project.wishes[3].sure);
	project_free(&project);
}

static void variables_that_end_in_port_are_guesses_but_for_port(void **state)
{
	struct project project = read_sound(".env",
		"# PORT=1\nexport PORT=\"3000\" # web\nDB_PORT=5432\nURL=http://a:1\n"
		"EXPORT=1\nBAD_PORT=x\nPORT=\n");

	(void)state;
	assert_int_equal(project.n_wishes, 3);
	assert_ports(&project.wishes[0], 3000, 3000);
	assert_string_equal(project.wishes[0].name, "PORT");
	assert_int_equal(project.wishes[0].line, 2);
	assert_true(project.wishes[0].sure);
	assert_false(project.wishes[1].sure);
	assert_ports(&project.wishes[1], 5432, 5432);
	assert_string_equal(project.wishes[2].problem, "not a port (1 to 65535)");
	project_free(&project);
}

static void a_list_has_ports_and_remarks(void **state)
{
	struct project project =
		read_sound("ports", "3000, 127.0.0.1:80/tcp\n# none\n[::1]:81/udp 9-8 x # y\n");

	(void)state;
	assert_int_equal(project.n_wishes, 5);
	assert_ports(&project.wishes[0], 3000, 3000);
	assert_ports(&project.wishes[1], 80, 80);
	assert_int_equal(project.wishes[1].family, 4);
	assert_ports(&project.wishes[2], 81, 81);
	assert_int_equal(project.wishes[2].line, 3);
	assert_non_null(project.wishes[3].problem);
	assert_string_equal(project.wishes[4].text, "x");
	assert_non_null(project.wishes[4].problem);
	project_free(&project);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_are_told_by_name),
		cmocka_unit_test(a_manifest_names_ports_ranges_and_commands),
		cmocka_unit_test(a_manifest_with_a_mistake_is_refused),
		cmocka_unit_test(compose_publishes_in_two_spellings),
		cmocka_unit_test(compose_variables_are_filled_in),
		cmocka_unit_test(units_say_where_they_listen),
		cmocka_unit_test(variables_that_end_in_port_are_guesses_but_for_port),
		cmocka_unit_test(a_list_has_ports_and_remarks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
