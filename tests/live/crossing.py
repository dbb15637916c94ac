# SPDX-License-Identifier: MIT
"""A world with a neighbour: servers that say which they are, and another network namespace beside it.

The servers listen on TCP 8080 and 8081 (all addresses), on 9090 (127.0.0.1 only), each sending its port to
whoever connects. The neighbour, at 192.0.2.2 and 2001:db8::2, is a process in a network namespace of its own;
we are 192.0.2.1 and 2001:db8::1. Rules are for the tests to load. With "sk-lookup" as argument, a BPF program
that lets everything pass is attached to socket lookup.
"""

import ctypes
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

SERVERS = (("::", 8080), ("::", 8081), ("127.0.0.1", 9090))
SYS_BPF = {"x86_64": 321, "aarch64": 280}
BPF_PROG_LOAD, BPF_LINK_CREATE, PROG_TYPE_SK_LOOKUP, ATTACH_SK_LOOKUP = 5, 28, 30, 36


def ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


def serve(listener: socket.socket) -> None:
    while True:
        accepted, _ = listener.accept()
        accepted.sendall(str(listener.getsockname()[1]).encode())
        accepted.close()


def make_neighbour() -> int:
    """The process's pid, once it is in its own namespace."""
    ours = os.stat("/proc/self/ns/net").st_ino
    process = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)
    held.append(process)
    while Path(f"/proc/{process.pid}/ns/net").stat().st_ino == ours:
        time.sleep(0.01)
    ip("link add veth0 type veth peer name veth1")
    ip(f"link set veth1 netns {process.pid}")
    ip("addr add 192.0.2.1/24 dev veth0")
    ip("addr add 2001:db8::1/64 dev veth0 nodad")
    ip("link set veth0 up")
    for command in ("addr add 192.0.2.2/24 dev veth1", "addr add 2001:db8::2/64 dev veth1 nodad",
                    "link set lo up", "link set veth1 up", "route add default via 192.0.2.1"):
        subprocess.run(["nsenter", f"--net=/proc/{process.pid}/ns/net", "ip", *command.split()], check=True)
    return process.pid


def bpf(command: int, *parts: bytes) -> int:
    attributes = ctypes.create_string_buffer(b"".join(parts).ljust(144, b"\0"), 144)
    libc = ctypes.CDLL(None, use_errno=True)
    made: int = libc.syscall(SYS_BPF.get(os.uname().machine, -1), command, attributes, 144)
    return made


def attach_lookup() -> bool:
    """r0 = SK_PASS; exit (Documentation/bpf/prog_sk_lookup.rst)."""
    program = ctypes.create_string_buffer(struct.pack("=BBhi", 0xB7, 0, 0, 1) + struct.pack("=BBhi", 0x95, 0, 0, 0))
    license_text = ctypes.create_string_buffer(b"GPL\0")
    loaded = bpf(BPF_PROG_LOAD, struct.pack("=IIQQ", PROG_TYPE_SK_LOOKUP, 2, ctypes.addressof(program),
                                            ctypes.addressof(license_text)),
                 b"\0" * 24, b"let_all_pass".ljust(16, b"\0"), struct.pack("=II", 0, ATTACH_SK_LOOKUP))
    if loaded < 0:
        return False
    namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
    held.append((loaded, namespace))
    return bpf(BPF_LINK_CREATE, struct.pack("=IIII", loaded, namespace, ATTACH_SK_LOOKUP, 0)) >= 0


held: list[object] = []


def main() -> None:
    ip("link set lo up")
    neighbour = make_neighbour()
    for address, port in SERVERS:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, port), family=family, dualstack_ipv6=family == socket.AF_INET6)
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
    lookup = attach_lookup() if "sk-lookup" in sys.argv[1:] else False
    print(json.dumps({"pid": os.getpid(), "neighbour": neighbour, "lookup": lookup}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
