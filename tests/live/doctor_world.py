# SPDX-License-Identifier: MIT
"""A host that has each ailment of which berth doctor tells, or none of them, in namespaces of its own.

Argument: "ill" or "well". Prints one line of JSON with ports and pids, and holds all until standard input ends.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

RANGE = (40000, 40999)
ILL = sys.argv[1] == "ill"
CLOSED, WAITING = 30, 12
EVEN, ODD, OUTSIDE = 40100, 40101, 20000
FULL, LEAKING, SHARED, SPLIT = 20001, 20002, 20003, 20004
held: list[object] = []

# A program of its own that listens where its arguments say.
PROGRAM = """
import os, socket, sys
for place in sys.argv[1:]:
    address, port = place.rsplit(",", 1)
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((address, int(port)))
    made.listen(8)
    os.dup(made.detach())
print(os.getpid(), flush=True)
sys.stdin.read()
"""


def program(*places: str) -> int:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, *places], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    held.append(process)
    assert process.stdout
    return int(process.stdout.readline())


def server(port: int, backlog: int = 64) -> socket.socket:
    made = socket.create_server(("127.0.0.1", port), backlog=backlog)
    held.append(made)
    return made


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
settings = Path("/proc/sys/net/ipv4")
(settings / "ip_local_port_range").write_text(f"{RANGE[0]} {RANGE[1]}", encoding="ascii")
for port in (EVEN, ODD):
    server(port)
if not ILL:
    (settings / "ip_local_reserved_ports").write_text(f"{EVEN},{ODD}", encoding="ascii")

# Connections to a port outside, which the client closes first: TIME_WAIT on the ports of the range.
outside = server(OUTSIDE)
for _ in range(CLOSED):
    client = socket.create_connection(("127.0.0.1", OUTSIDE))
    accepted, _ = outside.accept()
    client.close()
    accepted.close()

full = server(FULL, backlog=0 if ILL else 8)
for _ in range(3):
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", FULL))
    held.append(client)

leaking = server(LEAKING)
for _ in range(WAITING):
    client = socket.create_connection(("127.0.0.1", LEAKING))
    accepted, _ = leaking.accept()
    client.close()
    if ILL:
        held.append(accepted)
    accepted.recv(1)
    if not ILL:
        accepted.close()

shared = [program(f"127.0.0.1,{SHARED}"), program(f"127.0.0.1,{SHARED}")] if ILL else [program(f"127.0.0.1,{SHARED}")]
split = ([program(f"127.0.0.1,{SPLIT}"), program(f"::1,{SPLIT}")] if ILL
         else [program(f"127.0.0.1,{SPLIT}", f"::1,{SPLIT}")])
print(json.dumps({"even": EVEN, "odd": ODD, "full": FULL, "leaking": LEAKING, "waiting": WAITING, "closed": CLOSED,
                  "ports": (RANGE[1] - RANGE[0] + 1) // 2, "shared": [SHARED, *shared], "split": [SPLIT, *split]}),
      flush=True)
sys.stdin.read()
