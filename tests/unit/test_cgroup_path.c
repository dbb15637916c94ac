// SPDX-License-Identifier: MIT
/*
 * Samples of cgroup paths, byte for byte as service managers and container engines make them, and
 * what each says. Those of systemd, podman, runc, LXC and systemd-nspawn are also made for real by
 * tests/live/test_places.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sockets/linux/cgroup_path.h"
#include "sockets/linux/proxies.h"

#define ID "3f2a41bc90de5a7c8e6d4b2a1f0e9d8c7b6a59483726150493827161504f3e2d"
#define ID2 "9687bac58d5c4d1606aa46af33d1a21c1d1652e0ac9fb3fc0fc86e3495f42869"
#define UID_DASHES "72f7f152-440c-66ac-9084-e0fc1d8a910c"
#define UID_UNDERSCORES "72f7f152_440c_66ac_9084_e0fc1d8a910c"
#define POD_HASH "9a3b1c2d4e5f60718293a4b5c6d7e8f9"

struct sample {
	const char *path;
	const char *slice;
	const char *unit;
	const char *user_unit;
	enum berth_engine engine;
	const char *container;
	const char *pod;
	const char *inside;
	uint32_t user; /* 0: none */
	bool helper;
};

static void check_span(const char *path, const char *what, struct cgroup_span span, const char *is)
{
	size_t len = is ? strlen(is) : 0;

	if (span.len != len || (len && memcmp(span.text, is, len) != 0))
		fail_msg("%s: %s is '%.*s', not '%s'", path, what, (int)span.len,
			span.len ? span.text : "", is ? is : "");
}

static void check(const struct sample *sample)
{
	struct cgroup_path path;
	struct arena arena = {0};

	cgroup_path_parse(sample->path, strlen(sample->path), &path);
	check_span(sample->path, "slice", path.slice, sample->slice);
	check_span(sample->path, "unit", path.unit, sample->unit);
	check_span(sample->path, "user unit", path.user_unit, sample->user_unit);
	check_span(sample->path, "container", path.container, sample->container);
	check_span(sample->path, "inside", path.inside, sample->inside);
	const char *pod = path.pod.len ? cgroup_path_pod(&arena, &path.pod) : NULL;
	if (pod)
		assert_string_equal(pod, sample->pod ? sample->pod : "");
	else
		assert_null(sample->pod);
	if (path.engine != sample->engine || path.helper != sample->helper)
		fail_msg("%s: engine %d, helper %d", sample->path, (int)path.engine, path.helper);
	assert_int_equal(path.has_user, sample->user != 0);
	assert_int_equal(path.user_uid, sample->user);
	arena_free(&arena);
}

#define CHECK_ALL(samples)                                                                         \
	for (size_t i = 0; i < sizeof(samples) / sizeof(*(samples)); i++)                          \
	check((samples) + i)

