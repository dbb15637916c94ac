# SPDX-License-Identifier: MIT
"""The race for ports in a network namespace of its own (see worlds.py), beside outgoing connections.

Arguments: the program race, the folder of race.mjs with its node_modules or "-", how many processes, rounds, the
gap in microseconds, and how many connections are held. Prints one line of JSON: a list with what each way lost.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

RACE, NODE = sys.argv[1], sys.argv[2]
PROCESSES, ROUNDS, GAP_US, HELD = sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6])
LOADS = 4


def connect_for_ever(ready: int, port: int, most: int) -> None:
    """Outgoing connections: so many at a time, the oldest ends when a new one begins."""
    server = socket.create_server(("127.0.0.1", port), backlog=4096)
    held: deque[tuple[socket.socket, socket.socket]] = deque()
    while True:
        client = socket.socket()
        try:
            client.connect(("127.0.0.1", port))
        except OSError:
            client.close()
        else:
            held.append((client, server.accept()[0]))
        if len(held) < most:
            continue
        if ready:
            os.write(ready, b"x")
            ready = 0
        for end in held.popleft():  # by a reset, so that what is held is what was said
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            end.close()
        time.sleep(0.001)


def start_load() -> list[int]:
    """Several processes, since each may only have so many descriptors."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    ready, go = os.pipe()
    loads = []
    for number in range(LOADS):
        loads.append(os.fork())
        if not loads[-1]:
            connect_for_ever(go, 1000 + number, HELD // LOADS)
    os.close(go)
    for _ in loads:
        assert os.read(ready, 1) == b"x", "no load"
    return loads


def run(*command: str | Path) -> dict[str, object]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr[-500:]}")
    return dict(json.loads(done.stdout))


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    loads = start_load()
    said = [run(RACE, way, PROCESSES, ROUNDS, GAP_US) for way in ("bind0", "berth")]
    if NODE != "-":
        said.insert(1, run("node", Path(NODE) / "race.mjs", PROCESSES, ROUNDS, GAP_US))
    for load in loads:
        os.kill(load, signal.SIGKILL)
        os.waitpid(load, 0)
    print(json.dumps({"ways": said}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
