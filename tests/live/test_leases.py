# SPDX-License-Identifier: MIT
"""Leases and free ports, with a ledger of their own: who gets what, how it ends, and what cannot break it."""

import itertools
import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, BUILD, NO, UNKNOWN, YES, environment, validated
from worlds import REASON, World, ledger_world, needs_namespaces

pytestmark = needs_namespaces
LEASER = BUILD / "tests" / "live" / "leaser"
LEDGER = "/run/berth/leases"
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --"
OTHER = "setpriv --reuid=1234 --regid=1234 --clear-groups --"
CRASHES, SOAK_CRASHES = 300, 1000
names = (f"name{i}" for i in itertools.count())


@pytest.fixture
def there() -> Iterator[World]:
    yield from ledger_world()


class Done:
    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr

    def json(self) -> dict[str, Any]:
        return dict(validated(json.loads(self.out)))


def sh(there: World, script: str, home: str = "/mnt", **variables: str) -> Done:
    """Runs a line of shell in the world; $B is berth."""
    done = subprocess.run([*there.enter, "sh", "-c", f"cd {home} && {script}"], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, timeout=60,
                          env={**environment(Path(home)), "PATH": os.environ["PATH"], "B": str(BERTH), **variables})
    assert done.returncode != 99, done.stderr
    return Done(done)


def lease(there: World, *words: str, **more: str) -> int:
    done = sh(there, f"$B lease --ttl 10m {' '.join(words)}", **more)
    assert done.code == YES, done.err
    return int(done.out)


def leases(there: World, before: str = "") -> list[dict[str, Any]]:
    done = sh(there, f"{before} $B leases --json")
    assert done.code in (YES, NO), done.err
    return list(done.json()["leases"])


# ---- What they are ---------------------------------------------------------------------------------

def test_a_name_has_one_lease_until_it_is_released(there: World) -> None:
    port = lease(there, "web")
    assert port > 60999
    assert lease(there, "web") == port
    assert lease(there, "api") != port
    assert sh(there, "$B lease --ttl 1m web --json").json() == {
        "schema": "berth-lease-1", "name": "web", "port": port, "renewed": True}
    assert sorted(each["name"] for each in leases(there)) == ["api", "web"]
    assert sh(there, "$B release web").code == YES
    assert sh(there, "$B release web").code == NO
    assert [each["name"] for each in leases(there)] == ["api"]


def test_it_ends_with_its_process_and_not_with_one_of_the_same_pid(there: World) -> None:
    done = sh(there, "sleep 100 & $B lease --pid $! web; $B leases --json; kill $!; wait; $B leases --json")
    port, before, after = done.out.splitlines()
    [found] = json.loads(before)["leases"]
    assert (found["port"], found["kind"], found["state"]) == (int(port), "process", "active")
    assert [each["state"] for each in json.loads(after)["leases"]] == ["over"]


def test_without_a_word_it_ends_with_who_called(there: World) -> None:
    done = sh(there, "sh -c '$B lease web; $B leases --json; :'; $B leases --json")
    _, inside, outside = done.out.splitlines()
    assert [each["state"] for each in json.loads(inside)["leases"]] == ["active"]
    assert [each["state"] for each in json.loads(outside)["leases"]] == ["over"]


def test_it_ends_when_its_time_is_over(there: World) -> None:
    assert sh(there, "$B lease --ttl 300ms web").code == YES
    time.sleep(0.4)
    assert [each["state"] for each in leases(there)] == ["over"]
    assert leases(there) == []  # taken out by who saw it


def test_a_port_is_leased_once(there: World) -> None:
    assert lease(there, "--port", "61234", "web") == 61234
    taken = sh(there, f"{NOBODY} $B lease --ttl 1m --port 61234 other")
    assert (taken.code, taken.err) == (NO, "berth: port 61234 is taken\n")
    held = sh(there, "$B run --name other --port 61234 true")
    assert held.code == 125 and "61234" in held.err
    assert 61234 not in {int(line) for line in sh(there, "$B free -n 128").out.split()}


