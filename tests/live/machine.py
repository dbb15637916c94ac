# SPDX-License-Identifier: MIT
"""Boots a real systemd with systemd-nspawn, in namespaces and cgroups of its own (see worlds.py).

Arguments: a name for the cgroup, a root file system, a folder for what changes, a folder that is copied over
the root, the folder of berth's build, and more options for systemd-nspawn. Cgroup version 2 is mounted alone, as on
modern hosts, with the machine where systemd-machined would have put it. Prints one line of JSON with the
pid of the machine's first process, and holds it until standard input ends.
"""

import contextlib
import ctypes
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

NAME = sys.argv[1]
LOWER, FOLDER, UNITS, BUILD = map(Path, sys.argv[2:6])
CLONE_NEWCGROUP = 0x02000000
UNIFIED, SYSTEMD = Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd")
LIBC = ctypes.CDLL(None, use_errno=True)
QUIET = {each: subprocess.DEVNULL for each in ("stdin", "stdout", "stderr")}


def run(*command: str | Path) -> None:
    subprocess.run(command, check=True)


def join(cgroup: Path) -> None:
    cgroup.mkdir(parents=True, exist_ok=True)
    (cgroup / "cgroup.procs").write_text("0", encoding="utf-8")


def make_cgroups(name: str) -> None:
    """Ours is the root of all that we see from here on."""
    for mount in (UNIFIED, SYSTEMD):
        if mount.is_dir():
            join(mount / name)
    if not UNIFIED.is_dir():
        join(Path("/sys/fs/cgroup") / name)
    if LIBC.unshare(CLONE_NEWCGROUP):
        raise OSError(ctypes.get_errno(), "unshare")
    run("mount", "-t", "tmpfs", "none", "/sys/fs/cgroup")
    run("umount", "/sys/fs/cgroup")
    run("mount", "-t", "cgroup2", "none", "/sys/fs/cgroup")
    join(Path("/sys/fs/cgroup/machine.slice/machine-berth\\x2dtest.scope"))


def make_root() -> Path:
    run("mount", "-t", "tmpfs", "none", FOLDER)
    for name in ("upper", "work", "root"):
        (FOLDER / name).mkdir()
    run("mount", "-t", "overlay", "none", "-o",
        f"lowerdir={LOWER},upperdir={FOLDER}/upper,workdir={FOLDER}/work", FOLDER / "root")
    shutil.copytree(UNITS, FOLDER / "root", symlinks=True, dirs_exist_ok=True)
    return FOLDER / "root"


def first_process(nspawn: int) -> int:
    """The child of systemd-nspawn, once the manager runs all that it was told to start."""
    for _ in range(300):
        with contextlib.suppress(FileNotFoundError, IndexError, ValueError):
            children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text(encoding="utf-8")
            pid = int(children.split()[0])
            if Path("/proc", str(pid), "root", "run", "berth-ready").exists():
                return pid
        time.sleep(0.05)
    raise TimeoutError("the machine does not start")


def libraries() -> list[str]:
    """What the whole program needs and a small Debian has not: SQLite, whose archive is not for shared libraries."""
    whole = Path(BUILD, "src", "cli", "berth-whole")
    program = whole if whole.exists() else whole.with_name("berth")
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    return [f"--bind-ro={line.split()[2]}" for line in said.splitlines() if "libsqlite3" in line and "/" in line]


def main() -> None:
    run("mount", "--make-rprivate", "/")
    make_cgroups(NAME)
    root = make_root()
    environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
    with subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--private-network", "--register=no", "--keep-unit",
             "--machine=berth-test", f"--directory={root}", f"--bind-ro={BUILD}", *libraries(), "--console=pipe",
             *sys.argv[6:]], env=environment, **QUIET) as nspawn:  # type: ignore[call-overload]
        print(json.dumps({"machine": first_process(nspawn.pid)}), flush=True)
        sys.stdin.read()
        nspawn.kill()  # nothing of it is worth an orderly end


if __name__ == "__main__":
    main()
