# SPDX-License-Identifier: MIT
"""berth why names what is in the way of a bind: the puzzles behind "address already in use", each made for real.
The model behind it is compared with the kernel in test_truth_table.py."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import NO, USAGE, YES, Answer, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("why_world.py") as made:
        yield made


def ask(there: World, home: Path, *words: str, before: tuple[str, ...] = ()) -> Answer:
    return run_berth(home, "why", *words, before=(*there.enter, *before))


def why(there: World, home: Path, *words: str, code: int = NO, before: tuple[str, ...] = ()) -> dict[str, Any]:
    """The answer; the kernel was asked too, and agrees."""
    answer = ask(there, home, "--json", "--try", *words, before=before)
    assert answer.code == code, answer.err + answer.out
    said = dict(answer.json())
    assert said["tried"] == {"errno": said["errno"], "agrees": True}
    return said


def only_cause(said: dict[str, Any], errno: str = "EADDRINUSE") -> dict[str, Any]:
    assert (said["verdict"], said["errno"]) == ("fails", errno)
    [cause] = said["causes"]
    assert cause["certain"] is True
    return dict(cause)


def owner(cause: dict[str, Any]) -> int:
    [one] = cause["owners"]
    return int(one["pid"])


def made(there: World, name: str) -> tuple[str, int]:
    return str(there.said[name]["port"]), int(there.said[name].get("pid", 0))


def cures(said: dict[str, Any], where: str) -> str:
    return " ".join(f"{each['text']} {each['command'] or ''}" for each in said["cures"] if each["where"] == where)


def test_an_outgoing_connection_has_it(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "outgoing")
    said = why(there, tmp_path, port)
    cause = only_cause(said)
    assert cause["kind"] == "connection" and owner(cause) == pid
    assert f"connection from 127.0.0.1:{port} to 127.0.0.1:" in cause["text"]
    assert f"kill {pid}" in cures(said, "host")


def test_one_has_bound_it_and_never_listened(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "bound")
    cause = only_cause(why(there, tmp_path, port))
    assert cause["kind"] == "bound" and owner(cause) == pid
    assert "without listening" in cause["text"]


def test_time_wait_is_told_with_its_seconds(there: World, tmp_path: Path) -> None:
    port, _ = made(there, "time_wait")
    said = why(there, tmp_path, port)
    cause = only_cause(said)
    assert cause["kind"] == "time-wait" and cause["owners"] == []
    [wait] = [each for each in said["cures"] if each["where"] == "wait"]
    assert 0 < wait["seconds"] <= 60
    assert wait["command"] == f"berth wait --free {port}"
    assert "SO_REUSEADDR" in cures(said, "server")
    why(there, tmp_path, "--reuseaddr", "--listen", port, code=YES)


def test_a_server_of_both_families_is_in_the_way_of_one_of_ipv4(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "dual_stack")
    cause = only_cause(why(there, tmp_path, f"0.0.0.0:{port}"))
    assert cause["kind"] == "listener" and owner(cause) == pid
    assert f"[::]:{port}" in cause["text"]


def test_a_group_is_of_one_user(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "other_user")
    cause = only_cause(why(there, tmp_path, "--reuseport", port))
    assert owner(cause) == pid
    assert "uid 65534" in cause["text"] and "a group is of one user" in cause["text"]
    why(there, tmp_path, "--reuseport", "--uid", "65534", port, code=YES)


def test_a_low_port_needs_a_capability(there: World, tmp_path: Path) -> None:
    said = why(there, tmp_path, "81", before=AS_NOBODY)
    cause = only_cause(said, "EACCES")
    assert cause["kind"] == "privilege" and "CAP_NET_BIND_SERVICE" in cause["text"]
    assert "ip_unprivileged_port_start" in cures(said, "host")
    why(there, tmp_path, "81", code=YES)


def test_an_address_of_another_machine(there: World, tmp_path: Path) -> None:
    said = why(there, tmp_path, "198.51.100.7:8080")
    assert only_cause(said, "EADDRNOTAVAIL")["kind"] == "address"
    why(there, tmp_path, "192.0.2.1:8080", code=YES)
    why(there, tmp_path, "--freebind", "198.51.100.7:8080", code=YES)


def test_another_network_namespace_is_no_conflict(there: World, tmp_path: Path) -> None:
    port, _ = made(there, "elsewhere")
    said = why(there, tmp_path, port, code=YES)
    assert said["causes"] == []
    assert said["notes"] == ["network namespace harbour holds the port too, which is no conflict"]
    assert only_cause(why(there, tmp_path, "--netns", "harbour", port))["kind"] == "listener"


def test_reuseaddr_does_not_help_against_a_listener(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "reuse_listener")
    cause = only_cause(why(there, tmp_path, "--reuseaddr", port))
    assert cause["kind"] == "listener" and owner(cause) == pid
    assert "does not help against one that listens" in cause["text"]


def test_receivers_of_broadcasts_share_only_when_all_agree(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "broadcast")
    cause = only_cause(why(there, tmp_path, "--reuseaddr", f"192.0.2.255:{port}/udp"))
    assert cause["kind"] == "bound" and owner(cause) == pid
    assert "does not have SO_REUSEADDR" in cause["text"]
    port, pid = made(there, "broadcast_pair")
    said = why(there, tmp_path, f"192.0.2.255:{port}/udp")
    assert owner(only_cause(said)) == pid
    assert "SO_REUSEADDR" in cures(said, "server")
    why(there, tmp_path, "--reuseaddr", f"0.0.0.0:{port}/udp", code=YES)


def test_after_the_fact_it_tells_what_is_left(there: World, tmp_path: Path) -> None:
    port, pid = made(there, "bound")
    still = ask(there, tmp_path, "--errno", "EADDRINUSE", port)
    assert still.code == NO and f"pid {pid}" in still.out
    gone = ask(there, tmp_path, "--errno", "EADDRINUSE", "29999")
    assert gone.code == YES and "is not there any more" in gone.out


def test_a_process_decides_on_user_and_namespace(there: World, tmp_path: Path) -> None:
    _, pid = made(there, "elsewhere")
    port, _ = made(there, "bound")
    answer = ask(there, tmp_path, "--json", "--pid", str(pid), port)
    assert answer.code == YES, answer.out
    _, other = made(there, "other_user")
    assert ask(there, tmp_path, "--pid", str(other), "82").code == NO
    assert ask(there, tmp_path, "--pid", "4194304", port).code == USAGE