def test_what_runs_is_listed_and_cannot_be_released_from_outside(there: World) -> None:
    done = sh(there, "$B run --name web -- sh -c '$B leases --json; $B release web; echo $?'")
    listed, code = done.out.splitlines()
    [found] = json.loads(listed)["leases"]
    assert (found["kind"], found["name"], code) == ("held", "web", str(NO))
    assert "ends with it" in done.err
    assert leases(there) == []


# ---- Free ------------------------------------------------------------------------------------------

def test_no_two_callers_are_given_one_port(there: World) -> None:
    done = sh(there, "for i in 1 2 3 4 5 6 7 8; do (for j in 1 2 3 4 5 6 7 8 9 10; do $B free; done) & done; "
                     f"for i in 1 2 3 4; do (for j in 1 2 3 4 5 6 7 8 9 10; do {NOBODY} $B free; done) & done; wait")
    ports = done.out.split()
    assert len(ports) == 120 and len(set(ports)) == 120
    assert all(int(port) > 60999 for port in ports)


def test_neighbours_ranges_and_reasons(there: World) -> None:
    ports = [int(line) for line in sh(there, "$B free -n 5 --consecutive").out.split()]
    assert ports == list(range(ports[0], ports[0] + 5))
    said = sh(there, "$B free --range 46100-46103 -n 4 --json").json()
    assert sorted(said["ports"]) == [46100, 46101, 46102, 46103]
    assert all("the kernel lends it" in text for text in said["why"])
    none = sh(there, "$B free --range 46100-46103")
    assert (none.code, none.err) == (NO, "berth: there are not so many free ports\n")
    assert sh(there, "$B free --range 6000-6000").code == NO  # X11: assigned, and refused by browsers
    assert "above the range" in sh(there, "$B free --explain").out


def test_what_is_bound_is_not_free_and_what_was_used_is_given_again(there: World) -> None:
    bind = ("python3 -c \"import socket,sys; s=socket.socket({}); s.bind(('{}', 46101)); print(flush=True); "
            "sys.stdin.read()\"")
    for kind, address in (("socket.AF_INET", "127.0.0.1"), ("socket.AF_INET6", "::1"),
                          ("socket.AF_INET,socket.SOCK_DGRAM", "127.0.0.1")):
        script = f"exec 3<>/mnt/fifo; {bind.format(kind, address)} <&3 & sleep 0.5; $B free --range 46101-46101; kill $!"
        assert sh(there, f"rm -f fifo; mkfifo fifo; {script}").out.strip() == ""
    assert sh(there, "$B free --range 46101-46101").out == "46101\n"
    assert sh(there, "$B free --range 46101-46101").code == NO  # kept for who got it
    used = f"exec 3<>/mnt/fifo; {bind.format('socket.AF_INET', '127.0.0.1')} <&3 & sleep 0.5; $B free >/dev/null; kill $!; wait"
    sh(there, used)
    assert sh(there, "$B free --range 46101-46101").out == "46101\n"


# ---- The same port tomorrow ------------------------------------------------------------------------

def test_worktrees_have_ports_of_their_own_and_keep_them(there: World) -> None:
    sh(there, "git init -q repo && cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m a && "
              "git worktree add -q ../tree && mkdir deep")
    repo, tree = lease(there, "web", home="/mnt/repo"), lease(there, "web", home="/mnt/tree")
    assert repo != tree
    assert lease(there, "web", home="/mnt/repo/deep") == repo
    api = lease(there, "api", home="/mnt/repo")
    assert api // 16 == repo // 16 or abs(api - repo) < 16
    sh(there, f"rm -rf {LEDGER}")  # a reboot empties /run
    assert lease(there, "api", home="/mnt/repo") == api
    assert lease(there, "web", home="/mnt/tree") == tree
    assert lease(there, "web", home="/mnt/repo") == repo


def test_a_port_that_was_taken_for_a_while_is_the_names_again(there: World) -> None:
    port = lease(there, "web")
    assert sh(there, "$B release web").code == YES
    hold = f"python3 -c \"import socket; s=socket.create_server(('', {port})); input()\""
    done = sh(there, f"exec 3<>/mnt/fifo; {hold} <&3 & sleep 0.5; $B lease --ttl 1m web; kill $!; wait; $B release web; "
                     "$B lease --ttl 1m web", home="/mnt") if sh(there, "mkfifo fifo").code == 0 else None
    assert done
    other, again = map(int, done.out.split())
    assert other != port and again == port


