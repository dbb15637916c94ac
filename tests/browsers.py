# SPDX-License-Identifier: MIT
"""A browser for the tests of pages: Debian's Chromium, driven by Playwright (browser.mjs).

What it needs of npm is installed from tests/pages/package-lock.json into the build folder.
"""

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import npm
import pytest
from support import BUILD, ROOT

HERE = ROOT / "tests" / "pages"
MODULES = BUILD / "pages"
SHOTS = BUILD / "screenshots"
PHONE = {"viewport": {"width": 360, "height": 740}, "deviceScaleFactor": 2, "hasTouch": True, "isMobile": True}
DARK = {"colorScheme": "dark"}


def install() -> Path:
    """The folder that has node_modules."""
    if not shutil.which("chromium"):
        pytest.skip("there is no chromium here")
    if npm.lack():
        pytest.skip(str(npm.lack()))
    return npm.install(HERE, MODULES)


@dataclass(frozen=True)
class Visit:
    value: Any
    requests: list[str]


class Browser:
    """One Chromium, started by the first visit's test and used by all of a module."""

    def __init__(self, home: Path, before: tuple[str, ...] = ()) -> None:
        program = shutil.which("chromium")
        kept = {name: value for name, value in os.environ.items() if name == "PATH"}
        # Chromium's own files go to the test's folder too.
        environment = {**kept, "HOME": str(home), "TMPDIR": str(home), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        self.process = subprocess.Popen(
            [*before, "node", HERE / "browser.mjs", install(), str(program)], env=environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def visit(self, address: str, code: str = "", **options: Any) -> Visit:
        """Opens the page in a fresh profile and runs the JavaScript, which has page (of Playwright),
        judge(page), colours(page, port) and listen(port). No visit may make an error or ask another server."""
        assert self.process.stdin and self.process.stdout
        asked = {"address": address, "code": code, "options": options}
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer
        assert answer["faults"] == [], answer["faults"]
        mine = urlsplit(address)
        others = [url for url in answer["requests"] if urlsplit(url)[:2] != mine[:2]]
        assert others == [], others
        return Visit(answer["value"], answer["requests"])

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


@contextlib.contextmanager
def browsing(home: Path, before: tuple[str, ...] = ()) -> Iterator[Browser]:
    browser = Browser(home, before)
    try:
        yield browser
    finally:
        browser.close()


def shot(name: str, whole: bool = True) -> str:
    """JavaScript that leaves a picture in the output folder."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    return f"await page.screenshot({{path: {json.dumps(str(SHOTS / name))}, fullPage: {json.dumps(whole)}}});"
