# SPDX-License-Identifier: MIT
"""Sockets that make a bind fail, or look as if they did, in namespaces of their own (see worlds.py).

Prints one line of JSON: for each puzzle its port, and the process that has it; holds them until standard input
ends.
"""

import itertools
import json
import os
import socket
import subprocess
import sys
import time

NOBODY = 65534
ports = itertools.count(20000)
held: list[object] = []
said: dict[str, dict[str, object]] = {}

# What each does with its port; `own` is the address that the machine has besides.
PROGRAMS = {
    "bound": "s = make(4); s.bind(('0.0.0.0', port))",
    "outgoing": "l = make(4); l.bind(('127.0.0.1', 0)); l.listen(); s = make(4); "
                "s.bind(('127.0.0.1', port)); s.connect(l.getsockname())",
    "dual_stack": "s = make(6); s.setsockopt(41, 26, 0); s.bind(('::', port)); s.listen()",
    "other_user": "os.setresuid(65534, 65534, 65534); s = make(4); s.setsockopt(1, 15, 1); "
                  "s.bind(('0.0.0.0', port)); s.listen()",
    "reuse_listener": "s = make(4); s.setsockopt(1, 2, 1); s.bind(('0.0.0.0', port)); s.listen()",
    "broadcast": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); "
                 "s.bind(('0.0.0.0', port))",
    "broadcast_pair": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(1, 6, 1); "
                      "s.setsockopt(1, 2, 1); s.bind(('192.0.2.255', port))",
    "listener": "s = make(4); s.bind(('0.0.0.0', port)); s.listen()",
}
PROGRAM = """
import os, socket, sys
def make(family):
    return socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET)
port = int(sys.argv[1])
{what}
os.write(1, b"%d\\n" % os.getpid())
sys.stdin.read()
"""


def start(name: str, port: int, *before: str) -> None:
    process = subprocess.Popen([*before, sys.executable, "-c", PROGRAM.format(what=PROGRAMS[name]), str(port)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.append(process)
    assert process.stdout
    said[name] = {"port": port, "pid": int(process.stdout.readline())}


def make_time_wait() -> None:
    """The end that closes first keeps it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = next(ports)
        client.bind(("127.0.0.1", port))
        client.connect(server.getsockname())
        peer, _ = server.accept()
        client.close()
        assert peer.recv(1) == b""
        peer.close()
    said["time_wait"] = {"port": port}


def make_elsewhere() -> None:
    subprocess.run(["ip", "netns", "add", "harbour"], check=True)
    start("listener", next(ports), "ip", "netns", "exec", "harbour")
    said["elsewhere"] = said.pop("listener")


def main() -> None:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    for words in ("link set lo up", "link add veth0 type veth peer name veth1", "addr add 192.0.2.1/24 dev veth0",
                  "link set veth0 up", "link set veth1 up"):
        subprocess.run(["ip", *words.split()], check=True)
    for name in PROGRAMS:
        if name != "listener":
            start(name, next(ports))
    make_elsewhere()
    make_time_wait()
    print(json.dumps(said), flush=True)
    sys.stdin.read()
    time.sleep(0)
    os._exit(0)


main()
