# SPDX-License-Identifier: MIT
"""Names that processes chose to harm a reader reach no terminal, and JSON stays JSON."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import hostile
import pytest
from support import YES, Answer, run_berth
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
KINDS = sorted(hostile.NAMES)


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("hostile.py") as made:
        yield made


def assert_harmless(answer: Answer) -> None:
    """No control character but line feeds, nothing that turns text around, all of it UTF-8."""
    text = answer.bytes_out.decode("utf-8", "strict")
    for character in text + answer.err:
        kind = unicodedata.category(character)
        assert character == "\n" or kind not in ("Cc", "Cf", "Cs", "Co", "Cn"), repr(character)


@pytest.mark.parametrize("kind", KINDS)
def test_card_and_list_show_nothing_that_a_terminal_acts_on(
        there: World, tmp_path: Path, kind: str) -> None:
    port = str(there.said[kind])
    for arguments in ([port], ["-v", port], ["ls"], ["ls", "-av", "--port", port]):
        answer = run_berth(tmp_path, *arguments, before=there.enter)
        assert answer.code == YES, answer.err
        assert_harmless(answer)
        assert port in answer.out


@pytest.mark.parametrize("kind", KINDS)
def test_json_is_json_and_names_the_process(there: World, tmp_path: Path, kind: str) -> None:
    port = there.said[kind]
    answer = run_berth(tmp_path, "--json", str(port), before=there.enter)
    [row] = answer.json()["sockets"]
    [owner] = row["owners"]
    assert owner["pid"] > 1 and owner["start_ticks"] > 0
    assert isinstance(owner["name"], str)
    assert owner["command"][1] == "-c"
    assert answer.bytes_out.count(b"\n") == 1 and b"\x1b" not in answer.bytes_out
    if kind in ("quotes", "parenthesis", "blank"):
        assert owner["name"] == hostile.NAMES[kind].decode()


def test_a_line_of_the_list_stays_one_line(there: World, tmp_path: Path) -> None:
    listed = run_berth(tmp_path, "ls", "--no-headings", "-o", "PORT,PROCESS,PID", before=there.enter)
    ports = [int(line.split()[0]) for line in listed.out.splitlines()]
    assert sorted(ports) == sorted(there.said.values())


def test_coloured_output_holds_only_our_own_colours(there: World, tmp_path: Path) -> None:
    answer = run_berth(tmp_path, "--color=always", "ls", before=there.enter)
    rest = answer.out
    for sequence in ("\x1b[0m", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"):
        rest = rest.replace(sequence, "")
    assert "\x1b" not in rest and "\x07" not in rest


def test_a_recording_of_them_replays(there: World, tmp_path: Path) -> None:
    for scrub in ((), ("--scrub",)):
        folder = tmp_path / f"recording{len(scrub)}"
        answer = run_berth(tmp_path, "record", *scrub, str(folder), before=there.enter)
        assert answer.code == YES, answer.err
        replayed = run_berth(tmp_path, "--replay", str(folder), "ls", "-a", "--json")
        ports = {row["local"]["port"] for row in replayed.json()["sockets"]}
        assert ports >= set(there.said.values())
        assert_harmless(run_berth(tmp_path, "--replay", str(folder), "ls", "-av"))
