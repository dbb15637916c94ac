# SPDX-License-Identifier: MIT
"""Processes start, end, fork and pass listeners on while berth looks: it names nobody who never held it.

The world (churn_world.py) writes down who had which socket when. An owner is wrong when it had that
socket at no moment between the start and the end of the question. --soak makes it a minute.
"""

import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bench_world
import pytest
from support import BERTH, NO, UNKNOWN, YES, run_berth
from test_rungs import possible
from rungs import needs
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
RUNGS = (None, "proc", "cgroup", "cgroup,proc", "loaded", "iterator", "storage", "storage,iterator")
COMPLETE = (None, "proc", "cgroup,proc", "loaded", "iterator", "storage,iterator")
USUAL_S, SOAK_S = 8.0, 60.0
FOREVER = 1 << 63


@dataclass
class Span:
    """A process had a socket, for so long at most."""
    pid: int
    start_ticks: int
    since: int
    until: int = FOREVER

    def meets(self, begin: int, end: int) -> bool:
        return self.since <= end and self.until >= begin

    def covers(self, begin: int, end: int) -> bool:
        """Had it all the time, with room for what the log does not know exactly."""
        return self.since + MARGIN_NS < begin and self.until > end + MARGIN_NS


MARGIN_NS = 100_000_000


@dataclass
class Question:
    begin: int
    end: int
    rows: list[dict[str, Any]]


@dataclass
class Findings:
    wrong: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass
class Churn:
    world: World
    log: Path


@pytest.fixture(scope="module")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Churn]:
    if REASON:
        pytest.skip(REASON)
    log = tmp_path_factory.mktemp("churn") / "log"
    with bench_world.cgroups() as folder, world("churn_world.py", log, str(folder or "")) as made:
        yield Churn(made, log)


@pytest.fixture(scope="session")
def seconds(request: pytest.FixtureRequest) -> float:
    """For each rung: they take turns in the whole time."""
    return (SOAK_S if request.config.getoption("--soak") else USUAL_S) / len(RUNGS)


def spans(log: Path) -> dict[int, list[Span]]:
    """By the cookie of the socket. Lines are in the order in which they were written."""
    found: dict[int, list[Span]] = {}
    open_now: dict[int, list[tuple[int, Span]]] = {}  # by pid
    for line in log.read_text(encoding="ascii").splitlines():
        kind, *words = line.split()
        numbers = [int(word) for word in words]
        if kind == "got":
            cookie, pid, start_ticks, since, _ = numbers
            span = Span(pid, start_ticks, since)
            found.setdefault(cookie, []).append(span)
            open_now.setdefault(pid, []).append((cookie, span))
        elif kind == "closed":
            cookie, pid, until = numbers
            for each, span in open_now.get(pid, []):
                if each == cookie:
                    span.until = min(span.until, until)
        else:
            pid, until = numbers
            for _, span in open_now.pop(pid, []):
                span.until = min(span.until, until)
    return found


def ask(churn: Churn, home: Path, rung: str | None) -> Question:
    """The whole list, or one port; by turns."""
    first, last = churn.world.said["first"], churn.world.said["last"]
    which = ("ls",) if rung != "cgroup" and random.random() < 0.3 else (str(random.randint(first, last)),)
    by = ("--rung", rung) if rung else ()
    begin = time.monotonic_ns()
    answer = run_berth(home, *which, *by, "--json", before=churn.world.enter)
    end = time.monotonic_ns()
    if rung and answer.code == UNKNOWN and not answer.out:
        pytest.skip(f"{rung}: {answer.err.strip()}")
    assert answer.code in (YES, NO, UNKNOWN), answer.err
    rows = [row for row in json.loads(answer.out)["sockets"] if row["state"] == "LISTEN"]
    return Question(begin, end, rows)


def judge_row(findings: Findings, row: dict[str, Any], known: list[Span], question: Question) -> None:
    for owner in row["owners"]:
        findings.counts["owners"] += 1
        same = [span for span in known
                if (span.pid, span.start_ticks) == (owner["pid"], owner["start_ticks"])]
        if not any(span.meets(question.begin, question.end) for span in same):
            findings.wrong.append(f"{owner['pid']} ({owner['name']}) of {row['cookie']}: {known}")
    if not row["owners"]:
        findings.counts[row["reason_kind"]] += 1
        if any(span.covers(question.begin, question.end) for span in known):
            findings.missed.append(f"{row['cookie']}, {row['reason']}: {known}")


def judge(churn: Churn, questions: list[Question]) -> Findings:
    findings = Findings()
    truth = spans(churn.log)
    for question in questions:
        for row in question.rows:
            findings.counts["rows"] += 1
            judge_row(findings, row, truth.get(row["cookie"], []), question)
    return findings


@pytest.mark.parametrize("rung", RUNGS)
def test_nobody_is_named_who_never_held_the_socket(
        churn: Churn, tmp_path: Path, rung: str | None, seconds: float) -> None:
    questions = []
    if rung:
        needs("ls", "--rung", rung)
    with possible(churn.world, rung):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            questions.append(ask(churn, tmp_path, rung))
    time.sleep(0.5)  # what was done meanwhile is being written down
    findings = judge(churn, questions)
    print(f"{rung or 'the usual way'}: {len(questions)} questions, {dict(findings.counts)}")
    assert findings.wrong == []
    if findings.counts["rows"] and not findings.counts["owners"]:
        pytest.skip(f"{rung} finds nobody at all: it is not possible here, or was not built")
    assert findings.counts["owners"] > 5
    if rung in COMPLETE:
        assert findings.missed == [], "somebody held it all the time and was not found"


def test_the_world_is_lively_and_uses_pids_again(churn: Churn) -> None:
    time.sleep(1)
    lines = [line.split() for line in churn.log.read_text(encoding="ascii").splitlines()]
    starts: dict[str, set[str]] = {}
    for kind, *words in lines:
        if kind == "got":
            starts.setdefault(words[1], set()).add(words[2])
    assert sum(kind == "got" for kind, *_ in lines) > 200
    assert sum(len(each) > 1 for each in starts.values()) > 10
