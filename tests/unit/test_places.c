// SPDX-License-Identifier: MIT
/*
 * Places and socket units from recordings written by hand: files of engines as moby 27, containerd
 * 1.7, CRI-O 1.30 and podman 4.3 write them, shortened, and units as Debian and Ubuntu have them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay_folder.h"
#include "sockets/linux/activation.h"
#include "sockets/linux/engine_extract.h"
#include "sockets/linux/engine_files.h"
#include "sockets/linux/places.h"
#include "sockets/linux/socket_unit.h"
#include "sockets/sockets.h"

#define ID "3f2a41bc90de5a7c8e6d4b2a1f0e9d8c7b6a59483726150493827161504f3e2d"
#define ID2 "9687bac58d5c4d1606aa46af33d1a21c1d1652e0ac9fb3fc0fc86e3495f42869"
#define POD "72f7f152-440c-66ac-9084-e0fc1d8a910c"
/* As the process itself sees it. */
#define NETNS_OF_20                                                                                \
	"proc/20/root"                                                                             \
	"/run/user/1000/netns/n1"
#define POD_SLICE "kubepods-burstable-pod72f7f152_440c_66ac_9084_e0fc1d8a910c.slice"

static const char docker_file[] =
	"{\"State\":{\"Running\":true,\"Pid\":4711},\"ID\":\"" ID "\",\"Config\":{\"Hostname\":"
	"\"3f2a41bc90de\",\"Env\":[\"PASSWORD=secret\"],\"Image\":\"nginx:1.27\",\"Labels\":{}},"
	"\"Image\":\"sha256:00\",\"NetworkSettings\":{\"Bridge\":\"\",\"Networks\":{\"bridge\":{"
	"\"IPAddress\":\"172.17.0.2\",\"GlobalIPv6Address\":\"\"},\"back\":{\"IPAddress\":"
	"\"172.18.0.9\",\"GlobalIPv6Address\":\"fd00::9\"}}},\"Name\":\"/web\"}\n";
static const char containerd_file[] =
	"{\"ociVersion\":\"1.1.0\",\"process\":{\"env\":[\"TOKEN=secret\"]},\"annotations\":{"
	"\"io.kubernetes.cri.container-name\":\"app\",\"io.kubernetes.cri.container-type\":"
	"\"container\",\"io.kubernetes.cri.image-name\":\"registry.example.org/app:3\","
	"\"io.kubernetes.cri.sandbox-id\":\"" ID2 "\",\"io.kubernetes.cri.sandbox-name\":"
	"\"app-0\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\","
	"\"io.kubernetes.cri.sandbox-uid\":\"" POD "\"}}";
static const char crio_file[] =
	"{\"annotations\":{\"io.kubernetes.container.name\":\"app\",\"io.kubernetes.pod.name\":"
	"\"app-0\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.uid\":\"" POD
	"\",\"io.kubernetes.cri-o.Image\":\"0123456789ab\",\"io.kubernetes.cri-o.ImageName\":"
	"\"registry.example.org/app:3\"}}";
static const char storage_file[] =
	"[{\"id\":\"" ID2 "\",\"names\":[\"other\"]},{\"id\":\"" ID "\",\"names\":[\"web\"],"
	"\"image\":\"94ce\",\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/nginx:"
	"latest\\\",\\\"name\\\":\\\"web\\\"}\"}]";

struct world {
	struct folder folder;
	struct arena arena;
	struct sockets_system *system;
	struct places places;
	struct activation activation;
};

/* After everything was put into the folder: refusals are read when it is opened. */
static void open_world(struct world *world)
{
	struct buffer problem = {0};

	assert_int_equal(sockets_system_replay(world->folder.path, &world->system, &problem), 0);
	buffer_free(&problem);
	places_begin(&world->places, world->system, &world->arena);
	world->activation = (struct activation){
		.system = world->system, .arena = &world->arena, .places = &world->places};
}

static void begin_world(struct world *world)
{
	*world = (struct world){0};
	begin(&world->folder);
	open_world(world);
}

static void end_world(struct world *world)
{
	activation_free(&world->activation);
	places_free(&world->places);
	sockets_system_free(world->system);
	arena_free(&world->arena);
	end(&world->folder);
}

