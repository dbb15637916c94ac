# SPDX-License-Identifier: MIT
"""berth up: bad questions. What it does is in tests/live/test_up.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize(("words", "hint"), [
    (["up"], "there is no"), (["up", "--json"], "--json"), ([*TOWN, "up"], "--replay"),
])
def test_bad_questions_get_one_clear_line(berth: Berth, tmp_path: Path, words: list[str], hint: str) -> None:
    (tmp_path / ".git").mkdir()
    answer = berth(*words, cwd=tmp_path)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


@pytest.mark.parametrize(("text", "hint"), [
    ("[web]\nport = 70000\n", "berth.toml:2: "), ("[web]\n", "no command"), ("", "no command"),
    ("[a b]\n", "berth.toml:1: "), ("[web]\ncomand = 'x'\n", "berth.toml:2: "),
])
def test_a_manifest_that_cannot_be_run_is_refused(berth: Berth, tmp_path: Path, text: str, hint: str) -> None:
    (tmp_path / "berth.toml").write_text(text, encoding="utf-8")
    answer = berth("up", cwd=tmp_path)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err
