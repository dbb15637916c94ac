# SPDX-License-Identifier: MIT
"""berth ephemeral says how many connections are left, and the kernel gives so many: counted until EADDRNOTAVAIL.

Here too: states and users compared with ss, other namespaces, ranges of single sockets.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exhaust_world import SCENARIOS
from support import BERTH, YES, Answer, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces


# ---- How many are left ------------------------------------------------------------------------------

def exhausted(scenario: str) -> dict[str, Any]:
    with world("exhaust_world.py", str(BERTH), scenario) as made:
        return made.said


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - {"parity"}))
def test_as_many_connections_are_left_as_was_said(scenario: str) -> None:
    said = exhausted(scenario)
    ports = said["last"] - said["first"] + 1
    for result in said["results"]:
        assert len(result["asked"]) >= 4
        assert [asked for asked in result["asked"] if abs(asked["said"] - asked["was"]) > ports / 100] == [], result["to"]
    if scenario == "time_wait_loopback":
        assert ports - 150 <= said["results"][0]["before"] < ports, "not before a second is over"


def test_connect_and_bind_begin_with_the_parity_that_was_said() -> None:
    """connect() takes the one half first, and then the other; bind() the other way round."""
    for scenario, parity in (("plain", 0), ("odd", 1), ("parity", 1)):
        [result] = exhausted(scenario)["results"]
        ports = result["ports"]
        half = len(ports) // 2 - 1
        assert {port % 2 for port in ports[:half]} == {parity}
        if len(ports) % 2 == 0:
            assert {port % 2 for port in ports[half + 2:]} == {1 - parity}
        assert abs(result["asked"][0]["said"] - result["asked"][0]["was"]) <= 1


# ---- Who has them -----------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("ephemeral_world.py") as made:
        yield made


def ask(there: World, home: Path, *arguments: str, before: tuple[str, ...] = ()) -> Answer:
    return run_berth(home, "ephemeral", *arguments, before=(*there.enter, *before))


def space(there: World, home: Path) -> dict[str, Any]:
    answer = ask(there, home, "--json")
    assert answer.code == YES, answer.err
    [only] = answer.json()["spaces"]
    return dict(only)


def test_states_are_those_of_ss(there: World, tmp_path: Path) -> None:
    said = space(there, tmp_path)
    counted: dict[tuple[str, str], int] = {}
    for flags, proto in (("-Htan", "tcp"), ("-Huan", "udp")):
        for line in there.run("ss", flags).splitlines():
            state, local = line.split()[0], line.split()[3]
            if 40000 <= int(local.rpartition(":")[2]) <= 40999:
                name = {"ESTAB": "ESTABLISHED"}.get(state, state.replace("-", "_"))
                counted[proto, name] = counted.get((proto, name), 0) + 1
    assert {(each["proto"], each["state"]): each["sockets"] for each in said["states"]} == counted
    assert counted["udp", "UNCONN"] == said["udp_ports"] == 4
    assert said["left_udp"] == said["ports"] - said["reserved"] - 4


def test_users_and_destinations_are_counted(there: World, tmp_path: Path) -> None:
    said = space(there, tmp_path)
    users = {each["pid"]: (each["connections"], each["destinations"]) for each in said["users"] if each["pid"]}
    assert users == {there.said["pid"]: (26, 2), there.said["child"]: (3, 1)}
    assert [each["pid"] for each in said["users"]][:2] == [there.said["pid"], None]
    first, second = said["destinations"]
    assert (first["port"], first["connections"]) == (7000, 30)
    assert (second["port"], second["connections"], second["left"]) == (7001, 9, said["left"] - 9)
    assert first["time_wait"] == said["time_wait"] == 10
    assert said["left"] == said["ports"] - said["reserved"]


def test_a_range_of_a_single_socket_is_read(there: World, tmp_path: Path) -> None:
    said = space(there, tmp_path)
    [ranged] = said["socket_ranges"]
    assert ranged["range"] == {"first": 40600, "last": 40700}
    assert ranged["socket"]["local"]["port"] == there.said["ranged"]
    assert 40600 <= there.said["ranged"] <= 40700
    assert "a range of its own, 40600–40700" in ask(there, tmp_path).out


def test_what_is_reserved_and_where_iana_disagrees_is_told(there: World, tmp_path: Path) -> None:
    said = space(there, tmp_path)
    assert said["reserved_list"] == [{"first": 7, "last": 7}, {"first": 40990, "last": 40999}, {"first": 65535, "last": 65535}]
    assert (said["reserved"], said["iana"]["dynamic_lent"]) == (10, 0)
    assert said["iana"]["quiet"] == [{"first": 49152, "last": 65535}]
    assert sum(each["lent"] for each in said["picture"]) == 990
    assert sum(each["reserved"] for each in said["picture"]) == 12
    # One that both TCP and UDP have counts once, as chance may have it.
    ports = {line.split()[4].rpartition(":")[2] for line in there.run("ss", "-Hantu").splitlines()}
    assert sum(each["in_use"] for each in said["picture"]) == len(ports)


def test_without_privileges_it_says_what_it_could_not_see(there: World, public: Path) -> None:
    answer = ask(there, public, before=AS_NOBODY)
    assert answer.code == YES
    assert "as far as can be seen (the kernel's own table needs CAP_BPF and CAP_PERFMON)" in " ".join(answer.out.split())


def test_each_namespace_has_its_own(there: World, tmp_path: Path) -> None:
    """All of them in one answer, each with its range; and one by the process in it."""
    inside = subprocess.Popen([*there.enter, "unshare", "--net", "sh", "-c",
                               "echo 50000 50009 > /proc/sys/net/ipv4/ip_local_port_range; echo; read x"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert inside.stdout and inside.stdin
    inside.stdout.readline()
    answer = ask(there, tmp_path, "--netns", "all", "--json")
    text = ask(there, tmp_path, "--netns", "all").out
    spaces = [each for each in answer.json()["spaces"] if each["known"]]
    [other] = [each for each in spaces if each["range"]["first"] == 50000]
    one = ask(there, tmp_path, "--netns", str(other["netns"]["pid"]), "--json").json()["spaces"]
    inside.stdin.close()
    inside.wait(timeout=10)
    assert (spaces[0]["netns"]["own"], spaces[0]["range"]["first"], spaces[0]["destinations"] != []) == (True, 40000, True)
    assert (other["ports"], other["left"], other["destinations"]) == (10, 10, [])
    assert [(each["range"], each["left"], each["bound_exact"]) for each in one] == [(other["range"], 10, False)]
    assert "50000–50009" in text


def test_a_recording_tells_the_same(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    assert run_berth(tmp_path, "record", "--scrub", str(folder), before=there.enter).code == YES
    [replayed] = run_berth(tmp_path, "--replay", str(folder), "ephemeral", "--json").json()["spaces"]
    said = space(there, tmp_path)
    for name in ("range", "ports", "reserved", "left", "tcp_ports", "udp_ports", "picture", "time_wait_rules", "bound_exact"):
        assert replayed[name] == said[name], name
    assert [(each["port"], each["connections"]) for each in replayed["destinations"]] == [
        (each["port"], each["connections"]) for each in said["destinations"]]
