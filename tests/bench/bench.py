# SPDX-License-Identifier: MIT
"""Measures berth beside an empty program and its peers, and prints a Markdown table.

Started by script/bench, which builds what is run. Everything happens in network and PID namespaces of
its own, so that the answer does not depend on what else the machine does; README.md here says what is
measured and how. Exits with 1 when a target is missed.
"""

import argparse
import datetime
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
HELPERS = BUILD / "tests" / "bench"
BERTH = str(BUILD / "src" / "cli" / "berth")
PORT = "60587"
IN_NAMESPACES = "--in-namespaces"


@dataclass
class Command:
    """One row of a table; `words` in full, since a PATH search would be measured too."""
    title: str
    words: list[str]
    held: bool = False  # whether somebody listens on PORT meanwhile
    piped: bool = False
    statuses: tuple[int, ...] = (0,)
    times_ms: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        return statistics.median(self.times_ms)

    def milliseconds(self) -> list[str]:
        return [significant(self.median_ms), significant(min(self.times_ms))]

    def line(self) -> str:
        return "\t".join(["held" if self.held else "free", "pipe" if self.piped else "null", *self.words])


@dataclass
class Target:
    text: str
    value: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        return (f"{self.text}: {self.value:.3g}{self.unit}, at most {self.limit:g}{self.unit} wanted"
                f"{'' if self.met else ': MISSED'}")


def helper(name: str) -> str:
    return str(HELPERS / name)


EMPTY = Command("an empty C program, dynamically linked", [helper("empty")])
START = Command("`berth version`", [BERTH, "version"])
HELD = Command(f"`berth {PORT}`, a process listens there", [BERTH, PORT], held=True)


def peer(title: str, *arguments: str, **options: object) -> Command | None:
    """A program that may not be installed."""
    program = shutil.which(title.split()[0])
    if not program:
        print(f"bench: no {title.split()[0]} here, left out", file=sys.stderr)
        return None
    words = [program, *(arguments or title.split()[1:])]
    return Command(f"`{title}`", words, held=True, **options)  # type: ignore[arg-type]


def questions() -> list[Command]:
    """Who holds the port? Asked of each program in its own words; users and services by number."""
    rows = [
        Command("an empty C program, statically linked", [helper("empty-static")]),
        EMPTY,
        START,
        Command(f"`berth {PORT}`, the port is free", [BERTH, PORT], statuses=(1,)),
        HELD,
        peer(f"ss -ltnp 'sport = :{PORT}'", "-ltnp", f"sport = :{PORT}"),
        peer(f"ss -tuanp 'sport = :{PORT}'", "-tuanp", f"sport = :{PORT}"),
        peer(f"lsof -nP -iTCP:{PORT}"),
        peer(f"fuser {PORT}/tcp"),
        peer("netstat -ltnp"),
        peer(f"getent services {PORT}", statuses=(2,)),
    ]
    return [row for row in rows if row]


def whole_range() -> list[Command]:
    """Status 1: nobody holds any of them."""
    words = [BERTH, "--jsonl", "0-65535"]
    return [Command("`berth --jsonl 0-65535`, to /dev/null", words, statuses=(1,)),
            Command("`berth --jsonl 0-65535`, into a pipe", words, piped=True, statuses=(1,))]


def measure(commands: list[Command], rounds: int) -> None:
    """Fills in the times. A command that failed would be a meaningless number."""
    done = subprocess.run([helper("measure"), PORT, str(rounds)], check=True, text=True,
                          input="".join(f"{each.line()}\n" for each in commands), stdout=subprocess.PIPE)
    for command, line in zip(commands, done.stdout.splitlines(), strict=True):
        status, *times_ns = line.split("\t")
        if int(status) not in command.statuses:
            sys.exit(f"bench: {command.title} ended with {status}")
        command.times_ms = [int(each) / 1e6 for each in times_ns]


def look_ups(millions: float) -> dict[str, float]:
    """Nanoseconds per look-up, the median of the repetitions."""
    done = subprocess.run([helper("lookups"), str(int(millions * 1e6)), str(int(millions * 5000))],
                          check=True, text=True, stdout=subprocess.PIPE)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {name: statistics.median(map(float, values)) for name, *values in rows}


def significant(value: float) -> str:
    """Three digits, never with an exponent."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"


def table(heads: list[str], rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def report(commands: list[Command], long: list[Command], look: dict[str, float], rounds: int) -> Iterator[str]:
    today = datetime.datetime.now(datetime.UTC).date()
    yield (f"Measured on {today} with Linux {platform.release()} on {os.cpu_count()} CPUs, in network and "
           f"PID namespaces of its own: {rounds} interleaved runs from start to exit. × compares medians.")
    yield ""
    yield from table(["one question", "median ms", "fastest", "× empty", f"× `berth {PORT}`"], [
        [each.title, *each.milliseconds(), significant(each.median_ms / EMPTY.median_ms),
         significant(each.median_ms / HELD.median_ms)] for each in commands])
    berth_ns = look["berth_lookup with texts"]
    yield from table(["many questions", "median"], [
        *([each.title, f"{significant(each.median_ms)} ms"] for each in long),
        ["`berth_lookup` of a random port: states, how many records and claims",
         f"{significant(look['berth_lookup'])} ns"],
        ["the same, with the texts of the first record and the first claim", f"{significant(berth_ns)} ns"],
        ["`getservbyport_r` of a random port: the name in `/etc/services`",
         f"{significant(look['getservbyport_r'])} ns"]])


def targets(long: list[Command], look: dict[str, float]) -> list[Target]:
    return [
        Target("berth's own start, beside an empty dynamic program", START.median_ms / EMPTY.median_ms,
               1.5, " ×"),
        *(Target(each.title.replace("`", ""), each.median_ms / 1000, 1.5, " s") for each in long),
        Target("a look-up of registry and claims", look["berth_lookup with texts"], 100, " ns")]


def write(text: str) -> None:
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new, count = re.subn(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->)",
                         lambda marks: f"{marks[1]}{text}{marks[2]}", old, flags=re.S)
    if count != 1:
        sys.exit("bench: README.md has no place for the table")
    readme.write_text(new, encoding="utf-8")


def enter_namespaces(arguments: list[str]) -> None:
    """Becomes this script in namespaces of its own; an ordinary user needs a user namespace for it."""
    as_root = [] if os.getuid() == 0 else ["--map-root-user"]
    os.execvp("unshare", ["unshare", *as_root, "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
                          sys.executable, __file__, IN_NAMESPACES, *arguments])


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the table into README.md")
    parser.add_argument("--rounds", type=int, default=500, metavar="N",
                        help="how often each program is run (default: %(default)s)")
    parser.add_argument("--look-ups", type=float, default=10, metavar="MILLIONS",
                        help="how many look-ups (default: %(default)s)")
    parser.add_argument(IN_NAMESPACES, action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    if not options.in_namespaces:
        enter_namespaces(arguments)
    os.environ.update(LC_ALL="C.UTF-8", HOME="/nonexistent")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    commands, long = questions(), whole_range()
    measure(commands, options.rounds)
    measure(long, max(options.rounds // 50, 3))
    look = look_ups(options.look_ups)
    text = "\n".join([*report(commands, long, look, options.rounds), ""])
    print(text)
    judged = targets(long, look)
    print(*judged, sep="\n")
    if options.write:
        write(text)
    return 0 if all(each.met for each in judged) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
