# SPDX-License-Identifier: MIT
"""berthd writes down what happens, and berth history, at, blame and watch tell it.

Every test has a network namespace of its own, in which berthd runs for real. --soak kills it 200 times.
"""

import json
import os
import random
import signal
import sqlite3
import statistics
import subprocess
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from berthds import BERTHD, Berthd, berthd, child_of, script, until
from support import BERTH, NO, UNKNOWN, YES, environment, run_berth, validated
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
USUAL_KILLS, SOAK_KILLS = 8, 200

PRELUDE = textwrap.dedent("""
    import json, os, socket, sys, time
    TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
    def made(kind=TCP, family=socket.AF_INET, addr=False, port=False):
        s = socket.socket(family, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(addr))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(port))
        return s
    def bound(place, *options, **named):
        s = made(*options, **named)
        s.bind(place)
        return s
    def listening(place, **named):
        s = bound(place, **named)
        s.listen()
        return s
    def say(**what):
        print(json.dumps(what), flush=True)
    def wait():
        sys.stdin.readline()
    def loses(place, uid=0, listen=False, **named):
        # A process that tries and ends at once, as servers do.
        there, here = os.pipe()
        pid = os.fork()
        if not pid:
            error = 0
            try:
                if uid:
                    os.setresuid(uid, uid, uid)
                s = bound(place, **named)
                if listen:
                    s.listen()
            except OSError as e:
                error = e.errno
            os.write(here, str(error).encode())
            os._exit(0)
        error = int(os.read(there, 10))
        os.waitpid(pid, 0)
        return dict(loser=pid, errno=error)
    """)


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("history_world.py") as made:
        yield made


@pytest.fixture(scope="module")
def watched(here: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Berthd]:
    with berthd(here, tmp_path_factory.mktemp("state")) as made:
        if "BPF" not in made.said[0] or "without" in made.said[0]:
            pytest.skip(made.said[0])
        yield made


def spans_of(daemon: Berthd, home: Path, port: int) -> list[dict[str, Any]]:
    return list(daemon.history(home, str(port))["spans"])


# ---- Spans ---------------------------------------------------------------------------------------

def test_a_server_has_a_span_from_beginning_to_end(watched: Berthd, here: World, tmp_path: Path) -> None:
    code = PRELUDE + "s = listening(('127.0.0.1', 7001)); say(pid=os.getpid()); wait(); s.close(); wait()"
    with script(here, code) as server:
        pid = server.hear()["pid"]
        [span] = until(lambda: spans_of(watched, tmp_path, 7001))
        assert span["open"] and span["first_exact"] and span["state"] == "listening"
        assert (span["address"], span["proto"]) == ("127.0.0.1", "tcp")
        assert span["process"]["pid"] == pid and span["process"]["user"] == "root"
        assert watched.ask(tmp_path, "at", "now", "7001").code == YES
        server.go_on()
        [span] = until(lambda: [span for span in spans_of(watched, tmp_path, 7001) if not span["open"]])
        assert span["last_exact"] and span["first"] <= span["last"]
    time.sleep(1.1)
    assert watched.ask(tmp_path, "at", "now", "7001").code == NO


def test_of_bound_sockets_too_and_of_udp(watched: Berthd, here: World, tmp_path: Path) -> None:
    code = PRELUDE + textwrap.dedent("""
        a = bound(('127.0.0.1', 7002)); b = bound(('::', 7003), UDP, socket.AF_INET6); say(); wait()
        a.close(); b.close(); say(); wait()""")
    with script(here, code) as server:
        server.hear()
        [tcp] = until(lambda: spans_of(watched, tmp_path, 7002))
        [udp] = until(lambda: spans_of(watched, tmp_path, 7003))
        assert tcp["state"] == "bound" and udp["proto"] == "udp" and udp["address"] == "::"
        server.go_on()
        server.hear()
        until(lambda: all(not spans_of(watched, tmp_path, port)[0]["open"] for port in (7002, 7003)))


