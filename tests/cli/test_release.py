# SPDX-License-Identifier: MIT
"""berth release: bad questions. How leases end is in tests/live/test_leases.py."""

from collections.abc import Callable

from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line


def test_it_wants_to_know_which(berth: Callable[..., Answer]) -> None:
    answer = berth("release")
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert "berth release web" in answer.err


def test_a_recording_has_no_leases(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "release", "web")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
