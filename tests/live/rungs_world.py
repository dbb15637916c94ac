# SPDX-License-Identifier: MIT
"""A world of sockets whose holders are hard to find, for each rung to find the same ones.

Started in namespaces of its own (see worlds.py) with a folder for cgroups, or an empty argument where
there are none. Prints one line of JSON: for each case its port and who holds it, as [pid, descriptor],
the lowest one of each process, and whether the holder can be found through the cgroup in which the
socket was made (null: depends on how large that is). Then waits until standard input ends.
"""

import ctypes
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLONE_FILES = 0x400
SYS_EXIT = 60 if os.uname().machine == "x86_64" else 93
LOTS = 3000  # more records than a 32 KiB buffer of an iterator takes
libc = ctypes.CDLL(None, use_errno=True)

folder = Path(sys.argv[1]) if sys.argv[1] else None
ports = iter(range(21000, 22000))
cases: dict[str, dict[str, Any]] = {}
Work = Callable[[socket.socket], Any]


def cgroup(name: str) -> Path | None:
    if not folder:
        return None
    path = folder / name
    path.mkdir(exist_ok=True)
    return path


def enter(path: Path | None, pid: int = 0, file: str = "cgroup.procs") -> None:
    if path:
        (path / file).write_text(str(pid))


def wait_for_the_end() -> None:
    while True:
        signal.pause()


def process(where: str | None, work: Work) -> tuple[int, socket.socket, Any]:
    """Forks one that does the work in a cgroup and stays; its pid, a way to talk, what it returned."""
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        ours.close()
        if where:
            enter(cgroup(where))
        theirs.send(json.dumps(work(theirs)).encode())
        wait_for_the_end()
    theirs.close()
    said = ours.recv(65536)
    assert said, f"{where}: it died"
    return pid, ours, json.loads(said)


def listener(port: int, fd: int = -1) -> socket.socket:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(8)
    if fd >= 0:
        os.dup2(made.fileno(), fd)
        made.close()
        made = socket.socket(fileno=fd)
    kept.append(made)
    return made


kept: list[Any] = []


def case(name: str, port: int, holders: list[list[int]], by_cgroup: bool | None, **more: Any) -> None:
    cases[name] = {"port": port, "holders": sorted(holders), "by_cgroup": by_cgroup, **more}


# ---- Cases -------------------------------------------------------------------------------------

def alone() -> None:
    for name, where in (("alone in its cgroup", "alone"), ("in the cgroup of the world", None)):
        port = next(ports)
        pid, _, fd = process(where, lambda _, port=port: listener(port).fileno())  # type: ignore[misc]
        case(name, port, [[pid, fd]], True if where else None)


def forked_workers() -> None:
    port = next(ports)

    def work(_: socket.socket) -> Any:
        fd = listener(port).fileno()
        workers = [process(None, lambda _: None)[0] for _ in range(3)]
        return [[os.getpid(), fd], *([pid, fd] for pid in workers)]

    case("forked workers", port, process("workers", work)[2], True)


def receive(channel: socket.socket) -> int:
    """Takes a descriptor of somebody: after the first word, so that the world can pass it on."""
    _, [fd], _, _ = socket.recv_fds(channel, 1, 1)
    return fd


def passed_on() -> None:
    """SCM_RIGHTS, from a process in one cgroup to a process in another; the first keeps it or not."""
    for name, keeps in (("passed on", False), ("passed on and kept", True)):
        port = next(ports)

        def make(channel: socket.socket, port: int = port, keeps: bool = keeps) -> int:
            made = listener(port)
            fd = made.fileno()
            socket.send_fds(channel, [b"f"], [fd])
            channel.recv(1)
            if not keeps:
                made.close()
            return fd

        ours, theirs = socket.socketpair()  # the maker's way to talk must take the descriptor first
        maker = os.fork()
        if not maker:
            ours.close()
            enter(cgroup(f"makes {keeps}"))
            theirs.send(json.dumps(make(theirs)).encode())
            wait_for_the_end()
        theirs.close()
        flying = receive(ours)
        taker_ours, taker_theirs = socket.socketpair()
        taker = os.fork()
        if not taker:
            enter(cgroup(f"takes {keeps}"))
            os.close(flying)
            ours.close()
            taker_theirs.send(b"r")
            fd = receive(taker_theirs)
            taker_theirs.send(json.dumps(fd).encode())
            wait_for_the_end()
        taker_ours.recv(1)
        socket.send_fds(taker_ours, [b"f"], [flying])
        taken = json.loads(taker_ours.recv(100))
        os.close(flying)
        ours.send(b"g")
        made = json.loads(ours.recv(100))
        kept.extend((ours, taker_ours))
        case(name, port, [[taker, taken]] + ([[maker, made]] if keeps else []), keeps,
             elsewhere=[taker] if keeps else [])


def threads() -> None:
    port = next(ports)

    def work(_: socket.socket) -> int:
        made: list[int] = []
        for number in range(3):
            threading.Thread(daemon=True, target=lambda n=number: (  # type: ignore[misc]
                made.append(listener(port).fileno()) if n == 1 else None, time.sleep(1e6))).start()
        while not made:
            time.sleep(0.01)
        return made[0]

    pid, _, fd = process("threads", work)
    case("opened by a thread", port, [[pid, fd]], True)


