# SPDX-License-Identifier: MIT
"""berth check before real servers: what it says would fail does, and what it says is fine starts."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, YES, environment, validated
from worlds import World, ledger_world, needs_namespaces

pytestmark = needs_namespaces
NOBODY = "setpriv --reuid=65534 --regid=65534 --clear-groups --"
# Has what it is told, says so, and keeps it until its input ends: PROTO ADDRESS PORT HOW.
HAS = """
import socket, sys
proto, address, port, how = sys.argv[1:]
made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                     socket.SOCK_DGRAM if proto == "udp" else socket.SOCK_STREAM)
made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, proto == "tcp")
made.bind((address, int(port)))
if how == "listen":
    made.listen()
if how == "closed":  # TIME_WAIT stays on our side
    made.listen()
    client = socket.create_connection((address, int(port)))
    server = made.accept()[0]
    server.close()
    client.recv(1)
    client.close()
    made.close()
print("up", flush=True)
if __name__ == "__main__" and how != "try":
    sys.stdin.read()
"""


@pytest.fixture
def there() -> Iterator[World]:
    yield from ledger_world("/mnt/project", "/mnt/project/.git")


@contextlib.contextmanager
def having(there: World, *words: str) -> Iterator[None]:
    with subprocess.Popen([*there.enter, sys.executable, "-c", HAS, *words], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout and process.stdout.readline() == "up\n"
        yield
        process.stdin.close()


def sh(there: World, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*there.enter, "sh", "-c", f"cd /mnt/project && {script}"], capture_output=True, text=True,
                          check=False, stdin=subprocess.DEVNULL, timeout=60,
                          env={**environment(Path("/mnt")), "PATH": os.environ["PATH"], "B": str(BERTH)})


def check(there: World, words: str, before: str = "", codes: tuple[int, ...] = (YES, NO)) -> list[dict[str, Any]]:
    done = sh(there, f"{before} $B check --json {words}")
    assert done.returncode in codes, done.stderr
    return list(validated(json.loads(done.stdout))["findings"])


HELD = [("tcp", "0.0.0.0", "listen"), ("tcp", "127.0.0.1", "listen"), ("tcp", "::1", "listen"), ("tcp", "::", "listen"),
        ("tcp", "127.0.0.1", "bound"), ("udp", "0.0.0.0", "bound"), ("udp", "127.0.0.1", "bound")]


@pytest.mark.parametrize("held", HELD, ids=" ".join)
def test_what_it_says_is_what_happens(there: World, held: tuple[str, str, str]) -> None:
    """Each place is checked, then bound by a server as the check has it."""
    proto, address, how = held
    with having(there, proto, address, "2000", how):
        for wanted_proto in ("tcp", "udp"):
            for wanted in ("0.0.0.0", "127.0.0.1", "127.0.0.2", "::", "::1"):
                place = f"[{wanted}]:2000/{wanted_proto}" if ":" in wanted else f"{wanted}:2000/{wanted_proto}"
                fails = any(finding["level"] == "fails" for finding in check(there, f"'{place}'"))
                tried = subprocess.run([*there.enter, sys.executable, "-c", HAS.replace('how == "listen"', "proto == 'tcp'"),
                                        wanted_proto, wanted, "2000", "try"], capture_output=True, check=False)
                assert fails == (tried.returncode != 0), (place, tried.stderr)


def test_what_is_left_of_connections_is_a_warning(there: World) -> None:
    with having(there, "tcp", "127.0.0.1", "2000", "closed"):
        [found] = check(there, "2000")
        assert (found["id"], found["level"], found["errno"]) == ("bind", "warning", "EADDRINUSE")
        assert "TIME_WAIT" in found["text"]
        assert sh(there, "$B check --strict 2000").returncode == NO


def test_a_low_port_is_for_root_and_for_engines(there: World) -> None:
    sh(there, "echo 'services: {web: {ports: [\"80:80\"]}}' >compose.yaml; echo 80 >ports")
    [found] = [each for each in check(there, "ports", NOBODY) if each["level"] == "fails"]
    assert (found["errno"], found["file"], found["line"]) == ("EACCES", "ports", 1)
    assert check(there, "ports") == []
    [note] = check(there, "compose.yaml", NOBODY)
    assert note["level"] == "note" and "runs as root" in note["text"]


def test_an_address_of_another_machine_fails(there: World) -> None:
    [found] = check(there, "192.0.2.1:2000")
    assert (found["level"], found["errno"]) == ("fails", "EADDRNOTAVAIL")


def test_reserving_is_the_cure_for_what_clients_may_take(there: World) -> None:
    [found] = check(there, "40000")
    assert (found["id"], found["level"], found["command"]) == ("ephemeral", "warning", "berth reserve 40000")
    there.run("sh", "-c", "echo 40000 >/proc/sys/net/ipv4/ip_local_reserved_ports")
    assert check(there, "40000") == []


def test_leases_of_others_are_in_the_way(there: World) -> None:
    sh(there, "printf '[web]\\nport = 61234\\n' >berth.toml; echo PORT=61234 >.env")
    assert sh(there, "$B lease --ttl 1m --port 61234 web").returncode == YES
    assert check(there, "berth.toml .env") == []  # our own
    [manifest, env] = check(there, "berth.toml .env", NOBODY)
    assert (manifest["level"], env["level"]) == ("fails", "warning")
    assert manifest["id"] == env["id"] == "leased" and "'web' by you" not in manifest["text"]
    assert "of uid 0" in manifest["text"]
    assert sh(there, "$B release web").returncode == YES
    assert check(there, "berth.toml .env", NOBODY) == []


def test_what_runs_already_is_told(there: World) -> None:
    sh(there, "printf '[web]\\nport = 61234\\n' >berth.toml")
    done = sh(there, "$B run --name web --port 61234 -- sh -c '$B check --json'")
    [found] = validated(json.loads(done.stdout))["findings"]
    assert (found["id"], found["level"]) == ("leased", "fails")
    assert "held as 'web' by process" in found["text"] and found["text"].endswith("of this project")


def test_who_may_not_see_the_owner_sees_that_it_is_taken(there: World) -> None:
    with having(there, "tcp", "0.0.0.0", "2000", "listen"):
        [found] = check(there, "2000", NOBODY, (NO,))
        assert found["errno"] == "EADDRINUSE"
