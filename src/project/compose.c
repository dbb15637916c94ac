// SPDX-License-Identifier: MIT
/*
 * Compose files (compose-spec.io, 05-services.md "ports"), read by libyaml as a tree: of each
 * service the ports that it publishes on this machine. Values of the form ${NAME:-default} are
 * filled in from settings; without a setting or a default the port is not known, and a problem says
 * so.
 */
#include "project/project.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "base/text.h"
#include "project/wish.h"

struct compose {
	struct project *project;
	yaml_document_t *document;
	const char *file;
	const char *service;
};

/* ---- The tree -------------------------------------------------------------------------------- */

static const yaml_node_t *node_at(const struct compose *compose, int id)
{
	return yaml_document_get_node(compose->document, id);
}

/* Its text, when it is one; no NUL in it. */
static const char *text_of(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE ||
		memchr(node->data.scalar.value, '\0', node->data.scalar.length))
		return NULL;
	return (const char *)node->data.scalar.value;
}

/* What a mapping has under a key; NULL: nothing. */
static const yaml_node_t *child(
	const struct compose *compose, const yaml_node_t *mapping, const char *key)
{
	if (!mapping || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
		pair < mapping->data.mapping.pairs.top; pair++) {
		const char *name = text_of(node_at(compose, pair->key));

		if (name && !strcmp(name, key))
			return node_at(compose, pair->value);
	}
	return NULL;
}

static uint32_t line_of(const yaml_node_t *node)
{
	return (uint32_t)node->start_mark.line + 1;
}

/* ---- ${NAME} --------------------------------------------------------------------------------- */

static const char *setting_of(const struct project *project, const char *name, size_t len)
{
	for (size_t i = 0; i < project->n_settings; i++) {
		const char *each = project->settings[i].name;

		if (strlen(each) == len && !memcmp(each, name, len))
			return project->settings[i].value;
	}
	return NULL;
}

static size_t name_length(const char *text)
{
	size_t len = 0;

	while (text[len] == '_' || (text[len] >= 'A' && text[len] <= 'Z') ||
		(text[len] >= 'a' && text[len] <= 'z') ||
		(len && text[len] >= '0' && text[len] <= '9'))
		len++;
	return len;
}

/* Behind the "$": appends what it stands for and moves *text behind it; false: not known. */
static bool expand_one(const struct project *project, const char **text, struct buffer *out)
{
	bool braces = **text == '{';
	const char *name = *text + braces;
	size_t len = name_length(name);
	const char *value = setting_of(project, name, len);
	const char *behind = name + len;

	if (**text == '$') {
		buffer_char(out, '$');
		*text += 1;
		return true;
	}
	const char *close = braces ? strchr(behind, '}') : behind;
	if (!len || !close)
		return false;
	*text = close + braces;
	bool if_empty = *behind == ':';
	if (braces && behind[if_empty] == '-' && (!value || (if_empty && !*value))) {
		buffer_bytes(out, behind + if_empty + 1, (size_t)(close - behind - if_empty - 1));
		return true;
	}
	if (value)
		buffer_text(out, value);
	return value;
}

/* The text with its variables filled in, in the arena; NULL: one is not known, or no memory. */
static const char *expand(struct project *project, const char *text)
{
	struct buffer out = {0};
	bool known = true;

	while (*text && known) {
		if (*text == '$') {
			text++;
			known = expand_one(project, &text, &out);
		} else {
			buffer_char(&out, *text++);
		}
	}
	const char *copy = known && !out.error
		? arena_text(&project->arena, buffer_string(&out), out.len)
		: NULL;
	buffer_free(&out);
	return copy;
}

/* ---- Ports ----------------------------------------------------------------------------------- */

static struct berth_wish begin_wish(const struct compose *compose, const yaml_node_t *node)
{
	return (struct berth_wish){.kind = BERTH_WISH_COMPOSE,
		.file = compose->file,
		.line = line_of(node),
		.name = compose->service,
		.sure = true};
}

/* "PORT" of the host, or a range of which one suffices when the container has a single port. */
static void take_host(struct berth_wish *wish, const char *text, size_t len, bool one_inside)
{
	if (!wish_ports(wish, text, len))
		wish->problem = "not a port (1 to 65535) or a range of ports";
	wish->any = one_inside && wish->last > wish->first;
}