def test_of_ports_that_the_kernel_chose_for_a_server(watched: Berthd, here: World, tmp_path: Path) -> None:
    code = PRELUDE + "a = bound(('', 0), UDP); say(port=a.getsockname()[1]); wait(); a.close(); wait()"
    with script(here, code) as server:
        port = server.hear()["port"]
        until(lambda: spans_of(watched, tmp_path, port))
        server.go_on()
        [span] = until(lambda: [span for span in spans_of(watched, tmp_path, port) if not span["open"]])
        assert span["first_exact"] and span["last_exact"]


def test_clients_are_not_in_it(watched: Berthd, here: World, tmp_path: Path) -> None:
    code = PRELUDE + textwrap.dedent("""
        s = listening(('127.0.0.1', 7004))
        for i in range(50):
            c = bound(('127.0.0.1', 0)) if i % 2 else made()
            c.connect(('127.0.0.1', 7004)); s.accept()[0].close(); c.close()
        say(); wait()""")
    with script(here, code) as server:
        server.hear()
        until(lambda: spans_of(watched, tmp_path, 7004))
        time.sleep(0.5)
        found = watched.history(tmp_path, "--since", "2s")["spans"]
        assert [span["port"] for span in found if span["process"]["pid"] == found[-1]["process"]["pid"]] == [7004]


def test_a_port_that_the_kernel_chooses_in_listen(watched: Berthd, here: World, tmp_path: Path) -> None:
    with script(here, PRELUDE + "s = made(); s.listen(); say(port=s.getsockname()[1]); wait()") as server:
        port = server.hear()["port"]
        [span] = until(lambda: spans_of(watched, tmp_path, port))
        assert span["process"]["name"].startswith("python")


def test_ten_thousand_in_ten_seconds_are_all_there(
        watched: Berthd, here: World, tmp_path: Path) -> None:
    code = PRELUDE + textwrap.dedent("""
        begin = time.time()
        for i in range(10000):
            listening(('127.0.0.2', 10000 + i), addr=True).close()
            time.sleep(max(0, begin + i / 1000 - time.time()))
        say(seconds=time.time() - begin)""")
    with script(here, code) as servers:
        assert servers.hear()["seconds"] == pytest.approx(10, abs=2)
    until(lambda: spans_of(watched, tmp_path, 19999))
    found = watched.history(tmp_path, "10000-19999")
    spans = [span for span in found["spans"] if span["address"] == "127.0.0.2"]
    assert Counter(span["port"] for span in spans) == Counter(range(10000, 20000))
    assert all(span["first_exact"] and span["last_exact"] for span in spans)
    assert [event for event in found["events"] if event["event"] == "missed"] == []


def test_by_asking_the_loss_is_counted_and_shown(here: World, tmp_path: Path) -> None:
    code = PRELUDE + textwrap.dedent("""
        kept = listening(('127.0.0.3', 7005))
        for i in range(3000):
            listening(('127.0.0.3', 20000 + i), addr=True).close()
        say(); wait()""")
    state = tmp_path / "state"
    with berthd(here, state, "--poll") as daemon, script(here, code) as servers:
        assert "without BPF" in daemon.said[0]
        servers.hear()
        until(lambda: spans_of(daemon, tmp_path, 7005))
        found = until(lambda: (history := daemon.history(tmp_path))["events"] and history)
        time.sleep(1.5)
        found = daemon.history(tmp_path)
        seen = [span for span in found["spans"] if 20000 <= span["port"] < 23000]
        missed = sum(event["count"] for event in found["events"] if event["event"] == "missed")
        print(f"by asking: {len(seen)} seen, {missed} missed")
        assert len({span["cookie"] for span in seen}) == len(seen)
        assert len(seen) + missed == 3000
        assert "missed" in daemon.ask(tmp_path, "history", "--limit", "0").out


# ---- Who was to blame ----------------------------------------------------------------------------

