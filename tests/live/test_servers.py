# SPDX-License-Identifier: MIT
"""Real servers from Debian are named, with user, parents and start time; and 60587 is never Xsan's."""

import datetime
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import NO, YES, run_berth
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
SERVERS = ("http.server", "nginx", "redis", "postgresql")


@pytest.fixture(scope="module")
def servers(public: Path) -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("servers.py", public) as made:
        yield made


def started(made: World, pid: int) -> float:
    """When a process started, from /proc: seconds since 1970."""
    ticks = int(made.run("cat", f"/proc/{pid}/stat").rpartition(")")[2].split()[19])
    boot = next(line for line in Path("/proc/stat").read_text(encoding="utf-8").splitlines()
                if line.startswith("btime "))
    return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")


def chain(made: World, pid: int) -> list[int]:
    """The parents of a process, as ps tells them."""
    parents: list[int] = []
    while pid > 1:
        pid = int(made.run("ps", "-o", "ppid=", "-p", str(pid)))
        if pid:
            parents.append(pid)
    return parents


@pytest.mark.parametrize("name", SERVERS)
def test_a_real_server_is_named(servers: World, tmp_path: Path, name: str) -> None:
    said = servers.said[name]
    if "missing" in said:
        pytest.skip(f"{said['missing']} is not installed")
    answer = run_berth(tmp_path, "--json", str(said["port"]), before=servers.enter)
    assert answer.code == YES, answer.err
    report = answer.json()
    listening = [row for row in report["sockets"] if row["state"] == "LISTEN"]
    assert listening
    for row in listening:
        assert row["reason"] is None
        names = {owner["name"] for owner in row["owners"]}
        assert said["comm"] in names
        for owner in row["owners"]:
            assert owner["parents"] and [each["pid"] for each in owner["parents"]] == chain(
                servers, owner["pid"])
            assert owner["user"] == servers.run("ps", "-o", "user=", "-p", str(owner["pid"])).strip()
            when = datetime.datetime.fromisoformat(owner["started"].replace("Z", "+00:00"))
            assert abs(when.timestamp() - started(servers, owner["pid"])) < 2
            assert owner["command"] or owner["exe"]
    users = {owner["user"] for row in listening for owner in row["owners"]}
    assert said["user"] in users
    assert report["verdict"]["held"] is True
    assert said["comm"] in report["verdict"]["summary"]


@pytest.mark.parametrize("name", SERVERS)
def test_the_list_and_the_card_name_it_too(servers: World, tmp_path: Path, name: str) -> None:
    said = servers.said[name]
    if "missing" in said:
        pytest.skip(f"{said['missing']} is not installed")
    card = run_berth(tmp_path, str(said["port"]), before=servers.enter)
    assert said["comm"] in card.out
    listed = run_berth(tmp_path, "ls", "-tlnp", "--process", said["comm"], before=servers.enter)
    assert any(line.split()[0] == str(said["port"]) for line in listed.out.splitlines()[1:])


def test_nginx_is_one_master_and_its_workers(servers: World, tmp_path: Path) -> None:
    said = servers.said["nginx"]
    if "missing" in said:
        pytest.skip("nginx is not installed")
    [row] = run_berth(tmp_path, "--json", str(said["port"]),
                      before=servers.enter).json()["sockets"]
    users = sorted(owner["user"] for owner in row["owners"])
    assert users == ["root", "www-data", "www-data"]


def xsan_text(report: dict[str, Any]) -> str:
    """Everything that the report says but for the claims themselves and how they were weighed."""
    return json.dumps({key: value for key, value in report.items()
                       if key not in ("claims", "de_facto")}).lower()


def test_60587_is_free_and_nobodys_until_somebody_listens(servers: World, tmp_path: Path) -> None:
    free = run_berth(tmp_path, "--json", "60587", before=servers.enter)
    assert free.code == NO
    report = free.json()
    assert report["sockets"] == [] and report["verdict"]["held"] is False
    assert report["verdict"]["tcp"]["bindable"] == report["verdict"]["udp"]["bindable"] == "yes"
    assert "xsan" not in xsan_text(report)
    command = (*servers.enter, sys.executable, "-u", "-c", LISTEN)
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as listener:
        assert listener.stdout and listener.stdin
        assert listener.stdout.readline() == b"ready\n"
        answer = run_berth(tmp_path, "--json", "60587", before=servers.enter)
        card = run_berth(tmp_path, "60587", before=servers.enter)
        listener.stdin.close()
    assert (answer.code, card.code) == (YES, YES)
    report = answer.json()
    [row] = report["sockets"]
    assert [owner["name"] for owner in row["owners"]] == ["harbour"]
    assert "harbour" in report["verdict"]["summary"]
    assert "xsan" not in xsan_text(report)
    assert (report["de_facto"]["state"], report["de_facto"]["service"]) == ("nobody", None)
    xsan = [claim for claim in report["claims"] if "xsan" in claim["service"].lower()]
    assert xsan and all(claim["scope"] == "pool" for claim in xsan)
    here = card.out.partition("\nHere")[2]
    assert "harbour" in here and "xsan" not in here.lower()


LISTEN = """
import socket, sys
open("/proc/self/comm", "w").write("harbour")
server = socket.socket()
server.bind(("127.0.0.1", 60587))
server.listen()
print("ready")
sys.stdin.read()
"""


def test_every_server_of_this_test_is_installed_where_debian_is() -> None:
    if not shutil.which("dpkg"):
        pytest.skip("not Debian")
    assert shutil.which("nginx") and shutil.which("redis-server")
    assert list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
