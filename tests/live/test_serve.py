# SPDX-License-Identifier: MIT
"""berth serve among real sockets, users and bad clients, each in a network namespace of its own.

--soak fuzzes for a minute.
"""

import contextlib
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from berthds import berthd, script, until
from servings import Events, Reply, Serving, children_of, in_network, serving, status_of
from support import BERTH, BUILD, UNKNOWN, YES, environment, resolver_for, run_berth, schema_for, validated
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
NOBODY = 65534
# What neither process may ever need; the shadow of a sanitizer is larger than both.
MEMORY_KIB = 64 << 10 if BUILD.name != "asan" else 1 << 20

LISTENER = """
    import ctypes, json, socket, sys
    ctypes.CDLL(None).prctl(15, sys.argv[1].encode(), 0, 0, 0)  # PR_SET_NAME
    s = socket.socket()
    s.bind(("127.0.0.1", int(sys.argv[2])))
    s.listen()
    print(json.dumps(s.getsockname()[1]), flush=True)
    sys.stdin.readline()
    """

ASK = """
    import socket, sys
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendall(f"GET {sys.argv[2]} HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n".encode())
    answer = b""
    while piece := s.recv(65536):
        answer += piece
    sys.stdout.buffer.write(answer)
    """


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("leases_world.py") as made:
        yield made