static const struct berth_place *place_in(struct world *world, const char *cgroup)
{
	const struct berth_place *place = NULL;

	put_text(&world->folder, "proc/20/cgroup", cgroup);
	assert_int_equal(places_of(&world->places, 20, &place), 0);
	assert_non_null(place);
	return place;
}

static void a_sample_of_docker_names_container_and_image(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder, "var/lib/docker/containers/" ID "/config.v2.json", docker_file);
	const struct berth_place *place =
		place_in(&world, "0::/system.slice/docker-" ID ".scope\n");
	assert_int_equal(place->engine, BERTH_DOCKER);
	assert_string_equal(place->container, ID);
	assert_string_equal(place->container_name, "web");
	assert_string_equal(place->image, "nginx:1.27");
	assert_string_equal(place->unit, "docker-" ID ".scope");
	assert_string_equal(place->cgroup, "/system.slice/docker-" ID ".scope");
	assert_null(place->pod);
	assert_null(place->inside);
	/* The same cgroup is worked out once. */
	assert_ptr_equal(place, place_in(&world, "0::/system.slice/docker-" ID ".scope\n"));
	/* Without the engine's files the path is all that is known. */
	place = place_in(&world, "0::/system.slice/docker-" ID2 ".scope\n");
	assert_string_equal(place->container, ID2);
	assert_null(place->container_name);
	end_world(&world);
}

static void an_id_of_an_unknown_engine_is_looked_for_in_the_files_of_all(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder, "var/lib/docker/containers/" ID "/config.v2.json", docker_file);
	put_text(&world.folder,
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID2 "/config.json",
		containerd_file);
	const struct berth_place *place = place_in(&world, "0::/build/" ID "\n");
	assert_int_equal(place->engine, BERTH_DOCKER);
	place = place_in(&world, "0::/kubepods/burstable/pod" POD "/" ID2 "\n");
	assert_int_equal(place->engine, BERTH_CONTAINERD);
	assert_string_equal(place->container_name, "app");
	assert_string_equal(place->image, "registry.example.org/app:3");
	assert_string_equal(place->pod, POD);
	assert_string_equal(place->pod_name, "app-0");
	assert_string_equal(place->pod_namespace, "shop");
	end_world(&world);
}

static void samples_of_kubernetes_name_pod_and_namespace(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder,
		"run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID "/config.json",
		containerd_file);
	put_text(&world.folder,
		"run/containers/storage/overlay-containers/" ID2 "/userdata/config.json",
		crio_file);
	const struct berth_place *place = place_in(&world,
		"0::/kubepods.slice/kubepods-burstable.slice/" POD_SLICE "/cri-containerd-" ID
		".scope\n");
	assert_int_equal(place->engine, BERTH_CONTAINERD);
	assert_string_equal(place->pod_name, "app-0");
	place = place_in(&world,
		"0::/kubepods.slice/kubepods-burstable.slice/" POD_SLICE "/crio-" ID2
		".scope/container\n");
	assert_int_equal(place->engine, BERTH_CRIO);
	assert_string_equal(place->container_name, "app");
	assert_string_equal(place->image, "registry.example.org/app:3");
	assert_string_equal(place->pod, POD);
	assert_string_equal(place->pod_namespace, "shop");
	end_world(&world);
}

static void samples_of_podman_name_containers_of_root_and_of_users(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder, "var/lib/containers/storage/overlay-containers/containers.json",
		storage_file);
	const struct berth_place *place =
		place_in(&world, "0::/machine.slice/libpod-" ID ".scope/container\n");
	assert_int_equal(place->engine, BERTH_PODMAN);
	assert_string_equal(place->container_name, "web");
	assert_string_equal(place->image, "docker.io/library/nginx:latest");
	put_link(&world.folder, "home-of/1000", "/home/alice");
	put_text(&world.folder,
		"home/alice/.local/share/containers/storage/vfs-containers/containers.json",
		"[{\"id\":\"" ID "\",\"names\":[\"hers\"]}]");
	place = place_in(&world,
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/"
		"libpod-payload-" ID "\n");
	assert_string_equal(place->container_name, "hers");
	assert_string_equal(place->user_unit, "redis.service");
	assert_int_equal(place->user_uid, 1000);
	end_world(&world);
}

