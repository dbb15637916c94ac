# SPDX-License-Identifier: MIT
"""berth open: bad questions. What it does is in tests/live/test_up.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize(("words", "hint"), [
    ([], "berth open web"), (["a", "b"], "berth open web"), (["--json", "a"], "no JSON"),
])
def test_bad_questions_get_one_clear_line(berth: Berth, tmp_path: Path, words: list[str], hint: str) -> None:
    answer = berth("open", *words, cwd=tmp_path)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_a_recording_has_no_leases(berth: Berth) -> None:
    answer = berth(*TOWN, "open", "web")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
