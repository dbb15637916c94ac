# SPDX-License-Identifier: MIT
"""README.md shows what the program prints now, leads to files that are there, and names the test command."""

import re
import subprocess
from pathlib import Path

import pytest
from support import BERTH, ROOT

README = ROOT / "README.md"


def check(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ROOT / "tools" / "readme", "--check", "--berth", BERTH, file],
                          capture_output=True, text=True, check=False)


def test_the_readme_shows_what_the_program_prints_now() -> None:
    done = check(README)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("now", "stale"), [("Verdict ", "Opinion "), ("60587 tcp ", "60588 tcp ")])
def test_a_stale_readme_is_found(tmp_path: Path, now: str, stale: str) -> None:
    text = README.read_text(encoding="utf-8")
    assert now in text
    (tmp_path / "README.md").write_text(text.replace(now, stale), encoding="utf-8")
    done = check(tmp_path / "README.md")
    assert (done.returncode, done.stderr) == (1, "")
    assert "is stale" in done.stdout


@pytest.mark.parametrize("file", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]),
                         ids=lambda file: file.name)
def test_links_lead_to_files_that_are_there(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text(encoding="utf-8")):
        assert (file.parent / target).exists(), f"{file.name} leads to {target}"


def test_the_readme_begins_with_two_commands_and_is_no_book() -> None:
    text = README.read_text(encoding="utf-8")
    assert "script/berth 60587\nscript/test\n" in text
    table = text[text.index("<!-- bench:begin -->"):text.index("<!-- bench:end -->")]  # as long as it is
    assert len(text.splitlines()) - len(table.splitlines()) <= 200
