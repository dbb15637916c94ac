# SPDX-License-Identifier: MIT
"""Running berth serve, and asking it as a browser, a program or a stranger would."""

import contextlib
import ctypes
import http.client
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from support import BERTH, environment

CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")


def in_network(pid: int | None, what: Callable[[], Any]) -> Any:
    """Calls it in the network namespace of a process: in a thread of its own, which ends after it."""
    if pid is None:
        return what()
    answer: list[Any] = []

    def run() -> None:
        try:
            with open(f"/proc/{pid}/ns/net", "rb") as namespace:
                if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            answer.append(what())
        except OSError as error:
            answer.append(error)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(answer[0], OSError):
        raise answer[0]
    return answer[0]


class Serving:
    """A server; `line` is what it printed: the address, or the path of its socket."""

    def __init__(self, home: Path, *arguments: str, before: tuple[str, ...] = (), network: int | None = None,
                 variables: dict[str, str] | None = None) -> None:
        self.network = network
        # LeakSanitizer looks by ptrace(2), which a server has given up.
        sanitizer = {"ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:detect_leaks=0"}
        self.process = subprocess.Popen(
            [*before, str(BERTH), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment(home, **sanitizer | (variables or {})))
        assert self.process.stdout and self.process.stderr
        self.line = self.process.stdout.readline().rstrip("\n")
        if not self.line:
            raise AssertionError(f"it did not begin: {self.process.stderr.read()}")
        self.parts = urlsplit(self.line) if self.line.startswith("http") else None
        self.token = self.parts.query.removeprefix("token=") if self.parts else ""

    @property
    def port(self) -> int:
        assert self.parts and self.parts.port
        return self.parts.port

    @property
    def host(self) -> str:
        return self.parts.netloc if self.parts else "localhost"

    def connect(self, seconds: float = 20) -> socket.socket:
        def make() -> socket.socket:
            if self.parts:
                assert self.parts.hostname
                return socket.create_connection((self.parts.hostname, self.port), timeout=seconds)
            made = socket.socket(socket.AF_UNIX)
            made.settimeout(seconds)
            made.connect(self.line)
            return made
        return in_network(self.network, make)

    def ask(self, target: str, token: bool = True, method: str = "GET", host: str | None = None,
            **headers: str) -> Reply:
        """Header names have an underscore for a hyphen."""
        connection = http.client.HTTPConnection("unused")
        connection.sock = self.connect()
        given = {"Host": self.host if host is None else host,
                 **({"Authorization": f"Bearer {self.token}"} if token and self.token else {}),
                 **{name.replace("_", "-"): value for name, value in headers.items()}}
        try:
            connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            return Reply(response.status, {name.lower(): value for name, value in response.getheaders()},
                         response.read())
        finally:
            connection.close()

    def raw(self, request: bytes, seconds: float = 5) -> bytes:
        """What comes back until the server closes, or has nothing more to say for a while."""
        with self.connect(seconds) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(request)
            answer = b""
            with contextlib.suppress(OSError):
                while piece := connection.recv(65536):
                    answer += piece
        return answer

    def pids(self) -> tuple[int, int]:
        """The teller, and the front, which is its child, outside of a PID namespace."""
        teller = self.process.pid
        while not (front := [pid for pid in children_of(teller) if name_of(pid) == "berth-front"]):
            [teller] = children_of(teller)
        return teller, front[0]

    def stop(self) -> int:
        """Ends it as a service manager does; the exit code."""
        if self.process.poll() is None:
            os.kill(self.pids()[0], signal.SIGTERM)
        self.process.wait(timeout=20)
        assert self.process.stdout and self.process.stderr
        self.process.stdout.close()
        self.said = self.process.stderr.read()
        self.process.stderr.close()
        return self.process.returncode


def children_of(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


def name_of(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextlib.contextmanager
def serving(home: Path, *arguments: str, **options: Any) -> Iterator[Serving]:
    """Runs "berth serve ARGUMENTS" (or other words before it), and ends it."""
    words = arguments if "serve" in arguments else ("serve", *arguments)
    made = Serving(home, *words, **options)
    try:
        yield made
    finally:
        code = made.stop()
    assert code == 0, made.said


class Events:
    """Reads server-sent events."""

    def __init__(self, server: Serving, seconds: float = 20, **headers: str) -> None:
        self.socket = server.connect(seconds)
        lines = [f"GET /events HTTP/1.1\r\nHost: {server.host}\r\n",
                 f"Authorization: Bearer {server.token}\r\n" if server.token else "",
                 *(f"{name}: {value}\r\n" for name, value in headers.items()), "\r\n"]
        self.socket.sendall("".join(lines).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass
        self.pending = b""

    def chunk(self) -> bytes:
        size = int(self.file.readline(), 16)
        data = self.file.read(size)
        self.file.readline()
        return data

    def next(self) -> tuple[str, str]:
        """Name and data of the next one; comments are passed over."""
        while True:
            while b"\n\n" not in self.pending:
                self.pending += self.chunk()
            block, self.pending = self.pending.split(b"\n\n", 1)
            fields = dict(line.split(": ", 1) for line in block.decode().splitlines() if not line.startswith(":"))
            if "event" in fields:
                return fields["event"], fields["data"]

    def wait_for(self, name: str, seconds: float = 10) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            event, data = self.next()
            if event == name:
                return data
        raise AssertionError(f"no {name} in {seconds} s")

    def close(self) -> None:
        self.file.close()
        self.socket.close()
