# SPDX-License-Identifier: MIT
"""berth serve-leases: bad questions. What it serves is in tests/live/test_serve_leases.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.mark.parametrize(("words", "hint"), [
    (["x"], "'x' is too much"), (["--json"], "no JSON"), (["--mode", "7777"], "0600"), (["--unix"], "needs"),
    (["--replay", str(RECORDINGS / "town")], "a recording has no leases"),
])
def test_bad_questions_get_one_clear_line(berth: Berth, words: list[str], hint: str) -> None:
    answer = berth("serve-leases", *words)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_where_it_cannot_listen_it_says_so(berth: Berth, tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "x.sock", tmp_path / ("x" * 200)):
        answer = berth("serve-leases", "--unix", str(path))
        assert answer.code == UNKNOWN
        assert_one_clear_line(answer)
    (tmp_path / "file").write_text("kept", encoding="utf-8")
    assert berth("serve-leases", "--unix", str(tmp_path / "file")).code == UNKNOWN
    assert (tmp_path / "file").read_text(encoding="utf-8") == "kept"
