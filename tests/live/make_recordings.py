# SPDX-License-Identifier: MIT
"""Makes the recordings of tests/recordings anew: script/test --make-recordings; then --update-golden.

town: a small machine (town.py), as root sees it. guest: the same as an ordinary user sees it, scrubbed.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from support import BERTH, RECORDINGS, environment
from worlds import AS_NOBODY, HERE, REASON, World, world

FOLDER = Path("/tmp/town")  # it shows in command lines, which should be the same each time


def record(made: World, name: str, *options: str, before: tuple[str, ...] = ()) -> None:
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o777)
        new = Path(home) / name
        subprocess.run([*made.enter, *before, BERTH, "record", *options, new], check=True,
                       env=environment(Path(home)), stdin=subprocess.DEVNULL)
        forget_this_machine(new)
        shutil.rmtree(RECORDINGS / name, ignore_errors=True)
        shutil.copytree(new, RECORDINGS / name, symlinks=True)
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", RECORDINGS / name], check=True)


def forget_this_machine(folder: Path) -> None:
    """The town is our own; its kernel and its disks are those of whoever makes the recording."""
    release = folder / "proc" / "sys" / "kernel" / "osrelease"
    if release.exists():
        release.write_text("6.18.0\n", encoding="ascii")
    mounts = folder / "proc" / "self" / "mountinfo"
    if mounts.exists():
        lines = mounts.read_text(encoding="ascii").splitlines(keepends=True)
        mounts.write_text("".join(line for line in lines if line.split()[4] == "/proc"), encoding="ascii")


def main() -> None:
    if REASON:
        raise SystemExit(REASON)
    FOLDER.mkdir(mode=0o755)
    try:
        for script in ("town.py", "servers.py"):
            shutil.copy(HERE / script, FOLDER)
        with world(str(FOLDER / "town.py"), FOLDER) as made:
            record(made, "town")
            record(made, "guest", "--scrub", before=AS_NOBODY)
    finally:
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    main()
