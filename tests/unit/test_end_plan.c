// SPDX-License-Identifier: MIT
/* Whom berth kill means, and what berth wait waits for: the pure rules of both. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "api/end_plan.h"
#include "api/endpoint.h"
#include "api/wait_judge.h"
#include "base/duration.h"
#include "base/signals.h"

enum {
	MOST = 8,
};

static const struct berth_process init = {.pid = 1, .start_ticks = 1, .name = "systemd"};

struct made {
	struct berth_owner owners[MOST];
	struct berth_socket socket;
};

static struct made listener(const struct berth_process *const *processes)
{
	struct made made = {.socket = {.proto = BERTH_TCP,
				    .family = 4,
				    .state = BERTH_LISTEN,
				    .local = {127, 0, 0, 1},
				    .local_port = 8080,
				    .local_text = "127.0.0.1",
				    .inode = 7}};

	for (; *processes; processes++)
		made.owners[made.socket.n_owners++] = (struct berth_owner){.process = *processes};
	return made;
}

struct planned {
	struct arena arena;
	struct berth_end_step *steps;
	size_t n;
};

static struct planned plan(
	const struct end_plan_ask *ask, struct made *made, const struct berth_process *self)
{
	const struct berth_socket *sockets[] = {&made->socket, &made->socket};
	struct planned planned = {0};
	struct end_plan_ask asked = *ask;

	asked.self = self;
	made->socket.owners = made->owners;
	/* Twice the same socket: everything once all the same. */
	assert_int_equal(
		end_plan(&asked, sockets, 2, &planned.arena, &planned.steps, &planned.n), 0);
	return planned;
}

static const struct end_plan_ask plain = {0};
static const struct end_plan_ask forced = {.force = true};
static const struct end_plan_ask processes_only = {.processes = true};

#define LIST(...) ((const struct berth_process *const[]){__VA_ARGS__, NULL})

static void assert_words(const struct berth_end_step *step, const char *wanted)
{
	struct buffer words = {0};

	assert_int_equal(step->kind, BERTH_END_COMMAND);
	for (size_t i = 0; step->command[i]; i++)
		buffer_format(&words, "%s%s", i ? " " : "", step->command[i]);
	assert_string_equal(buffer_string(&words), wanted);
	buffer_free(&words);
}

static void test_a_process_is_signalled(void **state)
{
	const struct berth_process node = {
		.pid = 50, .start_ticks = 9, .name = "node", .parent = &init};
	struct made made = listener(LIST(&node));
	struct planned planned = plan(&plain, &made, NULL);

	(void)state;
	assert_int_equal(planned.n, 1);
	assert_int_equal(planned.steps[0].kind, BERTH_END_SIGNAL);
	assert_ptr_equal(planned.steps[0].process, &node);
	assert_false(planned.steps[0].later);
	arena_free(&planned.arena);
}

static void test_masters_come_before_their_workers(void **state)
{
	const struct berth_process master = {
		.pid = 50, .start_ticks = 9, .name = "m", .parent = &init};
	const struct berth_process shell = {
		.pid = 51, .start_ticks = 10, .name = "sh", .parent = &master};
	const struct berth_process worker = {
		.pid = 52, .start_ticks = 10, .name = "w", .parent = &master};
	const struct berth_process deep = {
		.pid = 53, .start_ticks = 11, .name = "w", .parent = &shell};
	struct made made = listener(LIST(&deep, &worker, &master));
	struct planned planned = plan(&plain, &made, NULL);

	(void)state;
	assert_int_equal(planned.n, 3);
	assert_ptr_equal(planned.steps[0].process, &master);
	assert_false(planned.steps[0].later);
	assert_true(planned.steps[1].later && planned.steps[2].later);
	arena_free(&planned.arena);
}

static void test_some_are_left_alone(void **state)
{
	const struct berth_process shell = {
		.pid = 50, .start_ticks = 9, .name = "sh", .parent = &init};
	const struct berth_process self = {
		.pid = 60, .start_ticks = 20, .name = "berth", .parent = &shell};
	struct made made = listener(LIST(&init, &shell, &self));
	struct planned planned = plan(&plain, &made, &self);

	(void)state;
	assert_int_equal(planned.n, 3);
	for (size_t i = 0; i < planned.n; i++) {
		assert_int_equal(planned.steps[i].kind, BERTH_END_REFUSED);
		assert_non_null(planned.steps[i].why);
	}
	arena_free(&planned.arena);
	planned = plan(&forced, &made, &self);
	assert_int_equal(planned.n, 3);
	for (size_t i = 0; i < planned.n; i++)
		assert_int_equal(planned.steps[i].kind,
			planned.steps[i].process == &shell ? BERTH_END_SIGNAL : BERTH_END_REFUSED);
	arena_free(&planned.arena);
}

