# SPDX-License-Identifier: MIT
"""berth unreserve: bad questions, and dry runs; the rest is in tests/live/test_reserve.py."""

from collections.abc import Callable

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line


@pytest.mark.parametrize("arguments", [
    ["unreserve"], ["unreserve", "--all", "80"], ["unreserve", "0"], ["unreserve", "127.0.0.1:80"],
    ["unreserve", "--all", "--persist", "--no-persist"]])
def test_bad_questions_are_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_dry_run_of_all_is_possible_anywhere(berth: Callable[..., Answer]) -> None:
    answer = berth("unreserve", "--all", "--dry-run", "--json")
    said = answer.json()
    assert (answer.code, said["action"], said["dry_run"], said["already"]) == (YES, "unreserve", True, [])


def test_a_recording_has_nothing_to_take_back(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "unreserve", "--all")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
