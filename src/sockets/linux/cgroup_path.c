// SPDX-License-Identifier: MIT
/*
 * Walks a path from the root downwards, as trust does: what the system's manager named stands above
 * what users and containers name. The spellings are those of systemd (systemd.slice(5), cg_escape()
 * and unit_name_escape()), of the kubelet (pkg/kubelet/cm), of runc and crun (cgroupsPath in the
 * OCI runtime specification), of libpod, LXC, systemd-nspawn and libvirt.
 */
#include "sockets/linux/cgroup_path.h"

#include <string.h>

#include "base/text.h"

enum {
	ID_LEN = 64, /* of containers: SHA-256 in hexadecimal */
	UUID_LEN = 36,
	HASH_LEN = 32, /* static pods have a hash where others have a UUID */
};

typedef struct cgroup_span span;

#define SPAN(literal) ((span){.text = (literal), .len = sizeof(literal) - 1})

struct walk {
	struct cgroup_path *found;
	span previous; /* the component above */
	unsigned depth;
	bool user_manager; /* below user@UID.service */
	bool kubernetes; /* below the cgroup of all pods */
};

/* ---- Spans ---------------------------------------------------------------------------------- */

static span span_of(const char *text)
{
	return (span){.text = text, .len = strlen(text)};
}

static bool is(span a, span b)
{
	return a.len == b.len && !memcmp(a.text, b.text, a.len);
}

static bool cut_front(span *rest, span front)
{
	if (rest->len < front.len || memcmp(rest->text, front.text, front.len) != 0)
		return false;
	rest->text += front.len;
	rest->len -= front.len;
	return true;
}

static bool cut_end(span *rest, span end)
{
	if (rest->len < end.len || memcmp(rest->text + rest->len - end.len, end.text, end.len) != 0)
		return false;
	rest->len -= end.len;
	return true;
}

/* Up to the separator, which is left out; without one, all of it. */
static span cut_to(span *rest, char separator)
{
	const char *at = rest->len ? memchr(rest->text, separator, rest->len) : NULL;
	span front = *rest;

	if (!at) {
		rest->text += rest->len;
		rest->len = 0;
		return front;
	}
	front.len = (size_t)(at - rest->text);
	rest->text = at + 1;
	rest->len -= front.len + 1;
	return front;
}

static bool contains(span whole, span part)
{
	return whole.len && memmem(whole.text, whole.len, part.text, part.len);
}

static bool is_hexadecimal(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static bool is_id(span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (!is_hexadecimal(text.text[i]))
			return false;
	}
	return text.len == ID_LEN;
}

/* A UUID, with dashes or what slices have for them, or a hash. */
static bool is_pod_uid(span text)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.text[i];

		if (!is_hexadecimal(c) && c != '-' && c != '_')
			return false;
	}
	return text.len == UUID_LEN || text.len == HASH_LEN;
}

/* ---- Units ---------------------------------------------------------------------------------- */

static bool take_uid(struct walk *walk, span rest, span front, span end)
{
	uint64_t uid = 0;

	if (!cut_front(&rest, front) || !cut_end(&rest, end) ||
		text_number(rest.text, rest.len, UINT32_MAX - 1, &uid))
		return false;
	walk->found->has_user = true;
	walk->found->user_uid = (uint32_t)uid;
	return true;
}

static void take_slice(struct walk *walk, span slice)
{
	static const char pod[] = "-pod";
	span rest = slice;

	if (!cut_end(&rest, SPAN(".slice")) || !rest.len)
		return;
	if (!walk->found->unit.len) {
		walk->found->slice = slice;
		(void)take_uid(walk, slice, SPAN("user-"), SPAN(".slice"));
	}
	/* "kubepods-burstable-podUID.slice", "machine-libpod_pod_ID.slice" */
	span libpod = {.text = memmem(rest.text, rest.len, "-libpod_pod_", 12)};
	if (libpod.text) {
		libpod.text += 12;
		libpod.len = (size_t)(rest.text + rest.len - libpod.text);
		if (is_id(libpod))
			walk->found->pod = libpod;
	}
	for (size_t i = rest.len; walk->kubernetes && i-- > 0;) {
		span uid = {.text = rest.text + i, .len = rest.len - i};

		if (cut_front(&uid, SPAN(pod)) && is_pod_uid(uid)) {
			walk->found->pod = uid;
			break;
		}
	}
}

