# SPDX-License-Identifier: MIT
"""berth serve-leases with real clients, several users, and clients that behave badly."""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import BERTH, ROOT, YES, environment, validated
from worlds import World, ledger_world, needs_namespaces

pytestmark = needs_namespaces
PATH = "/run/berth/leases.sock"
NOBODY, OTHER = 65534, 1234
EXAMPLES = ROOT / "docs" / "examples"
# A client of its own process: sends the lines of its input, prints a line for each, and stays until its input ends.
CLIENT = """
import socket, sys
made = socket.socket(socket.AF_UNIX)
made.connect(sys.argv[1])
lines = made.makefile("rw")
for line in sys.stdin:
    print(line, end="", file=lines, flush=True)
    while True:
        answer = lines.readline()
        print(answer, end="", flush=True)
        if not answer.startswith("status=more"):
            break
"""


@pytest.fixture
def there() -> Iterator[World]:
    yield from ledger_world()


class Server:
    def __init__(self, there: World, words: tuple[str, ...], user: int, variables: dict[str, str]) -> None:
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--") if user else ()
        self.there = there
        self.process = subprocess.Popen(
            [*there.enter, *as_user, "sh", "-c", 'echo $$; exec "$0" serve-leases "$@"', str(BERTH), *words], text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=environment(Path("/mnt"), **variables))
        assert self.process.stdout
        self.pid = self.process.stdout.readline().strip()
        self.path = self.process.stdout.readline().strip()

    def status(self) -> dict[str, str]:
        lines = self.there.run("cat", f"/proc/{self.pid}/status").splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


@contextlib.contextmanager
def serving(there: World, *words: str, user: int = 0, **variables: str) -> Iterator[Server]:
    server = Server(there, words, user, variables)
    try:
        assert server.path
        yield server
        there.run("kill", server.pid)
        assert server.process.wait(timeout=20) == 0
    finally:
        subprocess.run([*there.enter, "kill", "-9", server.pid], capture_output=True, check=False)
        server.process.communicate(timeout=20)


class Client:
    def __init__(self, there: World, path: str = PATH, user: int = 0) -> None:
        as_user = ("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--") if user else ()
        self.there = there
        self.process = subprocess.Popen([*there.enter, *as_user, sys.executable, "-c", CLIENT, path], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, line: str) -> list[dict[str, str]]:
        """The lines of the answer."""
        assert self.process.stdin and self.process.stdout
        print(line, file=self.process.stdin, flush=True)
        said = []
        while not said or said[-1]["status"] == "more":
            text = self.process.stdout.readline()
            assert text, "the connection ended"
            said.append(dict(field.split("=", 1) for field in text.split()))
        return said

    def ask(self, line: str) -> dict[str, str]:
        return self.send(line)[-1]

    def pid(self) -> int:
        return int(self.ask("op=hello")["pid"])

    def close(self) -> None:
        self.process.communicate(timeout=20)


@contextlib.contextmanager
def client(there: World, path: str = PATH, user: int = 0) -> Iterator[Client]:
    made = Client(there, path, user)
    try:
        yield made
    finally:
        made.close()


def states(there: World) -> dict[str, str]:
    done = subprocess.run([*there.enter, str(BERTH), "leases", "--json"], capture_output=True, text=True, check=False,
                          env=environment(Path("/mnt")))
    return {row["name"]: row["state"] for row in validated(json.loads(done.stdout))["leases"]}


def connect(there: World) -> socket.socket:
    """From outside, by the folder that the world's first process has for its root."""
    made = socket.socket(socket.AF_UNIX)
    made.connect(f"/proc/{there.pid}/root{PATH}")
    made.settimeout(20)
    return made


# ---- What it does ----------------------------------------------------------------------------------