def unshared_table() -> None:
    """A thread with descriptors of its own (unshare(2), CLONE_FILES): /proc/PID/fd does not show them."""
    port = next(ports)

    def work(_: socket.socket) -> int:
        made: list[int] = []

        def thread() -> None:
            assert libc.unshare(CLONE_FILES) == 0
            made.append(listener(port, 40).fileno())
            time.sleep(1e6)

        threading.Thread(daemon=True, target=thread).start()
        while not made:
            time.sleep(0.01)
        return made[0]

    pid, _, fd = process("unshared", work)
    case("in a descriptor table of a thread", port, [[pid, fd]], True, own_table=True)


def leader_ended() -> None:
    """The first thread ended, others live: its /proc/PID/fd is empty."""
    port = next(ports)
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if not pid:
        enter(cgroup("leaderless"))
        fd = listener(port).fileno()

        def last() -> None:
            time.sleep(0.1)
            theirs.send(json.dumps(fd).encode())
            time.sleep(1e6)

        threading.Thread(daemon=True, target=last).start()
        libc.syscall(SYS_EXIT, 0)
    fd = json.loads(ours.recv(100))
    kept.append(ours)
    case("of a process whose first thread ended", port, [[pid, fd]], True, own_table=True)


def duplicates() -> None:
    port = next(ports)

    def work(_: socket.socket) -> int:
        made = listener(port, 50)
        for fd in (30, 20, 70):
            os.dup2(made.fileno(), fd)
        return 20

    pid, _, fd = process("duplicates", work)
    case("duplicated", port, [[pid, fd]], True)


def many_descriptors() -> None:
    port = next(ports)

    def work(_: socket.socket) -> int:
        resource.setrlimit(resource.RLIMIT_NOFILE, (LOTS + 200, LOTS + 200))
        kept.extend(socket.socket() for _ in range(LOTS))
        return listener(port).fileno()

    pid, _, fd = process("many", work)
    case("behind 3,000 other sockets", port, [[pid, fd]], True)


def moved() -> None:
    """The cgroup of a socket is that of its maker at that time; then the process goes elsewhere."""
    for name, removed in (("moved to another cgroup", False), ("made in a cgroup that is gone", True)):
        port = next(ports)
        before = f"before {removed}"
        pid, _, fd = process(before, lambda _, port=port: listener(port).fileno())  # type: ignore[misc]
        enter(cgroup("after"), pid)
        if removed and folder:
            (folder / before).rmdir()
        case(name, port, [[pid, fd]], False)


def threaded() -> None:
    """A thread in a threaded cgroup, whose cgroup.procs cannot be read (cgroup-v2.rst, "Threads")."""
    top = cgroup("threaded")
    below = cgroup("threaded/below")
    if not top or not below:
        return
    enter(below, "threaded", "cgroup.type")  # type: ignore[arg-type]
    port = next(ports)

    def work(_: socket.socket) -> int:
        made: list[int] = []

        def thread() -> None:
            enter(below, threading.get_native_id(), "cgroup.threads")
            made.append(listener(port).fileno())
            time.sleep(1e6)

        threading.Thread(daemon=True, target=thread).start()
        while not made:
            time.sleep(0.01)
        return made[0]

    pid, _, fd = process("threaded", work)
    case("made by a thread in a threaded cgroup", port, [[pid, fd]], True)


def inherited() -> None:
    """Its maker has ended; the child that is left was adopted."""
    port = next(ports)
    ours, theirs = socket.socketpair()
    maker = os.fork()
    if not maker:
        enter(cgroup("inherited"))
        fd = listener(port).fileno()
        child = os.fork()
        if not child:
            wait_for_the_end()
        theirs.send(json.dumps([child, fd]).encode())
        os._exit(0)
    os.waitpid(maker, 0)
    case("inherited from a process that ended", port, [json.loads(ours.recv(100))], True)


def group() -> None:
    """SO_REUSEPORT: two sockets, each of one process."""
    port = next(ports)
    both = [process(f"member {i}", lambda _: listener(port).fileno()) for i in range(2)]
    cases["a group of two"] = {"port": port, "by_cgroup": True, "sockets": 2,
                               "holders": sorted([pid, fd] for pid, _, fd in both)}


def datagrams() -> None:
    port = next(ports)

    def work(_: socket.socket) -> int:
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        made.bind(("::1", port))
        kept.append(made)
        return made.fileno()

    pid, _, fd = process("datagrams", work)
    case("datagrams", port, [[pid, fd]], True)


def main() -> None:
    subprocess.run("ip link set lo up".split(), check=True)
    for make in (alone, forked_workers, passed_on, threads, unshared_table, leader_ended, duplicates,
                 many_descriptors, moved, threaded, inherited, group, datagrams):
        make()
    print(json.dumps({"pid": os.getpid(), "cases": cases, "cgroups": folder is not None}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
