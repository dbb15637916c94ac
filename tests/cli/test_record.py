# SPDX-License-Identifier: MIT
"""berth record, and what --replay makes of recordings that are damaged or meant to harm."""

import json
import os
import random
import shutil
import socket
import struct
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]


@pytest.fixture
def town(tmp_path: Path) -> Path:
    """A copy of the recording, to be damaged."""
    copy = tmp_path / "town"
    shutil.copytree(RECORDINGS / "town", copy, symlinks=True)
    return copy


def test_a_recording_of_this_machine_replays(berth: Berth, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        answer = berth("record", "--json", str(tmp_path / "new"))
        assert answer.code == YES, answer.err
        assert answer.json() == {"schema": "berth-recording-1", "path": str(tmp_path / "new"),
                                 "scrubbed": False}
    replayed = berth("--replay", str(tmp_path / "new"), "--json", f"{port}/tcp")
    [row] = [row for row in replayed.json()["sockets"] if row["state"] == "LISTEN"]
    assert [owner["pid"] for owner in row["owners"]] == [os.getpid()]


def test_others_may_not_read_a_recording(berth: Berth, tmp_path: Path) -> None:
    assert berth("record", str(tmp_path / "new")).code == YES
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_a_folder_that_holds_something_is_left_alone(berth: Berth, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("mine", encoding="utf-8")
    answer = berth("record", str(tmp_path / "full"))
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter"]


def test_a_place_where_nothing_can_be_written(berth: Berth) -> None:
    answer = berth("record", "/proc/none/recording")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


@pytest.mark.parametrize("arguments", [[], ["a", "b"], ["--nonsense", "a"]])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth("record", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


# ---- Damaged recordings ------------------------------------------------------------------------

def assert_copes(berth: Berth, recording: Path) -> None:
    """Whatever is in it: a documented exit code, sound JSON when there is any, no escape sequences."""
    for arguments in (["ls", "-a"], ["ls", "-a", "--json"], ["5432"], ["--json", "5432"]):
        answer = berth("--replay", str(recording), *arguments)
        assert answer.code in (YES, NO, UNKNOWN)
        if "--json" in arguments and answer.out:
            answer.json()
        assert "\x1b" not in answer.out and "\x1b" not in answer.err


@pytest.mark.parametrize("kept", [0, 1, 15, 16, 17, 60, 100, 200, 1000])
def test_a_truncated_answer_of_the_kernel_is_told_and_what_is_there_is_used(
        berth: Berth, town: Path, kept: int) -> None:
    answer_file = town / "netlink" / "tcp.bin"
    whole = answer_file.read_bytes()
    assert len(whole) > 1000
    answer_file.write_bytes(whole[:kept])
    answer = berth("--replay", str(town), "ls", "-a", "--json")
    assert answer.code == UNKNOWN
    assert answer.json()["gaps"]
    text = berth("--replay", str(town), "ls", "-t")
    assert text.code == UNKNOWN
    assert text.err.startswith("berth: ") and text.err.count("\n") == 1
    card = berth("--replay", str(town), "1234")
    assert card.code == UNKNOWN and "free" not in card.out.partition("\nVerdict")[2].lower()[:60]


def test_a_cut_after_any_word_of_an_answer_loses_rows_and_makes_up_none(berth: Berth, town: Path) -> None:
    """Netlink is aligned to 4 bytes; cuts inside of words are in the test above."""
    everything = berth("--replay", str(town), "ls", "-a", "--json").json()
    for name in ("tcp", "udp4", "udplite6", "sctp4"):
        answer_file = town / "netlink" / f"{name}.bin"
        whole = answer_file.read_bytes()
        known = 0
        for kept in range(0, len(whole), 4):
            answer_file.write_bytes(whole[:kept])
            answer = berth("--replay", str(town), "ls", "-a", "--json")
            assert answer.code == UNKNOWN, (name, kept)
            assert answer.err.startswith("berth: ") and answer.err.count("\n") == 1
            said = json.loads(answer.bytes_out)
            assert said["gaps"] and len(said["sockets"]) >= known
            assert all(row in everything["sockets"] for row in said["sockets"])
            known = len(said["sockets"])
        answer_file.write_bytes(whole)
    assert berth("--replay", str(town), "ls", "-a", "--json").json() == everything


@pytest.mark.parametrize("held", [22, 80, 3000, 5432])
def test_a_port_whose_row_is_lost_is_never_called_free(berth: Berth, town: Path, held: int) -> None:
    answer_file = town / "netlink" / "tcp.bin"
    answer_file.write_bytes(answer_file.read_bytes()[:100])
    answer = berth("--replay", str(town), "--json", f"{held}/tcp")
    said = answer.json()
    assert answer.code == UNKNOWN
    assert said["gaps"] and said["verdict"]["tcp"]["use"] == "unknown"
    assert said["verdict"]["tcp"]["bindable"] == "unknown"
    card = berth("--replay", str(town), f"{held}/tcp").out
    assert "is free" not in card and "is not held" not in card


@pytest.mark.parametrize("name", ["tcp", "udp4", "udp6", "sctp4"])
@pytest.mark.parametrize("seed", range(8))
def test_noise_in_place_of_an_answer_is_told(berth: Berth, town: Path, name: str, seed: int) -> None:
    chance = random.Random(seed)
    noise = chance.randbytes(chance.choice((20, 300, 5000)))
    if seed % 2:  # a sound header in front: length, SOCK_DIAG_BY_FAMILY, flags, sequence, port
        noise = struct.pack("=IHHII", len(noise) + 16, 20, 2, 1, 0) + noise
    (town / "netlink" / f"{name}.bin").write_bytes(noise)
    answer = berth("--replay", str(town), "ls", "-a", "--json")
    assert answer.code == UNKNOWN
    assert answer.json()["gaps"]
    assert_copes(berth, town)


def rename(process: Path, name: bytes, command: bytes) -> None:
    """Gives a recorded process another name and command line."""
    stat = (process / "stat").read_bytes()
    head, tail = stat.partition(b"(")[0], stat.rpartition(b")")[2]
    (process / "stat").write_bytes(head + b"(" + name + b")" + tail)
    (process / "cmdline").write_bytes(command)


@pytest.mark.parametrize("name", [
    b"\x1b]0;owned\x07", b"\xff\xfe\xc3(", b"a\nb\tc\rd", b") R 1 1 (", b"\"'\\{}[]", b"", b" ", b"(((((",
    "a\u202eb\u2066c".encode(), "\u009b31m".encode(), b"\x7f\x08\x08", "\u200bport\ufeff".encode(), b"%s%n%x",
])
def test_names_of_recorded_processes_reach_no_terminal(berth: Berth, town: Path, name: bytes) -> None:
    arguments = b"/bin/" + name + b"\0--say\0\x1b[31mred\xff\0"
    for process in (town / "proc").glob("[0-9]*"):
        rename(process, name, arguments)
    pids = {row["owners"][0]["pid"] for row in
            berth("--replay", str(RECORDINGS / "town"), "ls", "--json").json()["sockets"] if row["owners"]}
    said = berth("--replay", str(town), "ls", "--json")
    rows = [row for row in said.json()["sockets"] if row["owners"]]
    assert {row["owners"][0]["pid"] for row in rows} == pids
    assert all(row["owners"][0]["command"][1] == "--say" for row in rows)
    for arguments_of_us in (["ls", "-av"], ["-v", "5432"], ["5432"], ["ls", "-o", "PROCESS,COMMAND"]):
        answer = berth("--replay", str(town), *arguments_of_us)
        text = answer.bytes_out.decode("utf-8", "strict")
        assert answer.code == YES
        bad = [character for character in text if character != "\n"
               and unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")]
        assert not bad, bad
    assert len(berth("--replay", str(town), "ls").out.splitlines()) == len(
        berth("--replay", str(RECORDINGS / "town"), "ls").out.splitlines())


def test_each_byte_of_an_answer_may_be_wrong(berth: Berth, town: Path) -> None:
    answer_file = town / "netlink" / "tcp.bin"
    whole = answer_file.read_bytes()
    for offset in range(0, 400, 7):
        for value in (0, 255):
            answer_file.write_bytes(whole[:offset] + bytes([value]) + whole[offset + 1:])
            answer = berth("--replay", str(town), "ls", "-a", "--json")
            assert answer.code in (YES, NO, UNKNOWN)
            answer.json()


@pytest.mark.parametrize("damage", [
    "no file", "empty", "newer format", "nonsense", "a folder", "very long", "a fifo",
])
def test_what_is_no_recording_is_refused_in_one_line(berth: Berth, town: Path, damage: str) -> None:
    head = town / "recording"
    text = head.read_text(encoding="ascii")
    head.unlink()
    if damage == "a folder":
        head.mkdir()
    elif damage == "a fifo":
        os.mkfifo(head)
    elif damage != "no file":
        head.write_text({"empty": "", "newer format": text.replace("recording 1", "recording 999"),
                         "nonsense": "\x1b[31mhello\n", "very long": "a" * 10_000_000}[damage])
    answer = berth("--replay", str(town), "ls", timeout=10)
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


@pytest.mark.parametrize("name", ["users", "interfaces", "denied"])
@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"\xff\xfe\n", b"1", b"x" * 100_000, b"1 \x1b[31m\n",
                                     b"99999999999999999999 x\n", b"EACCES ../../../etc\n", b"\n\n\n"])
def test_the_recordings_own_files_may_hold_anything(
        berth: Berth, town: Path, name: str, content: bytes) -> None:
    (town / name).write_bytes(content)
    assert_copes(berth, town)


@pytest.mark.parametrize("name", ["stat", "status", "cmdline"])
@pytest.mark.parametrize("content", [b"", b"\0", b"1 (", b"1 (a", b"1 ())) R 1", b")" * 5000,
                                     b"x" * 1_000_000, b"-1 (\x1b[31m) Z -1 -1 -1\n", b"\xff" * 64])
def test_files_of_processes_may_hold_anything(
        berth: Berth, town: Path, name: str, content: bytes) -> None:
    for process in (town / "proc").glob("[0-9]*"):
        (process / name).write_bytes(content)
    assert_copes(berth, town)


def test_parents_that_run_in_a_circle_end(berth: Berth, town: Path) -> None:
    for process in (town / "proc").glob("[0-9]*"):
        stat = (process / "stat").read_text(encoding="utf-8")
        head, _, tail = stat.rpartition(") ")
        fields = tail.split()
        (process / "stat").write_text(
            f"{head}) {fields[0]} {process.name} {' '.join(fields[2:])}\n", encoding="utf-8")
    assert_copes(berth, town)


def test_links_never_lead_out_of_a_recording(berth: Berth, town: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("4 (topsecret) S 1 1\n", encoding="utf-8")
    for process in (town / "proc").glob("[0-9]*"):
        for name in ("stat", "cmdline"):
            (process / name).unlink()
            (process / name).symlink_to(secret)
    shutil.rmtree(town / "proc" / "sys")
    (town / "proc" / "sys").symlink_to("/proc/sys")
    for arguments in (["ls", "-av"], ["ls", "-a", "--json"], ["--json", "5432"]):
        answer = berth("--replay", str(town), *arguments)
        assert "topsecret" not in answer.out
    said = berth("--replay", str(town), "--json", "5432").json()
    assert said["policy"]["ephemeral"] is None


@pytest.mark.parametrize("name", ["netlink", "proc", "proc/self"])
def test_whole_parts_may_be_missing(berth: Berth, town: Path, name: str) -> None:
    shutil.rmtree(town / name)
    assert_copes(berth, town)


def test_a_recording_that_cannot_be_opened(berth: Berth, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    for path in ("/nonexistent", str(tmp_path / "file"), str(tmp_path), ""):
        answer = berth("--replay", path, "80")
        assert answer.code in (UNKNOWN, USAGE)
        assert_one_clear_line(answer)
