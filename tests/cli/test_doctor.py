# SPDX-License-Identifier: MIT
"""berth doctor --self: which ways to look for owners were used, and why others were not."""

import socket
from collections.abc import Callable

import pytest
from support import UNKNOWN, USAGE, YES, Answer

RUNGS = ["storage", "cgroup", "iterator", "loaded", "proc"]


def test_every_rung_is_told_with_its_use_or_the_reason(berth: Callable[..., Answer]) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        said = berth("doctor", "--self", "--json").json()
    for question in ("port", "list"):
        assert [use["rung"] for use in said[question]] == RUNGS
        assert all(use["used"] == (use["why_not"] is None) for use in said[question])
        assert any(use["used"] for use in said[question])
    assert all(use["found"] <= use["asked"] for question in ("port", "list") for use in said[question])


def test_the_table_has_a_line_for_each_rung(berth: Callable[..., Answer]) -> None:
    answer = berth("doctor", "--self")
    assert answer.code == YES
    assert all(rung in answer.out for rung in RUNGS)


@pytest.mark.parametrize("arguments", [["doctor"], ["doctor", "--self", "80"]])
def test_there_is_only_self_so_far(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert (answer.code, answer.out) == (USAGE, "")
    assert "berth doctor --self" in answer.err


@pytest.mark.parametrize("arguments", [["--rung", "ladder", "80"], ["ls", "--rung", "ladder"], ["--rung", "proc,", "80"]])
def test_an_unknown_rung_is_refused_with_those_that_there_are(
        berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert (answer.code, answer.out) == (USAGE, "")
    assert all(rung in answer.err for rung in RUNGS)


def test_only_the_rung_that_was_named_is_used(berth: Callable[..., Answer]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        rows = berth(port, "--json", "--rung", "proc").json()["sockets"]
        assert rows and not any(row["owners_partial"] for row in rows)


def test_a_rung_that_is_not_possible_is_an_error_that_says_why(berth: Callable[..., Answer]) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        answer = berth("ls", "--rung", "cgroup")
        assert answer.code == UNKNOWN
        assert answer.err.strip() == (
            "berth: owners could not be looked for (cgroup: the question is not about one port)")
        assert berth("ls", "-o", "PORT", "--rung", "cgroup").code == YES