static void files_of_users_are_not_read_through_links(void **state)
{
	struct sockets_system *system = NULL;
	struct buffer text = {0};
	struct folder folder;
	char path[64];

	(void)state;
	begin(&folder);
	put_text(&folder, "file", "contents");
	put_link(&folder, "link", "file");
	assert_int_equal(sockets_system_live(&system), 0);
	(void)snprintf(path, sizeof(path), "%s/file", folder.path);
	assert_int_equal(system_file_unlinked(system, path, sizeof(path), &text), 0);
	assert_string_equal(buffer_string(&text), "contents");
	/* It could lead to a device, and opening that has effects. */
	(void)snprintf(path, sizeof(path), "%s/link", folder.path);
	assert_int_equal(system_file_unlinked(system, path, sizeof(path), &text), -ELOOP);
	assert_int_equal(system_file(system, path, sizeof(path), &text), 0);
	sockets_system_free(system);
	buffer_free(&text);
	end(&folder);
}

static void samples_of_runtimes_lxc_and_machines(void **state)
{
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder, "run/runc/web/state.json", "{}");
	put_text(&world.folder, "run/crun/box/status", "{}");
	put_text(&world.folder, "run/containerd/runc/default/job/state.json", "{}");
	assert_int_equal(place_in(&world, "0::/web\n")->engine, BERTH_RUNC);
	assert_string_equal(place_in(&world, "0::/web\n")->container, "web");
	assert_int_equal(place_in(&world, "0::/box\n")->engine, BERTH_CRUN);
	assert_int_equal(place_in(&world, "0::/default/job\n")->engine, BERTH_CONTAINERD);
	assert_int_equal(place_in(&world, "0::/nobody\n")->engine, BERTH_NO_ENGINE);
	assert_int_equal(place_in(&world, "0::/..\n")->engine, BERTH_NO_ENGINE);
	put_link(&world.folder, "var/snap/lxd/common/lxd/containers/u1", "/storage/u1");
	put_link(&world.folder, "var/lib/incus/containers/i1", "/storage/i1");
	assert_int_equal(place_in(&world, "0::/lxc.payload.u1\n")->engine, BERTH_LXD);
	assert_int_equal(place_in(&world, "0::/lxc.payload.i1\n")->engine, BERTH_INCUS);
	assert_int_equal(place_in(&world, "0::/lxc.payload.c1\n")->engine, BERTH_LXC);
	put_text(&world.folder, "run/systemd/machines/a-b",
		"NAME=a-b\nSCOPE=machine-a\\x2db.scope\nSERVICE=systemd-nspawn\nCLASS=container\n");
	put_text(&world.folder, "run/systemd/machines/vm", "NAME=vm\nSERVICE=libvirt-qemu\n");
	const struct berth_place *place = place_in(&world,
		"0::/machine.slice/machine-a\\x2db.scope/payload/system.slice/nginx.service\n");
	assert_int_equal(place->engine, BERTH_NSPAWN);
	assert_string_equal(place->container, "a-b");
	assert_string_equal(place->unit, "machine-a\\x2db.scope");
	assert_string_equal(place->inside->unit, "nginx.service");
	assert_string_equal(place->inside->cgroup, "system.slice/nginx.service");
	assert_null(place->inside->inside);
	assert_int_equal(
		place_in(&world, "0::/machine.slice/machine-vm.scope\n")->engine, BERTH_LIBVIRT);
	end_world(&world);
}

static void containers_in_containers_are_told_to_a_depth(void **state)
{
	struct world world;
	char cgroup[1024] = "0::";

	(void)state;
	begin_world(&world);
	for (size_t i = 0; i < 8; i++) {
		size_t len = strlen(cgroup);

		(void)snprintf(cgroup + len, sizeof(cgroup) - len, "/docker/%s", ID);
	}
	const struct berth_place *place = place_in(&world, cgroup);
	size_t depth = 0;
	for (; place; place = place->inside, depth++)
		assert_int_equal(place->engine, BERTH_DOCKER);
	assert_int_equal(depth, 5);
	end_world(&world);
}

static struct berth_process fill(struct world *world, const char *name, const char *cgroup,
	const char *const *argv, size_t n_argv)
{
	struct berth_process process = {.pid = 20, .name = name, .argv = argv, .n_argv = n_argv};

	put_text(&world->folder, "proc/20/cgroup", cgroup);
	assert_int_equal(places_fill(&world->places, &process), 0);
	return process;
}

