# SPDX-License-Identifier: MIT
"""Redirects that this kernel cannot make, from samples: recordings with the answers that others give (IPVS).
tests/live/test_redirects.py has nftables, iptables and socket lookup for real."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlink import Recording, attribute, message, row
from support import NO, YES, Answer

Berth = Callable[..., Answer]
LISTEN = 10
RTM_NEWADDR, IFA_LOCAL = 20, 2

IPVS = """IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  C0000201:0050 rr
  -> 0A000001:1F90      Masq    1      0          0
  -> 0A000002:1F90      Masq    1      0          0
  -> 0A000003:1F90      Masq    1      0          0
TCP  C6336407:0050 wlc persistent 360
  -> 0A000004:0050      Route   1      0          0
UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 rr
  -> [2001:0db8:0000:0000:0000:0000:0000:0009]:14E9      Masq    1      0          0
TCP  C0000201:01BB rr
FWM  00000001 rr
  -> 0A000001:0000      Masq    1      0          0
"""


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    made = Recording(tmp_path / "recording")
    for family, address in ((2, b"\xc0\0\2\1"), (10, b"\x20\x01\x0d\xb8" + b"\0" * 11 + b"\1")):
        made.files[f"address{family}"] = message(
            RTM_NEWADDR, struct.pack("=BBBBI", family, 24, 0, 0, 1) + attribute(IFA_LOCAL, address))
    made.netlink("route/addresses", *made.files.values())
    return made


def report(berth: Berth, recording: Recording, port: int) -> Any:
    answer = berth("--replay", str(recording.folder), "--json", str(port))
    assert answer.code in (YES, NO), answer.err
    return answer.json()


def test_services_of_ipvs_are_told_with_their_servers_sample(berth: Berth, recording: Recording) -> None:
    recording.write("proc/net/ip_vs", IPVS)
    here, passing = report(berth, recording, 80)["redirects"]
    assert (here["kind"], here["action"], here["hook"], here["transport"]) == ("ipvs", "balance", "input", "tcp")
    assert (here["address"], here["elsewhere"], here["target"]) == ("192.0.2.1", False, "10.0.0.1:8080 or 2 others")
    assert (passing["address"], passing["elsewhere"], passing["target"]) == ("198.51.100.7", True, "10.0.0.4:80")
    [six] = report(berth, recording, 53)["redirects"]
    assert (six["transport"], six["address"], six["target"]) == ("udp", "2001:db8::1", "[2001:db8::9]:5353")
    [none] = report(berth, recording, 443)["redirects"]
    assert none["target"] == "no server"
    assert report(berth, recording, 81)["redirects"] == []


def test_the_verdict_names_the_balancer_sample(berth: Berth, recording: Recording) -> None:
    recording.write("proc/net/ip_vs", IPVS)
    summary = report(berth, recording, 80)["verdict"]["summary"]
    assert summary == ("No socket has it, but the load balancer IPVS sends 80/tcp for 192.0.2.1 to "
                       "10.0.0.1:8080 or 2 others.")


def test_an_address_narrows_redirects_sample(berth: Berth, recording: Recording) -> None:
    recording.write("proc/net/ip_vs", IPVS)
    said = berth("--replay", str(recording.folder), "--json", "198.51.100.7:80").json()
    assert [one["address"] for one in said["redirects"]] == ["198.51.100.7"]
    assert berth("--replay", str(recording.folder), "--json", "127.0.0.1:80").json()["redirects"] == []


def test_a_program_without_a_name_is_told_by_its_number_sample(berth: Berth, recording: Recording) -> None:
    recording.write("call/sk-lookup.bin", struct.pack("=I16s", 42, b""))
    recording.sockets("tcp", row(80, 77, LISTEN))
    [one] = report(berth, recording, 80)["redirects"]
    assert (one["kind"], one["handle"], one["chain"]) == ("sk-lookup", 42, None)
    card = berth("--replay", str(recording.folder), "80").out
    assert "sk-lookup: tcp,udp dport 80 steer to a socket that a BPF program chooses" in " ".join(card.split())
    assert "program id 42, for all traffic" in " ".join(card.split())


def test_refused_rules_are_told_in_one_line_sample(berth: Berth, recording: Recording) -> None:
    recording.write("denied", "EINVAL sys/module/nf_tables\nEPERM netlink/netfilter/chains.bin\n"
                              "EACCES proc/net/ip_tables_names\n")
    said = report(berth, recording, 80)
    assert (said["redirects"], said["redirects_unknown"]) == (
        [], "redirect rules not visible: needs CAP_NET_ADMIN")
    assert said["verdict"]["summary"].startswith("Free")


def test_names_in_rules_are_escaped_sample(berth: Berth, recording: Recording) -> None:
    recording.write("call/sk-lookup.bin", struct.pack("=I16s", 42, b"\x1b[31mred"))
    assert "\x1b" not in berth("--replay", str(recording.folder), "80").out
