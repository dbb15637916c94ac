# SPDX-License-Identifier: MIT
"""To what the owners of sockets belong: a booted systemd, and containers, made by the tests themselves."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BUILD, ROOT, YES, run_berth
from worlds import HERE, REASON, World, needs_namespaces, world

pytestmark = needs_namespaces

# A root file system takes half a minute to make, so it is kept; its name says what is in it.
PACKAGES = "systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,python3-minimal,libmnl0,libsmartcols1"
MACHINE_ROOT = ROOT / "build" / "roots" / "machine-1"

SERVER = """
import socket, sys, time
made = socket.create_server(("0.0.0.0", int(sys.argv[1])))
time.sleep(3600)
"""
SERVICE = "[Service]\nExecStart=/usr/bin/python3 /server.py {port}\n"
IDLE = "[Service]\nExecStart=/usr/bin/sleep 3600\n"
INETD = "[Service]\nExecStart=/usr/bin/cat\nStandardInput=socket\n"
UNITS = {
    "/server.py": SERVER,
    "/etc/systemd/system/web.service": SERVICE.format(port=4000),
    "/etc/systemd/system/idle.socket": "[Socket]\nListenStream=4001\n",
    "/etc/systemd/system/idle.service": IDLE,
    "/etc/systemd/system/other.socket":
        "[Socket]\nListenDatagram=127.0.0.1:4002\nService=another.service\n",
    "/etc/systemd/system/another.service": IDLE,
    "/etc/systemd/system/each.socket": "[Socket]\nListenStream=4003\nAccept=yes\n",
    "/etc/systemd/system/each@.service": INETD,
    "/etc/systemd/system/drop-in.socket": "[Socket]\nListenStream=4004\n",
    "/etc/systemd/system/drop-in.service": IDLE,
    "/etc/systemd/system/drop-.socket.d/50-port.conf":
        "[Socket]\nListenStream=\nListenStream=[::1]:4005\n",
    "/etc/systemd/system/many@.socket": "[Socket]\nListenStream=127.0.0.1:%i\n",
    "/etc/systemd/system/many@.service": IDLE,
    "/etc/systemd/system/busy.socket": "[Socket]\nListenStream=4009\n",
    "/etc/systemd/system/busy.service": IDLE,
    "/etc/systemd/system/ready.service":
        "[Unit]\nAfter=web.service user@1000.service\nWants=user@1000.service\n"
        "[Service]\nType=oneshot\nExecStart=/usr/bin/touch /run/berth-ready\n",
    "/home/alice/.config/systemd/user/mine.service": SERVICE.format(port=4006),
    "/home/alice/.config/systemd/user/mine-idle.socket": "[Socket]\nListenStream=4007\n",
    "/home/alice/.config/systemd/user/mine-idle.service": IDLE,
}
WANTED = {
    "/etc/systemd/system/multi-user.target.wants":
        ("web.service", "idle.socket", "other.socket", "each.socket", "drop-in.socket", "busy.socket",
         "ready.service"),
    "/home/alice/.config/systemd/user/default.target.wants": ("mine.service", "mine-idle.socket"),
}


def why_no_machine() -> str | None:
    for tool in ("mmdebstrap", "systemd-nspawn"):
        if not shutil.which(tool):
            return f"needs {tool}"
    return None


def make_machine_root() -> None:
    """Made beside its place and then moved, so that half of one is never used."""
    made = MACHINE_ROOT.with_name(f"{MACHINE_ROOT.name}.{os.getpid()}")
    made.parent.mkdir(parents=True, exist_ok=True)
    customs = (
        "useradd --root=$1 --uid=1000 --create-home --shell=/bin/sh alice",
        "mkdir -p $1/var/lib/systemd/linger && touch $1/var/lib/systemd/linger/alice",
        "systemctl --root=$1 mask getty.target console-getty.service systemd-networkd.service",
    )
    done = subprocess.run(
        ["mmdebstrap", "--variant=minbase", "--quiet", f"--include={PACKAGES}",
         *(f"--customize-hook={each}" for each in customs), "bookworm", str(made)],
        capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(made, ignore_errors=True)
        pytest.skip(f"mmdebstrap failed: {done.stderr.strip()[-300:]}")
    made.rename(MACHINE_ROOT)