static void a_sample_of_docker_proxy_serves_its_container(void **state)
{
	static const char *const argv[] = {"/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip",
		"0.0.0.0", "-host-port", "8080", "-container-ip", "172.18.0.9", "-container-port",
		"80"};
	static const char cgroup[] = "0::/system.slice/docker.service\n";
	static const char command[] = "docker-proxy\0-container-ip\0fd00::9\0-container-port\0"
				      "443";
	struct world world;

	(void)state;
	begin_world(&world);
	put_text(&world.folder, "var/lib/docker/containers/" ID "/config.v2.json", docker_file);
	put_text(&world.folder, "var/lib/docker/containers/" ID2 "/config.v2.json", "{broken");
	struct berth_process process = fill(&world, "docker-proxy", cgroup, argv, 11);
	assert_string_equal(process.place->unit, "docker.service");
	assert_int_equal(process.place->engine, BERTH_NO_ENGINE);
	assert_string_equal(process.serves->container, ID);
	assert_string_equal(process.serves->container_name, "web");
	assert_int_equal(process.serves->engine, BERTH_DOCKER);
	assert_int_equal(process.serves_port, 80);
	/* In brief its arguments are read just for this. */
	put(&world.folder, "proc/20/cmdline", command, sizeof(command));
	process = fill(&world, "docker-proxy", cgroup, NULL, 0);
	assert_string_equal(process.serves->container, ID);
	assert_int_equal(process.serves_port, 443);
	/* Anybody can call himself so. */
	process = (struct berth_process){
		.pid = 20, .uid = 1000, .name = "docker-proxy", .argv = argv, .n_argv = 11};
	assert_int_equal(places_fill(&world.places, &process), 0);
	assert_null(process.serves);
	process = fill(&world, "docker-proxy", "0::/docker/" ID2 "\n", argv, 11);
	assert_null(process.serves);
	end_world(&world);
}

static void a_sample_of_conmon_serves_its_container(void **state)
{
	static const char *const argv[] = {"conmon", "-c", ID, "-n", "web", "-b", "/x"};
	struct world world;

	(void)state;
	begin_world(&world);
	struct berth_process process =
		fill(&world, "conmon", "0::/libpod_parent/conmon\n", argv, 7);
	assert_string_equal(process.serves->container, ID);
	assert_string_equal(process.serves->container_name, "web");
	assert_int_equal(process.serves->engine, BERTH_PODMAN);
	assert_int_equal(process.place->engine, BERTH_NO_ENGINE);
	process = fill(&world, "conmon",
		"0::/kubepods.slice/" POD_SLICE "/crio-conmon-" ID ".scope\n", argv, 7);
	assert_int_equal(process.serves->engine, BERTH_CRIO);
	end_world(&world);
}

static void samples_of_rootless_helpers_serve_the_container_of_their_network(void **state)
{
	static const char *const slirp[] = {"slirp4netns", "-c", "31", "tap0"};
	static const char *const pasta[] = {"pasta", "--netns", "/run/user/1000/netns/n1"};
	static const char cgroup[] = "0::/user.slice/user-1000.slice/user@1000.service/app.slice/"
				     "redis.service/runtime\n";
	struct world world;

	(void)state;
	begin_world(&world);
	put_link(&world.folder, "proc/self/ns/net", "net:[4026531840]");
	put_link(&world.folder, "proc/20/ns/net", "net:[4026531840]");
	put_text(&world.folder, "proc/20/task/20/children", "31 32 ");
	put_link(&world.folder, "proc/31/ns/net", "net:[4026532999]");
	put_text(&world.folder, "proc/31/cgroup", cgroup);
	put_link(&world.folder, "proc/40/ns/net", "net:[4026532999]");
	put_text(&world.folder, "proc/40/cgroup",
		"0::/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/"
		"libpod-payload-" ID "\n");
	put_link(&world.folder, NETNS_OF_20, "net:[4026532999]");
	struct berth_process process = fill(&world, "rootlessport", cgroup, NULL, 0);
	assert_string_equal(process.place->user_unit, "redis.service");
	assert_string_equal(process.serves->container, ID);
	process = fill(&world, "slirp4netns", cgroup, slirp, 4);
	assert_string_equal(process.serves->container, ID);
	process = fill(&world, "pasta", cgroup, pasta, 3);
	assert_string_equal(process.serves->container, ID);
	/* A helper for our own network: everybody is in it. */
	put_link(&world.folder, NETNS_OF_20, "net:[4026531840]");
	process = fill(&world, "pasta", cgroup, pasta, 3);
	assert_null(process.serves);
	end_world(&world);
}

