# SPDX-License-Identifier: MIT
"""Starts real containers in the namespaces of worlds.py, each with a program that has one port.

Arguments: a name for cgroups, a folder for all data, the statically linked program. What engines keep in
/run and /var/lib is hidden by file systems of our own. Prints one line of JSON with the ports, or why an
engine is missing, and holds them until standard input ends.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAME, FOLDER, PROGRAM = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
QUIET = {each: subprocess.DEVNULL for each in ("stdin", "stdout", "stderr")}
PODMAN = ["podman", "--runtime=runc", "--cgroup-manager=cgroupfs", "--storage-driver=overlay"]
# Limits that a machine in a machine may not raise.
LIMITS = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]


def run(*command: str | Path, **options: Any) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()[-300:]}")


def start(*command: str | Path) -> None:
    """Something that goes on in the background must not hold our pipes."""
    code = subprocess.run(command, check=False, **QUIET).returncode  # type: ignore[call-overload]
    if code:
        raise RuntimeError(f"{command[0]} ended with {code}")


def make_root() -> Path:
    root = FOLDER / "root"
    for name in ("dev", "proc", "sys"):
        (root / name).mkdir(parents=True)
    shutil.copy(PROGRAM, root / "hold_port")
    return root


def podman(root: Path) -> dict[str, Any]:
    archive = FOLDER / "root.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    run(*PODMAN, "import", archive, "localhost/berth-test:1")
    common = ["run", "-d", f"--cgroup-parent=/{NAME}", *LIMITS]
    start(*PODMAN, *common, "--name=published", "-p", "8080:80", "localhost/berth-test:1", "/hold_port", "80")
    start(*PODMAN, *common, "--name=on-host", "--network=host", "localhost/berth-test:1", "/hold_port", "8081")
    (FOLDER / "late").mkdir()
    start(*PODMAN, *common, "--name=late", "-p", "8085:80", "-v", f"{FOLDER}/late:/late", "localhost/berth-test:1",
          "/hold_port", "80", "/late/go")
    ids = {}
    for name in ("published", "on-host", "late"):
        done = subprocess.run([*PODMAN, "inspect", "--format={{.Id}}", name], capture_output=True, text=True,
                              check=True)
        ids[name] = done.stdout.strip()
    return {"published": 8080, "on-host": 8081, "late": 8085, "go": f"{FOLDER}/late/go", "ids": ids}


def runc(root: Path) -> dict[str, Any]:
    bundle = FOLDER / "bundle"
    bundle.mkdir()
    run("runc", "spec", cwd=bundle)
    config = json.loads((bundle / "config.json").read_text(encoding="utf-8"))
    config["process"].update(args=["/hold_port", "8082"], terminal=False)
    config["process"].pop("rlimits")
    config["root"]["path"] = str(root)
    config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"] if each["type"] != "network"]
    (bundle / "config.json").write_text(json.dumps(config), encoding="utf-8")
    start("runc", "run", "-d", "-b", bundle, f"{NAME}-runc")
    return {"port": 8082, "id": f"{NAME}-runc"}


def lxc(root: Path) -> dict[str, Any]:
    config = FOLDER / "lxc.conf"
    (FOLDER / "lxc").mkdir()
    config.write_text(f"""
        lxc.rootfs.path = dir:{root}
        lxc.net.0.type = none
        lxc.init.cmd = /hold_port 8083
        lxc.apparmor.profile = unconfined
        lxc.autodev = 0
    """.replace("        ", ""), encoding="utf-8")
    start("lxc-start", "-n", f"{NAME}-lxc", "-P", FOLDER / "lxc", "-f", config, "-d")
    return {"port": 8083, "id": f"{NAME}-lxc"}


def end() -> None:
    """Tidily, so that each engine removes its own cgroups; nothing of the rest stays anyhow."""
    with contextlib.suppress(OSError):
        subprocess.run([*PODMAN, "rm", "-f", "-a", "-t0"], check=False, **QUIET)  # type: ignore[call-overload]
    with contextlib.suppress(OSError):
        subprocess.run(["runc", "delete", "-f", f"{NAME}-runc"], check=False,
                       **QUIET)  # type: ignore[call-overload]
    with contextlib.suppress(OSError):
        subprocess.run(["lxc-stop", "-k", "-n", f"{NAME}-lxc", "-P", FOLDER / "lxc"], check=False,
                       **QUIET)  # type: ignore[call-overload]


def main() -> None:
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    for folder in ("/run", "/var/lib/containers", FOLDER):
        Path(folder).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", "tmpfs", "none", folder], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    root = make_root()
    said = {}
    for make, tool in ((podman, "podman"), (runc, "runc"), (lxc, "lxc-start")):
        if not shutil.which(tool):
            said[make.__name__] = {"missing": f"{tool} is not installed"}
            continue
        try:
            said[make.__name__] = make(root)
        except RuntimeError as error:
            said[make.__name__] = {"missing": str(error)}
    time.sleep(0.3)  # until the programs listen
    print(json.dumps(said), flush=True)
    sys.stdin.read()
    end()


if __name__ == "__main__":
    main()
