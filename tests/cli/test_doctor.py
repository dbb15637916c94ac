# SPDX-License-Identifier: MIT
"""berth doctor: its questions, and what it finds in a recording; --self: which ways to look for owners were used."""

import json
import socket
from collections.abc import Callable

import pytest
from support import NO, RECORDINGS, ROOT, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

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


@pytest.mark.parametrize("arguments", [
    ["doctor", "80"], ["doctor", "--self", "80"], ["doctor", "--self", "--only", "split"], ["doctor", "--only", "nothing"],
    ["doctor", "--ignore", "split,"], ["doctor", "--restart-gap", "0"], ["doctor", "--restart-gap", "nan"],
    ["doctor", "--restart-gap", "1s"], ["doctor", "--only", "split", "--ignore", "split"]])
def test_bad_questions_are_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_findings_of_a_recording(berth: Callable[..., Answer]) -> None:
    """One server of it is in the ephemeral range; nothing was closed, so that the chance is next to nothing."""
    answer = berth("--replay", str(RECORDINGS / "town"), "doctor", "--json", "--only", "ephemeral-port")
    [found] = answer.json()["findings"]
    assert answer.code == NO
    assert (found["port"], found["level"]) == (57500, "note")
    assert 0 <= found["probability"] < 0.001
    text = berth("--replay", str(RECORDINGS / "town"), "doctor").out
    assert "[ephemeral-port]" in text and "command: berth reserve 57500" in text


def test_the_manual_tells_every_kind(berth: Callable[..., Answer]) -> None:
    manual = (ROOT / "man" / "berth-doctor.1").read_text(encoding="utf-8")
    kinds = berth("doctor", "--only", "?").err.rpartition("there are ")[2].strip().split(", ")
    assert kinds == json.loads((ROOT / "docs" / "schema" / "berth-doctor-1.json").read_text(encoding="utf-8"))[
        "properties"]["findings"]["items"]["properties"]["id"]["enum"]
    assert all(f".It {kind}\n" in manual for kind in kinds)


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
