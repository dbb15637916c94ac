# SPDX-License-Identifier: MIT
"""A mount namespace with a BPF file system of its own, so that nothing is pinned on the machine."""

import os
import subprocess
from collections.abc import Iterator

import pytest
from support import BERTH, environment

PIN = "/sys/fs/bpf/berth"


class Mounts:
    """A shell in the namespace that runs a line at a time."""

    def __init__(self, fresh: str) -> None:
        self.fresh = fresh

    def __call__(self, script: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(["unshare", "-m", "sh", "-c", f"{self.fresh}\n{script}"], check=False,
                              capture_output=True, text=True, env=environment(os.devnull))
        return done


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    fresh = "mount -t bpf bpf /sys/fs/bpf || exit 99"
    if os.getuid() or Mounts(fresh)("true").returncode == 99:
        pytest.skip("needs root and a BPF file system")
    shell = Mounts(fresh)
    if "needs CAP_BPF" in (tried := shell(f"{BERTH} enable").stderr) or "built without" in tried:
        pytest.skip(tried.strip())
    yield shell
