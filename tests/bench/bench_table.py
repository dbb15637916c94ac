# SPDX-License-Identifier: MIT
"""What is measured, one row of a table each, and what the numbers are held against."""

import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "bench"
BERTH = str(BUILD / "src" / "cli" / "berth")


def helper(name: str) -> str:
    return str(BUILD / "tests" / "bench" / name)


@dataclass
class Command:
    """One row of a table; `words` in full, since a PATH search would be measured too."""
    title: str
    words: list[str]
    held: bool = False  # whether `measure` listens on the port meanwhile
    piped: bool = False
    statuses: list[int] = field(default_factory=lambda: [0])
    times_ms: list[float] = field(default_factory=list)
    peak_kib: int = 0

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
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        return (f"{'met:   ' if self.met else 'MISSED:'} {self.text}: {significant(self.value)}{self.unit}, "
                f"at {'least' if self.at_least else 'most'} {self.limit:g}{self.unit} wanted")


def peer(title: str, *arguments: str, **options: Any) -> Command | None:
    """A program that may not be installed."""
    program = shutil.which(title.split()[0])
    if not program:
        print(f"bench: no {title.split()[0]} here, left out", file=sys.stderr)
        return None
    return Command(f"`{title}`", [program, *(arguments or title.split()[1:])], **options)


def measure(rows: dict[str, Command | None], port: int, rounds: int, budget_ms: int = 0) -> dict[str, Command]:
    """The same rows with their times. One that failed would be a meaningless number."""
    commands = {name: each for name, each in rows.items() if each}
    done = subprocess.run([helper("measure"), str(port), str(rounds), *([str(budget_ms)] * bool(budget_ms))],
                          check=True, text=True, input="".join(f"{each.line()}\n" for each in commands.values()),
                          stdout=subprocess.PIPE)
    measured = {}
    for (name, command), line in zip(commands.items(), done.stdout.splitlines(), strict=True):
        status, peak_kib, *times_ns = line.split("\t")
        if int(status) not in command.statuses:
            sys.exit(f"bench: {command.title} ended with {status}")
        command.peak_kib = int(peak_kib)
        command.times_ms = [int(each) / 1e6 for each in times_ns]
        measured[name] = command
    return measured


def significant(value: float) -> str:
    """Three digits, never with an exponent."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:.{digits}f}"


def table(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|---|{'---:|' * (len(heads) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
