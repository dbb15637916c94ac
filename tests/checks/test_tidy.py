# SPDX-License-Identifier: MIT
"""tools/check-tidy finds what the configuration forbids, and looks again only at what changed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ROOT

CLEAN = "int same(int value);\nint same(int value)\n{\n\treturn value;\n}\n"
BAD = "#include <string.h>\nint bad(const char *a);\nint bad(const char *a)\n{\n\treturn !strcmp(a, \"x\") ? 1 : 1;\n}\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project with the tool and the configuration of ours, and one source."""
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "check-tidy", tmp_path / "tools")
    shutil.copy(ROOT / ".clang-tidy", tmp_path)
    (tmp_path / "src").mkdir()
    (tmp_path / "build").mkdir()
    (tmp_path / "src" / "one.c").write_text(CLEAN, encoding="utf-8")
    (tmp_path / "build" / "compile_commands.json").write_text(json.dumps([{
        "directory": str(tmp_path / "build"), "file": "../src/one.c",
        "command": "clang -c ../src/one.c"}]), encoding="utf-8")
    return tmp_path


def check(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([project / "tools" / "check-tidy", project / "build"],
                          capture_output=True, text=True, check=False)


def test_a_clean_source_passes_and_is_remembered(project: Path) -> None:
    done = check(project)
    assert (done.returncode, done.stdout) == (0, "clang-tidy: 1 passed, 0 failed\n")
    marks = list((project / "build" / "tidy-clean").iterdir())
    assert len(marks) == 1
    check(project)
    assert list((project / "build" / "tidy-clean").iterdir()) == marks


def test_a_finding_fails_and_is_not_remembered(project: Path) -> None:
    check(project)
    (project / "src" / "one.c").write_text(BAD, encoding="utf-8")
    for _ in range(2):
        done = check(project)
        assert done.returncode == 1
        assert "src/one.c:" in done.stdout and "0 passed, 1 failed" in done.stdout


def test_a_changed_header_makes_it_look_again(project: Path) -> None:
    check(project)
    before = list((project / "build" / "tidy-clean").iterdir())
    (project / "src" / "new.h").write_text("", encoding="utf-8")
    check(project)
    assert list((project / "build" / "tidy-clean").iterdir()) != before
