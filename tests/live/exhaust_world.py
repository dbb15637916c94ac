# SPDX-License-Identifier: MIT
"""Connects until the kernel has no port any more, and asks berth before how many it will be.

Arguments: berth, and the name of a scenario below. The range is a few hundred ports. A server stands behind a pair of
virtual interfaces in a network namespace of its own, another on loopback. Prints one line of JSON with the questions
(what berth said would be left, and how many it was) and the ports that were given, in order.
"""

import errno
import json
import os
import random
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BERTH, SCENARIO = sys.argv[1:3]
FIRST, LAST = 40000, 40399
SERVER_PORT, QUESTIONS = 7000, 6
NEAR, NEAR_TOO, FAR = "192.0.2.1", "192.0.2.3", "192.0.2.2"
NEAR6, FAR6 = "2001:db8::1", "2001:db8::2"
AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", "--"]
IP_BIND_ADDRESS_NO_PORT, IP_LOCAL_PORT_RANGE = 24, 51
held: list[Any] = []
settings = Path("/proc/sys/net/ipv4")
dice = random.Random(int(os.environ.get("BERTH_SEED", "7")))

# Takes every connection, and closes what the other side has closed; unless it is to be lazy.
SERVER = """
import resource, select, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
print("here", flush=True)
sys.stdin.readline()
listeners = [socket.create_server(("", int(sys.argv[1])), backlog=4096),
             socket.create_server(("::", int(sys.argv[1])), family=socket.AF_INET6, backlog=4096)]
lazy = socket.create_server(("", int(sys.argv[1]) + 1), backlog=4096)
poll, kept = select.epoll(), {}
for made in (*listeners, lazy):
    poll.register(made, select.EPOLLIN)
    kept[made.fileno()] = made
poll.register(0, select.EPOLLIN | select.EPOLLHUP)
print("ready", flush=True)
while True:
    for fd, _ in poll.poll():
        if fd == 0:
            sys.exit()
        made = kept[fd]
        if made in listeners:
            accepted, _ = made.accept()
            kept[accepted.fileno()] = accepted
            poll.register(accepted, select.EPOLLIN)
        elif made is lazy:
            accepted, _ = made.accept()
            kept[accepted.fileno()] = accepted
        elif not made.recv(4096):
            poll.unregister(fd)
            del kept[fd]
            made.close()
"""


def serve(*before: str) -> subprocess.Popen[str]:
    made = subprocess.Popen([*before, sys.executable, "-c", SERVER, str(SERVER_PORT)], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True)
    held.append(made)
    assert made.stdout
    assert made.stdout.readline() == "here\n"
    return made


def begin(server: subprocess.Popen[str]) -> None:
    assert server.stdin and server.stdout
    server.stdin.write("go\n")
    server.stdin.flush()
    assert server.stdout.readline() == "ready\n"


def ip(*words: str, inside: int | None = None) -> None:
    enter = ["nsenter", f"--target={inside}", "--net"] if inside else []
    subprocess.run([*enter, "ip", *words], check=True)


def build() -> None:
    far = serve("unshare", "--net")
    ip("link", "set", "lo", "up")
    ip("link", "add", "veth0", "type", "veth", "peer", "name", "veth1", "netns", str(far.pid))
    for address in (f"{NEAR}/24", f"{NEAR_TOO}/24"):
        ip("addr", "add", address, "dev", "veth0")
    ip("addr", "add", f"{NEAR6}/64", "dev", "veth0", "nodad")
    ip("link", "set", "veth0", "up")
    ip("addr", "add", f"{FAR}/24", "dev", "veth1", inside=far.pid)
    ip("addr", "add", f"{FAR6}/64", "dev", "veth1", "nodad", inside=far.pid)
    ip("link", "set", "veth1", "up", inside=far.pid)
    begin(far)
    begin(serve())
    (settings / "ip_local_port_range").write_text(f"{FIRST} {LAST}", encoding="ascii")


def put(name: str, value: str) -> None:
    (settings / name).write_text(value, encoding="ascii")


# ---- Connections ------------------------------------------------------------------------------------

def connect(to: str, source: str | None = None, port: int = SERVER_PORT, bound: bool = False,
            family: int | None = None) -> socket.socket:
    """A client; `bound`: that binds before. The mapped form of an address is one of IPv6."""
    made = socket.socket(family or (socket.AF_INET6 if ":" in to else socket.AF_INET))
    try:
        if bound:
            made.bind((source or "", 0))
        elif source:
            made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
            made.bind((source, 0))
        made.connect((to, port))
    except OSError:
        made.close()
        raise
    return made


