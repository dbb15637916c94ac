# SPDX-License-Identifier: MIT
"""One process in the world: what a question costs beside an empty program, and many questions at once."""

import statistics
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bench_table import BERTH, Command, Target, helper, measure, peer, significant, table

PORT = 60587
EMPTY, START, HELD = "empty", "start", "held"  # the rows that others are compared with


def questions() -> dict[str, Command | None]:
    """Who holds the port? Asked of each program in its own words; users and services by number."""
    return {
        "static": Command("an empty C program, statically linked", [helper("empty-static")]),
        EMPTY: Command("an empty C program, dynamically linked", [helper("empty")]),
        START: Command("`berth version`", [BERTH, "version"]),
        "free": Command(f"`berth {PORT}`, the port is free", [BERTH, str(PORT)], statuses=[1]),
        HELD: Command(f"`berth {PORT}`, a process listens there", [BERTH, str(PORT)], held=True),
        "ss": peer(f"ss -ltnp 'sport = :{PORT}'", "-ltnp", f"sport = :{PORT}", held=True),
        "ss-all": peer(f"ss -tuanp 'sport = :{PORT}'", "-tuanp", f"sport = :{PORT}", held=True),
        "lsof": peer(f"lsof -nP -iTCP:{PORT}", held=True),
        "fuser": peer(f"fuser {PORT}/tcp", held=True),
        "netstat": peer("netstat -ltnp", held=True),
        "getent": peer(f"getent services {PORT}", held=True, statuses=[2]),
    }


def whole_range() -> dict[str, Command | None]:
    """Status 1: nobody holds any of them."""
    words = [BERTH, "--jsonl", "0-65535"]
    return {"null": Command("`berth --jsonl 0-65535`, to /dev/null", words, statuses=[1]),
            "pipe": Command("`berth --jsonl 0-65535`, into a pipe", words, piped=True, statuses=[1])}


def look_ups(millions: float) -> dict[str, float]:
    """Nanoseconds per look-up, the median of the repetitions."""
    done = subprocess.run([helper("lookups"), str(int(millions * 1e6)), str(int(millions * 5000))],
                          check=True, text=True, stdout=subprocess.PIPE)
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {name: statistics.median(map(float, values)) for name, *values in rows}


def inside(rounds: int, millions: float) -> dict[str, Any]:
    """Measures, in the namespaces; what comes out survives JSON."""
    one = measure(questions(), PORT, rounds)
    many = measure(whole_range(), PORT, max(rounds // 50, 3))
    return {"one": {name: asdict(each) for name, each in one.items()},
            "many": {name: asdict(each) for name, each in many.items()}, "look_ups": look_ups(millions)}


class Alone:
    """What was measured, and what is said of it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.one = {name: Command(**each) for name, each in said["one"].items()}
        self.many = {name: Command(**each) for name, each in said["many"].items()}
        self.look: dict[str, float] = said["look_ups"]

    def report(self) -> Iterator[str]:
        empty, held = self.one[EMPTY].median_ms, self.one[HELD].median_ms
        yield f"One process besides, {len(self.one[EMPTY].times_ms)} runs. × compares medians."
        yield ""
        yield from table(["one question", "median ms", "fastest", "× empty", f"× `berth {PORT}`"], [
            [each.title, *each.milliseconds(), significant(each.median_ms / empty),
             significant(each.median_ms / held)] for each in self.one.values()])
        yield from table(["many questions", "median"], [
            *([each.title, f"{significant(each.median_ms)} ms"] for each in self.many.values()),
            ["`berth_lookup` of a random port: states, how many records and claims",
             f"{significant(self.look['berth_lookup'])} ns"],
            ["the same, with the texts of the first record and the first claim",
             f"{significant(self.look['berth_lookup with texts'])} ns"],
            ["`getservbyport_r` of a random port: the name in `/etc/services`",
             f"{significant(self.look['getservbyport_r'])} ns"]])

    def targets(self) -> list[Target]:
        return [
            Target("berth's own start, beside an empty dynamic program",
                   self.one[START].median_ms / self.one[EMPTY].median_ms, 1.5, " ×"),
            *(Target(each.title.replace("`", ""), each.median_ms / 1000, 1.5, " s")
              for each in self.many.values()),
            Target("a look-up of registry and claims", self.look["berth_lookup with texts"], 100, " ns")]