def test_another_boot_ends_all_and_a_clock_that_is_set_ends_none(there: World) -> None:
    lease(there, "web")
    done = sh(there, "unshare --mount sh -c 'echo 00000000-1111-2222-3333-444444444444 >/mnt/boot; "
                     "mount --bind /mnt/boot /proc/sys/kernel/random/boot_id; $B leases --json'")
    assert [each["state"] for each in done.json()["leases"]] == ["over"]
    lease(there, "web")
    # The ledger counts in CLOCK_BOOTTIME; the time of day is only shown.
    sh(there, f"for f in {LEDGER}/0/*; do touch -d '2001-01-01' $f; done")
    assert [each["state"] for each in leases(there)] == ["active"]


# ---- Crashes and damage ----------------------------------------------------------------------------

def doubles(there: World) -> set[tuple[int, str, int]]:
    active = [each for each in leases(there) if each["state"] == "active"]
    ports = [each["port"] for each in active]
    return {(each["port"], each["name"], each["pid"]) for each in active if ports.count(each["port"]) > 1}


def test_a_thousand_crashes_leave_no_leak_and_no_double(there: World, request: pytest.FixtureRequest,
                                                        tmp_path: Path) -> None:
    """Killed at any point of lease, renew, hold and release."""
    complaints = (tmp_path / "complaints").open("w+b")
    crashes = SOAK_CRASHES if request.config.getoption("--soak") else CRASHES
    chance = random.Random(7)
    running: list[subprocess.Popen[bytes]] = []
    try:
        for i in range(crashes):
            running.append(subprocess.Popen([*there.enter, LEASER, "crash", f"c{i}"], stdout=subprocess.PIPE,
                                            stderr=complaints))
            output = running[-1].stdout
            assert output and output.readline() == b"ready\n"
            if len(running) == 4:
                time.sleep(chance.uniform(0.004, 0.03))
                victim = running.pop(chance.randrange(4))
                children = Path(f"/proc/{victim.pid}/task/{victim.pid}/children").read_text(encoding="ascii").split()
                for pid in [*map(int, children), victim.pid]:
                    os.kill(pid, signal.SIGKILL)
                victim.communicate()
            if i % 50 == 49:
                # Of two notes for one port, made at one moment, one makes way: a double lease would stay.
                before = doubles(there)
                time.sleep(0.05 if before else 0)
                assert before & doubles(there) == set()
    finally:
        for process in running:
            process.kill()
        sh(there, "pkill -9 leaser")
        for process in running:
            process.communicate()
    complaints.seek(0)
    assert complaints.read() == b""
    assert all(each["state"] == "over" for each in leases(there))
    assert leases(there) == []
    assert sh(there, f"ls -A {LEDGER}/0 | grep -v '^\\.'").out == ""


@pytest.mark.parametrize("damage", [
    "ln -sfn noise {}", 'ln -sfn "$(readlink {} | head -c 40)" {}', 'ln -sfn "$(readlink {} | sed s/pid/PID/)" {}',
    "rm {}; head -c 300 /dev/urandom >{}", "rm {}; mkdir {}", "mv {} {}x", "mv {} $(dirname {})/noise"])
def test_a_damaged_lease_is_told_and_what_is_bound_stays_taken(there: World, damage: str) -> None:
    port = lease(there, "web")
    sh(there, "mkfifo fifo")
    note = sh(there, f"ls {LEDGER}/0/*-{port}-*").out.strip()
    hold = f"python3 -c \"import socket; s=socket.create_server(('', {port})); input()\""
    done = sh(there, f"{damage.replace('{}', note)}; exec 3<>/mnt/fifo; {hold} <&3 & sleep 0.5; "
                     f"$B leases; $B lease --ttl 1m --port {port} web; kill $!; wait; $B lease --ttl 1m --port {port} web")
    assert "1 notes of the ledger are damaged" in done.err
    assert f"port {port} is taken" in done.err  # it is bound
    assert done.out.split()[-1] == str(port)  # it is free, and noted anew
    assert [each["name"] for each in leases(there)] == ["web"]


