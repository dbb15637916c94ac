# SPDX-License-Identifier: MIT
"""Services on ports of the ephemeral range that restart, while programs open connections to elsewhere.

Arguments: berth, the number of connections a second, how many restarts, for how many seconds the load runs before
berth doctor is asked for its chances, and "reserved" if the ports are reserved then. The servers that are called stand
behind a pair of virtual interfaces in a network namespace of their own. Prints one line of JSON: the mean chance that
was foretold, how many restarts there were, and how many services did not get their port back.
"""

import errno
import json
import os
import random
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

BERTH, RATE, RESTARTS, WARM_S = sys.argv[1], float(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
RESERVED = sys.argv[5:] == ["reserved"]
FIRST, LAST, SERVICES, GAP_S = 40000, 41999, 50, 0.5
NEAR, FAR, PORT, DESTINATIONS = "192.0.2.1", "192.0.2.2", 7000, 40
SEED = int(os.environ.get("BERTH_SEED", "7"))
dice = random.Random(SEED)
settings = Path("/proc/sys/net/ipv4")

# Takes every connection, and closes what the other side has closed.
SERVERS = """
import select, socket, sys
sys.stdin.readline()
poll, kept = select.epoll(), {}
for port in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
    made = socket.create_server(("", port), backlog=512)
    kept[made.fileno()] = made
    poll.register(made, select.EPOLLIN)
listeners = set(kept)
print("ready", flush=True)
while True:
    for fd, _ in poll.poll():
        if fd in listeners:
            accepted, _ = kept[fd].accept()
            kept[accepted.fileno()] = accepted
            poll.register(accepted, select.EPOLLIN)
        else:
            poll.unregister(fd)
            kept.pop(fd).close()
"""

# Connections that come and go at random moments (a Poisson process), each to one of the servers.
LOAD = """
import random, socket, sys, time
address, port, destinations, rate, seed = sys.argv[1], *map(float, sys.argv[2:])
dice, due, made = random.Random(seed), time.monotonic(), 0
while True:
    due += dice.expovariate(rate)
    time.sleep(max(0, due - time.monotonic()))
    socket.create_connection((address, int(port) + dice.randrange(int(destinations)))).close()
"""


def start(program: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    return subprocess.Popen([*before, sys.executable, "-c", program, *map(str, arguments)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ip(*words: str, inside: int | None = None) -> None:
    enter = ["nsenter", f"--target={inside}", "--net"] if inside else []
    subprocess.run([*enter, "ip", *words], check=True)


def build() -> list[subprocess.Popen[str]]:
    for place in ("/run", "/etc/sysctl.d"):  # where berth reserve notes what it did
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", place], check=True)
    servers = start(SERVERS, PORT, DESTINATIONS, before=("unshare", "--net"))
    assert servers.stdin and servers.stdout
    own = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{servers.pid}/ns/net") == own:
        time.sleep(0.01)
    ip("link", "set", "lo", "up")
    ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", str(servers.pid))
    ip("addr", "add", f"{NEAR}/24", "dev", "veth0")
    ip("link", "set", "veth0", "up")
    ip("addr", "add", f"{FAR}/24", "dev", "veth1", inside=servers.pid)
    ip("link", "set", "veth1", "up", inside=servers.pid)
    (settings / "ip_local_port_range").write_text(f"{FIRST} {LAST}", encoding="ascii")
    servers.stdin.write("go\n")
    servers.stdin.flush()
    assert servers.stdout.readline() == "ready\n"
    return [servers, start(LOAD, FAR, PORT, DESTINATIONS, RATE, SEED)]


def serve(port: int) -> socket.socket | None:
    """A server with the options that servers have; None if an outgoing connection has its port."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("0.0.0.0", port))
        made.listen()
    except OSError as error:
        assert error.errno == errno.EADDRINUSE
        made.close()
        return None
    return made


def serve_anywhere() -> socket.socket:
    """On a port of the parity that connect() takes first, and that nobody has."""
    while True:
        made = serve(dice.randrange(FIRST, LAST, 2))
        if made:
            return made


def berth(*arguments: str) -> str:
    done = subprocess.run([BERTH, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def foretold(services: list[socket.socket]) -> list[float]:
    ports = {made.getsockname()[1] for made in services}
    found: list[dict[str, Any]] = json.loads(berth("doctor", "--json", "--only", "ephemeral-port", "--restart-gap",
                                                   str(GAP_S)))["findings"]
    return [each["probability"] for each in found if each["port"] in ports]


def restart(services: list[socket.socket]) -> int:
    """All at once; who lost its port moves elsewhere. How many lost it."""
    ports = [made.getsockname()[1] for made in services]
    for made in services:
        made.close()
    time.sleep(GAP_S)
    again = [serve(port) for port in ports]
    services[:] = [made or serve_anywhere() for made in again]
    return again.count(None)


def opened() -> int:
    """Connections that were opened in this network namespace since it was made."""
    names, values = [line.split() for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()
                     if line.startswith("Tcp:")]
    return int(values[names.index("ActiveOpens")])


programs = build()
services = [serve_anywhere() for _ in range(SERVICES)]
time.sleep(WARM_S)
said: dict[str, Any] = {"foretold": foretold(services), "services": SERVICES, "restarts": 0, "lost": 0}
if RESERVED:
    berth("reserve", *(str(made.getsockname()[1]) for made in services))
    said["foretold_reserved"] = foretold(services)
began, before = time.monotonic(), opened()
while said["restarts"] < RESTARTS:
    said["lost"] += restart(services)
    said["restarts"] += SERVICES
said["opens_per_s"] = (opened() - before) / (time.monotonic() - began)
print(json.dumps(said), flush=True)
sys.stdin.read()
for program in programs:
    program.kill()
    program.wait()
