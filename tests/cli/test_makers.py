# SPDX-License-Identifier: MIT
"""What in the kernel made a socket that no process holds, from samples: recordings with the answers that other
kernels give, made by their headers (WireGuard, L2TP, NFS, …). tests/live/test_makers.py has what this one can."""

import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlink import Recording, attribute, generic, message, row
from support import YES, Answer

Berth = Callable[..., Answer]
RTM_NEWLINK, IFLA_IFNAME, IFLA_LINKINFO = 16, 3, 18
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 1, 2
LISTEN, ESTABLISHED = 10, 1


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    return Recording(tmp_path / "recording")


def link(name: str, kind: str, data: bytes = b"", index: int = 5) -> bytes:
    info = attribute(1, kind.encode() + b"\0") + attribute(2, data)
    return message(RTM_NEWLINK, struct.pack("=BBHiII", 0, 0, 1, index, 1, 0) +
                   attribute(IFLA_IFNAME, name.encode() + b"\0") + attribute(IFLA_LINKINFO, info))


def families(*names: str) -> list[bytes]:
    return [generic(0x10, 1, attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"),
                    attribute(CTRL_ATTR_FAMILY_ID, struct.pack("=H", 0x20 + number)))
            for number, name in enumerate(names)]


def made(berth: Berth, recording: Recording, port: int) -> dict[str, Any]:
    answer = berth("--replay", str(recording.folder), "--json", str(port))
    assert answer.code == YES, answer.err
    [found] = answer.json()["sockets"]
    assert found["owners"] == [] and found["reason_kind"] == "kernel-socket"
    assert isinstance(found, dict)
    return found


def expect(berth: Berth, recording: Recording, port: int, maker: str, reason: str) -> None:
    found = made(berth, recording, port)
    assert (found["maker"], found["reason"]) == (maker, reason)


def test_wireguard_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("udp4", row(51820, 77))
    recording.netlink("route/links", link("wg0", "wireguard"))
    recording.netlink("generic/families", *families("nlctrl", "wireguard"))
    recording.netlink("generic/wireguard-5", generic(
        0x21, 0, attribute(6, struct.pack("=H", 51820)), attribute(2, b"wg0\0")))
    expect(berth, recording, 51820, "wireguard", "kernel socket of WireGuard interface wg0")
    card = berth("--replay", str(recording.folder), "51820").out
    assert "The kernel socket of WireGuard interface wg0 receives on" in " ".join(card.split())
    table = berth("--replay", str(recording.folder), "ls").out
    assert "kernel (wireguard)" in table


@pytest.mark.parametrize("kind,attribute_type,port,label", [
    ("geneve", 5, 6081, "GENEVE"), ("bareudp", 1, 6635, "bareudp"), ("amt", 2, 2268, "AMT")])
def test_tunnels_sample(berth: Berth, recording: Recording, kind: str, attribute_type: int, port: int,
                        label: str) -> None:
    recording.sockets("udp4", row(port, 77))
    recording.netlink("route/links", link("tun7", kind, attribute(attribute_type, struct.pack(">H", port))))
    expect(berth, recording, port, kind, f"kernel socket of {label} interface tun7")


def test_gtp_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("udp4", row(2152, 77))
    recording.netlink("route/links", link("gtp0", "gtp"))
    expect(berth, recording, 2152, "gtp", "kernel socket of GTP interface gtp0")


def test_l2tp_fou_and_tipc_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("udp4", row(1701, 77, address="192.0.2.1"), row(5555, 78), row(6118, 79, address="192.0.2.1"))
    recording.netlink("generic/families", *families("l2tp", "fou", "TIPCv2"))
    address = socket.inet_aton("192.0.2.1")
    recording.netlink("generic/l2tp", generic(0x20, 4, attribute(9, struct.pack("=I", 7)), attribute(24, address),
                                              attribute(26, struct.pack("=H", 1701))))
    recording.netlink("generic/fou", generic(0x21, 3, attribute(1, struct.pack(">H", 5555)), attribute(2, b"\2"),
                                             attribute(3, b"\4"), attribute(4, b"\1")))
    local = struct.pack("=H", socket.AF_INET) + struct.pack(">H", 6118) + address + b"\0" * 120
    recording.netlink("generic/tipc", generic(0x22, 4, attribute(1, attribute(1, b"udp:one\0") +
                                                                 attribute(4, attribute(1, local)))))
    expect(berth, recording, 1701, "l2tp", "kernel socket of L2TP tunnel 7")
    expect(berth, recording, 5555, "fou", "kernel socket of foo over UDP for IP protocol 4")
    expect(berth, recording, 6118, "tipc", "kernel socket of TIPC bearer udp:one")


