# SPDX-License-Identifier: MIT
"""Network namespaces: found whatever keeps them, asked from inside, told apart, named."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ss
from netns_world import PORT
from support import NO, UNKNOWN, YES, Answer, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
ALL = ("--netns", "all")


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("netns_world.py") as made:
        yield made


@pytest.fixture(scope="module")
def many() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("netns_world.py", "50") as made:
        yield made


def ask(there: World, home: Path, *arguments: str, before: tuple[str, ...] = ()) -> Answer:
    return run_berth(home, *arguments, before=(*there.enter, *before))


def listed(there: World, home: Path, *arguments: str) -> Any:
    answer = ask(there, home, "ls", "--json", *ALL, *arguments)
    assert answer.code == YES, answer.err
    return answer.json()


def by_inode(said: Any) -> dict[int, Any]:
    found = {each["inode"]: each for each in said["netns"]}
    assert len(found) == len(said["netns"]), "one namespace is listed twice"
    return found


def held_at(said: Any, port: int, proto: str = "tcp") -> dict[int, Any]:
    rows = [row for row in said["sockets"] if row["local"]["port"] == port and row["proto"] == proto]
    found = {row["netns"]["inode"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_a_namespace_is_found_whatever_keeps_it(there: World, tmp_path: Path) -> None:
    made, found = there.said, by_inode(listed(there, tmp_path))
    assert set(found) == {made["own"], made["empty"], made["descriptor"], made["mounted"],
                          *(made[name][1] for name in ("web", "process", "thread", "hidden", "nobody")),
                          int(there.run("stat", "-Lc", "%i", "/run/netns/big"))}
    assert [each["own"] for each in found.values()] == [True] + [False] * (len(found) - 1)
    for each in found.values():
        assert (each["reason"], each["reason_kind"], each["gaps"]) == (None, "known", []), each
    kinds = {name: found[inode]["kind"] for name, inode in (
        ("web", made["web"][1]), ("process", made["process"][1]), ("thread", made["thread"][1]),
        ("hidden", made["hidden"][1]), ("descriptor", made["descriptor"]),
        ("mounted", made["mounted"]), ("empty", made["empty"]))}
    assert kinds == {"web": "named", "process": "process", "thread": "process", "hidden": "mount",
                     "descriptor": "descriptor", "mounted": "mount", "empty": "named"}


def test_namespaces_have_names_for_people(there: World, tmp_path: Path) -> None:
    made, found = there.said, by_inode(listed(there, tmp_path))
    names = {inode: each["name"] for inode, each in found.items()}
    lonely = made["process"][0]
    assert names[made["own"]] == "this one"
    assert names[made["web"][1]] == "web"
    assert names[made["empty"]] == "empty"
    assert names[made["process"][1]] == f"lonely[{lonely}]"
    assert names[made["descriptor"]] == f"kept by python3[{there.said['pid']}]"
    assert names[made["mounted"]] == f"net:[{made['mounted']}]"
    assert found[made["process"][1]]["pid"] == lonely
    assert found[made["descriptor"]]["pid"] is None
    assert found[made["mounted"]]["path"].endswith("/run/kept")
    assert found[made["hidden"][1]]["path"].endswith("/run/elsewhere/two words")
    cookies = [each["cookie"] for each in found.values() if not each["own"]]
    assert len(set(cookies)) == len(cookies)


def test_one_port_in_many_namespaces_is_told_apart_and_each_has_its_owner(
        there: World, tmp_path: Path) -> None:
    made, said = there.said, listed(there, tmp_path)
    rows = held_at(said, PORT)
    owners = {inode: [owner["pid"] for owner in row["owners"]] for inode, row in rows.items()}
    expected = {made[name][1]: [made[name][0]] for name in ("web", "process", "thread", "nobody", "hidden")}
    # Sockets whose namespace has no process are held by one that is elsewhere.
    assert owners == {**expected, made["descriptor"]: [made["pid"]], made["mounted"]: [made["pid"]]}
    assert all(row["reason_kind"] == "known" for row in rows.values())


def test_sockets_in_a_big_namespace_are_those_that_ss_shows_inside(there: World, tmp_path: Path) -> None:
    inside = ("nsenter", "--net=/run/netns/big", "--")
    first, _ = ss.parse(there.run(*inside, "ss", "-H", "-tuanpe"))
    said = listed(there, tmp_path, "-a", "--proto", "tcp,udp")
    one = ask(there, tmp_path, "ls", "--json", "-a", "--proto", "tcp,udp", "--netns", "big").json()
    second, _ = ss.parse(there.run(*inside, "ss", "-H", "-tuanpe"))
    stable = {key: row for key, row in first.items() if second.get(key) == row}
    assert len(stable) > 300
    for sockets in ([row for row in said["sockets"] if row["netns"]["name"] == "big"], one["sockets"]):
        mine = {(row["proto"], row["cookie"]): ss.row_of(row) for row in sockets if row["state"] != "BOUND"}
        assert {key: row for key, row in stable.items() if mine.get(key) != row} == {}
        assert {key for key in mine if key not in first and key not in second} == set()
        bound = [row["local"]["port"] for row in sockets if row["state"] == "BOUND"]
        assert sorted(bound) == sorted(there.said["big"]["bound_only"])


def test_a_socket_without_a_process_is_asked_for_again_where_it_is(there: World, tmp_path: Path) -> None:
    """Asked in our own namespace it would be gone, and its process said to have ended."""
    port = there.said["big"]["in_flight_port"]
    row = next(iter(held_at(listed(there, tmp_path), port).values()))
    assert row["netns"]["name"] == "big" and row["owners"] == []
    assert row["reason_kind"] == "other-pid-namespace"


def test_interfaces_and_policy_are_those_of_the_namespace(there: World, tmp_path: Path) -> None:
    made = there.said
    tied = held_at(listed(there, tmp_path), PORT, "udp")[made["web"][1]]
    assert tied["interface"] == "only-here"
    report = ask(there, tmp_path, "--json", "--netns", "web", "1550").json()
    assert report["netns"]["name"] == "web"
    assert report["policy"]["ephemeral"] == {"first": 1500, "last": 1600, "contains": True}
    own = ask(there, tmp_path, "--json", "1550").json()
    assert own["netns"] is None and own["policy"]["ephemeral"]["contains"] is False


@pytest.mark.parametrize("form", ["web", "PID", "INODE", "net:[INODE]", "/run/netns/web", "/proc/PID/ns/net"])
def test_one_namespace_can_be_named_in_many_ways(there: World, tmp_path: Path, form: str) -> None:
    pid, inode = there.said["web"]
    text = form.replace("PID", str(pid)).replace("INODE", str(inode))
    answer = ask(there, tmp_path, "ls", "--json", "--netns", text)
    assert answer.code == YES, answer.err
    rows = answer.json()["sockets"]
    assert {row["netns"]["inode"] for row in rows} == {inode}
    assert {(row["proto"], row["local"]["port"]) for row in rows} == {
        ("tcp", PORT), ("udp", PORT), ("tcp", PORT + 1)}
    assert all(owner["pid"] == pid for row in rows for owner in row["owners"])


def test_our_own_can_be_named_too(there: World, tmp_path: Path) -> None:
    answer = ask(there, tmp_path, "ls", "--json", "--netns", str(there.said["own"]))
    assert answer.code == NO and answer.json()["sockets"] == []
    assert ask(there, tmp_path, "ls", "--netns", "own").code == NO


@pytest.mark.parametrize("name", ["nowhere", "4194303", "/run", "/run/netns/none", "..", "net:[1]"])
def test_a_name_that_leads_nowhere_is_said(there: World, tmp_path: Path, name: str) -> None:
    answer = ask(there, tmp_path, "ls", "--netns", name)
    assert answer.code == UNKNOWN and answer.out == ""
    assert name in answer.err and "no network namespace" in answer.err or "No such file" in answer.err


def test_a_card_names_the_others_and_its_verdict_does_not_change(there: World, tmp_path: Path) -> None:
    answer = ask(there, tmp_path, str(PORT))
    assert answer.code == NO, answer.err  # nobody has it here
    text = " ".join(answer.out.split())
    assert "held in 1 other network namespace, which is no conflict: web (tcp LISTEN" in text
    assert "Plain bind now: tcp and udp yes" in text
    said = ask(there, tmp_path, "--json", str(PORT)).json()
    assert (said["other_netns"]["asked"], said["other_netns"]["seen"]) == ("named", 3)
    [use] = said["other_netns"]["held"]
    assert use["netns"]["name"] == "web"
    assert [row["proto"] for row in use["sockets"]] == ["tcp", "udp"]
    assert said["sockets"] == [] and said["verdict"]["held"] is False


def test_a_card_that_looks_everywhere_names_all_with_their_processes(there: World, tmp_path: Path) -> None:
    answer = ask(there, tmp_path, "-v", str(PORT), *ALL)
    text = " ".join(answer.out.split())
    assert "held in 7 other network namespaces, which is no conflict" in text
    for name in ("web", "process", "thread", "nobody"):
        assert f"[{there.said[name][0]}]" in text
    said = ask(there, tmp_path, "--json", str(PORT + 1), *ALL).json()["other_netns"]
    assert [use["sockets"][0]["state"] for use in said["held"]] == ["BOUND"]
    own = ask(there, tmp_path, "--json", str(PORT), "--netns", "own").json()["other_netns"]
    assert own == {"asked": "own", "seen": 0, "unseen": 0, "held": []}


def test_a_table_of_many_ports_names_them_too(there: World, tmp_path: Path) -> None:
    answer = ask(there, tmp_path, f"{PORT - 10}-{PORT + 10}")
    [line] = [line for line in answer.out.splitlines() if line.split()[0] == str(PORT)]
    assert line.rstrip().endswith("in web")


def test_the_column_is_there_only_when_namespaces_are_several(there: World, tmp_path: Path) -> None:
    headings = ask(there, tmp_path, "ls", *ALL).out.splitlines()[0].split()
    assert headings[-1] == "NETNS"
    assert "NETNS" not in ask(there, tmp_path, "ls", "--netns", "web").out
    verbose = ask(there, tmp_path, "ls", "-v", *ALL).out.split("\n\n")
    assert verbose[1].splitlines()[0].split() == ["NETNS", "INODE", "KIND", "PID", "SOCKETS", "REASON"]
    assert any(line.startswith("empty ") for line in verbose[1].splitlines())


def test_an_ordinary_user_gets_each_with_its_reason(there: World, tmp_path: Path) -> None:
    answer = ask(there, tmp_path, "ls", "--json", *ALL, before=AS_NOBODY)
    assert answer.code == UNKNOWN
    said = answer.json()
    assert any("namespaces" in gap for gap in said["gaps"])
    others = {each["name"]: each for each in said["netns"] if not each["own"]}
    assert [each["name"] for each in said["netns"] if each["own"]] == ["this one"]
    for each in others.values():
        assert each["reason_kind"] == "needs-capability" and "CAP_SYS_ADMIN" in each["reason"], each
    assert others["empty"]["sockets"] == 0 and others["web"]["inode"] == there.said["web"][1]
    # The tables that /proc shows to everybody: the port is seen in each namespace with a process.
    for name, comm in (("web", "webserver"), ("process", "lonely"), ("nobody", "nobodys")):
        pid = there.said[name][0]
        rows = [row for row in said["sockets"] if row["netns"]["name"] == f"{comm}[{pid}]"]
        assert PORT in {row["local"]["port"] for row in rows}, name
    # One's own process is known by its inode, and as the owner.
    [own] = [row for row in said["sockets"] if row["netns"]["inode"] == there.said["nobody"][1]]
    assert [owner["pid"] for owner in own["owners"]] == [there.said["nobody"][0]]
    assert "CAP_SYS_ADMIN" in answer.err


def test_an_ordinary_users_processes_are_not_taken_for_another_namespace(
        there: World, tmp_path: Path) -> None:
    """Others' processes in our own namespace are known by their tables only."""
    said = ask(there, tmp_path, "ls", "--json", *ALL, before=AS_NOBODY).json()
    assert there.said["pid"] not in {each["pid"] for each in said["netns"]}
    card = ask(there, tmp_path, str(PORT), before=AS_NOBODY)
    assert card.code == NO
    assert "3 other network namespaces could not be looked into" in " ".join(card.out.split())


