# SPDX-License-Identifier: MIT
"""berth enable, in a mount namespace with a BPF file system of its own."""

import json
import os
from collections.abc import Callable

import pytest
from bpffs import PIN, Mounts, mounts  # noqa: F401
from support import BERTH, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line, validated


def test_what_is_enabled_is_used_and_disabled_again(mounts: Mounts) -> None:  # noqa: F811
    done = mounts(f"{BERTH} enable --json; {BERTH} doctor --self --json; {BERTH} disable --json; ls /sys/fs/bpf")
    enabled, doctor, disabled, *left = done.stdout.splitlines()
    assert validated(json.loads(enabled)) == {"schema": "berth-enable-1", "enabled": True, "mode": 0o400,
                                               "notes": True, "notes_why_not": None}
    [iterator] = [use for use in json.loads(doctor)["list"] if use["rung"] == "iterator"]
    assert iterator["used"] or iterator["why_not"] == "every owner was known before"
    assert validated(json.loads(disabled)) == {"schema": "berth-enable-1", "enabled": False, "mode": None,
                                                "notes": False, "notes_why_not": None}
    assert "berth" not in left


def test_enabling_twice_is_fine_and_changes_the_mode(mounts: Mounts) -> None:  # noqa: F811
    done = mounts(f"{BERTH} enable && {BERTH} enable --mode 0444 && stat -c %a {PIN}/tasks")
    assert done.returncode == YES
    assert done.stdout.splitlines()[-1] == "444"


def test_the_mode_decides_who_may_read(mounts: Mounts) -> None:  # noqa: F811
    other = f"setpriv --reuid 65534 --regid 65534 --clear-groups cat {PIN}/tasks >/dev/null"
    assert mounts(f"{BERTH} enable; {other}").returncode != 0
    assert mounts(f"{BERTH} enable --mode 0444; {other}").returncode == 0


def test_without_privileges_there_is_one_clear_line(mounts: Mounts) -> None:  # noqa: F811
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
                                       ["enable", "--mode", "01777"]])
def test_bad_input_is_refused(berth: Callable[..., Answer], arguments: list[str]) -> None:
    answer = berth(*arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