/* Kinds of units that have cgroups, but for slices. */
static bool is_unit(span name)
{
	static const char *const ends[] = {".service", ".scope", ".socket", ".mount", ".swap"};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		span rest = name;

		if (cut_end(&rest, span_of(ends[i])) && rest.len)
			return true;
	}
	return false;
}

/* What is like a unit below a unit was named by whoever the unit's cgroup is delegated to. */
static void take_unit(struct walk *walk, span name)
{
	struct cgroup_path *found = walk->found;

	if (!is_unit(name))
		return;
	if (!found->unit.len) {
		found->unit = name;
		walk->user_manager = take_uid(walk, name, SPAN("user@"), SPAN(".service"));
	} else if (walk->user_manager && !found->user_unit.len) {
		found->user_unit = name;
	}
}

/* ---- Containers ----------------------------------------------------------------------------- */

static bool take_container(struct walk *walk, enum berth_engine engine, span name)
{
	if (!name.len)
		return false;
	walk->found->engine = engine;
	walk->found->container = name;
	return true;
}

/* "docker-ID.scope", without the end where the engine makes the cgroup itself. */
static bool take_prefixed(struct walk *walk, span name)
{
	static const struct {
		const char *front;
		enum berth_engine engine;
		bool helper;
	} kinds[] = {
		{"docker-", BERTH_DOCKER, false},
		{"libpod-conmon-", BERTH_PODMAN, true},
		{"libpod-payload-", BERTH_PODMAN, false},
		{"libpod-", BERTH_PODMAN, false},
		{"cri-containerd-", BERTH_CONTAINERD, false},
		{"nerdctl-", BERTH_CONTAINERD, false},
		{"crio-conmon-", BERTH_CRIO, true},
		{"crio-", BERTH_CRIO, false},
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		span id = name;

		if (cut_front(&id, span_of(kinds[i].front)) && is_id(id)) {
			walk->found->helper = kinds[i].helper;
			return take_container(walk, kinds[i].engine, id);
		}
	}
	return false;
}

/* "kubepods-burstable-podUID.slice:cri-containerd:ID": what a systemd cgroupsPath becomes when the
 * runtime takes it for a path. */
static bool take_colons(struct walk *walk, span name)
{
	span slice = cut_to(&name, ':');
	span engine = cut_to(&name, ':');

	if (!is_id(name))
		return false;
	walk->kubernetes = walk->kubernetes || contains(slice, SPAN("kubepods"));
	take_slice(walk, slice);
	if (is(engine, SPAN("cri-containerd")) || is(engine, SPAN("nerdctl")))
		return take_container(walk, BERTH_CONTAINERD, name);
	if (is(engine, SPAN("docker")))
		return take_container(walk, BERTH_DOCKER, name);
	if (is(engine, SPAN("crio")))
		return take_container(walk, BERTH_CRIO, name);
	if (is(engine, SPAN("libpod")))
		return take_container(walk, BERTH_PODMAN, name);
	return take_container(walk, BERTH_SOME_ENGINE, name);
}

/* An id alone: the component above tells whose. */
static bool take_bare(struct walk *walk, span id)
{
	span above = walk->previous;

	if (!is_id(id))
		return false;
	if (is(above, SPAN("libpod_parent"))) {
		walk->found->pod = id;
		return false;
	}
	if (is(above, SPAN("docker")) || is(above, SPAN("moby")))
		return take_container(walk, BERTH_DOCKER, id);
	if (is(above, SPAN("default")) || is(above, SPAN("k8s.io")))
		return take_container(walk, BERTH_CONTAINERD, id);
	return take_container(walk, BERTH_SOME_ENGINE, id);
}

