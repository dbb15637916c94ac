# SPDX-License-Identifier: MIT
"""Starts real servers in the namespaces of worlds.py, each on a port that the kernel chose.

Prints one line of JSON with what runs where, and holds it until standard input ends. The argument is a
folder for their data, which everybody may enter.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
QUIET = {each: subprocess.DEVNULL for each in ("stdin", "stdout", "stderr")}


def free_port() -> int:
    """A port nobody holds: this network namespace is ours alone, so it stays free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on {port}")


def start(command: list[str], port: int, user: str | None = None) -> None:
    subprocess.Popen(command, cwd=FOLDER, user=user, group=user and {"nobody": "nogroup"}.get(user, user),
                     extra_groups=[] if user else None, **QUIET)  # type: ignore[call-overload]
    wait_for(port)


def python() -> dict[str, Any]:
    port = free_port()
    start([sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(port)], port, "nobody")
    return {"port": port, "comm": "python3", "user": "nobody"}


def nginx() -> dict[str, Any]:
    if not shutil.which("nginx"):
        return {"missing": "nginx"}
    port = free_port()
    config = FOLDER / "nginx.conf"
    config.write_text(f"""
        daemon off; pid {FOLDER}/nginx.pid; error_log {FOLDER}/nginx.log; user www-data;
        worker_processes 2; events {{ }}
        http {{ access_log off; server {{ listen 127.0.0.1:{port}; }} }}
    """, encoding="utf-8")
    start(["nginx", "-e", f"{FOLDER}/nginx.log", "-c", str(config)], port)
    return {"port": port, "comm": "nginx", "user": "www-data"}


def redis() -> dict[str, Any]:
    if not shutil.which("redis-server"):
        return {"missing": "redis-server"}
    port = free_port()
    start(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(FOLDER)],
          port, "redis")
    return {"port": port, "comm": "redis-server", "user": "redis"}


def postgresql() -> dict[str, Any]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not folders:
        return {"missing": "PostgreSQL"}
    port, data = free_port(), FOLDER / "postgresql"
    data.mkdir(mode=0o700)
    shutil.chown(data, "postgres", "postgres")
    subprocess.run([folders[-1] / "initdb", "-A", "trust", "-D", data], user="postgres", group="postgres",
                   extra_groups=[], cwd=data, check=True, stdout=subprocess.DEVNULL)
    start([str(folders[-1] / "postgres"), "-D", str(data), "-p", str(port), "-k", str(data),
           "-c", "listen_addresses=127.0.0.1"], port, "postgres")
    return {"port": port, "comm": "postgres", "user": "postgres"}


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    print(json.dumps({"http.server": python(), "nginx": nginx(), "redis": redis(),
                      "postgresql": postgresql()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
