# SPDX-License-Identifier: MIT
"""What script/bench measures with is sound; its numbers are judged by a person and by its targets."""

import importlib.util
import socket
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from support import ROOT


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("bench") / "measure"
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program,
                    ROOT / "tests" / "bench" / "measure.c"], check=True)
    return program


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    file = ROOT / "tests" / "bench" / "bench.py"
    spec = importlib.util.spec_from_file_location("bench_of_berth", file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(program: Path, port: int, rounds: int, *lines: str) -> list[list[str]]:
    done = subprocess.run([program, str(port), str(rounds)], input="".join(f"{line}\n" for line in lines),
                          capture_output=True, text=True, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_each_command_has_a_status_and_a_time_for_each_round(measure: Path) -> None:
    rows = run(measure, free_port(), 3, "free\tnull\t/bin/true", "free\tpipe\t/bin/sh\t-c\tseq 99999; exit 7",
               "free\tnull\t/bin/sleep\t0.05")
    assert [row[0] for row in rows] == ["0", "7", "0"]
    assert all(len(row) == 4 for row in rows)
    assert all(50e6 < int(each) < 5e9 for each in rows[2][1:])


def test_somebody_listens_just_when_it_was_asked_for(measure: Path) -> None:
    port = free_port()
    connect = f"bash\t-c\t: <>/dev/tcp/127.0.0.1/{port}"
    rows = run(measure, port, 2, f"free\tnull\t/bin/{connect}", f"held\tnull\t/bin/{connect}")
    assert [row[0] for row in rows] == ["1", "0"]


def test_what_is_no_command_is_refused(measure: Path) -> None:
    for arguments, line in ((["80"], ""), (["0", "1"], ""), (["80", "0"], ""), (["80", "1"], "free\n")):
        done = subprocess.run([measure, *arguments], input=line, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr


def test_the_table_replaces_what_is_between_the_marks(
        bench: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n", encoding="utf-8")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    bench.write("new\n")
    assert readme.read_text(encoding="utf-8") == "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n"
    readme.write_text("no place\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        bench.write("new\n")


@pytest.mark.parametrize(("value", "text"), [(0.6512, "0.65"), (15.61, "15.6"), (15731.2, "15731")])
def test_three_digits_are_shown(bench: ModuleType, value: float, text: str) -> None:
    assert bench.significant(value) == text
