# SPDX-License-Identifier: MIT
"""berth history: its questions. What berthd writes and what comes of it is in tests/live/test_history.py."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.mark.parametrize("arguments", [
    ["--since", "tomorrow"], ["--since", "5"], ["--since", "25:00"], ["--until", "yesterdays"], ["--limit", "many"],
    ["--since", "10m", "--until", "1h"], ["nginx", "postgres"], ["99999"]])
def test_bad_questions_are_refused(berth: Berth, arguments: list[str]) -> None:
    answer = berth("history", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_that_there_is_no_history_is_said(berth: Berth, tmp_path: Path) -> None:
    for command in (("history",), ("at", "now"), ("blame", "1")):
        answer = berth(*command, "--history", str(tmp_path))
        assert answer.code == UNKNOWN
        assert "there is no history" in answer.err
        assert_one_clear_line(answer)


def test_a_recording_has_none(berth: Berth) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "history")
    assert answer.code == UNKNOWN and "a recording has no history" in answer.err


def test_another_database_is_not_taken_for_one(berth: Berth, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "history.db")
    db.executescript("CREATE TABLE spans(id); PRAGMA user_version=1;")
    db.close()
    answer = berth("history", "--history", str(tmp_path))
    assert answer.code == UNKNOWN and "damaged" in answer.err
    assert_one_clear_line(answer)


def test_a_newer_one_is_left_alone(berth: Berth, tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "history.db")
    db.executescript("CREATE TABLE spans(id); PRAGMA user_version=99;")
    db.close()
    answer = berth("history", "--history", str(tmp_path))
    assert answer.code == UNKNOWN and "newer version" in answer.err
