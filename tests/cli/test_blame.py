# SPDX-License-Identifier: MIT
"""berth blame: its questions. Whom it names is in tests/live/test_history.py."""

from collections.abc import Callable

import pytest
from support import USAGE, Answer, assert_one_clear_line


@pytest.mark.parametrize("arguments", [[], ["nosuchservice"], ["8080", "--limit", "-1"], ["99999"]])
def test_bad_questions_are_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth("blame", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
