# SPDX-License-Identifier: MIT
"""Runs the tests in steps, counts them, and ends in one line: "N passed, N failed".

A step builds something or runs one of the tools; what it ran is read from the JUnit files that meson
and pytest write, so that each subtest counts. A build or tool that breaks counts as one failure.
Started by script/test, which installs what is needed. Build folders are under build/.
"""

import argparse
import functools
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
JOBS = str(min(2, os.cpu_count() or 1))

# Build folders: the compiler, then options of meson.
BUILDS = {
    "gcc": ("gcc",),
    "none": ("gcc", "-Dsystem=none"),
    "asan": ("clang", "--buildtype=debugoptimized", "-Db_sanitize=address,undefined",
             "-Db_lundef=false"),
    "fuzz": ("clang", "--buildtype=debugoptimized", "-Db_sanitize=address,undefined",
             "-Db_lundef=false", "-Dfuzz=true", "-Dc_args=-fsanitize=fuzzer-no-link"),
}

WITH_SOCKETS = "--ignore=tests/cli/test_none.py"
# 65,536 pages are read once; with the sanitizers test_exit_codes.py writes them.
WITHOUT_CRAWL = "--ignore=tests/cli/test_site.py"

SANITIZERS = {
    # A leak or an undefined shift ends the program with a code that no test expects.
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, other: "Tally") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass
class Options:
    pytest: list[str] = field(default_factory=list)
    fuzz_seconds: int = 0


def run(command: list[str], **variables: str) -> bool:
    """Runs with the output shown."""
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **variables},
                          stdin=subprocess.DEVNULL, check=False).returncode == 0


def run_quietly(command: list[str], **variables: str) -> bool:
    """Runs; the end of the output is shown when it fails."""
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **variables}, check=False, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        lines = done.stdout.splitlines()
        first = next((i for i, line in enumerate(lines) if line.startswith("FAILED")), len(lines) - 80)
        print(f"$ {' '.join(command)}", *lines[max(first, 0):][:200], sep="\n", flush=True)
    return done.returncode == 0


def read_junit(file: Path) -> Tally:
    tally = Tally()
    for case in ElementTree.parse(file).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            tally.failed += 1
        elif "skipped" in kinds:
            tally.skipped += 1
        else:
            tally.passed += 1
    return tally


@functools.cache
def build(name: str) -> bool:
    """Sets one of BUILDS up, or uses its folder again, and builds. Starts afresh when that fails."""
    compiler, *options = BUILDS[name]
    folder = BUILD / name
    ninja = ["ninja", "-j", JOBS, "-C", str(folder)]
    if (folder / "build.ninja").exists() and subprocess.run(
            [*ninja, "--quiet"], cwd=ROOT, capture_output=True, check=False).returncode == 0:
        return True
    shutil.rmtree(folder, ignore_errors=True)
    return (run_quietly(["meson", "setup", "--werror", *options, str(folder), str(ROOT)], CC=compiler)
            and run_quietly(ninja))


def meson_test(name: str, **variables: str) -> Tally:
    """The unit tests and fuzz corpora of a build folder."""
    folder = BUILD / name
    junit = folder / "meson-logs" / "testlog.junit.xml"
    junit.unlink(missing_ok=True)
    ok = run_quietly(["meson", "test", "-C", str(folder), "--no-rebuild", "--print-errorlogs",
                      "--num-processes", JOBS], **variables)
    tally = read_junit(junit) if junit.exists() else Tally()
    if not ok and not tally.failed:
        tally.failed = 1
    return tally


def build_and_test(name: str) -> Tally:
    if not build(name):
        return Tally(failed=1)
    tally = Tally(passed=1)
    tally.add(meson_test(name, **SANITIZERS))
    return tally


def pytest(name: str, build_name: str, folders: list[str], options: Options) -> Tally:
    if not build(build_name):
        return Tally(failed=1)
    junit = BUILD / f"junit-{name}.xml"
    junit.unlink(missing_ok=True)
    ok = run([sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-rs",
              f"--junitxml={junit}", *options.pytest, *folders],
             BERTH_BUILD=str(BUILD / build_name), PYTHONDONTWRITEBYTECODE="1", **SANITIZERS)
    tally = read_junit(junit) if junit.exists() else Tally()
    if not ok and not tally.failed:
        tally.failed = 1
    return tally


# ---- Steps -------------------------------------------------------------------------------------

def gcc(_: Options) -> Tally:
    return build_and_test("gcc")


def asan(_: Options) -> Tally:
    return build_and_test("asan")


def none(_: Options) -> Tally:
    return build_and_test("none")


def tidy(_: Options) -> Tally:
    """clang-tidy understands the options of clang, so it reads the compile commands of that build."""
    if not build("asan"):
        return Tally(failed=1)
    done = subprocess.run(["tools/check-tidy", str(BUILD / "asan")], cwd=ROOT, check=False,
                          stdout=subprocess.PIPE, text=True)
    counts = re.search(r"^clang-tidy: (\d+) passed, (\d+) failed$", done.stdout, re.M)
    if not counts or done.returncode:
        print(done.stdout, flush=True)
    return Tally(passed=int(counts[1]), failed=int(counts[2])) if counts else Tally(failed=1)


