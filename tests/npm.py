# SPDX-License-Identifier: MIT
"""What tests need of npm: installed from a package-lock.json into the build folder, once for each lock."""

import shutil
import subprocess
from pathlib import Path



def lack() -> str | None:
    """What keeps it from being installed; None when nothing does."""
    missing = [tool for tool in ("npm", "node") if not shutil.which(tool)]
    return f"there is no {missing[0]} here" if missing else None


def install(source: Path, folder: Path) -> Path:
    """The folder, which has node_modules then; nothing to do when the lock is that of last time."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (source / "package-lock.json").read_bytes()
    done = folder / "installed"
    if not done.exists() or done.read_bytes() != lock:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=folder, check=True,
                       stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        done.write_bytes(lock)
    return folder
