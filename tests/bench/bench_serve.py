# SPDX-License-Identifier: MIT
"""The server of pages beside nginx with the same pages as files, both asked by wrk, in turns."""

import contextlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench_table import BERTH, Target, significant, table

FIRST_PORT, PORTS = 60000, 1000
HELD = 50  # listeners, from FIRST_PORT + PORTS on
NGINX_PORT = 7080
ROUNDS, SECONDS = 5, 2
PAGES = {"one": "one page", "held": "the page of a port that is in use", "many": "1,000 pages in turn",
         "all": "all 65,536 pages in turn"}

LUA = """local n = 0
local ask = wrk.headers
request = function()
   n = (n + 7919) %% %d
   return wrk.format("GET", "/" .. (%d + n), ask)
end
"""

NGINX = """daemon off; user root; worker_processes auto; pid %(folder)s/nginx.pid; error_log /dev/null;
events { worker_connections 512; }
http {
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; default_type text/html;
    open_file_cache max=2000 inactive=60s;
    server { listen 127.0.0.1:%(port)d; root %(folder)s/pages; }
}
"""


def lack() -> str | None:
    missing = [name for name in ("nginx", "wrk") if not shutil.which(name)]
    return f"needs {' and '.join(missing)}" if missing else None


@contextlib.contextmanager
def running(words: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(words, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """berth serve: where it is, and its token."""
    words = [BERTH, "serve", "-q", "--listen", "127.0.0.1:0", "--token", str(folder / "token")]
    with running(words, stdout=subprocess.PIPE) as process:
        assert process.stdout
        address, _, token = process.stdout.readline().strip().partition("/?token=")
        yield address, token


def fetch(address: str, token: str) -> bytes:
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        content: bytes = answer.read()
    return content


def wait_for(address: str) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), urllib.request.urlopen(address):
            return
        time.sleep(0.05)
    sys.exit(f"bench: nothing answers at {address}")


def load(address: str, token: str, script: Path | None) -> float:
    """Pages a second."""
    words = ["wrk", "-t1", "-c16", f"-d{SECONDS}s", "-H", f"Authorization: Bearer {token}"]
    said = subprocess.run([*words, *(["-s", str(script)] if script else []), address], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    found = re.search(r"^Requests/sec:\s*([\d.]+)", said, re.M)
    if not found or "Non-2xx" in said or "Socket errors" in said:
        sys.exit(f"bench: wrk says\n{said}")
    return float(found[1])


def rows(berth: str, nginx: str, folder: Path) -> dict[str, tuple[str, Path | None]]:
    """Name of the row, who serves it, what is asked for."""
    (folder / "many.lua").write_text(LUA % (PORTS, FIRST_PORT), encoding="ascii")
    (folder / "all.lua").write_text(LUA % (65536, 0), encoding="ascii")
    return {"berth one": (f"{berth}/{FIRST_PORT}", None), "nginx one": (f"{nginx}/{FIRST_PORT}", None),
            "berth held": (f"{berth}/{FIRST_PORT + PORTS}", None),
            "berth many": (berth, folder / "many.lua"), "nginx many": (nginx, folder / "many.lua"),
            "berth all": (berth, folder / "all.lua")}


def measure(folder: Path) -> dict[str, Any]:
    with serving(folder) as (berth, token):
        (folder / "pages").mkdir()
        for port in range(FIRST_PORT, FIRST_PORT + PORTS):
            (folder / "pages" / str(port)).write_bytes(fetch(f"{berth}/{port}", token))
        size = len(fetch(f"{berth}/{FIRST_PORT}", token))
        settings = folder / "nginx.conf"
        settings.write_text(NGINX % {"folder": folder, "port": NGINX_PORT}, encoding="ascii")
        nginx = f"http://127.0.0.1:{NGINX_PORT}"
        with running(["nginx", "-p", str(folder), "-c", str(settings)], stderr=subprocess.DEVNULL):
            wait_for(f"{nginx}/{FIRST_PORT}")
            asked = rows(berth, nginx, folder)
            speeds: dict[str, list[float]] = {name: [] for name in asked}
            for _ in range(ROUNDS):
                for name, (address, script) in asked.items():
                    speeds[name].append(load(address, token, script))
    return {"size": size, "speeds": {name: statistics.median(each) for name, each in speeds.items()}}


def inside() -> dict[str, Any]:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    held = [socket.create_server(("127.0.0.1", FIRST_PORT + PORTS + i)) for i in range(HELD)]
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as name:
        said = measure(Path(name))
    for each in held:
        each.close()
    return said


class Serve:
    """What was measured, and what is said of it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.size: int = said["size"]
        self.speeds: dict[str, float] = said["speeds"]

    def ratio(self, name: str) -> float:
        return self.speeds[f"berth {name}"] / self.speeds[f"nginx {name}"]

    def report(self) -> Iterator[str]:
        yield (f"`berth serve`, pages of {self.size:,} bytes, live: asked by `wrk` over 16 connections, beside nginx with "
               f"the same pages as files. Medians of {ROUNDS} runs of {SECONDS} s.")
        yield ""
        yield from table(["pages a second", "`berth serve`", "nginx", "×"], [
            [title, f"{self.speeds[f'berth {name}']:,.0f}",
             *((f"{self.speeds[f'nginx {name}']:,.0f}", significant(self.ratio(name)))
               if f"nginx {name}" in self.speeds else ("", ""))] for name, title in PAGES.items()])

    def targets(self) -> list[Target]:
        return [Target(f"berth serve beside nginx, {PAGES[name]}", self.ratio(name), 0.333, " ×", at_least=True)
                for name in ("one", "many")]
