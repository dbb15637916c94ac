# SPDX-License-Identifier: MIT
"""A world of sockets in namespaces of its own (see worlds.py), for berth and ss to look at.

Makes a few hundred sockets of every kind, prints one line of JSON with what they are, and holds them
until standard input ends. Ports are counted up from 20000, below those that the kernel lends to clients, so
that no two things have the same by chance: the network namespace is ours alone.
"""

import array
import ctypes
import itertools
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

NOBODY, DAEMON, WWW_DATA = 65534, 1, 33
IPPROTO_MPTCP, IPPROTO_UDPLITE = 262, 136
PLACES = (
    (socket.AF_INET, "0.0.0.0"), (socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.0.0.2"),
    (socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "::"), (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "2001:db8::1"),
)
LOCAL = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}

ports = itertools.count(20000)
held: list[Any] = []  # whatever must not be closed
special: dict[str, Any] = {}


def hold(thing: socket.socket) -> socket.socket:
    held.append(thing)
    return thing


def bound(family: int, kind: int, address: str, *options: tuple[int, int, int], port: int = 0,
          protocol: int = 0) -> socket.socket:
    made = hold(socket.socket(family, kind, protocol))
    for option in options:
        made.setsockopt(*option)
    made.bind((address, port or next(ports)))
    return made


def listener(family: int, address: str, *options: tuple[int, int, int], port: int = 0,
             backlog: int = 16) -> socket.socket:
    made = bound(family, socket.SOCK_STREAM, address, *options, port=port)
    made.listen(backlog)
    return made


def port_of(made: socket.socket) -> int:
    return int(made.getsockname()[1])


def connected(server: socket.socket, family: int, address: str) -> tuple[socket.socket, socket.socket]:
    client = socket.socket(family, socket.SOCK_STREAM)
    client.connect((address, port_of(server)))
    accepted, _ = server.accept()
    return client, accepted


def child(name: str, uid: int, *keep: socket.socket) -> int:
    """Forks a process that holds just the given sockets, as another user, until we end."""
    ready, go = os.pipe()
    pid = os.fork()
    if pid:
        os.close(go)
        os.read(ready, 1)  # the end of the pipe
        os.close(ready)
        return pid
    wanted = {each.fileno() for each in keep} | {0, 1, 2, go}
    for number in {int(name) for name in os.listdir("/proc/self/fd")} - wanted:
        try:
            os.close(number)
        except OSError:
            pass  # the folder's own descriptor
    for each in keep:
        each.set_inheritable(True)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)  # PR_SET_PDEATHSIG: not to outlive the world
    # `go` closes on exec, which tells the parent that the child is what it will be.
    os.execv("/bin/sh", [name, "-c", 'printf %s "$0" >/proc/$$/comm; read x', name])


def make_network() -> None:
    """Behind veth0 nobody answers; without ARP nobody has to, so a SYN stays sent."""
    for command in ("link set lo up", "link add veth0 type veth peer name veth1",
                    "addr add 192.0.2.1/24 dev veth0", "addr add 2001:db8::1/128 dev lo nodad",
                    "link set veth0 arp off up", "link set veth1 up"):
        subprocess.run(["ip", *command.split()], check=True)


