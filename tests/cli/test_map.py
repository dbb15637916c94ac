# SPDX-License-Identifier: MIT
"""berth map: each port stands where it belongs and shows what the other commands say of it."""

import base64
import contextlib
import os
import pty
import re
import struct
import subprocess
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, RECORDINGS, ROOT, USAGE, YES, Answer, assert_one_clear_line, environment

Berth = Callable[..., Answer]
TOWN = ["--replay", str(RECORDINGS / "town")]
SIDE = 256
RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
KINDS = ["unassigned", "dynamic", "ephemeral", "reserved", "assigned", "claimed", "seen", "leased", "used"]


def picture(berth: Berth, *arguments: str) -> dict[tuple[int, int], str]:
    answer = berth(*TOWN, "map", "--svg", "-", *arguments)
    assert answer.code == YES, answer.err
    places: dict[tuple[int, int], str] = {}
    for path in ElementTree.fromstring(answer.out).iter("{http://www.w3.org/2000/svg}path"):
        kind = KINDS[int(path.attrib["class"][1:])]
        for run in RUN.finditer(path.attrib["d"]):
            x, y, width, back = map(int, run.groups())
            assert width == back
            for place in range(x, x + width):
                assert (place, y) not in places
                places[place, y] = kind
    assert len(places) == SIDE * SIDE
    return places


