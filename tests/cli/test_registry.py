# SPDX-License-Identifier: MIT
"""berth registry: which copy is in use, taking a newer one whole or not at all, and what differs."""

import csv
import io
import json
import os
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import RECORDINGS, ROOT, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
CURRENT = ROOT / "data" / "iana" / "service-names-port-numbers.csv"
OLD = ROOT / "tests" / "data" / "service-names-port-numbers-2020-12-16.csv"
NAMESPACE = "http://www.iana.org/assignments"


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def image(home: Path) -> Path:
    return home / ".local" / "share" / "berth" / "registry.image"


def as_csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(rows)
    return out.getvalue()


def test_status_counts_what_the_file_holds(berth: Berth) -> None:
    rows = rows_of(CURRENT)[1:]
    said = berth("registry", "status", "--json").json()
    assert (said["schema"], said["origin"]) == ("berth-registry-status-1", "built-in")
    assert said["date"] == max(row[7] or row[6] for row in rows)[:10] == "2026-02-13"
    assert said["records"] == len(rows)
    assert said["names"] == sum(bool(row[0]) for row in rows)
    assert said["without_port"] == sum(not row[1] for row in rows)
    for counts in said["ports"].values():
        assert sum(counts.values()) == 65536 and counts["unassignable"] == 16384
    assert "2026-02-13" in berth("registry").out


def test_an_import_is_in_use_from_then_on(berth: Berth, tmp_path: Path) -> None:
    answer = berth("registry", "import", str(OLD))
    assert answer.code == YES, answer.err
    assert image(tmp_path).is_file()
    said = berth("registry", "status", "--json").json()
    assert said["date"].startswith("2020-12") and said["origin"] == str(image(tmp_path))
    assert said["records"] == len(rows_of(OLD)) - 1
    assert berth("--json", "11434/tcp").json()["registry"]["tcp"]["state"] == "unassigned"
    again = berth("registry", "import", "--json", str(CURRENT)).json()
    assert again["schema"] == "berth-registry-import-1"
    assert berth("registry", "status", "--json").json()["date"] == "2026-02-13"
    assert berth("--json", "11434/tcp").json()["registry"]["tcp"]["state"] == "assigned"


def key(row: list[str]) -> tuple[str, str, str]:
    return row[0], row[1], row[2]


def test_a_difference_is_told_by_name_port_and_transport(berth: Berth) -> None:
    """The same counts as an independent comparison of the two files."""
    said = berth("registry", "diff", "--json", str(OLD), str(CURRENT)).json()
    assert said["schema"] == "berth-registry-diff-1"
    changes = said["changes"]
    told = Counter(change["change"] for change in changes)
    before, after = (Counter(map(key, rows_of(path)[1:])) for path in (OLD, CURRENT))
    added, removed = after - before, before - after
    assert told["added"] - told["removed"] == added.total() - removed.total()
    assert (told["added"], told["removed"]) == (added.total(), removed.total())
    assert told["changed"] == changed_rows()
    ollama = [change for change in changes if change["after"] and change["after"]["name"] == "ollama"]
    assert ollama and ollama[0]["change"] == "added"


def changed_rows() -> int:
    """Rows of which both files have as many with that key, and whose other columns differ."""
    def grouped(path: Path) -> dict[tuple[str, str, str], list[tuple[str, ...]]]:
        groups: dict[tuple[str, str, str], list[tuple[str, ...]]] = {}
        for row in rows_of(path)[1:]:
            groups.setdefault(key(row), []).append(tuple(row))
        return groups
    old, new = grouped(OLD), grouped(CURRENT)
    changed = 0
    for each in old.keys() & new.keys():
        same = Counter(old[each]) & Counter(new[each])
        changed += min(len(old[each]), len(new[each])) - same.total()
    return changed


def test_a_file_compared_with_itself_has_no_difference(berth: Berth) -> None:
    said = berth("registry", "diff", "--json", str(CURRENT), str(CURRENT)).json()
    assert said["changes"] == []


def test_text_of_a_difference_has_a_line_each_and_a_summary(berth: Berth) -> None:
    answer = berth("registry", "diff", str(OLD), str(CURRENT))
    said = berth("registry", "diff", "--json", str(OLD), str(CURRENT)).json()
    assert len(answer.out.splitlines()) >= len(said["changes"]) + 1
    assert "added" in answer.out.splitlines()[-1]


