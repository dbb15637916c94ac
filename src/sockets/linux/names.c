// SPDX-License-Identifier: MIT
/*
 * Remembers names. Users are asked for only when a row or a process needs one: the first question
 * loads the name service switch.
 */
#include "sockets/linux/names.h"

#include <errno.h>
#include <string.h>

enum {
	LONGEST = 256
};

typedef int name_ask(
	const struct sockets_system *system, uint32_t number, char *ret_name, size_t size);

static int remember(const struct names *names, struct map *known, uint32_t number, name_ask *ask,
	const char **ret_name)
{
	char text[LONGEST];
	char *name = map_get(known, number);

	if (!name && !map_has(known, number)) {
		if (!ask(names->system, number, text, sizeof(text))) {
			name = arena_text(names->arena, text, strlen(text));
			if (!name)
				return -ENOMEM;
		}
		int r = map_put(known, number, name);
		if (r)
			return r;
	}
	*ret_name = name;
	return 0;
}

int names_user(struct names *names, uint32_t uid, const char **ret_name)
{
	return remember(names, &names->users, uid, system_user, ret_name);
}

int names_interface(struct names *names, uint32_t ifindex, const char **ret_name)
{
	return remember(names, &names->interfaces, ifindex, system_interface, ret_name);
}

void names_free(struct names *names)
{
	map_free(&names->users);
	map_free(&names->interfaces);
}