def test_each_operation_does_what_the_command_does(there: World) -> None:
    with serving(there) as server, client(there) as one:
        assert server.path == PATH
        hello = one.ask("op=hello")
        assert (hello["status"], hello["protocol"], hello["uid"]) == ("ok", "1", "0") and int(hello["pid"]) > 0
        port = one.ask("op=lease name=web folder=/mnt/a%20b")["port"]
        assert one.ask("op=lease folder=/mnt/a%20b name=web") == {"status": "ok", "port": port, "renewed": "yes"}
        assert one.ask("op=lease name=web")["port"] != port
        assert one.ask("op=lease name=eight port=8008 ttl=10m") == {"status": "ok", "port": "8008", "renewed": "no"}
        assert 9000 <= int(one.ask("op=lease name=in range=9000-9009 ttl=1h")["port"]) <= 9009
        *rows, last = one.send("op=leases")
        assert (last["count"], last["shared"]) == ("4", "yes")
        [eight] = [row for row in rows if row["name"] == "eight"]
        assert (eight["port"], eight["kind"], eight["state"], eight["here"]) == ("8008", "timed", "active", "yes")
        assert 500 < int(eight["left"]) <= 600
        ports = one.ask("op=free count=3 consecutive=yes name=x")["ports"].split(",")
        assert [int(each) - int(ports[0]) for each in ports] == [0, 1, 2]
        assert one.ask("op=release name=web folder=/mnt/a%20b") == one.ask("op=release port=8008") == {"status": "ok"}
        assert "eight" not in states(there)
    assert there.run("ls", "/run/berth").split() == ["leases"]


def test_the_command_and_the_socket_have_one_ledger(there: World) -> None:
    def run(*words: str) -> str:
        return subprocess.run([*there.enter, str(BERTH), *words], capture_output=True, text=True, check=True,
                              env=environment(Path("/mnt"))).stdout.strip()
    with serving(there), client(there) as one:
        port = run("lease", "--global", "--ttl", "10m", "--port", "8100", "web")
        assert one.ask("op=lease name=web ttl=10m") == {"status": "ok", "port": port, "renewed": "yes"}
        assert one.ask("op=lease name=other port=8100 ttl=10m")["code"] == "EADDRINUSE"
        run("release", "--global", "web")
        assert one.ask("op=release name=web")["code"] == "ENOENT"


def test_a_lease_ends_with_the_process_that_connected_and_not_with_the_connection(there: World) -> None:
    with serving(there):
        with client(there) as one, client(there) as two:
            pid = two.pid()
            assert one.ask("op=lease name=mine")["status"] == two.ask("op=lease name=its")["status"] == "ok"
            assert one.ask(f"op=lease name=given pid={pid}")["status"] == "ok"
            assert states(there) == {"mine": "active", "its": "active", "given": "active"}
            there.run("kill", "-9", str(pid))
            two.process.wait(timeout=20)
            assert states(there) == {"mine": "active", "its": "over", "given": "over"}
        assert "active" not in states(there).values()


def test_leases_outlive_the_server(there: World) -> None:
    for _ in range(2):
        with serving(there), client(there) as one:
            port = one.ask("op=lease name=web ttl=10m")["port"]
    with serving(there), client(there) as one:
        assert one.ask("op=lease name=web ttl=10m") == {"status": "ok", "port": port, "renewed": "yes"}


# ---- Who may what ----------------------------------------------------------------------------------

def test_users_share_the_commons_and_cannot_touch_each_others_leases(there: World) -> None:
    with serving(there), client(there) as root, client(there, user=NOBODY) as one, client(there, user=OTHER) as two:
        assert [each.ask("op=hello")["uid"] for each in (root, one, two)] == ["0", str(NOBODY), str(OTHER)]
        ports = {each.ask("op=lease name=web")["port"] for each in (root, one, two)}
        assert len(ports) == 3
        port = one.ask("op=lease name=web")["port"]
        assert two.ask(f"op=release port={port}")["code"] == "EPERM"
        assert two.ask(f"op=lease name=x port={port}")["code"] == "EADDRINUSE"
        assert one.ask("op=lease name=low port=80")["code"] == "EACCES"
        assert root.ask("op=lease name=low port=80")["port"] == "80"
        owners = there.run("sh", "-c", "find /run/berth/leases -type l -printf '%U\\n'")
        assert sorted(map(int, owners.split())) == [0, 0, OTHER, NOBODY]
        assert one.ask(f"op=release port={port}") == {"status": "ok"}


