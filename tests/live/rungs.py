# SPDX-License-Identifier: MIT
"""What the tests of the ladder share: which rungs this berth has, and what an answer says of owners."""

import functools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, UNKNOWN, USAGE, YES, run_berth

# Ways that look into every process, so that nothing may be missing; and those that need berth enable.
COMPLETE = ("iterator", "loaded", "proc")
ENABLED = ("storage", "iterator", "storage,iterator")
RUNGS = ("storage", "cgroup", "iterator", "loaded", "proc")
Owner = tuple[int, int]  # pid, descriptor


@functools.cache
def understands(*arguments: str) -> bool:
    """Whether this berth has the option or the command."""
    return subprocess.run([BERTH, *arguments], capture_output=True, check=False).returncode != USAGE


def needs(*arguments: str) -> None:
    if not understands(*arguments):
        pytest.skip(f"this berth has no {' '.join(arguments)}")


def ask(home: Path, before: tuple[str, ...], *arguments: str, rung: str | None = None,
        also_failed: bool = False) -> list[dict[str, Any]]:
    """The sockets of an answer in JSON, by the rung alone or by the best that there is; a rung that is not
    possible is a reason to skip the test, unless its answer is wanted also then."""
    by = ("--rung", rung) if rung else ()
    if rung:
        needs("ls", *by)
    answer = run_berth(home, *arguments, *by, "--json", before=before)
    if rung and answer.code == UNKNOWN and not also_failed:
        pytest.skip(f"{rung}: {answer.err.strip()}")
    assert answer.code in (YES, NO, *([UNKNOWN] if also_failed else [])), answer.err
    rows = list(json.loads(answer.out)["sockets"])
    if rung and rows and arguments[0] == "ls" and not any(row["owners"] for row in rows):
        pytest.skip(f"{rung} finds nobody at all: it is not possible here, or was not built")
    return rows


def owners(row: dict[str, Any]) -> list[Owner]:
    return sorted((owner["pid"], owner["fd"]) for owner in row["owners"])


def says_so(row: dict[str, Any]) -> bool:
    """Whether the row tells that holders may be missing: not that there are none."""
    return bool(row["owners_partial"]) or row["reason_kind"] not in ("known", "kernel-socket")