def test_a_recording_replays_to_the_same_answer(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    assert ask(there, tmp_path, "record", str(folder)).code == YES
    live = listed(there, tmp_path, "-a")
    replayed = run_berth(tmp_path, "--replay", str(folder), "ls", "-a", "--json", *ALL).json()
    assert replayed["netns"] == [{**each, "sockets": then["sockets"]}
                                 for each, then in zip(live["netns"], replayed["netns"])]
    timed = ("TIME_WAIT", "SYN_RECV", "SYN_SENT", "FIN_WAIT2")
    now, then = ({row["cookie"]: row for row in said["sockets"] if row["state"] not in timed}
                 for said in (live, replayed))
    assert now == then and len(now) > 300
    one = run_berth(tmp_path, "--replay", str(folder), "--json", "--netns", "web", str(PORT)).json()
    assert one["policy"]["ephemeral"]["first"] == 1500 and len(one["sockets"]) == 2
    card = run_berth(tmp_path, "--replay", str(folder), "--json", str(PORT)).json()
    assert [use["netns"]["name"] for use in card["other_netns"]["held"]] == ["web"]


def test_a_scrubbed_recording_names_no_namespace(there: World, tmp_path: Path) -> None:
    folder = tmp_path / "recording"
    assert ask(there, tmp_path, "record", "--scrub", str(folder)).code == YES
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place) / name
            assert name not in ("web", "big", "empty"), path
            content = b"" if path.is_symlink() or not path.is_file() else path.read_bytes()
            for secret in (b"only-here", b"two words", b"/run/kept", b"/run/netns"):
                assert secret not in content, path
    replayed = run_berth(tmp_path, "--replay", str(folder), "ls", "--json", *ALL).json()
    live = listed(there, tmp_path)
    assert {each["inode"] for each in replayed["netns"]} == {each["inode"] for each in live["netns"]}
    assert set(held_at(replayed, PORT)) == set(held_at(live, PORT))


