# SPDX-License-Identifier: MIT
"""Servers as people have them when localhost surprises them, in namespaces of their own (see worlds.py).

Each is a program of its own, or a family of processes. Prints one line of JSON with ports and pids, and holds
them until standard input ends.
"""

import itertools
import json
import os
import socket
import subprocess
import sys
import time

IPPROTO_MPTCP, IPPROTO_UDPLITE = 262, 136
SO_BINDTODEVICE = 25
LOCAL4, LOCAL6, OWN4, OWN6 = "127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"

# A program that listens where its arguments say, and forks as many workers that share nothing but the place.
PROGRAM = """
import os, socket, sys
kind, workers, places = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
held = []
for _ in range(max(workers, 1)):
    if workers and os.fork():
        continue
    for place in places:
        address, port = place.rsplit(",", 1)
        made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                             socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
        if workers or kind == "shared":
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.bind((address, int(port)))
        if kind != "udp":
            made.listen(8)
        held.append(made)
    break
if held:
    os.write(1, b"%d\\n" % os.getpid())  # at once: several write to one pipe
sys.stdin.read()
"""

ports = itertools.count(20000)
held: list[object] = []
said: dict[str, object] = {}


def server(kind: str, *places: str, workers: int = 0) -> list[int]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, kind, str(workers), *places],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.append(process)
    assert process.stdout
    return [int(process.stdout.readline()) for _ in range(max(workers, 1))]


def split(kind: str) -> None:
    port = next(ports)
    first, second = server(kind, f"{LOCAL4},{port}"), server(kind, f"{LOCAL6},{port}")
    said[f"{kind}_split"] = {"port": port, "pids": [*first, *second]}


def one(name: str, *addresses: str, kind: str = "tcp", workers: int = 0) -> None:
    port = next(ports)
    said[name] = {"port": port, "pids": server(kind, *(f"{address},{port}" for address in addresses), workers=workers)}


def make_groups() -> None:
    one("workers", "0.0.0.0", workers=3)
    one("workers_of_both", LOCAL4, LOCAL6, workers=2)
    port = next(ports)
    said["strangers"] = {"port": port, "pids": [pid for _ in range(2) for pid in server("shared", f"0.0.0.0,{port}")]}


def make_own() -> None:
    """Sockets of this very process: on another interface, with a full backlog, of rarer protocols."""
    device, full = socket.socket(), socket.socket()
    device.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, b"veth0")
    device.bind(("0.0.0.0", next(ports)))
    device.listen(1)
    said["device"] = {"port": device.getsockname()[1]}
    full.bind((LOCAL4, next(ports)))
    full.listen(1)
    said["full"] = {"port": full.getsockname()[1]}
    clients = [socket.socket() for _ in range(6)]
    for client in clients:
        client.setblocking(False)
        client.connect_ex(full.getsockname())
    held.extend([device, full, *clients])
    for name, kind, protocol in (("mptcp", socket.SOCK_STREAM, IPPROTO_MPTCP),
                                 ("udplite", socket.SOCK_DGRAM, IPPROTO_UDPLITE)):
        try:
            made = socket.socket(socket.AF_INET, kind, protocol)
        except OSError:
            continue
        made.bind((LOCAL4, next(ports)))
        if kind == socket.SOCK_STREAM:
            made.listen(4)
        held.append(made)
        said[name] = {"port": made.getsockname()[1], "inode": os.fstat(made.fileno()).st_ino}


def main() -> None:
    for command in ("link set lo up", "link add veth0 type veth peer name veth1", f"addr add {OWN4}/24 dev veth0",
                    f"addr add {OWN6}/64 dev veth0 nodad", "link set veth0 up", "link set veth1 up"):
        subprocess.run(["ip", *command.split()], check=True)
    split("tcp")
    split("udp")
    one("both", LOCAL4, LOCAL6)
    one("dual", "::")
    one("only4", LOCAL4)
    make_groups()
    make_own()
    time.sleep(1.2)  # SYNs for a full backlog are repeated
    print(json.dumps({"pid": os.getpid(), **said}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
