# SPDX-License-Identifier: MIT
"""berth doctor finds each ailment of a host that has them all, and nothing on one that has none."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, YES, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
ALL = {"ephemeral-port", "backlog-full", "close-wait", "shared-place", "split"}


@pytest.fixture(scope="module")
def ill() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("doctor_world.py", "ill") as made:
        yield made


def findings(there: World, home: Path, *arguments: str, code: int = NO) -> list[dict[str, Any]]:
    answer = run_berth(home, "doctor", "--json", *arguments, before=there.enter)
    assert answer.code == code, answer.err
    return list(answer.json()["findings"])


def one(there: World, home: Path, kind: str, port: int) -> dict[str, Any]:
    [found] = [each for each in findings(there, home, "--only", kind) if each["port"] == port]
    assert found["id"] == kind
    return found


def test_a_host_without_an_ailment_has_no_finding(tmp_path: Path) -> None:
    with world("doctor_world.py", "well") as well:
        assert findings(well, tmp_path, code=YES) == []
        assert run_berth(tmp_path, "doctor", before=well.enter).out == "Nothing was found.\n"


def test_every_ailment_is_found(ill: World, tmp_path: Path) -> None:
    found = findings(ill, tmp_path)
    assert {each["id"] for each in found} >= ALL
    levels = ["warning", "oddity", "note"]
    assert [each["level"] for each in found] == sorted((each["level"] for each in found), key=levels.index)


def test_a_port_that_connections_may_take_has_a_chance(ill: World, tmp_path: Path) -> None:
    said = ill.said
    even = one(ill, tmp_path, "ephemeral-port", said["even"])
    assert even["command"] == f"berth reserve {said['even']}"
    # The connections of the last ten seconds, a second's share, at any of the even ports that are left and its own.
    rate, left = said["closed"] / 10, said["ports"] - said["closed"]
    assert even["probability"] == pytest.approx(1 - math.exp(-rate / left), rel=0.05)
    assert one(ill, tmp_path, "ephemeral-port", said["odd"])["probability"] == 0


def test_a_longer_restart_has_a_greater_chance(ill: World, tmp_path: Path) -> None:
    chances = []
    for gap in ("0.5", "1", "20"):
        [found] = [each for each in findings(ill, tmp_path, "--only", "ephemeral-port", "--restart-gap", gap)
                   if each["port"] == ill.said["even"]]
        chances.append(found["probability"])
    assert chances[1] / chances[0] == pytest.approx(2, rel=0.01)
    assert math.log1p(-chances[2]) / math.log1p(-chances[1]) == pytest.approx(20, rel=0.01)


def test_a_full_backlog_is_found(ill: World, tmp_path: Path) -> None:
    found = one(ill, tmp_path, "backlog-full", ill.said["full"])
    assert found["level"] == "warning"
    assert "has a full backlog: 1 wait, its limit is 0" in found["evidence"]


def test_connections_that_a_program_does_not_close_are_found(ill: World, tmp_path: Path) -> None:
    found = one(ill, tmp_path, "close-wait", ill.said["leaking"])
    assert f"{ill.said['waiting']} connections in CLOSE_WAIT" in found["evidence"]


@pytest.mark.parametrize("kind", ["shared", "split"])
def test_strangers_at_one_port_are_found_and_named(ill: World, tmp_path: Path, kind: str) -> None:
    port, *pids = ill.said[kind]
    found = one(ill, tmp_path, "shared-place" if kind == "shared" else "split", port)
    assert all(f"(pid {pid}, root)" in found["evidence"] for pid in pids)


def test_what_is_ignored_is_not_told(ill: World, tmp_path: Path) -> None:
    found = {each["id"] for each in findings(ill, tmp_path, "--ignore", "split,close-wait")}
    assert found >= ALL - {"split", "close-wait"}
    assert not found & {"split", "close-wait"}


# ---- Customs and configuration ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def odd() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("customs_world.py", "odd") as made:
        yield made


def test_what_is_where_it_belongs_is_no_finding(tmp_path: Path) -> None:
    with world("customs_world.py", "usual") as usual:
        assert findings(usual, tmp_path, code=YES) == []


def test_what_should_stay_on_loopback_is_found(odd: World, tmp_path: Path) -> None:
    found = {each["port"]: each for each in findings(odd, tmp_path, "--only", "exposed")}
    assert set(found) == {6379, 9229, 3306}, "neither 127.0.0.1:6380, nor [::]:9300 of node"
    assert {each["level"] for each in found.values()} == {"oddity"}
    assert f"redis-server (pid {odd.said['redis']}" in found[6379]["evidence"]
    assert "redis.conf: bind 127.0.0.1" in found[6379]["evidence"]
    assert "Node's inspector" in found[9229]["evidence"]
    assert "docker-proxy" in found[3306]["evidence"] and "MySQL" in found[3306]["evidence"]


def test_a_hidden_owner_is_said_to_be_hidden(odd: World, tmp_path: Path) -> None:
    before = (*odd.enter, *AS_NOBODY)
    answer = run_berth(tmp_path, "doctor", "--json", "--only", "exposed", before=before)
    found = {each["port"]: each for each in answer.json()["findings"]}
    assert set(found) == {6379, 3306}, "a debugger is known by its program alone"
    assert "the port of Redis" in found[6379]["evidence"]
    assert "cannot be seen: needs CAP_" in found[6379]["evidence"]


def test_a_stranger_on_a_port_of_somebody_else_is_an_oddity(odd: World, tmp_path: Path) -> None:
    [found] = findings(odd, tmp_path, "--only", "odd-owner")
    assert (found["port"], found["level"], found["proto"]) == (5432, "oddity", "tcp")
    assert f"sleepy (pid {odd.said['stranger']}" in found["evidence"] and "PostgreSQL" in found["evidence"]
    assert "need not be wrong" in found["consequence"]


def test_a_port_that_only_malware_is_known_for_is_an_oddity(odd: World, tmp_path: Path) -> None:
    [found] = findings(odd, tmp_path, "--only", "malware-port")
    assert (found["port"], found["level"]) == (31337, "oddity")
    assert "Back Orifice" in found["evidence"] and "a number proves nothing" in found["consequence"]


def test_configuration_that_names_a_lent_port_is_found(odd: World, tmp_path: Path) -> None:
    found = findings(odd, tmp_path, "--only", "configured-port")
    units = {each["port"]: each for each in found if each["port"]}
    assert set(units) == {30050, 30051}, "idle.socket is not enabled"
    assert "web.socket, line 2" in units[30050]["evidence"]
    assert (units[30050]["proto"], units[30051]["proto"]) == ("tcp", "udp")
    assert units[30050]["command"] == "berth reserve 30050"
    assert units[30050]["probability"] is not None and units[30051]["probability"] is None
    [nodes] = [each for each in found if not each["port"]]
    assert "30000 to 32767" in nodes["evidence"] and nodes["command"] == "berth reserve 30000-32767"


def test_fsports_against_the_range_of_this_host(odd: World, tmp_path: Path) -> None:
    def told(text: str) -> list[str]:
        made = ("mount -t overlay none -o lowerdir=/usr,upperdir=/opt/up,workdir=/opt/work /usr && mkdir -p /usr/cvfs/config "
                '&& printf "$0" > /usr/cvfs/config/fsports && exec "$1" doctor --json --only configured-port')
        answer = odd.run("sh", "-c", f"mkdir -p /opt/up /opt/work && unshare --mount sh -c '{made}' \"$0\" \"$1\" || :", text, str(BERTH))
        return [each["evidence"] for each in json.loads(answer)["findings"] if "fsports" in each["evidence"]]
    assert told("# ours\nMinPort 30100\nMaxPort 30120\n") == [
        "/usr/cvfs/config/fsports has MinPort 30100 and MaxPort 30120: the kernel also gives ports of this range to outgoing connections"]
    assert told("MinPort 52000\nMaxPort 52100\n") == []
    assert told("MinPort 9\nMaxPort 1\n") == []


def test_a_destination_with_few_ports_left_is_found(odd: World, tmp_path: Path) -> None:
    [found] = findings(odd, tmp_path, "--only", "exhaustion")
    assert found["level"] == "warning" and found["port"] is None
    assert "185 connections lead from 127.0.0.1 to 127.0.0.1:7000" in found["evidence"]
    assert "EADDRNOTAVAIL" in found["consequence"]
