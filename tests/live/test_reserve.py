# SPDX-License-Identifier: MIT
"""berth reserve and unreserve: merged, undone, two at once, refused; each test on a machine of its own."""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, UNKNOWN, YES, Answer, assert_one_clear_line, environment, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
SETTING = "/proc/sys/net/ipv4/ip_local_reserved_ports"
DROP_IN = "/etc/sysctl.d/99-zz-berth-reserved-ports.conf"


class Host:
    """Commands in the world, and what stands there."""

    def __init__(self, there: World, home: Path) -> None:
        self.there, self.home = there, home

    def berth(self, *arguments: str) -> Answer:
        return run_berth(self.home, *arguments, before=self.there.enter)

    def shell(self, script: str) -> str:
        return self.there.run("sh", "-c", script)

    def reserved(self) -> str:
        return self.shell(f"cat {SETTING}").strip()

    def file(self, path: str) -> str | None:
        return self.shell(f"test -e {path} && cat {path} || echo NONE").removesuffix("NONE\n") or None

    def records(self) -> list[str]:
        return self.shell("ls /run/berth 2>/dev/null || true").split()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    if REASON:
        pytest.skip(REASON)
    with world("reserve_world.py") as there:
        yield Host(there, tmp_path)


def ranges(text: str) -> list[dict[str, int]]:
    """What the kernel writes, as berth's JSON has it."""
    items = [item.partition("-") for item in text.split(",") if item]
    return [{"first": int(first), "last": int(last or first)} for first, _, last in items]


def settings_of(drop_in: str | None) -> tuple[str, str]:
    """What it says is berth's, and the whole value."""
    assert drop_in is not None
    lines = drop_in.splitlines()
    [added] = [line.removeprefix("# berth-added: ") for line in lines if line.startswith("# berth-added:")]
    [value] = [line.partition(" = ")[2] for line in lines if not line.startswith("#")]
    return added, value


# ---- Merging and undoing ---------------------------------------------------------------------------

def test_what_was_reserved_stays_and_is_merged(host: Host) -> None:
    host.shell(f"echo 9000,8005 > {SETTING}")
    said = host.berth("reserve", "--json", "8000-8010", "9000").json()
    assert host.reserved() == "8000-8010,9000"
    assert said["changed"] == ranges("8000-8004,8006-8010")
    assert said["already"] == ranges("8005,9000")
    assert (said["before"], said["after"]) == (ranges("8005,9000"), ranges("8000-8010,9000"))
    assert settings_of(host.file(DROP_IN)) == ("8000-8010,9000", "8000-8010,9000")
    assert said["file"] == {"path": DROP_IN, "written": True, "ports": ranges("8000-8010,9000"), "why_not": None}


def test_what_is_undone_is_exactly_what_was_done(host: Host) -> None:
    host.shell(f"echo 9000,8005 > {SETTING}")
    assert host.berth("reserve", "8000-8010", "9000", "40000").code == YES
    host.shell(f"printf 9001 | dd of={SETTING} bs=4 seek=1 conv=notrunc 2>/dev/null")  # behind the start, it adds
    with_others = host.reserved()
    assert with_others == "8000-8010,9000-9001,40000"
    assert host.berth("unreserve", "40000").code == YES
    assert host.reserved() == with_others.removesuffix(",40000")
    refused = host.berth("unreserve", "8004-8005", "9000")
    assert refused.code == NO
    assert "8005, 9000 are reserved, but not by berth" in refused.err
    assert host.berth("unreserve", "--all").code == YES
    assert host.file(DROP_IN) is None
    assert host.reserved() == "8005,9000-9001"
    assert host.berth("unreserve", "--all", "--json").json()["changed"] == []


@pytest.mark.parametrize("seed", range(4))
def test_any_number_of_steps_is_undone(host: Host, seed: int) -> None:
    """Random reservations, by berth and by others, and random takings back: what others did is left."""
    dice = random.Random(seed)
    foreign: set[int] = set()
    own: set[int] = set()
    for _ in range(15):
        ports = dice.sample(range(30000, 30020), 4)
        what = dice.choice(["reserve", "reserve", "unreserve", "others"])
        if what == "reserve":
            host.berth("reserve", *map(str, ports))
            own |= set(ports) - foreign
        elif what == "unreserve":
            host.berth("unreserve", *map(str, ports))
            own -= set(ports)
        else:
            foreign |= set(ports) - own
            host.shell(f"echo {','.join(map(str, sorted(own | foreign)))} > {SETTING}")
        now = {port for each in ranges(host.reserved()) for port in range(each["first"], each["last"] + 1)}
        assert now == own | foreign
    assert host.berth("unreserve", "--all").code == YES
    now = {port for each in ranges(host.reserved()) for port in range(each["first"], each["last"] + 1)}
    assert now == foreign
    assert host.file(DROP_IN) is None


