# SPDX-License-Identifier: MIT
"""berth at: times that people type. What it answers is in tests/live/test_history.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.mark.parametrize("arguments", [[], ["noon"], ["8080"], ["24:01"], ["2026-13-01"], ["@x"], ["-1h"], ["2999-01-01"],
                                       ["now", "99999"]])
def test_bad_questions_are_refused(berth: Berth, arguments: list[str]) -> None:
    answer = berth("at", *arguments)
    assert answer.code == USAGE
    assert answer.out == "" and answer.err.startswith("berth: ")


@pytest.mark.parametrize("time", ["now", "10m", "10m ago", "03:12", "03:12:30", "2026-11-01", "2026-11-01 03:12",
                                  "2026-11-01T03:12:30Z", "@1700000000", "1.5h"])
def test_times_are_understood(berth: Berth, tmp_path: Path, time: str) -> None:
    answer = berth("at", time, "--history", str(tmp_path))
    assert answer.code == UNKNOWN and "there is no history" in answer.err
    assert_one_clear_line(answer)
