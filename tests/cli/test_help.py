# SPDX-License-Identifier: MIT
"""berth help: all commands, each command, and what to do when there is none of that name."""

from collections.abc import Callable

import pytest
from support import USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.mark.parametrize("arguments", [["help"], ["--help"], ["-h"]])
def test_help_names_every_command_and_the_exit_codes(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert (answer.code, answer.err) == (YES, "")
    for name in ("ls", "find", "registry", "record", "completion", "help", "version"):
        assert f"berth {name}" in answer.out
    assert "3 could not find out" in answer.out
    assert all(len(line) <= 90 for line in answer.out.splitlines())


@pytest.mark.parametrize("name", ["ls", "find", "registry", "record", "completion", "version"])
def test_help_of_a_command_is_the_same_three_ways(berth: Berth, name: str) -> None:
    one = berth("help", name).out
    assert one and one == berth(name, "--help").out == berth(name, "-h").out


def test_help_of_what_there_is_not(berth: Berth) -> None:
    answer = berth("help", "nonsense")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


@pytest.mark.parametrize("arguments", [["--nonsense"], ["-Z"], ["--color"], ["--replay"], ["lss"], ["finde"]])
def test_a_slip_gets_one_line_that_says_what_to_type(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert "try" in answer.err
