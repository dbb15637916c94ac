// SPDX-License-Identifier: MIT
/*
 * Picks facts out of JSON that json-c has read. Keys are those of moby's container.Container
 * (daemon/container), of containerd's pkg/cri/annotations, of CRI-O's pkg/annotations, of the
 * kubelet's labels, and of containers/storage with what libpod writes into "metadata".
 */
#include "sockets/linux/engine_files.h"

#include <errno.h>
#include <json-c/json_object.h>
#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#include <limits.h>
#include <string.h>

enum {
	DEEPEST = 64, /* of arrays and objects in each other; a Docker file has about 8 */
};

enum facts_field {
	NAME,
	IMAGE,
	POD,
	POD_NAME,
	POD_NAMESPACE,
};

struct key {
	const char *name;
	enum facts_field field;
};

/* The first key of a field that is there counts. The kubelet's labels stand in Docker's files; the
 * same are annotations with CRI-O. */
static const struct key annotations[] = {
	{"io.kubernetes.cri.container-name", NAME},
	{"io.kubernetes.container.name", NAME},
	{"nerdctl/name", NAME},
	{"io.kubernetes.cri.image-name", IMAGE},
	{"io.kubernetes.cri-o.ImageName", IMAGE},
	{"io.kubernetes.cri-o.Image", IMAGE},
	{"io.kubernetes.cri.sandbox-uid", POD},
	{"io.kubernetes.pod.uid", POD},
	{"io.kubernetes.cri.sandbox-name", POD_NAME},
	{"io.kubernetes.pod.name", POD_NAME},
	{"io.kubernetes.cri.sandbox-namespace", POD_NAMESPACE},
	{"io.kubernetes.pod.namespace", POD_NAMESPACE},
};

static const char **field_of(struct engine_facts *facts, enum facts_field field)
{
	switch (field) {
	case NAME:
		return &facts->name;
	case IMAGE:
		return &facts->image;
	case POD:
		return &facts->pod;
	case POD_NAME:
		return &facts->pod_name;
	case POD_NAMESPACE:
		break;
	}
	return &facts->pod_namespace;
}

/* The member of an object; NULL when there is none, or when it is no object. */
static json_object *member(json_object *object, const char *key)
{
	json_object *value = NULL;

	return object && json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* NULL: not JSON. */
static json_object *parse(const char *text, size_t len)
{
	struct json_tokener *tokener = len < INT_MAX ? json_tokener_new_ex(DEEPEST) : NULL;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	json_object *root = json_tokener_parse_ex(tokener, text, (int)len);
	/* Without a byte behind it, a number at the top would have no end: that is no file of ours.
	 */
	if (json_tokener_get_error(tokener) != json_tokener_success) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tokener);
	return root;
}

/* Texts that are there and not empty. */
static int take_text(struct arena *arena, json_object *value, const char **ret_text)
{
	if (*ret_text || !json_object_is_type(value, json_type_string))
		return 0;
	size_t len = (size_t)json_object_get_string_len(value);
	if (!len)
		return 0;
	*ret_text = arena_text(arena, json_object_get_string(value), len);
	return *ret_text ? 0 : -ENOMEM;
}

static int take_annotations(struct arena *arena, json_object *map, struct engine_facts *facts)
{
	int r = 0;

	for (size_t i = 0; !r && i < sizeof(annotations) / sizeof(*annotations); i++)
		r = take_text(arena, member(map, annotations[i].name),
			field_of(facts, annotations[i].field));
	return r;
}

/* ---- Docker --------------------------------------------------------------------------------- */

static int take_address(struct arena *arena, json_object *value, struct engine_facts *facts)
{
	const char *text = NULL;
	int r = facts->n_addresses < ENGINE_FILES_ADDRESSES ? take_text(arena, value, &text) : 0;

	if (!r && text)
		facts->addresses[facts->n_addresses++] = text;
	return r;
}

static int take_networks(struct arena *arena, json_object *networks, struct engine_facts *facts)
{
	int r = 0;

	if (!json_object_is_type(networks, json_type_object))
		return 0;
	struct json_object_iterator at = json_object_iter_begin(networks);
	const struct json_object_iterator end = json_object_iter_end(networks);
	for (; !r && !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		json_object *network = json_object_iter_peek_value(&at);

		r = take_address(arena, member(network, "IPAddress"), facts);
		if (!r)
			r = take_address(arena, member(network, "GlobalIPv6Address"), facts);
	}
	return r;
}

static int read_docker(struct arena *arena, json_object *root, struct engine_facts *facts)
{
	json_object *config = member(root, "Config");
	json_object *settings = member(root, "NetworkSettings");

	int r = take_annotations(arena, member(config, "Labels"), facts);
	if (!r)
		r = take_text(arena, member(config, "Image"), &facts->image);
	if (!r)
		r = take_text(arena, member(root, "Name"), &facts->name);
	if (!r && facts->name && facts->name[0] == '/')
		facts->name = facts->name[1] ? facts->name + 1 : NULL;
	/* The addresses of a container that has stopped are another one's by now. */
	if (!r && json_object_get_boolean(member(member(root, "State"), "Running")))
		r = take_networks(arena, member(settings, "Networks"), facts);
	return r;
}

/* ---- containers/storage --------------------------------------------------------------------- */

/* "metadata" is JSON in a string: {"image-name": …, "name": …}. */
static int take_metadata(struct arena *arena, json_object *value, struct engine_facts *facts)
{
	if (!json_object_is_type(value, json_type_string))
		return 0;
	json_object *metadata =
		parse(json_object_get_string(value), (size_t)json_object_get_string_len(value));
	int r = take_text(arena, member(metadata, "image-name"), &facts->image);
	if (!r)
		r = take_text(arena, member(metadata, "name"), &facts->name);
	json_object_put(metadata);
	return r;
}

static int read_storage(
	struct arena *arena, json_object *root, const char *id, struct engine_facts *facts)
{
	for (size_t i = 0; i < json_object_array_length(root); i++) {
		json_object *each = json_object_array_get_idx(root, i);
		json_object *its = member(each, "id");
		json_object *names = member(each, "names");
		int r = 0;

		if (!json_object_is_type(its, json_type_string) ||
			strcmp(json_object_get_string(its), id) != 0)
			continue;
		if (json_object_is_type(names, json_type_array))
			r = take_text(arena, json_object_array_get_idx(names, 0), &facts->name);
		return r ? r : take_metadata(arena, member(each, "metadata"), facts);
	}
	return -ENOENT;
}

/* ---- The functions of the header --------------------------------------------------------------
 */

int engine_files_read(enum engine_file kind, struct arena *arena, const char *text, size_t len,
	const char *id, struct engine_facts *ret_facts)
{
	struct engine_facts facts = {.id = id};
	json_object *root = parse(text, len);
	int r = root ? 0 : -EBADMSG;

	if (r)
		return r;
	switch (kind) {
	case ENGINE_FILE_DOCKER:
		r = json_object_is_type(root, json_type_object) ? read_docker(arena, root, &facts)
								: -EBADMSG;
		break;
	case ENGINE_FILE_OCI:
		r = json_object_is_type(root, json_type_object)
			? take_annotations(arena, member(root, "annotations"), &facts)
			: -EBADMSG;
		break;
	case ENGINE_FILE_STORAGE:
		r = json_object_is_type(root, json_type_array)
			? read_storage(arena, root, id, &facts)
			: -EBADMSG;
		break;
	}
	json_object_put(root);
	if (!r)
		*ret_facts = facts;
	return r;
}
