# SPDX-License-Identifier: MIT
"""The worlds: namespaces of their own, a cgroup for each process, and an end that leaves nothing.

A world is a process of this script's in new network, PID and mount namespaces, started by enter();
when it ends, or when we do, the kernel ends everything in it. Only cgroups outlive their processes:
they are in one folder, locked by the run that made it, so that a later run knows what was left behind.
"""

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench_table import helper

FIRST_PORT = 20000  # below those that the kernel lends to clients
CGROUP_NAME = "berth-bench-"
PATIENCE_S = 30


@dataclass(frozen=True)
class Kind:
    """Processes, descriptors of each, connections of each; what it costs to have it and to measure in it."""
    processes: int
    descriptors: int
    connections: int = 0
    memory_mib: int = 256
    budget_ms: int = 1500  # for all runs of one command

    def __str__(self) -> str:
        return f"{self.processes:,} × {self.descriptors}"


KINDS = {
    "small": Kind(50, 20),
    "medium": Kind(1000, 100, memory_mib=1024, budget_ms=2000),
    "large": Kind(4000, 250, memory_mib=4096, budget_ms=6000),
    "sockets": Kind(50, 20, connections=100, memory_mib=512, budget_ms=1500),
    "connections": Kind(50, 20, connections=1000, memory_mib=2048, budget_ms=1500),
}


def too_little_memory(kind: Kind) -> str | None:
    """The sentence to say when there is less than the world and those who look at it take."""
    found = re.search(r"^MemAvailable:\s*(\d+) kB", Path("/proc/meminfo").read_text(encoding="ascii"), re.M)
    mib = int(found[1]) // 1024 if found else 0
    if mib >= kind.memory_mib:
        return None
    return f"needs {kind.memory_mib:,} MiB of memory, {mib:,} MiB are available"


# ---- Cgroups -----------------------------------------------------------------------------------

def cgroup_root() -> Path | None:
    """Our own cgroup in the cgroup2 tree: /proc/self/mountinfo says where that is mounted (proc(5))."""
    own = re.search(r"^0::(/.*)$", Path("/proc/self/cgroup").read_text(encoding="utf-8"), re.M)
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup2 ") and own:
            root = Path(fields.split()[4]) / own[1].lstrip("/")
            return root if os.access(root, os.W_OK) else None
    return None


def lock(folder: Path) -> int | None:
    """A descriptor that holds the folder for us as long as we live; None: somebody else's."""
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def remove(folder: Path) -> None:
    """Its cgroups and itself. Processes that were killed may still be on their way out."""
    end = time.monotonic() + PATIENCE_S
    for each in [Path(path) for path, _, _ in os.walk(folder, topdown=False)]:
        while True:
            try:
                each.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:  # EBUSY
                if time.monotonic() > end:
                    print(f"bench: {each} is still in use and stays", file=sys.stderr)
                    return
            time.sleep(0.05)


def remove_leftovers(root: Path) -> None:
    """What a run left that was killed: it has our name, nobody locks it, and rmdir takes nothing with
    processes in it."""
    for folder in root.glob(f"{CGROUP_NAME}*"):
        held = lock(folder)
        if held is not None:
            print(f"bench: removing {folder.name}, left by a run that was killed", file=sys.stderr)
            remove(folder)
            os.close(held)


@contextlib.contextmanager
def cgroups() -> Iterator[Path | None]:
    """A folder for cgroups, removed afterwards; None where none can be made."""
    root = cgroup_root()
    if not root:
        yield None
        return
    remove_leftovers(root)
    folder = root / f"{CGROUP_NAME}{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        yield None
        return
    held = lock(folder)
    try:
        yield folder
    finally:
        remove(folder)
        if held is not None:
            os.close(held)


# ---- Namespaces --------------------------------------------------------------------------------

def end_on_signals() -> None:
    """So that `finally` is reached."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda number, _: sys.exit(128 + number))


def enter(script: str, *arguments: str) -> str:
    """Runs a script of ours in namespaces of its own and returns what it printed.

    An ordinary user needs a user namespace for it. All in it ends when this process does, however.
    """
    as_root = [] if os.getuid() == 0 else ["--map-root-user"]
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", "unshare", *as_root, "--net", "--pid", "--mount", "--fork",
         "--kill-child", "--mount-proc", sys.executable, script, *arguments],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        said, _ = process.communicate()
    finally:
        process.kill()
        process.wait()
    if process.returncode:
        sys.exit(process.returncode)
    return said


def prepare() -> None:
    """In the new namespaces, before anything is measured."""
    os.environ.update(LC_ALL="C.UTF-8", HOME="/nonexistent")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


@contextlib.contextmanager
def crowd(kind: Kind, cgroup: str | None) -> Iterator[int]:
    """The processes of a world; the port of the one in the middle."""
    words = [helper("world"), str(kind.processes), str(kind.descriptors), str(kind.connections), str(FIRST_PORT)]
    process = subprocess.Popen([*words, *([cgroup] if cgroup else [])], text=True, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    try:
        ready, _, port = process.stdout.readline().partition(" ")
        if ready != "ready":
            sys.exit("bench: the world could not be made")
        yield int(port)
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
