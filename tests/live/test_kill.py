# SPDX-License-Identifier: MIT
"""berth kill ends who listens and nobody else: workers, clients, strangers, other users' processes, and pids that
change hands while it works."""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, UNKNOWN, YES, Answer, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("quiet_world.py") as made:
        yield made


PRELUDE = """
import os, signal, socket, sys, time
def listen(port, address="127.0.0.1", **options):
    made = socket.socket(**options)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.bind((address, port))
    made.listen()
    return made
def say():
    print(os.getpid(), flush=True)
"""


@contextlib.contextmanager
def running(there: World, script: str, *before: str) -> Iterator[int]:
    """Runs a script in the world; it calls say() when it is ready. Gives its pid there."""
    with subprocess.Popen([*there.enter, *before, sys.executable, "-c", PRELUDE + script],
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        try:
            yield pid
        finally:
            there_is(there, pid, kill=True)


def there_is(there: World, pid: int, kill: bool = False) -> bool:
    """Whether a process of the world runs; zombies do not."""
    done = subprocess.run([*there.enter, "sh", "-c", f"{'kill -9' if kill else 'kill -0'} {pid} && "
                           f"! grep -q 'State:.Z' /proc/{pid}/status"], capture_output=True, check=False)
    return done.returncode == 0


def kill(there: World, home: Path, *arguments: str, before: tuple[str, ...] = ()) -> Answer:
    return run_berth(home, "kill", *arguments, before=(*there.enter, *before))


SERVER = "made = listen({port})\nsay()\ntime.sleep(100)\n"
STUBBORN = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SERVER


def test_a_server_is_ended_and_the_dry_run_does_not(there: World, tmp_path: Path) -> None:
    with running(there, SERVER.format(port=22000)) as pid:
        dry = kill(there, tmp_path, "--dry-run", "22000")
        assert dry.code == YES and f"would send SIGTERM to python3 (pid {pid}, root)" in dry.out
        assert there_is(there, pid)
        answer = kill(there, tmp_path, "22000")
        assert (answer.code, answer.err) == (YES, "")
        assert f"sent SIGTERM to python3 (pid {pid}, root)" in answer.out and "nobody listens" in answer.out
        assert kill(there, tmp_path, "22000").code == NO


def test_a_client_is_never_meant(there: World, tmp_path: Path) -> None:
    client = "made = socket.socket()\nmade.bind(('127.0.0.1', 22002))\nmade.connect(('127.0.0.1', 22001))\n" \
             "say()\ntime.sleep(100)\n"
    with running(there, SERVER.format(port=22001)) as server, running(there, client) as other:
        answer = kill(there, tmp_path, "22002")
        assert answer.code == NO and there_is(there, other)
        assert kill(there, tmp_path, "22001").code == YES
        assert there_is(there, other) and not there_is(there, server)


def test_who_ignores_the_signal_is_killed_only_when_forced(there: World, tmp_path: Path) -> None:
    with running(there, STUBBORN.format(port=22003)) as pid:
        start = time.monotonic()
        answer = kill(there, tmp_path, "--grace", "300ms", "22003")
        assert answer.code == UNKNOWN and time.monotonic() - start < 3
        assert "still has it" in answer.out and "still has it" in answer.err
        assert there_is(there, pid)
        answer = kill(there, tmp_path, "--grace", "200ms", "--force", "22003")
        assert answer.code == YES
        assert f"sent SIGKILL to python3 (pid {pid}, root)" in answer.out


def test_other_signals_are_sent_and_not_waited_for(there: World, tmp_path: Path) -> None:
    script = "def again(*_):\n    open(sys.argv[1] if len(sys.argv) > 1 else '/dev/null')\n" \
             "signal.signal(signal.SIGHUP, again)\n" + SERVER.format(port=22004)
    with running(there, script) as pid:
        answer = kill(there, tmp_path, "-s", "HUP", "22004")
        assert answer.code == YES and "sent SIGHUP" in answer.out
        assert there_is(there, pid)


WORKERS = """
made = listen({port})
workers = []
for _ in range(3):
    child = os.fork()
    if not child:
        {worker}
        time.sleep(100)
    workers.append(child)
def end(*_):
    {end}
    os._exit(0)
signal.signal(signal.SIGTERM, end)
say()
time.sleep(100)
"""


def test_the_master_is_asked_to_end_its_workers(there: World, tmp_path: Path) -> None:
    """A worker that is signalled would be started again by a master of this kind."""
    script = WORKERS.format(port=22005, worker="signal.signal(signal.SIGTERM, lambda *_: os._exit(7))",
                            end="[os.kill(each, 9) or os.waitpid(each, 0) for each in workers]")
    with running(there, script) as pid:
        said = kill(there, tmp_path, "--json", "22005").json()
    assert said["ended"] is True
    assert [step["later"] for step in said["steps"]] == [False, True, True, True]
    assert said["steps"][0]["process"]["pid"] == pid and said["steps"][0]["outcome"] == "done"
    assert all(step["outcome"] in ("planned", "gone") for step in said["steps"][1:])


def test_workers_that_outlive_their_master_are_ended_too(there: World, tmp_path: Path) -> None:
    script = WORKERS.format(port=22006, worker="signal.signal(signal.SIGTERM, signal.SIG_DFL)", end="pass")
    with running(there, script):
        said = kill(there, tmp_path, "--json", "22006").json()
    assert said["ended"] is True
    assert [step["outcome"] for step in said["steps"]] == ["done"] * 4


def test_who_takes_the_port_over_is_left_alone(there: World, tmp_path: Path) -> None:
    """As a supervisor starts a server again: it is another socket, and the answer says who has it now."""
    script = """
child = os.fork()
if not child:
    made = listen(22007)
    say()
    time.sleep(100)
os.waitpid(child, 0)
made = listen(22007)
time.sleep(100)
"""
    with running(there, script):
        said = kill(there, tmp_path, "--json", "22007").json()
        assert said["ended"] is True and [step["outcome"] for step in said["steps"]] == ["done"]
        deadline = time.monotonic() + 5
        while not (rows := run_berth(tmp_path, "--json", "22007", before=there.enter).json()["sockets"]):
            assert time.monotonic() < deadline
        assert there_is(there, rows[0]["owners"][0]["pid"])
        assert kill(there, tmp_path, "22007").code == YES


def test_an_address_narrows_it(there: World, tmp_path: Path) -> None:
    one = "made = listen(22008, '127.0.0.2')\nsay()\ntime.sleep(100)\n"
    other = "made = listen(22008, '127.0.0.3')\nsay()\ntime.sleep(100)\n"
    with running(there, one) as mine, running(there, other) as theirs:
        assert kill(there, tmp_path, "127.0.0.1:22008").code == NO
        assert kill(there, tmp_path, "127.0.0.2:22008").code == YES
        assert there_is(there, theirs) and not there_is(there, mine)
        assert kill(there, tmp_path, "22008").code == YES


def test_udp_only_when_it_is_named(there: World, tmp_path: Path) -> None:
    script = "made = socket.socket(type=socket.SOCK_DGRAM)\nmade.bind(('127.0.0.1', 22009))\nsay()\ntime.sleep(100)\n"
    with running(there, script) as pid:
        answer = kill(there, tmp_path, "22009")
        assert answer.code == NO and "22009/udp" in answer.out and there_is(there, pid)
        assert kill(there, tmp_path, "22009/udp").code == YES
        assert not there_is(there, pid)


def test_what_is_not_permitted_is_said(there: World, tmp_path: Path) -> None:
    with running(there, SERVER.format(port=22010)) as pid:
        answer = kill(there, tmp_path, "22010", before=AS_NOBODY)
        assert answer.code == UNKNOWN and there_is(there, pid)
        assert "needs CAP_SYS_PTRACE" in answer.out
    # Another user whose owners can be seen, but not signalled.
    seeing = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+sys_ptrace,+dac_read_search",
              "--ambient-caps=+sys_ptrace,+dac_read_search", "--bounding-set=-kill", "--")
    with running(there, SERVER.format(port=22011)) as pid:
        for arguments in (["22011"], ["--dry-run", "22011"]):
            answer = kill(there, tmp_path, *arguments, before=seeing)
            assert answer.code == UNKNOWN, answer.out
            assert "may not send SIGTERM" in answer.out and "needs CAP_KILL" in answer.out
        assert there_is(there, pid)