def test_the_share_is_each_users_own(there: World) -> None:
    with serving(there), client(there, user=NOBODY) as one, client(there, user=OTHER) as two:
        taken = [one.ask(f"op=lease name=n{i}") for i in range(256)]
        assert {answer["status"] for answer in taken} == {"ok"}, taken
        assert one.ask("op=lease name=more")["code"] == "EDQUOT"
        assert two.ask("op=lease name=more")["status"] == "ok"


def test_a_users_own_server_is_for_that_user(there: World) -> None:
    there.run("install", "-d", "-m", "700", "-o", str(NOBODY), "/run/user/nobody")
    with serving(there, user=NOBODY, XDG_RUNTIME_DIR="/run/user/nobody") as server:
        path = server.path
        assert path == "/run/user/nobody/berth/leases.sock"
        assert there.run("stat", "-c", "%a %u", path) == f"600 {NOBODY}\n"
        with client(there, path, user=NOBODY) as one:
            assert one.ask("op=lease name=web")["status"] == "ok"
        with client(there, path) as root:  # may connect to everything
            assert root.ask("op=lease name=web")["code"] == "EPERM"


def test_it_keeps_few_rights(there: World) -> None:
    with serving(there) as server:
        fields = server.status()
        allowed = 1 << 6 | 1 << 7 | 1 << 10  # SETGID, SETUID, NET_BIND_SERVICE
        assert all(int(fields[name], 16) & ~allowed == 0 for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
        assert fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"


# ---- Crowds ----------------------------------------------------------------------------------------

def test_no_two_clients_have_one_port(there: World) -> None:
    """Sixteen at once, of two users; each has several ports at a time and gives them back."""
    mine: dict[str, int] = {}
    lock, doubles = threading.Lock(), []

    def run(index: int) -> None:
        with client(there, user=(0, NOBODY)[index % 2]) as one:
            for turn in range(40):
                port = one.ask(f"op=lease name=c{index}-{turn % 4}-{turn}")["port"]
                with lock:
                    if port in mine:
                        doubles.append(port)
                    mine[port] = index
                if turn % 4 == 3:
                    for back in range(turn - 3, turn + 1):
                        name = f"c{index}-{back % 4}-{back}"
                        held = one.ask(f"op=lease name={name}")
                        assert held["renewed"] == "yes"
                        with lock:
                            assert mine.pop(held["port"]) == index
                        assert one.ask(f"op=release name={name}") == {"status": "ok"}
    with serving(there):
        threads = [threading.Thread(target=run, args=(index,)) for index in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=120)
        assert not doubles and not mine
        assert "active" not in states(there).values()


# ---- Bad clients -----------------------------------------------------------------------------------

@pytest.mark.parametrize("line", [
    "", "x", "op", "op=nothing", "op=hello x=1", "op=lease", "op=lease name=a port=0", "op=lease name=a port=70000",
    "op=lease name=a%2Fb", "op=lease name=", "op=lease name=a ttl=soon", "op=lease name=a ttl=0", "op=lease name=a pid=0",
    "op=lease name=a range=9-1", "op=lease name=%00", "op=lease name=%zz", "op=release", "op=release name=a port=1",
    "op=free count=0", "op=free count=129", "op=free proto=sctp", "op=lease name=%ff"])
def test_what_is_not_understood_is_refused(there: World, line: str) -> None:
    with serving(there), client(there) as one:
        answer = one.ask(line)
        assert (answer["status"], answer["code"]) == ("error", "EINVAL")
        assert one.ask("op=hello")["status"] == "ok"


def test_a_long_line_ends_the_connection_and_half_a_line_nothing(there: World) -> None:
    with serving(there), connect(there) as long, connect(there) as half, connect(there) as last:
        half.sendall(b"op=hel")
        long.sendall(b"op=lease name=" + b"x" * 5000)
        assert b"code=EMSGSIZE" in long.recv(1000)
        last.sendall(b"op=hello\r\nop=hello")  # the last one without its end
        last.shutdown(socket.SHUT_WR)
        assert last.makefile().read().count("status=ok") == 2
        half.sendall(b"lo\n")
        assert half.recv(1000).startswith(b"status=ok protocol=1")


def test_who_does_not_read_holds_up_nobody(there: World) -> None:
    with serving(there), client(there) as one, connect(there) as deaf:
        deaf.setblocking(False)
        sent = 0
        with contextlib.suppress(BlockingIOError):
            while sent < 50_000_000:
                sent += deaf.send(b"op=hello\n" * 400)
        assert sent < 5_000_000, "the server read all of it"
        begin = time.monotonic()
        assert one.ask("op=hello")["status"] == "ok"
        assert time.monotonic() - begin < 5
        deaf.setblocking(True)
        asked, answered = sent // len(b"op=hello\n"), 0
        lines = deaf.makefile("rb")
        while answered < asked:
            answered += lines.readline().startswith(b"status=ok")


def test_many_long_answers_come_whole(there: World) -> None:
    with serving(there), client(there) as one, connect(there) as made:
        for i in range(100):
            one.ask(f"op=lease name=some-lease-of-very-many-{i}")
        made.sendall(b"op=leases\n" * 400)  # what is read at once has answers of four megabytes
        made.shutdown(socket.SHUT_WR)
        said = made.makefile("rb").read()
        assert said.count(b"status=ok count=100 ") == 400 and said.count(b"status=more") == 40000


def test_a_crowd_of_connections_locks_nobody_out(there: World) -> None:
    with serving(there) as server, contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(connect(there)) for _ in range(1200)]
        with client(there) as one:
            assert one.ask("op=lease name=web")["status"] == "ok"
        crowd[-1].sendall(b"op=hello\n")
        assert crowd[-1].recv(100).startswith(b"status=ok")
        assert int(server.status()["VmHWM"].split()[0]) < 64 * 1024 or "asan" in str(BERTH)