def hold(n: int, *arguments: Any, **options: Any) -> list[socket.socket]:
    made = [connect(*arguments, **options) for _ in range(n)]
    held.extend(made)
    return made


def close_first(n: int, *arguments: Any, **options: Any) -> None:
    """TIME_WAIT on this side."""
    made = [connect(*arguments, **options) for _ in range(n)]
    for each in made:
        each.close()
    time.sleep(0.1)


def listen(family: int, address: str, port: int) -> None:
    made = socket.socket(family)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    made.bind((address, port))
    made.listen(8)
    held.append(made)


def bind_only(n: int, address: str = "") -> None:
    for _ in range(n):
        made = socket.socket()
        made.bind((address, 0))
        held.append(made)


# ---- Questions --------------------------------------------------------------------------------------

def ask(to: str, source: str, nobody: bool, port: int) -> int:
    done = subprocess.run([*(AS_NOBODY if nobody else []), BERTH, "ephemeral", "--json"], check=True,
                          stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
    [space] = json.loads(done.stdout)["spaces"]
    assert nobody or space["bound_exact"] or not space["bound_why_not"].startswith("the kernel's table")
    for each in space["destinations"]:
        if (each["address"], each["from"], each["port"]) == (to.removeprefix("::ffff:"), source, port):
            return int(each["left"])
    return int(space["left"])


def exhaust(to: str, source: str, explicit: bool = False, nobody: bool = False,
            family: int | None = None, port: int = SERVER_PORT) -> dict[str, Any]:
    """Connects to the end; asks at several fillings how far it is."""
    ports: list[int] = []
    asked: list[tuple[int, int]] = []
    steps = sorted({0, *(dice.randrange(1, LAST - FIRST) for _ in range(QUESTIONS))})
    while True:
        if steps and len(ports) >= steps[0]:
            asked.append((len(ports), ask(to, source, nobody, port)))
            steps.pop(0)
        try:
            made = connect(to, source if explicit else None, port, family=family)
        except OSError as error:
            assert error.errno == errno.EADDRNOTAVAIL, error
            break
        ports.append(made.getsockname()[1])
        held.append(made)
    asked.append((len(ports), ask(to, source, nobody, port)))
    return {"to": to, "from": source, "ports": ports,
            "asked": [{"said": left, "was": len(ports) - done} for done, left in asked]}


# ---- Scenarios --------------------------------------------------------------------------------------

def parity() -> list[dict[str, Any]]:
    """The ports of bind() to port 0, in order, and how many there are."""
    left = json.loads(subprocess.check_output([BERTH, "ephemeral", "--json"], env={"HOME": "/nonexistent"}))
    ports = []
    while True:
        made = socket.socket()
        try:
            made.bind(("", 0))
        except OSError:
            break
        held.append(made)
        ports.append(made.getsockname()[1])
    return [{"ports": ports, "asked": [{"said": left["spaces"][0]["left_bind"], "was": len(ports)}]}]


def plain() -> list[dict[str, Any]]:
    return [exhaust(FAR, NEAR)]


def odd() -> list[dict[str, Any]]:
    """A range with an odd number of ports, from an odd first one."""
    put("ip_local_port_range", f"{FIRST + 1} {LAST}")
    return [exhaust(FAR, NEAR)]


def reserved() -> list[dict[str, Any]]:
    put("ip_local_reserved_ports", f"80,{FIRST},{FIRST + 7},{FIRST + 50}-{FIRST + 99},{LAST}-{LAST + 9}")
    return [exhaust(FAR, NEAR)]


def filled() -> list[dict[str, Any]]:
    """Others have connections: to other ports and addresses, which do not count, and to this one, which do."""
    hold(100, FAR, port=SERVER_PORT + 1)
    hold(70, "127.0.0.1")
    hold(50, FAR)
    return [exhaust(FAR, NEAR)]


def listeners() -> list[dict[str, Any]]:
    """A bucket is for all addresses and both families."""
    for port in range(FIRST, FIRST + 20):
        listen(socket.AF_INET, "127.0.0.1", port)
    for port in range(FIRST + 100, FIRST + 120):
        listen(socket.AF_INET6, "::1", port)
    for port in range(FIRST, FIRST + 5):
        held.append(socket.create_connection(("127.0.0.1", port)))
    return [exhaust(FAR, NEAR)]


def bound() -> list[dict[str, Any]]:
    """bind() and nothing else; bind() and connect(), here and there."""
    bind_only(30)
    bind_only(20, "127.0.0.1")
    hold(40, FAR, bound=True)
    hold(40, "127.0.0.1", bound=True)
    return [exhaust(FAR, NEAR)]


def time_wait() -> list[dict[str, Any]]:
    close_first(150, FAR)
    return [exhaust(FAR, NEAR)]


def time_wait_loopback() -> list[dict[str, Any]]:
    """Taken again after a second."""
    close_first(150, "127.0.0.1")
    first = ask("127.0.0.1", "127.0.0.1", False, SERVER_PORT)
    time.sleep(1.5)
    said = exhaust("127.0.0.1", "127.0.0.1")
    said["before"] = first
    return [said]


def time_wait_never() -> list[dict[str, Any]]:
    put("tcp_tw_reuse", "0")
    close_first(150, "127.0.0.1")
    time.sleep(1.5)
    return [exhaust("127.0.0.1", "127.0.0.1")]


def time_wait_always() -> list[dict[str, Any]]:
    put("tcp_tw_reuse", "1")
    close_first(150, FAR)
    time.sleep(1.5)
    return [exhaust(FAR, NEAR)]


def time_wait_without_timestamps() -> list[dict[str, Any]]:
    put("tcp_timestamps", "0")
    close_first(150, "127.0.0.1")
    time.sleep(1.5)
    return [exhaust("127.0.0.1", "127.0.0.1")]


def half_closed() -> list[dict[str, Any]]:
    """FIN_WAIT2, which the kernel soon keeps as it keeps TIME_WAIT, and takes for no connection."""
    put("tcp_tw_reuse", "1")
    close_first(100, FAR, port=SERVER_PORT + 1)
    time.sleep(1.5)
    return [exhaust(FAR, NEAR, port=SERVER_PORT + 1)]


def two_sources() -> list[dict[str, Any]]:
    """Each address of ours has the whole range."""
    bind_only(20)
    close_first(30, FAR, NEAR)
    return [exhaust(FAR, NEAR, explicit=True), exhaust(FAR, NEAR_TOO, explicit=True)]


def six() -> list[dict[str, Any]]:
    listen(socket.AF_INET, "127.0.0.1", FIRST + 3)
    return [exhaust(FAR6, NEAR6)]


def mapped() -> list[dict[str, Any]]:
    """IPv4 through sockets of IPv6 competes with IPv4."""
    hold(60, FAR)
    return [exhaust(f"::ffff:{FAR}", NEAR, family=socket.AF_INET6)]


def without_privileges() -> list[dict[str, Any]]:
    """Listeners and sockets that are bound only are seen by everybody."""
    bind_only(50)
    for port in range(FIRST + 100, FIRST + 120):
        listen(socket.AF_INET6, "::1", port)
    close_first(40, FAR)
    return [exhaust(FAR, NEAR, nobody=True)]


def all_at_once() -> list[dict[str, Any]]:
    put("ip_local_reserved_ports", f"{FIRST + 10}-{FIRST + 39},{FIRST + 301}")
    for port in range(FIRST, FIRST + 10):
        listen(socket.AF_INET, "127.0.0.1", port)
    bind_only(25)
    hold(15, FAR, bound=True)
    close_first(60, FAR)
    close_first(40, "127.0.0.1")
    hold(45, FAR, NEAR_TOO)
    hold(30, "127.0.0.1")
    time.sleep(1.5)
    return [exhaust(FAR, NEAR, explicit=True), exhaust("127.0.0.1", "127.0.0.1"), exhaust(FAR, NEAR_TOO, explicit=True)]


SCENARIOS: dict[str, Callable[[], list[dict[str, Any]]]] = {
    made.__name__: made for made in (
        parity, plain, odd, reserved, filled, listeners, bound, time_wait, time_wait_loopback, time_wait_never,
        time_wait_always, time_wait_without_timestamps, half_closed, two_sources, six, mapped, without_privileges,
        all_at_once)}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    build()
    results = SCENARIOS[SCENARIO]()
    low, high = map(int, (settings / "ip_local_port_range").read_text(encoding="ascii").split())
    print(json.dumps({"first": low, "last": high, "results": results}), flush=True)
    sys.stdin.read()