CONFLICTS = {
    "an outgoing connection": ("EADDRINUSE", "connection", """
        s = listening(('127.0.0.1', 0)); c = made(); c.connect(s.getsockname()); port = c.getsockname()[1]
        tried = loses(('127.0.0.1', port))"""),
    "bound, never listening": ("EADDRINUSE", "bound", """
        port = 7101; s = bound(('0.0.0.0', port)); tried = loses(('0.0.0.0', port))"""),
    "TIME_WAIT": ("EADDRINUSE", "time-wait", """
        port = 7102; s = listening(('127.0.0.1', port)); c = made(); c.connect(('127.0.0.1', port))
        a, _ = s.accept(); a.close(); c.close(); s.close(); time.sleep(0.1)
        tried = loses(('127.0.0.1', port))"""),
    "both families": ("EADDRINUSE", "listener", """
        port = 7103; s = listening(('::', port), family=socket.AF_INET6); tried = loses(('0.0.0.0', port))"""),
    "SO_REUSEPORT of another user": ("EADDRINUSE", "listener", """
        port = 7104; s = listening(('0.0.0.0', port), port=True)
        tried = loses(('0.0.0.0', port), uid=65534, port=True)"""),
    "a low port": ("EACCES", "privilege", """
        port = 80; tried = loses(('0.0.0.0', port), uid=65534)"""),
    "not an address of this host": ("EADDRNOTAVAIL", "address", """
        port = 7106; tried = loses(('192.0.2.9', port))"""),
    "a listener with SO_REUSEADDR": ("EADDRINUSE", "listener", """
        port = 7107; s = listening(('0.0.0.0', port), addr=True); tried = loses(('0.0.0.0', port), addr=True)"""),
    "a pair for broadcasts": ("EADDRINUSE", "bound", """
        port = 7108; s = bound(('127.255.255.255', port), UDP, addr=True)
        tried = loses(('127.255.255.255', port), kind=UDP)"""),
    "listen(2) fails": ("EADDRINUSE", "listener", """
        port = 7109; s = bound(('127.0.0.1', port), addr=True); port_of_both = port
        pid = os.fork()
        if not pid:
            t = bound(('127.0.0.1', port), addr=True); time.sleep(0.5)
            try:
                t.listen()
            except OSError as e:
                os._exit(e.errno)
            os._exit(0)
        time.sleep(0.2); s.listen()
        tried = dict(loser=pid, errno=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"""),
}
WITHOUT_HOLDER = ("TIME_WAIT", "a low port", "not an address of this host")


@pytest.mark.parametrize("name", CONFLICTS)
def test_blame_names_loser_and_holder_within_a_second(
        watched: Berthd, here: World, tmp_path: Path, name: str) -> None:
    errno, cause, code = CONFLICTS[name]
    tell = "\nsay(port=port, pid=os.getpid(), time=time.time(), **tried); wait()"
    with script(here, PRELUDE + textwrap.dedent(code) + tell) as conflict:
        said = conflict.hear()
        assert os.strerror(said["errno"]) == os.strerror(getattr(__import__("errno"), errno))

        def blamed() -> Any:
            answer = watched.ask(tmp_path, "blame", str(said["port"]), "--json")
            return answer.code == YES and [
                each for each in answer.json()["events"] if each["process"]["pid"] == said["loser"]]
        [event] = until(blamed, 5)
        took = time.time() - said["time"]
        print(f"{name}: {event['text']} ({took:.2f} s)")
        assert took < 1
        assert (event["event"], event["errno"], event["cause"]) == ("refused", errno, cause)
        assert event["call"] == ("listen" if "listen(2)" in name else "bind")
        assert event["process"]["name"].startswith("python")
        if name not in WITHOUT_HOLDER:
            assert event["holder"]["pid"] == said["pid"]
            assert event["holder"]["name"].startswith("python")
        else:
            assert event["holder"] is None
        line = watched.ask(tmp_path, "blame", str(said["port"])).out
        assert errno in line and f"[{said['loser']}] failed to" in line


