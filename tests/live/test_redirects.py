# SPDX-License-Identifier: MIT
"""No socket at all, yet the port answers: rules of nftables and iptables, for real, in namespaces of our own.

Whether berth is right is asked of the kernel: a neighbour connects, and who answers says its port.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import YES, run_berth
from worlds import AS_NOBODY, REASON, World, needs_namespaces, world

pytestmark = [needs_namespaces, pytest.mark.skipif(not shutil.which("nft"), reason="needs nft")]

CONNECT = """
import socket, sys
for port in map(int, sys.argv[2:]):
    try:
        with socket.create_connection((sys.argv[1], port), timeout=2) as made:
            print(port, made.recv(16).decode())
    except OSError:
        print(port, "nobody")
"""
TABLES = ("nat", "mangle", "filter", "raw")


@pytest.fixture(scope="module")
def made() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("crossing.py") as there:
        yield there


@pytest.fixture
def there(made: World) -> Iterator[World]:
    """Without rules before and after."""
    yield made
    made.run("nft", "flush", "ruleset")
    for command in ("iptables-legacy", "ip6tables-legacy"):
        if shutil.which(command):
            for table in TABLES:
                subprocess.run([*made.enter, "sh", "-c", f"{command} -t {table} -F; {command} -t {table} -X"],
                               capture_output=True, check=False)


def rules(there: World, text: str) -> None:
    done = subprocess.run([*there.enter, "nft", "-f", "-"], input=text, text=True, capture_output=True, check=False)
    if done.returncode and "No such file" in done.stderr:
        pytest.skip(f"this kernel lacks an expression: {done.stderr.splitlines()[0]}")
    assert done.returncode == 0, done.stderr


def report(there: World, home: Path, port: int, *before: str) -> Any:
    answer = run_berth(home, "--json", str(port), before=(*there.enter, *before))
    assert answer.code in (0, 1), answer.err
    return answer.json()


def redirects(there: World, home: Path, port: int) -> list[Any]:
    return list(report(there, home, port)["redirects"])


def answers(there: World, address: str, *ports: int) -> dict[int, str]:
    """Which server the neighbour reaches on each port."""
    said = there.run("nsenter", f"--net=/proc/{there.said['neighbour']}/ns/net", "python3", "-c", CONNECT, address,
                     *map(str, ports))
    return {int(port): who for port, who in map(str.split, said.splitlines())}


def own_answers(there: World, address: str, *ports: int) -> dict[int, str]:
    said = there.run("python3", "-c", CONNECT, address, *map(str, ports))
    return {int(port): who for port, who in map(str.split, said.splitlines())}


def expected(found: list[Any], port: int, family: int, hook: str, here: tuple[str, ...]) -> str:
    """Who should answer TCP on the port, if what berth says is all that happens."""
    for one in found:
        if (one["hook"] == hook and "tcp" in one["transport"].split("+") and one["family"] in (None, family)
                and not one["conditional"] and not one["conditions"] and one["action"] != "tproxy"
                and one["address"] in (None, *here)):
            ports = [socket["local"]["port"] for socket in one["sockets"] if socket["family"] in (family, 6)]
            return str(ports[0]) if ports else "nobody"
    return str(port) if port in (8080, 8081) else "nobody"


RULES = {
    "redirect": "chain c { type nat hook prerouting priority -100; tcp dport 80 redirect to :8080; }",
    "set and range": "chain c { type nat hook prerouting priority -100;\n"
                     "tcp dport { 81, 90-95 } redirect to :8081; }",
    "named set": "set s { type inet_service; flags interval; elements = { 1000-1010, 2000 }; }\n"
                 "chain c { type nat hook prerouting priority -100; tcp dport @s redirect to :8080; }",
    "port map": "chain c { type nat hook prerouting priority -100;\n"
                "meta l4proto tcp redirect to :tcp dport map { 82 : 8080, 83 : 8081 }; }",
    "verdict map": "chain a { tcp dport 84 redirect to :8080; }\nchain b { meta l4proto tcp redirect to :8081; }\n"
                   "chain c { type nat hook prerouting priority -100;\n"
                   "tcp dport vmap { 84 : jump a, 85 : goto b, 86 : accept };\ntcp dport 84-86 redirect to :8081; }",
    "first match": "chain c { type nat hook prerouting priority -100; tcp dport 80 accept;\n"
                   "tcp dport 80-82 redirect to :8080; tcp dport 80-85 redirect to :8081; }",
    "return": "chain a { tcp dport 80 return; tcp dport 80-81 redirect to :8080; }\n"
              "chain c { type nat hook prerouting priority -100; jump a; tcp dport 80 redirect to :8081; }",
    "not": "chain c { type nat hook prerouting priority -100;\n"
           "tcp dport != { 22, 8080, 8081 } tcp dport < 100 redirect to :8080; }",
    "address": "chain c { type nat hook prerouting priority -100;\n"
               "ip daddr 192.0.2.1 tcp dport 80 redirect to :8080; ip daddr 192.0.2.77 tcp dport 81 redirect to :8081; }",
    "local": "chain c { type nat hook prerouting priority -100;\n"
             "fib daddr type local tcp dport 80 redirect to :8080; }",
    "state": "chain c { type nat hook prerouting priority -100;\n"
             "ct state new tcp dport 80 redirect to :8080; ct state established tcp dport 81 redirect to :8080; }",
    "dnat": "chain c { type nat hook prerouting priority -100; tcp dport 80 dnat ip to 192.0.2.1:8081; }",
    "concatenation": "chain c { type nat hook prerouting priority -100;\n"
                     "ip daddr . tcp dport { 192.0.2.1 . 80, 192.0.2.9 . 81 } redirect to :8080; }",
    "two tables": "chain c { type nat hook prerouting priority -90; tcp dport 80-81 redirect to :8081; }\n}\n"
                  "table ip u {\nchain c { type nat hook prerouting priority -110; tcp dport 80 redirect to :8080; }",
    "own traffic": "chain c { type nat hook output priority -100; tcp dport 80 redirect to :8081;\n"
                   "tcp dport 81 redirect to :9090; }",
}
PORTS = (22, 80, 81, 82, 83, 84, 85, 86, 92, 99, 100, 1000, 1005, 1010, 1011, 2000, 8080)


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("name", RULES)
def test_who_answers_is_who_berth_says_live(there: World, tmp_path: Path, name: str, family: int) -> None:
    rules(there, f"table inet t {{\n{RULES[name]}\n}}\n".replace("; ", ";\n"))
    asked = run_berth(tmp_path, "--jsonl", ",".join(map(str, PORTS)), before=there.enter)
    said = {line["port"]: line["redirects"] for line in asked.lines()}
    address = "192.0.2.1" if family == 4 else "2001:db8::1"
    caught = sum(bool(found) for found in said.values())
    assert caught, "berth sees no redirect"
    assert answers(there, address, *PORTS) == {
        port: expected(said[port], port, family, "prerouting", (address,)) for port in PORTS}
    loopback = "127.0.0.1" if family == 4 else "::1"
    assert own_answers(there, loopback, *PORTS) == {
        port: expected(said[port], port, family, "output", (loopback,)) for port in PORTS}


def test_a_redirect_is_told_with_its_rule_and_its_target_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 80 redirect to :8080;\n}\n}")
    said = report(there, tmp_path, 80)
    assert said["sockets"] == [] and said["redirects_unknown"] is None
    [one] = said["redirects"]
    assert (one["kind"], one["action"], one["family"], one["transport"]) == ("nft", "redirect", 4, "tcp")
    assert (one["table"], one["chain"], one["hook"]) == ("ip web", "in", "prerouting")
    assert (one["ports"], one["target"]) == ({"first": 80, "last": 80}, ":8080")
    assert one["rule"] == "tcp dport 80 redirect to :8080"
    assert f"handle {one['handle']}" in there.run("nft", "-a", "list", "ruleset")
    [taker] = one["sockets"]
    assert taker["local"]["port"] == 8080
    assert [owner["pid"] for owner in taker["owners"]] == [there.said["pid"]]


def test_the_verdict_does_not_call_such_a_port_free_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 80 redirect to :8080;\n}\n}")
    said = report(there, tmp_path, 80)["verdict"]
    assert "Free" not in said["summary"]
    assert "a rule of nft sends 80/tcp from outside to :8080" in said["summary"]
    assert said["held"] is False
    card = run_berth(tmp_path, "80", before=there.enter).out
    assert "Redirect   nft: tcp dport 80 redirect to :8080" in card and "held by" in card
    assert "Free" in report(there, tmp_path, 81)["verdict"]["summary"]


def test_a_socket_whose_traffic_goes_elsewhere_is_told_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 8080 redirect to :8081;\n}\n}")
    summary = report(there, tmp_path, 8080)["verdict"]["summary"]
    assert "listens on 8080/tcp" in summary and "But a rule of nft sends 8080/tcp from outside to :8081" in summary


def test_a_socket_of_loopback_does_not_get_what_comes_from_outside_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 80 redirect to :9090;\n}\n}")
    [one] = redirects(there, tmp_path, 80)
    assert one["here"] and one["sockets"] == []
    assert answers(there, "192.0.2.1", 80) == {80: "nobody"}


def test_tproxy_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type filter hook prerouting priority mangle;\n"
                 "tcp dport 80 tproxy to 127.0.0.1:9090 meta mark set 1 accept;\n}\n}")
    [one] = redirects(there, tmp_path, 80)
    assert (one["action"], one["target"], one["here"]) == ("tproxy", "127.0.0.1:9090", True)
    assert [socket["local"]["port"] for socket in one["sockets"]] == [9090]


def test_conditions_are_told_and_doubts_are_called_so_live(there: World, tmp_path: Path) -> None:
    rules(there, "table inet web {\nchain in { type nat hook prerouting priority -100;\n"
                 'iifname "veth0" tcp dport 80 redirect to :8080;\nmeta mark 7 tcp dport 81 redirect to :8080;\n'
                 "tcp dport 82 numgen random mod 2 0 redirect to :8080;\ntcp dport 82 redirect to :8081;\n"
                 "ip saddr 192.0.2.9 tcp dport 83 redirect to :8080;\nlimit rate 1/second tcp dport 84 redirect to :8080;\n}\n}")
    asked = {port: [(one["conditions"], one["conditional"]) for one in redirects(there, tmp_path, port)]
             for port in (80, 81, 82, 83, 84)}
    assert asked == {80: [("iifname veth0", False)], 81: [("mark", True)],
                     82: [("by chance", True), ("unless an earlier rule does", True)],
                     83: [("saddr", True)], 84: [("limit", True)]}


def test_what_passes_through_is_no_business_of_this_machines_port_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\n"
                 "ip daddr 198.51.100.7 tcp dport 80 dnat to 192.0.2.2:8080;\n}\n}")
    said = report(there, tmp_path, 80)
    [one] = said["redirects"]
    assert one["elsewhere"] and one["address"] == "198.51.100.7"
    assert said["verdict"]["summary"].startswith("Free")
    assert report(there, tmp_path, 81)["redirects"] == []


@pytest.mark.parametrize("command", ["iptables-nft", "iptables-legacy"])
def test_iptables_live(there: World, tmp_path: Path, command: str) -> None:
    if not shutil.which(command):
        pytest.skip(f"needs {command}")
    for rule in ("-N DOCKER", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                 "-A DOCKER ! -i docker0 -p tcp --dport 80 -j DNAT --to-destination 192.0.2.1:8081",
                 "-A PREROUTING -p tcp -m multiport --dports 81,90:95 -m comment --comment hello -j REDIRECT --to-ports 8080",
                 "-A PREROUTING -p tcp --dport 82 -j ACCEPT", "-A PREROUTING -p tcp --dport 82:83 -j REDIRECT --to-ports 8081",
                 "-A PREROUTING -p tcp --dport 84 -m statistic --mode random --probability 0.5 -j REDIRECT --to-ports 8080",
                 "-A OUTPUT -p tcp -d 127.0.0.1 --dport 85 -j REDIRECT --to-ports 9090"):
        done = subprocess.run([*there.enter, command, "-t", "nat", *rule.split()], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            pytest.skip(f"{command} cannot: {done.stderr.strip()}")
    said = {port: redirects(there, tmp_path, port) for port in (80, 81, 82, 83, 84, 85, 92)}
    [docker] = said[80]
    assert (docker["kind"], docker["action"], docker["target"]) == ("iptables", "dnat", "192.0.2.1:8081")
    assert (docker["table"], docker["chain"], docker["conditions"], docker["conditional"]) == (
        "nat", "DOCKER", "iifname not docker0", False)
    assert said[82] == []
    assert [(one["conditions"], one["conditional"]) for one in said[84]] == [("by chance", True)]
    [own] = said[85]
    assert (own["hook"], own["address"], own["elsewhere"]) == ("output", "127.0.0.1", False)
    assert [socket["local"]["port"] for socket in own["sockets"]] == [9090]
    assert answers(there, "192.0.2.1", 80, 81, 82, 83, 92) == {80: "8081", 81: "8080", 82: "nobody", 83: "8081", 92: "8080"}
    assert own_answers(there, "127.0.0.1", 85) == {85: "9090"}
    for port, target in ((81, ":8080"), (83, ":8081"), (92, ":8080")):
        assert [one["target"] for one in said[port]] == [target]


@pytest.mark.parametrize("command", ["ip6tables-nft", "ip6tables-legacy"])
def test_ip6tables_live(there: World, tmp_path: Path, command: str) -> None:
    if not shutil.which(command):
        pytest.skip(f"needs {command}")
    for rule in ("PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
                 "PREROUTING -p udp --dport 53 -j DNAT --to-destination [2001:db8::2]:5353"):
        done = subprocess.run([*there.enter, command, "-t", "nat", "-A", *rule.split()], capture_output=True, text=True,
                              check=False)
        if done.returncode:
            pytest.skip(f"{command} cannot: {done.stderr.strip()}")
    [one] = redirects(there, tmp_path, 80)
    assert (one["kind"], one["family"], one["target"]) == ("iptables", 6, ":8080")
    [two] = redirects(there, tmp_path, 53)
    assert (two["transport"], two["target"], two["here"]) == ("udp", "[2001:db8::2]:5353", False)
    assert answers(there, "2001:db8::1", 80) == {80: "8080"}
    assert answers(there, "192.0.2.1", 80) == {80: "nobody"}


@pytest.mark.parametrize("command", ["iptables-nft", "iptables-legacy"])
def test_iptables_tproxy_live(there: World, tmp_path: Path, command: str) -> None:
    rule = "-t mangle -A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 9090 --on-ip 127.0.0.1 --tproxy-mark 1"
    if not shutil.which(command) or subprocess.run([*there.enter, command, *rule.split()], capture_output=True,
                                                   check=False).returncode:
        pytest.skip(f"needs {command} with TPROXY")
    [one] = redirects(there, tmp_path, 80)
    assert (one["kind"], one["action"], one["target"]) == ("iptables", "tproxy", "127.0.0.1:9090")


def test_chains_as_a_cluster_makes_them_live(there: World, tmp_path: Path) -> None:
    """kube-proxy: services, node ports, and a choice by chance; 6,000 rules."""
    if not shutil.which("iptables-nft-restore"):
        pytest.skip("needs iptables-nft-restore")
    count = 1000
    text = ["*nat", ":PREROUTING ACCEPT", ":OUTPUT ACCEPT", ":KUBE-SERVICES -", ":KUBE-NODEPORTS -"]
    text += [f":KUBE-{kind}-{i} -" for i in range(count) for kind in ("SVC", "SEPA", "SEPB")]
    text += ["-A PREROUTING -j KUBE-SERVICES", "-A OUTPUT -j KUBE-SERVICES"]
    for i in range(count):
        text += [f"-A KUBE-SERVICES -d 10.96.{i // 250}.{i % 250}/32 -p tcp -m tcp --dport 443 -j KUBE-SVC-{i}",
                 f"-A KUBE-NODEPORTS -p tcp -m tcp --dport {30000 + i} -j KUBE-SVC-{i}",
                 f"-A KUBE-SVC-{i} -m statistic --mode random --probability 0.5 -j KUBE-SEPA-{i}",
                 f"-A KUBE-SVC-{i} -j KUBE-SEPB-{i}",
                 f"-A KUBE-SEPA-{i} -p tcp -m tcp -j DNAT --to-destination 10.244.0.{i % 250}:8443",
                 f"-A KUBE-SEPB-{i} -p tcp -m tcp -j DNAT --to-destination 10.244.1.{i % 250}:8443"]
    text += ["-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS", "COMMIT", ""]
    subprocess.run([*there.enter, "iptables-nft-restore"], input="\n".join(text), text=True, check=True)
    said = report(there, tmp_path, 30007)
    assert [(one["hook"], one["target"], one["conditional"]) for one in said["redirects"]] == [
        ("prerouting", "10.244.0.7:8443", True), ("prerouting", "10.244.1.7:8443", True),
        ("output", "10.244.0.7:8443", True), ("output", "10.244.1.7:8443", True)]
    assert "may send 30007/tcp from outside to 10.244.0.7:8443" in said["verdict"]["summary"]
    services = report(there, tmp_path, 443)
    assert len(services["redirects"]) == 64 and all(one["elsewhere"] for one in services["redirects"])
    assert services["redirects_unknown"] and services["verdict"]["summary"].startswith("Free")


def test_without_the_privilege_one_line_says_so_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 80 redirect to :8080;\n}\n}")
    said = report(there, tmp_path, 80, *AS_NOBODY)
    assert said["redirects"] == []
    assert said["redirects_unknown"] == "redirect rules not visible: needs CAP_NET_ADMIN"
    answer = run_berth(tmp_path, "80", before=(*there.enter, *AS_NOBODY))
    assert answer.out.count("CAP_NET_ADMIN") == 1 and "CAP_NET_ADMIN" not in answer.err


def test_a_recording_answers_the_same_live(there: World, tmp_path: Path) -> None:
    rules(there, "table inet web {\nmap m { type inet_service : ipv4_addr . inet_service;\n"
                 "elements = { 80 : 192.0.2.1 . 8080, 81 : 192.0.2.2 . 8081 }; }\n"
                 "chain far { tcp dport 82 redirect to :8081; }\nchain in { type nat hook prerouting priority -100;\n"
                 "dnat ip to tcp dport map @m;\njump far;\n}\n}")
    folder = tmp_path / "recording"
    assert run_berth(tmp_path, "record", str(folder), before=there.enter).code == YES
    for port in (80, 81, 82, 83):
        live = report(there, tmp_path, port)
        then = run_berth(tmp_path, "--replay", str(folder), "--json", str(port)).json()
        assert then["redirects"] == live["redirects"]
        assert bool(live["redirects"]) == (port != 83)
    scrubbed = tmp_path / "scrubbed"
    assert run_berth(tmp_path, "record", "--scrub", str(scrubbed), before=there.enter).code == YES
    then = run_berth(tmp_path, "--replay", str(scrubbed), "--json", "80").json()
    assert (then["redirects"], then["redirects_unknown"]) == ([], "redirect rules are not in this recording")


def test_asking_makes_nothing_live(there: World, tmp_path: Path) -> None:
    """Reading tables of iptables that are not there would make them; connection tracking would begin."""
    tables = there.run("cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
    before = there.run("nft", "list", "ruleset")
    assert redirects(there, tmp_path, 80) == []
    assert there.run("nft", "list", "ruleset") == before
    assert there.run("cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names") == tables


def test_a_table_of_ports_shows_redirects_live(there: World, tmp_path: Path) -> None:
    rules(there, "table ip web {\nchain in { type nat hook prerouting priority -100;\ntcp dport 80 redirect to :8080;\n}\n}")
    out = run_berth(tmp_path, "70-99", before=there.enter).out
    [line] = [line for line in out.splitlines() if line.split()[:1] == ["80"]]
    assert line.rstrip().endswith("→ :8080")


def test_a_socket_lookup_program_is_told_live(tmp_path: Path) -> None:
    with world("crossing.py", "sk-lookup") as there:
        if not there.said["lookup"]:
            pytest.skip("this kernel does not load a socket-lookup program")
        [one] = redirects(there, tmp_path, 80)
        assert (one["kind"], one["action"], one["conditional"]) == ("sk-lookup", "steer", True)
        assert (one["chain"], one["family"], one["transport"]) == ("let_all_pass", None, "tcp+udp")
        assert one["handle"] > 0
        card = run_berth(tmp_path, "80", before=there.enter).out
        assert "program let_all_pass" in card and "Free" in card
        folder = tmp_path / "recording"
        run_berth(tmp_path, "record", str(folder), before=there.enter)
        then = run_berth(tmp_path, "--replay", str(folder), "--json", "80").json()
        assert [each["chain"] for each in then["redirects"]] == ["let_all_pass"]
