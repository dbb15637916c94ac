# SPDX-License-Identifier: MIT
"""Runs a command in the namespaces of worlds.py, says so once it listens, and ends with standard input."""

import subprocess
import sys
import time
from pathlib import Path

QUIET = {each: subprocess.DEVNULL for each in ("stdin", "stdout", "stderr")}


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with subprocess.Popen(sys.argv[1:], **QUIET) as started:  # type: ignore[call-overload]
        for _ in range(200):
            if ": 0" in Path("/proc/net/tcp6").read_text(encoding="utf-8"):
                break
            time.sleep(0.02)
        print("{}", flush=True)
        sys.stdin.read()
        started.kill()


if __name__ == "__main__":
    main()
