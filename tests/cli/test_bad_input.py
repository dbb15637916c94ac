# SPDX-License-Identifier: MIT
"""Whatever is typed or lies in a file: one clear line, the documented exit code, nothing on stdout.

What the words of one command alone are is in test_COMMAND.py; damaged recordings are in test_record.py,
claims in test_claims.py, registries in test_registry.py, outputs that cannot be written in test_output.py.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from support import NO, RECORDINGS, ROOT, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))
LONG = "a" * 100_000
NEXT = ("try", "take", "from 0 to 65535", "highest", "too long")  # one of them says what to do


@pytest.mark.parametrize("form", [(), ("--json",), ("--jsonl",)], ids=lambda form: "".join(form) or "text")
@pytest.mark.parametrize("typed", [
    "65536", "-1", "abc/xyz", "", "80-", "3010-3000", LONG, "1" * 100_000, "80/" + LONG, f"[{LONG}]:80",
    "-80-90", "80--90", "80-90-100", "2001:db8::1", "[2001:db8::g]:80", "256.1.1.1:80", "80/tcp/udp",
    "80;ls", "$(id)", "80\t", "\x1b[31m", "80\x1b[2J", "\u202e80", "٨٠", "１", "\r\n",
], ids=lambda typed: ascii(typed[:12]))
def test_what_is_no_port(berth: Berth, form: tuple[str, ...], typed: str) -> None:
    answer = berth(*TOWN, *form, typed)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert any(word in answer.err for word in NEXT), answer.err


@pytest.mark.parametrize("typed", ["65536", "-1", "abc/xyz", "", "80-", "3010-3000", LONG],
                         ids=lambda typed: typed[:12])
def test_list_and_filter_take_the_same_words_for_ports(berth: Berth, typed: str) -> None:
    for arguments in (["ls", "--port", typed], ["ls", "--", typed], ["port", "--", typed]):
        answer = berth(*TOWN, *arguments)
        assert answer.code == USAGE, arguments
        assert_one_clear_line(answer)


@pytest.mark.parametrize("arguments", [
    ["--nonsense"], ["--nonsense=1"], ["-Z"], ["-tZ", "80"], ["--json=1", "80"], ["--replay"], ["--registry"],
    ["--replay=", "80"], ["--registry", "", "80"], ["--color=", "80"], ["--color=blue", "80"], ["--" + LONG],
    ["-" + LONG], [LONG], ["help", LONG], ["help", ""], ["help", "ls", "find"], ["version", "x"],
    ["find"], ["find", ""], ["find", "ssh", ""], ["find", "--limit=-1", "x"], ["ls", "--user", ""],
    ["ls", "--process="], ["ls", "--state", ","], ["ls", "-o", "PORT,,PID"], ["ls", "-o", ",".join(["PORT"] * 40)],
    ["registry", LONG], ["registry", "import", ""], ["registry", "diff", "", ""], ["record", ""],
    ["completion", ""], ["completion", LONG], ["completion", "words", LONG], ["\x1b]0;owned\x07"],
    ["ls", "--\x1b[31m"], ["registry", "\x1b[31m"], ["help", "\x1b[31m"], ["--color=\x1b[31m", "80"],
    ["--json", "--help", "--nonsense"],
], ids=lambda arguments: ascii(" ".join(arguments)[:30]))
def test_what_is_no_command_line(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE, answer.out
    assert_one_clear_line(answer)
    assert "try" in answer.err


def unreadable(folder: Path) -> dict[str, Path]:
    """Files that are no registry, by kind."""
    kinds = {kind: folder / kind for kind in ("missing", "folder", "empty", "garbage", "text", "fifo", "csv")}
    kinds["folder"].mkdir()
    kinds["empty"].write_bytes(b"")
    kinds["garbage"].write_bytes(random.Random(1).randbytes(1 << 20))
    kinds["text"].write_text("\x1b[31m\n" * 100, encoding="utf-8")
    os.mkfifo(kinds["fifo"])
    kinds["csv"].symlink_to(ROOT / "data" / "iana" / "service-names-port-numbers.csv")
    return {**kinds, "device": Path("/dev/zero"), "null": Path("/dev/null"), "memory": Path("/proc/self/mem"),
            "loop": Path("/proc/self/fd/999"), "long": folder / LONG}


KINDS = sorted(["missing", "folder", "empty", "garbage", "text", "fifo", "csv", "device", "null", "memory",
                "loop", "long"])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_registry_image(berth: Berth, tmp_path: Path, kind: str) -> None:
    path = unreadable(tmp_path)[kind]
    for arguments in (["80"], ["--json", "80"], ["registry"], ["find", "ssh"]):
        answer = berth("--registry", str(path), *arguments, timeout=10)
        assert answer.code == UNKNOWN, arguments
        assert_one_clear_line(answer)
        assert "registry import" in answer.err


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"csv"}))
def test_what_is_no_registry_to_import_or_compare(berth: Berth, tmp_path: Path, kind: str) -> None:
    path = str(unreadable(tmp_path)[kind])
    sound = str(ROOT / "data" / "iana" / "service-names-port-numbers.csv")
    for arguments in (["import", path], ["diff", path, sound], ["diff", sound, path]):
        answer = berth("registry", *arguments, timeout=10)
        assert answer.code == UNKNOWN, arguments
        assert_one_clear_line(answer)
        assert "Invalid argument" not in answer.err
    assert not (tmp_path / ".local").exists()


def test_a_registry_that_cannot_be_replaced_is_told(berth: Berth, tmp_path: Path) -> None:
    sound = str(ROOT / "data" / "iana" / "service-names-port-numbers.csv")
    (tmp_path / "file").write_bytes(b"")
    for image in ("/proc/none/registry.image", str(tmp_path / "file" / "registry.image"), str(tmp_path),
                  "/dev/null/x", f"{tmp_path}/{LONG}"):
        answer = berth("--registry", image, "registry", "import", sound)
        assert answer.code == UNKNOWN, image
        assert_one_clear_line(answer)


@pytest.mark.parametrize("variables", [
    {"HOME": ""}, {"HOME": "relative"}, {"HOME": "/proc/none"}, {"XDG_CONFIG_HOME": "/dev/null"},
    {"XDG_DATA_HOME": "/dev/null"}, {"COLUMNS": "-1"}, {"COLUMNS": "99999999999999"}, {"COLUMNS": "0"},
    {"LC_ALL": "nonsense"}, {"LANG": "\x1b[31m", "LC_ALL": ""}, {"TERM": "\x1b[31m"}, {"TZ": ":/dev/zero"},
    {"TZ": "\x1b[31m"}, {"HOME": "/" + LONG}, {"BERTH_PAGER": "exit 3"},
], ids=lambda variables: ascii(str(variables)[:40]))
def test_a_strange_environment_does_no_harm(berth: Berth, variables: dict[str, str]) -> None:
    answer = berth(*TOWN, "5432", variables=variables)
    assert answer.code == YES
    assert answer.err == "" and "\x1b" not in answer.out
    live = berth("--json", "60587", variables=variables)
    assert live.code in (YES, NO, UNKNOWN)
    live.json()


def test_an_empty_environment_does_no_harm(berth: Berth) -> None:
    answer = berth(*TOWN, "--json", "5432", before=("env", "-i"))
    assert answer.code == YES
    answer.json()


ALPHABET = [b"80", b"-", b",", b"/", b":", b"[", b"]", b"tcp", b"::1", b"127.0.0.1", b"65535", b"65536", b"http",
            b" ", b"\x1b[31m", b"\xff", b"%s", b"=", b"--", b"ls", b"find", b"registry", b"--json", b"--jsonl",
            b"-a", b"--port", b"-o", b"PID", b"help", b"--help", b"version", b"words", b"completion", b"\n"]


def test_words_thrown_together_keep_the_rules(berth: Berth) -> None:
    """A hundred and fifty command lines out of pieces, the same ones in each run."""
    chance = random.Random(60587)
    for _ in range(150):
        words = [b"".join(chance.choices(ALPHABET, k=chance.randint(1, 4))) if chance.random() < 0.5
                 else chance.choice(ALPHABET) for _ in range(chance.randint(1, 5))]
        answer = berth(*TOWN, *words)
        assert answer.code in (YES, NO, USAGE, UNKNOWN), words
        assert "\x1b" not in answer.out and "\x1b" not in answer.err, words
        if answer.code == USAGE:
            assert_one_clear_line(answer)
