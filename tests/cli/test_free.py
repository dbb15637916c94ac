# SPDX-License-Identifier: MIT
"""berth free: bad questions. That it finds ports, and gives none twice, is in tests/live/test_leases.py."""

from collections.abc import Callable

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line


@pytest.mark.parametrize(("words", "hint"), [
    (["-n", "0"], "'0'"), (["-n", "x"], "'x'"), (["-n", "129"], "at most 128"), (["--range", "9000"], "8000-8999"),
    (["--range", "9000-8000"], "no range"), (["--range", "1-70000"], "no range"), (["--proto", "sctp"], "tcp and udp"),
    (["8080"], "too much"), (["--for", "a/b"], "a/b"),
])
def test_bad_questions_get_one_clear_line(berth: Callable[..., Answer], words: list[str], hint: str) -> None:
    answer = berth("free", *words)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_a_recording_has_no_ports_to_give(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "free")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
