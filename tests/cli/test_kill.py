# SPDX-License-Identifier: MIT
"""berth kill: whom it means, on recordings, where only a dry run is possible; the act is in tests/live/test_kill.py."""

from collections.abc import Callable

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize(("arguments", "text"), [
    (["5432"], "127.0.0.1:5432/tcp would send SIGTERM to postgres (pid 30, postgres)"),
    (["127.0.0.1:5432"], "postgres"),
    (["postgresql"], "postgres"),
    (["127.0.0.2:22"], "0.0.0.0:22/tcp would send SIGTERM to sshd"),
    (["-s", "int", "5432"], "would send SIGINT to postgres"),
    (["-s", "SIGKILL", "5432"], "would send SIGKILL to postgres"),
    (["-s", "1", "5432"], "would send SIGHUP to postgres"),
    (["53/udp"], "127.0.0.1:53/udp would send SIGTERM to dnsmasq"),
])
def test_a_dry_run_says_whom_it_means(berth: Berth, arguments: list[str], text: str) -> None:
    answer = berth(*TOWN, "kill", "--dry-run", *arguments)
    assert (answer.code, answer.err) == (YES, "")
    assert text in answer.out
    said = berth(*TOWN, "kill", "--dry-run", "--json", *arguments).json()
    assert said["dry_run"] and said["listened"] and said["ended"]
    assert [step["outcome"] for step in said["steps"]] == ["planned"] * len(said["steps"])
    assert text.removeprefix(answer.out.split(" ")[0] + " ") in said["steps"][0]["text"]


def test_several_ports_are_several_steps_and_a_process_is_one(berth: Berth) -> None:
    said = berth(*TOWN, "kill", "-n", "--json", "3000-3010", "22", "2222").json()
    pids = [step["process"]["pid"] for step in said["steps"]]
    assert len(pids) == len(set(pids)) > 1


@pytest.mark.parametrize(("port", "text"), [
    ("1", "nobody listens\n"), ("5432/udp", "nobody listens"), ("127.0.0.2:5432", "nobody listens"),
    ("9000", "nobody listens: harbour (pid 42, games) has it, bound and not listening"),
])
def test_who_does_not_listen_is_not_meant(berth: Berth, port: str, text: str) -> None:
    answer = berth(*TOWN, "kill", "--dry-run", port)
    assert (answer.code, answer.err) == (NO, "")
    assert text in answer.out


def test_what_cannot_be_ended_is_said_with_its_reason(berth: Berth) -> None:
    answer = berth(*TOWN, "kill", "--dry-run", "4789/udp")
    assert answer.code == UNKNOWN
    assert "left alone" in answer.out and "could not be ended" in answer.err
    guest = berth("--replay", str(RECORDINGS / "guest"), "kill", "--dry-run", "22")
    assert guest.code == UNKNOWN
    assert "needs CAP_SYS_PTRACE" in guest.out


def test_a_recording_is_not_acted_on(berth: Berth) -> None:
    answer = berth(*TOWN, "kill", "5432")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


@pytest.mark.parametrize("arguments", [
    [], ["70000"], ["-s", "NOPE", "80"], ["-s", "0", "80"], ["-s", "9999", "80"], ["--grace", "soon", "80"],
    ["--nonsense", "80"], ["no-such-service-x"],
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*TOWN, "kill", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