static void samples_of_systemd_name_the_unit(void **state)
{
	static const struct sample samples[] = {
		{.path = "/"},
		{.path = ""},
		{.path = "/init.scope", .unit = "init.scope"},
		{.path = "/system.slice/nginx.service",
			.slice = "system.slice",
			.unit = "nginx.service"},
		{.path = "/system.slice/system-postgresql.slice/postgresql@15-main.service",
			.slice = "system-postgresql.slice",
			.unit = "postgresql@15-main.service"},
		{.path = "/system.slice/ssh.socket", .slice = "system.slice", .unit = "ssh.socket"},
		{.path = "/system.slice/dev-disk-by\\x2duuid-1.swap",
			.slice = "system.slice",
			.unit = "dev-disk-by\\x2duuid-1.swap"},
		/* Delegated: what the service makes below itself is not systemd's. */
		{.path = "/system.slice/docker.service/other.service",
			.slice = "system.slice",
			.unit = "docker.service"},
		{.path = "/system.slice/systemd-udevd.service/udev",
			.slice = "system.slice",
			.unit = "systemd-udevd.service"},
		/* cg_escape(): it would collide with the kernel's cgroup.procs. */
		{.path = "/system.slice/_cgroup.service",
			.slice = "system.slice",
			.unit = "cgroup.service"},
		{.path = "/user.slice/user-1000.slice/session-3.scope",
			.slice = "user-1000.slice",
			.unit = "session-3.scope",
			.user = 1000},
		{.path = "/system.slice/gone.service (deleted)",
			.slice = "system.slice",
			.unit = "gone.service"},
		{.path = "/../../system.slice/outside.service",
			.slice = "system.slice",
			.unit = "outside.service"},
		{.path = "/system.slice/.service", .slice = "system.slice"},
		{.path = "/.slice"},
		{.path = "//system.slice//x.service/",
			.slice = "system.slice",
			.unit = "x.service"},
		{.path = "system.slice/x.service", .slice = "system.slice", .unit = "x.service"},
		{.path = "/custom/group"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_user_managers_name_both_units(void **state)
{
#define MANAGER "/user.slice/user-1000.slice/user@1000.service"
	static const struct sample samples[] = {
		{.path = MANAGER "/init.scope",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "init.scope",
			.user = 1000},
		{.path = MANAGER "/app.slice/syncthing.service",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "syncthing.service",
			.user = 1000},
		{.path = MANAGER "/app.slice/app-flatpak-org.mozilla.firefox-4711.scope",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "app-flatpak-org.mozilla.firefox-4711.scope",
			.user = 1000},
		{.path = "/user.slice/user-1000.slice/user@evil.service/x.service",
			.slice = "user-1000.slice",
			.unit = "user@evil.service",
			.user = 1000},
		{.path = "/user.slice/user-4294967295.slice/session-1.scope",
			.slice = "user-4294967295.slice",
			.unit = "session-1.scope"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_docker_and_containerd(void **state)
{
	static const struct sample samples[] = {
		{.path = "/docker/" ID, .engine = BERTH_DOCKER, .container = ID},
		{.path = "/system.slice/docker-" ID ".scope",
			.slice = "system.slice",
			.unit = "docker-" ID ".scope",
			.engine = BERTH_DOCKER,
			.container = ID},
		{.path = "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID
			 ".scope",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "docker-" ID ".scope",
			.engine = BERTH_DOCKER,
			.container = ID,
			.user = 1000},
		/* --cgroup-parent=/build with the cgroupfs driver. */
		{.path = "/build/" ID, .engine = BERTH_SOME_ENGINE, .container = ID},
		{.path = "/ecs/7ee1f3a2b4c54d0e8f6a7b8c9d0e1f2a/" ID,
			.engine = BERTH_SOME_ENGINE,
			.container = ID},
		{.path = "/docker/" ID "/docker/" ID2,
			.engine = BERTH_DOCKER,
			.container = ID,
			.inside = "docker/" ID2},
		{.path = "/docker/" ID "/system.slice/nginx.service",
			.engine = BERTH_DOCKER,
			.container = ID,
			.inside = "system.slice/nginx.service"},
		{.path = "/system.slice/nerdctl-" ID ".scope",
			.slice = "system.slice",
			.unit = "nerdctl-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID},
		{.path = "/default/" ID, .engine = BERTH_CONTAINERD, .container = ID},
		/* Not an id: one digit is missing, or is a capital. */
		{.path = "/docker/f2a41bc90de5a7c8e6d4b2a1f0e9d8c7b6a59483726150493827161504f3e2d"},
		{.path = "/docker/"
			 "3F2a41bc90de5a7c8e6d4b2a1f0e9d8c7b6a59483726150493827161504f3e2d"},
		{.path = "/docker/buildkit/j1x0vq6ypwbrlt5hnrxfgznm4"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_kubernetes_name_pod_and_container(void **state)
{
#define BURSTABLE "/kubepods.slice/kubepods-burstable.slice/"
#define POD_SLICE "kubepods-burstable-pod" UID_UNDERSCORES ".slice"
	static const struct sample samples[] = {
		{.path = BURSTABLE POD_SLICE "/cri-containerd-" ID ".scope",
			.slice = POD_SLICE,
			.unit = "cri-containerd-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = UID_DASHES},
		{.path = BURSTABLE POD_SLICE "/crio-" ID ".scope",
			.slice = POD_SLICE,
			.unit = "crio-" ID ".scope",
			.engine = BERTH_CRIO,
			.container = ID,
			.pod = UID_DASHES},
		/* crun puts it one level down. */
		{.path = BURSTABLE POD_SLICE "/crio-" ID ".scope/container",
			.slice = POD_SLICE,
			.unit = "crio-" ID ".scope",
			.engine = BERTH_CRIO,
			.container = ID,
			.pod = UID_DASHES},
		{.path = BURSTABLE POD_SLICE "/crio-conmon-" ID ".scope",
			.slice = POD_SLICE,
			.unit = "crio-conmon-" ID ".scope",
			.engine = BERTH_CRIO,
			.container = ID,
			.pod = UID_DASHES,
			.helper = true},
		{.path = BURSTABLE POD_SLICE "/docker-" ID ".scope",
			.slice = POD_SLICE,
			.unit = "docker-" ID ".scope",
			.engine = BERTH_DOCKER,
			.container = ID,
			.pod = UID_DASHES},
		{.path = "/kubepods.slice/kubepods-besteffort.slice/"
			 "kubepods-besteffort-pod" UID_UNDERSCORES ".slice/cri-containerd-" ID
			 ".scope",
			.slice = "kubepods-besteffort-pod" UID_UNDERSCORES ".slice",
			.unit = "cri-containerd-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = UID_DASHES},
		{.path = "/kubepods.slice/kubepods-pod" UID_UNDERSCORES ".slice/cri-containerd-" ID
			 ".scope",
			.slice = "kubepods-pod" UID_UNDERSCORES ".slice",
			.unit = "cri-containerd-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = UID_DASHES},
		/* A static pod has a hash. */
		{.path = BURSTABLE "kubepods-burstable-pod" POD_HASH ".slice/cri-containerd-" ID
				   ".scope",
			.slice = "kubepods-burstable-pod" POD_HASH ".slice",
			.unit = "cri-containerd-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = POD_HASH},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_kubernetes_with_other_drivers(void **state)
{
	static const struct sample samples[] = {
		/* The cgroupfs driver. */
		{.path = "/kubepods/burstable/pod" UID_DASHES "/" ID,
			.engine = BERTH_SOME_ENGINE,
			.container = ID,
			.pod = UID_DASHES},
		{.path = "/kubepods/besteffort/pod" UID_DASHES "/crio-" ID,
			.engine = BERTH_CRIO,
			.container = ID,
			.pod = UID_DASHES},
		{.path = "/kubepods/pod" UID_DASHES "/" ID,
			.engine = BERTH_SOME_ENGINE,
			.container = ID,
			.pod = UID_DASHES},
		/* containerd without SystemdCgroup below a kubelet with the systemd driver. */
		{.path = "/system.slice/containerd.service/kubepods-burstable-pod" UID_UNDERSCORES
			 ".slice:cri-containerd:" ID,
			.slice = "system.slice",
			.unit = "containerd.service",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = UID_DASHES},
		{.path = "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/"
			 "kubelet-kubepods-besteffort-pod" UID_UNDERSCORES
			 ".slice/cri-containerd-" ID ".scope",
			.slice = "kubelet-kubepods-besteffort-pod" UID_UNDERSCORES ".slice",
			.unit = "cri-containerd-" ID ".scope",
			.engine = BERTH_CONTAINERD,
			.container = ID,
			.pod = UID_DASHES},
		/* A node of kind: Docker around it. */
		{.path = "/docker/" ID2 "/kubelet.slice/kubelet-kubepods.slice/x.service",
			.engine = BERTH_DOCKER,
			.container = ID2,
			.inside = "kubelet.slice/kubelet-kubepods.slice/x.service"},
		/* A pod is one of Kubernetes only below its cgroup. */
		{.path = "/pod" UID_DASHES "/" ID, .engine = BERTH_SOME_ENGINE, .container = ID},
		{.path = BURSTABLE "kubepods-burstable-podnonsense.slice",
			.slice = "kubepods-burstable-podnonsense.slice"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_podman_and_runtimes(void **state)
{
	static const struct sample samples[] = {
		{.path = "/machine.slice/libpod-" ID ".scope/container",
			.slice = "machine.slice",
			.unit = "libpod-" ID ".scope",
			.engine = BERTH_PODMAN,
			.container = ID},
		{.path = "/machine.slice/libpod-conmon-" ID ".scope",
			.slice = "machine.slice",
			.unit = "libpod-conmon-" ID ".scope",
			.engine = BERTH_PODMAN,
			.container = ID,
			.helper = true},
		{.path = "/libpod_parent/libpod-" ID, .engine = BERTH_PODMAN, .container = ID},
		{.path = "/libpod_parent/conmon"},
		{.path = "/libpod_parent/" ID2 "/libpod-" ID,
			.engine = BERTH_PODMAN,
			.container = ID,
			.pod = ID2},
		{.path = "/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope",
			.slice = "machine-libpod_pod_" ID2 ".slice",
			.unit = "libpod-" ID ".scope",
			.engine = BERTH_PODMAN,
			.container = ID,
			.pod = ID2},
		{.path = MANAGER "/user.slice/libpod-" ID ".scope/container",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "libpod-" ID ".scope",
			.engine = BERTH_PODMAN,
			.container = ID,
			.user = 1000},
		{.path = MANAGER "/user.slice/user-libpod_pod_" ID2 ".slice/libpod-" ID ".scope",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "libpod-" ID ".scope",
			.engine = BERTH_PODMAN,
			.container = ID,
			.pod = ID2,
			.user = 1000},
		/* Quadlets: --cgroups=split. */
		{.path = "/system.slice/nginx.service/libpod-payload-" ID2,
			.slice = "system.slice",
			.unit = "nginx.service",
			.engine = BERTH_PODMAN,
			.container = ID2},
		{.path = MANAGER "/app.slice/redis.service/libpod-payload-" ID2,
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "redis.service",
			.engine = BERTH_PODMAN,
			.container = ID2,
			.user = 1000},
		{.path = MANAGER "/app.slice/redis.service/runtime",
			.slice = "user-1000.slice",
			.unit = "user@1000.service",
			.user_unit = "redis.service",
			.user = 1000},
		/* Runtimes without an engine, with the systemd driver. */
		{.path = "/system.slice/runc-web.scope",
			.slice = "system.slice",
			.unit = "runc-web.scope",
			.engine = BERTH_RUNC,
			.container = "web"},
		{.path = "/system.slice/crun-web.scope",
			.slice = "system.slice",
			.unit = "crun-web.scope",
			.engine = BERTH_CRUN,
			.container = "web"},
		{.path = "/web"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void samples_of_lxc_and_machines(void **state)
{
	static const struct sample samples[] = {
		{.path = "/lxc.payload.c1", .engine = BERTH_LXC, .container = "c1"},
		{.path = "/lxc.payload.web.example.org/system.slice/nginx.service",
			.engine = BERTH_LXC,
			.container = "web.example.org",
			.inside = "system.slice/nginx.service"},
		{.path = "/lxc.payload.snapcraft_some-container",
			.engine = BERTH_LXC,
			.container = "snapcraft_some-container"},
		{.path = "/lxc.monitor.c1", .engine = BERTH_LXC, .container = "c1", .helper = true},
		/* Proxmox VE. */
		{.path = "/lxc/101/ns/system.slice/nginx.service",
			.engine = BERTH_LXC,
			.container = "101",
			.inside = "system.slice/nginx.service"},
		{.path = "/lxc.monitor/101",
			.engine = BERTH_LXC,
			.container = "101",
			.helper = true},
		{.path = "/lxc.payload/c1", .engine = BERTH_LXC, .container = "c1"},
		{.path = "/below/lxc/c1"},
		{.path = "/lxc"},
		{.path = "/lxc.payload."},
		{.path = "/machine.slice/machine-web\\x2d1.scope/payload/system.slice/"
			 "nginx.service",
			.slice = "machine.slice",
			.unit = "machine-web\\x2d1.scope",
			.engine = BERTH_NSPAWN,
			.container = "web\\x2d1",
			.inside = "system.slice/nginx.service"},
		{.path = "/machine.slice/machine-web.scope/supervisor",
			.slice = "machine.slice",
			.unit = "machine-web.scope",
			.engine = BERTH_NSPAWN,
			.container = "web",
			.helper = true},
		{.path = "/machine.slice/systemd-nspawn@web.service/payload/init.scope",
			.slice = "machine.slice",
			.unit = "systemd-nspawn@web.service",
			.engine = BERTH_NSPAWN,
			.container = "web",
			.inside = "init.scope"},
		{.path = "/machine.slice/machine-qemu\\x2d3\\x2dbuild.scope/libvirt/emulator",
			.slice = "machine.slice",
			.unit = "machine-qemu\\x2d3\\x2dbuild.scope",
			.engine = BERTH_LIBVIRT,
			.container = "build",
			.inside = "libvirt/emulator"},
		{.path = "/machine.slice/machine-lxc\\x2d12\\x2dbox.scope",
			.slice = "machine.slice",
			.unit = "machine-lxc\\x2d12\\x2dbox.scope",
			.engine = BERTH_LIBVIRT,
			.container = "box"},
		/* Called so by its owner; libvirt's have a number. */
		{.path = "/machine.slice/machine-qemu\\x2dweb.scope",
			.slice = "machine.slice",
			.unit = "machine-qemu\\x2dweb.scope",
			.engine = BERTH_NSPAWN,
			.container = "qemu\\x2dweb"},
	};

	(void)state;
	CHECK_ALL(samples);
}

static void names_and_pods_are_spelt_as_people_do(void **state)
{
	static const char *const names[][2] = {{"web\\x2d1", "web-1"}, {"plain", "plain"},
		{"\\x2f\\x41b", "/Ab"}, {"a\\x00b", "a\\x00b"}, {"end\\x2", "end\\x2"},
		{"bad\\xzz", "bad\\xzz"}};
	struct arena arena = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct cgroup_span span = {.text = names[i][0], .len = strlen(names[i][0])};

		assert_string_equal(cgroup_path_name(&arena, &span), names[i][1]);
	}
	arena_free(&arena);
}

struct choice {
	const char *text;
	const char *path; /* NULL: none */
};

static void of_several_hierarchies_the_one_that_says_most_is_chosen(void **state)
{
	static const struct choice choices[] = {
		{"0::/system.slice/nginx.service\n", "/system.slice/nginx.service"},
		{"0::/\n", "/"},
		{"0::/a:b.service\n", "/a:b.service"},
		{"0::/last.service", "/last.service"},
		/* Hybrid: systemd keeps both; version 2 first. */
		{"12:pids:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n"
		 "0::/system.slice/nginx.service\n",
			"/system.slice/nginx.service"},
		/* Hybrid, cgroupfs driver: Docker's containers are only in version 1. */
		{"11:memory:/docker/" ID "\n1:name=systemd:/docker/" ID
		 "\n0::/system.slice/docker.service\n",
			"/docker/" ID},
		/* Version 1 alone, with and without systemd. */
		{"4:memory:/user.slice\n1:name=systemd:/user.slice/user-0.slice/session-1.scope\n",
			"/user.slice/user-0.slice/session-1.scope"},
		{"4:memory:/docker/" ID "\n3:cpuset:/docker/" ID "\n", "/docker/" ID},
		/* A limit on memory is no place. */
		{"4:memory:/jail/5be3\n1:name=systemd:/\n0::/\n", "/"},
		{"4:memory:/jail/5be3\n0::/own\n", "/own"},
		{"1:name=systemd:/a\n0::/b\n", "/b"},
		{"1:name=systemd:/a.service\n0::/b\n", "/a.service"},
		{"", NULL},
		{"0:\n", NULL},
		{"nonsense\n\n:::\n", NULL},
		{"0::relative\n", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(choices) / sizeof(*choices); i++) {
		struct cgroup_path path = {0};
		const char *text = choices[i].text;
		bool found = cgroup_path_choose(text, strlen(text), &path);

		assert_int_equal(found, choices[i].path != NULL);
		if (found)
			check_span(text, "path", path.path, choices[i].path);
	}
}

/* ---- Helpers of engines ---------------------------------------------------------------------- */

struct helper {
	const char *argv[24];
	enum proxies_kind kind;
	const char *text;
	const char *name;
	uint32_t pid;
	uint16_t port;
};

static void samples_of_helpers_tell_for_whom_they_work(void **state)
{
	static const struct helper helpers[] = {
		{.argv = {"/usr/bin/docker-proxy", "-proto", "tcp", "-host-ip", "0.0.0.0",
			 "-host-port", "5440", "-container-ip", "172.18.0.2", "-container-port",
			 "5432", "-use-listen-fd"},
			.kind = PROXIES_ADDRESS,
			.text = "172.18.0.2",
			.port = 5432},
		{.argv = {"/usr/bin/docker-proxy", "-proto", "tcp"}},
		{.argv = {"/usr/bin/docker-proxy", "-container-port", "70000", "-container-ip"}},
		{.argv = {"/usr/bin/conmon", "--api-version", "1", "-c", ID, "-u", ID, "-r",
			 "/usr/bin/runc", "-b", "/var/lib/containers/storage", "-n", "web"},
			.kind = PROXIES_ID,
			.text = ID,
			.name = "web"},
		{.argv = {"/usr/bin/conmon", "-c", "../../etc"}},
		{.argv = {"rootlessport"}, .kind = PROXIES_CHILD},
		{.argv = {"/usr/bin/slirp4netns", "--disable-host-loopback", "--mtu=65520",
			 "--enable-sandbox", "--enable-seccomp", "--enable-ipv6", "-c", "-r", "3",
			 "--netns-type=path", "/run/user/1000/netns/netns-1", "tap0"},
			.kind = PROXIES_NAMESPACE,
			.text = "/run/user/1000/netns/netns-1"},
		{.argv = {"slirp4netns", "-c", "4711", "tap0"},
			.kind = PROXIES_PROCESS,
			.pid = 4711},
		{.argv = {"/usr/bin/pasta", "--config-net", "-t", "8080-8080:80-80",
			 "--dns-forward", "169.254.0.1", "-u", "none", "--netns",
			 "/run/user/1000/netns/netns-2"},
			.kind = PROXIES_NAMESPACE,
			.text = "/run/user/1000/netns/netns-2"},
		{.argv = {"/usr/bin/pasta.avx2", "--netns", "/run/../../etc/x"}},
		{.argv = {"/usr/bin/nginx", "-c", ID}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(helpers) / sizeof(*helpers); i++) {
		const struct helper *helper = helpers + i;
		const char *slash = strrchr(helper->argv[0], '/');
		const char *name = slash ? slash + 1 : helper->argv[0];
		struct proxies_target target;
		size_t n_argv = 0;

		while (n_argv < 24 && helper->argv[n_argv])
			n_argv++;
		proxies_read(name, helper->argv, n_argv, &target);
		assert_int_equal(target.kind, helper->kind);
		assert_int_equal(target.pid, helper->pid);
		assert_int_equal(target.port, helper->port);
		if (helper->text)
			assert_string_equal(target.text, helper->text);
		if (helper->name)
			assert_string_equal(target.name, helper->name);
	}
	assert_true(proxies_is_helper("conmon"));
	assert_false(proxies_is_helper("nginx"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_of_systemd_name_the_unit),
		cmocka_unit_test(samples_of_user_managers_name_both_units),
		cmocka_unit_test(samples_of_docker_and_containerd),
		cmocka_unit_test(samples_of_kubernetes_name_pod_and_container),
		cmocka_unit_test(samples_of_kubernetes_with_other_drivers),
		cmocka_unit_test(samples_of_podman_and_runtimes),
		cmocka_unit_test(samples_of_lxc_and_machines),
		cmocka_unit_test(names_and_pods_are_spelt_as_people_do),
		cmocka_unit_test(of_several_hierarchies_the_one_that_says_most_is_chosen),
		cmocka_unit_test(samples_of_helpers_tell_for_whom_they_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
