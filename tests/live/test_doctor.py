# SPDX-License-Identifier: MIT
"""berth doctor finds each ailment of a host that has them all, and nothing on one that has none."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import NO, YES, run_berth
from worlds import REASON, World, needs_namespaces, world

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