def test_why_explains_a_failure_when_what_caused_it_is_gone(watched: Berthd, here: World, tmp_path: Path) -> None:
    code = ("s = listening(('127.0.0.1', 7190))\ntry:\n    listening(('127.0.0.1', 7190))\nexcept OSError:\n    pass\n"
            "say(); wait(); s.close(); say(); wait()")
    with script(here, PRELUDE + code) as conflict:
        conflict.hear()
        until(lambda: watched.ask(tmp_path, "blame", "7190").code == YES, 5)
        there = watched.ask(tmp_path, "why", "--errno", "EADDRINUSE", "127.0.0.1:7190")
        assert there.code == NO and "failed to bind" in there.out
        conflict.go_on()
        conflict.hear()
        gone = watched.ask(tmp_path, "why", "--errno", "EADDRINUSE", "127.0.0.1:7190")
        assert gone.code == YES
        words = " ".join(gone.out.split())
        assert "what made it fail with EADDRINUSE is not there any more" in words
        assert "failed to bind" in words and "EADDRINUSE" in words.partition("failed to bind")[2]
        [event] = watched.ask(tmp_path, "why", "--errno", "EADDRINUSE", "127.0.0.1:7190", "--json").json()["past"]
        assert (event["event"], event["errno"], event["port"]) == ("refused", "EADDRINUSE", 7190)
        assert event["holder"]["name"].startswith("python")
        assert watched.ask(tmp_path, "why", "127.0.0.1:7190", "--json").json()["past"] is None


def test_why_says_that_there_is_no_history(here: World, tmp_path: Path) -> None:
    answer = run_berth(tmp_path, "why", "--errno", "EADDRINUSE", "--history", str(tmp_path / "none"), "7191", before=here.enter)
    assert answer.code == YES
    assert "what was is not known: there is no history in" in " ".join(answer.out.split())


def test_another_namespace_is_no_conflict(watched: Berthd, here: World, tmp_path: Path) -> None:
    with world("history_world.py") as other, \
            script(other, PRELUDE + "s = listening(('0.0.0.0', 7110)); say(); wait()") as there, \
            script(here, PRELUDE + "s = listening(('0.0.0.0', 7110)); say(); wait()") as mine:
        there.hear()
        mine.hear()
        assert len(until(lambda: spans_of(watched, tmp_path, 7110))) == 1
        time.sleep(0.5)
        assert watched.ask(tmp_path, "blame", "7110").code == NO


def test_a_bind_that_succeeds_is_no_refusal(watched: Berthd, here: World, tmp_path: Path) -> None:
    """Many at once, on a machine that has better things to do."""
    code = PRELUDE + textwrap.dedent("""
        burners = []
        for _ in range(4):
            pid = os.fork()
            if not pid:
                end = time.time() + 2
                while time.time() < end: pass
                os._exit(0)
            burners.append(pid)
        end = time.time() + 2
        n = 0
        while time.time() < end:
            bound(('127.0.0.4', 30000 + n % 1000), addr=True).close(); n += 1
        say(n=n)""")
    with script(here, code) as busy:
        assert busy.hear()["n"] > 100
    time.sleep(1)
    answer = watched.ask(tmp_path, "blame", "30000-30999", "--json")
    assert answer.code == NO, answer.out


# ---- Watching ------------------------------------------------------------------------------------

def test_watch_tells_it_at_once(here: World, tmp_path: Path) -> None:
    watch = subprocess.Popen([*here.enter, str(BERTH), "watch", "7201-7300", "--json"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path))
    assert watch.stdout and watch.stderr
    assert "watching" in watch.stderr.readline()
    code = PRELUDE + textwrap.dedent("""
        for i in range(100):
            s = bound(('127.0.0.1', 7201 + i)); t = time.time(); s.listen(); say(time=t); wait(); s.close()""")
    waits = []
    try:
        with script(here, code) as servers:
            for i in range(100):
                begin = servers.hear()["time"]
                event = json.loads(watch.stdout.readline())
                waits.append(time.time() - begin)
                assert (event["event"], event["port"]) == ("opened", 7201 + i), event
                assert event["time"] and event["exact"] and event["listening"]
                servers.go_on()
                event = json.loads(watch.stdout.readline())
                assert (event["event"], event["port"]) == ("closed", 7201 + i), event
    finally:
        os.kill(child_of(watch), signal.SIGKILL)
        watch.communicate(timeout=20)
    print(f"watch: median {statistics.median(waits) * 1000:.2f} ms, worst {max(waits) * 1000:.2f} ms")
    assert statistics.median(waits) < 0.012  # 3 ms are waited for a listen(2) that may fail


def test_watch_ends_by_count_and_by_time(here: World, tmp_path: Path) -> None:
    with script(here, PRELUDE + "s = listening(('127.0.0.1', 7301)); say(); wait()") as server:
        server.hear()
        answer = run_berth(tmp_path, "watch", "--found", "--limit", "1", "7301", before=here.enter)
        assert answer.code == YES and "listens on 127.0.0.1:7301/tcp" in answer.out
        assert run_berth(tmp_path, "watch", "--timeout", "100ms", before=here.enter).code == 124