/* The same pid with another start is somebody else. */
static void test_identity_is_pid_and_start(void **state)
{
	const struct berth_process old = {
		.pid = 60, .start_ticks = 5, .name = "old", .parent = &init};
	const struct berth_process self = {
		.pid = 60, .start_ticks = 20, .name = "berth", .parent = &init};
	struct made made = listener(LIST(&old));
	struct planned planned = plan(&plain, &made, &self);

	(void)state;
	assert_int_equal(planned.steps[0].kind, BERTH_END_SIGNAL);
	arena_free(&planned.arena);
}

static void test_an_unknown_owner_is_told_with_its_reason(void **state)
{
	struct made made = listener(LIST(NULL));
	struct planned planned;

	(void)state;
	made.socket.reason_text = "needs CAP_SYS_PTRACE";
	planned = plan(&plain, &made, NULL);
	assert_int_equal(planned.steps[0].kind, BERTH_END_REFUSED);
	assert_string_equal(planned.steps[0].why, "needs CAP_SYS_PTRACE");
	arena_free(&planned.arena);
}

static void test_places_have_their_own_commands(void **state)
{
	static const struct {
		struct berth_place place;
		const char *command;
		bool by_hand;
	} cases[] = {
		{{.unit = "nginx.service"}, "systemctl stop nginx.service", false},
		{{.unit = "-x.service"}, "systemctl stop -- -x.service", false},
		{{.unit = "user@1000.service",
			 .user_unit = "sync.service",
			 .has_user = true,
			 .user_uid = 1000},
			"systemctl --user --machine=1000@ stop sync.service", false},
		{{.engine = BERTH_DOCKER, .container = "3f2a", .container_name = "web"},
			"docker stop web", false},
		{{.engine = BERTH_DOCKER, .container = "3f2a"}, "docker stop 3f2a", false},
		{{.engine = BERTH_PODMAN, .container = "3f2a", .container_name = "web", .pod = "p"},
			"podman stop web", false},
		{{.engine = BERTH_NSPAWN, .container = "web", .unit = "systemd-nspawn@web.service"},
			"machinectl poweroff web", false},
		{{.engine = BERTH_CRIO,
			 .container = "3f2a",
			 .pod_name = "web-1",
			 .pod_namespace = "shop"},
			"kubectl delete pod web-1 --namespace shop", true},
		{{.engine = BERTH_RUNC, .container = "box"}, "runc kill box", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct berth_process server = {.pid = 50,
			.start_ticks = 9,
			.name = "s",
			.parent = &init,
			.place = &cases[i].place};
		const struct berth_process worker = {.pid = 51,
			.start_ticks = 9,
			.name = "s",
			.parent = &server,
			.place = &cases[i].place};
		const struct berth_process self = {.pid = 60, .uid = 0, .name = "berth"};
		struct made made = listener(LIST(&server, &worker));
		struct planned planned = plan(&plain, &made, &self);

		assert_int_equal(planned.n, 1);
		assert_words(&planned.steps[0], cases[i].command);
		assert_int_equal(planned.steps[0].by_hand, cases[i].by_hand);
		arena_free(&planned.arena);
		planned = plan(&processes_only, &made, &self);
		assert_int_equal(planned.n, 2);
		assert_int_equal(planned.steps[0].kind, BERTH_END_SIGNAL);
		arena_free(&planned.arena);
	}
}

static void test_our_own_unit_or_container_does_not_count(void **state)
{
	static const struct berth_place places[] = {
		{.unit = "ssh.service"},
		{.engine = BERTH_DOCKER, .container = "3f2a"},
		{.unit = "user@5.service",
			.user_unit = "terminal.service",
			.has_user = true,
			.user_uid = 5},
		{.unit = "session-1.scope", .has_user = true, .user_uid = 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct berth_place copy = places[i];
		const struct berth_process node = {
			.pid = 50, .name = "node", .parent = &init, .place = &places[i]};
		const struct berth_process self = {.pid = 60, .name = "berth", .place = &copy};
		struct made made = listener(LIST(&node));
		struct planned planned = plan(&plain, &made, &self);

		assert_int_equal(planned.steps[0].kind, BERTH_END_SIGNAL);
		arena_free(&planned.arena);
	}
}

static void test_a_container_of_no_known_engine_is_left_alone(void **state)
{
	const struct berth_place place = {.engine = BERTH_SOME_ENGINE, .container = "x"};
	const struct berth_process node = {.pid = 50, .name = "node", .place = &place};
	struct made made = listener(LIST(&node));
	struct planned planned = plan(&plain, &made, NULL);

	(void)state;
	assert_int_equal(planned.steps[0].kind, BERTH_END_REFUSED);
	arena_free(&planned.arena);
}

static void test_helpers_and_sockets_of_systemd(void **state)
{
	const struct berth_place box = {
		.engine = BERTH_DOCKER, .container = "3f2a", .container_name = "web"};
	const struct berth_process helper = {
		.pid = 50, .name = "docker-proxy", .parent = &init, .serves = &box};
	const struct berth_place unit = {.unit = "nginx.service"};
	const struct berth_process nginx = {
		.pid = 51, .name = "nginx", .parent = &init, .place = &unit};
	struct made made = listener(LIST(&helper));
	struct planned planned = plan(&plain, &made, NULL);

	(void)state;
	assert_int_equal(planned.n, 1);
	assert_words(&planned.steps[0], "docker stop web");
	arena_free(&planned.arena);

	made = listener(LIST(&init, &nginx));
	made.socket.activation_unit = "nginx.socket";
	made.socket.activation_service = "nginx.service";
	planned = plan(&plain, &made, NULL);
	assert_int_equal(planned.n, 1);
	assert_words(&planned.steps[0], "systemctl stop nginx.socket nginx.service");
	arena_free(&planned.arena);

	made.socket.activation_service = "ftpd@.service";
	made.socket.n_owners = 1;
	planned = plan(&plain, &made, NULL);
	assert_words(&planned.steps[0], "systemctl stop nginx.socket");
	arena_free(&planned.arena);
}

/* ---- berth wait ------------------------------------------------------------------------------ */

static void assert_listening(
	struct made *made, const char *owner, enum wait_judge wanted, const char *phrase)
{
	const struct berth_socket *sockets[] = {&made->socket};
	const struct berth_process *helper = NULL;
	struct buffer text = {0};

	made->socket.owners = made->owners;
	assert_int_equal(wait_judge_listening(sockets, 1, owner, &text, &helper), wanted);
	assert_int_equal(helper != NULL, wanted == WAIT_JUDGE_HELPER);
	if (phrase)
		assert_non_null(strstr(buffer_string(&text), phrase));
	buffer_free(&text);
}

static void test_what_counts_as_listening(void **state)
{
	const struct berth_place box = {.engine = BERTH_DOCKER, .container = "3f2a"};
	const struct berth_process helper = {
		.pid = 50, .name = "docker-proxy", .serves = &box, .serves_port = 80};
	const struct berth_process node = {.pid = 51, .name = "node", .exe = "/usr/bin/nodejs"};
	struct made made = listener(LIST(&node));

	(void)state;
	assert_listening(&made, NULL, WAIT_JUDGE_DONE, "listens on 127.0.0.1:8080");
	assert_listening(&made, "node", WAIT_JUDGE_DONE, NULL);
	assert_listening(&made, "nodejs", WAIT_JUDGE_DONE, NULL);
	assert_listening(&made, "51", WAIT_JUDGE_DONE, NULL);
	assert_listening(&made, "nginx", WAIT_JUDGE_NOT_YET, "not nginx");
	made.socket.state = BERTH_BOUND;
	assert_listening(&made, NULL, WAIT_JUDGE_NOT_YET, "does not listen");
	made = listener(LIST(&helper));
	assert_listening(&made, NULL, WAIT_JUDGE_HELPER, NULL);
	assert_listening(&made, "docker-proxy", WAIT_JUDGE_DONE, NULL);
	made = listener(LIST(&helper, &node));
	assert_listening(&made, NULL, WAIT_JUDGE_DONE, NULL);
	made = listener(LIST(&init));
	made.socket.activation_unit = "web.socket";
	made.socket.activation_service = "web.service";
	assert_listening(&made, NULL, WAIT_JUDGE_DONE, "a connection starts web.service");
	assert_listening(&made, "web", WAIT_JUDGE_NOT_YET, NULL);
}

static void test_what_counts_as_free(void **state)
{
	const struct berth_process node = {.pid = 51, .name = "node"};
	struct made made = listener(LIST(&node));
	const struct berth_socket *sockets[] = {&made.socket};
	struct buffer text = {0};

	(void)state;
	made.socket.owners = made.owners;
	assert_int_equal(wait_judge_free(sockets, 0, NULL, &text), WAIT_JUDGE_DONE);
	assert_int_equal(wait_judge_free(sockets, 1, NULL, &text), WAIT_JUDGE_NOT_YET);
	assert_int_equal(wait_judge_free(sockets, 1, "nginx", &text), WAIT_JUDGE_DONE);
	assert_int_equal(wait_judge_free(sockets, 1, "node", &text), WAIT_JUDGE_NOT_YET);
	made.socket.n_owners = 0; /* who is not known may be nginx */
	assert_int_equal(wait_judge_free(sockets, 1, "nginx", &text), WAIT_JUDGE_NOT_YET);
	buffer_free(&text);
}

/* ---- Words ------------------------------------------------------------------------------------
 */

static void test_lengths_of_time(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t ms;
	} cases[] = {
		{"5", 0, 5000},
		{"5s", 0, 5000},
		{"500ms", 0, 500},
		{"2m", 0, 120000},
		{"1.5h", 0, 5400000},
		{"0.25", 0, 250},
		{"1d", 0, 86400000},
		{"0", 0, 0},
		{"", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"5x", -EINVAL, 0},
		{"1.", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"9999d", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t ms = -1;

		assert_int_equal(duration_parse(cases[i].text, &ms), cases[i].r);
		assert_int_equal(ms, cases[i].r ? -1 : cases[i].ms);
	}
}

static void test_names_of_signals(void **state)
{
	(void)state;
	assert_int_equal(signals_parse("TERM"), SIGTERM);
	assert_int_equal(signals_parse("sigterm"), SIGTERM);
	assert_int_equal(signals_parse("15"), SIGTERM);
	assert_int_equal(signals_parse("0"), -EINVAL);
	assert_int_equal(signals_parse("SIG"), -EINVAL);
	assert_int_equal(signals_parse("-9"), -EINVAL);
	assert_int_equal(signals_parse("200"), -EINVAL);
	assert_string_equal(signals_name(SIGKILL), "SIGKILL");
	assert_true(signals_ends(SIGTERM) && signals_ends(SIGKILL) && !signals_ends(SIGHUP));
}

static void test_parts_and_sockets(void **state)
{
	struct berth_query_part part = {.first = 8080, .last = 8080};
	struct made made = listener(LIST(NULL));
	struct berth_socket *socket = &made.socket;

	(void)state;
	assert_true(endpoint_has(&part, socket));
	part.protos = BERTH_PROTO_BIT(BERTH_UDP);
	assert_false(endpoint_has(&part, socket));
	part.protos = 0;
	part.family = 4;
	memcpy(part.address, (const uint8_t[]){127, 0, 0, 1}, 4);
	assert_true(endpoint_has(&part, socket) && endpoint_is_exact(&part, socket));
	memset(socket->local, 0, 4);
	assert_true(endpoint_has(&part, socket));
	assert_false(endpoint_is_exact(&part, socket));
	socket->family = 6;
	assert_true(endpoint_has(&part, socket));
	socket->v6only = 1;
	assert_false(endpoint_has(&part, socket));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_is_signalled),
		cmocka_unit_test(test_masters_come_before_their_workers),
		cmocka_unit_test(test_some_are_left_alone),
		cmocka_unit_test(test_identity_is_pid_and_start),
		cmocka_unit_test(test_an_unknown_owner_is_told_with_its_reason),
		cmocka_unit_test(test_places_have_their_own_commands),
		cmocka_unit_test(test_our_own_unit_or_container_does_not_count),
		cmocka_unit_test(test_a_container_of_no_known_engine_is_left_alone),
		cmocka_unit_test(test_helpers_and_sockets_of_systemd),
		cmocka_unit_test(test_what_counts_as_listening),
		cmocka_unit_test(test_what_counts_as_free),
		cmocka_unit_test(test_lengths_of_time),
		cmocka_unit_test(test_names_of_signals),
		cmocka_unit_test(test_parts_and_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
