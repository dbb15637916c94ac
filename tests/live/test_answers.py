# SPDX-License-Identifier: MIT
"""berth answers says what the kernel does: compared over hundreds of sets of sockets, and on servers as people
have them. Here too: details of sockets, compared with ss."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, YES, Answer, run_berth
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
SETS = 120  # of each protocol; each is asked for five addresses
SEED = int(os.environ.get("BERTH_SEED", "7"))


# ---- The judge and the kernel ---------------------------------------------------------------------

@pytest.fixture(scope="module")
def compared() -> list[dict[str, Any]]:
    if REASON:
        pytest.skip(REASON)
    with world("answers_world.py", str(BERTH), str(SETS), str(SEED)) as made:
        return list(made.said["results"])


def agrees(result: dict[str, Any]) -> bool:
    """Refused is refused; who answers is who was named; when it is certain, all who were named answer."""
    if result["accepted"] != (result["answer"] == "socket"):
        return False
    had, said = set(result["had"]), set(result["said"])
    return had == said if result["certain"] else bool(had) and had <= said


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_the_kernel_gives_each_connection_to_whom_berth_named(compared: list[dict[str, Any]], proto: str) -> None:
    mine = [result for result in compared if result["proto"] == proto]
    assert len(mine) == SETS * 5
    assert [result for result in mine if not agrees(result)] == []


def test_the_comparison_is_worth_something(compared: list[dict[str, Any]]) -> None:
    """Each way to a socket, groups, refusals and sockets that are passed over are in it."""
    kinds = Counter((result["proto"], result["via"]) for result in compared)
    for proto in ("tcp", "udp"):
        for via in ("direct", "wildcard", "dual-stack", "nothing"):
            assert kinds[proto, via] > 10, kinds
    assert sum(len(result["said"]) > 1 for result in compared) > 20
    assert sum(len(result["sockets"]) > len(result["said"]) > 0 for result in compared) > 100
    answered = [result for result in compared if result["said"]]
    assert sum(result["certain"] for result in answered) > len(answered) * 0.8


# ---- Servers as people have them -------------------------------------------------------------------

@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("splits_world.py") as made:
        yield made


def ask(there: World, home: Path, *arguments: str) -> Answer:
    return run_berth(home, *arguments, before=there.enter)


def answers(there: World, home: Path, question: str, code: int = YES) -> dict[str, Any]:
    answer = ask(there, home, "answers", "--json", question)
    assert answer.code == code, answer.err
    return dict(answer.json())


def kinds(said: dict[str, Any]) -> list[str]:
    return [flag["kind"] for flag in said["flags"]]


def pids(destination: dict[str, Any]) -> list[int]:
    return sorted(owner["pid"] for row in destination["answered_by"] for owner in row["owners"])


@pytest.mark.parametrize("proto", ["tcp", "udp"])
def test_two_programs_behind_one_name_are_a_split(there: World, tmp_path: Path, proto: str) -> None:
    made = there.said[f"{proto}_split"]
    said = answers(there, tmp_path, f"localhost:{made['port']}/{proto}")
    assert [pids(each) for each in said["destinations"]] == [[pid] for pid in made["pids"]]
    assert kinds(said) == ["split"]
    for pid in made["pids"]:
        assert f"(pid {pid}, root)" in said["flags"][0]["text"]
    report = ask(there, tmp_path, "--json", str(made["port"])).json()
    assert report["split"] == said["flags"][0]["text"]
    assert "split: " in ask(there, tmp_path, str(made["port"])).out


@pytest.mark.parametrize("name", ["both", "dual", "workers_of_both"])
def test_one_program_behind_one_name_is_no_split(there: World, tmp_path: Path, name: str) -> None:
    made = there.said[name]
    said = answers(there, tmp_path, f":{made['port']}")
    assert [pids(each) for each in said["destinations"]] == [sorted(made["pids"])] * 2
    assert said["flags"] == []
    assert ask(there, tmp_path, "--json", str(made["port"])).json()["split"] is None


def test_an_address_without_a_server_is_refused(there: World, tmp_path: Path) -> None:
    port = there.said["only4"]["port"]
    said = answers(there, tmp_path, f":{port}", NO)
    assert [each["answer"] for each in said["destinations"]] == ["socket", "refused"]
    text = ask(there, tmp_path, "answers", f":{port}").out
    assert f"[::1]:{port} → nobody: connection refused" in text
    assert "ICMP port unreachable" in ask(there, tmp_path, "answers", f":{port}/udp").out


def test_members_of_a_group_are_named_and_strangers_in_it_too(there: World, tmp_path: Path) -> None:
    workers = answers(there, tmp_path, f"127.0.0.1:{there.said['workers']['port']}")
    assert workers["destinations"][0]["group_size"] == 3
    assert pids(workers["destinations"][0]) == sorted(there.said["workers"]["pids"])
    assert workers["flags"] == []
    strangers = answers(there, tmp_path, f"127.0.0.1:{there.said['strangers']['port']}")
    assert pids(strangers["destinations"][0]) == sorted(there.said["strangers"]["pids"])
    assert kinds(strangers) == ["shared-group"]


def test_a_listener_on_another_interface_is_pointed_out(there: World, tmp_path: Path) -> None:
    port = there.said["device"]["port"]
    said = answers(there, tmp_path, f"127.0.0.1:{port}", NO)
    assert kinds(said) == ["interface"]
    assert "on veth0 only" in said["flags"][0]["text"]
    assert answers(there, tmp_path, f"192.0.2.1:{port}")["flags"] == []


def test_a_full_backlog_is_pointed_out_with_what_it_cost(there: World, tmp_path: Path) -> None:
    port = there.said["full"]["port"]
    said = answers(there, tmp_path, f"127.0.0.1:{port}")
    assert kinds(said) == ["backlog-full"]
    assert said["destinations"][0]["answered_by"][0]["backlog"] == {"used": 2, "limit": 1}
    report = ask(there, tmp_path, "--json", str(port)).json()
    netstat = there.run("cat", "/proc/net/netstat").splitlines()
    names, values = (line.split() for line in netstat[:2])
    counters = dict(zip(names, values, strict=True))
    assert 0 < report["listen_losses"]["overflows"] <= int(counters["ListenOverflows"])
    assert "lost to full backlogs" in ask(there, tmp_path, str(port)).out
    other = ask(there, tmp_path, "--json", str(there.said["only4"]["port"])).json()
    assert other["listen_losses"] is None, "nobody asked, and nothing is full"


def test_mptcp_answers_for_its_tcp_socket_and_udplite_for_itself(there: World, tmp_path: Path) -> None:
    for name, proto, asked in (("mptcp", "mptcp", "tcp"), ("udplite", "udplite", "udplite")):
        if name not in there.said:
            pytest.skip(f"this kernel has no {name}")
        said = answers(there, tmp_path, f"127.0.0.1:{there.said[name]['port']}/{asked}")
        rows = said["destinations"][0]["answered_by"]
        assert [(row["proto"], row["inode"]) for row in rows] == [(proto, there.said[name]["inode"])]


@pytest.mark.parametrize(("address", "ours"), [
    ("127.0.0.1", True), ("127.9.9.9", True), ("192.0.2.1", True), ("192.0.2.2", False), ("198.51.100.1", False),
    ("[::1]", True), ("[2001:db8::1]", True), ("[2001:db8::2]", False), ("[::ffff:192.0.2.1]", True), ("0.0.0.0", True),
])
def test_addresses_of_others_are_told_from_our_own(there: World, tmp_path: Path, address: str, ours: bool) -> None:
    port = there.said["dual"]["port"]
    said = answers(there, tmp_path, f"{address}:{port}", YES if ours else NO)
    assert said["destinations"][0]["answer"] == ("socket" if ours else "elsewhere")
    if not ours:
        assert "not this machine" in ask(there, tmp_path, "answers", f"{address}:{port}").out


def test_names_are_resolved_as_programs_here_resolve_them(there: World, tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("192.0.2.1 town\n2001:db8::1 town\n198.51.100.7 elsewhere\n", encoding="ascii")
    port = there.said["dual"]["port"]
    script = 'mount --bind "$0" /etc/hosts && exec "$@"'
    before = (*there.enter, "unshare", "--mount", "sh", "-c", script, str(hosts))
    said = run_berth(tmp_path, "answers", "--json", f"town:{port}", before=before)
    assert said.code == YES, said.err
    assert {each["address"] for each in said.json()["destinations"]} == {"192.0.2.1", "2001:db8::1"}
    assert run_berth(tmp_path, "answers", f"elsewhere:{port}", before=before).code == NO


def test_without_ipv6_localhost_has_one_address_less(tmp_path: Path) -> None:
    script = ("ip link set lo up; echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6;"
              "python3 -c 'import socket, sys, subprocess; s = socket.create_server((\"127.0.0.1\", 20000));"
              "sys.exit(subprocess.call(sys.argv[1:]))' \"$0\" answers --json :20000")
    done = subprocess.run(["unshare", "--net", "sh", "-c", script, str(BERTH)], capture_output=True,
                          text=True, check=False)
    assert done.returncode == YES, done.stderr
    assert '"answer":"no-address"' in done.stdout


# ---- Details -----------------------------------------------------------------------------------------

def test_details_are_those_of_ss(there: World, tmp_path: Path) -> None:
    """Congestion control, memory and the state of connections, for the sockets that both see."""
    first = there.run("ss", "-H", "-tinmae")
    rows = {row["cookie"]: row for row in ask(there, tmp_path, "ls", "-a", "-t", "-v", "--json").json()["sockets"]}
    seen = 0
    for line, more in zip(*[iter(first.splitlines())] * 2, strict=True):
        cookie = next(int(word[3:], 16) for word in line.split() if word.startswith("sk:"))
        row = rows.get(cookie)
        if row is None or row["state"] == "SYN_SENT":
            continue
        details, words = row["details"], more.split()
        memory = dict(part[0:2] if part[1].isdigit() else (part[:2], part[2:])
                      for part in words[0].removeprefix("skmem:(").removesuffix(")").split(","))
        assert details["congestion"] in words
        assert details["memory"]["receive_limit"] == int(memory["rb"])
        if row["state"] == "LISTEN":
            assert (row["backlog"]["used"], row["backlog"]["limit"]) == tuple(map(int, line.split()[1:3]))
            assert details["tcp"] is None
        seen += 1
    assert seen >= 10


def test_details_cost_only_who_asks_for_them(there: World, tmp_path: Path) -> None:
    plain = ask(there, tmp_path, "ls", "-a", "--json").json()
    assert all(row["details"] is None for row in plain["sockets"])
    assert any(row["reuseport_group"] == 3 for row in plain["sockets"])


def test_a_recording_answers_as_the_machine_did(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    assert ask(there, tmp_path, "record", str(folder)).code == YES
    for name, code in (("tcp_split", YES), ("dual", YES), ("only4", NO), ("strangers", NO)):
        port = there.said[name]["port"]
        replayed = run_berth(tmp_path, "--replay", str(folder), "answers", "--json", f":{port}")
        assert replayed.code == code
        mine = answers(there, tmp_path, f":{port}", code)
        assert replayed.json()["flags"] == mine["flags"]
        assert [each["text"] for each in replayed.json()["destinations"]] == [
            each["text"] for each in mine["destinations"]]
    assert run_berth(tmp_path, "--replay", str(folder), "answers", "192.0.2.1:1").code == NO
    assert run_berth(tmp_path, "--replay", str(folder), "answers", "192.0.2.9:1").code == NO