static const char no_metadata[] =
	"[{\"id\":\"" ID "\",\"names\":\"x\",\"metadata\":\"{nonsense\"}]";

static void files_that_are_not_what_they_should_be_say_nothing(void **state)
{
	static const char *const wrong[] = {"", "{", "null", "[]", "17", "{\"Name\":3}", "\"x\"",
		"{\"Config\":[],\"NetworkSettings\":7}", "{\"annotations\":[1]}", "[[1],{},3]",
		no_metadata};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		for (enum engine_file kind = ENGINE_FILE_DOCKER; kind <= ENGINE_FILE_STORAGE;
			kind++) {
			struct engine_facts facts = {0};
			int r = engine_files_read(
				kind, &arena, wrong[i], strlen(wrong[i]), ID, &facts);

			assert_true(r == 0 || r == -EBADMSG || r == -ENOENT);
			assert_null(facts.name);
			assert_null(facts.image);
		}
	}
	arena_free(&arena);
}

static void what_a_recording_keeps_of_a_file_says_the_same_and_nothing_else(void **state)
{
	static const struct {
		enum engine_file kind;
		const char *text;
	} files[] = {{ENGINE_FILE_DOCKER, docker_file}, {ENGINE_FILE_OCI, containerd_file},
		{ENGINE_FILE_OCI, crio_file}, {ENGINE_FILE_STORAGE, storage_file}};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		struct engine_facts facts = {0};
		struct engine_facts again = {0};
		struct buffer kept = {0};

		assert_int_equal(engine_files_read(files[i].kind, &arena, files[i].text,
					 strlen(files[i].text), ID, &facts),
			0);
		engine_extract(files[i].kind, &facts, &kept);
		assert_null(strstr(buffer_string(&kept), "secret"));
		assert_int_equal(engine_files_read(files[i].kind, &arena, buffer_string(&kept),
					 kept.len, ID, &again),
			0);
		assert_string_equal(facts.name, again.name);
		assert_string_equal(facts.image, again.image);
		assert_int_equal(facts.n_addresses, again.n_addresses);
		assert_int_equal(facts.pod_name != NULL, again.pod_name != NULL);
		buffer_free(&kept);
	}
	/* Two containers of one file. */
	struct engine_facts first = {.id = ID, .name = "first"};
	const struct engine_facts second = {.id = ID2, .name = "second", .next = &first};
	struct engine_facts again = {0};
	struct buffer kept = {0};
	engine_extract(ENGINE_FILE_STORAGE, &second, &kept);
	assert_int_equal(
		engine_files_read(ENGINE_FILE_STORAGE, &arena, kept.data, kept.len, ID, &again), 0);
	assert_string_equal(again.name, "first");
	buffer_free(&kept);
	arena_free(&arena);
}

/* ---- Socket units ---------------------------------------------------------------------------- */

static struct berth_socket row_of(enum berth_proto proto, uint8_t family, uint16_t port)
{
	return (struct berth_socket){.proto = proto,
		.family = family,
		.state = BERTH_LISTEN,
		.local_port = port,
		.inode = 7};
}

