# SPDX-License-Identifier: MIT
"""Many processes or many connections in the world: berth beside its peers, and each of its rungs alone."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from bench_table import BERTH, Command, Target, measure, peer, significant, table
from bench_world import KINDS, Kind, crowd

ROUNDS = 200  # at most: the budget of a world decides
USAGE = 2  # berth's exit status for an option that it does not know
BPF = "/sys/fs/bpf"
RUNGS = {  # as --rung takes them
    "storage": "notes in socket storage", "cgroup": "cgroup id", "iterator": "pinned BPF iterator",
    "loaded": "BPF iterator, loaded each time", "proc": "`/proc`",
}
CROWDS = ("small", "medium", "large")
SOCKETS, CONNECTIONS = "sockets", "connections"
WHOLE_LIST = "PORT,ADDRESS,STATE,PEER"  # what ss -tan says of a socket
Rows = dict[str, Command | None]
Measured = dict[str, Command]


# ---- What is asked -----------------------------------------------------------------------------

def understands(*arguments: str) -> bool:
    """Whether this berth has the option or command; a newer bench may measure an older berth."""
    return subprocess.run([BERTH, *arguments], capture_output=True, check=False).returncode != USAGE


def finds_owners(words: list[str]) -> bool:
    """Whether the answer names anybody: not to find them would be the fastest way of all."""
    done = subprocess.run(words, capture_output=True, check=False)
    try:
        return any(row["owners"] for row in json.loads(done.stdout)["sockets"])
    except ValueError:
        return False


def rung_rows(name: str, words: list[str], rungs: tuple[str, ...]) -> Rows:
    """A rung that this machine or this berth does not have has no row."""
    return {f"{name} {rung}": Command(f"— by {RUNGS[rung]} alone", [*words, "--rung", rung])
            for rung in rungs if finds_owners([*words, "--rung", rung, "--json"])}


def one_port(port: int) -> Rows:
    return {"one": Command("`berth PORT --json`", [BERTH, str(port), "--json"]),
            "one ss": peer("ss -Hltnp sport = :PORT", "-Hltnp", f"sport = :{port}")}


def one_port_peers(port: int) -> Rows:
    return {"one fuser": peer("fuser -n tcp PORT", "-n", "tcp", str(port)),
            "one lsof": peer("lsof -nP -iTCP:PORT -sTCP:LISTEN", "-nP", f"-iTCP:{port}", "-sTCP:LISTEN")}


def whole_list() -> Rows:
    return {"list": Command("`berth ls`", [BERTH, "ls"]), "list ss": peer("ss -Htulpn")}


def whole_list_peers(large: bool) -> Rows:
    """lsof reads the same for one port and for all; among a million descriptors once is enough."""
    return {"list netstat": peer("netstat -tulpn"), "list lsof": None if large else peer("lsof -nP -i")}


def usual_rows(port: int, separate: bool, large: bool) -> Rows:
    """Peers do not know of cgroups, so that all but ss are measured in one of the two worlds only."""
    rows: Rows = {}
    rows |= one_port(port)
    rows |= rung_rows("one", [BERTH, str(port), "--json"], ("cgroup", "loaded", "proc"))
    rows |= one_port_peers(port) if separate else {}
    rows |= whole_list()
    rows |= rung_rows("list", [BERTH, "ls"], ("loaded", "proc"))
    rows |= whole_list_peers(large) if separate else {}
    return rows


def enabled_rows(port: int) -> Rows:
    one, whole = [BERTH, str(port), "--json"], [BERTH, "ls"]
    rows: Rows = {"one enabled": Command("`berth PORT --json` after `berth enable`", one),
                  "list enabled": Command("`berth ls` after `berth enable`", whole)}
    rows |= rung_rows("one", one, ("storage", "iterator"))
    rows |= rung_rows("list", whole, ("storage", "iterator"))
    return rows


def connection_rows() -> Rows:
    return {
        "listeners": Command("listeners: `berth ls -t -o PORT,ADDRESS,STATE`",
                             [BERTH, "ls", "-t", "-o", "PORT,ADDRESS,STATE"]),
        "listeners ss": peer("ss -Hltn"),
        "all": Command(f"everything: `berth ls -at -o {WHOLE_LIST}`", [BERTH, "ls", "-at", "-o", WHOLE_LIST]),
        "all ss": peer("ss -Htan"),
        "owned listeners": Command("listeners and owners: `berth ls -t`", [BERTH, "ls", "-t"]),
        "owned listeners ss": peer("ss -Hltnp"),
        "owned all": Command("everything and owners: `berth ls -at`", [BERTH, "ls", "-at"]),
        "owned all ss": peer("ss -Htanp"),
    }


def bind_rows(port: int) -> Rows:
    return {
        "why": Command("a bind that fails, and who is in the way: `berth why PORT`", [BERTH, "why", str(port)],
                       statuses=[1]),
        "why ss": peer("ss -Htanp sport = :PORT", "-Htanp", f"sport = :{port}"),
        "why not": Command("a bind that succeeds: `berth why PORT`", [BERTH, "why", "9"]),
        "why not ss": peer("ss -Htanp sport = :PORT", "-Htanp", "sport = :9"),
    }


# ---- In the namespaces -------------------------------------------------------------------------

def enabled(port: int, kind: Kind) -> Measured:
    """Pinned in a bpffs of our mount namespace, which ends with it."""
    if os.getuid() or not understands("help", "enable"):
        return {}
    if subprocess.run(["mount", "-t", "bpf", "bpf", BPF], capture_output=True, check=False).returncode:
        return {}
    if subprocess.run([BERTH, "enable"], stdout=subprocess.DEVNULL, check=False).returncode:
        return {}
    try:
        return measure(enabled_rows(port), port, ROUNDS, kind.budget_ms)
    finally:
        subprocess.run([BERTH, "disable"], stdout=subprocess.DEVNULL, check=False)


def inside(name: str, cgroup: str | None) -> dict[str, Any]:
    """Measures, in the namespaces; what comes out survives JSON."""
    kind = KINDS[name]
    with crowd(kind, cgroup) as port:
        rows = (connection_rows() if name == CONNECTIONS else bind_rows(port) if name == SOCKETS
                else usual_rows(port, cgroup is not None, name == "large"))
        measured = measure(rows, port, ROUNDS, kind.budget_ms)
        if name in CROWDS:
            measured |= enabled(port, kind)
    return {row: asdict(each) for row, each in measured.items()}


# ---- What is said of it ------------------------------------------------------------------------

def cell(measured: Measured, row: str, against: str) -> str:
    """Milliseconds, and how many times faster than the other."""
    if row not in measured:
        return ""
    own = measured[row].median_ms
    other = measured.get(against)
    return significant(own) + (f" ({significant(other.median_ms / own)})" if other and row != against else "")


def times_faster(measured: Measured, row: str, against: str) -> float | None:
    if row not in measured or against not in measured:
        return None
    return measured[against].median_ms / measured[row].median_ms


def connections(world: str) -> int:
    return KINDS[world].processes * KINDS[world].connections


class Crowds:
    """All worlds that were measured: by name, and whether each process has a cgroup of its own."""

    def __init__(self) -> None:
        self.worlds: dict[tuple[str, bool], Measured] = {}

    def add(self, name: str, separate: bool, said: dict[str, Any]) -> None:
        self.worlds[name, separate] = {row: Command(**each) for row, each in said.items()}

    def table_of(self, head: str, start: str) -> Iterator[str]:
        """The rows whose short names begin with a word; columns are worlds."""
        columns = [(name, separate) for separate in (True, False) for name in CROWDS
                   if (name, separate) in self.worlds]
        titles = {row: each.title for column in columns for row, each in self.worlds[column].items()
                  if row.split()[0] == start}
        if not titles:
            return
        order = [*(row for row in titles if "`berth" in titles[row] or titles[row].startswith("—")), *titles]
        yield from table(
            [head, *(f"{name}{'' if separate else ', one cgroup'}" for name, separate in columns)],
            [[titles[row], *(cell(self.worlds[column], row, f"{start} ss") for column in columns)]
             for row in dict.fromkeys(order)])

    def beside_ss(self, world: str, head: str) -> Iterator[str]:
        """Each row of ours with that of ss for the same question."""
        measured = self.worlds.get((world, True)) or self.worlds.get((world, False))
        if not measured:
            return
        rows = []
        for row, each in measured.items():
            other = measured.get(f"{row} ss")
            if other:
                rows.append([f"{each.title}, {other.title}", significant(each.median_ms),
                             significant(other.median_ms), significant(other.median_ms / each.median_ms),
                             significant(each.peak_kib / 1024), significant(other.peak_kib / 1024)])
        yield from table([head, "berth ms", "ss ms", "×", "berth MiB", "ss MiB"], rows)

    def report(self) -> Iterator[str]:
        if any(name in CROWDS for name, _ in self.worlds):
            sizes = ", ".join(f"{KINDS[name]} ({name})" for name in CROWDS)
            yield (f"Many processes × descriptors: {sizes}; each process in a cgroup of its own, or all in one. "
                   "Median ms, and in brackets how many times faster than `ss` in the same world.")
            yield ""
        yield from self.table_of("one port and its owner", "one")
        yield from self.table_of("all listeners and their owners", "list")
        yield from self.beside_ss(SOCKETS, f"{2 * connections(SOCKETS):,} sockets")
        yield from self.beside_ss(CONNECTIONS, f"{connections(CONNECTIONS):,} connections, both ends here")

    # What the project promised; a promise about a world that was not measured is not judged.

    def faster(self, text: str, world: tuple[str, bool], row: str, against: str, least: float) -> list[Target]:
        times = times_faster(self.worlds.get(world, {}), row, against)
        if times is None:
            return []
        where = world[0] + ("" if world[1] else ", one cgroup")
        return [Target(f"{text} against {against.split()[-1]} ({where})", times, least, " ×", at_least=True)]

    def owner_targets(self) -> Iterator[Target]:
        for name, ss, lsof in (("small", 10, 25), ("medium", 300, 800), ("large", 1500, 5000)):
            yield from self.faster("one port", (name, True), "one", "one ss", ss)
            yield from self.faster("one port", (name, True), "one", "one lsof", lsof)
        yield from self.faster("one port after berth enable", ("medium", True), "one enabled", "one ss", 500)
        for name in ("medium", "large"):
            yield from self.faster("one port with BPF", (name, False), "one loaded", "one ss", 20)
            yield from self.faster("one port by /proc", (name, False), "one proc", "one ss", 2)

    def list_targets(self) -> Iterator[Target]:
        for name, least in (("medium", 40), ("large", 60)):
            for separate in (True, False):
                yield from self.faster("the list with BPF", (name, separate), "list", "list ss", least)
                yield from self.faster("the list by /proc", (name, separate), "list proc", "list ss", 1.6)

    def connection_targets(self) -> Iterator[Target]:
        for separate in (True, False):
            measured = self.worlds.get((CONNECTIONS, separate), {})
            for row, text, most in (("listeners", "listeners among connections", 1.2),
                                    ("all", "all connections", 1.0)):
                times = times_faster(measured, row, f"{row} ss")
                if times is None:
                    continue
                more_kib = measured[row].peak_kib - measured[f"{row} ss"].peak_kib
                yield Target(f"{text}, time beside ss", 1 / times, most, " ×")
                yield Target(f"{text}, peak memory above ss", more_kib / 1024, 32, " MiB")

    def bind_targets(self) -> Iterator[Target]:
        for separate in (True, False):
            for row, each in self.worlds.get((SOCKETS, separate), {}).items():
                if not row.endswith(" ss"):
                    yield Target(f"{each.title} among 10,000 sockets", each.median_ms, 5, " ms")

    def targets(self) -> list[Target]:
        return [*self.owner_targets(), *self.list_targets(), *self.connection_targets(), *self.bind_targets()]