def test_watch_without_a_capability_asks(here: World, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with script(here, PRELUDE + "wait(); s = listening(('127.0.0.1', 7302)); say(); wait()") as server:
        watch = subprocess.Popen(
            [*here.enter, *AS_NOBODY, str(BERTH), "watch", "7302", "--limit", "1", "--json"], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(tmp_path))
        assert watch.stderr and "asks again and again" in watch.stderr.readline()
        server.go_on()
        server.hear()
        out, _ = watch.communicate(timeout=20)
        event = json.loads(out)
        assert event["event"] == "opened" and not event["exact"] and event["not_before"]


# ---- Ends and accidents --------------------------------------------------------------------------

LOAD = PRELUDE + textwrap.dedent("""
    import random, select
    log = open(sys.argv[1], 'a', buffering=1)
    kept = []
    def cookie(s):
        return int.from_bytes(s.getsockopt(socket.SOL_SOCKET, 57, 8), sys.byteorder)  # SO_COOKIE
    say()
    while not select.select([0], [], [], 0.0005)[0]:
        if kept and (len(kept) > 200 or random.random() < 0.5):
            port, c, s = kept.pop(random.randrange(len(kept)))
            s.close()
            log.write(f'closed {c} {port} {time.time()}\\n')
        else:
            s = listening(('127.0.0.1', 0))
            port, c = s.getsockname()[1], cookie(s)
            kept.append((port, c, s))
            log.write(f'opened {c} {port} {time.time()}\\n')
    """)


def judge_after_kill(state: Path, log: Path, alive: list[tuple[float, float]]) -> int:
    """Reads the database as nobody else does. How many events were looked for, of the times that are given."""
    db = sqlite3.connect(state / "history.db")
    try:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        twice = db.execute("SELECT cookie, port, count(*) FROM spans GROUP BY 1, 2 HAVING count(*) > 1").fetchall()
        assert twice == []
        last = dict(db.execute("SELECT cookie, last FROM spans").fetchall())
        exact = dict(db.execute("SELECT cookie, exact FROM spans").fetchall())
    finally:
        db.close()
    asked = 0
    for line in log.read_text(encoding="ascii").splitlines(keepends=True):
        if not line.endswith("\n"):  # it is being written
            continue
        kind, cookie, _, when = line.split()
        for begin, end in alive:
            if begin + 0.01 < float(when) < end - 1:
                asked += 1
                assert int(cookie) in last, f"{line}: not in the history; berthd ran {begin} to {end}"
                if kind == "closed":
                    assert last[int(cookie)] and exact[int(cookie)] & 2, line
    return asked


def test_killed_at_random_moments_it_loses_less_than_a_second(
        here: World, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    kills = SOAK_KILLS if request.config.getoption("--soak") else USUAL_KILLS
    state, log = tmp_path / "state", tmp_path / "log"
    alive: list[tuple[float, float]] = []
    load = subprocess.Popen([*here.enter, sys.executable, "-c", LOAD, str(log)], text=True,
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    asked = 0
    try:
        assert load.stdout and load.stdout.readline()
        for _ in range(kills):
            with berthd(here, state) as daemon:
                begin = time.time()
                time.sleep(random.uniform(0.2, 2.5))
                end = time.time()
                daemon.kill()
                alive.append((begin, end))
            asked += judge_after_kill(state, log, alive[-1:])
        assert judge_after_kill(state, log, alive) >= asked > 100, "what was there once is there no more"
    finally:
        assert load.stdin
        load.stdin.close()
        load.wait(timeout=20)
    print(f"killed {kills} times, {asked} events were looked for")


def test_a_span_goes_on_when_berthd_is_started_again(here: World, tmp_path: Path) -> None:
    state = tmp_path / "state"
    code = PRELUDE + "a = listening(('127.0.0.1', 7401)); b = listening(('127.0.0.1', 7402)); say(); wait(); b.close(); say(); wait()"
    with script(here, code) as server:
        server.hear()
        with berthd(here, state) as daemon:
            until(lambda: spans_of(daemon, tmp_path, 7402))
            assert daemon.stop() == 0
        server.go_on()
        server.hear()
        time.sleep(1.2)
        with berthd(here, state) as daemon:
            until(lambda: not spans_of(daemon, tmp_path, 7402)[0]["open"])
            [kept], [ended] = (spans_of(daemon, tmp_path, port) for port in (7401, 7402))
            assert kept["open"] and not kept["first_exact"]
            assert not ended["last_exact"]
            [gap] = daemon.history(tmp_path)["unwatched"]
            assert ended["last"] <= gap["from"] < gap["until"]
            said = daemon.ask(tmp_path, "history").err
            assert "nobody watched from" in said
            assert daemon.ask(tmp_path, "at", gap["from"][:-5] + "Z").code in (YES, NO, UNKNOWN)
            assert daemon.stop() == 0


def test_a_full_disk_is_said_survived_and_recovered_from(here: World, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    here.run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(state))
    try:
        with berthd(here, state) as daemon, \
                script(here, PRELUDE + "s = listening(('127.0.0.1', 7501)); say(); wait(); t = [listening(('127.0.0.1', 7600 + i)) for i in range(300)]; say(); wait()") as servers:
            servers.hear()
            until(lambda: spans_of(daemon, tmp_path, 7501))
            here.run("sh", "-c", f"cat /dev/zero >{state}/filler || true")
            servers.go_on()
            servers.hear()
            said = daemon.says("cannot be written")
            assert "full" in said, said
            time.sleep(1)
            assert daemon.process.poll() is None
            here.run("rm", f"{state}/filler")
            daemon.says("can be written again", 40)
            found = until(lambda: (spans := daemon.history(tmp_path, "7600-7899")["spans"]) and spans)
            assert len(found) == 300 and all(span["first_exact"] for span in found)
            assert daemon.stop() == 0
    finally:
        here.run("umount", "-l", str(state))


def test_a_read_only_disk_is_said_survived_and_recovered_from(here: World, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    here.run("mount", "-t", "tmpfs", "-o", "size=4m,ro", "tmpfs", str(state))
    try:
        with berthd(here, state) as daemon, \
                script(here, PRELUDE + "s = listening(('127.0.0.1', 7502)); say(); wait()") as server:
            daemon.says("cannot be written")
            server.hear()
            time.sleep(0.5)
            assert daemon.process.poll() is None
            here.run("mount", "-o", "remount,rw", str(state))
            daemon.says("can be written again", 40)
            [span] = until(lambda: spans_of(daemon, tmp_path, 7502))
            assert span["open"]
            assert daemon.stop() == 0
    finally:
        here.run("umount", "-l", str(state))


@pytest.mark.parametrize("how", ("cut", "overwritten", "something else", "empty"))
def test_a_damaged_history_is_said_and_set_aside(here: World, tmp_path: Path, how: str) -> None:
    state = tmp_path / "state"
    with berthd(here, state) as daemon:
        daemon.stop()
    file = state / "history.db"
    for companion in ("-wal", "-shm"):
        (state / f"history.db{companion}").unlink(missing_ok=True)
    whole = file.read_bytes()
    file.write_bytes({"cut": whole[:len(whole) // 2], "overwritten": whole[:4096] + os.urandom(len(whole) - 4096),
                      "something else": b"no database at all" * 300, "empty": b""}[how])
    answer = run_berth(tmp_path, "history", "--history", str(state), before=here.enter)
    if how == "empty":
        assert answer.code == NO
    else:
        assert answer.code == UNKNOWN and "damaged" in answer.err, answer.err
    with berthd(here, state) as daemon:
        if how != "empty":
            assert "set aside" in daemon.said[0]
            assert len([name for name in os.listdir(state) if ".damaged-" in name]) >= 1
        assert daemon.history(tmp_path)["way"]
        assert daemon.stop() == 0


def test_two_do_not_write_one_history(watched: Berthd, here: World) -> None:
    other = subprocess.run([*here.enter, str(BERTHD), "--state", str(watched.folder)], text=True,
                           capture_output=True, check=False, timeout=20)
    assert other.returncode == 3
    assert "another berthd writes this history" in other.stderr


def test_the_history_is_private_unless_it_is_not_to_be(here: World) -> None:
    here.run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/mnt")
    nobody = (*here.enter, *AS_NOBODY)
    try:
        for arguments, code in (((), UNKNOWN), (("--readable",), NO)):
            state = Path(f"/mnt/state{len(arguments)}")
            with berthd(here, state, *arguments) as daemon:
                answer = run_berth(Path("/mnt"), "history", "1", "--history", str(state), before=nobody)
                assert answer.code == code, answer.err
                assert daemon.stop() == 0
            # Nobody writes any more, and who reads may not make the files that go with it.
            answer = run_berth(Path("/mnt"), "history", "1", "--history", str(state), before=nobody)
            assert answer.code == code, answer.err
    finally:
        here.run("umount", "-l", "/mnt")


def test_it_is_bounded_by_size(here: World, tmp_path: Path) -> None:
    code = PRELUDE + textwrap.dedent("""
        for i in range(30000):
            listening(('127.0.0.5', 20000 + i), addr=True).close()
            if i % 100 == 0:
                time.sleep(0.02)
        say(); wait()""")
    state = tmp_path / "state"
    with berthd(here, state, "--size", "1") as daemon, script(here, code) as servers:
        servers.hear()
        until(lambda: spans_of(daemon, tmp_path, 49999), 30)
        time.sleep(1)
        until(lambda: (state / "history.db").stat().st_size < 2 << 20, 30)
        assert spans_of(daemon, tmp_path, 20000) == []


# ---- What it is and costs ------------------------------------------------------------------------

def test_it_keeps_few_privileges(watched: Berthd) -> None:
    status = watched.status()
    kept = {"CAP_SYS_PTRACE": 19, "CAP_DAC_READ_SEARCH": 2, "CAP_BPF": 39, "CAP_PERFMON": 38}
    allowed = sum(1 << bit for bit in kept.values())
    for what in ("CapPrm", "CapEff", "CapBnd"):
        assert int(status[what], 16) & ~allowed == 0, what
    assert int(status["CapInh"], 16) == 0 and status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2", "no filter of system calls"


def test_the_service_manager_is_told(here: World, tmp_path: Path) -> None:
    import socket
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(10)
        with berthd(here, tmp_path / "state", variables={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}) as daemon:
            assert manager.recv(100) == b"READY=1"
            begin = time.monotonic()
            signs = [manager.recv(100) for _ in range(4)]
            assert signs == [b"WATCHDOG=1"] * 4
            assert time.monotonic() - begin < 3
            assert daemon.stop() == 0
            while (last := manager.recv(100)) == b"WATCHDOG=1":
                pass
            assert last == b"STOPPING=1"


@pytest.mark.parametrize("arguments", ((), ("--poll",)))
def test_idle_it_costs_next_to_nothing(here: World, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code = PRELUDE + textwrap.dedent("""
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000))
        kept = [listening(('127.0.0.6', 40000 + i)) for i in range(500)]
        say(); wait()""")
    with script(here, code) as servers:
        servers.hear()
        with berthd(here, tmp_path / "state", *arguments) as daemon:
            until(lambda: len(daemon.history(tmp_path, "40000-40499")["spans"]) == 500)
            time.sleep(2)
            size = (tmp_path / "state" / "history.db").stat().st_size
            begin, used = time.monotonic(), daemon.cpu_s()
            time.sleep(8)
            share = (daemon.cpu_s() - used) / (time.monotonic() - begin)
            rss = int(daemon.status()["VmRSS"].split()[0]) / 1024
            print(f"{' '.join(arguments) or 'by BPF'}: {share:.4%} of a core, {rss:.1f} MiB")
            assert share < 0.002 and rss < 12
            assert (tmp_path / "state" / "history.db").stat().st_size == size


def test_the_json_of_all_of_it_is_as_its_schema_says(watched: Berthd, tmp_path: Path) -> None:
    for question in (("history",), ("at", "now"), ("blame", "0-65535")):
        answer = watched.ask(tmp_path, *question, "--json")
        assert validated(answer.json())["schema"] == "berth-history-1"
