# SPDX-License-Identifier: MIT
"""Where the answer goes: colour on terminals only, the pager, a full disk, a reader that went away."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line, environment

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def on_terminal(home: Path, *arguments: str, rows: int = 200, columns: int = 90,
                keys: bytes = b"", **variables: str) -> tuple[int, str]:
    """Runs berth on a terminal of that size; its exit code and all that it wrote there."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(BERTH, [str(BERTH), *arguments], environment(home, **variables))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    seen = b""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.5 if keys else 20)
        if not ready:
            os.write(terminal, keys)
            keys = b""
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # EIO: the other side has closed
            break
        if not part:
            break
        seen += part
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status), seen.decode("utf-8", "replace").replace("\r\n", "\n")


def test_a_terminal_gets_colour(tmp_path: Path) -> None:
    code, text = on_terminal(tmp_path, "--no-pager", *TOWN, "60587")
    assert code == NO and COLOUR.search(text)


@pytest.mark.parametrize(("arguments", "variables"), [
    ((), {"NO_COLOR": "1"}), ((), {"TERM": "dumb"}), (("--color=never",), {}),
])
def test_a_terminal_gets_no_colour_when_somebody_says_so(
        tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str]) -> None:
    _, text = on_terminal(tmp_path, "--no-pager", *arguments, *TOWN, "60587", **variables)
    assert "\x1b" not in text


def test_an_empty_no_color_means_nothing(tmp_path: Path) -> None:
    """https://no-color.org: when present and not an empty string."""
    _, text = on_terminal(tmp_path, "--no-pager", *TOWN, "60587", NO_COLOR="")
    assert COLOUR.search(text)


def test_an_option_wins_over_no_color(tmp_path: Path) -> None:
    _, text = on_terminal(tmp_path, "--no-pager", "--color=always", *TOWN, "60587", NO_COLOR="1")
    assert COLOUR.search(text)


def test_a_pipe_gets_no_colour_unless_asked(berth: Berth) -> None:
    assert "\x1b" not in berth(*TOWN, "60587").out
    coloured = berth("--color=always", *TOWN, "60587").out
    assert COLOUR.search(coloured)
    assert COLOUR.sub("", coloured) == berth(*TOWN, "60587").out


def test_json_has_no_colour_even_when_asked(berth: Berth) -> None:
    assert "\x1b" not in berth("--color=always", *TOWN, "--json", "60587").out


def test_a_way_to_colour_that_there_is_not(berth: Berth) -> None:
    answer = berth("--color=sometimes", *TOWN, "80")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_the_card_fits_the_terminal(tmp_path: Path) -> None:
    for columns in (60, 80, 100):
        _, text = on_terminal(tmp_path, "--no-pager", "--color=never", *TOWN, "60587", columns=columns)
        assert max(map(len, text.splitlines())) <= columns


def test_the_list_fits_the_terminal(tmp_path: Path) -> None:
    for columns in (70, 80, 120):
        _, text = on_terminal(tmp_path, "--no-pager", "--color=never", *TOWN, "ls", columns=columns)
        assert max(map(len, text.splitlines())) <= columns


def ls_on_terminal(home: Path, recording: str, columns: int, *arguments: str) -> list[str]:
    _, text = on_terminal(home, "--no-pager", "--color=never", "--replay", str(RECORDINGS / recording), "ls",
                          "--no-headings", *arguments, columns=columns)
    return text.splitlines()


def test_what_is_cut_in_the_list_is_marked(tmp_path: Path) -> None:
    asked = ("--port", "22", "-o", "PORT,COMMAND")
    [whole] = ls_on_terminal(tmp_path, "town", 300, *asked)
    [cut] = ls_on_terminal(tmp_path, "town", 20, *asked)
    assert len(cut) == 20 and cut == f"{whole[:19]}…"


def test_what_is_wrapped_in_the_list_is_whole_and_breaks_between_words(tmp_path: Path) -> None:
    asked = ("-q", "--port", "22", "-o", "PORT,REASON")
    [whole] = ls_on_terminal(tmp_path, "guest", 300, *asked)
    lines = ls_on_terminal(tmp_path, "guest", 19, *asked)
    assert [line.split() for line in lines] == [["22", "needs"], ["CAP_SYS_PTRACE:"], ["owned", "by", "uid", "0"]]
    assert " ".join(lines).split() == whole.split()
    assert lines[1].startswith("   CAP") and lines[2].startswith("   owned")


def test_a_list_goes_into_a_pipe_as_wide_as_it_is(berth: Berth) -> None:
    narrow = berth(*TOWN, "ls", "-av", "-o", "COMMAND,PORT", variables={"COLUMNS": "20"}).out
    assert "…" not in narrow and max(map(len, narrow.splitlines())) > 80