def test_a_full_disk_is_told_and_nothing_is_lost(there: World) -> None:
    sh(there, f"mkdir -p {LEDGER} && mount -t tmpfs -o size=16k,mode=1777 none {LEDGER}")
    before = [lease(there, name) for name in ("a", "b")]
    full = sh(there, f"cat /dev/zero >{LEDGER}/fill; $B lease --ttl 1m c")
    assert full.code == UNKNOWN and "No space left on device" in full.err
    assert sorted(each["port"] for each in leases(there)) == sorted(before)
    sh(there, f"rm {LEDGER}/fill")
    lease(there, "c")


def test_one_who_was_stopped_does_not_block_others(there: World) -> None:
    """Stopped at any moment, even between note and look: others are given others."""
    # nsenter(1) stops with its child, and would not be woken.
    started = subprocess.Popen([*there.enter, "sh", "-c", '"$0" crash stopped & wait', LEASER])
    try:
        for _ in range(20):
            time.sleep(0.01)
            sh(there, "pkill -STOP leaser")
            begin = time.monotonic()
            assert sh(there, "$B lease --ttl 1m other && $B release other").code == YES
            assert time.monotonic() - begin < 5
            sh(there, "pkill -CONT leaser")
    finally:
        sh(there, "pkill -9 leaser")
        started.wait()


# ---- Users -----------------------------------------------------------------------------------------

def test_users_share_the_ledger_and_cannot_touch_each_others_leases(there: World) -> None:
    port = lease(there, "web")
    assert sh(there, f"{NOBODY} $B lease --ttl 5m web", home="/").code == YES
    refused = sh(there, f"{NOBODY} $B release {port}")
    assert (refused.code, refused.err) == (NO, f"berth: {port}: the lease of port {port} is another user's\n")
    assert sh(there, f"{NOBODY} $B release web").code == NO  # not the root's
    forged = sh(there, f"{NOBODY} sh -c 'rm {LEDGER}/0/*; echo x >{LEDGER}/0/x; mv {LEDGER}/0 {LEDGER}/y; ls -A {LEDGER}/0'")
    assert len(forged.out.split()) == 1
    assert {(each["name"], each["uid"]) for each in leases(there, NOBODY)} == {("web", 0), ("web", 65534)}


def test_links_lead_nowhere(there: World) -> None:
    """Symbolic and hard links, and folders and files of somebody else, are not followed, read or written."""
    lease(there, "web")
    sh(there, "echo precious >/mnt/precious; chmod 600 /mnt/precious")
    # nobody puts links where root's and his own files would be
    sh(there, f"{NOBODY} sh -c 'cd {LEDGER}; mkdir 65534; ln -s /mnt/precious 65534/1-61000; ln -s /mnt 1234; "
              f"ln {LEDGER}/0/* 65534/ 2>/dev/null; mkdir evil; ln -s / evil/up'")
    assert sh(there, f"{NOBODY} $B lease --ttl 1m mine", home="/").code == YES
    assert sh(there, f"{OTHER} $B lease --ttl 1m mine", home="/").code == YES  # whose name somebody took
    assert sh(there, "cat /mnt/precious; ls /mnt").out.split() == ["precious", "precious"]
    assert {each["uid"] for each in leases(there)} == {0, 65534, 1234}


def test_a_stranger_who_squats_on_the_ledger_is_not_believed(there: World) -> None:
    sh(there, "mkdir -p /run/berth; mkdir -m 777 /run/berth/leases; chown 65534 /run/berth/leases")
    refused = sh(there, f"{OTHER} $B lease --ttl 1m web")
    assert refused.code == NO and "belongs to somebody else" in refused.err


def test_no_user_can_take_more_than_his_share(there: World) -> None:
    sh(there, "$B leases")  # root makes the ledger
    assert sh(there, f"{NOBODY} $B free -n 128 >/dev/null && {NOBODY} $B free -n 128 >/dev/null", home="/").code == YES
    refused = sh(there, f"{NOBODY} $B free", home="/")
    assert refused.code == UNKNOWN and "256 leases" in refused.err
    # By hand he can write more: then nothing of it counts.
    sh(there, f"{NOBODY} sh -c 'cd {LEDGER}/65534; ln -s x x'")
    assert leases(there) == []
    assert lease(there, "web") > 60999


