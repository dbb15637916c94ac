# SPDX-License-Identifier: MIT
"""A small machine as people have them, for the recordings in tests/recordings and the README.

nginx, PostgreSQL and Redis from Debian, a few programs of users, some connections, on the ports where one
expects them: the network namespace is ours alone. Prints one line and holds it until standard input ends.
The argument is a folder for the servers' data.
"""

import socket
import subprocess
import sys
import time
from pathlib import Path

import servers

held: list[socket.socket] = []

# What a user's program may look like: name, user, and the sockets that it opens.
PROGRAM = """
import os, pwd, socket, sys
open("/proc/self/comm", "w").write(sys.argv[1])
user = pwd.getpwnam(sys.argv[2])
held = []
for spec in sys.argv[3:]:
    kind, address, port = spec.split(",")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    made.bind((address, int(port)))
    if kind == "tcp":
        made.listen(128)
    held.append(made)
os.setgroups([])
os.setgid(user.pw_gid)
os.setuid(user.pw_uid)
print(flush=True)
sys.stdin.read()
"""


def program(name: str, user: str, *sockets: str) -> None:
    script = servers.FOLDER / "program.py"
    script.write_text(PROGRAM, encoding="utf-8")
    process = subprocess.Popen([name, script, name, user, *sockets], executable=sys.executable,
                               stdout=subprocess.PIPE)
    assert process.stdout and process.stdout.readline()


def talk(port: int) -> None:
    """An open connection to a server, and one that is closing."""
    for keep in (True, False):
        made = socket.create_connection(("127.0.0.1", port))
        if keep:
            held.append(made)
        else:
            made.close()


def main() -> None:
    Path("/proc/self/comm").write_text("init", encoding="utf-8")
    for command in ("link set lo up", "addr add 192.0.2.10/32 dev lo",
                    "addr add 2001:db8::10/128 dev lo nodad",
                    "link add vxlan0 type vxlan id 42 dstport 4789 dev lo", "link set vxlan0 up"):
        subprocess.run(["ip", *command.split()], check=True)
    ports = iter((8000, 80, 6379, 5432))
    servers.free_port = lambda: next(ports)
    for start in (servers.python, servers.nginx, servers.redis, servers.postgresql):
        start()
    program("sshd", "root", "tcp,0.0.0.0,22", "tcp,::,2222")
    program("dnsmasq", "daemon", "udp,127.0.0.1,53", "tcp,127.0.0.1,53")
    program("node", "games", "tcp,127.0.0.1,3000", "tcp,::1,3000")
    program("mosh-server", "games", "udp,192.0.2.10,60001")
    program("harbour", "games", "bound,127.0.0.1,9000", "tcp,192.0.2.10,57500")
    for port in (5432, 6379):
        talk(port)
    time.sleep(1)  # PostgreSQL forks for the one, and the other is over
    print("{}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