def test_a_dry_run_changes_nothing_and_tells_the_same(host: Host) -> None:
    host.shell(f"echo 9000 > {SETTING}")
    dry = host.berth("reserve", "--dry-run", "--json", "8000", "9000").json()
    assert (host.reserved(), host.file(DROP_IN), host.records()) == ("9000", None, [])
    done = host.berth("reserve", "--json", "8000", "9000").json()
    assert {**dry, "dry_run": False} == done
    dry = host.berth("unreserve", "--all", "-n", "--json").json()
    assert host.reserved() == "8000,9000"
    done = host.berth("unreserve", "--all", "--json").json()
    assert {**dry, "dry_run": False} == done


def test_long_lists_go_both_ways(host: Host) -> None:
    """Longer than a page, which the kernel takes at once, and than what one reads at once."""
    odd = [str(port) for port in range(1001, 9000, 2)]
    host.shell(f"echo 64000,64002 > {SETTING}")
    assert host.berth("reserve", ",".join(odd)).code == YES
    assert host.reserved() == ",".join([*odd, "64000", "64002"])
    policy = host.berth("--json", "64002").json()["policy"]
    assert policy["reserved"] is True
    assert host.berth("unreserve", *odd[:-1:2]).code == YES
    assert host.reserved() == ",".join([*odd[1:-1:2], odd[-1], "64000", "64002"])
    assert host.berth("unreserve", "--all").code == YES
    assert host.reserved() == "64000,64002"


# ---- Boots and namespaces --------------------------------------------------------------------------

def test_what_boot_brought_can_be_taken_back(host: Host) -> None:
    host.shell("echo 'net.ipv4.ip_local_reserved_ports = 7000' > /etc/sysctl.d/10-others.conf")
    host.shell(f"echo 7000 > {SETTING}")
    assert host.berth("reserve", "7000-7001").code == YES
    added, value = settings_of(host.file(DROP_IN))
    assert (added, value) == ("7001", "7000-7001")
    # The next boot: nothing in /run, and the drop-in was applied last.
    host.shell(f"rm -r /run/berth; sysctl -q -p {DROP_IN}")
    assert host.reserved() == "7000-7001"
    assert host.berth("unreserve", "--all").code == YES
    assert (host.reserved(), host.file(DROP_IN)) == ("7000", None)


def test_a_record_of_another_boot_is_nothing(host: Host) -> None:
    assert host.berth("reserve", "--no-persist", "7000").code == YES
    [record] = [name for name in host.records() if name.startswith("reserved-")]
    host.shell(f"sed -i 's/^boot: .*/boot: 0-0/' /run/berth/{record}")
    refused = host.berth("unreserve", "7000")
    assert (refused.code, host.reserved()) == (NO, "7000")


def test_another_file_that_has_the_last_word_is_named(host: Host) -> None:
    host.shell("echo 'net.ipv4.ip_local_reserved_ports = 7000' > /etc/sysctl.d/99-zzz.conf")
    said = host.berth("reserve", "--json", "8000").json()
    assert said["file"]["why_not"] == "/etc/sysctl.d/99-zzz.conf sets the list too, and may have the last word at boot"
    assert settings_of(host.file(DROP_IN)) == ("8000", "7000,8000")


def test_each_namespace_has_a_record_and_only_the_first_a_file(host: Host) -> None:
    script = (f"echo 7001 > {SETTING}; {BERTH} reserve 7000-7001 --json; {BERTH} unreserve --all >&2; cat {SETTING}")
    assert host.berth("reserve", "7000", "--no-persist").code == YES
    done = host.there.run("unshare", "--net", "sh", "-c", script, env=environment(host.home))
    said, left = done.splitlines()
    assert json.loads(said)["changed"] == ranges("7000")
    assert json.loads(said)["file"]["why_not"] == "this is not the network namespace that boot configures"
    assert left == "7001"
    assert (host.reserved(), host.file(DROP_IN)) == ("7000", None)
    assert len([name for name in host.records() if name.startswith("reserved-")]) == 2


