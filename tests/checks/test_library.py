# SPDX-License-Identifier: MIT
"""The library as others get it: installed, found by pkg-config, used from C and C++.

docs/examples are compiled against a staged installation, with the shared and the static library, and run.
"""

import json
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support import BUILD, ROOT, environment, validated

EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.c"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")
# Structs that share their name with a function are written with `struct`, as struct stat is.
CPLUSPLUS = """
#include <berth.h>
#include <cstring>

int main()
{
	berth *handle = nullptr;
	struct berth_lookup found;

	if (berth_open(nullptr, &handle) < 0)
		return 1;
	berth_lookup(handle, 443, &found);
	berth_close(handle);
	return found.state[BERTH_TCP] == BERTH_ASSIGNED && std::strlen(berth_version()) ? 0 : 1;
}
"""


@dataclass(frozen=True)
class Stage:
    """An installation below a folder, and what pkg-config says of it."""
    folder: Path

    def find(self, pattern: str) -> Path:
        [found] = self.folder.rglob(pattern)
        return found

    def flags(self, *options: str) -> list[str]:
        variables = {**os.environ, "PKG_CONFIG_LIBDIR": str(self.find("libberth.pc").parent),
                     "PKG_CONFIG_SYSROOT_DIR": str(self.folder)}
        done = subprocess.run(["pkg-config", *options, "libberth"], env=variables, check=True,
                              capture_output=True, text=True)
        return shlex.split(done.stdout)

    def compile(self, source: Path, program: Path, static: bool, *command: str) -> None:
        libraries = self.flags("--libs", *["--static"] * static)
        if static:  # libmnl has no static form in Debian, so -static would ask for too much
            libraries = ["-l:libberth.a" if flag == "-lberth" else flag for flag in libraries]
        subprocess.run([*command, *WARNINGS, *self.flags("--cflags"), "-o", program, source, *libraries],
                       check=True)

    def run(self, program: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        libraries = {"LD_LIBRARY_PATH": str(self.find("libberth.so").parent)}
        done = subprocess.run([program, *arguments], env=environment(self.folder, **libraries),
                              check=False, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    folder = tmp_path_factory.mktemp("stage")
    subprocess.run(["meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", folder],
                   check=True)
    return Stage(folder)


@pytest.fixture(scope="module", params=["shared", "static"])
def programs(request: pytest.FixtureRequest, stage: Stage,
             tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    made = {source.stem: folder / source.stem for source in EXAMPLES}
    for source in EXAMPLES:
        stage.compile(source, made[source.stem], request.param == "static", "gcc", "-std=c11")
    return made


@pytest.fixture
def listener() -> Iterator[int]:
    """The port of a socket that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def needs_libberth(program: Path) -> bool:
    done = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True)
    return "libberth.so.0" in done.stdout


def test_there_are_three_examples() -> None:
    assert [source.stem for source in EXAMPLES] == ["listeners", "lookup", "report"]


def test_what_is_a_port(stage: Stage, programs: dict[str, Path]) -> None:
    assert needs_libberth(programs["lookup"]) == ("shared" in str(programs["lookup"].parent))
    said = stage.run(programs["lookup"], "5432").stdout
    assert said.startswith("assigned for TCP\n")
    assert "assigned: postgresql, PostgreSQL Database\n" in said
    assert "claimed: PostgreSQL server, one of 1 ports\n" in said
    assert re.search(r"claimed: Xsan.*one of 16384 ports", stage.run(programs["lookup"], "60587").stdout)


def test_who_listens(stage: Stage, programs: dict[str, Path], listener: int) -> None:
    lines = stage.run(programs["listeners"]).stdout.splitlines()
    mine = lines.index(f"tcp 127.0.0.1:{listener}")
    assert f", pid {os.getpid()}, " in lines[mine + 1]


def test_a_report_is_the_json_of_the_program(stage: Stage, programs: dict[str, Path], listener: int) -> None:
    [line] = stage.run(programs["report"], str(listener)).stdout.splitlines()
    report = validated(json.loads(line))
    assert report["port"] == listener
    assert [owner["pid"] for row in report["sockets"] for owner in row["owners"]] == [os.getpid()]
    assert len(stage.run(programs["report"], "3000-3002,80").stdout.splitlines()) == 4


def test_an_example_fails_in_words(programs: dict[str, Path], stage: Stage) -> None:
    done = stage.run(programs["report"], "70000", code=1)
    assert done.stdout == ""
    assert done.stderr.startswith("report: ")


@pytest.mark.parametrize("static", [False, True], ids=["shared", "static"])
def test_the_header_serves_cplusplus(stage: Stage, tmp_path: Path, static: bool) -> None:
    source = tmp_path / "main.cc"
    source.write_text(CPLUSPLUS, encoding="utf-8")
    stage.compile(source, tmp_path / "main", static, "g++", "-std=c++11")
    stage.run(tmp_path / "main")


def test_everything_is_installed(stage: Stage) -> None:
    assert stage.run(stage.find("bin") / "berth", "version").stdout.startswith("berth ")
    assert [header.name for header in stage.find("include").iterdir()] == ["berth.h"]
    for name in ("bash-completion/completions/berth", "zsh/site-functions/_berth",
                 "fish/vendor_completions.d/berth.fish"):
        assert (stage.find("share") / name).is_file()
    pages = {page.name for page in stage.find("share").rglob("*.1")}
    assert pages == {page.name for page in (ROOT / "man").glob("*.1")}