# ---- The XML form ------------------------------------------------------------------------------

def persons(parent: ElementTree.Element, cell: str) -> None:
    """[Jon_Postel][Joyce_Reynolds]: one cross-reference each. Other text stands as it is."""
    for name in re.findall(r"\[([^]]*)\]", cell):
        ElementTree.SubElement(parent, "xref", {"type": "person", "data": name})
    if cell and "[" not in cell:
        parent.text = cell


def as_xml(rows: list[list[str]], updated: str = "2026-02-14") -> bytes:
    """The registry as IANA's XML: one <record> a row, inside <registry> inside <registry>."""
    outer = ElementTree.Element("registry", {"xmlns": NAMESPACE, "id": "service-names-port-numbers"})
    ElementTree.SubElement(outer, "title").text = (
        "Service Name and Transport Protocol Port Number Registry")
    ElementTree.SubElement(outer, "updated").text = updated
    inner = ElementTree.SubElement(outer, "registry", {"id": "service-names-port-numbers-1"})
    for row in rows:
        attributes = {}
        if row[6]:
            attributes["date"] = row[6]
        if row[7]:
            attributes["updated"] = row[7]
        record = ElementTree.SubElement(inner, "record", attributes)
        for tag, text in (("name", row[0]), ("number", row[1]), ("protocol", row[2]),
                          ("description", row[3])):
            if text or tag == "description":
                ElementTree.SubElement(record, tag).text = text
        for tag, text in (("sc", row[9]), ("unauthorized", row[10]), ("note", row[11])):
            if text:
                ElementTree.SubElement(record, tag).text = text
        if row[4]:
            persons(ElementTree.SubElement(record, "assignee"), row[4])
        persons(record, row[5])
        for text in filter(None, row[8].replace("]", "[").split("[")):
            rfc = re.fullmatch(r"RFC\d+", text)
            ElementTree.SubElement(record, "xref", {"type": "rfc" if rfc else "draft",
                                                    "data": text.lower() if rfc else text})
    return b"<?xml version='1.0' encoding='UTF-8'?>\n" + ElementTree.tostring(outer)


def test_the_xml_form_says_the_same_as_the_csv_form(berth: Berth, tmp_path: Path) -> None:
    xml = tmp_path / "registry.xml"
    xml.write_bytes(as_xml(rows_of(CURRENT)[1:]))
    said = berth("registry", "diff", "--json", str(CURRENT), str(xml))
    assert said.code == YES, said.err
    assert said.json()["changes"] == []
    assert berth("registry", "import", str(xml)).code == YES
    assert berth("registry", "status", "--json").json()["date"] == "2026-02-14"


# ---- Refused files -----------------------------------------------------------------------------

def spoil(rows: list[list[str]], line: int, column: int, text: str) -> list[list[str]]:
    copy = [list(row) for row in rows]
    copy[line][column] = text
    return copy


def refused_files() -> dict[str, Callable[[list[list[str]]], bytes]]:
    def whole(rows: list[list[str]]) -> bytes:
        return as_csv(rows).encode()
    return {
        "empty": lambda rows: b"",
        "cut in a record": lambda rows: whole(rows)[:500000],
        "headings only": lambda rows: whole(rows[:1]),
        "few records": lambda rows: whole(rows[:100]),
        "other headings": lambda rows: whole(spoil(rows, 0, 0, "Name")),
        "port above 65535": lambda rows: whole(spoil(rows, 50, 1, "65536")),
        "range turned around": lambda rows: whole(spoil(rows, 50, 1, "90-80")),
        "no number": lambda rows: whole(spoil(rows, 50, 1, "eighty")),
        "unknown transport": lambda rows: whole(spoil(rows, 50, 2, "icmp")),
        "a NUL byte": lambda rows: whole(rows).replace(b"ssh", b"s\0h", 1),
        "not UTF-8": lambda rows: whole(rows).replace(b"ssh", b"s\xffh", 1),
        "a spelling never seen": lambda rows: whole(
            spoil(spoil(rows, 50, 0, ""), 50, 3, "Perhaps reserved")),
        "a column too many": lambda rows: whole([*rows[:50], rows[50] + ["x"], *rows[51:]]),
        "no registry": lambda rows: b"\x7fELF" + bytes(10000),
        "xml that ends early": lambda rows: as_xml(rows[1:])[:100000],
        "xml with entities": lambda rows: b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
                                          b'<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><registry>&b;</registry>',
    }


