# SPDX-License-Identifier: MIT
"""A world in which the kernel itself has sockets: tunnels, and listeners of MPTCP's path manager."""

import json
import os
import socket
import subprocess
import sys

IPPROTO_MPTCP = 262


def ip(command: str) -> bool:
    return subprocess.run(["ip", *command.split()], capture_output=True, check=False).returncode == 0


def make_vxlan() -> bool:
    made = ip("link add vx0 type vxlan id 42 dstport 4789 dev lo")
    for command in ("link set vx0 up", "link add vx6 type vxlan id 44 dstport 4790 local ::1 dev lo",
                    "link set vx6 up", "link add vx1 type vxlan id 45 dstport 4791 dev lo", "link set vx1 up",
                    "link add vx2 type vxlan id 46 dstport 4791 dev lo", "link set vx2 up"):
        made = made and ip(command)
    return made


def make_subflows(held: list[socket.socket]) -> int:
    """A connection of MPTCP; 0 when there is no such thing."""
    try:
        server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    except OSError:
        return 0
    server.bind(("127.0.0.1", 20001))
    server.listen(1)
    client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, IPPROTO_MPTCP)
    client.connect(("127.0.0.1", 20001))
    accepted, _ = server.accept()
    client.send(b"x")
    accepted.recv(1)
    held += [server, client, accepted]
    return 20001


def main() -> None:
    ip("link set lo up")
    ip("addr add 192.0.2.1/24 dev lo")
    held = [socket.create_server(("127.0.0.1", 20000))]
    said = {"pid": os.getpid(), "plain": 20000, "vxlan": make_vxlan(),
            "mptcp": ip("mptcp endpoint add 192.0.2.1 id 7 port 4444 signal"),
            "subflows": make_subflows(held)}
    print(json.dumps(said), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
