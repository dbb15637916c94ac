# SPDX-License-Identifier: MIT
"""berth leases: bad questions. What it lists is in tests/live/test_leases.py."""

from collections.abc import Callable

from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line


def test_it_takes_no_words(berth: Callable[..., Answer]) -> None:
    answer = berth("leases", "web")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_recording_has_no_leases(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "leases")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
