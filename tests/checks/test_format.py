# SPDX-License-Identifier: MIT
"""tools/check-format holds for the project, and finds and mends a source that is laid out otherwise."""

import subprocess
from pathlib import Path

from support import ROOT

CHECK = ROOT / "tools" / "check-format"


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHECK, *arguments], capture_output=True, text=True, check=False)


def test_the_project_is_laid_out_as_agreed() -> None:
    done = check()
    assert done.returncode == 0, done.stderr


def test_another_layout_is_found_and_mended(tmp_path: Path) -> None:
    (tmp_path / ".clang-format").write_bytes((ROOT / ".clang-format").read_bytes())
    source = tmp_path / "src" / "bad.c"
    source.parent.mkdir()
    source.write_text("int f(void) {\n  return 1;\n}\n", encoding="utf-8")
    assert check(tmp_path).returncode != 0
    assert check("--fix", tmp_path).returncode == 0
    assert check(tmp_path).returncode == 0
    assert source.read_text(encoding="utf-8") == "int f(void)\n{\n\treturn 1;\n}\n"


def test_a_folder_without_sources_is_an_error(tmp_path: Path) -> None:
    assert check(tmp_path).returncode != 0
