# SPDX-License-Identifier: MIT
"""In a clean clone in a fresh Debian 12, script/berth prints the card and script/test passes.

Fresh: what debootstrap makes of "minbase" plus git, from the mirror that this machine's apt uses. The
root is a temporary folder; all mounts are in a mount namespace of their own, and all processes in a PID
namespace, so that nothing of it outlives the test. Minutes, so only with script/test --fresh.
"""

import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import NO, ROOT

SUITE = "bookworm"
MISSING = [tool for tool in ("debootstrap", "unshare", "chroot", "git") if not shutil.which(tool)]
pytestmark = [
    pytest.mark.skipif(os.getuid() != 0, reason="needs root to make a root file system"),
    pytest.mark.skipif(bool(MISSING), reason=f"needs {', '.join(MISSING)}"),
]
# In our own namespaces. The root is bound to itself because unshare(1) inside wants "/" to be a mount.
ENTER = """
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /sys "$root/sys"
mount --rbind /dev "$root/dev"
exec chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "$@"
"""


def mirror() -> str:
    """Where this machine's apt gets the suite from: lines of sources.list, or stanzas of *.sources."""
    done = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(CODENAME)"],
                          capture_output=True, text=True, check=True)
    for line in done.stdout.splitlines():
        uri, _, codename = line.partition(" ")
        if codename == SUITE:
            return uri
    for file in Path("/etc/apt").rglob("*.sources"):
        text = file.read_text(encoding="utf-8")
        found = re.search(r"^URIs:\s*(\S+)", text, re.M)
        if found and re.search(rf"^Suites:.*\b{SUITE}\b(?!-)", text, re.M):
            return found[1]
    pytest.skip(f"this machine's apt knows no mirror of {SUITE}")


class Fresh:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.clone = f"/srv/{secrets.token_hex(4)}"  # a name that no file can hold by chance

    def run(self, *command: str, timeout: int = 300) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, "sh", self.root,
             *command], capture_output=True, text=True, errors="replace", check=False, timeout=timeout,
            stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def fresh() -> Iterator[Fresh]:
    with tempfile.TemporaryDirectory(prefix="berth-fresh-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        root = folder / "root"
        done = subprocess.run(["debootstrap", "--variant=minbase", "--include=git,ca-certificates", SUITE,
                               root, mirror()], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
        # What is committed, and no more, as a stranger would get it.
        subprocess.run(["git", "bundle", "create", "-q", root / "berth.bundle", "HEAD"], cwd=ROOT, check=True)
        made = Fresh(root)
        cloned = made.run("git", "clone", "-q", "/berth.bundle", made.clone)
        assert cloned.returncode == 0, cloned.stderr
        yield made


def test_script_berth_prints_the_card_with_no_other_step(fresh: Fresh) -> None:
    assert fresh.run("sh", "-c", "command -v gcc || command -v meson || command -v python3").stdout == ""
    first = fresh.run(f"{fresh.clone}/script/berth", "60587", timeout=900)
    print(first.stderr)
    assert first.returncode == NO, first.stderr
    assert first.stdout.startswith("60587 ")
    for part in ("\nRegistry", "\nClaims", "\nHere", "\nPolicy", "\nVerdict"):
        assert part in first.stdout
    said = first.stderr.splitlines()
    assert "installing Debian packages with apt-get" in said[0]
    assert all(line.startswith("berth: ") for line in said) and len(said) <= 3, first.stderr
    again = fresh.run(f"{fresh.clone}/script/berth", "60587")
    assert (again.returncode, again.stderr) == (NO, "")


def test_script_test_passes(fresh: Fresh) -> None:
    done = fresh.run(f"{fresh.clone}/.ci/run", timeout=2400)
    print(done.stdout[-20000:], done.stderr[-2000:])
    assert re.fullmatch(r"\d+ passed, 0 failed(, \d+ skipped)?", done.stdout.splitlines()[-1])
    assert done.returncode == 0


def test_no_service_was_started_by_the_packages_of_the_tests(fresh: Fresh) -> None:
    assert not (fresh.root / "usr" / "sbin" / "policy-rc.d").exists()
    assert not list((fresh.root / "run").glob("*.pid"))
