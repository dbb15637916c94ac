// SPDX-License-Identifier: MIT
/* What users and containers can write: paths of cgroups, files of engines, units, arguments. The
 * first byte chooses which. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sockets/linux/cgroup_path.h"
#include "sockets/linux/engine_extract.h"
#include "sockets/linux/engine_files.h"
#include "sockets/linux/process.h"
#include "sockets/linux/proxies.h"
#include "sockets/linux/socket_unit.h"

enum {
	N_SPANS = 9
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(const char *text, size_t len, const struct cgroup_span *span)
{
	if (span->len && (span->text < text || span->text + span->len > text + len))
		abort();
}

static void check_cgroup(const char *text, size_t len)
{
	struct cgroup_path path;
	struct arena arena = {0};

	if (!cgroup_path_choose(text, len, &path))
		return;
	const struct cgroup_span *const spans[N_SPANS] = {&path.path, &path.slice, &path.unit,
		&path.user_unit, &path.container, &path.pod, &path.inside, &path.last,
		&path.before_last};
	for (size_t i = 0; i < N_SPANS; i++)
		check_span(text, len, spans[i]);
	if ((path.engine == BERTH_NO_ENGINE) != !path.container.len)
		abort();
	const char *name = cgroup_path_name(&arena, &path.container);
	if (name && strlen(name) > path.container.len)
		abort();
	(void)cgroup_path_pod(&arena, &path.pod);
	arena_free(&arena);
}

static void check_file(enum engine_file kind, const char *text, size_t len)
{
	static const char id[] = "3f2a41bc90de5a7c8e6d4b2a1f0e9d8c7b6a59483726150493827161504f3e2d";
	struct engine_facts facts = {0};
	struct engine_facts again = {0};
	struct arena arena = {0};
	struct buffer kept = {0};

	if (!engine_files_read(kind, &arena, text, len, id, &facts)) {
		engine_extract(kind, &facts, &kept);
		if (kept.error ||
			engine_files_read(
				kind, &arena, buffer_string(&kept), kept.len, id, &again) ||
			facts.n_addresses != again.n_addresses || !facts.pod != !again.pod)
			abort();
	}
	buffer_free(&kept);
	arena_free(&arena);
}

static void check_unit(const char *text, size_t len)
{
	struct socket_unit unit = {.name = "name-of@instance.socket"};
	const struct berth_socket row = {.family = 6, .local_port = 80};
	struct arena arena = {0};

	if (!socket_unit_read(&arena, text, len, &unit) &&
		(!socket_unit_service(&arena, &unit) ||
			(!unit.listens && socket_unit_opens(&unit, &row))))
		abort();
	arena_free(&arena);
}

static void check_helper(const char *text, size_t len)
{
	static const char *const names[] = {"docker-proxy", "conmon", "slirp4netns", "pasta"};
	const char *const *argv = NULL;
	struct proxies_target target;
	struct arena arena = {0};
	size_t n_argv = 0;

	if (!process_parse_arguments(&arena, text, len, &argv, &n_argv)) {
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			proxies_read(names[i], argv, n_argv, &target);
	}
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	size_t len = size - 1;
	switch (data[0] % 6) {
	case 0:
		check_cgroup(text, len);
		break;
	case 1:
		check_file(ENGINE_FILE_DOCKER, text, len);
		break;
	case 2:
		check_file(ENGINE_FILE_OCI, text, len);
		break;
	case 3:
		check_file(ENGINE_FILE_STORAGE, text, len);
		break;
	case 4:
		check_unit(text, len);
		break;
	default:
		check_helper(text, len);
		break;
	}
	return 0;
}
