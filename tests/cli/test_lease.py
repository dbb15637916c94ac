# SPDX-License-Identifier: MIT
"""berth lease: bad questions. What leases do is in tests/live/test_leases.py."""

from collections.abc import Callable

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line


@pytest.mark.parametrize(("words", "hint"), [
    ([], "berth lease web"), (["a", "b"], "one name"), (["--port", "0", "web"], "no port"),
    (["--port", "70000", "web"], "no port"), (["--pid", "x", "web"], "no process id"), (["--ttl", "soon", "web"], "90s"),
    (["--ttl", "0", "web"], "90s"), (["--range", "x", "web"], "8000-8999"), (["a/b"], "without slashes"),
    ([""], "a name of 1 to 127 bytes"), (["x" * 128], "a name of 1 to 127 bytes"), (["a\nb"], "control characters"),
])
def test_bad_questions_get_one_clear_line(berth: Callable[..., Answer], words: list[str], hint: str) -> None:
    answer = berth("lease", *words)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_a_recording_has_no_leases(berth: Callable[..., Answer]) -> None:
    answer = berth("--replay", str(RECORDINGS / "town"), "lease", "web")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
