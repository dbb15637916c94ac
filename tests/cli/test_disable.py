# SPDX-License-Identifier: MIT
"""berth disable, in a mount namespace with a BPF file system of its own."""

from collections.abc import Callable

from bpffs import PIN, Mounts, mounts  # noqa: F401
from support import BERTH, NO, USAGE, Answer, assert_one_clear_line


def test_disabling_leaves_what_is_not_ours(mounts: Mounts) -> None:  # noqa: F811
    done = mounts(f"{BERTH} enable; mkdir {PIN}/others; {BERTH} disable; ls {PIN}")
    assert done.stdout.splitlines()[-1] == "others"


def test_disabling_nothing_says_so(mounts: Mounts) -> None:  # noqa: F811
    done = mounts(f"{BERTH} disable")
    assert (done.returncode, done.stdout, done.stderr) == (NO, "", "berth: nothing is enabled\n")


def test_words_behind_it_are_refused(berth: Callable[..., Answer]) -> None:
    answer = berth("disable", "all")
    assert answer.code == USAGE
    assert_one_clear_line(answer)
