# SPDX-License-Identifier: MIT
"""Running berthd in a world of a test, and reading what it wrote."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from support import BUILD, YES, Answer, environment, run_berth
from worlds import World

BERTHD = BUILD / "src" / "daemon" / "berthd"


class Berthd:
    """A berthd; `said` grows as it speaks."""

    def __init__(self, there: World, folder: Path, *arguments: str, before: tuple[str, ...] = (),
                 variables: dict[str, str] | None = None) -> None:
        self.there, self.folder, self.arguments = there, folder, arguments
        self.process = subprocess.Popen(
            [*there.enter, *before, str(BERTHD), "--foreground", "--state", str(folder), *arguments],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env=environment(folder, **(variables or {})))
        self.said: list[str] = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.said.append(line)

    def says(self, words: str, seconds: float = 15) -> str:
        """Waits until it has said that."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for line in list(self.said):
                if words in line:
                    return line
            time.sleep(0.005)
        raise AssertionError(f"did not say '{words}' but {self.said}")

    @property
    def pid(self) -> int:
        """Outside of its PID namespace; nsenter is its parent."""
        return child_of(self.process)

    def status(self) -> dict[str, str]:
        lines = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def cpu_s(self) -> float:
        return int(Path(f"/proc/{self.pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self) -> int:
        os.kill(self.pid, signal.SIGTERM)
        self.process.wait(timeout=10)
        self.reader.join(timeout=10)
        return self.process.returncode

    def ask(self, home: Path, *arguments: str) -> Answer:
        return run_berth(home, *arguments, "--history", str(self.folder), before=self.there.enter)

    def history(self, home: Path, *arguments: str) -> Any:
        answer = self.ask(home, "history", "--limit", "0", "--json", *arguments)
        assert answer.code in (YES, 1), answer.err
        return answer.json()


@contextlib.contextmanager
def berthd(there: World, folder: Path, *arguments: str, **options: Any) -> Iterator[Berthd]:
    made = Berthd(there, folder, *arguments, **options)
    try:
        made.says("watching")
        yield made
    finally:
        if made.process.poll() is None:
            with contextlib.suppress(ProcessLookupError, ValueError):
                made.kill()


def child_of(process: subprocess.Popen[str]) -> int:
    """What nsenter runs: a child of its own, since that is in another PID namespace."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii")
    [pid] = children.split()
    return int(pid)


class Script:
    """A Python script in the world, which says lines of JSON and goes on when it is told to."""

    def __init__(self, there: World, code: str) -> None:
        self.process = subprocess.Popen([*there.enter, sys.executable, "-c", code], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def hear(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, f"it said nothing and ended with {self.process.wait()}"
        return json.loads(line)

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=20)
        self.process.stdout.close()


@contextlib.contextmanager
def script(there: World, code: str) -> Iterator[Script]:
    made = Script(there, code)
    try:
        yield made
    finally:
        made.close()


def until(what: Callable[[], Any], seconds: float = 10) -> Any:
    """The first answer that is something; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
    return found
