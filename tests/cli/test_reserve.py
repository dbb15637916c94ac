# SPDX-License-Identifier: MIT
"""berth reserve: bad questions, and dry runs, which change nothing; the rest is in tests/live/test_reserve.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

SETTING = Path("/proc/sys/net/ipv4/ip_local_reserved_ports")


@pytest.mark.parametrize("arguments", [
    ["reserve"], ["reserve", "0"], ["reserve", "65536"], ["reserve", "90-80"], ["reserve", "127.0.0.1:80"],
    ["reserve", "80,"], ["reserve", "--all"], ["reserve", "--persist", "--no-persist", "80"], ["reserve", "-n", "[::1]:80"]])
def test_bad_questions_are_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_dry_run_tells_and_changes_nothing(berth: Callable[..., Answer]) -> None:
    before = SETTING.read_text(encoding="ascii")
    said = berth("reserve", "--dry-run", "--json", "61001-61003", "61010/udp").json()
    assert (said["action"], said["dry_run"]) == ("reserve", True)
    named = [*said["changed"], *said["already"]]
    assert sum(each["last"] - each["first"] + 1 for each in named) == 4
    assert SETTING.read_text(encoding="ascii") == before


def test_the_text_says_what_a_reservation_does_not_do(berth: Callable[..., Answer]) -> None:
    answer = berth("reserve", "-n", "61001")
    assert answer.code == YES
    assert "does not stop a program that asks for the port by its number" in " ".join(answer.out.split())
    assert berth("reserve", "-n", "-q", "61001").out == ""


def test_a_recording_has_nothing_to_reserve(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "reserve", "80")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
