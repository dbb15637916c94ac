# SPDX-License-Identifier: MIT
"""The scripts: what script/berth does with its build folder, and that no file names this machine."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from support import ROOT, environment

SHELL_SCRIPTS = sorted(
    str(path.relative_to(ROOT)) for folder in ("script", ".ci", "tools")
    for path in (ROOT / folder).iterdir()
    if path.is_file() and (path.suffix == ".sh" or path.read_bytes().startswith(b"#!/bin/sh\n")))


@pytest.mark.parametrize("script", SHELL_SCRIPTS)
def test_a_script_parses_in_the_shell_of_debian(script: str) -> None:
    subprocess.run(["dash", "-n", ROOT / script], check=True)


@pytest.fixture(scope="module")
def clone(public: Path) -> Path:
    """A copy of the sources, as a clone has them, in a folder with a blank in its name."""
    clone = public / "a clone" / "berth"
    shutil.copytree(ROOT, clone, symlinks=True,
                    ignore=shutil.ignore_patterns("build", "build-*", ".git", "__pycache__"))
    return clone


def script_berth(clone: Path, *arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([clone / "script" / "berth", *arguments], capture_output=True, text=True,
                          check=False, env=environment(clone), **options)  # type: ignore[call-overload]


def test_it_builds_once_and_stdout_is_the_programs_own(clone: Path, tmp_path: Path) -> None:
    first = script_berth(clone, "version", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith("berth ") and first.stdout.count("\n") == 1
    program = clone / "build" / "release" / "src" / "cli" / "berth"
    built = program.stat().st_mtime_ns
    second = script_berth(clone, "version", cwd="/")
    assert (second.returncode, second.stdout, second.stderr) == (0, first.stdout, "")
    assert program.stat().st_mtime_ns == built


def test_it_builds_again_when_a_source_changed(clone: Path) -> None:
    assert script_berth(clone, "version").returncode == 0
    version = clone / "src" / "cli" / "cmd_version.c"
    text = version.read_text(encoding="utf-8")
    version.write_text(text.replace('"berth %s\\n"', '"changed %s\\n"'), encoding="utf-8")
    try:
        assert script_berth(clone, "version").stdout.startswith("changed ")
    finally:
        version.write_text(text, encoding="utf-8")


def test_it_mends_a_broken_build_folder(clone: Path) -> None:
    build = clone / "build" / "release"
    assert script_berth(clone, "version").returncode == 0
    (build / "build.ninja").write_text("nonsense", encoding="utf-8")
    done = script_berth(clone, "version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("berth ")


def test_it_does_not_trust_a_build_folder_of_another_place(clone: Path) -> None:
    assert script_berth(clone, "version").returncode == 0
    moved = clone.with_name("moved")
    clone.rename(moved)
    try:
        done = script_berth(moved, "version")
        assert done.returncode == 0, done.stderr
        assert (moved / "build" / "release" / "set-up-for").read_text(encoding="utf-8") == f"{moved}\n"
    finally:
        moved.rename(clone)


def test_a_source_that_does_not_compile_shows_the_log(clone: Path) -> None:
    version = clone / "src" / "cli" / "cmd_version.c"
    text = version.read_text(encoding="utf-8")
    version.write_text(text + "nonsense\n", encoding="utf-8")
    try:
        done = script_berth(clone, "version")
        assert (done.returncode, done.stdout) == (3, "")
        assert "cmd_version.c" in done.stderr
        assert done.stderr.endswith("berth: berth could not be built; the log is above\n")
    finally:
        version.write_text(text, encoding="utf-8")


def test_it_runs_through_a_link_and_hands_on_exit_codes_and_path(clone: Path, tmp_path: Path) -> None:
    link = tmp_path / "berth"
    link.symlink_to(clone / "script" / "berth")
    done = subprocess.run([link, "65536"], capture_output=True, text=True, check=False,
                          env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can build as somebody else")
def test_root_builds_as_the_owner_of_the_clone(clone: Path) -> None:
    shutil.rmtree(clone / "build", ignore_errors=True)
    subprocess.run(["chown", "-R", "nobody:nogroup", clone], check=True)
    try:
        done = script_berth(clone, "version")
        assert done.returncode == 0, done.stderr
        assert (clone / "build" / "release" / "build.ninja").owner() == "nobody"
    finally:
        subprocess.run(["chown", "-R", "root:root", clone], check=True)


def test_no_file_names_this_machine() -> None:
    """Paths of a developer's machine have no place in what is committed."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a clone")
    forbidden = [str(ROOT), str(Path.home()) + "/"]
    for name in filter(None, listed.stdout.decode().split("\0")):
        path = ROOT / name
        content = os.readlink(path).encode() if path.is_symlink() else path.read_bytes()
        text = content.decode("utf-8", "replace")
        for word in forbidden:
            assert len(word) < 4 or word not in text, f"{name} names {word}"