def test_noise_does_not_end_it(there: World) -> None:
    chance = random.Random(7)
    words = [b"op=", b"lease", b"name=", b"%", b"%41", b" ", b"\n", b"\r", b"\0", b"=", b"op=leases\n", b"op=free count=2\n", b"ttl=1s",
             b"op=lease name=a ttl=1s\n", b"\xff", b"port=1"]
    with serving(there):
        for _ in range(60):
            with connect(there) as made, contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
                made.settimeout(0.1)  # half a line has no answer
                for _ in range(chance.randrange(30)):
                    made.sendall(b"".join(chance.choices(words, k=chance.randrange(1, 40))))
                if chance.random() < 0.5:
                    made.recv(1000)
        with client(there) as one:
            assert one.ask("op=hello")["status"] == "ok"


# ---- Examples --------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["lease.py", "lease.mjs", "lease.sh"])
def test_an_example_has_a_lease_as_long_as_it_runs(there: World, name: str) -> None:
    runner = {"lease.py": [sys.executable], "lease.mjs": ["node"], "lease.sh": ["sh"]}[name]
    with serving(there):
        word = "my%20web" if name == "lease.sh" else "my web"
        with subprocess.Popen([*there.enter, "sh", "-c", 'cd /mnt && exec "$@"', "sh", *runner, str(EXAMPLES / name), word, PATH],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                              env={**environment(Path("/mnt")), "PATH": os.environ["PATH"]}) as process:
            assert process.stdin and process.stdout
            port = int(process.stdout.readline())
            assert states(there) == {"my web": "active"}
            assert port > 60999
            process.stdin.close()
            assert process.wait(timeout=20) == YES
        assert states(there).get("my web") != "active"