def test_several_folders_are_one_share(there: World) -> None:
    sh(there, "$B leases")
    sh(there, f"{NOBODY} $B free -n 128", home="/")
    sh(there, f"{NOBODY} sh -c 'cd {LEDGER}; for n in 7 8; do cp -RP 65534 65534-$n; done'")
    assert leases(there) == []


def test_who_takes_every_name_and_number_of_others_hinders_nobody(there: World) -> None:
    """What another user can bind, make or write is no lock of ours: neither a new lease nor an old one needs it."""
    port = lease(there, "web")
    sh(there, f"""cat >squat.py <<'END'
import os, socket
names = [socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) for _ in range(900)]
for at, made in enumerate(names):
    made.bind(f"\\0berth/port/{{{port} - 450 + at}}")
    os.mkdir(f"{LEDGER}/0-{{at}}")
print("ready", flush=True)
input()
END
mkfifo fifo""")
    done = sh(there, f"exec 3<>fifo; {NOBODY} {sys.executable} squat.py <&3 >out & until grep -qs ready out; do sleep 0.1; done; "
                     f"$B lease --ttl 5m web; $B lease --ttl 5m other; $B release web && echo released; kill $!")
    assert done.err == ""
    first, second, last = done.out.split()
    assert (first, last) == (str(port), "released")
    assert second != first


def test_a_process_that_proc_hides_still_has_its_lease(there: World) -> None:
    sh(there, "sleep 60 >/dev/null 2>&1 & $B lease --pid $! --port 46200 web")
    sh(there, "mount -t proc -o hidepid=2 none /proc")
    assert [(each["port"], each["state"]) for each in leases(there, NOBODY)] == [(46200, "unsure")]
    assert sh(there, f"{NOBODY} $B lease --ttl 1m --port 46200 mine", home="/").code == NO


def test_without_a_shared_ledger_the_user_has_one_and_is_told(there: World) -> None:
    sh(there, "mkdir -p /run/user/65534 && chown 65534 /run/user/65534 && chmod 700 /run/user/65534")
    done = sh(there, f"{NOBODY} env XDG_RUNTIME_DIR=/run/user/65534 $B free", home="/")
    assert done.code == YES and "other users are not covered" in done.err
    none = sh(there, f"{NOBODY} $B free", home="/")
    assert none.code == UNKNOWN and "there is no ledger" in none.err


def test_names_are_text_and_nothing_else(there: World) -> None:
    name = "a b;$(touch pwned)\"'"
    assert sh(there, f"$B lease --ttl 1m {shlex.quote(name)}").code == YES
    assert [each["name"] for each in leases(there)] == [name]
    assert sh(there, "ls").out == ""


def test_leases_of_a_container_that_has_ended_are_over() -> None:
    """Seen from the first PID namespace alone, so without a world; the ledger is one of its own all the same."""
    if REASON:
        pytest.skip(REASON)
    if "4026531836" not in os.readlink("/proc/self/ns/pid"):
        pytest.skip("not in the first PID namespace, from which all processes are seen")
    inner = "unshare --pid --fork --kill-child --mount-proc sh -c"
    script = ("mount -t tmpfs none /run; ip link set lo up; mkfifo /run/up /run/end; "
              f"{inner} '$B lease --pid 1 web >/dev/null; echo > /run/up; read x < /run/end' & "
              "read x < /run/up; "
              "$B leases --json; echo > /run/end; wait; $B leases --json; $B lease --ttl 1m --global web >/dev/null; $B leases --json")
    done = subprocess.run(["unshare", "--net", "--mount", "bash", "-c", script], capture_output=True, text=True, check=True,
                          cwd="/", timeout=60, env={**environment(Path("/")), "PATH": os.environ["PATH"], "B": str(BERTH)})
    during, after, again = ([row["state"] for row in json.loads(line)["leases"]] for line in done.stdout.splitlines())
    assert (during, after, again) == (["unsure"], ["over"], ["active"])
