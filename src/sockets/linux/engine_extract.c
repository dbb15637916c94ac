// SPDX-License-Identifier: MIT
/*
 * The shapes of the engines' files, with nothing in them but what engine_files.c reads.
 */
#include "sockets/linux/engine_extract.h"

#include "base/json.h"

static void write_docker(struct json *json, const struct engine_facts *facts)
{
	json_open_object(json, NULL);
	json_string(json, "Name", facts->name);
	json_open_object(json, "Config");
	json_string(json, "Image", facts->image);
	json_open_object(json, "Labels");
	json_string(json, "io.kubernetes.pod.uid", facts->pod);
	json_string(json, "io.kubernetes.pod.name", facts->pod_name);
	json_string(json, "io.kubernetes.pod.namespace", facts->pod_namespace);
	json_close_object(json);
	json_close_object(json);
	json_open_object(json, "State");
	json_bool(json, "Running", facts->n_addresses != 0);
	json_close_object(json);
	json_open_object(json, "NetworkSettings");
	json_open_object(json, "Networks");
	for (size_t i = 0; i < facts->n_addresses; i++) {
		char key[24] = "network";

		key[7] = (char)('a' + i);
		json_open_object(json, key);
		json_string(json, "IPAddress", facts->addresses[i]);
		json_close_object(json);
	}
	json_close_object(json);
	json_close_object(json);
	json_close_object(json);
}

static void write_oci(struct json *json, const struct engine_facts *facts)
{
	json_open_object(json, NULL);
	json_open_object(json, "annotations");
	json_string(json, "io.kubernetes.container.name", facts->name);
	json_string(json, "io.kubernetes.cri.image-name", facts->image);
	json_string(json, "io.kubernetes.pod.uid", facts->pod);
	json_string(json, "io.kubernetes.pod.name", facts->pod_name);
	json_string(json, "io.kubernetes.pod.namespace", facts->pod_namespace);
	json_close_object(json);
	json_close_object(json);
}

static void write_stored(struct json *json, const struct engine_facts *facts)
{
	struct buffer metadata = {0};
	struct json inner = {.out = &metadata};

	json_open_object(&inner, NULL);
	json_string(&inner, "image-name", facts->image);
	json_close_object(&inner);
	json_open_object(json, NULL);
	json_string(json, "id", facts->id);
	json_open_array(json, "names");
	json_string(json, NULL, facts->name);
	json_close_array(json);
	json_string(json, "metadata", buffer_string(&metadata));
	json_close_object(json);
	buffer_free(&metadata);
}

static void write_storage(struct json *json, const struct engine_facts *facts)
{
	json_open_array(json, NULL);
	for (const struct engine_facts *each = facts; each; each = each->next)
		write_stored(json, each);
	json_close_array(json);
}

void engine_extract(enum engine_file kind, const struct engine_facts *facts, struct buffer *out)
{
	struct json json = {.out = out};

	switch (kind) {
	case ENGINE_FILE_DOCKER:
		write_docker(&json, facts);
		break;
	case ENGINE_FILE_OCI:
		write_oci(&json, facts);
		break;
	case ENGINE_FILE_STORAGE:
		write_storage(&json, facts);
		break;
	}
}