def make_listeners() -> None:
    v6only = (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    for _ in range(6):
        for family, address in PLACES:
            listener(family, address, backlog=5)
    for address in ("127.0.0.1", "127.0.0.2", "192.0.2.1"):  # one port, several addresses
        special.setdefault("shared_port", 0)
        special["shared_port"] = port_of(listener(socket.AF_INET, address, port=special["shared_port"]))
    only = listener(socket.AF_INET6, "::", v6only)
    listener(socket.AF_INET, "0.0.0.0", port=port_of(only))
    special["v6only_port"] = port_of(only)
    special["dual_port"] = port_of(listener(socket.AF_INET6, "::"))
    device = listener(socket.AF_INET, "0.0.0.0")
    tied = hold(socket.socket())
    tied.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    tied.bind(("0.0.0.0", next(ports)))
    tied.listen(1)
    special["device_port"] = port_of(tied)
    special["plain_port"] = port_of(device)


def make_groups() -> None:
    share = (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    port = 0
    for _ in range(4):
        port = port_of(listener(socket.AF_INET, "0.0.0.0", share, port=port))
    special["reuseport_port"] = port
    own: list[int] = []
    port = 0
    for _ in range(3):
        member = listener(socket.AF_INET6, "::", share, port=port)
        port = port_of(member)
        own.append(child("member", DAEMON, member))
        held.remove(member)
        member.close()
    special["reuseport_processes"] = {"port": port, "pids": own}
    inherited = listener(socket.AF_INET, "127.0.0.1")
    workers = [child("worker", WWW_DATA, inherited) for _ in range(3)]
    special["workers"] = {"port": port_of(inherited), "pids": [os.getpid(), *workers]}
    alone = listener(socket.AF_INET, "127.0.0.1")
    special["nobodys"] = {"port": port_of(alone), "pid": child("lonely", NOBODY, alone)}
    held.remove(alone)
    alone.close()


def make_bound_only() -> None:
    special["bound_only"] = [port_of(bound(family, socket.SOCK_STREAM, LOCAL[family]))
                             for family in LOCAL for _ in range(5)]


def make_connections() -> None:
    for family, address in LOCAL.items():
        server = listener(family, address, backlog=64)
        for number in range(40):
            client, accepted = connected(server, family, address)
            hold(client), hold(accepted)
            if number % 10 == 0:
                client.send(b"x" * 100)  # waits in the receive queue
    dual = listener(socket.AF_INET6, "::")
    for each in (connected(dual, socket.AF_INET, "127.0.0.1") for _ in range(5)):
        held.extend(each)
    full = listener(socket.AF_INET, "127.0.0.1", backlog=8)
    for _ in range(3):  # wait for accept()
        waiting = hold(socket.socket())
        waiting.connect(("127.0.0.1", port_of(full)))
    special["waiting_port"] = port_of(full)


def make_endings() -> None:
    server = listener(socket.AF_INET, "127.0.0.1")
    special["ending_port"] = port_of(server)
    for _ in range(15):  # we close first: TIME_WAIT on our side
        client, accepted = connected(server, socket.AF_INET, "127.0.0.1")
        accepted.close()
        client.close()
    for _ in range(4):  # FIN_WAIT2 with an owner, CLOSE_WAIT
        client, accepted = connected(server, socket.AF_INET, "127.0.0.1")
        client.shutdown(socket.SHUT_WR)
        hold(client), hold(accepted)
    for _ in range(3):  # FIN_WAIT2 without one
        client, accepted = connected(server, socket.AF_INET, "127.0.0.1")
        client.close()
        hold(accepted)
    for _ in range(3):  # nobody answers there
        trying = hold(socket.socket())
        trying.setblocking(False)
        trying.connect_ex(("192.0.2.99", 9))


def checksum(data: bytes) -> int:
    total = sum(array.array("H", data + b"\0" * (len(data) % 2)))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def make_half_open() -> None:
    """SYNs from addresses where nobody is: connections that stay in SYN_RECV (RFC 9293 3.5)."""
    for name in ("all", "lo"):
        Path(f"/proc/sys/net/ipv4/conf/{name}/rp_filter").write_text("0")
    server = listener(socket.AF_INET, "192.0.2.1")
    special["half_open_port"] = port_of(server)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:
        for host in range(50, 53):
            source, target = bytes((192, 0, 2, host)), bytes((192, 0, 2, 1))
            header = struct.pack("!HHIIBBHHH", 40000 + host, port_of(server), 1, 0, 5 << 4, 2, 1024, 0, 0)
            pseudo = source + target + struct.pack("!BBH", 0, socket.IPPROTO_TCP, len(header))
            header = header[:16] + struct.pack("=H", checksum(pseudo + header)) + header[18:]
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, socket.IPPROTO_TCP, 0, source, target)
            raw.sendto(ip + header, ("192.0.2.1", 0))


def make_udp() -> None:
    for _ in range(5):
        for family, address in PLACES:
            bound(family, socket.SOCK_DGRAM, address)
    for family, address in LOCAL.items():
        server = bound(family, socket.SOCK_DGRAM, address)
        for _ in range(10):
            client = hold(socket.socket(family, socket.SOCK_DGRAM))
            client.connect((address, port_of(server)))
            client.send(b"x")
    only = bound(socket.AF_INET6, socket.SOCK_DGRAM, "::", (socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1))
    special["udp_v6only_port"] = port_of(only)
    port = 0
    for _ in range(3):
        port = port_of(bound(socket.AF_INET, socket.SOCK_DGRAM, "0.0.0.0",
                             (socket.SOL_SOCKET, socket.SO_REUSEPORT, 1), port=port))
    bound(socket.AF_INET, socket.SOCK_DGRAM, "224.0.0.251")


def make_ownerless() -> None:
    """Sockets that no process has: in flight between two, and the kernel's own."""
    flying = listener(socket.AF_INET, "127.0.0.1")
    special["in_flight_port"] = port_of(flying)
    one, two = socket.socketpair()
    held.extend((one, two))
    socket.send_fds(one, [b"x"], [flying.fileno()])
    held.remove(flying)
    flying.close()
    added = subprocess.run("ip link add vx0 type vxlan id 42 dstport 4789 dev lo".split(),
                           capture_output=True, check=False)
    special["vxlan_port"] = 4789 if added.returncode == 0 else None
    if added.returncode == 0:
        subprocess.run("ip link set vx0 up".split(), check=True)


def make_rare() -> None:
    for name, kind, protocol in (("mptcp_port", socket.SOCK_STREAM, IPPROTO_MPTCP),
                                 ("udplite_port", socket.SOCK_DGRAM, IPPROTO_UDPLITE)):
        try:
            made = bound(socket.AF_INET, kind, "127.0.0.1", protocol=protocol)
        except OSError:
            special[name] = None
            continue
        if kind == socket.SOCK_STREAM:
            made.listen(1)
        special[name] = port_of(made)


def main() -> None:
    make_network()
    for make in (make_listeners, make_groups, make_bound_only, make_connections, make_endings,
                 make_half_open, make_udp, make_ownerless, make_rare):
        make()
    print(json.dumps({"pid": os.getpid(), **special}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
