// SPDX-License-Identifier: MIT
/* Copies of what is known of a process, to outlive it. */
#include "history/actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	TEXTS = 5,
};

/* The texts of an actor, one after the other. */
static const char **text_at(struct berth_actor *actor, size_t i)
{
	const char **const texts[TEXTS] = {
		&actor->user, &actor->name, &actor->exe, &actor->unit, &actor->container};

	return texts[i];
}

struct berth_actor *actor_copy(const struct berth_actor *actor)
{
	struct berth_actor from = *actor;
	size_t size = sizeof(from);

	for (size_t i = 0; i < TEXTS; i++)
		size += *text_at(&from, i) ? strlen(*text_at(&from, i)) + 1 : 0;
	struct berth_actor *copy = malloc(size);
	if (!copy)
		return NULL;
	*copy = from;
	char *at = (char *)(copy + 1);
	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = *text_at(&from, i);

		if (!text)
			continue;
		size_t len = strlen(text) + 1;
		memcpy(at, text, len);
		*text_at(copy, i) = at;
		at += len;
	}
	return copy;
}

int actor_keep(struct arena *arena, const struct berth_actor *actor, struct berth_actor *ret_actor)
{
	struct berth_actor kept = *actor;

	for (size_t i = 0; i < TEXTS; i++) {
		const char **text = text_at(&kept, i);

		if (!*text)
			continue;
		*text = arena_text(arena, *text, strlen(*text));
		if (!*text)
			return -ENOMEM;
	}
	*ret_actor = kept;
	return 0;
}

struct berth_actor actor_of(const struct berth_process *process)
{
	const struct berth_place *place = process->place;
	struct berth_actor actor = {.pid = process->pid,
		.start_ticks = process->start_ticks,
		.has_uid = true,
		.uid = process->uid,
		.user = process->user,
		.name = process->name,
		.exe = process->exe};

	if (place) {
		actor.unit = place->user_unit ? place->user_unit : place->unit;
		actor.container = place->container_name ? place->container_name : place->container;
	}
	return actor;
}