def test_every_port_shows_what_the_command_line_says(berth: Berth) -> None:
    places = picture(berth)
    held = {row["local"]["port"] if isinstance(row.get("local"), dict) else row["local_port"]
            for row in berth(*TOWN, "ls", "-a", "--jsonl").lines()}
    assert {y * SIDE + x for (x, y), kind in places.items() if kind == "used"} == held - {0}
    for report in map(dict, berth(*TOWN, "--jsonl", "0-400").lines()):
        kind = places[report["port"] % SIDE, report["port"] // SIDE]
        states = {report["registry"][transport]["state"] for transport in ("tcp", "udp", "sctp", "dccp")}
        named = any(claim["scope"] != "pool" for claim in report["claims"])
        if report["port"] not in held:
            assert kind == ("claimed" if named else "assigned" if "assigned" in states
                            else "reserved" if "reserved" in states else "unassigned")


def test_a_layer_alone(berth: Berth) -> None:
    assert set(picture(berth, "--layers", "sockets").values()) == {"unassigned", "used"}
    assert set(picture(berth, "--layers", "claims").values()) == {"unassigned", "claimed"}
    assert "used" not in picture(berth, "--layers", "registry,claims").values()


def test_neighbours_stay_together_on_the_curve(berth: Berth) -> None:
    """Ranges are one piece on a Hilbert curve: the dynamic range is the last quarter."""
    places = picture(berth, "--hilbert", "--layers", "registry")
    dynamic = {place for place, kind in places.items() if kind == "dynamic"}
    assert dynamic == {(x, y) for x in range(SIDE // 2, SIDE) for y in range(SIDE // 2)}
    rows = picture(berth, "--layers", "registry")
    assert sorted(rows.values()) == sorted(places.values())


def test_the_pages_have_the_colours_of_the_picture(berth: Berth) -> None:
    sheet = (ROOT / "src" / "web" / "style.css").read_text(encoding="utf-8")
    light, dark = re.findall(r"(--k0: .*--k8: #\w+);", sheet)
    style = ElementTree.fromstring(berth(*TOWN, "map", "--svg", "-").out).findtext("{http://www.w3.org/2000/svg}style")
    first, second = (style or "").split("@media(prefers-color-scheme:dark)")
    for colours, rules in ((light, first), (dark, second)):
        assert re.findall(r"--k(\d): (#\w+)", colours) == re.findall(r"\.k(\d)\{fill:(#\w+)\}", rules) != []


def test_letters_without_colour(berth: Berth) -> None:
    answer = berth(*TOWN, "map")
    assert answer.code == YES and "\033" not in answer.out
    lines = answer.out.splitlines()
    assert [len(line) for line in lines[:32]] == [64] * 32
    assert "#" in "".join(lines[:32]) and "'#' in use here now" in lines
    # --layers registry: the first 512 ports are one row of marks of 32 ports.
    assert set("".join(berth(*TOWN, "map", "--layers", "registry").out.splitlines()[24:32])) == {"."}


def test_colours_are_half_blocks(berth: Berth) -> None:
    out = berth(*TOWN, "--color=always", "map").out
    assert out.splitlines()[0].count("▀") == 64
    assert "\033" not in berth(*TOWN, "--color=never", "map").out
    assert "▀" not in berth(*TOWN, "map", variables={"NO_COLOR": "1"}).out


def test_a_file_is_written(berth: Berth, tmp_path: Path) -> None:
    answer = berth(*TOWN, "map", "--svg", str(tmp_path / "map.svg"))
    assert (answer.code, answer.out, answer.err) == (YES, "", "")
    assert (tmp_path / "map.svg").read_text(encoding="utf-8") == berth(*TOWN, "map", "--svg", "-").out
    assert_one_clear_line(berth("map", "--svg", "/nonexistent/map.svg"))


# ---- Points: what is written is decoded again --------------------------------------------------

def colours(name: str) -> list[str]:
    sheet = (ROOT / "src" / "web" / "style.css").read_text(encoding="utf-8")
    return re.findall(r"--k\d: (#\w+);", re.findall(r"(--k0: .*--k8: #\w+;)", sheet)[name == "dark"])


def unfiltered(data: bytes, width: int) -> list[bytes]:
    """The rows of a PNG (its specification, 9.2); `width` bytes each, a byte or less for a point."""
    rows, above = [], bytes(width)
    for start in range(0, len(data), width + 1):
        kind, row = data[start], bytearray(data[start + 1:start + 1 + width])
        for i, value in enumerate(row):
            left, up, corner = row[i - 1] if i else 0, above[i], above[i - 1] if i else 0
            guess = left + up - corner
            paeth = min((left, up, corner), key=lambda one: abs(guess - one))
            row[i] = (value + (0, left, up, (left + up) // 2, paeth)[kind]) % 256
        rows.append(above := bytes(row))
    return rows


def read_png(data: bytes) -> tuple[list[str], list[list[int]]]:
    """Palette and points."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        body = data[at + 8:at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(name + body)
        chunks[name] = chunks.get(name, b"") + body
        at += 12 + length
    assert "IEND" in [name.decode() for name in chunks]
    width, height, depth, kind = struct.unpack_from(">IIBB", chunks[b"IHDR"])
    assert kind == 3
    rows = unfiltered(zlib.decompress(chunks[b"IDAT"]), width * depth // 8)
    assert len(rows) == height
    points = [[byte >> shift & (1 << depth) - 1 for byte in row for shift in range(8 - depth, -1, -depth)]
              for row in rows]
    flat = chunks[b"PLTE"]
    return ["#" + flat[i:i + 3].hex() for i in range(0, len(flat), 3)], points


def read_sixel(text: str) -> tuple[dict[int, tuple[int, ...]], list[list[int]]]:
    match = re.match(r'\033P0;1;0q"1;1;(\d+);(\d+)([^\033]*)\033\\\n', text)
    assert match
    width, height = int(match[1]), int(match[2])
    points = [[-1] * width for _ in range(height)]
    palette: dict[int, tuple[int, ...]] = {}
    x = top = colour = 0
    for token in re.finditer(r"#(\d+);2;(\d+);(\d+);(\d+)|#(\d+)|!(\d+)(.)|([$-])|([?-~])", match[3]):
        if token[1]:
            palette[int(token[1])] = tuple(map(int, token.group(2, 3, 4)))
        elif token[5]:
            colour = int(token[5])
        elif token[8]:
            x, top = 0, top + (6 if token[8] == "-" else 0)
        else:
            bits = ord(token[7] or token[9]) - 63
            for _ in range(int(token[6] or 1)):
                for row in (row for row in range(6) if bits >> row & 1):
                    assert points[top + row][x] == -1
                    points[top + row][x] = colour
                x += 1
    return palette, points


def squares(points: list[list[int]], scale: int) -> dict[tuple[int, int], str]:
    assert {len(row) for row in points} == {SIDE * scale} == {len(points)}
    for y, row in enumerate(points):
        assert row == [row[x - x % scale] for x in range(len(row))] and row == points[y - y % scale]
    return {(x, y): KINDS[points[y * scale][x * scale]] for x in range(SIDE) for y in range(SIDE)}


@pytest.mark.parametrize("arguments", [[], ["--hilbert"], ["--layers", "claims"]])
def test_a_png_is_the_picture(berth: Berth, tmp_path: Path, arguments: list[str]) -> None:
    answer = berth(*TOWN, "map", "--png", str(tmp_path / "map.png"), *arguments)
    assert (answer.code, answer.out, answer.err) == (YES, "", "")
    palette, points = read_png((tmp_path / "map.png").read_bytes())
    assert palette == colours("light")
    assert squares(points, 4) == picture(berth, *arguments)
    assert berth(*TOWN, "map", "--png", "-", *arguments).bytes_out == (tmp_path / "map.png").read_bytes()


def test_sixels_are_the_picture(berth: Berth) -> None:
    palette, points = read_sixel(berth(*TOWN, "map", "--as", "sixel").out)
    for kind, hex_ in enumerate(colours("dark")):
        assert palette[kind] == tuple(round(int(hex_[i:i + 2], 16) / 2.55) for i in (1, 3, 5))
    assert squares(points, 2) == picture(berth)


def test_kitty_is_sent_the_picture_in_pieces(berth: Berth) -> None:
    out = berth(*TOWN, "map", "--as", "kitty").out
    pieces = re.findall(r"\033_G([^;]*);([^\033]*)\033\\", out)
    assert out.startswith("".join(f"\033_G{keys};{text}\033\\" for keys, text in pieces) + "\n")
    assert [keys for keys, _ in pieces] == ["a=T,f=100,q=2,m=1", *["m=1"] * (len(pieces) - 2), "m=0"]
    assert all(len(text) == 4096 for _, text in pieces[:-1]) and len(pieces[-1][1]) <= 4096
    palette, points = read_png(base64.b64decode("".join(text for _, text in pieces), validate=True))
    assert palette == colours("dark")
    assert squares(points, 2) == picture(berth)


def test_ways_can_be_chosen(berth: Berth) -> None:
    assert "▀" in berth(*TOWN, "map", "--as", "blocks").out
    assert "\033" not in berth(*TOWN, "--color=always", "map", "--as", "letters").out
    for way in ("sixel", "kitty"):
        assert "\033[0m in use here now\n" in berth(*TOWN, "map", "--as", way).out
    for term in ("xterm-kitty", "foot"):  # what is not a terminal gets no picture unasked
        assert "\033" not in berth(*TOWN, "map", variables={"TERM": term}).out


def on_terminal(home: Path, term: str, *arguments: str, **variables: str) -> str:
    controller, terminal = pty.openpty()
    pieces = []
    with subprocess.Popen([BERTH, *TOWN, "map", *arguments], stdin=terminal, stdout=terminal, stderr=terminal,
                          env=environment(home, TERM=term, **variables)) as command:
        os.close(terminal)
        with contextlib.suppress(OSError):  # EIO at its end
            while piece := os.read(controller, 65536):
                pieces.append(piece)
    os.close(controller)
    assert command.returncode == YES
    return b"".join(pieces).decode()


@pytest.mark.parametrize(("term", "mark"), [
    ("xterm-kitty", "\033_Ga=T"), ("xterm-ghostty", "\033_Ga=T"), ("foot", "\033P0;1;0q"), ("foot-extra", "\033P0;1;0q"),
    ("xterm-256color", "▀")])
def test_a_terminal_that_draws_gets_a_picture(tmp_path: Path, term: str, mark: str) -> None:
    pager = {"PAGER": "cat" if mark == "▀" else "false"}  # which no picture goes through
    assert mark in on_terminal(tmp_path, term, **pager)
    assert mark not in on_terminal(tmp_path, term, NO_COLOR="1", PAGER="cat")
    assert "▀" in on_terminal(tmp_path, term, "--as", "blocks", PAGER="cat")


@pytest.mark.parametrize("arguments", [["80"], ["--png", ""], ["--svg", "-", "--png", "-"], ["--as", "x"], ["--layers", "x"], ["--layers", ""], ["--json"], ["--layers", "claims,"]])
def test_bad_questions(berth: Berth, arguments: list[str]) -> None:
    answer = berth("map", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