def test_a_recording_of_an_ordinary_user_replays(there: World, public: Path, tmp_path: Path) -> None:
    folder = public / "of-nobody"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    made = ask(there, tmp_path, "record", str(folder), before=AS_NOBODY)
    assert made.code == YES, made.err
    live = ask(there, tmp_path, "ls", "--json", *ALL, before=AS_NOBODY).json()
    replayed = run_berth(tmp_path, "--replay", str(folder), "ls", "--json", *ALL)
    assert replayed.code == UNKNOWN
    assert replayed.json()["netns"] == live["netns"]


def test_fifty_namespaces_in_one_pass(many: World, tmp_path: Path) -> None:
    made = many.said["many"]
    said = listed(many, tmp_path)
    assert len(said["netns"]) == 51
    rows = held_at(said, PORT)
    assert {inode: row["owners"][0]["pid"] for inode, row in rows.items()} == {
        inode: pid for pid, inode in made}
    names = {each["inode"]: each["name"] for each in said["netns"]}
    for number, (pid, inode) in enumerate(made):
        assert names[inode] == (f"n{number}" if number % 2 else f"many-{number}[{pid}]")


def test_a_quick_look_says_how_many_it_left_out(many: World, tmp_path: Path) -> None:
    said = ask(many, tmp_path, "--json", str(PORT)).json()["other_netns"]
    assert (said["seen"], said["unseen"], len(said["held"])) == (20, 5, 20)


def test_namespaces_that_vanish_while_berth_looks(many: World, tmp_path: Path) -> None:
    churn = subprocess.Popen([*many.enter, "sh", "-c",
                              "while :; do unshare --net true & unshare --net sleep 0.01; done"])
    try:
        for _ in range(15):
            answer = ask(many, tmp_path, "ls", "--json", *ALL)
            assert answer.code in (YES, UNKNOWN), answer.err
            said = answer.json()
            rows = held_at(said, PORT)
            assert {inode for _, inode in many.said["many"]} <= set(rows)
            for each in said["netns"]:
                assert each["reason_kind"] in ("known", "process-ended"), each
    finally:
        churn.kill()
        churn.wait()