@contextlib.contextmanager
def listener(there: World, name: str, *before: str, port: int = 0) -> Iterator[int]:
    """Listens by that name; the port."""
    process = subprocess.Popen(
        [*there.enter, *before, sys.executable, "-c", textwrap.dedent(LISTENER), name, str(port)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin and process.stdout
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(timeout=10)
        process.stdout.close()


def serve(there: World, home: Path, *arguments: str, before: tuple[str, ...] = (), **options: Any) -> Any:
    return serving(home, *arguments, before=(*there.enter, *before), network=there.pid, **options)


def ask_as(there: World, before: tuple[str, ...], path: Path, target: str) -> Reply:
    """Asks at a Unix socket as another user."""
    done = subprocess.run([*there.enter, *before, sys.executable, "-c", textwrap.dedent(ASK), str(path), target],
                          capture_output=True, check=True, timeout=60)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
    return Reply(int(lines[0].split()[1]), headers, body)


# ---- Two processes -----------------------------------------------------------------------------

def test_what_speaks_http_can_do_nothing_else(here: World, tmp_path: Path) -> None:
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as server:
        assert server.ask("/80").status == 200
        teller, front = server.pids()
        status = status_of(front)
        assert status["Uid"].split() == [str(NOBODY)] * 4 and status["Gid"].split() == [str(NOBODY)] * 4
        assert status["Groups"] == ""
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[name], 16) == 0, name
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
        status = status_of(teller)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        kept = {1 << bit for bit in (2, 5, 6, 7, 10, 12, 19, 21, 38, 39)}  # of linux/capability.h
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == sum(kept)
        opened = set()
        for each in Path(f"/proc/{front}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # a connection that just ended
                opened.add(os.readlink(each).partition(":")[0])
        assert opened <= {"/dev/null", "socket", "anon_inode"}, opened
        assert server.token.encode() not in Path(f"/proc/{front}/cmdline").read_bytes()
        assert Path(f"/proc/{front}/environ").read_bytes() == b""


@pytest.mark.parametrize("which", [0, 1], ids=["teller", "front"])
def test_neither_process_stays_without_the_other(here: World, tmp_path: Path, which: int) -> None:
    server = Serving(tmp_path, "serve", "--listen", "127.0.0.1:0", before=here.enter, network=here.pid)
    pids = server.pids()
    os.kill(pids[which], signal.SIGKILL)
    until(lambda: not Path(f"/proc/{pids[1 - which]}/fd").exists() or not os.listdir(f"/proc/{pids[1 - which]}/fd"))
    code = server.stop()
    assert which == 0 or (code == UNKNOWN and "has ended" in server.said)


def test_it_idles(here: World, tmp_path: Path) -> None:
    """Nobody asks: neither process is ever woken."""
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as server:
        assert server.ask("/80").status == 200
        time.sleep(0.5)

        def switches() -> list[int]:
            return [int(status_of(pid)["voluntary_ctxt_switches"]) for pid in server.pids()]
        before = switches()
        time.sleep(3)
        assert [now - then for now, then in zip(switches(), before, strict=True)] == [0, 0]


def test_the_port_is_leased_to_berth_and_the_same_again(here: World, tmp_path: Path) -> None:
    with serve(here, tmp_path) as server:
        leases = run_berth(tmp_path, "leases", "--json", before=here.enter).json()["leases"]
        assert [lease["name"] for lease in leases if lease["port"] == server.port] == ["berth"]
        first = server.port
    with serve(here, tmp_path) as server:
        assert server.port == first


# ---- Freshness ---------------------------------------------------------------------------------

def test_a_page_shows_within_a_second_what_is_so(here: World, tmp_path: Path) -> None:
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as server:
        for port in (7801, 7802, 7803):
            empty = server.ask(f"/{port}").text
            assert "No socket has it" in empty
            with listener(here, f"fresh-{port}", port=port):
                began = time.monotonic()
                until(lambda wanted=port: f"fresh-{wanted}" in server.ask(f"/{wanted}").text, 5)
                assert time.monotonic() - began < 1
            began = time.monotonic()
            until(lambda wanted=port: "No socket has it" in server.ask(f"/{wanted}").text, 5)
            assert time.monotonic() - began < 1


def test_a_page_from_memory_tells_the_time_of_the_last_look(here: World, tmp_path: Path) -> None:
    def time_of(page: str) -> str:
        return page.partition("<time>")[2].partition("</time>")[0]
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as server:
        first = server.ask("/7810").text
        time.sleep(1.2)
        second = server.ask("/7810").text
        assert time_of(first) < time_of(second)
        assert first.replace(time_of(first), "") == second.replace(time_of(second), "")
        assert 'berth_serve_from_memory_total 1\n' in server.ask("/metrics").text
        told = time.mktime(time.strptime(time_of(second), "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        assert abs(told - time.time()) < 3


def test_events_are_told_at_once(here: World, tmp_path: Path) -> None:
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as server:
        events = Events(server)
        time.sleep(1)  # until the watch has begun
        assert "No socket has it" in server.ask("/7820").text
        with listener(here, "told", port=7820):
            began = time.monotonic()
            opened = event_of(events.wait_for("opened"))
            assert opened["port"] == 7820 and opened["process"]["name"] == "told"
            events.wait_for("change")
            assert time.monotonic() - began < 1
            assert "told" in server.ask("/7820").text
        assert json.loads(events.wait_for("closed"))["port"] == 7820
        events.wait_for("change")
        assert "No socket has it" in server.ask("/7820").text
        events.close()


def event_of(data: str) -> Any:
    """An event as berth watch --json tells it."""
    event = json.loads(data)
    schema = schema_for({"schema": "berth-event-1"})
    jsonschema.Draft202012Validator(schema, resolver=resolver_for(schema)).validate(event)
    return event


# ---- Users -------------------------------------------------------------------------------------

def owners(reply: Reply, port: int) -> list[str]:
    [row] = [row for row in validated(json.loads(reply.body))["sockets"] if row["local"]["port"] == port]
    return [owner["name"] for owner in row["owners"]]


def test_each_user_sees_what_the_kernel_shows_them(here: World, tmp_path: Path, public: Path) -> None:
    path = public / "each"
    with listener(here, "roots-secret") as secret, listener(here, "nobodys-own", *AS_NOBODY) as own, \
            serve(here, tmp_path, "--unix", str(path), "--mode", "0666"):
        mine, theirs = ask_as(here, (), path, "/api/ls"), ask_as(here, AS_NOBODY, path, "/api/ls")
        assert (owners(mine, secret), owners(mine, own)) == (["roots-secret"], ["nobodys-own"])
        assert (owners(theirs, secret), owners(theirs, own)) == ([], ["nobodys-own"])
        said = run_berth(tmp_path, "ls", "--json", before=(*here.enter, *AS_NOBODY)).json()
        told = {row["local"]["port"]: row["reason"] for row in json.loads(theirs.body)["sockets"]}
        assert told == {row["local"]["port"]: row["reason"] for row in said["sockets"]}
        for target in (f"/{secret}", f"/api/{secret}", "/ls", "/ls?all", "/doctor", "/ephemeral", "/metrics",
                       "/api/doctor", "/api/ephemeral"):
            reply = ask_as(here, AS_NOBODY, path, target)
            assert reply.status == 200, target
            assert b"roots-secret" not in reply.body, target
        assert b"roots-secret" in ask_as(here, (), path, f"/{secret}").body
        assert b"nobodys-own" in ask_as(here, AS_NOBODY, path, f"/{own}").body


def test_history_is_for_those_who_may_read_it(here: World, tmp_path: Path, public: Path) -> None:
    path, folder = public / "history", tmp_path / "state"
    with berthd(here, folder), listener(here, "remembered") as port, \
            serve(here, tmp_path, "--unix", str(path), "--mode", "0666", "--history", str(folder)):
        reply = until(lambda: b"remembered" in (got := ask_as(here, (), path, f"/history?port={port}")).body and got)
        assert reply.status == 200
        mine = ask_as(here, (), path, "/api/history")
        assert {span["process"]["name"] for span in validated(json.loads(mine.body))["spans"]} >= {"remembered"}
        for target in ("/history", "/api/history"):
            theirs = ask_as(here, AS_NOBODY, path, target)
            assert theirs.status in (403, 404) and b"remembered" not in theirs.body


def before(page: bytes) -> str:
    """The section of a port's page about what was there."""
    return page.decode().partition('id="before"')[2].partition('id="registry"')[0]


def test_a_page_tells_what_was_on_its_port_before(here: World, tmp_path: Path, public: Path) -> None:
    path, folder = public / "before", tmp_path / "state"
    with berthd(here, folder), serve(here, tmp_path, "--unix", str(path), "--mode", "0666", "--history", str(folder)):
        with listener(here, "remembered") as port:
            until(lambda: "remembered[" in before(ask_as(here, (), path, f"/{port}").body))
            assert "now" in before(ask_as(here, (), path, f"/{port}").body)
        told = until(lambda: "<td>now</td>" not in (got := before(ask_as(here, (), path, f"/{port}").body)) and got)
        assert "remembered[" in told and f'href="/history?port={port}"' in told
        assert "No socket was seen on it" in before(ask_as(here, (), path, "/60587").body)
        theirs = before(ask_as(here, AS_NOBODY, path, f"/{port}").body)
        assert "Not known: " in theirs and "remembered" not in theirs


def test_without_a_history_a_page_says_so(here: World, tmp_path: Path, public: Path) -> None:
    path = public / "none"
    with serve(here, tmp_path, "--unix", str(path), "--history", str(tmp_path / "nothing")):
        assert "Not known: there is no history in" in before(ask_as(here, (), path, "/60587").body)


def test_a_users_server_lends_its_eyes_to_nobody(here: World, public: Path) -> None:
    home = public / "daemons"
    home.mkdir()
    os.chown(home, 1, 1)
    as_daemon = ("setpriv", "--reuid=1", "--regid=1", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--")
    path = home / "socket"
    home.chmod(0o711)
    with listener(here, "daemons-own", *as_daemon) as port, \
            serve(here, home, "--unix", str(path), "--mode", "0666", before=as_daemon) as server:
        assert owners(ask_as(here, as_daemon, path, "/api/ls"), port) == ["daemons-own"]
        assert owners(ask_as(here, (), path, "/api/ls"), port) == ["daemons-own"]  # root
        assert owners(ask_as(here, AS_NOBODY, path, "/api/ls"), port) == []
        for target in (f"/{port}", "/ls", "/leases", "/metrics", f"/api/{port}"):
            assert b"daemons-own" not in ask_as(here, AS_NOBODY, path, target).body
        for target in ("/doctor", "/ephemeral", "/history", "/api/doctor", "/api/history"):
            assert ask_as(here, AS_NOBODY, path, target).status == 403
        status = status_of(server.pids()[1])
        assert int(status["CapEff"], 16) == 0 and status["Seccomp"] == "2"


def test_the_administrator_may_share(here: World, tmp_path: Path, public: Path) -> None:
    path = public / "shared"
    with listener(here, "for-everybody") as port, \
            serve(here, tmp_path, "--unix", str(path), "--mode", "0666", "--share"):
        assert owners(ask_as(here, AS_NOBODY, path, "/api/ls"), port) == ["for-everybody"]
    with listener(here, "for-everybody") as port, \
            serve(here, tmp_path, "--listen", "127.0.0.1:0", "--no-token", "--share") as server:
        assert owners(server.ask("/api/ls"), port) == ["for-everybody"]


def test_others_do_not_get_in_without_the_mode(here: World, tmp_path: Path, public: Path) -> None:
    path = public / "closed"
    with serve(here, tmp_path, "--unix", str(path)):
        with pytest.raises(subprocess.CalledProcessError):
            ask_as(here, AS_NOBODY, path, "/healthz")


def test_without_a_token_nobody_is_shown_owners(here: World, tmp_path: Path) -> None:
    with listener(here, "roots-secret") as port, listener(here, "nobodys-own", *AS_NOBODY) as own, \
            serve(here, tmp_path, "--listen", "127.0.0.1:0", "--no-token") as server:
        assert server.token == "" and "token" not in server.line
        assert status_of(server.pids()[0])["Uid"].split() == [str(NOBODY)] * 4
        for target in ("/", f"/{port}", f"/{own}", "/ls", "/ls?all", "/api/ls", f"/api/{port}", "/metrics", "/api/map"):
            reply = server.ask(target)
            assert reply.status == 200, target
            assert b"roots-secret" not in reply.body and b"nobodys-own" not in reply.body, target
        assert {row["reason"] for row in json.loads(server.ask("/api/ls").body)["sockets"]} == {"owners were not asked for"}
        for target in ("/doctor", "/ephemeral", "/history", "/api/doctor", "/api/ephemeral", "/api/history"):
            assert server.ask(target).status == 403
        events = Events(server)
        time.sleep(1)
        with listener(here, "roots-other", port=7830):
            told = events.wait_for("opened")
            assert event_of(told)["port"] == 7830 and "roots-other" not in told
        events.close()


# ---- Bad clients -------------------------------------------------------------------------------

@pytest.fixture
def many_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def assert_well(server: Serving, pids: tuple[int, int], seconds: float = 2) -> None:
    """It is still the same, answers others soon, and needs no more memory than it may."""
    began = time.monotonic()
    reply = server.ask("/60587")
    assert reply.status == 200 and b"Port 60587" in reply.body
    assert time.monotonic() - began < seconds
    assert server.pids() == pids
    for pid in pids:
        assert int(status_of(pid)["VmHWM"].split()[0]) < MEMORY_KIB, status_of(pid)["Name"]


def ended(connection: socket.socket) -> bool:
    """Whether the other side has closed."""
    connection.setblocking(False)
    try:
        return connection.recv(65536) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


@pytest.fixture
def server(here: World, tmp_path: Path) -> Iterator[Serving]:
    with serve(here, tmp_path, "--listen", "127.0.0.1:0") as made:
        yield made


@pytest.mark.usefixtures("many_files")
def test_idle_connections_keep_nobody_out(server: Serving) -> None:
    pids = server.pids()
    idle = []
    for i in range(2000):
        idle.append(server.connect())
        if i % 250 == 0:
            assert_well(server, pids)
    assert_well(server, pids)
    assert sum(map(ended, idle)) >= 2000 - 512
    until(lambda: all(ended(each) for each in idle), 20)  # those that ask for nothing have ten seconds
    assert_well(server, pids)
    for each in idle:
        each.close()
    numbers = server.ask("/metrics").text
    assert "berth_serve_connections 1\n" in numbers


@pytest.mark.usefixtures("many_files")
def test_an_address_elsewhere_has_its_share_and_no_more(here: World, tmp_path: Path) -> None:
    """Who comes from an address that is not loopback counts as somebody elsewhere."""
    here.run("ip", "addr", "add", "192.0.2.1/32", "dev", "lo")
    with serve(here, tmp_path, "--listen", "192.0.2.1:0") as server:
        connections = [server.connect() for _ in range(70)]
        until(lambda: sum(map(ended, connections)) == 6)
        for each in connections:
            each.close()
        pids = server.pids()
        time.sleep(0.5)  # until their ends are noticed
        assert_well(server, pids)
        numbers = server.ask("/metrics").text
        assert "berth_serve_connections 1\n" in numbers and "berth_serve_turned_away_total 6\n" in numbers
    assert "not a loopback address" in server.said


def test_it_listens_at_ipv6(here: World, tmp_path: Path) -> None:
    with serve(here, tmp_path, "--listen", "[::1]:0") as server:
        assert server.line.startswith("http://[::1]:")
        assert server.ask("/80").status == 200
        assert server.ask("/80", Origin=f"http://{server.host}").status == 200


def test_few_descriptors_are_shared(here: World, tmp_path: Path) -> None:
    """With 40 of them there are more connections than descriptors: those who ask are answered all the same."""
    with serve(here, tmp_path, "--listen", "127.0.0.1:0", before=("prlimit", "--nofile=40:40", "--")) as server:
        pids = server.pids()
        idle = [server.connect() for _ in range(200)]
        assert_well(server, pids, 5)
        for each in idle:
            each.close()


def test_slow_headers_have_an_end(server: Serving) -> None:
    """A byte now and then keeps no connection alive."""
    pids = server.pids()
    slow = [server.connect() for _ in range(40)]
    began = time.monotonic()
    head = f"GET /60587 HTTP/1.1\r\nHost: {server.host}\r\nX: ".encode() + b"x" * 10000
    alive = list(slow)
    for at in range(len(head)):
        for each in list(alive):
            try:
                each.sendall(head[at:at + 1])
            except OSError:
                alive.remove(each)
        if not alive or time.monotonic() - began > 30:
            break
        assert_well(server, pids)
        time.sleep(0.3)
    assert not alive
    assert 9 < time.monotonic() - began < 20
    for each in slow:
        each.close()


def test_an_answer_that_nobody_takes_keeps_nobody_out(server: Serving) -> None:
    pids = server.pids()
    waiting = [server.connect() for _ in range(100)]
    request = f"GET /list/3 HTTP/1.1\r\nHost: {server.host}\r\nAuthorization: Bearer {server.token}\r\n\r\n"
    for each in waiting:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.sendall(request.encode() * 5)
    assert_well(server, pids)
    for each in waiting:
        each.close()
    assert_well(server, pids)


@pytest.mark.parametrize("request_", [
    b"GET /" + b"x" * (1 << 20) + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * (1 << 20) + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 100000 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nCookie: " + b"a=b; " * 100000 + b"\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * (4 << 20),
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"ffff\r\n" * 100000,
], ids=["target", "header", "headers", "cookies", "body", "chunks"])
def test_what_is_too_large_is_refused(server: Serving, request_: bytes) -> None:
    pids = server.pids()
    answer = server.raw(request_, 3)
    assert answer == b"" or answer.split()[1] in (b"400", b"404", b"413", b"414", b"431", b"401", b"405"), answer[:200]
    assert_well(server, pids)


@pytest.mark.parametrize("request_", [
    b"\r\n\r\n\r\n", b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"GET /\r\n\r\n",
    b"GET / HTTP/9.9\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n", b"GET / HTTP/1.1\nHost: localhost\n\n",
    b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /80\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: nonsense\r\n\r\n",
])
def test_what_is_malformed_gets_no_page(server: Serving, request_: bytes) -> None:
    pids = server.pids()
    with_token = request_.replace(b"\r\n\r\n", f"\r\nAuthorization: Bearer {server.token}\r\n\r\n".encode(), 1) \
        if b"Host" in request_ else request_
    answer = server.raw(with_token, 1)
    # libmicrohttpd takes bare line feeds, and a NUL for the end of the target: requests like others.
    bare = b"GET / HTTP/1.1\nHost" in request_ or b"/80\x00" in request_
    assert bare or answer == b"" or answer.split()[1][:1] in b"45", answer[:200]
    assert_well(server, pids)


def seeds(server: Serving) -> list[bytes]:
    token = f"Authorization: Bearer {server.token}\r\n"
    lines = ["GET /60587 HTTP/1.1", "GET /ls?all&port=80 HTTP/1.1", "HEAD /api/80 HTTP/1.0", "GET /events HTTP/1.1",
             f"GET /?token={server.token} HTTP/1.1", "GET /history?limit=7 HTTP/1.1", "GET /metrics HTTP/1.1",
             "POST /80 HTTP/1.1\r\nContent-Length: 5", "GET /80 HTTP/1.1\r\nTransfer-Encoding: chunked",
             f"GET /80 HTTP/1.1\r\nCookie: berth-{server.port}={server.token}; a=b",
             f"GET /80 HTTP/1.1\r\nOrigin: http://{server.host}\r\nSec-Fetch-Site: same-origin"]
    return [f"{line}\r\nHost: {server.host}\r\n{token}\r\n".encode() for line in lines]


def mutated(chance: random.Random, seed: bytes) -> bytes:
    data = bytearray(seed * chance.choice((1, 1, 1, 2, 5)))
    for _ in range(chance.choice((0, 1, 2, 5, 20))):
        at = chance.randrange(len(data) + 1)
        kind = chance.randrange(5)
        if kind == 0 and at < len(data):
            data[at] = chance.randrange(256)
        elif kind == 1:
            data[at:at] = chance.randbytes(chance.choice((1, 2, 10, 300)))
        elif kind == 2:
            del data[at:at + chance.choice((1, 4, 30))]
        elif kind == 3:
            data[at:at] = chance.choice((b"\r\n", b"\n", b"\0", b": ", b"\r\n\r\n", b"%00", b"\xff", b"/" * 3000))
        else:
            data[at:at] = data[at:at + chance.choice((1, 8, 64))] * chance.choice((1, 4))
    return bytes(data)


def test_fuzzed_input_ends_nothing(server: Serving, pytestconfig: pytest.Config) -> None:
    seconds = 60 if pytestconfig.getoption("--soak") else 3
    chance = random.Random(0xbe27)  # the same each time
    pids, pool, sent = server.pids(), seeds(server), 0
    end = time.monotonic() + seconds
    opened: list[socket.socket] = []
    while time.monotonic() < end:
        connection = server.connect()
        connection.setblocking(False)
        with contextlib.suppress(OSError):
            connection.send(mutated(chance, chance.choice(pool)))
        opened.append(connection)
        sent += 1
        if len(opened) > 100:
            for each in opened[:50]:
                with contextlib.suppress(OSError):
                    each.recv(65536)
                each.close()
            del opened[:50]
        if sent % 500 == 0:
            assert_well(server, pids)
    for each in opened:
        each.close()
    assert_well(server, pids)
    assert sent > 100 * seconds


@pytest.mark.skipif(BUILD.name == "asan", reason="a sanitizer keeps what was freed")
def test_answers_leave_nothing_in_memory(server: Serving) -> None:
    def ask_all(times: int) -> None:
        for target in ("/80", "/ls", "/doctor", "/metrics", "/api/80", "/api/map", "/map.svg", "/nosuch", "/events"):
            for _ in range(times):
                if target == "/events":
                    events = Events(server)
                    assert events.status == 200  # those who left leave their places
                    events.close()
                else:
                    server.ask(target)

    def resident() -> list[int]:
        return [int(status_of(pid)["VmRSS"].split()[0]) for pid in server.pids()]
    ask_all(120)
    before = resident()
    ask_all(120)
    assert "berth_serve_readers 1\n" in server.ask("/metrics").text  # the last one is noticed by the next
    assert all(now - then < 1000 for now, then in zip(resident(), before, strict=True)), (before, resident())


def test_many_who_ask_at_once_are_all_answered(server: Serving) -> None:
    """What is asked of many ports, with nothing known in advance."""
    pids = server.pids()
    clients = [server.connect() for _ in range(100)]
    for i, each in enumerate(clients):
        each.sendall(f"GET /{40000 + i} HTTP/1.0\r\nHost: {server.host}\r\n"
                     f"Authorization: Bearer {server.token}\r\n\r\n".encode())
    for i, each in enumerate(clients):
        answer = b""
        while piece := each.recv(65536):
            answer += piece
        assert f"<title>Port {40000 + i}<".encode() in answer
        each.close()
    assert_well(server, pids)


def test_readers_of_events_have_a_limit(server: Serving) -> None:
    pids = server.pids()
    readers = [Events(server) for _ in range(70)]
    assert [each.status for each in readers] == [200] * 64 + [503] * 6
    for each in readers:
        each.close()
    assert_well(server, pids)


def test_others_take_half_of_the_places_at_most(here: World, tmp_path: Path, public: Path) -> None:
    """Of readers of events; of questions each other user has eight at once."""
    path = public / "halves"
    many = f"""
        import json, os, socket, sys
        os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
        def ask(target):
            s = socket.socket(socket.AF_UNIX)
            s.connect({str(path)!r})
            s.sendall(f"GET {{target}} HTTP/1.1\\r\\nHost: localhost\\r\\n\\r\\n".encode())
            return s
        readers = [ask("/events") for _ in range(40)]
        codes = [int(s.recv(4096).split()[1]) for s in readers]
        askers = [ask(f"/{{port}}") for port in range(40)]
        print(json.dumps([codes, [int(s.recv(4096).split()[1]) for s in askers]]), flush=True)
        sys.stdin.readline()
        """
    with serve(here, tmp_path, "--unix", str(path), "--mode", "0666") as server, \
            script(here, textwrap.dedent(many)) as others:
        readers, askers = others.hear()
        assert sorted(readers) == [200] * 32 + [503] * 8
        assert set(askers) == {200, 503} and askers.count(200) >= 8
        events = Events(server)
        assert events.status == 200
        events.close()
        assert server.ask("/80").status == 200


def test_a_reader_that_does_not_read_misses_and_hears_of_it(here: World, server: Serving) -> None:
    pids = server.pids()
    events = Events(server)
    time.sleep(1)
    storm = """
        import socket
        for _ in range(8):
            opened = []
            for port in range(7900, 8100):
                s = socket.socket()
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
                s.listen()
                opened.append(s)
            for s in opened:
                s.close()
        """
    for _ in range(3):
        here.run(sys.executable, "-c", textwrap.dedent(storm))
        time.sleep(0.3)
    assert_well(server, pids)
    with listener(here, "last", port=7899):
        while True:
            name, data = events.next()
            if name == "opened" and json.loads(data)["port"] == 7899:
                break
    events.close()
    assert_well(server, pids)


# ---- Metrics -----------------------------------------------------------------------------------

PROMETHEUS = shutil.which("prometheus", path="/usr/bin:/bin:/usr/sbin")


@pytest.mark.skipif(PROMETHEUS is None, reason="needs prometheus")
def test_prometheus_scrapes_it(here: World, tmp_path: Path, public: Path) -> None:
    assert PROMETHEUS
    folder = tmp_path / "state"
    with berthd(here, folder), serve(here, tmp_path, "--listen", "127.0.0.1:0", "--history", str(folder)) as server, \
            listener(here, "counted") as port:
        token = tmp_path / "prometheus.token"
        token.write_text(server.token, encoding="ascii")
        settings = tmp_path / "prometheus.json"  # YAML, too
        settings.write_text(json.dumps({
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [{"job_name": "berth", "authorization": {"credentials_file": str(token)},
                                "static_configs": [{"targets": [server.host]}]}]}), encoding="utf-8")
        process = subprocess.Popen(
            [*here.enter, PROMETHEUS, f"--config.file={settings}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
             "--web.listen-address=127.0.0.1:9090"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(tmp_path))
        try:
            def query(text: str) -> list[dict[str, Any]]:
                address = f"http://127.0.0.1:9090/api/v1/query?query={urllib.request.quote(text)}"

                def fetch() -> Any:
                    with urllib.request.urlopen(address, timeout=5) as answer:
                        return json.loads(answer.read())["data"]["result"]
                try:
                    rows: list[dict[str, Any]] = in_network(here.pid, fetch)
                except OSError:
                    return []
                return rows

            def value(text: str) -> float:
                rows = query(text)
                return float(rows[0]["value"][1]) if rows else -1
            until(lambda: value('up{job="berth"}') == 1, 30)
            before = value('berth_listeners{proto="tcp"}')
            assert before >= 3  # berth's, Prometheus', and the one above
            losing = f"""
                import errno, socket
                s = socket.socket()
                try:
                    s.bind(("127.0.0.1", {port}))
                except OSError as error:
                    assert error.errno == errno.EADDRINUSE
                """
            with listener(here, "one-more"):
                here.run(sys.executable, "-c", textwrap.dedent(losing))
                until(lambda: value('berth_listeners{proto="tcp"}') == before + 1, 15)
            until(lambda: value("berth_history_running") == 1, 10)
            if berthd_knows_failures(here, folder):
                until(lambda: value(f'berth_bind_failures_total{{port="{port}",error="EADDRINUSE"}}') == 1, 20)
            for name in ("berth_ephemeral_ports", "berth_ephemeral_left", "berth_leases", "berth_sockets",
                         "berth_serve_requests_total", "process_resident_memory_bytes", "berth_build_info"):
                assert query(name), name
            assert value("scrape_samples_scraped") > 20
        finally:
            for pid in children_of(process.pid):
                os.kill(pid, signal.SIGTERM)
            process.wait(timeout=20)


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool")
def test_metrics_are_as_prometheus_wants_them(server: Serving) -> None:
    reply = server.ask("/metrics")
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    done = subprocess.run(["promtool", "check", "metrics"], input=reply.text, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def berthd_knows_failures(there: World, folder: Path) -> bool:
    """Only BPF tells of them."""
    answer = run_berth(folder, "history", "--history", str(folder), "--json", before=there.enter)
    assert answer.code == YES, answer.err
    return bool(answer.json()["way"] == "bpf")


def test_ephemeral_exhaustion_is_a_number(here: World, server: Serving) -> None:
    connecting = """
        import json, socket, sys
        s = socket.socket()
        s.bind(("127.0.0.1", 7850))
        s.listen(64)
        clients = [socket.create_connection(("127.0.0.1", 7850)) for _ in range(25)]
        print(json.dumps({}), flush=True)
        sys.stdin.readline()
        """
    with script(here, textwrap.dedent(connecting)) as clients:
        clients.hear()
        text = server.ask("/metrics").text
        labels = '{local="127.0.0.1",peer="127.0.0.1",peer_port="7850"}'
        assert f"berth_ephemeral_destination_connections{labels} 25\n" in text
        said = run_berth(Path("/"), "ephemeral", "--json", before=here.enter).json()
        [left] = [row["left"] for row in said["spaces"][0]["destinations"] if row["port"] == 7850]
        assert f"berth_ephemeral_destination_left{labels} {left}\n" in text


# ---- Service managers --------------------------------------------------------------------------

def activated(there: World, home: Path, sockets: list[socket.socket], *arguments: str, **variables: str) -> Any:
    """Runs it with sockets from descriptor 3 on, as sd_listen_fds(3) has it."""
    begin = ("import os, sys\n"
             "fds = list(map(int, sys.argv[1].split(',')))\n"
             "kept = [os.dup2(os.dup(fd), 50 + i) for i, fd in enumerate(fds)]\n"
             "for i, fd in enumerate(kept): os.dup2(fd, 3 + i)\n"
             "os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()))\n"
             "os.execv(sys.argv[2], sys.argv[2:])\n")
    return subprocess.Popen(
        [*there.enter, sys.executable, "-c", begin, ",".join(str(each.fileno()) for each in sockets), str(BERTH),
         "serve", *arguments], pass_fds=[each.fileno() for each in sockets], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        env=environment(home, ASAN_OPTIONS="detect_leaks=0", **variables))


def test_it_works_with_a_service_manager(here: World, tmp_path: Path, public: Path) -> None:
    """Sockets that somebody opened, READY=1, and a watchdog that both processes feed."""
    path = public / "activated"
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(tmp_path / "notify"))
    manager.settimeout(15)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()
    path.chmod(0o666)
    process = activated(here, tmp_path, [listening], NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="600000")
    listening.close()
    try:
        assert manager.recv(100) == b"READY=1"
        assert ask_as(here, AS_NOBODY, path, "/80").status == 200
        began = time.monotonic()
        for _ in range(4):
            assert manager.recv(100) == b"WATCHDOG=1"
        assert time.monotonic() - began < 2
        [teller] = [pid for pid in children_of(process.pid)]
        [front] = children_of(teller)
        os.kill(front, signal.SIGSTOP)
        manager.settimeout(1.5)
        with pytest.raises(TimeoutError):
            for _ in range(5):
                manager.recv(100)
        os.kill(front, signal.SIGCONT)
        manager.settimeout(15)
        assert manager.recv(100) == b"WATCHDOG=1"
        os.kill(teller, signal.SIGTERM)
        assert process.wait(timeout=10) == 0
        assert path.exists()  # it is the manager's
    finally:
        if process.poll() is None:
            process.kill()
        manager.close()


def test_the_capabilities_of_its_unit_suffice(here: World, tmp_path: Path, public: Path) -> None:
    unit = (BUILD / "src" / "serve" / "berth-serve.service").read_text(encoding="utf-8")
    [line] = [line for line in unit.splitlines() if line.startswith("CapabilityBoundingSet=")]
    names = [name.removeprefix("CAP_").lower() for name in line.partition("=")[2].split()]
    bound = ("setpriv", f"--bounding-set=-all,{','.join(f'+{name}' for name in names)}", "--inh-caps=-all",
             "--no-new-privs", "--")
    path = public / "bounded"
    with listener(here, "of-nobody", *AS_NOBODY) as own, listener(here, "of-root") as port, \
            serve(here, tmp_path, "--unix", str(path), "--mode", "0666", before=bound) as server:
        assert owners(ask_as(here, (), path, "/api/ls"), own) == ["of-nobody"]
        theirs = ask_as(here, AS_NOBODY, path, "/api/ls")
        assert owners(theirs, own) == ["of-nobody"] and owners(theirs, port) == []
        status = status_of(server.pids()[1])
        assert int(status["CapBnd"], 16) == 0 and status["Uid"].split() == [str(NOBODY)] * 4