@pytest.mark.parametrize("kind", sorted(refused_files()))
def test_a_refused_file_leaves_the_old_copy_in_use(berth: Berth, tmp_path: Path, kind: str) -> None:
    assert berth("registry", "import", str(OLD)).code == YES
    before = image(tmp_path).read_bytes()
    bad = tmp_path / "bad.csv"
    bad.write_bytes(refused_files()[kind](rows_of(CURRENT)))
    answer = berth("registry", "import", str(bad))
    assert answer.code == UNKNOWN, answer.out
    assert_one_clear_line(answer)
    assert "bad.csv" in answer.err
    assert image(tmp_path).read_bytes() == before
    assert berth("registry", "status", "--json").json()["date"].startswith("2020-12")
    assert sorted(path.name for path in image(tmp_path).parent.iterdir()) == ["registry.image"]


def test_the_line_of_a_bad_record_is_named(berth: Berth, tmp_path: Path) -> None:
    rows = spoil(rows_of(CURRENT), 3, 1, "65536")
    bad = tmp_path / "bad.csv"
    bad.write_text(as_csv(rows), encoding="utf-8", newline="")
    assert "bad.csv:4:" in berth("registry", "import", str(bad)).err


def test_a_file_that_is_not_there_or_cannot_be_read(berth: Berth, tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        answer = berth("registry", "import", str(path))
        assert answer.code == UNKNOWN
        assert_one_clear_line(answer)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user who may not read a file")
def test_an_unreadable_registry_is_told(berth: Berth, public: Path) -> None:
    secret = public / "secret.image"
    assert berth("--registry", str(secret), "registry", "import", str(OLD)).code == YES
    secret.chmod(0)
    answer = berth("--registry", str(secret), "80",
                   before=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"))
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_a_broken_image_of_the_user_is_told_and_the_built_in_copy_used(
        berth: Berth, tmp_path: Path) -> None:
    image(tmp_path).parent.mkdir(parents=True)
    assert berth("registry", "import", str(OLD)).code == YES
    sound = image(tmp_path).read_bytes()
    for spoiled in (b"", sound[:1000], sound[:-1], b"x" + sound[1:],
                    sound[:5000] + bytes([sound[5000] ^ 255]) + sound[5001:]):
        image(tmp_path).write_bytes(spoiled)
        answer = berth("registry", "status", "--json")
        assert answer.json()["origin"] == "built-in"
        assert answer.err.startswith("berth: ") and answer.err.count("\n") == 1


def test_a_named_image_that_is_not_there_is_an_error(berth: Berth, tmp_path: Path) -> None:
    answer = berth("--registry", str(tmp_path / "none"), "80")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_an_import_replaces_images_and_nothing_else(berth: Berth, tmp_path: Path) -> None:
    mine = tmp_path / "thesis.txt"
    mine.write_text("years of work\n")
    answer = berth("--registry", str(mine), "registry", "import", str(OLD))
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
    assert mine.read_text() == "years of work\n"
    assert berth("registry", "import", str(OLD)).code == YES
    image(tmp_path).write_bytes(image(tmp_path).read_bytes()[:1000])
    assert berth("registry", "import", str(OLD)).code == YES
    assert berth("registry", "status", "--json").json()["origin"] == str(image(tmp_path))


@pytest.mark.parametrize("arguments", [
    ["import"], ["import", "a", "b"], ["diff", "a"], ["diff"], ["diff", "a", "b", "c"], ["nonsense"],
    ["status", "x"],
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth("registry", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_an_imported_copy_answers_a_replay_only_when_asked(berth: Berth, tmp_path: Path) -> None:
    assert berth("registry", "import", str(OLD)).code == YES
    replay = ("--replay", str(RECORDINGS / "town"), "--json", "80")
    assert berth(*replay).json()["registry"]["date"] == "2026-02-13"
    own = berth("--registry", str(image(tmp_path)), *replay).json()
    assert own["registry"]["date"].startswith("2020-12")


def test_json_lines_of_changes_are_json(berth: Berth) -> None:
    answer = berth("registry", "diff", "--jsonl", str(OLD), str(CURRENT))
    said: Any = [json.loads(line) for line in answer.out.splitlines()]
    assert said