def test_a_long_answer_goes_through_the_pager_and_a_short_one_does_not(tmp_path: Path) -> None:
    pager = "sed s/^/paged:/"
    _, long = on_terminal(tmp_path, *TOWN, "60587", rows=10, PAGER=pager)
    assert all(line.startswith("paged:") for line in long.splitlines())
    _, short = on_terminal(tmp_path, *TOWN, "60587", rows=200, PAGER=pager)
    assert "paged:" not in short


def test_the_pager_of_berth_goes_before_that_of_all(tmp_path: Path) -> None:
    _, text = on_terminal(tmp_path, *TOWN, "60587", rows=10, BERTH_PAGER="sed s/^/own:/", PAGER="sed s/^/other:/")
    assert text.startswith("own:") and "other:" not in text


@pytest.mark.parametrize("arguments", [["60587"], ["-v", "80"], ["ls", "-a"], ["find", "http"], ["help"],
                                       ["registry"], ["completion", "words"]], ids=" ".join)
def test_the_pager_is_for_terminals_and_gives_way_to_an_option(
        berth: Berth, tmp_path: Path, arguments: list[str]) -> None:
    """The pager leaves a file behind when it runs."""
    pager = f"touch {tmp_path}/ran; cat"
    berth(*TOWN, *arguments, variables={"PAGER": pager})
    on_terminal(tmp_path, "--no-pager", *TOWN, *arguments, rows=3, PAGER=pager)
    on_terminal(tmp_path, *TOWN, *arguments, rows=3, PAGER=pager, TERM="dumb")
    assert not (tmp_path / "ran").exists()
    on_terminal(tmp_path, *TOWN, *arguments, rows=3, PAGER=pager)
    assert (tmp_path / "ran").exists()


def test_less_is_the_pager_when_nothing_is_said(tmp_path: Path) -> None:
    if not shutil.which("less"):
        pytest.skip("less is not installed")
    code, text = on_terminal(tmp_path, *TOWN, "60587", rows=10, keys=b"q", LESSSECURE="1")
    assert code == NO and "Verdict" not in text
    code, text = on_terminal(tmp_path, *TOWN, "60587", rows=200)
    assert code == NO and "Verdict" in text  # it fits: less steps aside


@pytest.mark.parametrize("variables", [
    {"PAGER": ""}, {"PAGER": "cat"}, {"PAGER": "no-such-pager-x"}, {"BERTH_PAGER": "", "PAGER": "sed s/^/p:/"},
])
def test_without_a_pager_the_answer_comes_all_the_same(
        tmp_path: Path, variables: dict[str, str]) -> None:
    code, text = on_terminal(tmp_path, *TOWN, "60587", rows=10, **variables)
    assert code == NO and "Verdict" in text and "p:" not in text.split("Verdict")[0][:2]


def test_leaving_the_pager_early_is_no_failure(tmp_path: Path) -> None:
    code, _ = on_terminal(tmp_path, *TOWN, "-v", "80", rows=5, PAGER="head -n 1")
    assert code == YES


def test_the_answer_to_json_never_goes_through_the_pager(tmp_path: Path) -> None:
    _, text = on_terminal(tmp_path, *TOWN, "--json", "60587", rows=2, PAGER="sed s/^/paged:/")
    assert not text.startswith("paged:")


# ---- When it cannot be written -----------------------------------------------------------------

FORMS = [["60587"], ["--json", "60587"], ["ls", "-a"], ["--jsonl", "0-2000"], ["find", "http"],
         ["help"], ["version"], ["completion", "bash"], ["registry"]]


@pytest.mark.parametrize("arguments", FORMS, ids=" ".join)
def test_a_full_disk_is_told(berth: Berth, arguments: list[str]) -> None:
    with open("/dev/full", "wb") as full:
        answer = berth(*TOWN, *arguments, stdout=full)
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
    assert "No space left" in answer.err


@pytest.mark.parametrize("arguments", FORMS, ids=" ".join)
def test_a_closed_stdout_is_told(berth: Berth, arguments: list[str], tmp_path: Path) -> None:
    answer = berth(*TOWN, *arguments, before=("sh", "-c", 'exec "$@" >&-', "sh"),
                   stdout=subprocess.DEVNULL)
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_everything_closed_ends_all_the_same(tmp_path: Path) -> None:
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", BERTH, *TOWN, "60587"],
                          env=environment(tmp_path), check=False, timeout=20)
    assert done.returncode == UNKNOWN


@pytest.mark.parametrize("arguments", [["--jsonl", "0-65535"], ["ls", "-a"], ["-v", "80"]], ids=" ".join)
def test_a_reader_that_went_away_ends_it_quietly(tmp_path: Path, arguments: list[str]) -> None:
    with subprocess.Popen([BERTH, *TOWN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=environment(tmp_path)) as process:
        assert process.stdout and process.stderr
        process.stdout.read(1)
        process.stdout.close()
        errors = process.stderr.read()
        code = process.wait(timeout=20)
    assert errors == b""
    assert code in (-13, YES, NO)  # SIGPIPE, or all of it fitted into the pipe
