# SPDX-License-Identifier: MIT
"""Exit codes mean the same for all commands: 0 yes or done, 1 no, 2 usage, 3 could not find out.

One row for each code that a command can end with; the table is complete, and the manual pages say so.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, NO, RECORDINGS, ROOT, TIMEOUT, UNKNOWN, USAGE, YES, Answer

Berth = Callable[..., Answer]
TOWN = ["--replay", str(RECORDINGS / "town")]
BROKEN = ["--replay", "BROKEN"]  # a recording whose TCP answer is cut
SOUND = str(ROOT / "data" / "iana" / "service-names-port-numbers.csv")
OLD = str(ROOT / "tests" / "data" / "service-names-port-numbers-2020-12-16.csv")

CASES: list[tuple[str, int, list[str]]] = [
    ("port", YES, [*TOWN, "5432"]),
    ("port", YES, [*TOWN, "port", "5432"]),
    ("port", YES, [*TOWN, "1,5432"]),
    ("port", NO, [*TOWN, "1"]),
    ("port", NO, [*TOWN, "0-3"]),
    ("port", NO, [*TOWN, "60587"]),
    ("port", USAGE, [*TOWN, "65536"]),
    ("port", USAGE, ["port"]),
    ("port", USAGE, [*TOWN, "5432", "65536"]),
    ("port", UNKNOWN, [*BROKEN, "1"]),
    ("port", UNKNOWN, ["--replay", "/nonexistent", "1"]),
    ("ls", YES, [*TOWN, "ls"]),
    ("ls", YES, [*TOWN, "ls", "5432"]),
    ("ls", NO, [*TOWN, "ls", "--port", "1"]),
    ("ls", NO, [*TOWN, "ls", "--user", "no-such-user-x"]),
    ("ls", USAGE, [*TOWN, "ls", "--nonsense"]),
    ("ls", UNKNOWN, [*BROKEN, "ls"]),
    ("check", YES, [*TOWN, "check", "2000"]),
    ("check", NO, [*TOWN, "check", "5432"]),
    ("check", USAGE, ["check", "/nonexistent"]),
    ("check", UNKNOWN, [*BROKEN, "check", "2000"]),
    ("run", YES, ["run", "true"]),
    ("run", USAGE, ["run"]),
    ("run", 125, ["--registry", "/nonexistent", "run", "true"]),
    ("run", 126, ["run", "/etc/passwd"]),
    ("run", 127, ["run", "/nonexistent/command"]),
    ("env", YES, ["run", str(BERTH), "env"]),
    ("env", NO, ["env", "-q"]),
    ("env", USAGE, ["env", "x"]),
    ("env", UNKNOWN, [*TOWN, "env"]),
    ("open", YES, ["run", "--name", "web", str(BERTH), "open", "web"]),
    ("open", NO, ["open", "-q", "no-such-lease"]),
    ("open", USAGE, ["open"]),
    ("open", UNKNOWN, [*TOWN, "open", "web"]),
    ("wait", YES, [*TOWN, "wait", "5432"]),
    ("wait", YES, [*TOWN, "wait", "--free", "1"]),
    ("wait", USAGE, ["wait"]),
    ("wait", UNKNOWN, [*BROKEN, "wait", "1"]),
    ("wait", TIMEOUT, [*TOWN, "wait", "1"]),
    ("wait", TIMEOUT, ["wait", "--timeout", "1ms", "1"]),
    ("kill", YES, [*TOWN, "kill", "--dry-run", "5432"]),
    ("kill", NO, [*TOWN, "kill", "--dry-run", "1"]),
    ("kill", USAGE, ["kill"]),
    ("kill", USAGE, ["kill", "-s", "NONSENSE", "1"]),
    ("kill", UNKNOWN, [*TOWN, "kill", "5432"]),
    ("kill", UNKNOWN, [*TOWN, "kill", "--dry-run", "4789/udp"]),
    ("mcp", YES, ["mcp"]),
    ("mcp", USAGE, ["mcp", "x"]),
    ("mcp", UNKNOWN, ["--replay", "/nonexistent", "mcp"]),
    ("find", YES, ["find", "ssh"]),
    ("find", NO, ["find", "qqqqqqqqqqqqqqqq"]),
    ("find", USAGE, ["find"]),
    ("find", UNKNOWN, ["--registry", "/nonexistent", "find", "ssh"]),
    ("page", YES, [*TOWN, "page", "5432"]),
    ("page", YES, [*TOWN, "page", "60587"]),
    ("page", USAGE, ["page", "80-81"]),
    ("page", UNKNOWN, [*BROKEN, "page", "1"]),
    ("map", YES, [*TOWN, "map"]),
    ("map", USAGE, ["map", "80"]),
    ("map", UNKNOWN, [*BROKEN, "map"]),
    ("site", YES, ["site", "NEW"]),
    ("site", USAGE, ["site"]),
    ("site", UNKNOWN, ["site", "/proc/none/new"]),
    ("ephemeral", YES, [*TOWN, "ephemeral"]),
    ("ephemeral", YES, ["ephemeral"]),
    ("ephemeral", USAGE, ["ephemeral", "80"]),
    ("ephemeral", UNKNOWN, [*BROKEN, "ephemeral"]),
    ("reserve", YES, ["reserve", "--dry-run", "61001"]),
    ("reserve", USAGE, ["reserve"]),
    ("reserve", UNKNOWN, [*TOWN, "reserve", "61001"]),
    ("registry", YES, ["registry"]),
    ("registry", YES, ["registry", "import", OLD]),
    ("registry", YES, ["registry", "diff", OLD, SOUND]),
    ("registry", YES, ["registry", "diff", SOUND, SOUND]),
    ("registry", USAGE, ["registry", "export"]),
    ("registry", UNKNOWN, ["registry", "import", "/nonexistent"]),
    ("record", YES, [*TOWN, "record", "NEW"]),
    ("record", USAGE, ["record"]),
    ("record", UNKNOWN, [*TOWN, "record", "/proc/none/new"]),
    ("completion", YES, ["completion", "bash"]),
    ("completion", YES, ["completion", "words", "ls"]),
    ("completion", USAGE, ["completion", "csh"]),
    ("completion", UNKNOWN, ["completion", "bash"]),
    ("help", YES, ["help"]),
    ("help", YES, ["help", "ls"]),
    ("help", YES, ["ls", "--help"]),
    ("help", USAGE, ["help", "nonsense"]),
    ("help", UNKNOWN, ["help"]),
    ("version", YES, ["version"]),
    ("version", USAGE, ["version", "x"]),
    ("version", UNKNOWN, ["version"]),
]


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    copy = tmp_path / "broken"
    shutil.copytree(RECORDINGS / "town", copy, symlinks=True)
    answer = copy / "netlink" / "tcp.bin"
    answer.write_bytes(answer.read_bytes()[:300])
    return copy


@pytest.mark.parametrize(("command", "code", "arguments"), CASES,
                         ids=lambda value: " ".join(value[-3:])[-40:] if isinstance(value, list) else str(value))
def test_the_exit_code_is_the_documented_one(
        berth: Berth, broken: Path, tmp_path: Path, command: str, code: int, arguments: list[str]) -> None:
    words = [{"BROKEN": str(broken), "NEW": str(tmp_path / "new")}.get(word, word) for word in arguments]
    if command in ("completion", "help", "version") and code == UNKNOWN:  # these can only fail to say it
        with open("/dev/full", "wb") as full:
            answer = berth(*words, stdout=full)
    else:
        answer = berth(*words)
    shutil.rmtree(tmp_path / "new", ignore_errors=True)  # pytest keeps folders, and a site is large
    assert answer.code == code, answer.err
    assert (answer.err == "") == (code in (YES, NO, TIMEOUT))


def documented(page: str) -> set[int]:
    section = page.partition(".Sh EXIT STATUS")[2].partition("\n.Sh ")[0]
    return set(map(int, re.findall(r"^\.It (\d+)$", section, re.M)))


@pytest.mark.parametrize("command", sorted({command for command, _, _ in CASES}))
def test_the_manual_names_just_these_codes(command: str) -> None:
    page = (ROOT / "man" / f"berth-{command}.1").read_text(encoding="utf-8")
    assert documented(page) == {code for name, code, _ in CASES if name == command}


def test_the_first_page_names_all_codes() -> None:
    assert documented((ROOT / "man" / "berth.1").read_text(encoding="utf-8")) == {YES, NO, USAGE, UNKNOWN, TIMEOUT}