/* "lxc.payload.NAME" and "lxc.monitor.NAME" of LXC 4, before that two components, of which the
 * first is "lxc" in Proxmox VE. */
static bool take_lxc(struct walk *walk, span name)
{
	span rest = name;
	bool below = walk->depth == 1;

	if (cut_front(&rest, SPAN("lxc.payload.")))
		return take_container(walk, BERTH_LXC, rest);
	if (below && (is(walk->previous, SPAN("lxc")) || is(walk->previous, SPAN("lxc.payload"))))
		return take_container(walk, BERTH_LXC, name);
	walk->found->helper = cut_front(&rest, SPAN("lxc.monitor.")) ||
		(below && is(walk->previous, SPAN("lxc.monitor")));
	return walk->found->helper && take_container(walk, BERTH_LXC, rest);
}

/* "machine-NAME.scope" (systemd-machined(8)); libvirt's names are KIND, a number and the name. */
static bool take_machine(struct walk *walk, span name)
{
	static const char dash[] = "\\x2d";
	span rest = name;

	if (cut_front(&rest, SPAN("systemd-nspawn@")) && cut_end(&rest, SPAN(".service")))
		return take_container(walk, BERTH_NSPAWN, rest);
	rest = name;
	if (!cut_front(&rest, SPAN("machine-")) || !cut_end(&rest, SPAN(".scope")))
		return false;
	span virtual = rest;
	if (cut_front(&virtual, SPAN("qemu\\x2d")) || cut_front(&virtual, SPAN("lxc\\x2d"))) {
		const char *at = memmem(virtual.text, virtual.len, dash, sizeof(dash) - 1);
		uint64_t number = 0;

		if (at &&
			!text_number(
				virtual.text, (size_t)(at - virtual.text), UINT32_MAX, &number)) {
			at += sizeof(dash) - 1;
			virtual.len -= (size_t)(at - virtual.text);
			virtual.text = at;
			return take_container(walk, BERTH_LIBVIRT, virtual);
		}
	}
	return take_container(walk, BERTH_NSPAWN, rest);
}

/* What runc and crun call the scope of a container whose cgroup nobody chose. */
static bool take_runtime(struct walk *walk, span name)
{
	span rest = name;

	if (!cut_end(&rest, SPAN(".scope")))
		return false;
	if (cut_front(&rest, SPAN("runc-")))
		return take_container(walk, BERTH_RUNC, rest);
	return cut_front(&rest, SPAN("crun-")) && take_container(walk, BERTH_CRUN, rest);
}

/* Takes one component; true: it is the cgroup of a container, and the rest is within. */
static bool take(struct walk *walk, span name)
{
	span base = name;
	span uid = name;

	walk->kubernetes = walk->kubernetes || contains(name, SPAN("kubepods"));
	take_slice(walk, name);
	take_unit(walk, name);
	if (walk->kubernetes && cut_front(&uid, SPAN("pod")) && is_pod_uid(uid))
		walk->found->pod = uid;
	(void)cut_end(&base, SPAN(".scope"));
	return take_prefixed(walk, base) || take_bare(walk, base) || take_lxc(walk, name) ||
		take_machine(walk, name) || take_runtime(walk, name) || take_colons(walk, name);
}

/* ---- Paths ---------------------------------------------------------------------------------- */

/* Engines and managers put what is inside one level down, so that they can limit it. */
static span within(struct walk *walk, span rest)
{
	span below = rest;
	span first = cut_to(&below, '/');

	if (is(first, SPAN("supervisor"))) /* systemd-nspawn itself */
		walk->found->helper = true;
	if (is(first, SPAN("supervisor")) || is(first, SPAN("payload")) ||
		is(first, SPAN("container")) || is(first, SPAN("ns")))
		return below;
	return rest;
}

/* What is left out: a mark that the cgroup was removed, and the way up from a cgroup namespace. */
static span trim(span path)
{
	(void)cut_end(&path, SPAN(" (deleted)"));
	while (path.len > 3 && path.text[3] == '/' && cut_front(&path, SPAN("/..")))
		;
	return path;
}

