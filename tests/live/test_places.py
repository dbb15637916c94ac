# SPDX-License-Identifier: MIT
"""To what the owners of sockets belong: a booted systemd, and containers, made by the tests themselves.

All tests here are live. What cannot be made on a machine like this (Docker, Kubernetes, LXD, libvirt, rootless
helpers) is tested with samples in tests/unit/test_cgroup_path.c and test_places.c.
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, BUILD, ROOT, TIMEOUT, UNKNOWN, YES, Answer, environment, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces

# A root file system takes half a minute to make, so it is kept; its name says what is in it.
PACKAGES = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,python3-minimal,libmnl0,libsmartcols1"
MACHINE_ROOT = ROOT / "build" / "roots" / "machine-1"

SERVER = """
import socket, sys, time
made = socket.create_server(("0.0.0.0", int(sys.argv[1])))
time.sleep(3600)
"""
SERVICE = "[Service]\nExecStart=/usr/bin/python3 /server.py {port}\n"
IDLE = "[Service]\nExecStart=/usr/bin/sleep 3600\n"
INETD = "[Service]\nExecStart=/usr/bin/cat\nStandardInput=socket\n"
UNITS = {
    "/server.py": SERVER,
    "/etc/systemd/system/web.service": SERVICE.format(port=4000),
    "/etc/systemd/system/idle.socket": "[Socket]\nListenStream=4001\n",
    "/etc/systemd/system/idle.service": IDLE,
    "/etc/systemd/system/other.socket":
        "[Socket]\nListenDatagram=127.0.0.1:4002\nService=another.service\n",
    "/etc/systemd/system/another.service": IDLE,
    "/etc/systemd/system/each.socket": "[Socket]\nListenStream=4003\nAccept=yes\n",
    "/etc/systemd/system/each@.service": INETD,
    "/etc/systemd/system/drop-in.socket": "[Socket]\nListenStream=4004\n",
    "/etc/systemd/system/drop-in.service": IDLE,
    "/etc/systemd/system/drop-.socket.d/50-port.conf":
        "[Socket]\nListenStream=\nListenStream=[::1]:4005\n",
    "/etc/systemd/system/many@.socket": "[Socket]\nListenStream=127.0.0.1:%i\n",
    "/etc/systemd/system/many@.service": IDLE,
    "/etc/systemd/system/busy.socket": "[Socket]\nListenStream=4009\n",
    "/etc/systemd/system/busy.service": IDLE,
    "/etc/systemd/system/ready.service":
        "[Unit]\nAfter=web.service user@1000.service\nWants=user@1000.service\n"
        "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/berth-ready\n",
    "/home/alice/.config/systemd/user/mine.service": SERVICE.format(port=4006),
    "/home/alice/.config/systemd/user/mine-idle.socket": "[Socket]\nListenStream=4007\n",
    "/home/alice/.config/systemd/user/mine-idle.service": IDLE,
}
WANTED = {
    "/etc/systemd/system/multi-user.target.wants":
        ("web.service", "idle.socket", "other.socket", "each.socket", "drop-in.socket", "busy.socket",
         "ready.service"),
    "/home/alice/.config/systemd/user/default.target.wants": ("mine.service", "mine-idle.socket"),
}


def why_no_machine() -> str | None:
    for tool in ("mmdebstrap", "systemd-nspawn"):
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


def make_machine_root() -> None:
    """Made beside its place and then moved, so that half of one is never used."""
    made = MACHINE_ROOT.with_name(f"{MACHINE_ROOT.name}.{os.getpid()}")
    made.parent.mkdir(parents=True, exist_ok=True)
    customs = (
        "useradd --root=$1 --uid=1000 --create-home --shell=/bin/sh alice",
        "mkdir -p $1/var/lib/systemd/linger && touch $1/var/lib/systemd/linger/alice",
        "systemctl --root=$1 mask getty.target console-getty.service systemd-networkd.service",
    )
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", "--quiet", f"--include={PACKAGES}",
         *(f"--customize-hook={each}" for each in customs), "bookworm", str(made)],
        capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        pytest.skip(f"mmdebstrap failed: {done.stderr.strip()[-300:]}")
    made.rename(MACHINE_ROOT)


def make_units(folder: Path) -> None:
    for name, text in UNITS.items():
        file = folder / name[1:]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    for name, wanted in WANTED.items():
        (folder / name[1:]).mkdir(parents=True)
        for unit in wanted:
            (folder / name[1:] / unit).symlink_to(f"../{unit}")
    wants = folder / "etc/systemd/system/multi-user.target.wants"
    (wants / "many@4008.socket").symlink_to("../many@.socket")


def remove_cgroups(pattern: str) -> None:
    """Of all hierarchies. What was in them ends with its PID namespace, a moment after it is asked to."""
    for _ in range(100):
        left = [folder for top in Path("/sys/fs/cgroup").glob(f"**/{pattern}")
                for folder in (*top.glob("**/"), top)]
        if not left:
            return
        for folder in sorted(set(left), key=lambda each: len(each.parts), reverse=True):
            try:
                folder.rmdir()
            except OSError:
                time.sleep(0.02)


class Machine:
    """A booted systemd; `inside` is the way into all its namespaces, `beside` into its network only."""

    def __init__(self, made: World) -> None:
        pid = str(made.said["machine"])
        into = (*made.enter, "nsenter", f"--target={pid}", "--net")
        self.beside = (*into, "--")
        self.inside = (*into, "--mount", "--pid", "--cgroup", "--root", "--")

    def sockets(self, home: Path, *before: str, view: tuple[str, ...] | None = None) -> dict[int, Any]:
        answer = run_berth(home, "ls", "--json", before=(*(view or self.inside), *before))
        assert answer.code == YES, answer.err
        return {row["local"]["port"]: row for row in answer.json()["sockets"]}


def boot(name: str, *options: str) -> Iterator[Machine]:
    reason = REASON or why_no_machine()
    if reason:
        pytest.skip(reason)
    if not MACHINE_ROOT.exists():
        make_machine_root()
    name = f"berth-test-{os.getpid()}-{name}"
    with tempfile.TemporaryDirectory(prefix="berth-test-") as folder:
        changes, units = Path(folder) / "changes", Path(folder) / "units"
        changes.mkdir()
        make_units(units)
        try:
            with world("machine.py", name, MACHINE_ROOT, changes, units, BUILD, *options) as made:
                machine = Machine(made)
                for _ in range(100):  # what users start, nothing waits for
                    if {4006, 4007} <= set(machine.sockets(Path(folder))):
                        break
                    time.sleep(0.05)
                yield machine
        finally:
            remove_cgroups(name)


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    """May not use BPF, as most containers: its sockets are made where its manager is."""
    yield from boot("machine")


@pytest.fixture(scope="module")
def whole_machine() -> Iterator[Machine]:
    """May use BPF, as a machine that is no container: sockets are made in the cgroups of their units."""
    yield from boot("whole", "--capability=all", "--system-call-filter=bpf")


def place(row: dict[str, Any]) -> dict[str, Any]:
    [owner] = row["owners"]
    return owner["place"]


def test_live_a_service_is_named(machine: Machine, tmp_path: Path) -> None:
    found = place(machine.sockets(tmp_path)[4000])
    assert found["unit"] == "web.service"
    assert found["slice"] == "system.slice"
    assert found["cgroup"] == "/system.slice/web.service"
    assert found["user_unit"] is None and found["user_uid"] is None
    assert found["engine"] == "none" and found["container"] is None and found["inside"] is None


def test_live_a_unit_of_a_user_is_named(machine: Machine, tmp_path: Path) -> None:
    found = place(machine.sockets(tmp_path)[4006])
    assert found["user_unit"] == "mine.service"
    assert found["unit"] == "user@1000.service"
    assert found["user_uid"] == 1000


ACTIVATED = {
    4001: ("idle.socket", "idle.service"),
    4002: ("other.socket", "another.service"),
    4003: ("each.socket", "each@.service"),
    4005: ("drop-in.socket", "drop-in.service"),
    4007: ("mine-idle.socket", "mine-idle.service"),
    4008: ("many@4008.socket", "many@4008.service"),
    4009: ("busy.socket", "busy.service"),
}


def activated(sockets: dict[int, Any]) -> dict[int, tuple[str, str]]:
    return {port: (row["activation_unit"], row["activation_service"]) for port, row in sockets.items()
            if row["activation_unit"]}


def test_live_sockets_of_services_that_are_not_started_are_known_by_their_address(
        machine: Machine, tmp_path: Path) -> None:
    sockets = machine.sockets(tmp_path)
    assert len({sockets[port]["cgroup_id"] for port in (4001, 4002, 4003, 4005)}) == 1
    assert activated(sockets) == ACTIVATED
    assert sockets[4001]["owners"][0]["pid"] == 1
    assert place(sockets[4001])["unit"] == "init.scope"
    assert 4004 not in sockets  # a drop-in took it back


def test_live_sockets_of_services_that_are_not_started_are_known_by_their_cgroup(
        whole_machine: Machine, tmp_path: Path) -> None:
    sockets = whole_machine.sockets(tmp_path)
    assert len({sockets[port]["cgroup_id"] for port in (4001, 4002, 4003, 4005)}) == 4
    assert activated(sockets) == ACTIVATED


def test_live_without_privileges_the_cgroup_tells_where_a_socket_was_made(
        whole_machine: Machine, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    sockets = whole_machine.sockets(Path("/"), *AS_NOBODY)
    assert sockets[4000]["owners"] == []
    assert sockets[4000]["made_in"]["unit"] == "web.service"
    assert sockets[4006]["made_in"]["user_unit"] == "mine.service"
    # Her units are in her home, where only she may look.
    assert activated(sockets) == {port: names for port, names in ACTIVATED.items() if port != 4007}


def test_live_a_started_service_and_its_manager_both_hold_the_socket(
        whole_machine: Machine, tmp_path: Path) -> None:
    subprocess.run([*whole_machine.inside, "/usr/bin/python3", "-c",
                    "import socket; socket.create_connection(('127.0.0.1', 4009))"], check=True)
    units: set[str] = set()
    for _ in range(100):  # until its process is where it belongs
        row = whole_machine.sockets(tmp_path)[4009]
        units = {owner["place"]["unit"] for owner in row["owners"]}
        if "busy.service" in units:
            break
        time.sleep(0.05)
    assert units == {"init.scope", "busy.service"}
    assert (row["activation_unit"], row["activation_service"]) == ACTIVATED[4009]


def test_live_from_outside_the_machine_is_named_and_what_is_in_it(machine: Machine, tmp_path: Path) -> None:
    sockets = machine.sockets(tmp_path, view=machine.beside)
    found = place(sockets[4000])
    assert (found["engine"], found["container"]) == ("systemd-nspawn", "berth-test")
    assert found["unit"] == "machine-berth\\x2dtest.scope"
    assert found["inside"]["unit"] == "web.service"
    found = place(sockets[4006])["inside"]
    assert (found["unit"], found["user_unit"]) == ("user@1000.service", "mine.service")
    # The manager in it has unit files that are not ours.
    assert sockets[4001]["activation_service"] is None


def test_live_card_and_list_say_it_in_words(machine: Machine, tmp_path: Path) -> None:
    def card(port: int, view: tuple[str, ...]) -> str:
        return " ".join(run_berth(tmp_path, str(port), before=view).out.split())
    assert "· root · web.service ·" in card(4000, machine.inside)
    assert "web.service in machine berth-test (systemd-nspawn)" in card(4000, machine.beside)
    assert "mine.service of the user's manager" in card(4006, machine.inside)
    assert "opened by other.socket for another.service" in card(4002, machine.inside)
    assert "systemd (pid 1, root) listens on 4001/tcp for idle.service." in card(4001, machine.inside)
    listed = run_berth(tmp_path, "ls", "-o", "PORT,UNIT", "--no-headings", before=machine.inside).out
    units = {int(port): unit for port, unit in (line.split() for line in listed.splitlines())}
    assert units == {4000: "web.service", 4006: "mine.service",
                     **{port: names[0] for port, names in ACTIVATED.items()}}


def test_live_a_recording_knows_what_the_machine_knew(machine: Machine, tmp_path: Path) -> None:
    folder = "/run/berth-recording"
    for scrub in ((), ("--scrub",)):
        done = run_berth(Path("/"), "record", *scrub, folder, before=machine.inside)
        assert done.code == YES, done.err
        answer = run_berth(Path("/"), "--replay", folder, "ls", "--json", before=machine.inside)
        sockets = {row["local"]["port"]: row for row in answer.json()["sockets"]}
        assert place(sockets[4000])["unit"] == "web.service"
        assert place(sockets[4006])["user_unit"] == "mine.service"
        # Units say addresses and paths: a scrubbed recording leaves them out.
        assert activated(sockets) == ({} if scrub else ACTIVATED)
        subprocess.run([*machine.inside, "/usr/bin/rm", "-r", folder], check=True)


def test_live_systemd_socket_activate_holds_its_port_itself(tmp_path: Path) -> None:
    if not shutil.which("systemd-socket-activate"):
        pytest.skip("needs systemd-socket-activate")
    with world("activate.py", "systemd-socket-activate", "--listen=4100", "/usr/bin/cat") as made:
        [row] = run_berth(tmp_path, "--json", "4100", before=made.enter).json()["sockets"]
    [owner] = row["owners"]
    assert owner["name"] == "systemd-socket-"
    assert "/usr/bin/cat" in owner["command"]
    assert row["activation_unit"] is None


def test_live_berth_kill_stops_a_unit_and_not_its_process(machine: Machine, tmp_path: Path) -> None:
    def kill(*arguments: str) -> Answer:
        return run_berth(tmp_path, "kill", *arguments, before=machine.inside)

    def listens(port: int) -> bool:
        return port in machine.sockets(tmp_path)
    for port, command in ((4000, "systemctl stop web.service"), (4001, "systemctl stop idle.socket idle.service")):
        told = kill(str(port))
        assert told.code == UNKNOWN and command in told.out and "--yes" in told.err, told.out
        dry = kill("--dry-run", "--yes", str(port))
        assert dry.code == YES and f"would be stopped: {command}" in dry.out
        assert listens(port)
        done = kill("--yes", str(port))
        assert done.code == YES, done.out + done.err
        assert f"was stopped: {command}" in done.out and not listens(port)
    subprocess.run([*machine.inside, "/usr/bin/systemctl", "start", "web.service", "idle.socket"], check=True)
    told = kill("4006")
    assert told.code == UNKNOWN
    assert "systemctl --user --machine=1000@ stop mine.service" in told.out and listens(4006)
    assert "would send SIGTERM" in kill("--dry-run", "--processes", "4006").out


# ---- Containers --------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def containers() -> Iterator[World]:
    program = BUILD / "tests" / "live" / "hold_port"
    if REASON:
        pytest.skip(REASON)
    if not program.exists():
        pytest.skip("a build with sanitizers has no static program to put into containers")
    name = f"berth-test-{os.getpid()}-containers"
    with tempfile.TemporaryDirectory(prefix="berth-test-") as folder:
        try:
            with world("containers.py", name, folder, program) as made:
                yield made
        finally:
            remove_cgroups(f"*{name}*")
            remove_cgroups("lxc.pivot")


def said(made: World, engine: str) -> dict[str, Any]:
    if "missing" in made.said[engine]:
        pytest.skip(made.said[engine]["missing"])
    return made.said[engine]


def owner_of(made: World, home: Path, port: int) -> dict[str, Any]:
    answer = run_berth(home, "--json", str(port), before=made.enter)
    assert answer.code == YES, answer.err
    [row] = [row for row in answer.json()["sockets"] if row["state"] == "LISTEN"]
    [owner] = row["owners"]
    return owner


def test_live_a_port_that_podman_published_is_its_containers(containers: World, tmp_path: Path) -> None:
    podman = said(containers, "podman")
    owner = owner_of(containers, tmp_path, podman["published"])
    assert owner["name"] == "conmon"
    assert owner["place"]["engine"] == "none"
    assert owner["serves"]["engine"] == "podman"
    assert owner["serves"]["container"] == podman["ids"]["published"]
    assert owner["serves"]["container_name"] == "published"
    assert owner["serves"]["image"] == "localhost/berth-test:1"
    card = " ".join(run_berth(tmp_path, str(podman["published"]), before=containers.enter).out.split())
    short = podman["ids"]["published"][:12]
    assert f"for container published (localhost/berth-test:1, podman {short})" in card
    assert "for the container published." in card


def test_live_berth_wait_sees_through_the_helper_of_a_container(containers: World, tmp_path: Path) -> None:
    podman = said(containers, "podman")
    port = str(podman["late"])

    def wait(*arguments: str) -> Answer:
        return run_berth(tmp_path, "wait", *arguments, port, before=containers.enter)
    assert [row["state"] for row in run_berth(tmp_path, "--json", port, before=containers.enter).json()["sockets"]
            ] == ["LISTEN"]
    early = wait("--timeout", "500ms")
    assert early.code == TIMEOUT, early.out
    assert "accepts for container late, in which nobody listens" in early.out
    helper = wait("--timeout", "500ms", "--owner", "conmon")
    assert helper.code == YES and "conmon" in helper.out
    with subprocess.Popen([*containers.enter, str(BERTH), "wait", "--timeout", "20s", port], text=True,
                          stdout=subprocess.PIPE, env=environment(tmp_path)) as process:
        time.sleep(0.3)
        assert process.poll() is None
        containers.run("touch", podman["go"])
        out, _ = process.communicate(timeout=20)
    assert process.returncode == YES
    assert "accepts for container late, in which hold_port" in out and "listens on port 80" in out


def test_live_a_container_of_podman_on_the_hosts_network_is_named(containers: World, tmp_path: Path) -> None:
    podman = said(containers, "podman")
    found = owner_of(containers, tmp_path, podman["on-host"])["place"]
    assert (found["engine"], found["container"]) == ("podman", podman["ids"]["on-host"])
    assert found["container_name"] == "on-host"
    assert found["image"] == "localhost/berth-test:1"


def test_live_a_container_of_runc_alone_is_named(containers: World, tmp_path: Path) -> None:
    runc = said(containers, "runc")
    found = owner_of(containers, tmp_path, runc["port"])["place"]
    assert (found["engine"], found["container"]) == ("runc", runc["id"])


def test_live_a_container_of_lxc_is_named(containers: World, tmp_path: Path) -> None:
    lxc = said(containers, "lxc")
    found = owner_of(containers, tmp_path, lxc["port"])["place"]
    assert (found["engine"], found["container"]) == ("lxc", lxc["id"])


def test_live_a_recording_keeps_names_of_containers_and_not_their_secrets(
        containers: World, tmp_path: Path) -> None:
    podman = said(containers, "podman")
    folder = tmp_path / "recording"
    assert run_berth(tmp_path, "record", str(folder), before=containers.enter).code == YES
    answer = run_berth(tmp_path, "--replay", str(folder), "--json", str(podman["on-host"]))
    [row] = answer.json()["sockets"]
    assert place(row)["container_name"] == "on-host"
    [kept] = folder.glob("var/lib/containers/storage/*/containers.json")
    assert "image-id" not in kept.read_text(encoding="utf-8")
    scrubbed = tmp_path / "scrubbed"
    assert run_berth(tmp_path, "record", "--scrub", str(scrubbed), before=containers.enter).code == YES
    for name in ("on-host", containers.said["lxc"].get("id", "on-host")):
        found = subprocess.run(["grep", "-r", name, str(scrubbed)], check=False, capture_output=True).stdout
        assert found == b""


def test_everything_that_these_tests_start_is_installed_where_debian_is() -> None:
    if not shutil.which("dpkg"):
        pytest.skip("not Debian")
    for tool in ("mmdebstrap", "systemd-nspawn", "podman", "runc", "conmon", "lxc-start"):
        assert shutil.which(tool), tool
