# SPDX-License-Identifier: MIT
"""Every command has a manual page, a test file and an entry in the help; the pages are sound mdoc.

Examples in pages run in test_examples.py.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import ROOT, Answer

PAGES = sorted((ROOT / "man").glob("*.[1-8]"))
COMMAND_STRUCT = re.compile(r'^const struct command cmd_(\w+) = \{\n\t\.name = "([\w-]+)",', re.M)


def commands() -> set[str]:
    names = set()
    for source in (ROOT / "src" / "cli").glob("cmd_*.c"):
        found = COMMAND_STRUCT.findall(source.read_text(encoding="utf-8"))
        assert [name for name, _ in found] == [source.stem.removeprefix("cmd_")], source
        names |= {name for _, name in found}
    assert names
    return names


def lint(page: Path) -> str:
    """What mandoc complains of. The operating-system lines of Debian are no concern of ours."""
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", page], capture_output=True,
                          text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    return "\n".join(line for line in lines if "referenced manual not found" not in line
                     and "lower case character in document title" not in line
                     and "Mdocdate" not in line and "RCS id" not in line)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_sound(page: Path) -> None:
    assert lint(page) == ""


def test_there_are_pages() -> None:
    assert ROOT / "man" / "berth.1" in PAGES


def test_an_unsound_page_is_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.1"
    bad.write_text(".Dd January 1, 2026\n.Dt BAD 1\n.Os\n.Sh NAME\n.Nm bad\n.Nosuch thing\n",
                   encoding="utf-8")
    assert "unknown macro" in lint(bad) or "macro" in lint(bad)


@pytest.mark.parametrize("command", sorted(commands()))
def test_a_command_has_page_test_and_help(command: str, berth: Callable[..., Answer]) -> None:
    page = ROOT / "man" / f"berth-{command}.1"
    assert page.is_file(), f"no man/berth-{command}.1"
    text = page.read_text(encoding="utf-8")
    assert ".Sh EXIT STATUS" in text and ".Sh EXAMPLES" in text
    test = f"test_{command.replace('-', '_')}.py"
    assert (ROOT / "tests" / "cli" / test).is_file(), f"no tests/cli/{test}"
    answer = berth(command, "--help")
    assert answer.code == 0 and answer.out
    assert command == "port" or f"berth {command}" in berth("help").out


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".1"],
                         ids=lambda page: page.name)
def test_a_page_names_every_option_of_its_command(page: Path, berth: Callable[..., Answer]) -> None:
    """Options that all commands take are explained in berth(1)."""
    command = page.stem.removeprefix("berth-")
    text = re.sub(r"\\", "", page.read_text(encoding="utf-8"))
    if command == "berth":
        options = berth("help").out.partition("Options of every command")[2]
    else:
        assert command in commands(), f"{page.name} is not the page of a command"
        answer = berth("help", command).out
        options = answer.partition("\nOptions\n")[2].partition("Options of every command")[0]
    for option in re.findall(r"--([a-z][a-z0-9-]+)", options):
        assert re.search(rf"-{option}\b", text), f"{page.name} does not explain --{option}"
