# SPDX-License-Identifier: MIT
"""berth wait returns when the kernel has it, and not before. Through a container's helper: test_places.py."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import BERTH, TIMEOUT, YES, Answer, environment, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces

# Binds at once; listens, closes and so on as it is told, one letter a line.
SERVER = """
import socket, sys
kind = socket.SOCK_DGRAM if sys.argv[1] == "udp" else socket.SOCK_STREAM
server = socket.socket(type=kind)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
print("up", flush=True)
for line in sys.stdin:
    if line == "bind\\n":
        server.bind((sys.argv[2], int(sys.argv[3])))
    elif line == "listen\\n":
        server.listen()
    elif line == "close\\n":
        server.close()
    print("done", flush=True)
"""


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("quiet_world.py") as made:
        yield made


class Server:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def tell(self, *words: str) -> None:
        assert self.process.stdin and self.process.stdout
        for word in words:
            self.process.stdin.write(f"{word}\n")
            self.process.stdin.flush()
            assert self.process.stdout.readline() == "done\n"


@contextlib.contextmanager
def server(there: World, port: int, proto: str = "tcp", address: str = "127.0.0.1") -> Iterator[Server]:
    command = [*there.enter, sys.executable, "-c", SERVER, proto, address, str(port)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout and process.stdout.readline() == "up\n"
        try:
            yield Server(process)
        finally:
            process.stdin.close()  # ends it; to kill nsenter would not


@contextlib.contextmanager
def waiting(there: World, home: Path, *arguments: str) -> Iterator[Callable[[], tuple[Answer, float]]]:
    """Starts berth wait, which must still wait a moment later; the function takes its answer and the time."""
    with subprocess.Popen([*there.enter, str(BERTH), "wait", "--timeout", "20s", *arguments], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(home)) as process:
        time.sleep(0.25)
        assert process.poll() is None, process.communicate()

        def answer() -> tuple[Answer, float]:
            start = time.monotonic()
            out, err = process.communicate(timeout=30)
            return Answer(process.returncode, out, err, out.encode()), time.monotonic() - start
        try:
            yield answer
        finally:
            process.kill()


SOON = 0.5  # seconds; it looks every 20 ms, and the machine may be busy


def test_it_waits_until_somebody_listens(there: World, tmp_path: Path) -> None:
    with server(there, 21000) as one, waiting(there, tmp_path, "21000") as answer:
        one.tell("bind")
        time.sleep(0.1)
        one.tell("listen")
        said, took = answer()
    assert said.code == YES and took < SOON
    assert "listens on 127.0.0.1:21000" in said.out


def test_a_socket_that_is_bound_only_does_not_count(there: World, tmp_path: Path) -> None:
    with server(there, 21001) as one:
        one.tell("bind")
        answer = run_berth(tmp_path, "wait", "--timeout", "200ms", "21001", before=there.enter)
        assert (answer.code, answer.err) == (TIMEOUT, "")
        assert "is bound to it and does not listen" in answer.out
        with waiting(there, tmp_path, "--free", "21001") as freed:
            one.tell("close")
            assert freed()[0].code == YES


def test_it_waits_for_all_ports(there: World, tmp_path: Path) -> None:
    with server(there, 21002) as one, server(there, 21003) as two:
        with waiting(there, tmp_path, "21002", "21003") as answer:
            one.tell("bind", "listen")
            time.sleep(0.1)
            two.tell("bind", "listen")
            said, took = answer()
    assert said.code == YES and took < SOON
    assert [line.split()[0] for line in said.out.splitlines()] == ["21002/tcp", "21003/tcp"]


def test_an_address_narrows_it(there: World, tmp_path: Path) -> None:
    with server(there, 21004, address="127.0.0.2") as one:
        one.tell("bind", "listen")
        assert run_berth(tmp_path, "wait", "127.0.0.2:21004", before=there.enter).code == YES
        assert run_berth(tmp_path, "wait", "127.0.0.1:21004", "--timeout", "100ms",
                         before=there.enter).code == TIMEOUT


@pytest.mark.parametrize("nobody", [False, True])
def test_it_waits_until_the_port_is_free(there: World, tmp_path: Path, nobody: bool) -> None:
    with server(there, 21005) as one:
        one.tell("bind", "listen")
        with subprocess.Popen([*there.enter, *(AS_NOBODY if nobody else ()), str(BERTH), "wait", "--free", "21005"],
                              env=environment(tmp_path), stdout=subprocess.PIPE) as process:
            time.sleep(0.25)
            assert process.poll() is None
            start = time.monotonic()
            assert one.process.stdin
            one.process.stdin.close()  # ends it
            assert process.wait(timeout=20) == YES
            assert time.monotonic() - start < SOON


def test_udp_counts_when_it_is_bound(there: World, tmp_path: Path) -> None:
    with server(there, 21006, proto="udp") as one, waiting(there, tmp_path, "21006/udp") as answer:
        one.tell("bind")
        said, took = answer()
    assert said.code == YES and took < SOON
    assert "of UDP no more can be known" in said.out


def test_the_owner_is_looked_at(there: World, tmp_path: Path) -> None:
    with server(there, 21007) as one:
        one.tell("bind", "listen")
        pid = run_berth(tmp_path, "--json", "21007", before=there.enter).json()["sockets"][0]["owners"][0]["pid"]
        with waiting(there, tmp_path, "--owner", "redis-server", "21007"):
            pass
        assert run_berth(tmp_path, "wait", "--owner", str(pid), "21007", before=there.enter).code == YES
        name = Path(sys.executable).resolve().name
        assert run_berth(tmp_path, "wait", "--owner", name, "21007", before=there.enter).code == YES
        with waiting(there, tmp_path, "--free", "--owner", name, "21007") as answer:
            one.tell("close")
            assert answer()[0].code == YES


def test_the_time_is_kept(there: World, tmp_path: Path) -> None:
    start = time.monotonic()
    answer = run_berth(tmp_path, "wait", "--json", "--timeout", "700ms", "1", before=there.enter)
    took = time.monotonic() - start
    assert answer.code == TIMEOUT
    assert 0.7 <= took < 2
    assert answer.json()["waited_ms"] >= 700
    assert 10 < answer.json()["looks"] < 200