void cgroup_path_parse(const char *path, size_t len, struct cgroup_path *ret_path)
{
	struct cgroup_path found = {.path = trim((span){.text = path, .len = len})};
	struct walk walk = {.found = &found};
	span rest = found.path;

	while (rest.len) {
		span name = cut_to(&rest, '/');

		if (!name.len)
			continue;
		/* cg_escape(): names that the kernel's own files could have get an underscore. */
		(void)(is_unit(name) && name.text[0] == '_' && cut_front(&name, SPAN("_")));
		if (take(&walk, name)) {
			found.inside = within(&walk, rest);
			break;
		}
		found.before_last = walk.previous;
		found.last = is_unit(name) || is(name, found.slice) ? (span){0} : name;
		walk.previous = name;
		walk.depth++;
	}
	*ret_path = found;
}

enum word { /* how much a path says */
	NOTHING,
	ROOT,
	SOMEWHERE,
	UNIT,
	CONTAINER,
};

static enum word word_of(const struct cgroup_path *path)
{
	if (path->container.len || path->pod.len)
		return CONTAINER;
	if (path->unit.len)
		return UNIT;
	return path->path.len > 1 ? SOMEWHERE : ROOT;
}

/* "0::/system.slice/nginx.service", "1:name=systemd:/…", "4:memory:/docker/ID". *ret_rank: of two
 * that say as much, the lower one is chosen. False: no such line. */
static bool read_line(span line, struct cgroup_path *ret_path, unsigned *ret_rank)
{
	span rest = line;
	span number = cut_to(&rest, ':');
	span controllers = cut_to(&rest, ':');

	if (!number.len || !rest.len || rest.text[0] != '/')
		return false;
	*ret_rank = is(number, SPAN("0")) && !controllers.len ? 0
		: is(controllers, SPAN("name=systemd"))       ? 1
							      : 2;
	cgroup_path_parse(rest.text, rest.len, ret_path);
	return true;
}

bool cgroup_path_choose(const char *text, size_t len, struct cgroup_path *ret_path)
{
	span rest = {.text = text, .len = len};
	enum word best = NOTHING;
	unsigned best_rank = 0;

	while (rest.len) {
		struct cgroup_path path;
		unsigned rank = 0;

		if (!read_line(cut_to(&rest, '\n'), &path, &rank))
			continue;
		enum word word = word_of(&path);
		if (rank > 1 && word < CONTAINER)
			word = ROOT; /* a controller's hierarchy is nobody's place by itself */
		if (word < best || (word == best && rank >= best_rank))
			continue;
		best = word;
		best_rank = rank;
		*ret_path = path;
	}
	return best != NOTHING;
}

/* The byte that "\xNN" stands for; 0: there is no such thing, or it is that. */
static char escaped_byte(const char *text, size_t len)
{
	uint8_t byte = 0;

	if (len < 4 || text[0] != '\\' || text[1] != 'x')
		return 0;
	for (size_t i = 2; i < 4; i++) {
		char c = text_lower(text[i]);

		if (!is_hexadecimal(c))
			return 0;
		byte = (uint8_t)(byte << 4 | (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	return (char)byte;
}

char *cgroup_path_name(struct arena *arena, const struct cgroup_span *name)
{
	char *copy = arena_text(arena, name->text, name->len);
	size_t len = 0;

	for (size_t i = 0; copy && i < name->len; i++) {
		char byte = escaped_byte(name->text + i, name->len - i);

		copy[len++] = byte ? byte : name->text[i];
		i += byte ? 3 : 0;
	}
	if (copy)
		copy[len] = '\0';
	return copy;
}

char *cgroup_path_pod(struct arena *arena, const struct cgroup_span *pod)
{
	char *copy = arena_text(arena, pod->text, pod->len);

	for (size_t i = 0; copy && i < pod->len; i++)
		copy[i] = copy[i] == '_' ? '-' : copy[i];
	return copy;
}
