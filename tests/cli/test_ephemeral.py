# SPDX-License-Identifier: MIT
"""berth ephemeral: its questions, and what it says of a recording; the rest is in tests/live/test_ephemeral.py."""

from collections.abc import Callable

import pytest
from support import RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize("arguments", [["ephemeral", "80"], ["ephemeral", "--netns", "named"], ["ephemeral", "--netns"]])
def test_bad_questions_are_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_namespace_that_is_none_is_refused(berth: Callable[..., Answer]) -> None:
    answer = berth("ephemeral", "--netns", "/nonexistent")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_the_stock_range_beside_ianas(berth: Callable[..., Answer]) -> None:
    answer = berth(*TOWN, "ephemeral")
    text = " ".join(answer.out.split())
    assert answer.code == YES
    assert "32768–60999, 28,232 ports" in text
    assert "11,848 of the 16,384 dynamic ports are in the kernel's hands; quiet water: 61000–65535" in text
    assert "whether connect() takes such a port again is not known" in text


def test_the_picture_shows_all_ports(berth: Callable[..., Answer]) -> None:
    use, kernel, iana = berth(*TOWN, "ephemeral").out.splitlines()[:3]
    assert [line.partition("|")[0].strip() for line in (use, kernel, iana)] == ["in use", "kernel", "IANA"]
    assert kernel.partition("|")[2] == " " * 32 + "=" * 27 + "-" + " " * 4 + "|"
    assert iana.partition("|")[2] == "s" + "u" * 47 + "d" * 16 + "|"
    assert len(use) == len(kernel) and "▁" in use
    plain = berth(*TOWN, "ephemeral", variables={"LC_ALL": "C"}).out.splitlines()[0]
    assert plain.isascii() and plain.count("|") == 2


def test_only_a_terminal_has_colour(berth: Callable[..., Answer]) -> None:
    assert "\033" not in berth(*TOWN, "ephemeral").out
    assert "\033" in berth(*TOWN, "ephemeral", "--color", "always").out
    assert "\033" not in berth(*TOWN, "ephemeral", "--color", "auto", variables={"NO_COLOR": "1"}).out