def test_persist_and_no_persist_are_undone_as_they_were_done(host: Host) -> None:
    assert host.berth("reserve", "7000").code == YES
    assert host.berth("unreserve", "--no-persist", "7000").code == YES
    assert (host.reserved(), settings_of(host.file(DROP_IN))[0]) == ("", "7000")
    assert host.berth("unreserve", "7000").code == YES
    assert host.file(DROP_IN) is None


# ---- Two at once -----------------------------------------------------------------------------------

def many(host: Host, command: str, ports: range) -> list[int]:
    started = [subprocess.Popen([*host.there.enter, str(BERTH), command, str(port)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, env=environment(host.home)) for port in ports]
    return [process.wait(timeout=60) for process in started]


def test_many_at_once_lose_nothing_of_each_other(host: Host) -> None:
    host.shell(f"echo 100,200 > {SETTING}")
    ports = range(20000, 20040, 2)
    assert many(host, "reserve", ports) == [YES] * len(ports)
    assert ranges(host.reserved()) == ranges("100,200," + ",".join(map(str, ports)))
    assert settings_of(host.file(DROP_IN))[0] == ",".join(map(str, ports))
    assert many(host, "unreserve", ports[:-1]) == [YES] * (len(ports) - 1)
    assert host.reserved() == f"100,200,{ports[-1]}"
    assert settings_of(host.file(DROP_IN))[0] == str(ports[-1])


def test_somebody_else_may_add_at_the_same_time(host: Host) -> None:
    """As long as he adds: the kernel merges what is written behind the start of the file."""
    adds = (f"import os; fd = os.open('{SETTING}', os.O_WRONLY); "
            "[os.pwrite(fd, str(30000 + 2 * i).encode(), 1) for i in range(2000)]")
    other = subprocess.Popen([*host.there.enter, sys.executable, "-c", adds])
    assert many(host, "reserve", range(20000, 20010, 2)) == [YES] * 5
    assert other.wait(timeout=60) == 0
    expected = {*range(20000, 20010, 2), *range(30000, 34000, 2)}
    assert {each["first"] for each in ranges(host.reserved())} == expected


KILLER = """
import random, subprocess, sys, time
dice, ended, start = random.Random(11), 0, time.monotonic()
for _ in range(5):
    subprocess.run([sys.argv[1], "-q", "reserve", "20000"], check=True)
usual = (time.monotonic() - start) / 5
for number in range(150):
    command, port = dice.choice(["reserve", "reserve", "unreserve"]), 20000 + 2 * dice.randrange(10)
    made = subprocess.Popen([sys.argv[1], "-q", command, str(port)], stderr=subprocess.DEVNULL)
    time.sleep(dice.uniform(0, 1.5 * usual))
    made.kill()
    ended += made.wait(timeout=10) >= 0
print(ended)
"""


def test_one_that_is_killed_leaves_nothing_that_cannot_be_taken_back(host: Host) -> None:
    host.shell(f"echo 100,200 > {SETTING}")
    ended = int(host.there.run(sys.executable, "-c", KILLER, str(BERTH), env=environment(host.home)))
    assert 0 < ended < 150, "some came to their end, and some did not"
    assert host.berth("unreserve", "--all").code == YES
    assert (host.reserved(), host.file(DROP_IN)) == ("100,200", None)


HOLDER = """
import fcntl, os, sys, time
held = open("/run/berth/reserve.lock", "r+")
fcntl.flock(held, fcntl.LOCK_EX)
held.truncate(0); held.write(str(os.getpid())); held.flush()
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def test_one_that_never_ends_does_not_block_the_others_for_ever(host: Host) -> None:
    assert host.berth("reserve", "7000").code == YES
    holder = subprocess.Popen([*host.there.enter, sys.executable, "-c", HOLDER], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout and holder.stdin
    pid = holder.stdout.readline().strip()
    start = time.monotonic()
    refused = host.berth("reserve", "7001")
    took = time.monotonic() - start
    holder.stdin.close()
    holder.wait(timeout=10)
    assert refused.code == UNKNOWN
    assert_one_clear_line(refused)
    assert "has had /run/berth/reserve.lock" in refused.err and f"process {pid}; is it stopped?" in refused.err
    assert 4 < took
    assert host.reserved() == "7000"
    assert host.berth("reserve", "7001").code == YES


# ---- Refusals --------------------------------------------------------------------------------------

def assert_untouched(host: Host, answer: Answer, words: str) -> None:
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
    assert answer.err.startswith("berth: nothing was changed: ")
    assert words in answer.err
    assert host.reserved() == "9000"
    assert not any(name.startswith("reserved-") for name in host.records())


def test_without_privileges_there_is_one_clear_line(host: Host, public: Path) -> None:
    host.shell(f"echo 9000 > {SETTING}")
    nobody = (*host.there.enter, *AS_NOBODY)
    assert_untouched(host, run_berth(public, "reserve", "8000", before=nobody), "try it with sudo")
    assert host.records() == []
    assert run_berth(public, "reserve", "-n", "8000", before=nobody).code == YES


def test_a_read_only_proc_sys_is_told(host: Host) -> None:
    host.shell(f"echo 9000 > {SETTING}; mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys")
    assert_untouched(host, host.berth("reserve", "8000"), "/proc/sys is read-only here")
    assert host.records() == []


def test_a_read_only_etc_leaves_all_as_it_was(host: Host) -> None:
    host.shell(f"echo 9000 > {SETTING}; mount -o remount,ro /etc/sysctl.d")
    assert_untouched(host, host.berth("reserve", "8000"), "--no-persist reserves until the next boot")
    assert host.berth("reserve", "--no-persist", "8000").code == YES
    assert host.reserved() == "8000,9000"


@pytest.mark.parametrize(("script", "words"), [
    ("mkdir -m 777 /run/berth", "/run/berth can be written by others"),
    ("mkdir /run/x; ln -s x /run/berth", "/run/berth: "),
    ("mkdir /run/berth; ln -s /etc/passwd /run/berth/reserve.lock", "/run/berth/reserve.lock: "),
    ("chmod 777 /etc/sysctl.d", "/etc/sysctl.d can be written by others"),
    (f"ln -s /etc/passwd {DROP_IN}", DROP_IN),
    (f"echo something else > {DROP_IN}", "not as berth wrote it"),
])
def test_what_is_not_berths_is_not_touched(host: Host, script: str, words: str) -> None:
    host.shell(f"echo 9000 > {SETTING}; {script}")
    before = host.shell("ls -lR /run /etc/sysctl.d; md5sum /etc/passwd")
    assert_untouched(host, host.berth("reserve", "8000"), words)
    assert host.shell("md5sum /etc/passwd") in before


def test_a_record_that_is_none_is_refused(host: Host) -> None:
    assert host.berth("reserve", "8000").code == YES
    [record] = [name for name in host.records() if name.startswith("reserved-")]
    host.shell(f"echo nonsense > /run/berth/{record}")
    refused = host.berth("unreserve", "8000")
    assert (refused.code, host.reserved()) == (UNKNOWN, "8000")
    assert_one_clear_line(refused)


# ---- What it is good for ---------------------------------------------------------------------------

CHOOSE = """
import json, socket
from pathlib import Path
Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("40000 40099")
server = socket.create_server(("127.0.0.1", 50000), backlog=256)
held, given = [], []
for kind in ("connect", "bind"):
    for _ in range(200):
        made = socket.socket()
        try:
            made.connect(("127.0.0.1", 50000)) if kind == "connect" else made.bind(("127.0.0.2", 0))
        except OSError:
            break
        given.append(made.getsockname()[1])
        held.append(made)
explicit = socket.socket()
explicit.bind(("127.0.0.1", 40010))
print(json.dumps({"given": given, "explicit": explicit.getsockname()[1]}))
"""


def choose(host: Host) -> dict[str, Any]:
    return dict(json.loads(host.there.run(sys.executable, "-c", CHOOSE)))


def test_the_kernel_chooses_no_reserved_port_and_bind_still_gets_it(host: Host) -> None:
    assert host.berth("reserve", "40000-40049").code == YES
    said = choose(host)
    assert said["explicit"] == 40010
    assert set(said["given"]) == set(range(40050, 40100))
    assert "does not stop a program that asks" in " ".join(host.berth("reserve", "40000").out.split())


def test_ports_outside_of_the_range_are_reserved_with_a_word(host: Host) -> None:
    text = " ".join(host.berth("reserve", "8000").out.split())
    assert "so it would not have chosen this port anyway" in text
    assert "would not have chosen" not in host.berth("reserve", "40000").out


def test_it_runs_as_root_of_a_container_of_a_user(host: Host) -> None:
    """In a user namespace the list of its network namespace belongs to its root."""
    inside = (*host.there.enter, "unshare", "--user", "--net", "--map-root-user")
    answer = run_berth(host.home, "reserve", "--json", "8000", before=inside)
    assert (answer.code, host.reserved(), host.file(DROP_IN)) == (YES, "", None)
    assert answer.json()["after"] == ranges("8000")
