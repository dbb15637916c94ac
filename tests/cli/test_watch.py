# SPDX-License-Identifier: MIT
"""berth watch: its questions. What it tells is in tests/live/test_history.py."""

from collections.abc import Callable

import pytest
from support import RECORDINGS, TIMEOUT, UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.mark.parametrize("arguments", [["--limit", "0"], ["--limit", "x"], ["--timeout", "soon"], ["a", "b"], ["99999"]])
def test_bad_questions_are_refused(berth: Berth, arguments: list[str]) -> None:
    answer = berth("watch", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_recording_does_not_change(berth: Berth) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "watch")
    assert answer.code == UNKNOWN and "a recording does not change" in answer.err


def test_it_ends_when_the_time_is_over(berth: Berth) -> None:
    answer = berth("watch", "1", "--poll", "--timeout", "50ms")
    assert (answer.code, answer.out) == (TIMEOUT, "")
    assert "asks again and again" in answer.err
    assert berth("watch", "1", "--poll", "--timeout", "50ms", "-q").err == ""
