# SPDX-License-Identifier: MIT
"""berth run with real servers: each is reached on its port, and the port is free again however it ends."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_servers import PLAIN, commands
from support import BERTH, TIMEOUT, YES, environment, run_berth
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
SERVERS = ("a server that takes sockets", "http.server", "plain", "nginx", "redis", "node")
ASK = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as made:
    made.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
    print(made.recv(100)[:1])
"""
# Who binds the port as a careless program would, and a name that must be free to be had again.
BIND = "import socket, sys\nmade = socket.socket()\nmade.setsockopt(1, 2, 1)\nmade.bind(('', int(sys.argv[1])))\n"


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("quiet_world.py") as made:
        yield made


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="berth-test-") as name:
        Path(name).chmod(0o777)  # nginx's workers are another user's
        yield Path(name)


def heed_interrupts() -> None:
    """A shell that starts tests in the background has them ignore SIGINT, and so would all that they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running:
    """berth run in the world: its own pid and the port, as -v tells it, and whether it listens."""

    def __init__(self, there: World, home: Path, *words: str) -> None:
        self.there = there
        command = [*there.enter, "sh", "-c", 'cd "$HOME"; echo $$; exec "$0" "$@"', str(BERTH), "run", "-v", *words]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        env={**environment(home), "PATH": os.environ["PATH"]}, preexec_fn=heed_interrupts)
        assert self.process.stdout and self.process.stderr
        self.pid = int(self.process.stdout.readline())
        line = self.process.stderr.readline()
        assert " has port " in line, line + self.process.stderr.read()
        self.port = int(line.split()[-1])

    def signal(self, pid: int, number: int) -> None:
        subprocess.run([*self.there.enter, "kill", f"-{number}", str(pid)], check=True)

    def server(self, home: Path) -> int:
        """The oldest process that listens."""
        rows = run_berth(home, "--json", str(self.port), before=self.there.enter).json()["sockets"]
        return min(owner["pid"] for row in rows if row["state"] == "LISTEN" for owner in row["owners"])


@contextlib.contextmanager
def running(there: World, home: Path, *words: str) -> Iterator[Running]:
    made = Running(there, home, *words)
    try:
        yield made
    finally:
        subprocess.run([*there.enter, "kill", "-9", str(made.pid)], capture_output=True, check=False)
        made.process.communicate(timeout=20)


def assert_free(there: World, home: Path, port: int, bind: bool = True) -> None:
    answer = run_berth(home, "wait", "--free", "--timeout", "10s", str(port), before=there.enter)
    assert answer.code == YES, answer.out
    if not bind:
        return
    subprocess.run([*there.enter, sys.executable, "-c", BIND, str(port)], check=True)
    done = run_berth(home, "run", "--port", str(port), "true", before=there.enter)
    assert (done.code, done.err) == (YES, "")


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL of the server", "SIGKILL of berth", "its own end"])
@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_reached_and_its_port_is_free_again(
        there: World, tmp_path: Path, folder: Path, name: str, end: str) -> None:
    program, words = commands(folder)[name]
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed")
    # A name of its own each time: closing connections of the last one would be in the way of "plain".
    with running(there, tmp_path, "--name", "".join(filter(str.isalnum, name + end)), *words) as made:
        assert run_berth(tmp_path, "wait", "--timeout", "20s", str(made.port), before=there.enter).code == YES
        said = there.run(sys.executable, "-c", ASK, str(made.port))
        assert said.strip() in ("b'H'", "b'-'")  # HTTP; redis does not like it
        assert run_berth(tmp_path, "run", "--port", str(made.port), "true", before=there.enter).code == 125
        server = made.server(tmp_path)
        if end == "SIGTERM":
            made.signal(made.pid, signal.SIGTERM)
        elif end == "SIGKILL of berth":
            made.signal(made.pid, signal.SIGKILL)
        elif end == "SIGKILL of the server":
            made.signal(server, signal.SIGKILL)
        else:
            made.signal(server, signal.SIGINT)
        code = made.process.wait(timeout=20)
        assert code in {"SIGTERM": (0, 143), "SIGKILL of berth": (-9, 137), "SIGKILL of the server": (137,)
                        }.get(end, (0, 1, 130)), code
        # The kernel keeps closing connections of a server that sets no option from everybody, for a minute.
        assert_free(there, tmp_path, made.port, bind=name != "plain")


def test_all_servers_of_debian_are_there() -> None:
    if not shutil.which("dpkg"):
        pytest.skip("not Debian")
    for program in ("nginx", "redis-server"):
        assert shutil.which(program)


def test_with_a_socket_there_is_never_a_moment_without_the_port(there: World, tmp_path: Path) -> None:
    """The first connection comes before the server runs, and is answered when it does."""
    late = "import os, time\ntime.sleep(1)\n" + commands(tmp_path)["a server that takes sockets"][1][-1]
    with running(there, tmp_path, "--fd", "--", sys.executable, "-c", late) as made:
        assert there.run(sys.executable, "-c", ASK, str(made.port)).strip() == "b'H'"


HOLD = """
import socket, sys, time
time.sleep(float(sys.argv[2]))
made = socket.socket()
if sys.argv[3:]:
    made.setsockopt(socket.SOL_SOCKET, getattr(socket, sys.argv[3]), 1)
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen()
time.sleep(100)
"""


@pytest.mark.parametrize("option", ["SO_REUSEADDR", "SO_REUSEPORT"])
def test_an_ephemeral_port_is_kept_from_clients_until_the_server_is_there(
        there: World, tmp_path: Path, option: str) -> None:
    there.run("sh", "-c", "echo 40000 40000 >/proc/sys/net/ipv4/ip_local_port_range")
    client = "import socket\nmade = socket.socket()\nmade.bind(('127.0.0.1', 0))\nprint(made.getsockname()[1])\n"
    try:
        with running(there, tmp_path, "--port", "40000", "--", sys.executable, "-c", HOLD, "{port}", "1", option
                     ) as made:
            taken = subprocess.run([*there.enter, sys.executable, "-c", client], capture_output=True, check=False)
            assert b"Address already in use" in taken.stderr
            assert run_berth(tmp_path, "wait", "--timeout", "20s", "40000", before=there.enter).code == YES
            assert made.process.poll() is None
        assert there.run(sys.executable, "-c", client).strip() == "40000"
    finally:
        there.run("sh", "-c", "echo 32768 60999 >/proc/sys/net/ipv4/ip_local_port_range")


def test_somebody_else_on_the_port_is_noticed(there: World, tmp_path: Path) -> None:
    with running(there, tmp_path, "sleep", "100") as made:
        with subprocess.Popen([*there.enter, sys.executable, "-c", PLAIN, str(made.port)]) as thief:
            assert made.process.stderr
            said = made.process.stderr.readline()
            assert said.startswith(f"berth: port {made.port} was meant for sleep, but python3[") and said.endswith(
                "listens there\n")
            pid = made.server(tmp_path)
            made.signal(pid, signal.SIGKILL)
            thief.wait(timeout=10)


def test_a_server_in_the_background_is_still_known_as_ours(there: World, tmp_path: Path) -> None:
    daemon = f"setsid {sys.executable} -c '{HOLD}' $PORT 0.3 & sleep 3"
    with running(there, tmp_path, "sh", "-c", daemon) as made:
        assert made.process.stderr
        assert made.process.stderr.readline() == f"berth: sh listens on port {made.port}\n"
        made.signal(made.server(tmp_path), signal.SIGKILL)


def test_what_the_command_leaves_behind_has_its_port_no_more(there: World, tmp_path: Path) -> None:
    daemon = f"setsid {sys.executable} -c '{HOLD}' $PORT 0 & sleep 1; kill -9 $$"
    with running(there, tmp_path, "sh", "-c", daemon) as made:
        assert made.process.wait(timeout=20) == 137
        assert_free(there, tmp_path, made.port)


def test_two_do_not_get_one_port(there: World, tmp_path: Path) -> None:
    made = [Running(there, tmp_path, "--name", "same", "sleep", "100") for _ in range(20)]
    try:
        assert len({each.port for each in made}) == 20
    finally:
        for each in made:
            each.signal(each.pid, signal.SIGKILL)
            each.process.communicate(timeout=20)
    assert run_berth(tmp_path, "wait", "--timeout", "100ms", str(made[0].port), before=there.enter).code == TIMEOUT


def test_time_goes_by_without_much_work(there: World, tmp_path: Path) -> None:
    """A command that never listens costs a few looks a second."""
    with running(there, tmp_path, "sleep", "100") as made:
        time.sleep(3)
        fields = there.run("cat", f"/proc/{made.pid}/stat").rpartition(")")[2].split()
        assert (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") < 0.2
