// SPDX-License-Identifier: MIT
/*
 * The arguments of docker-proxy (moby, cmd/docker-proxy), conmon (its manual), slirp4netns(1) and
 * pasta(1). rootlessport (podman, cmd/rootlessport) tells nothing: it gets its settings on a pipe.
 */
#include "sockets/linux/proxies.h"

#include <string.h>

#include "base/text.h"

enum {
	ID_LEN = 64,
};

static const struct helper {
	const char *name;
	enum proxies_kind kind;
} helpers[] = {
	{"docker-proxy", PROXIES_ADDRESS},
	{"conmon", PROXIES_ID},
	{"rootlessport", PROXIES_CHILD},
	{"slirp4netns", PROXIES_PROCESS},
	{"pasta", PROXIES_PROCESS},
	{"pasta.avx2", PROXIES_PROCESS},
};

static enum proxies_kind kind_of(const char *name)
{
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
		if (!strcmp(name, helpers[i].name))
			return helpers[i].kind;
	}
	return PROXIES_NONE;
}

bool proxies_is_helper(const char *name)
{
	return kind_of(name) != PROXIES_NONE;
}

/* The word behind an option; NULL: it is not there. Go's flags take one dash or two. */
static const char *value_of(const char *const *argv, size_t n_argv, const char *option)
{
	for (size_t i = 1; i + 1 < n_argv; i++) {
		const char *word = argv[i];

		if (!strcmp(word, option) || (*word == '-' && !strcmp(word + 1, option)))
			return argv[i + 1];
	}
	return NULL;
}

static uint32_t number(const char *text, uint32_t most)
{
	uint64_t value = 0;

	return text_number(text, strlen(text), most, &value) ? 0 : (uint32_t)value;
}

static bool is_id(const char *text)
{
	return text && strlen(text) == ID_LEN && strspn(text, "0123456789abcdef") == ID_LEN;
}

/* "slirp4netns [OPTION…] PID tap0" and "pasta [OPTION…] PID"; instead of the PID a path. */
static void read_network(const char *const *argv, size_t n_argv, struct proxies_target *target)
{
	const char *path = value_of(argv, n_argv, "--netns");

	target->kind = PROXIES_NONE;
	for (size_t back = 1; !path && back <= 2 && back < n_argv; back++) {
		const char *word = argv[n_argv - back];

		target->pid = number(word, INT32_MAX);
		path = *word == '/' ? word : NULL;
		if (target->pid) {
			target->kind = PROXIES_PROCESS;
			return;
		}
	}
	if (path && *path == '/' && !strstr(path, "/../")) {
		target->kind = PROXIES_NAMESPACE;
		target->text = path;
	}
}

void proxies_read(
	const char *name, const char *const *argv, size_t n_argv, struct proxies_target *ret_target)
{
	struct proxies_target target = {.kind = kind_of(name)};
	const char *port = NULL;

	switch (target.kind) {
	case PROXIES_ADDRESS:
		target.text = value_of(argv, n_argv, "-container-ip");
		port = value_of(argv, n_argv, "-container-port");
		target.port = (uint16_t)number(port ? port : "", UINT16_MAX);
		target.kind = target.text ? PROXIES_ADDRESS : PROXIES_NONE;
		break;
	case PROXIES_ID:
		target.text = value_of(argv, n_argv, "-c");
		target.name = value_of(argv, n_argv, "-n");
		target.kind = is_id(target.text) ? PROXIES_ID : PROXIES_NONE;
		break;
	case PROXIES_PROCESS:
		read_network(argv, n_argv, &target);
		break;
	case PROXIES_CHILD:
	case PROXIES_NAMESPACE:
	case PROXIES_NONE:
		break;
	}
	*ret_target = target;
}