def test_an_ordinary_user_ends_what_is_his(there: World, tmp_path: Path) -> None:
    with running(there, SERVER.format(port=22012), *AS_NOBODY) as pid:
        assert kill(there, tmp_path, "22012", before=AS_NOBODY).code == YES
        assert not there_is(there, pid)


def test_the_one_who_started_berth_is_left_alone(there: World, tmp_path: Path) -> None:
    script = """
import subprocess
made = listen(22013)
def ask(*options):
    done = subprocess.run([{berth!r}, "kill", *options, "22013"], capture_output=True, text=True)
    return done.returncode, done.stdout
print(ask("--grace", "1s"), flush=True)
print(ask("--force", "--dry-run"), flush=True)
""".format(berth=str(BERTH))
    done = subprocess.run([*there.enter, sys.executable, "-c", PRELUDE + script], capture_output=True, text=True,
                          check=True)
    first, second = map(eval, done.stdout.splitlines())  # noqa: S307
    assert first[0] == UNKNOWN and "left alone" in first[1] and "berth was started by it" in first[1]
    assert second[0] == YES and "would send SIGTERM" in second[1]


# ---- Pids change hands ----------------------------------------------------------------------------

def test_never_a_wrong_victim_when_pids_are_used_again(request: pytest.FixtureRequest) -> None:
    if not shutil.which("strace"):
        pytest.skip("needs strace")
    tries = 1000 if request.config.getoption("--soak") else 120
    seed = int(os.environ.get("BERTH_SEED", "11"))
    with world("reuse_world.py", str(BERTH), str(tries), str(seed)) as made:
        said: dict[str, Any] = made.said
    assert len(said["tries"]) == tries
    assert [each for each in said["tries"] if each["hit"]] == []
    # It is worth something: pids were used again, and while berth was at work, at each of the places.
    reused = [each for each in said["tries"] if each["reused"]]
    assert len(reused) > tries * 0.9
    missed = Counter(each["place"] for each in reused if "gone" in each["outcomes"])
    print(f"{tries} tries, {len(reused)} pids used again, {sum(missed.values())} of them seen by berth as they "
          f"changed: {dict(missed)}; innocents hit: 0")
    for place in ("pidfd_open:delay_enter", "pidfd_open:delay_exit", "pidfd_send_signal:delay_enter"):
        assert missed[place] >= 3, missed