/* "[[ADDRESS:]HOST:]CONTAINER[/PROTO]"; without HOST the engine chooses a port. */
static void read_short(struct berth_wish *wish, const char *text)
{
	const char *slash = strrchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	const char *inside = memrchr(text, ':', len);

	if (slash && !wish_proto(wish, slash + 1, strlen(slash + 1))) {
		wish->problem = "not a protocol; tcp or udp";
		return;
	}
	if (!inside) /* the engine chooses: first stays 0 */
		return;
	bool one_inside = !memchr(inside, '-', len - (size_t)(inside - text));
	len = (size_t)(inside - text);
	const char *host = memrchr(text, ':', len);
	if (host && !wish_address(wish, text, (size_t)(host - text))) {
		wish->problem = "not an address in front of the port";
		return;
	}
	host = host ? host + 1 : text;
	if (host < inside)
		take_host(wish, host, (size_t)(inside - host), one_inside);
}

static int add_short(struct compose *compose, const yaml_node_t *node)
{
	struct project *project = compose->project;
	struct berth_wish wish = begin_wish(compose, node);
	const char *text = text_of(node);
	const char *expanded = text ? expand(project, text) : NULL;

	wish.text = arena_text(&project->arena, text ? text : "", text ? strlen(text) : 0);
	if (!wish.text)
		return -ENOMEM;
	if (expanded)
		read_short(&wish, expanded);
	else
		wish.problem = "not known, since a variable has no value";
	return project_add(project, &wish);
}

/* {published: "8080", host_ip: 127.0.0.1, protocol: udp, target: 80} */
static int add_long(struct compose *compose, const yaml_node_t *node)
{
	static const char *const keys[] = {"published", "host_ip", "protocol"};
	struct project *project = compose->project;
	struct berth_wish wish = begin_wish(compose, node);
	const char *values[3] = {NULL};

	for (size_t i = 0; i < 3; i++) {
		const char *text = text_of(child(compose, node, keys[i]));

		values[i] = text ? expand(project, text) : NULL;
		if (text && !values[i])
			wish.problem = "not known, since a variable has no value";
	}
	wish.text = values[0] ? values[0] : "";
	if (values[1] && !wish_address(&wish, values[1], strlen(values[1])))
		wish.problem = "host_ip is not an address";
	if (values[2] && !wish_proto(&wish, values[2], strlen(values[2])))
		wish.problem = "not a protocol; tcp or udp";
	if (values[0] && *values[0])
		take_host(&wish, values[0], strlen(values[0]), true);
	return project_add(project, &wish);
}

static int read_service(struct compose *compose, const yaml_node_t *service)
{
	const char *mode = text_of(child(compose, service, "network_mode"));
	const yaml_node_t *ports = child(compose, service, "ports");
	int r = 0;

	/* With the host's network nothing is published; what it then binds is not in the file. */
	if (!ports || ports->type != YAML_SEQUENCE_NODE || (mode && !strcmp(mode, "host")))
		return 0;
	for (const yaml_node_item_t *item = ports->data.sequence.items.start;
		!r && item < ports->data.sequence.items.top; item++) {
		const yaml_node_t *node = node_at(compose, *item);

		r = node->type == YAML_MAPPING_NODE ? add_long(compose, node)
						    : add_short(compose, node);
	}
	return r;
}

static int read_services(struct compose *compose, const yaml_node_t *services)
{
	int r = 0;

	if (!services || services->type != YAML_MAPPING_NODE)
		return 0;
	for (const yaml_node_pair_t *pair = services->data.mapping.pairs.start;
		!r && pair < services->data.mapping.pairs.top; pair++) {
		const char *name = text_of(node_at(compose, pair->key));

		if (!name)
			continue;
		compose->service = arena_text(&compose->project->arena, name, strlen(name));
		if (!compose->service)
			return -ENOMEM;
		r = read_service(compose, node_at(compose, pair->value));
	}
	return r;
}

int compose_read(struct project *project, const char *file, const char *text, size_t len,
	struct buffer *ret_problem)
{
	yaml_parser_t parser;
	yaml_document_t document;
	int r = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	if (yaml_parser_load(&parser, &document)) {
		struct compose compose = {.project = project, .document = &document, .file = file};
		const yaml_node_t *root = yaml_document_get_root_node(&document);

		r = read_services(&compose, child(&compose, root, "services"));
		yaml_document_delete(&document);
	} else {
		buffer_format(ret_problem, "%zu: not YAML: %s", parser.problem_mark.line + 1,
			parser.problem ? parser.problem : "cut short");
		r = parser.error == YAML_MEMORY_ERROR ? -ENOMEM : -EBADMSG;
	}
	yaml_parser_delete(&parser);
	return r;
}
