# SPDX-License-Identifier: MIT
"""A host with outgoing connections of two processes, some of them closed, in namespaces of its own.

Prints one line of JSON with pids and a port, and holds all until standard input ends.
"""

import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

IP_LOCAL_PORT_RANGE = 51
BUSY, OTHER = 7000, 7001
CHILD = f"""
import socket, sys
held = [socket.create_connection(("127.0.0.1", {OTHER})) for _ in range(3)]
print(flush=True)
sys.stdin.read()
"""

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
settings = Path("/proc/sys/net/ipv4")
(settings / "ip_local_port_range").write_text("40000 40999", encoding="ascii")
(settings / "ip_local_reserved_ports").write_text("7,40990-40999,65535", encoding="ascii")
server, other = (socket.create_server(("127.0.0.1", port), backlog=256) for port in (BUSY, OTHER))
held = [socket.create_connection(("127.0.0.1", BUSY)) for _ in range(20)]
held += [socket.create_connection(("127.0.0.1", OTHER)) for _ in range(5)]
ranged = socket.socket()
ranged.setsockopt(socket.IPPROTO_IP, IP_LOCAL_PORT_RANGE, struct.pack("I", 40700 << 16 | 40600))
ranged.connect(("127.0.0.1", OTHER))
datagrams = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(4)]
for made in datagrams:
    made.bind(("", 0))
closed = [socket.create_connection(("127.0.0.1", BUSY)) for _ in range(10)]
accepted = [server.accept()[0] for _ in range(30)]
for made in (*closed, *accepted[20:]):
    made.close()
child = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert child.stdout
child.stdout.readline()
print(json.dumps({"pid": os.getpid(), "child": child.pid, "ranged": ranged.getsockname()[1]}), flush=True)
sys.stdin.read()
