# SPDX-License-Identifier: MIT
"""berth answers: hosts, ports and exit codes, on recordings; what the kernel does is in tests/live/test_answers.py."""

import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))


def address(family: int, ifindex: int, prefix: int, packed: bytes) -> bytes:
    """A message RTM_NEWADDR as linux/if_addr.h has it, with IFA_ADDRESS alone."""
    body = struct.pack("=BBBBI", family, prefix, 0x80, 0, ifindex) + struct.pack("=HH", 4 + len(packed), 1) + packed
    return struct.pack("=IHHII", 16 + len(body), 20, 2, 1, 0) + body


DONE = struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


@pytest.fixture
def town(tmp_path: Path) -> tuple[str, str]:
    """The recording with the addresses that its machine had: bytes made after the kernel's headers."""
    folder = tmp_path / "town"
    shutil.copytree(RECORDINGS / "town", folder, symlinks=True)
    (folder / "netlink" / "route").mkdir(exist_ok=True)
    (folder / "netlink" / "route" / "addresses.bin").write_bytes(
        address(2, 1, 8, bytes((127, 0, 0, 1))) + address(2, 1, 32, bytes((192, 0, 2, 10)))
        + address(10, 1, 128, bytes(15) + b"\1") + DONE)
    return "--replay", str(folder)


def answers(berth: Berth, there: tuple[str, str], question: str, code: int = YES) -> dict[str, Any]:
    answer = berth(*there, "answers", "--json", question)
    assert answer.code == code, answer.err
    return dict(answer.json())


def test_each_address_of_localhost_has_a_line(berth: Berth) -> None:
    answer = berth(*TOWN, "answers", "localhost:3000")
    assert answer.code == YES
    lines = answer.out.splitlines()
    assert [line.split(" → ")[0] for line in lines if " → " in line] == ["127.0.0.1:3000", "[::1]:3000"]
    assert "node (pid 40, games)" in lines[0]
    assert "Care:" not in answer.out


@pytest.mark.parametrize("question", ["localhost:3000", ":3000", "*:3000", "3000", "LOCALHOST:3000", "app.localhost:3000",
                                      "localhost:3000/tcp", ":3000/mptcp"])
def test_localhost_has_many_spellings(berth: Berth, question: str) -> None:
    said = answers(berth, TOWN, question)
    assert [each["address"] for each in said["destinations"]] == ["127.0.0.1", "::1"]
    assert said["answered"] is True and said["port"] == 3000


@pytest.mark.parametrize(("question", "via", "name"), [
    ("127.0.0.1:22", "wildcard", "sshd"), ("127.0.0.1:2222", "dual-stack", "sshd"), ("[::1]:2222", "wildcard", "sshd"),
    ("127.0.0.1:postgresql", "direct", "postgres"), ("127.0.0.1:53/udp", "direct", "dnsmasq"),
    ("0.0.0.0:22", "wildcard", "sshd"), ("[::ffff:127.0.0.1]:22", "wildcard", "sshd"),
])
def test_it_says_how_a_connection_comes_to_its_socket(berth: Berth, question: str, via: str, name: str) -> None:
    destination = answers(berth, TOWN, question)["destinations"][0]
    assert (destination["answer"], destination["via"]) == ("socket", via)
    assert destination["answered_by"][0]["owners"][0]["name"] == name
    assert destination["text"].startswith(f"{name} (pid ")


def test_nobody_is_said_in_the_words_of_the_protocol(berth: Berth) -> None:
    said = answers(berth, TOWN, "localhost:22", NO)
    assert [each["answer"] for each in said["destinations"]] == ["socket", "refused"]
    assert "connection refused" in berth(*TOWN, "answers", "[::1]:22").out
    assert "ICMP port unreachable" in berth(*TOWN, "answers", ":1/udp").out
    assert answers(berth, TOWN, "127.0.0.1:9000", NO)["destinations"][0]["answer"] == "refused", "bound, not listening"


def test_addresses_of_a_recording_are_those_of_its_machine(berth: Berth, town: tuple[str, str]) -> None:
    assert answers(berth, town, "192.0.2.10:57500")["destinations"][0]["answered_by"][0]["local"]["port"] == 57500
    assert answers(berth, town, "192.0.2.10:22")["destinations"][0]["via"] == "wildcard"
    other = answers(berth, town, "192.0.2.11:22", NO)
    assert other["destinations"][0]["answer"] == "elsewhere" and other["destinations"][0]["answered_by"] == []
    assert "not this machine" in berth(*town, "answers", "192.0.2.11:22").out


def test_what_a_recording_does_not_know_is_not_known(berth: Berth, town: tuple[str, str]) -> None:
    (Path(town[1]) / "netlink" / "route" / "addresses.bin").unlink()
    said = answers(berth, town, "192.0.2.10:22", UNKNOWN)
    assert said["destinations"][0]["answer"] == "unknown"
    answer = berth(*TOWN, "answers", "example.org:80")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_without_ipv6_an_address_less_does_not_count(berth: Berth, town: tuple[str, str]) -> None:
    (Path(town[1]) / "netlink" / "route" / "addresses.bin").write_bytes(address(2, 1, 8, bytes((127, 0, 0, 1))) + DONE)
    said = answers(berth, town, ":22")
    assert [each["answer"] for each in said["destinations"]] == ["socket", "no-address"]
    assert answers(berth, town, "[::1]:22", NO)["answered"] is False
    assert answers(berth, town, ":1", NO)["answered"] is False


def test_an_answer_with_gaps_is_not_sure(berth: Berth, town: tuple[str, str]) -> None:
    tables = Path(town[1]) / "netlink" / "tcp.bin"
    tables.write_bytes(tables.read_bytes()[:100])
    said = answers(berth, town, "127.0.0.1:5432", UNKNOWN)
    assert said["gaps"] and said["destinations"][0]["answer"] in ("socket", "unknown")


@pytest.mark.parametrize("question", [
    "", ":", "localhost", "localhost:", "localhost:x-y", "localhost:70000", "localhost:80-90", "localhost:0", "::1:80",
    "[::1]", "[::1:80", "[127.0.0.1]:80", "[fe80::1%nowhere]:80", "localhost:80/sctp", "localhost:80/icmp",
    "224.0.0.251:5353/udp", "[ff02::fb]:5353/udp", "localhost:80,81", f"{'a' * 300}:80", "/udp", "localhost:/udp",
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, question: str) -> None:
    answer = berth(*TOWN, "answers", question)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


@pytest.mark.parametrize("arguments", [[], [":80", ":81"], ["--nonsense", ":80"]])
def test_it_takes_one_question(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*TOWN, "answers", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


@pytest.mark.parametrize("question", [b"\xff\xfe:80", b"\x1b[31m:80", b"%s%n:80", b"[" * 100 + b":80", b"a\n:80"])
def test_strange_hosts_do_no_harm(berth: Berth, question: bytes) -> None:
    answer = berth(b"--replay", TOWN[1].encode(), b"answers", question)
    assert answer.code == USAGE
    assert b"\x1b" not in answer.bytes_out and "\x1b" not in answer.err


def test_a_name_that_has_no_address_is_said_so(berth: Berth) -> None:
    answer = berth("answers", "no-such-name.invalid:80")
    assert answer.code in (USAGE, UNKNOWN)  # unknown where no resolver answers
    assert_one_clear_line(answer)
    assert "no-such-name.invalid" in answer.err
