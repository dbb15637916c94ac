# SPDX-License-Identifier: MIT
"""Pids change hands while berth kill works, in a PID namespace with few of them (see worlds.py).

Arguments: berth, how many tries, a seed. In each try somebody listens, berth is told to end him, and at a
moment that is chosen by chance, or inside one of berth's own system calls, which strace makes last longer, he
ends by himself and an innocent process gets his pid. Prints one line of JSON with what became of the
innocents.
"""

import contextlib
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BERTH, TRIES, SEED = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
# The small program looks twice, once dry; what is to be stretched is in the act.
WHEN = 2 if Path(BERTH).with_name("berth-whole").exists() else 1
STRETCH_US = 120000
PLACES = (None, None, None, "pidfd_open:delay_enter", "pidfd_open:delay_exit", "pidfd_send_signal:delay_enter")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
chance = random.Random(SEED)


def few_pids() -> bool:
    """Of this PID namespace alone, since Linux 6.14; before, the whole machine would have few."""
    version = tuple(map(int, re.findall(r"\d+", os.uname().release)[:2]))
    if version < (6, 14):
        return False
    Path("/proc/sys/kernel/pid_max").write_text("450", encoding="utf-8")
    return True


def server(port: int) -> int:
    """A process of its own that listens, once this returns."""
    ready, go = os.pipe()
    pid = os.fork()
    if not pid:
        with socket.socket() as made:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(("127.0.0.1", port))
            made.listen()
            os.write(go, b"x")
            while True:
                signal.pause()
    os.close(go)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    return pid


def next_is(pid: int) -> None:
    Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1), encoding="utf-8")


def stretched(place: str) -> list[str]:
    call = place.split(":")[0]
    return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
            "-e", f"inject={place}={STRETCH_US}:when={WHEN}"]


def one_try(number: int) -> dict[str, object]:
    port = 20000 + number % 2000
    place = chance.choice(PLACES)
    victim = server(port)
    command = [*(stretched(place) if place else []), BERTH, "kill", "--json", "--grace", "200ms", str(port)]
    start = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as berth:
        time.sleep(chance.uniform(0.03, 0.1) if place else chance.uniform(0, 0.004))
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
        _, status = os.waitpid(victim, 0)
        next_is(victim)
        innocent = server(port + 2000)
        took = time.monotonic() - start
        working = berth.poll() is None
        out, _ = berth.communicate(timeout=20)
    hit, ended = os.waitpid(innocent, os.WNOHANG)
    if not hit:
        os.kill(innocent, signal.SIGKILL)
        os.waitpid(innocent, 0)
    said = json.loads(out)
    return {"place": place, "reused": innocent == victim, "working": working, "took": took,
            "by_berth": os.WTERMSIG(status) == signal.SIGTERM, "hit": bool(hit), "hit_by": ended,
            "outcomes": [step["outcome"] for step in said["steps"]]}


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    few = few_pids()
    print(json.dumps({"few": few, "tries": [one_try(number) for number in range(TRIES)]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
