# SPDX-License-Identifier: MIT
"""berth why: questions, parts of the answer, exit codes; on recordings. The kernel is asked in tests/live/test_why.py."""

from collections.abc import Callable

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


def test_a_listener_is_named_with_its_cure(berth: Berth) -> None:
    answer = berth(*TOWN, "why", "3000")
    assert answer.code == NO, answer.err
    verdict, *rest = answer.out.strip().splitlines()
    assert verdict.startswith("Verdict    A bind to [::]:3000/tcp would fail with EADDRINUSE: ")
    assert any("node (pid 40" in line for line in [verdict, *rest])
    assert any(line.startswith("Cures ") for line in rest)


def test_the_json_has_request_verdict_causes_and_cures(berth: Berth) -> None:
    said = berth(*TOWN, "why", "--json", "--listen", "127.0.0.1:3000").json()
    assert said["request"]["place"] == "127.0.0.1:3000/tcp"
    assert said["request"]["listen"] is True and said["request"]["both_families"] is False
    assert (said["verdict"], said["errno"]) == ("fails", "EADDRINUSE")
    for cause in said["causes"]:
        assert cause["kind"] == "listener" and cause["owners"] == cause["socket"]["owners"]
    assert said["tried"] is None


def test_a_free_port_succeeds_and_tells_what_is_not_seen(berth: Berth) -> None:
    answer = berth(*TOWN, "why", "127.0.0.1:59999")
    assert answer.code in (YES, UNKNOWN), answer.err
    said = berth(*TOWN, "why", "--json", "127.0.0.1:59999").json()
    assert said["causes"] == [] and said["cures"] == []


@pytest.mark.parametrize(("words", "hint"), [
    ([], "try berth why 8080"), (["80", "81"], "try berth why 8080"), (["80-90"], "one port"), (["0"], "0"),
    (["--uid", "no-such-user-here", "80"], "no user"), (["--pid", "x", "80"], "no process id"),
    (["--errno", "EFOO", "80"], "EADDRINUSE"), (["--errno", "EADDRINUSE"], "try berth why 8080"),
    (["8080/mptcp"], "tcp"), (["--interface", "no-such-if0", "80"], "no-such-if0"),
])
def test_bad_questions_get_one_clear_line(berth: Berth, words: list[str], hint: str) -> None:
    answer = berth("why", *words)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert hint in answer.err


def test_a_recording_cannot_be_tried(berth: Berth) -> None:
    answer = berth(*TOWN, "why", "--try", "3000")
    assert answer.code == UNKNOWN
    assert "could not be tried" in answer.err
