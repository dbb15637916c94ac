# SPDX-License-Identifier: MIT
"""What in the kernel made a socket that no process holds, for real: those that this kernel has (VXLAN, MPTCP).
tests/cli/test_makers.py has the others, from samples."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, YES, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("kernel_sockets.py") as made:
        yield made


def row_of(there: World, home: Path, port: int, *before: str) -> Any:
    answer = run_berth(home, "--json", str(port), before=(*there.enter, *before))
    assert answer.code == YES, answer.err
    [row] = [row for row in answer.json()["sockets"] if row["local"]["port"] == port]
    return row


def test_vxlan_is_named_by_its_interface_live(there: World, tmp_path: Path) -> None:
    if not there.said["vxlan"]:
        pytest.skip("this kernel has no VXLAN")
    row = row_of(there, tmp_path, 4789)
    assert (row["maker"], row["maker_detail"], row["owners"]) == ("vxlan", "interface vx0", [])
    assert (row["reason_kind"], row["reason"]) == ("kernel-socket", "kernel socket of VXLAN interface vx0")
    six = row_of(there, tmp_path, 4790)
    assert (six["family"], six["maker_detail"]) == (6, "interface vx6")


def test_a_port_that_two_interfaces_share_says_so_live(there: World, tmp_path: Path) -> None:
    if not there.said["vxlan"]:
        pytest.skip("this kernel has no VXLAN")
    assert row_of(there, tmp_path, 4791)["reason"] in (
        "kernel socket of VXLAN interface vx1 and 1 more", "kernel socket of VXLAN interface vx2 and 1 more")


def test_makers_are_seen_without_any_privilege_live(there: World, tmp_path: Path) -> None:
    if not there.said["vxlan"]:
        pytest.skip("this kernel has no VXLAN")
    row = row_of(there, tmp_path, 4789, *AS_NOBODY)
    assert (row["maker"], row["capabilities"]) == ("vxlan", [])


def test_a_listener_of_the_path_manager_is_named_live(there: World, tmp_path: Path) -> None:
    if not there.said["mptcp"]:
        pytest.skip("this kernel or ip has no MPTCP endpoints with ports")
    row = row_of(there, tmp_path, 4444)
    assert (row["proto"], row["maker"], row["maker_detail"]) == ("tcp", "mptcp", "endpoint 7")
    answer = run_berth(tmp_path, "ls", "-a", "--json", before=there.enter)
    [parent] = [row for row in answer.json()["sockets"] if row["proto"] == "mptcp" and not row["owners"]]
    assert parent["maker"] == "mptcp"


def test_subflows_of_mptcp_have_the_owner_of_the_connection_live(there: World, tmp_path: Path) -> None:
    if not there.said["subflows"]:
        pytest.skip("this kernel has no MPTCP")
    answer = run_berth(tmp_path, "ls", "-a", "--json", "--proto", "tcp", "--state", "established",
                       before=there.enter)
    rows = [row for row in answer.json()["sockets"]
            if there.said["subflows"] in (row["local"]["port"], (row["peer"] or {}).get("port"))]
    assert len(rows) >= 2
    for row in rows:
        assert [owner["pid"] for owner in row["owners"]] == [there.said["pid"]], row


def test_a_socket_of_a_process_has_no_maker_live(there: World, tmp_path: Path) -> None:
    row = row_of(there, tmp_path, there.said["plain"])
    assert row["maker"] is None and [owner["pid"] for owner in row["owners"]] == [there.said["pid"]]


def test_a_recording_names_the_same_makers_live(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    run_berth(tmp_path, "record", str(folder), before=there.enter)
    ask = ("ls", "-a", "--json")
    live = run_berth(tmp_path, *ask, before=there.enter).json()["sockets"]
    then = run_berth(tmp_path, "--replay", str(folder), *ask).json()["sockets"]
    names = [(row["local"]["port"], row["maker"], row["reason"]) for row in live]
    assert names == [(row["local"]["port"], row["maker"], row["reason"]) for row in then]


def test_nobody_is_asked_when_every_socket_has_a_process_live(there: World, tmp_path: Path) -> None:
    """No dump of interfaces or of generic netlink families when they cannot matter."""
    trace = tmp_path / "trace"
    subprocess.run([*there.enter, "strace", "-f", "-e", "trace=socket,openat", "-o", str(trace),
                    str(BERTH), str(there.said["plain"])],
                   check=False, capture_output=True)
    calls = trace.read_text(encoding="utf-8", errors="replace")
    assert "NETLINK_SOCK_DIAG" in calls
    assert "NETLINK_ROUTE" not in calls and "NETLINK_GENERIC" not in calls
    assert "/proc/fs/nfsd" not in calls and "/sys/kernel/config" not in calls