def checks(options: Options) -> Tally:
    return pytest("checks", "gcc", ["tests/checks"], options)


def cli(options: Options) -> Tally:
    return pytest("cli", "gcc", ["tests/cli", WITH_SOCKETS], options)


def cli_asan(options: Options) -> Tally:
    return pytest("cli-asan", "asan", ["tests/cli", WITH_SOCKETS, WITHOUT_CRAWL], options)


def cli_none(options: Options) -> Tally:
    return pytest("cli-none", "none", ["tests/cli/test_none.py"], options)


def live(options: Options) -> Tally:
    return pytest("live", "gcc", ["tests/live"], options)


def live_asan(options: Options) -> Tally:
    return pytest("live-asan", "asan", [f"tests/live/test_{name}.py" for name in
                                        ("world", "hostile", "rungs", "churn", "serve")], options)


def pages(options: Options) -> Tally:
    """In Debian's Chromium; pictures of the pages land in build/gcc/screenshots."""
    return pytest("pages", "gcc", ["tests/pages"], options)


def fuzz(options: Options) -> Tally:
    """libFuzzer on every target, starting from its corpus; findings land in build/fuzz/found."""
    if not build("fuzz"):
        return Tally(failed=1)
    tally = Tally()
    found = BUILD / "fuzz" / "found"
    found.mkdir(exist_ok=True)
    for program in sorted((BUILD / "fuzz" / "tests" / "fuzz").glob("fuzz_*[!.p]")):
        if not os.access(program, os.X_OK) or program.is_dir():
            continue
        name = program.name.removeprefix("fuzz_")
        grown = BUILD / "fuzz" / "grown" / name
        grown.mkdir(parents=True, exist_ok=True)
        ok = run_quietly([str(program), f"-max_total_time={options.fuzz_seconds}", "-timeout=10",
                          f"-artifact_prefix={found}/{name}-", str(grown),
                          str(ROOT / "tests" / "fuzz" / "corpus" / name)], **SANITIZERS)
        print(f"   {name}: {'nothing found' if ok else 'FAILED'}", flush=True)
        tally.add(Tally(passed=int(ok), failed=int(not ok)))
    return tally


def fresh(options: Options) -> Tally:
    return pytest("fresh", "gcc", ["tests/fresh"], options)


STEPS: dict[str, Callable[[Options], Tally]] = {
    "gcc": gcc, "checks": checks, "cli": cli, "live": live, "asan": asan, "tidy": tidy,
    "cli-asan": cli_asan, "live-asan": live_asan, "pages": pages, "none": none, "cli-none": cli_none,
    "fuzz": fuzz, "fresh": fresh,
}
FAST = ["gcc", "checks", "cli"]
USUAL = [name for name in STEPS if name not in ("fuzz", "fresh")]


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="script/test", description="Runs the tests; the last line is 'N passed, N failed'.",
        epilog=f"Steps: {', '.join(STEPS)}. Builds that a step needs are made by themselves.")
    parser.add_argument("names", nargs="*", metavar="STEP|FILE",
                        help="only these steps or pytest files (tests/cli/test_ls.py::test_…)")
    parser.add_argument("--fast", action="store_true", help=f"only {', '.join(FAST)}")
    parser.add_argument("--fuzz", type=int, metavar="SECONDS", default=0,
                        help="also run libFuzzer for so long on each target")
    parser.add_argument("--fresh", action="store_true",
                        help="also build and test in a fresh Debian 12 root (minutes, needs root)")
    parser.add_argument("--soak", action="store_true", help="let the churn tests run for a minute")
    parser.add_argument("--make-recordings", action="store_true",
                        help="only make tests/recordings anew (needs root), then --update-golden")
    parser.add_argument("--update-golden", action="store_true",
                        help="make the golden files what the program prints now; then read the diff")
    return parser.parse_args(arguments)


def chosen_steps(options: argparse.Namespace) -> list[str]:
    steps = [name for name in options.names if name in STEPS]
    if not options.names:
        steps = FAST if options.fast else USUAL
    extra = ["fuzz"] * bool(options.fuzz) + ["fresh"] * options.fresh
    return steps + [name for name in extra if name not in steps]


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    step_options = Options(fuzz_seconds=options.fuzz or 60,
                           pytest=["--update-golden"] * options.update_golden + ["--soak"] * options.soak)
    BUILD.mkdir(exist_ok=True)
    if options.make_recordings:
        return 0 if build("gcc") and run(
            [sys.executable, "tests/live/make_recordings.py"], BERTH_BUILD=str(BUILD / "gcc"),
            PYTHONPATH=f"{ROOT}/tests:{ROOT}/tests/live", PYTHONDONTWRITEBYTECODE="1") else 1
    files = [name for name in options.names if name not in STEPS]
    work = [(name, STEPS[name]) for name in chosen_steps(options)]
    if files:
        work.append(("files", lambda given: pytest("files", "gcc", files, given)))
    total = Tally()
    for name, step in work:
        start = time.monotonic()
        print(f"== {name}", flush=True)
        tally = step(step_options)
        total.add(tally)
        print(f"   {name}: {tally} ({time.monotonic() - start:.1f} s)", flush=True)
    print(total)
    return 0 if total.passed and not total.failed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