static void a_unit_is_read_as_systemd_reads_it(void **state)
{
	static const char text[] =
		"# a comment\n[Unit]\nDescription=x\nListenStream=1\n"
		"[Socket]\nListenStream=80\nListenStream=\nListenStream = 443 \n"
		"ListenStream=/run/x.sock\nListenStream=vsock::22\n"
		"ListenDatagram=127.0.0.1:53\n; another\nService=\\\n"
		"# between\nx.service\nListenStream=[fe80::1%%eth0]:9\n"
		"ListenStream=[fe80::2]:10%%eth0\nListenStream=%i\nListenStream=%H\n"
		"ListenStream=70000\nListenStream=1.2.3:80\naccept=Yes\n"
		"[Install]\nListenStream=2\n[Socket]\nListenStream=5000";
	struct socket_unit unit = {.name = "a@4008.socket"};
	struct arena arena = {0};
	size_t count = 0;

	(void)state;
	assert_int_equal(socket_unit_read(&arena, text, sizeof(text) - 1, &unit), 0);
	for (const struct socket_unit_listen *listen = unit.listens; listen; listen = listen->next)
		count++;
	assert_int_equal(count, 6);
	struct berth_socket row = row_of(BERTH_TCP, 6, 443);
	assert_true(socket_unit_opens(&unit, &row));
	row.family = 4; /* 0.0.0.0, without IPv6 */
	assert_true(socket_unit_opens(&unit, &row));
	row.local[0] = 127;
	assert_false(socket_unit_opens(&unit, &row));
	row = row_of(BERTH_UDP, 4, 443);
	assert_false(socket_unit_opens(&unit, &row));
	row = row_of(BERTH_UDP, 4, 53);
	assert_false(socket_unit_opens(&unit, &row));
	memcpy(row.local, (const uint8_t[]){127, 0, 0, 1}, 4);
	assert_true(socket_unit_opens(&unit, &row));
	row = row_of(BERTH_TCP, 6, 80);
	assert_false(socket_unit_opens(&unit, &row));
	row.local_port = 4008;
	assert_true(socket_unit_opens(&unit, &row));
	row.local_port = 5000;
	assert_true(socket_unit_opens(&unit, &row));
	assert_true(unit.accept);
	assert_string_equal(socket_unit_service(&arena, &unit), "x.service");
	unit.service = NULL;
	assert_string_equal(socket_unit_service(&arena, &unit), "a@.service");
	unit.accept = false;
	assert_string_equal(socket_unit_service(&arena, &unit), "a@4008.service");
	arena_free(&arena);
}

/* A row that the manager of the system, or of user 1000, holds. */
static void hold(struct world *world, struct berth_socket *row, struct berth_owner *owner,
	struct berth_process *process, const char *cgroup)
{
	*process = fill(world, "systemd", cgroup, NULL, 0);
	*owner = (struct berth_owner){.process = process, .fd = 40};
	row->owners = owner;
	row->n_owners = 1;
}

static void a_socket_of_the_manager_is_known_by_its_cgroup(void **state)
{
	struct berth_socket row = row_of(BERTH_TCP, 6, 22);
	struct berth_process process;
	struct berth_owner owner;
	struct world world;

	(void)state;
	begin_world(&world);
	put_link(&world.folder, "cgroup/900", "/sys/fs/cgroup/system.slice/ssh.socket");
	put_link(&world.folder, "cgroup/901", "/sys/fs/cgroup/system.slice/gone.socket");
	put_text(&world.folder, "usr/lib/systemd/system/ssh.socket",
		"[Socket]\nListenStream=22\nAccept=no\n");
	hold(&world, &row, &owner, &process, "0::/init.scope\n");
	row.cgroup_id = 900;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "ssh.socket");
	assert_string_equal(row.activation_service, "ssh.service");
	assert_null(row.made_in);
	/* Without its file nobody knows what it starts. */
	row = row_of(BERTH_TCP, 6, 23);
	hold(&world, &row, &owner, &process, "0::/init.scope\n");
	row.cgroup_id = 901;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "gone.socket");
	assert_null(row.activation_service);
	/* A service that opened its socket itself was not activated. */
	row = row_of(BERTH_TCP, 6, 22);
	hold(&world, &row, &owner, &process, "0::/system.slice/nginx.service\n");
	row.cgroup_id = 900;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_null(row.activation_unit);
	/* A manager in a container: its unit files are not ours. */
	row = row_of(BERTH_TCP, 6, 22);
	hold(&world, &row, &owner, &process, "0::/lxc.payload.c1/init.scope\n");
	row.cgroup_id = 900;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "ssh.socket");
	assert_null(row.activation_service);
	end_world(&world);
}

