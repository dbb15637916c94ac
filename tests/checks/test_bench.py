# SPDX-License-Identifier: MIT
"""What script/bench measures with is sound; its numbers are judged by a person and by its targets."""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import bench
import bench_world
import pytest
from bench_crowd import Crowds
from bench_table import Command, Target, significant
from support import ROOT
from worlds import needs_namespaces


def compiled(folder: Path, name: str) -> Path:
    subprocess.run(["gcc", "-std=c17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
                    folder / name, ROOT / "tests" / "bench" / f"{name}.c"], check=True)
    return folder / name


@pytest.fixture(scope="module")
def measure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("bench"), "measure")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled(tmp_path_factory.mktemp("bench"), "world")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(program: Path, port: int, rounds: int, *lines: str, budget_ms: int = 0) -> list[list[str]]:
    budget = [str(budget_ms)] if budget_ms else []
    done = subprocess.run([program, str(port), str(rounds), *budget], capture_output=True, text=True,
                          input="".join(f"{line}\n" for line in lines), check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


def test_each_command_has_a_status_and_a_time_for_each_round(measure: Path) -> None:
    rows = run(measure, free_port(), 3, "free\tnull\t/bin/true", "free\tpipe\t/bin/sh\t-c\tseq 99999; exit 7",
               "free\tnull\t/bin/sleep\t0.05")
    assert [row[0] for row in rows] == ["0", "7", "0"]
    assert all(len(row) == 5 for row in rows)
    assert all(50e6 < int(each) < 5e9 for each in rows[2][2:])


def test_the_peak_memory_of_a_command_is_its_own(measure: Path) -> None:
    lots = f"free\tnull\t{sys.executable}\t-c\tx = b'x' * (64 << 20)"
    small, large = (int(row[1]) for row in run(measure, free_port(), 2, "free\tnull\t/bin/true", lots))
    assert small < 16 << 10 and 64 << 10 < large < 256 << 10  # KiB


def test_a_budget_gives_dear_commands_fewer_rounds_but_three(measure: Path) -> None:
    lines = [f"free\tnull\t/bin/sleep\t{seconds}" for seconds in ("0", "0.05", "0.15", "0.5")]
    counts = [len(row) - 2 for row in run(measure, free_port(), 40, *lines, budget_ms=400)]
    assert counts[0] > 8 and 4 <= counts[1] <= 8 and counts[2:] == [3, 1]


def test_somebody_listens_just_when_it_was_asked_for(measure: Path) -> None:
    port = free_port()
    connect = f"bash\t-c\t: <>/dev/tcp/127.0.0.1/{port}"
    rows = run(measure, port, 2, f"free\tnull\t/bin/{connect}", f"held\tnull\t/bin/{connect}")
    assert [row[0] for row in rows] == ["1", "0"]


def test_what_is_no_command_is_refused(measure: Path) -> None:
    for arguments, line in ((["80"], ""), (["0", "1"], ""), (["80", "0"], ""), (["80", "1"], "free\n"),
                            (["80", "1", "0"], ""), (["80", "1", "1", "1"], "")):
        done = subprocess.run([measure, *arguments], input=line, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "") and done.stderr


def test_the_table_replaces_what_is_between_the_marks(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n", encoding="utf-8")
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    bench.write("new\n")
    assert readme.read_text(encoding="utf-8") == "a\n<!-- bench:begin -->\nnew\n<!-- bench:end -->\nb\n"
    readme.write_text("no place\n", encoding="utf-8")
    with pytest.raises(SystemExit):
        bench.write("new\n")


@pytest.mark.parametrize(("value", "text"), [(0.6512, "0.65"), (15.61, "15.6"), (15731.2, "15731")])
def test_three_digits_are_shown(value: float, text: str) -> None:
    assert significant(value) == text


def test_targets_know_both_directions() -> None:
    assert Target("", 2, 3, "").met and not Target("", 4, 3, "").met
    assert Target("", 4, 3, "", at_least=True).met and not Target("", 2, 3, "", at_least=True).met
    assert "MISSED" in str(Target("", 2, 3, "", at_least=True))


def row(title: str, *times_ms: float, peak_kib: int = 1024) -> dict[str, object]:
    return vars(Command(title, ["x"], times_ms=list(times_ms), peak_kib=peak_kib))


def test_tables_of_crowds_compare_with_ss_of_the_same_world() -> None:
    crowds = Crowds()
    crowds.add("small", True, {"one": row("`berth PORT --json`", 1, 2, 3), "one ss": row("`ss`", 30),
                               "one lsof": row("`lsof`", 60)})
    crowds.add("small", False, {"one": row("`berth PORT --json`", 4), "one ss": row("`ss`", 20)})
    text = "\n".join(crowds.report())
    assert "| `berth PORT --json` | 2.00 (15.0) | 4.00 (5.00) |" in text
    assert "| `lsof` | 60.0 (0.50) |  |" in text
    assert [(each.value, each.limit, each.met) for each in crowds.targets()] == [(15, 10, True), (30, 25, True)]


def test_memory_and_time_among_connections_are_held_against_those_of_ss() -> None:
    crowds = Crowds()
    crowds.add("connections", True, {
        "listeners": row("`berth`", 12), "listeners ss": row("`ss`", 10),
        "all": row("`berth`", 9, peak_kib=40 << 10), "all ss": row("`ss`", 10, peak_kib=7 << 10)})
    assert [each.met for each in crowds.targets()] == [True, True, True, False]


# ---- The worlds --------------------------------------------------------------------------------

@needs_namespaces
def test_each_process_of_a_world_holds_its_listener_and_as_many_descriptors_as_said(world: Path) -> None:
    script = """
        ip link set lo up
        coproc "$0" 6 40 10 20000
        read -r ready port <&"${COPROC[0]}"
        echo "$ready $port"
        ss -Htln | wc -l
        ss -Htan state established | wc -l
        for pid in $(ss -Htlnp | grep -o 'pid=[0-9]*' | cut -d= -f2); do ls "/proc/$pid/fd" | wc -l; done
        ss -Htlnp sport = :20003
    """
    done = subprocess.run(["unshare", "--net", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c",
                           script, world], capture_output=True, text=True, check=True, timeout=30)
    ready, listeners, connections, *descriptors, asked = done.stdout.splitlines()
    assert (ready, listeners, connections) == ("ready 20003", "6", "120")
    assert len(descriptors) == 6 and all(40 + 20 <= int(each) <= 41 + 20 for each in descriptors)
    assert '("server-3",pid=' in asked and "fd=7)" in asked


def processes_of(program: Path) -> list[int]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if (folder / "cmdline").read_bytes().startswith(f"{program}\0".encode()):
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def gone(program: Path) -> bool:
    end = time.monotonic() + 10
    while processes_of(program) and time.monotonic() < end:
        time.sleep(0.02)
    return not processes_of(program)


@pytest.mark.parametrize("end", ["its input ends", "it is killed"])
def test_a_world_ends_with_all_its_processes(world: Path, end: str) -> None:
    with subprocess.Popen([world, "5", "10", "0", str(free_port())], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin and process.stdout
        if not process.stdout.readline().startswith("ready"):
            pytest.skip("a port of five was taken")
        assert len(processes_of(world)) == 1 + 5 + 100
        if end == "it is killed":
            process.kill()
    assert gone(world)


@pytest.fixture
def cgroup_root() -> Iterator[Path]:
    root = bench_world.cgroup_root()
    if os.getuid() or not root:
        pytest.skip("needs root and a cgroup2 tree")
    yield root


def test_cgroups_are_made_for_each_process_and_are_gone_afterwards(cgroup_root: Path, world: Path) -> None:
    with bench_world.cgroups() as folder:
        assert folder and folder.parent == cgroup_root
        with subprocess.Popen([world, "5", "10", "0", str(free_port()), folder], text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout
            if process.stdout.readline().startswith("ready"):
                counts = [len((folder / f"p{i}" / "cgroup.procs").read_text().split()) for i in range(5)]
                assert counts == [1] * 5
    assert not folder.exists()


def test_what_a_killed_run_left_is_removed_and_what_is_in_use_stays(cgroup_root: Path) -> None:
    left = cgroup_root / f"{bench_world.CGROUP_NAME}left-{os.getpid()}"
    used = cgroup_root / f"{bench_world.CGROUP_NAME}used-{os.getpid()}"
    for folder in (left / "p0", used / "p0"):
        folder.mkdir(parents=True)
    held = os.open(used, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        bench_world.remove_leftovers(cgroup_root)
        assert (left.exists(), (used / "p0").exists()) == (False, True)
    finally:
        os.close(held)
        bench_world.remove(used)
    assert not used.exists()


@needs_namespaces
def test_a_killed_run_takes_its_namespaces_with_it(tmp_path: Path) -> None:
    script = tmp_path / "asleep.py"
    script.write_text("import subprocess; subprocess.run(['sleep', '987.5'])", encoding="utf-8")
    with subprocess.Popen([sys.executable, "-c", f"import bench_world; bench_world.enter({str(script)!r})"],
                          env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "bench")}) as process:
        end = time.monotonic() + 10
        while not sleepers() and time.monotonic() < end:
            time.sleep(0.02)
        assert sleepers()
        process.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while sleepers() and time.monotonic() < end:
        time.sleep(0.02)
    assert not sleepers()


def sleepers() -> list[str]:
    return [each.name for each in Path("/proc").glob("[0-9]*")
            if command_line(each) == b"sleep\000987.5\0"]


def command_line(folder: Path) -> bytes:
    try:
        return (folder / "cmdline").read_bytes()
    except OSError:
        return b""
