# SPDX-License-Identifier: MIT
"""berth ls: filters, columns, forms and exit codes, on a recording."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from support import NO, RECORDINGS, USAGE, YES, Answer, assert_one_clear_line, validated

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"), "ls")


def sockets(berth: Berth, *arguments: str) -> list[Any]:
    answer = berth(*TOWN, "--json", *arguments)
    assert answer.code in (YES, NO), answer.err
    said = answer.json()
    assert said["schema"] == "berth-ls-1"
    assert (answer.code == YES) == bool(said["sockets"])
    return list(said["sockets"])


def test_the_usual_list_is_of_servers(berth: Berth) -> None:
    assert {row["state"] for row in sockets(berth)} == {"LISTEN", "UNCONN", "BOUND"}


def test_all_has_connections_too(berth: Berth) -> None:
    assert {row["state"] for row in sockets(berth, "-a")} > {"LISTEN", "ESTABLISHED", "TIME_WAIT"}


@pytest.mark.parametrize(("options", "protos"), [
    (["-t"], {"tcp"}), (["-u"], {"udp"}), (["-tu"], {"tcp", "udp"}), (["-tulpn"], {"tcp", "udp"}),
    (["--proto", "udp"], {"udp"}), (["-t", "-u"], {"tcp", "udp"}),
])
def test_protocols_are_chosen(berth: Berth, options: list[str], protos: set[str]) -> None:
    assert {row["proto"] for row in sockets(berth, *options)} == protos


@pytest.mark.parametrize(("option", "families"), [("-4", {4}), ("-6", {6}), ("-46", {4, 6})])
def test_families_are_chosen(berth: Berth, option: str, families: set[int]) -> None:
    assert {row["family"] for row in sockets(berth, option)} == families


def test_ports_are_chosen(berth: Berth) -> None:
    assert {row["local"]["port"] for row in sockets(berth, "--port", "53,3000-4000")} == {53, 3000}


def test_processes_are_chosen_by_name_and_by_pid(berth: Berth) -> None:
    by_name = sockets(berth, "--process", "node")
    assert by_name and all(row["owners"][0]["name"] == "node" for row in by_name)
    assert sockets(berth, "--process", str(by_name[0]["owners"][0]["pid"])) == by_name


def test_users_are_chosen_by_name_and_by_number(berth: Berth) -> None:
    by_name = sockets(berth, "--user", "games")
    assert {row["owners"][0]["name"] for row in by_name} == {"node", "harbour", "mosh-server"}
    assert sockets(berth, "--user", "5") == by_name


def test_states_are_chosen(berth: Berth) -> None:
    for spelling in ("time_wait", "TIME-WAIT", "Time_Wait"):
        assert {row["state"] for row in sockets(berth, "--state", spelling)} == {"TIME_WAIT"}
    assert {row["state"] for row in sockets(berth, "--state", "bound,unconn")} == {"BOUND", "UNCONN"}


def test_rows_are_sorted_by_port_protocol_and_family(berth: Berth) -> None:
    keys = [(row["local"]["port"], row["proto"], row["family"]) for row in sockets(berth, "-a")]
    assert keys == sorted(keys)


def test_lines_and_object_say_the_same(berth: Berth) -> None:
    lines = [json.loads(line) for line in berth(*TOWN, "-a", "--jsonl").out.splitlines()]
    assert lines == sockets(berth, "-a")


def test_rows_of_lines_are_valid_by_the_schema_of_the_list(berth: Berth) -> None:
    for line in berth(*TOWN, "-a", "--jsonl").out.splitlines():
        validated({"schema": "berth-ls-1", "sockets": [json.loads(line)], "netns": [], "left_out": 0, "gaps": [],
                   "listen_losses": None})


def test_the_columns_of_the_issue_stand_in_the_heading(berth: Berth) -> None:
    heading = berth(*TOWN).out.splitlines()[0].split()
    assert heading == ["PORT", "PROTO", "ADDRESS", "STATE", "PROCESS", "PID", "USER", "SINCE"]


def test_columns_are_chosen_and_headings_left_out(berth: Berth) -> None:
    rows = berth(*TOWN, "-o", "PID,PORT", "--no-headings", "--process", "node").out.split("\n")
    pid = str(sockets(berth, "--process", "node")[0]["owners"][0]["pid"])
    assert [row.split() for row in rows if row] == [[pid, "3000"], [pid, "3000"]]


def test_users_by_number(berth: Berth) -> None:
    rows = berth(*TOWN, "-n", "-o", "USER", "--no-headings", "--process", "node").out.split()
    assert set(rows) == {"5"}


def test_what_is_unknown_is_a_dash_and_its_reason_is_told_when_asked(berth: Berth) -> None:
    guest = ("--replay", str(RECORDINGS / "guest"), "ls", "--port", "22")
    plain = berth(*guest)
    assert plain.out.splitlines()[1].split()[4] == "-"
    assert "CAP_SYS_PTRACE" not in plain.out
    assert "CAP_SYS_PTRACE" in berth(*guest, "-v").out


def test_nothing_found_is_a_no(berth: Berth) -> None:
    answer = berth(*TOWN, "--port", "1")
    assert (answer.code, answer.out) == (NO, "")
    assert berth(*TOWN, "--port", "1", "--json").json()["sockets"] == []


@pytest.mark.parametrize("arguments", [
    ["--port", "65536"], ["--port", "x/y"], ["--state", "sleeping"], ["--proto", "icmp"], ["-o", "COLOUR"],
    ["-o", ""], ["-x"], ["--nonsense"], ["--port"], ["--json=yes"], ["extra"],
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth(*TOWN, *arguments)
    assert answer.code == USAGE, answer.out
    assert_one_clear_line(answer)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 500])
def test_a_width_is_kept(berth: Berth, width: int) -> None:
    answer = berth(*TOWN, "-av", variables={"COLUMNS": str(width)})
    assert answer.code == YES
    assert len(answer.out.splitlines()) == len(sockets(berth, "-a")) + 1
