# SPDX-License-Identifier: MIT
"""berth ls and ss agree on a world of a few hundred sockets, row for row, in both directions."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ss
from support import BUILD, NO, YES, Answer, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
TABLES = ("--proto", "tcp,udp")  # what ss -tu shows
Key = tuple[str, int]


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("world.py") as made:
        yield made


def ask(there: World, home: Path, *arguments: str, before: tuple[str, ...] = ()) -> Answer:
    return run_berth(home, *arguments, before=(*there.enter, *before))


def rows(there: World, home: Path, *arguments: str, before: tuple[str, ...] = ()) -> list[Any]:
    answer = ask(there, home, "ls", "-a", "--json", *arguments, before=before)
    assert answer.code == YES, answer.err
    return list(answer.json()["sockets"])


def by_key(sockets: list[Any]) -> dict[Key, ss.Row]:
    keyed = {(row["proto"], row["cookie"]): ss.row_of(row) for row in sockets if row["state"] != "BOUND"}
    assert len(keyed) == sum(row["state"] != "BOUND" for row in sockets), "two rows for one socket"
    return keyed


def is_timed(row: ss.Row) -> bool:
    """The kernel ends these by itself."""
    return row.state in ("TIME_WAIT", "SYN_RECV", "SYN_SENT") or (
        row.state == "FIN_WAIT2" and row.inode is None)


def compare(there: World, home: Path) -> tuple[list[Any], dict[Key, ss.Row]]:
    """What both say; asserts that they agree. Sockets that ended meanwhile are in one of two ss."""
    first, _ = ss.parse(there.run("ss", "-H", "-tuanpe"))
    said = rows(there, home, *TABLES)
    second, _ = ss.parse(there.run("ss", "-H", "-tuanpe"))
    mine = by_key(said)
    stable = {key: row for key, row in first.items() if second.get(key) == row}
    assert {key: row for key, row in stable.items() if mine.get(key) != row} == {}, \
        "rows of ss that berth lacks or shows otherwise"
    extra = {key: row for key, row in mine.items() if key not in first and key not in second}
    assert extra == {}, "rows of berth that ss lacks"
    assert all(is_timed(row) for key, row in first.items() if key not in stable)
    return said, stable


def test_berth_and_ss_agree_row_for_row(there: World, tmp_path: Path) -> None:
    said, agreed = compare(there, tmp_path)
    assert len(agreed) > 300
    states = {row.state for row in agreed.values()}
    assert states >= {"LISTEN", "ESTABLISHED", "TIME_WAIT", "CLOSE_WAIT", "FIN_WAIT2", "UNCONN"}
    assert {row.family for row in agreed.values()} == {4, 6}
    assert len({row.uid for row in agreed.values()}) >= 1
    assert sum(len(row.owners) > 1 for row in agreed.values()) >= 1
    assert any(row["v6only"] is True for row in said) and any(row["v6only"] is False for row in said)


def test_half_open_connections_are_there(there: World, tmp_path: Path) -> None:
    port = str(there.said["half_open_port"])
    theirs = there.run("ss", "-H", "-tan", "state", "syn-recv", f"sport = :{port}").splitlines()
    mine = [row for row in rows(there, tmp_path, "--port", port) if row["state"] == "SYN_RECV"]
    again = there.run("ss", "-H", "-tan", "state", "syn-recv", f"sport = :{port}").splitlines()
    assert len(again) <= len(mine) <= len(theirs)


def test_the_time_that_is_left_of_time_wait(there: World, tmp_path: Path) -> None:
    said = rows(there, tmp_path, *TABLES)
    _, timers = ss.parse(there.run("ss", "-H", "-tuanpe"))
    left = {(row["proto"], row["cookie"]): row["expires_ms"] for row in said
            if row["expires_ms"] is not None}
    # Orphans in FIN_WAIT2 end in the same way (tcp_time_wait() in net/ipv4/tcp_minisocks.c).
    assert {row["state"] for row in said if row["expires_ms"] is not None} == {
        "TIME_WAIT", "FIN_WAIT2"}
    assert timers and set(timers) <= set(left)
    for key, seconds in timers.items():
        assert abs(left[key] / 1000 - seconds) < 3


def test_sockets_that_are_bound_only_are_there_though_ss_cannot_show_them(
        there: World, tmp_path: Path) -> None:
    bound = [row for row in rows(there, tmp_path, *TABLES) if row["state"] == "BOUND"]
    if kernel() < (6, 8):
        assert bound == []
        answer = ask(there, tmp_path, "ls", "-a", "--json")
        assert any("bound" in gap for gap in answer.json()["gaps"])
        return
    assert sorted(row["local"]["port"] for row in bound) == sorted(there.said["bound_only"])
    for row in bound:
        assert [owner["pid"] for owner in row["owners"]] == [there.said["pid"]]
        assert (row["proto"], row["reason"]) == ("tcp", None)
    theirs, _ = ss.parse(there.run("ss", "-H", "-tuanpe"))
    assert not any((row["proto"], row["cookie"]) in theirs for row in bound)


def kernel() -> tuple[int, ...]:
    release = Path("/proc/sys/kernel/osrelease").read_text(encoding="utf-8")
    return tuple(map(int, release.split("-")[0].split(".")[:2]))


def owners_of(there: World, home: Path, port: int) -> list[set[int]]:
    return [{owner["pid"] for owner in row["owners"]}
            for row in rows(there, home, "--port", str(port)) if row["state"] == "LISTEN"]


def test_forked_workers_all_own_the_socket_that_they_share(there: World, tmp_path: Path) -> None:
    workers = there.said["workers"]
    assert owners_of(there, tmp_path, workers["port"]) == [set(workers["pids"])]


def test_each_member_of_a_reuseport_group_is_a_row(there: World, tmp_path: Path) -> None:
    group = there.said["reuseport_processes"]
    assert sorted(owners_of(there, tmp_path, group["port"]), key=min) == [
        {pid} for pid in group["pids"]]
    assert len(owners_of(there, tmp_path, there.said["reuseport_port"])) == 4


def test_one_port_may_be_held_on_several_addresses(there: World, tmp_path: Path) -> None:
    said = rows(there, tmp_path, "-t", "--port", str(there.said["shared_port"]), "--state", "listen")
    assert {row["local"]["address"] for row in said} == {"127.0.0.1", "127.0.0.2", "192.0.2.1"}


def test_the_interface_that_a_socket_is_tied_to(there: World, tmp_path: Path) -> None:
    [tied] = rows(there, tmp_path, "--port", str(there.said["device_port"]))
    [plain] = rows(there, tmp_path, "--port", str(there.said["plain_port"]))
    assert (tied["interface"], plain["interface"]) == ("lo", None)


def test_owners_have_user_start_and_chain(there: World, tmp_path: Path) -> None:
    lonely = there.said["nobodys"]
    [row] = rows(there, tmp_path, "--port", str(lonely["port"]))
    [owner] = row["owners"]
    assert (owner["pid"], owner["name"], owner["uid"]) == (lonely["pid"], "lonely", 65534)
    assert owner["command"][0] == "lonely"
    assert [parent["pid"] for parent in owner["parents"]] == [there.said["pid"]]
    stat = there.run("cat", f"/proc/{lonely['pid']}/stat")
    assert owner["start_ticks"] == int(stat.rpartition(")")[2].split()[19])


def test_sockets_without_a_process_have_a_reason(there: World, tmp_path: Path) -> None:
    said = rows(there, tmp_path)
    for row in said:
        assert bool(row["owners"]) or row["reason"], row
        assert (row["reason"] is None) == (row["reason_kind"] == "known")
    closing = [row for row in said if row["state"] == "TIME_WAIT"]
    assert closing and all(row["reason_kind"] == "closing-socket" or "closing" in row["reason"]
                           for row in closing)
    [flying] = [row for row in said if row["local"]["port"] == there.said["in_flight_port"]]
    assert flying["owners"] == [] and flying["reason"]


def test_the_kernels_own_socket_is_named_so(there: World, tmp_path: Path) -> None:
    if not there.said["vxlan_port"]:
        pytest.skip("this kernel has no VXLAN")
    # From our own PID namespace, which holds every process that could have it.
    answer = run_berth(tmp_path, "ls", "-a", "--json", "--port", "4789",
                       before=("nsenter", f"--net=/proc/{there.pid}/ns/net", "--"))
    said = answer.json()["sockets"]
    assert said
    for row in said:
        assert (row["proto"], row["owners"]) == ("udp", [])
        if every_process_can_be_read():
            assert "kernel" in row["reason"]
        else:
            assert row["reason"]


def every_process_can_be_read() -> bool:
    try:
        for folder in Path("/proc").glob("[0-9]*/fd"):
            try:
                list(folder.iterdir())
            except (FileNotFoundError, ProcessLookupError):
                pass
        return Path("/proc/self/ns/pid").readlink() == Path("/proc/1/ns/pid").readlink()
    except PermissionError:
        return False


def test_other_protocols_are_there(there: World, tmp_path: Path) -> None:
    for name in ("mptcp", "udplite"):
        port = there.said[f"{name}_port"]
        if port:
            protos = {row["proto"] for row in rows(there, tmp_path, "--port", str(port))}
            assert name in protos, f"no {name} row for port {port}"


def test_an_unprivileged_user_loses_no_row(there: World, tmp_path: Path) -> None:
    all_rows = by_key(rows(there, tmp_path, *TABLES))
    said = rows(there, tmp_path, *TABLES, before=AS_NOBODY)
    fewer = by_key(said)
    again = by_key(rows(there, tmp_path, *TABLES))
    lost = {key: row for key, row in again.items() if key in all_rows and key not in fewer}
    assert lost == {}
    assert sum(row["state"] == "BOUND" for row in said) == (
        len(there.said["bound_only"]) if kernel() >= (6, 8) else 0)
    for row in said:
        assert bool(row["owners"]) or row["reason"], row
    hidden = [row for row in said if row["reason_kind"] == "needs-capability"]
    assert len(hidden) > 200
    for row in hidden:
        assert "CAP_SYS_PTRACE" in row["capabilities"] and "CAP_SYS_PTRACE" in row["reason"]
    port = there.said["nobodys"]["port"]
    [own] = [row for row in said if row["local"]["port"] == port]
    assert [owner["name"] for owner in own["owners"]] == ["lonely"]


def refusing(there: World) -> tuple[str, ...]:
    return (*there.enter, str(BUILD / "tests" / "live" / "refuse_netlink"))


def poorer(row: ss.Row) -> tuple[object, ...]:
    """What /proc/net tells too: no cookie, interface, v6only; listeners have no queues there."""
    queues = () if row.state == "LISTEN" else (row.receive_queue, row.send_queue)
    return row.proto, row.family, row.state, row.local, row.peer, queues, row.uid, row.inode, row.owners


def count(sockets: list[Any]) -> dict[tuple[object, ...], int]:
    counted: dict[tuple[object, ...], int] = {}
    for row in map(ss.row_of, sockets):
        if row.state != "BOUND" and not is_timed(row):
            counted[poorer(row)] = counted.get(poorer(row), 0) + 1
    return counted


def test_where_netlink_is_refused_the_same_rows_come_from_proc(there: World, tmp_path: Path) -> None:
    answer = run_berth(tmp_path, "ls", "-a", "--json", *TABLES, before=refusing(there))
    assert answer.code in (YES, 3), answer.err
    said = answer.json()
    assert any("/proc/net" in gap for gap in said["gaps"])
    assert count(said["sockets"]) == count(rows(there, tmp_path, *TABLES))


def test_the_card_of_a_port_says_who_holds_it(there: World, tmp_path: Path) -> None:
    workers = there.said["workers"]
    answer = ask(there, tmp_path, str(workers["port"]))
    assert answer.code == YES
    assert "worker" in answer.out and "www-data" in answer.out
    said = ask(there, tmp_path, "--json", str(workers["port"])).json()
    assert said["verdict"]["held"] is True
    assert (said["verdict"]["tcp"]["use"], said["verdict"]["tcp"]["bindable"]) == ("listening", "no")


@pytest.mark.parametrize("family", [4, 6])
def test_the_verdict_is_what_the_kernel_does(there: World, tmp_path: Path, family: int) -> None:
    """Tried on every port that something holds and some that nothing does, as a plain server would.

    The verdict is of the wildcard of both families, so an IPv4 server may still get what it denies.
    """
    ports = sorted({row["local"]["port"] for row in rows(there, tmp_path)})
    asked = [*ports, *(port for port in range(10000, 10010) if port not in ports)]
    answer = ask(there, tmp_path, "--jsonl", ",".join(map(str, asked)))
    verdicts = {line["port"]: line["verdict"] for line in answer.lines()}
    wrong = []
    for line in there.run("python3", "-c", TRY_TO_BIND, str(family), *map(str, asked)).splitlines():
        port, kind, outcome = line.split()
        said = verdicts[int(port)][kind]["bindable"]
        if said == "yes" and outcome == "refused" or (
                family == 6 and said == "no" and outcome == "bound"):
            wrong.append((port, kind, said, outcome))
    assert wrong == []


TRY_TO_BIND = """
import socket, sys
family = socket.AF_INET if sys.argv[1] == "4" else socket.AF_INET6
for port in map(int, sys.argv[2:]):
    for name, kind in (("tcp", socket.SOCK_STREAM), ("udp", socket.SOCK_DGRAM)):
        with socket.socket(family, kind) as made:
            try:
                made.bind(("", port))
                if name == "tcp":
                    made.listen(1)
                print(port, name, "bound")
            except OSError:
                print(port, name, "refused")
"""


def test_what_is_free_is_no_and_what_is_held_is_yes(there: World, tmp_path: Path) -> None:
    held = there.said["dual_port"]
    assert ask(there, tmp_path, str(held)).code == YES
    # Port 1: the kernel never lends it, as it may 60587, and nobody in this world asked for it.
    assert ask(there, tmp_path, "1").code == NO


def test_a_recording_replays_to_the_same_answer(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    assert ask(there, tmp_path, "record", str(folder)).code == YES
    time.sleep(0.1)
    replayed = run_berth(tmp_path, "--replay", str(folder), "ls", "-a", "--json").json()
    live = ask(there, tmp_path, "ls", "-a", "--json").json()
    now = {(row["proto"], row["cookie"]): row for row in live["sockets"]}
    then = {(row["proto"], row["cookie"]): row for row in replayed["sockets"]}
    assert len(then) > 300
    for key, row in now.items():
        if row["state"] in ("TIME_WAIT", "SYN_RECV", "SYN_SENT", "FIN_WAIT2"):
            continue
        assert then[key] == row
    assert replayed["gaps"] == live["gaps"]
    again = run_berth(tmp_path, "--replay", str(folder), "ls", "-a", "--json")
    assert again.json() == replayed
