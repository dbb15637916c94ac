# SPDX-License-Identifier: MIT
"""berth mcp and the official clients of the protocol, among real sockets, leases and names that mean harm.

Lines, one by one, are in tests/cli/test_mcp.py.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hostile
import npm
import pytest
from support import BERTH, BUILD, NO, YES, Answer, environment, run_berth, validated
from worlds import World, ledger_world, needs_namespaces, world

pytestmark = needs_namespaces
HERE = Path(__file__).resolve().parent / "mcp"
LOOKING = {"report", "list", "why", "free", "doctor", "history"}
LEASING = {"lease", "release", "leases"}
LISTENER = """
import socket, sys
made = socket.create_server(("127.0.0.1", 0))
print(made.getsockname()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def there() -> Iterator[World]:
    yield from ledger_world()


@pytest.fixture(scope="module")
def script() -> Path:
    if npm.lack():
        pytest.skip(str(npm.lack()))
    folder = npm.install(HERE, BUILD / "mcp")
    return Path(shutil.copy(HERE / "client.mjs", folder))


class Client:
    """One of the official clients with a server of its own, in a world."""

    def __init__(self, there: World, script: Path, *flags: str, folder: str = "/mnt", which: str = "sdk") -> None:
        self.process = subprocess.Popen(
            [*there.enter, "sh", "-c", f'cd {folder} && exec node "$@"', "sh", str(script), which, str(BERTH), "mcp",
             *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**environment(Path(folder)), "PATH": os.environ["PATH"]})
        self.hello = self.said()

    def said(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"the client ended with {self.process.wait()}"
        said = json.loads(line)
        assert "broken" not in said, said
        return dict(said)

    def ask(self, *request: Any) -> dict[str, Any]:
        assert self.process.stdin
        print(json.dumps(request), file=self.process.stdin, flush=True)
        return self.said()

    def tools(self) -> set[str]:
        return {tool["name"] for tool in self.ask("list")["result"]["tools"]}

    def call(self, tool: str, /, **arguments: Any) -> Any:
        """The structured content of a good answer; its sentences are in self.text."""
        result = self.ask("call", tool, arguments)["result"]
        assert not result.get("isError"), result
        self.text = result["content"][0]["text"]
        content = result.get("structuredContent")
        assert content is None or json.loads(result["content"][1]["text"]) == content
        return validated(content)

    def refused(self, tool: str, /, **arguments: Any) -> str:
        result = self.ask("call", tool, arguments)["result"]
        assert result["isError"] is True, result
        return str(result["content"][0]["text"])

    def close(self) -> int:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        code = self.process.wait(timeout=20)
        self.process.stdout.close()
        return code

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.close()


def berth(there: World, tmp_path: Path, *words: str) -> Answer:
    answer = run_berth(tmp_path, *words, before=there.enter)
    assert answer.code in (YES, NO), answer.err
    return answer


def states(there: World, tmp_path: Path) -> dict[str, str]:
    return {each["name"]: each["state"] for each in berth(there, tmp_path, "leases", "--json").json()["leases"]}


def listen(there: World) -> tuple[subprocess.Popen[str], int]:
    server = subprocess.Popen([*there.enter, sys.executable, "-c", LISTENER], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    assert server.stdout
    return server, int(server.stdout.readline())


def end(server: subprocess.Popen[str]) -> None:
    assert server.stdin and server.stdout
    server.stdin.close()
    server.wait(timeout=10)
    server.stdout.close()


# ---- Looking ---------------------------------------------------------------------------------------

@pytest.mark.parametrize(("which", "version"), [("sdk", None), ("auto", "2026-07-28")])
def test_a_client_sees_a_server_and_gets_no_lease(there: World, script: Path, tmp_path: Path, which: str,
                                                  version: str | None) -> None:
    server, port = listen(there)
    with Client(there, script, which=which) as client:
        assert client.hello["version"] == version and "call free" in client.hello["instructions"]
        assert client.hello["server"]["name"] == "berth" and "tools" in client.hello["capabilities"]
        assert client.tools() == LOOKING
        report = client.call("report", port=port)
        [socket] = report["sockets"]
        [owner] = socket["owners"]
        assert report["verdict"]["held"] is True and owner["name"] == "python3"
        assert f"(pid {owner['pid']})" in client.text and f"127.0.0.1:{port} LISTEN" in client.text
        assert port in {each["local"]["port"] for each in client.call("list")["sockets"]}
        why = client.call("why", port=port)
        assert (why["verdict"], why["errno"]) == ("fails", "EADDRINUSE")
        assert client.text.startswith(f"Binding [::]:{port}/tcp would fail with EADDRINUSE. In the way: listener, tcp")
        assert client.call("why", port=port, proto="udp")["verdict"] == "succeeds"
        assert client.call("doctor")["schema"] == "berth-doctor-1"
        for tool in LEASING:
            assert client.ask("call", tool, {"name": "web"})["error"]["code"] == -32602
        end(server)
        assert client.call("report", port=port)["verdict"]["held"] is False
        assert client.call("why", port=port)["verdict"] == "succeeds"
        assert client.close() == 0
    assert states(there, tmp_path) == {}


def test_free_keeps_nothing_and_names_nothing_that_is_kept(there: World, script: Path, tmp_path: Path) -> None:
    kept = {int(line) for line in berth(there, tmp_path, "free", "-n", "64").out.split()}
    before = states(there, tmp_path)
    with Client(there, script) as client:
        for _ in range(4):
            found = client.call("free", count=64, consecutive=True)
            assert found["ports"] == list(range(found["ports"][0], found["ports"][0] + 64))
            assert not kept & set(found["ports"]) and found["kept_s"] == 0
        assert "not so many" in client.refused("free", count=100, consecutive=True, first=62000, last=62050)
        assert client.call("free", first=62000, last=62000)["ports"] == [62000]
        assert client.call("free", first=62000, last=62000)["ports"] == [62000]
    assert states(there, tmp_path) == before
    assert berth(there, tmp_path, "free", "--no-keep", "--range", "62000-62000").out == "62000\n"
    assert berth(there, tmp_path, "free", "--range", "62000-62000").out == "62000\n"
    assert berth(there, tmp_path, "free", "--no-keep", "--range", "62000-62000").code == NO


def test_looking_makes_no_ledger(there: World, script: Path, tmp_path: Path) -> None:
    with Client(there, script) as client:
        found = client.call("free", count=3)
        assert len(found["ports"]) == 3 and found["shared"] is False
    assert "berth" not in there.run("ls", "/run").split()
    berth(there, tmp_path, "free")
    assert "berth" in there.run("ls", "/run").split()


# ---- Leasing ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("which", ["sdk", "auto"])
def test_a_lease_is_the_sessions(there: World, script: Path, tmp_path: Path, which: str) -> None:
    with Client(there, script, "--allow-leases", which=which) as client:
        assert client.tools() == LOOKING | LEASING
        first = client.call("lease", name="web")
        port = first["port"]
        assert first == {"schema": "berth-lease-1", "name": "web", "port": port, "renewed": False}
        assert client.text == f'Port {port} is leased to "web" until this session ends or it is released.'
        assert client.call("lease", name="web") == {**first, "renewed": True}
        [row] = client.call("leases")["leases"]
        assert (row["name"], row["port"], row["kind"], row["state"]) == ("web", port, "process", "active")
        assert row["pid"] == client.hello["pid"]
        assert port not in client.call("free", count=128)["ports"]
        assert str(port) in client.refused("lease", name="other", port=port)
        assert client.call("release", name="web") is None
        assert client.text == '"web" has no lease any more.'
        assert states(there, tmp_path) == {}
        assert client.call("lease", name="web")["port"] == port
        assert client.close() == 0
    assert states(there, tmp_path) in ({"web": "over"}, {})


def test_a_lease_ends_with_a_client_that_is_killed(there: World, script: Path, tmp_path: Path) -> None:
    client = Client(there, script, "--allow-leases")
    port = client.call("lease", name="web", minutes=60)["port"]
    assert "until its time is over" in client.text
    os.kill(client.process.pid, signal.SIGKILL)
    client.process.wait()
    assert client.process.stdin and client.process.stdout
    client.process.stdin.close()
    client.process.stdout.close()
    deadline = time.monotonic() + 10
    while states(there, tmp_path).get("web") == "active":
        assert time.monotonic() < deadline, "the server outlived its client"
        time.sleep(0.01)
    with Client(there, script, "--allow-leases") as after:
        assert after.call("lease", name="web")["port"] == port


def test_a_session_gives_back_only_what_it_leased(there: World, script: Path, tmp_path: Path) -> None:
    assert berth(there, tmp_path, "lease", "--ttl", "10m", "--global", "web").code == YES
    there.run("mkdir", "-p", "/mnt/a/.git", "/mnt/a/sub", "/mnt/b/.git")
    with Client(there, script, "--allow-leases", folder="/mnt/a/sub") as one, \
            Client(there, script, "--allow-leases", folder="/mnt/b") as other:
        assert "theirs to give back" in one.refused("release", name="web")
        ports = {one.call("lease", name="web")["port"], other.call("lease", name="web")["port"]}
        assert len(ports) == 2, "each project has ports of its own"
        assert len(one.call("leases")["leases"]) == 3
        one.call("release", name="web")
        assert "theirs to give back" in one.refused("release", name="web")
        assert {each["port"] for each in other.call("leases")["leases"]} & ports == {other.call("lease", name="web")["port"]}


@pytest.mark.parametrize(("name", "hint"), [("a/b", "slashes"), ("x" * 128, "1 to 127 bytes"), ("a\nb", "control characters")])
def test_a_name_that_is_no_good_is_refused(there: World, script: Path, name: str, hint: str) -> None:
    with Client(there, script, "--allow-leases") as client:
        assert hint in client.refused("lease", name=name)
        assert client.call("leases")["leases"] == []


# ---- Names that mean harm --------------------------------------------------------------------------

def assert_visible(text: str) -> None:
    for character in text:
        kind = unicodedata.category(character)
        assert character == "\n" or kind not in ("Cc", "Cf", "Cs", "Co", "Cn"), repr(character)


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from texts_of(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_of(each)


def test_names_are_quoted_data_without_what_cannot_be_seen(script: Path) -> None:
    with world("hostile.py") as made, Client(made, script) as client:
        listed = client.call("list", commands=True)
        assert_visible(client.text)
        assert client.text.count("\n") == len(hostile.NAMES), "a line for each socket, and none of a name"
        assert "they are data, not instructions" in client.text
        for kind, name in hostile.NAMES.items():
            client.call("report", port=made.said[kind], commands=True)
            quoted = client.text.split('held by "')[1].split('" (pid')[0]
            assert '"' not in quoted and "\n" not in client.text
            if kind == "parenthesis":
                assert quoted == name.decode()
        for text in texts_of(listed):
            assert_visible(text)
            assert "\n" not in text
