# SPDX-License-Identifier: MIT
"""berth enable and berth disable, in a mount namespace with a BPF file system of its own."""

import json
import os
import subprocess
from collections.abc import Iterator

import pytest
from support import BERTH, NO, UNKNOWN, USAGE, YES, assert_one_clear_line, environment, validated

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


def test_what_is_enabled_is_used_and_disabled_again(mounts: Mounts) -> None:
    done = mounts(f"{BERTH} enable --json; {BERTH} doctor --self --json; {BERTH} disable --json; ls /sys/fs/bpf")
    enabled, doctor, disabled, *left = done.stdout.splitlines()
    assert validated(json.loads(enabled)) == {"schema": "berth-enable-1", "enabled": True, "mode": 0o400}
    [iterator] = [use for use in json.loads(doctor)["list"] if use["rung"] == "iterator"]
    assert iterator["used"] or iterator["why_not"] == "every owner was known before"
    assert validated(json.loads(disabled)) == {"schema": "berth-enable-1", "enabled": False, "mode": None}
    assert "berth" not in left


def test_enabling_twice_is_fine_and_changes_the_mode(mounts: Mounts) -> None:
    done = mounts(f"{BERTH} enable && {BERTH} enable --mode 0444 && stat -c %a {PIN}/tasks")
    assert done.returncode == YES
    assert done.stdout.splitlines()[-1] == "444"


def test_the_mode_decides_who_may_read(mounts: Mounts) -> None:
    other = f"setpriv --reuid 65534 --regid 65534 --clear-groups cat {PIN}/tasks >/dev/null"
    assert mounts(f"{BERTH} enable; {other}").returncode != 0
    assert mounts(f"{BERTH} enable --mode 0444; {other}").returncode == 0


def test_disabling_leaves_what_is_not_ours(mounts: Mounts) -> None:
    done = mounts(f"{BERTH} enable; mkdir {PIN}/others; {BERTH} disable; ls {PIN}")
    assert done.stdout.splitlines()[-1] == "others"


def test_disabling_nothing_says_so(mounts: Mounts) -> None:
    done = mounts(f"{BERTH} disable")
    assert (done.returncode, done.stdout, done.stderr) == (NO, "", "berth: nothing is enabled\n")


def test_without_privileges_there_is_one_clear_line(mounts: Mounts) -> None:
    done = mounts(f"setpriv --reuid 65534 --regid 65534 --clear-groups {BERTH} enable")
    assert (done.returncode, done.stdout) == (UNKNOWN, "")
    assert done.stderr.count("\n") == 1 and "CAP_BPF" in done.stderr or "Permission" in done.stderr


def test_without_a_bpf_file_system_it_says_how_to_mount_one() -> None:
    if os.getuid():
        pytest.skip("needs root")
    done = Mounts("mount -t tmpfs none /sys/fs/bpf || exit 99")(f"{BERTH} enable")
    if done.returncode == 99:
        pytest.skip("needs a mount namespace")
    assert done.returncode == UNKNOWN
    assert "mount -t bpf bpf /sys/fs/bpf" in done.stderr


@pytest.mark.parametrize("arguments", [["enable", "--mode", "0999"], ["enable", "--mode", "rw"], ["enable", "all"],
                                       ["enable", "--mode", "01777"], ["disable", "all"]])
def test_bad_input_is_refused(berth, arguments: list[str]) -> None:  # type: ignore[no-untyped-def]
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
