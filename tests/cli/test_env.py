# SPDX-License-Identifier: MIT
"""berth env: bad questions. What it does is in tests/live/test_up.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize(("words", "hint"), [
    (["web"], "'web' is too much"), (["--exprot"], "berth help env"),
])
def test_bad_questions_get_one_clear_line(berth: Berth, tmp_path: Path, words: list[str], hint: str) -> None:
    answer = berth("env", *words, cwd=tmp_path)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_a_recording_has_no_leases(berth: Berth) -> None:
    answer = berth(*TOWN, "env")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
