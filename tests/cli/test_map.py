# SPDX-License-Identifier: MIT
"""berth map: each port stands where it belongs and shows what the other commands say of it."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, ROOT, USAGE, YES, Answer, assert_one_clear_line

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


@pytest.mark.parametrize("arguments", [["80"], ["--layers", "x"], ["--layers", ""], ["--json"], ["--layers", "claims,"]])
def test_bad_questions(berth: Berth, arguments: list[str]) -> None:
    answer = berth("map", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