static void a_socket_made_elsewhere_is_known_by_its_address(void **state)
{
	struct berth_socket row = row_of(BERTH_TCP, 6, 2222);
	struct berth_process process;
	struct berth_owner owner;
	struct world world;

	(void)state;
	begin_world(&world);
	/* As Ubuntu 24.04's generator does it for sshd_config's Port. */
	put_text(&world.folder, "usr/lib/systemd/system/ssh.socket",
		"[Socket]\nListenStream=0.0.0.0:22\nListenStream=[::]:22\nAccept=no\n");
	put_text(&world.folder, "run/systemd/generator/ssh.socket.d/addresses.conf",
		"[Socket]\nListenStream=\nListenStream=[::]:2222\n");
	put_text(&world.folder, "usr/lib/systemd/system/ssh.socket.d/addresses.conf",
		"[Socket]\nListenStream=9\n");
	put_text(&world.folder, "etc/systemd/system/a-b.socket", "[Socket]\nListenStream=1\n");
	put_text(&world.folder, "etc/systemd/system/a-.socket.d/2.conf",
		"[Socket]\nListenDatagram=[::1]:2\nService=c.service\n");
	put_text(&world.folder, "etc/systemd/system/many@.socket", "[Socket]\nListenStream=%i\n");
	put_link(&world.folder, "etc/systemd/system/sockets.target.wants/many@3000.socket",
		"../many@.socket");
	put_link(&world.folder, "home-of/1000", "/home/alice");
	put_text(&world.folder, "home/alice/.config/systemd/user/hers.socket",
		"[Socket]\nListenStream=2222\n");
	hold(&world, &row, &owner, &process, "0::/init.scope\n");
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "ssh.socket");
	assert_string_equal(row.activation_service, "ssh.service");
	row.local_port = 22;
	row.activation_unit = NULL;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_null(row.activation_unit);
	row.local_port = 9;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_null(row.activation_unit);
	row.local_port = 3000;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "many@3000.socket");
	assert_string_equal(row.activation_service, "many@3000.service");
	row = row_of(BERTH_UDP, 6, 2);
	row.local[15] = 1;
	hold(&world, &row, &owner, &process, "0::/init.scope\n");
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "a-b.socket");
	assert_string_equal(row.activation_service, "c.service");
	row = row_of(BERTH_TCP, 6, 2222);
	hold(&world, &row, &owner, &process,
		"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n");
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "hers.socket");
	end_world(&world);
}

static void a_socket_without_a_known_owner_is_placed_where_it_was_made(void **state)
{
	struct berth_socket row = row_of(BERTH_TCP, 6, 80);
	struct world world;

	(void)state;
	begin_world(&world);
	put_link(&world.folder, "cgroup/77",
		"/sys/fs/cgroup/unified/system.slice/docker-" ID ".scope");
	put_link(&world.folder, "cgroup/78", "/sys/fs/cgroup/system.slice/cups.socket");
	row.cgroup_id = 77;
	row.reason = BERTH_NEEDS_CAPABILITY;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.made_in->container, ID);
	assert_string_equal(row.made_in->cgroup, "/system.slice/docker-" ID ".scope");
	assert_null(row.activation_unit);
	row.cgroup_id = 78;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_string_equal(row.activation_unit, "cups.socket");
	/* The kernel's own sockets, and those of the root, have no place. */
	row = row_of(BERTH_UDP, 6, 4789);
	row.cgroup_id = 77;
	row.reason = BERTH_KERNEL_SOCKET;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_null(row.made_in);
	row.reason = BERTH_NEEDS_CAPABILITY;
	row.cgroup_id = 1;
	assert_int_equal(activation_of(&world.activation, &row), 0);
	assert_null(row.made_in);
	end_world(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sample_of_docker_names_container_and_image),
		cmocka_unit_test(an_id_of_an_unknown_engine_is_looked_for_in_the_files_of_all),
		cmocka_unit_test(samples_of_kubernetes_name_pod_and_namespace),
		cmocka_unit_test(samples_of_podman_name_containers_of_root_and_of_users),
		cmocka_unit_test(files_of_users_are_not_read_through_links),
		cmocka_unit_test(samples_of_runtimes_lxc_and_machines),
		cmocka_unit_test(containers_in_containers_are_told_to_a_depth),
		cmocka_unit_test(a_sample_of_docker_proxy_serves_its_container),
		cmocka_unit_test(a_sample_of_conmon_serves_its_container),
		cmocka_unit_test(samples_of_rootless_helpers_serve_the_container_of_their_network),
		cmocka_unit_test(files_that_are_not_what_they_should_be_say_nothing),
		cmocka_unit_test(what_a_recording_keeps_of_a_file_says_the_same_and_nothing_else),
		cmocka_unit_test(a_unit_is_read_as_systemd_reads_it),
		cmocka_unit_test(a_socket_of_the_manager_is_known_by_its_cgroup),
		cmocka_unit_test(a_socket_made_elsewhere_is_known_by_its_address),
		cmocka_unit_test(a_socket_without_a_known_owner_is_placed_where_it_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
