# SPDX-License-Identifier: MIT
"""Netlink messages put together by the kernel's headers, and recordings made of them.

For what this kernel cannot make: a recording with its answer goes the same way through berth as the kernel's
own would.
"""

import socket
import struct
from pathlib import Path

SOCK_DIAG_BY_FAMILY = 20


def attribute(kind: int, content: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(content), kind) + content + b"\0" * (-len(content) % 4)


def message(kind: int, payload: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(payload), kind, 2, 1, 0) + payload


def done() -> bytes:
    return struct.pack("=IHHIIi", 20, 3, 2, 1, 0, 0)


def generic(family: int, command: int, *attributes: bytes) -> bytes:
    return message(family, struct.pack("=BBH", command, 1, 0) + b"".join(attributes))


def packed(address: str) -> bytes:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_pton(family, address).ljust(16, b"\0")


def row(port: int, inode: int, state: int = 7, address: str = "0.0.0.0", peer: str = "",
        peer_port: int = 0) -> bytes:
    """struct inet_diag_msg (linux/inet_diag.h) of a socket of root."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    there = packed(peer or ("::" if ":" in address else "0.0.0.0"))
    return message(SOCK_DIAG_BY_FAMILY, struct.pack("=BBBB", family, state, 0, 0) +
                   struct.pack(">HH", port, peer_port) + packed(address) + there +
                   struct.pack("=III", 0, inode, 0) + struct.pack("=IIIII", 0, 0, 0, 0, inode))


class Recording:
    """A machine of whose processes none holds a socket, in the first PID namespace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, bytes] = {}
        self.write("proc/self/mountinfo", "")
        self.write("proc/sys/kernel/osrelease", "6.18.0\n")
        self.write("proc/1/stat", "1 (init) S 0" + " 0" * 17 + " 5\n")
        self.link("proc/1/fd/0", "socket:[1]")
        self.link("proc/self/ns/pid", "pid:[4026531836]")
        self.sockets("tcp")
        for name in ("udp", "udplite", "sctp", "dccp", "mptcp"):
            self.sockets(f"{name}4")
            self.sockets(f"{name}6")
        self.write("recording", "berth-recording 1\ntime_s 1700000000.0\n")

    def write(self, path: str, content: str | bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)

    def link(self, path: str, target: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)

    def netlink(self, name: str, *messages: bytes) -> None:
        self.write(f"netlink/{name}.bin", b"".join(messages) + done())

    def sockets(self, name: str, *rows: bytes) -> None:
        self.netlink(name, *rows)
        self.netlink(f"{name}.again", *rows)
