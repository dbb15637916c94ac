# SPDX-License-Identifier: MIT
"""A host with programs where custom looks for others, what should stay on loopback, and configuration that names ports.

Programs are Python under the names of servers. Argument: "odd" or "usual". Prints a line of JSON with pids; holds all until
standard input ends.
"""

import json
import subprocess
import sys
from pathlib import Path

ODD = sys.argv[1] == "odd"
SERVER = """
import os, socket, sys
for place in sys.argv[1:]:
    address, port = place.rsplit(",", 1)
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    made.bind((address, int(port)))
    made.listen(8)
    os.dup(made.detach())
print(os.getpid(), flush=True)
sys.stdin.read()
"""
CLIENTS = """
import socket, sys
made, clients = socket.create_server(("127.0.0.1", 7000), backlog=256), []
for _ in range(int(sys.argv[1])):
    clients.append(socket.create_connection(("127.0.0.1", 7000)))
    clients.append(made.accept()[0])
print("up", flush=True)
sys.stdin.read()
"""
held = []


def program(name: str, *places: str, code: str = SERVER) -> str:
    """What it says once it is there."""
    path = Path("/mnt") / name
    if not path.exists():
        path.symlink_to(sys.executable)
    held.append(subprocess.Popen([path, "-c", code, *places], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
    return held[-1].stdout.readline().strip()


for command in ("ip link set lo up", "mount -t tmpfs none /mnt", "mount -t tmpfs none /run", "mount -t tmpfs none /opt"):
    subprocess.run(command.split(), check=True)
settings = Path("/proc/sys/net/ipv4")
(settings / "ip_local_port_range").write_text("30000 30199" if ODD else "33000 33199", encoding="ascii")
# Units of systemd, in a folder of this mount namespace alone.
Path("/mnt/system/sockets.target.wants").mkdir(parents=True)
Path("/mnt/system/web.socket").write_text("[Socket]\nListenStream=30050\nListenDatagram=30051\nListenStream=/run/x\n", encoding="utf-8")
Path("/mnt/system/idle.socket").write_text("[Socket]\nListenStream=30060\n", encoding="utf-8")
Path("/mnt/system/sockets.target.wants/web.socket").symlink_to("/mnt/system/web.socket")
subprocess.run(["mount", "--bind", "/mnt/system", "/etc/systemd/system"], check=True)
pids = {}
if ODD:
    pids["redis"] = program("redis-server", "0.0.0.0,6379", "127.0.0.1,6380")
    pids["node"] = program("node", "::,9229", "::,9300")
    pids["stranger"] = program("sleepy", "127.0.0.1,5432", "127.0.0.1,31337", "0.0.0.0,8080")
    pids["proxy"] = program("docker-proxy", "0.0.0.0,3306")
    pids["kubelet"] = program("kubelet", "127.0.0.1,10248")
    program("client", "185", code=CLIENTS)
else:
    pids["redis"] = program("redis-server", "127.0.0.1,6379")
    pids["postgres"] = program("postgres", "127.0.0.1,5432")
    pids["web"] = program("sleepy", "0.0.0.0,8080", "::,9300")
    pids["kubelet"] = program("kubelet", "127.0.0.1,10248")
    program("client", "20", code=CLIENTS)
print(json.dumps({name: int(pid) for name, pid in pids.items()}), flush=True)
sys.stdin.read()
