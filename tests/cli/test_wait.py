# SPDX-License-Identifier: MIT
"""berth wait: what counts, on recordings, which are looked at once; waiting itself is in tests/live/test_wait.py."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, TIMEOUT, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


@pytest.mark.parametrize(("arguments", "code", "text"), [
    (["5432"], YES, "5432/tcp postgres (pid 30, postgres) listens on 127.0.0.1:5432"),
    (["127.0.0.1:5432"], YES, "5432/tcp postgres"),
    (["127.0.0.2:5432"], TIMEOUT, "5432/tcp not yet: nobody has it"),
    (["127.0.0.2:22"], YES, "22/tcp sshd"),
    (["[::1]:22"], TIMEOUT, "22/tcp not yet: nobody has it"),
    (["postgresql"], YES, "5432/tcp postgres"),
    (["9000"], TIMEOUT, "9000/tcp not yet: harbour (pid 42, games) is bound to it and does not listen"),
    (["5432/udp"], TIMEOUT, "5432/udp not yet"),
    (["53/udp"], YES, "of UDP no more can be known"),
    (["5432", "1"], TIMEOUT, "1/tcp not yet: nobody has it"),
    (["5432,3000"], YES, "3000/tcp node"),
    (["--free", "1"], YES, "1/tcp free"),
    (["--free", "5432"], TIMEOUT, "5432/tcp not yet: postgres (pid 30, postgres) has it"),
    (["--free", "9000"], TIMEOUT, "9000/tcp not yet: harbour"),
    (["--free", "53/tcp", "5432/udp"], None, "5432/udp free"),
    (["--owner", "postgres", "5432"], YES, "postgres"),
    (["--owner", "30", "5432"], YES, "postgres"),
    (["--owner", "nginx", "5432"], TIMEOUT, "postgres (pid 30, postgres) has it, not nginx"),
    (["--free", "--owner", "nginx", "5432"], YES, "has it, not nginx"),
    (["--free", "--owner", "postgres", "5432"], TIMEOUT, "not yet: postgres"),
])
def test_what_counts(berth: Berth, arguments: list[str], code: int | None, text: str) -> None:
    answer = berth(*TOWN, "wait", *arguments)
    assert code is None or answer.code == code, answer.out + answer.err
    assert text in answer.out
    assert answer.err == ""
    said = berth(*TOWN, "wait", "--json", *arguments).json()
    assert said["done"] == (answer.code == YES) == all(port["done"] for port in said["ports"])
    assert said["until"] == ("free" if "--free" in arguments else "listening")


def test_a_range_is_all_its_ports(berth: Berth) -> None:
    said = berth(*TOWN, "wait", "--free", "--json", "5430-5433").json()
    assert [port["port"] for port in said["ports"]] == [5430, 5431, 5432, 5433]
    assert [port["done"] for port in said["ports"]] == [True, True, False, True]


def test_quiet_says_nothing(berth: Berth) -> None:
    answer = berth(*TOWN, "wait", "-q", "5432")
    assert (answer.code, answer.out, answer.err) == (YES, "", "")


@pytest.mark.parametrize("arguments", [
    [], ["70000"], ["0-65535"], ["--timeout", "soon", "80"], ["--timeout", "-1", "80"], ["--timeout", "", "80"],
    ["--timeout", "5x", "80"], ["--timeout", "1.", "80"], ["--timeout", "99999999999", "80"], ["--nonsense", "80"],
    ["no-such-service-x"],
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*TOWN, "wait", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_what_could_not_be_read_is_not_free(berth: Berth, tmp_path: Path) -> None:
    shutil.copytree(RECORDINGS / "town", tmp_path / "town", symlinks=True)
    tables = tmp_path / "town" / "netlink" / "tcp.bin"
    tables.write_bytes(tables.read_bytes()[:100])
    answer = berth("--replay", str(tmp_path / "town"), "wait", "--free", "1")
    assert answer.code == UNKNOWN
    assert "not be complete" in answer.err


def test_a_time_can_be_written_in_many_ways(berth: Berth) -> None:
    for time in ("0", "0s", "1ms", "0.01s", "0.0001m"):
        assert berth("wait", "--timeout", time, "1").code == TIMEOUT
