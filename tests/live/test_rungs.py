# SPDX-License-Identifier: MIT
"""Every rung of the ladder finds the same owners, or says that it may have missed some."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bench_world
import pytest
import rungs
from rungs import Owner, ask, needs, owners, says_so
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
# /proc/PID/fd is that of the first thread; what only another one has is in /proc/PID/task/TID/fd.
OWN_TABLES = ("in a descriptor table of a thread", "of a process whose first thread ended")


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with bench_world.cgroups() as folder, world("rungs_world.py", str(folder or "")) as made:
        yield made


@contextlib.contextmanager
def enabled(there: World) -> Iterator[None]:
    """berth enable, with its pins in the mount namespace of the world."""
    needs("help", "enable")
    there.run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")
    try:
        there.run(str(rungs.BERTH), "enable")
        yield
        there.run(str(rungs.BERTH), "disable")
    finally:
        there.run("umount", "/sys/fs/bpf")


@contextlib.contextmanager
def possible(there: World, rung: str | None) -> Iterator[None]:
    with enabled(there) if rung in rungs.ENABLED else contextlib.nullcontext():
        yield


def cases(there: World) -> dict[str, Any]:
    return {name: each for name, each in there.said["cases"].items() if name not in OWN_TABLES}


def holders(case: dict[str, Any]) -> list[Owner]:
    return sorted((pid, fd) for pid, fd in case["holders"])


def by_port(rows: list[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["local"]["port"], []).append(row)
    return found


def all_owners(rows: list[dict[str, Any]]) -> list[Owner]:
    return sorted(owner for row in rows for owner in owners(row))


def wrong(there: World, found: dict[int, list[dict[str, Any]]]) -> dict[str, Any]:
    """Cases whose owners are not just those that the world knows of."""
    answers = {name: all_owners(found.get(case["port"], [])) for name, case in cases(there).items()}
    return {name: answer for name, answer in answers.items() if answer != holders(cases(there)[name])}


def test_the_world_has_all_its_cases(there: World) -> None:
    assert len(there.said["cases"]) >= 15 + there.said["cgroups"]
    assert sum(case["by_cgroup"] is False for case in cases(there).values()) >= 3


@pytest.mark.parametrize("rung", [None, "proc", "loaded", "iterator", "storage,iterator"])
def test_the_list_has_just_the_holders(there: World, tmp_path: Path, rung: str | None) -> None:
    with possible(there, rung):
        found = by_port(ask(tmp_path, there.enter, "ls", rung=rung))
    assert wrong(there, found) == {}
    assert {len(found[case["port"]]) for case in cases(there).values()} == {1, 2}
    starts = {(owner["pid"], owner["start_ticks"]) for rows in found.values() for row in rows
              for owner in row["owners"]}
    assert len(starts) == len({pid for pid, _ in starts}), "a process with two starts"


@pytest.mark.parametrize("rung", rungs.COMPLETE)
def test_one_port_has_just_its_holders(there: World, tmp_path: Path, rung: str) -> None:
    found = {}
    with possible(there, rung):
        ask(tmp_path, there.enter, "ls", rung=rung)  # skips when it is not possible here
        for case in cases(there).values():
            found[case["port"]] = ask(tmp_path, there.enter, str(case["port"]), rung=rung)
    assert wrong(there, found) == {}


def check_partial(there: World, found: dict[int, list[dict[str, Any]]]) -> None:
    """Nobody who does not hold it; and who is missing is told to be."""
    for name, case in cases(there).items():
        for row in found[case["port"]]:
            assert set(owners(row)) <= set(holders(case)), name
        if all_owners(found[case["port"]]) != holders(case):
            assert any(says_so(row) for row in found[case["port"]]), name


@pytest.mark.parametrize("rung", ["cgroup", "cgroup,proc", "storage", "storage,iterator", None])
def test_what_a_rung_may_miss_of_one_port_it_says(there: World, tmp_path: Path, rung: str | None) -> None:
    found = {}
    with possible(there, rung):
        for case in cases(there).values():
            found[case["port"]] = ask(tmp_path, there.enter, str(case["port"]), rung=rung)
    check_partial(there, found)
    if rung in ("cgroup,proc", "storage,iterator", None):  # somebody is found for every socket
        assert [name for name, case in cases(there).items()
                if not all(row["owners"] for row in found[case["port"]])] == []


def test_what_is_noted_is_told_of_sole_holders_as_of_now(there: World, tmp_path: Path) -> None:
    """Noted before berth was enabled, by the walk; not told of what was inherited, passed on or duplicated."""
    with enabled(there):
        found = by_port(ask(tmp_path, there.enter, "ls", rung="storage"))
        every = {case["port"]: ask(tmp_path, there.enter, str(case["port"]), "--all-owners", rung="storage",
                                   also_failed=True) for case in cases(there).values()}
    told = {name for name, case in cases(there).items() if all_owners(found[case["port"]])}
    assert {"alone in its cgroup", "opened by a thread", "moved to another cgroup", "datagrams", "passed on",
            "a group of two", "behind 3,000 other sockets"} <= told
    assert not told & {"forked workers", "passed on and kept", "duplicated"}
    for rows in (found, every):
        assert set(wrong(there, rows)) == set(cases(there)) - told
        assert not any(row["owners_partial"] for case in cases(there).values() for row in rows[case["port"]])


def test_what_is_noted_by_the_hooks_is_told(there: World, tmp_path: Path) -> None:
    """Sockets that are made while berth is enabled: by listen(2), and by bind(2) alone."""
    script = ("import json, socket, sys; t = socket.create_server(('127.0.0.1', 0)); "
              "u = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); u.bind(('::1', 0)); "
              "b = socket.socket(); b.bind(('127.0.0.1', 0)); "
              "print(json.dumps([(s.getsockname()[1], s.fileno()) for s in (t, u, b)]), flush=True); "
              "sys.stdin.read()")
    with enabled(there), subprocess.Popen([*there.enter, sys.executable, "-c", script], text=True,
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdin
        made = json.loads(process.stdout.readline())
        found = by_port(ask(tmp_path, there.enter, "ls", rung="storage"))
        process.stdin.close()
    for port, fd in made:
        assert [owner[1] for owner in all_owners(found[port])] == [fd]


def test_what_is_noted_is_gone_when_it_is_disabled(there: World, tmp_path: Path) -> None:
    with enabled(there):
        pass
    [row] = ask(tmp_path, there.enter, str(there.said["cases"]["alone in its cgroup"]["port"]), rung="storage",
                also_failed=True)
    assert not row["owners"] and row["reason_kind"] == "not-asked"


def test_the_cgroup_leads_to_those_who_are_still_in_it(there: World, tmp_path: Path) -> None:
    if not there.said["cgroups"]:
        pytest.skip("no cgroups can be made here")
    for name, case in cases(there).items():
        rows = ask(tmp_path, there.enter, str(case["port"]), rung="cgroup", also_failed=True)
        found = set(all_owners(rows))
        if case["by_cgroup"] is None:
            assert found <= set(holders(case)), name
        elif case["by_cgroup"]:
            elsewhere = case.get("elsewhere", [])
            assert found == {owner for owner in holders(case) if owner[0] not in elsewhere}, name
        else:
            assert found == set(), name


def test_a_holder_in_another_cgroup_may_be_missed_which_is_said_and_can_be_asked(
        there: World, tmp_path: Path) -> None:
    if not there.said["cgroups"]:
        pytest.skip("no cgroups can be made here")
    case = cases(there)["passed on and kept"]
    needs("1", "--all-owners")
    [usual] = ask(tmp_path, there.enter, str(case["port"]), rung="cgroup,proc")
    assert usual["owners_partial"] is True
    assert owners(usual) == [owner for owner in holders(case) if owner[0] not in case["elsewhere"]]
    [every] = ask(tmp_path, there.enter, str(case["port"]), "--all-owners")
    assert every["owners_partial"] is False
    assert owners(every) == holders(case)


def test_all_owners_are_found_of_every_port(there: World, tmp_path: Path) -> None:
    needs("1", "--all-owners")
    found = {case["port"]: ask(tmp_path, there.enter, str(case["port"]), "--all-owners")
             for case in cases(there).values()}
    assert wrong(there, found) == {}
    assert not any(row["owners_partial"] for rows in found.values() for row in rows)


@pytest.mark.parametrize("name", OWN_TABLES)
@pytest.mark.parametrize("rung", [None, *rungs.COMPLETE])
def test_descriptors_of_single_threads_are_found(
        there: World, tmp_path: Path, rung: str | None, name: str) -> None:
    case = there.said["cases"][name]
    with possible(there, rung):
        [row] = ask(tmp_path, there.enter, str(case["port"]), rung=rung)
    assert owners(row) == holders(case)


@pytest.mark.parametrize("name", OWN_TABLES)
def test_a_socket_of_a_single_thread_is_not_said_to_be_the_kernels(
        there: World, tmp_path: Path, name: str) -> None:
    # From the PID namespace of the world, so that only the kernel itself could be meant.
    [row] = ask(tmp_path, there.enter, str(there.said["cases"][name]["port"]))
    assert row["owners"] or row["reason_kind"] not in ("kernel-socket", "other-pid-namespace")