def test_nfs_server_and_lock_manager_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("tcp", row(2049, 77, LISTEN), row(32803, 78, LISTEN))
    recording.sockets("udp4", row(32769, 79))
    recording.write("proc/fs/nfsd/portlist", "rdma 20049\ntcp 2049\n")
    recording.write("proc/sys/fs/nfs/nlm_tcpport", "32803\n")
    recording.write("proc/sys/fs/nfs/nlm_udpport", "32769\n")
    expect(berth, recording, 2049, "nfsd", "kernel socket of the NFS server")
    expect(berth, recording, 32803, "lockd", "kernel socket of the NFS lock manager")
    expect(berth, recording, 32769, "lockd", "kernel socket of the NFS lock manager")


def test_nfs_server_seen_without_privileges_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("tcp", row(2049, 77, LISTEN))
    recording.write("denied", "EACCES proc/fs/nfsd/portlist\nEACCES proc/1/fd\n")
    recording.write("proc/net/rpc/nfsd", "rc 0 0 0\nfh 0 0 0 0 0\nio 0 0\nth 8 0 0.000\n")
    expect(berth, recording, 2049, "nfsd", "kernel socket of the NFS server")


def test_nfs_client_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("tcp", row(700, 77, ESTABLISHED, "192.0.2.1", "192.0.2.9", 2049))
    recording.write("proc/fs/nfsfs/servers", "NV SERVER   PORT USE HOSTNAME\nv4 c0000209  801   1 files.example\n")
    expect(berth, recording, 700, "nfs", "kernel socket of the NFS client for server files.example")


def test_servers_of_files_and_disks_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("tcp", row(445, 77, LISTEN), row(3260, 78, LISTEN, "192.0.2.1"), row(4420, 79, LISTEN),
                      row(21064, 80, LISTEN), row(7777, 81, LISTEN), row(16385, 82, LISTEN))
    recording.sockets("udp4", row(7001, 83))
    recording.write("sys/class/ksmbd-control/stats", "2 running 445 0\n")
    recording.write("sys/kernel/config/target/iscsi/iqn.2024.example:disk/tpgt_1/np/192.0.2.1:3260/tcp", "1\n")
    recording.write("sys/kernel/config/nvmet/ports/1/addr_trtype", "tcp\n")
    recording.write("sys/kernel/config/nvmet/ports/1/addr_trsvcid", "4420\n")
    recording.write("sys/kernel/config/dlm/cluster/tcp_port", "21064\n")
    recording.write("sys/kernel/config/cluster/one/node/here/local", "1\n")
    recording.write("sys/kernel/config/cluster/one/node/here/ipv4_port", "7777\n")
    recording.write("proc/sys/net/rds/tcp/rds_tcp_sndbuf", "0\n")
    recording.write("proc/net/rxrpc/locals", "Proto Local Use Act RxQ\nUDP   0.0.0.0:7001   2   1   0\n")
    expect(berth, recording, 445, "ksmbd", "kernel socket of the SMB server ksmbd")
    expect(berth, recording, 3260, "iscsi", "kernel socket of the iSCSI target iqn.2024.example:disk")
    expect(berth, recording, 4420, "nvmet", "kernel socket of the NVMe target port 1")
    expect(berth, recording, 21064, "dlm", "kernel socket of the distributed lock manager")
    expect(berth, recording, 7777, "o2net", "kernel socket of OCFS2 node here")
    expect(berth, recording, 16385, "rds", "kernel socket of RDS")
    expect(berth, recording, 7001, "rxrpc", "kernel socket of RxRPC")


def test_smc_sample(berth: Berth, recording: Recording) -> None:
    recording.sockets("tcp", row(80, 77, LISTEN))
    recording.netlink("smc", message(20, struct.pack("=BBBB", 43, 10, 0, 0) + struct.pack(">HH", 80, 0) + b"\0" * 56))
    expect(berth, recording, 80, "smc", "kernel socket of an SMC socket")


def test_what_nobody_claims_is_of_an_unknown_maker(berth: Berth, recording: Recording) -> None:
    recording.sockets("udp4", row(5000, 77))
    recording.netlink("route/links", link("vx0", "vxlan", attribute(15, struct.pack(">H", 4789))))
    found = made(berth, recording, 5000)
    assert found["maker"] is None
    assert found["reason"].startswith("kernel socket, maker unknown")


def test_names_of_interfaces_are_escaped(berth: Berth, recording: Recording) -> None:
    recording.sockets("udp4", row(4789, 77))
    recording.netlink("route/links", link("\x1b[31mred", "vxlan", attribute(15, struct.pack(">H", 4789))))
    for command in (("4789",), ("ls", "-v")):
        assert "\x1b" not in berth("--replay", str(recording.folder), *command).out
