# SPDX-License-Identifier: MIT
"""berth site: every one of the 65,536 pages is read and compared with what berth --jsonl says, and with an
independent reading of the registry (tests/registry_reading.py)."""

import functools
import json
import multiprocessing
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from markup import Markup
from registry_reading import CSV, TRANSPORTS, reading, state
from support import BERTH, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line, environment

Berth = Callable[..., Answer]
PORTS = 65536
FOLDER = 1024
MOST_SECONDS = 60


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="berth-test-") as name:
        folder = Path(name) / "site"
        start = time.monotonic()
        done = subprocess.run([BERTH, "site", folder], env=environment(Path(name)), check=True,
                              capture_output=True, text=True)
        assert time.monotonic() - start < MOST_SECONDS
        assert done.stdout.startswith("Wrote 65607 files") and done.stderr == ""
        yield folder


def faults_of(page: Markup, report: dict) -> Iterator[str]:
    """Where the page and the report differ."""
    yield from page.faults
    if page.title != f"Port {report['port']}":
        yield f"title {page.title!r}"
    registry = report["registry"]
    for transport in ("tcp", "udp", "sctp", "dccp"):
        said, dynamic = registry[transport], registry[transport]["state"] == "unassignable"
        states = [state for state in page.states if state.startswith(said["state"])]
        listed = re.search(r" for ([\w, ]+) \(", states[0]) if len(states) == 1 else None
        if len(states) != 1 or not (dynamic or (listed and transport in listed[1].split(", "))):
            yield f"state for {transport}: {page.states}"
        for record in said["records"]:
            if not any(one.startswith(record["name"] or record["state"]) for one in page.records):
                yield f"record {record['name']} is missing"
    names = {record["name"] or record["state"] for transport in ("tcp", "udp", "sctp", "dccp")
             for record in registry[transport]["records"]}
    for one in page.records:
        if not any(one.startswith(name) for name in names):
            yield f"a record that the registry does not have: {one[:60]!r}"
    if len(page.claims) != len(report["claims"]):
        yield f"{len(page.claims)} claims, not {len(report['claims'])}"
    sources = [sources[0] for sources in page.claim_sources]
    for claim in report["claims"]:
        url = claim["source_url"] or ""
        if (url if url.startswith("http") else "cite") not in sources:
            yield f"no claim links {url}"
    if (report["de_facto"]["why"] or "") not in page.text:
        yield "the reason for its owner is another"


registry = functools.cache(lambda: reading(CSV))


def contradictions(page: Markup, port: int) -> Iterator[str]:
    """Where the page says something else than the registry as it was published."""
    covering = {transport: registry()[transport][port] for transport in TRANSPORTS}
    for transport, records in covering.items():
        wanted = state(records, port)
        said = [one for one in page.states if re.search(rf" for [\w, ]*\b{transport}\b[\w, ]* \(", one)]
        if wanted == "unassignable":
            said = page.states
        if len(said) != 1 or not said[0].startswith(wanted):
            yield f"{transport} is {wanted}, not {said}"
    names = {record.name or record.state for records in covering.values() for record in records}
    for name in names:
        if not any(one.startswith(name) for one in page.records):
            yield f"the registry has {name!r}"
    for one in page.records:
        if not any(one.startswith(name) for name in names):
            yield f"the registry does not have {one[:60]!r}"


def crawl(half: tuple[Path, int, int]) -> list[str]:
    folder, first, last = half
    found = []
    with subprocess.Popen([BERTH, "--replay", RECORDINGS / "town", "--jsonl", f"{first}-{last}"],
                          stdout=subprocess.PIPE, env=environment(folder)) as command:
        assert command.stdout
        for port, line in enumerate(command.stdout, first):
            text = (folder / f"{port // FOLDER:02}" / f"{port}.html").read_text(encoding="utf-8")
            page = Markup(text)
            found += [f"{port}: {fault}" for fault in faults_of(page, json.loads(line))]
            found += [f"{port}: {fault}" for fault in contradictions(page, port)]
    return found


def test_every_page_is_sound_and_says_what_the_command_line_says(site: Path) -> None:
    quarter = PORTS // 4
    registry()  # once, for both processes
    with multiprocessing.Pool(2) as pool:
        found = pool.map(crawl, [(site, at, at + quarter - 1) for at in range(0, PORTS, quarter)])
    assert [fault for part in found for fault in part][:20] == []


def test_a_page_that_differs_is_found(site: Path, berth: Berth) -> None:
    text = (site / "05" / "5432.html").read_text(encoding="utf-8")
    report = berth("--replay", str(RECORDINGS / "town"), "--json", "5432").json()
    assert list(faults_of(Markup(text), report)) == []
    for wrong in (text.replace("assigned</strong> for tcp", "assigned</strong> for sctp"),
                  text.replace("<h3>postgresql", "<h3>mysql"), text.replace("https://www.postgresql.org/", "/x"),
                  text.replace("</li>", "", 1), text.replace("<h1>", "<h1 onclick=\"x\">")):
        assert wrong != text
        assert list(faults_of(Markup(wrong), report))
    assert list(contradictions(Markup(text), 5432)) == []
    for wrong in (text.replace("assigned</strong> for tcp", "assigned</strong> for sctp"),
                  text.replace("<h3>postgresql", "<h3>mysql")):
        assert list(contradictions(Markup(wrong), 5432))


def test_every_page_can_be_reached_without_a_script(site: Path) -> None:
    index = Markup((site / "index.html").read_text(encoding="utf-8"))
    assert index.faults == []
    lists = [link for link in index.links if link.endswith("/index.html")]
    reached = set()
    for link in lists:
        page = Markup((site / link).read_text(encoding="utf-8"))
        assert page.faults == []
        reached |= {(site / link).parent / target for target in page.links if target[0].isdigit()}
    assert len(reached) == PORTS and all(file.is_file() for file in reached)
    site_map = Markup((site / "sitemap.html").read_text(encoding="utf-8"))
    assert site_map.faults == []
    assert {site / link for link in site_map.links} >= reached


def test_nothing_of_this_machine_is_in_it(site: Path, berth: Berth) -> None:
    assert "On this machine now" not in (site / "00" / "22.html").read_text(encoding="utf-8")
    assert berth("page", "--static", "22").code == YES


def test_a_folder_that_holds_something_is_left_alone(berth: Berth, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").write_text("mine", encoding="utf-8")
    answer = berth("site", str(tmp_path / "full"))
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["letter"]
    assert [file.name for file in tmp_path.iterdir()] == ["full"]


def test_nobody_sees_half_a_site(tmp_path: Path) -> None:
    with subprocess.Popen([BERTH, "site", tmp_path / "site"], env=environment(tmp_path)) as command:
        while not list(tmp_path.glob("site.new-*/00/100.html")):
            assert command.poll() is None
        os.kill(command.pid, signal.SIGKILL)
    assert not (tmp_path / "site").exists()


@pytest.mark.parametrize("arguments", [[], ["a", "b"], [""], ["--json", "x"]])
def test_bad_questions(berth: Berth, arguments: list[str]) -> None:
    answer = berth("site", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
