# SPDX-License-Identifier: MIT
"""Processes that start, hold a listener, fork, pass it on and end, as fast as they can, and a log of it.

Started in namespaces of its own (see worlds.py) with the log's path and a folder for cgroups (or an empty
argument). Prints one line of JSON, then goes on until standard input ends. Lines of the log, times in
nanoseconds of CLOCK_MONOTONIC:

    got COOKIE PID START TIME PORT    the process has the socket, since TIME at the earliest
    closed COOKIE PID TIME            it has it no more, since TIME at the latest
    ended PID TIME                    it is over (and still a zombie, so its number is not another's yet)

Pids are used again at once, through /proc/sys/kernel/ns_last_pid of our PID namespace: a rung that
remembers a pid and asks later who that is would be wrong here many times a second.
"""

import json
import os
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ACTORS = 24  # at a time, about
PORTS = range(21000, 21032)
CGROUPS = 5
SO_COOKIE = 57
LAST_PID = Path("/proc/sys/kernel/ns_last_pid")

log = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
folder = Path(sys.argv[2]) if sys.argv[2] else None
kept: list[socket.socket] = []


def now() -> int:
    return time.monotonic_ns()


def say(*words: object) -> None:
    os.write(log, (" ".join(map(str, words)) + "\n").encode())


def start_ticks() -> str:
    """Field 22 of /proc/PID/stat (proc(5)); the name may hold spaces."""
    return Path("/proc/self/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]


def cookie(held: socket.socket) -> int:
    return int(struct.unpack("Q", held.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8))[0])


def got(held: socket.socket, since: int) -> None:
    say("got", cookie(held), os.getpid(), start_ticks(), since, held.getsockname()[1])


def listener() -> socket.socket:
    since = now()
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", random.choice(PORTS)))
    held.listen(4)
    got(held, since)
    kept.append(held)
    return held


def close(held: socket.socket) -> None:
    name = cookie(held)
    held.close()
    say("closed", name, os.getpid(), now())


def rest(most_ms: float = 30) -> None:
    time.sleep(random.random() * most_ms / 1000)


def hop() -> None:
    """To another cgroup; each hop waits for a grace period, so not too often."""
    if folder and random.random() < 0.2:
        (folder / f"c{random.randrange(1, CGROUPS)}" / "cgroup.procs").write_text("0")


# ---- What a process may do with its life -------------------------------------------------------

def hold() -> None:
    listener()
    rest()


def hold_long() -> None:
    listener()
    hop()
    time.sleep(0.5 + random.random())


def reuse_the_descriptor() -> None:
    for _ in range(5):
        held = listener()
        rest(10)
        close(held)


def leave_it_to_a_child() -> None:
    held = listener()
    for _ in range(random.randint(1, 3)):
        since = now()
        if not os.fork():
            got(held, since)
            rest()
            os._exit(0)
    rest(5)


def pass_it_on() -> None:
    ours, theirs = socket.socketpair()
    if not os.fork():
        ours.close()
        hop()
        since = now()
        _, [fd], _, _ = socket.recv_fds(theirs, 1, 1)
        held = socket.socket(fileno=fd)
        got(held, since)
        rest()
        os._exit(0)
    theirs.close()
    held = listener()
    rest(5)
    socket.send_fds(ours, [b"f"], [held.fileno()])
    if random.random() < 0.5:
        close(held)
        rest(5)


def become_another_program() -> None:
    held = listener()
    held.set_inheritable(True)
    os.execv("/bin/sleep", ["sleep", f"{random.random() * 0.03:.3f}"])


LIVES: tuple[Callable[[], None], ...] = (hold, hold, hold_long, reuse_the_descriptor, leave_it_to_a_child,
                                         pass_it_on, become_another_program)


# ---- The first process -------------------------------------------------------------------------

def start() -> None:
    if os.fork():
        return
    random.seed()
    hop()
    random.choice(LIVES)()
    os._exit(0)


def next_pid_is(pid: int) -> None:
    try:
        LAST_PID.write_text(str(pid - 1))
    except OSError:
        pass  # a kernel without checkpoint and restore: pids come again only after all others


def bury() -> int:
    """Those that ended, our own and the orphans. How many."""
    count = 0
    while True:
        try:
            dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return count
        if not dead:
            return count
        say("ended", dead.si_pid, now())
        os.waitpid(dead.si_pid, 0)
        count += 1
        if random.random() < 0.5:
            next_pid_is(dead.si_pid)
            start()


def alive() -> int:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii")
    return len(children.split())


def main() -> None:
    subprocess.run("ip link set lo up".split(), check=True)
    if folder:
        for number in range(CGROUPS):
            (folder / f"c{number}").mkdir()
        (folder / "c0" / "cgroup.procs").write_text("0")  # the root cgroup tells nobody where to look
    for _ in range(ACTORS):
        start()
    print(json.dumps({"pid": os.getpid(), "first": PORTS[0], "last": PORTS[-1]}), flush=True)
    while not select.select([sys.stdin], [], [], 0.001)[0]:
        bury()
        while alive() < ACTORS:
            start()


if __name__ == "__main__":
    main()
