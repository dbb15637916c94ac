# SPDX-License-Identifier: MIT
"""Namespaces for tests: a process in its own network, PID and mount namespace, and a way in.

Everything ends with the process, which ends with the test: nothing of it touches the host.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
# Ordinary users, without any capability, as whom berth must still show every socket.
AS_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all",
             "--bounding-set=-all", "--no-new-privs", "--")


def why_not() -> str | None:
    """Why this machine cannot make namespaces for us; None when it can."""
    if os.getuid() != 0:
        return "needs root to make network namespaces"
    for tool in ("unshare", "nsenter", "setpriv", "ip", "ss"):
        if not shutil.which(tool):
            return f"needs {tool}"
    done = subprocess.run(["unshare", "--net", "--pid", "--fork", "--mount-proc", "true"],
                          capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else f"cannot make namespaces: {done.stderr.strip()}"


REASON = why_not()
needs_namespaces = pytest.mark.skipif(REASON is not None, reason=str(REASON))


class World:
    """A script that runs in its own namespaces; `said` is the line of JSON that it printed."""

    def __init__(self, *command: str | Path) -> None:
        self.process = subprocess.Popen(
            ["unshare", "--net", "--pid", "--mount", "--uts", "--fork", "--kill-child", "--mount-proc",
             *map(str, command)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"{command} said nothing and ended with {self.process.wait()}"
        self.said: dict[str, Any] = json.loads(line)
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        self.pid = int(children.read_text(encoding="utf-8").split()[0])
        # --root: its root, which is not that of the mount namespace when we run in a chroot.
        self.enter = ("nsenter", f"--target={self.pid}", "--net", "--pid", "--mount", "--uts", "--root", "--")

    def run(self, *command: str, **options: Any) -> str:
        return subprocess.run([*self.enter, *command], capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, **options).stdout

    def close(self) -> None:
        """Ends the first process of the PID namespace, and with it all others."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        self.process.stdout.close()


@contextlib.contextmanager
def world(script: str, *arguments: str | Path) -> Iterator[World]:
    made = World(sys.executable, HERE / script, *arguments)
    try:
        yield made
    finally:
        made.close()


def ledger_world(*folders: str) -> Iterator[World]:
    """For fixtures: a quiet world with a ledger of its own and these folders, which anybody may write to."""
    if REASON:
        pytest.skip(REASON)
    with world("leases_world.py") as made:
        made.run("chmod", "755", "/run")
        if folders:
            made.run("mkdir", "-p", "-m", "777", *folders)
        yield made
