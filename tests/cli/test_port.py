# SPDX-License-Identifier: MIT
"""berth PORT: what a person may type, what comes back, and what never does."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

REPLAY = ("--replay", str(RECORDINGS / "town"))
Berth = Callable[..., Answer]


def report(berth: Berth, *arguments: str) -> Any:
    answer = berth(*REPLAY, "--json", *arguments)
    assert answer.code in (YES, NO), answer.err
    return answer.json()


def test_60587_belongs_to_nobody_and_xsan_is_a_claim_on_a_pool(berth: Berth) -> None:
    said = report(berth, "60587")
    assert said["range"] == {"name": "dynamic", "first": 49152, "last": 65535}
    assert said["registry"]["tcp"] == {"state": "unassignable", "records": []}
    assert (said["de_facto"]["state"], said["de_facto"]["service"]) == ("nobody", None)
    xsan = [claim for claim in said["claims"] if "xsan" in claim["service"].lower()]
    assert xsan
    for claim in xsan:
        assert (claim["scope"], claim["ports_claimed"]) == ("pool", 16384)
        assert (claim["first"], claim["last"], claim["transport"]) == (49152, 65535, "tcp")
        assert claim["claimant"] == "Apple" and claim["source"] and claim["source_url"]
    assert "xsan" not in json.dumps(said["verdict"]).lower()
    assert said["sockets"] == []


@pytest.mark.parametrize("arguments", [
    ("60587",), ("-v", "60587"), ("57500",), ("-v", "49152"), ("65535/tcp",), ("60587", "60588"),
])
def test_no_card_puts_a_claimant_of_a_pool_on_this_machine(berth: Berth, arguments: tuple[str, ...]) -> None:
    """Apple's claim stands under Claims and nowhere else."""
    for card in re.split(r"^(?=\d+[/ ])", berth(*REPLAY, *arguments).out, flags=re.M)[1:]:
        claims, _, rest = card.partition("\nHere ")
        assert re.search("Xsan|pools of", claims) and "\nVerdict " in rest
        assert not re.search("xsan|apple|mosh|microsoft", rest, re.I), rest


def test_a_service_that_custom_gives_a_port_to(berth: Berth) -> None:
    said = report(berth, "5432/tcp")
    assert said["de_facto"]["state"] == "owned"
    assert "postgres" in said["de_facto"]["service"].lower()


def test_registry_and_custom_may_differ(berth: Berth) -> None:
    said = report(berth, "9200/tcp")
    assert [record["name"] for record in said["registry"]["tcp"]["records"]] == ["wap-wsp"]
    assert "elasticsearch" in said["de_facto"]["candidates"][0]["name"].lower()


def test_a_port_that_many_use_is_contested(berth: Berth) -> None:
    said = report(berth, "3000/tcp")
    assert said["de_facto"]["state"] == "contested" and said["de_facto"]["service"] is None
    weights = [candidate["weight"] for candidate in said["de_facto"]["candidates"]]
    assert len(weights) > 1 and weights == sorted(weights, reverse=True)


def test_custom_that_became_law_has_a_date(berth: Berth) -> None:
    first = report(berth, "11434/tcp")["de_facto"]["candidates"][0]
    assert first["service"] == "ollama" and first["registry"] is True
    assert first["registered"] == "2025-09-26"
    assert "2025-09-26" in berth(*REPLAY, "11434/tcp").out


def test_an_assignment_that_spans_a_range_covers_what_is_in_it(berth: Berth) -> None:
    records = report(berth, "6042/tcp")["registry"]["tcp"]["records"]
    assert [(record["name"], record["first"], record["last"]) for record in records] == [
        ("x11", 6000, 6063)]


def test_a_port_may_have_several_names(berth: Berth) -> None:
    records = report(berth, "80/tcp")["registry"]["tcp"]["records"]
    assert {record["name"] for record in records} == {"http", "www", "www-http"}


def test_references_to_rfcs_are_links(berth: Berth) -> None:
    records = report(berth, "443/tcp")["registry"]["tcp"]["records"]
    links = {reference["text"]: reference["url"] for record in records
             for reference in record["references"]}
    assert links["RFC9110"] == "https://www.rfc-editor.org/rfc/rfc9110"


@pytest.mark.parametrize(("typed", "port"), [
    ("8080", 8080), (":8080", 8080), ("8080/udp", 8080), ("127.0.0.1:8080", 8080), ("[::1]:80", 80),
    ("https", 443), ("https/tcp", 443), ("0", 0), ("65535", 65535), ("00080", 80), ("::1:80", None),
])
def test_what_a_person_may_type_for_one_port(berth: Berth, typed: str, port: int | None) -> None:
    answer = berth(*REPLAY, "--json", typed)
    if port is None:
        assert answer.code == USAGE
    else:
        assert answer.code in (YES, NO), answer.err
        said = answer.json()
        ports = [said["port"]] if "port" in said else [each["port"] for each in said["ports"]]
        assert port in ports


@pytest.mark.parametrize(("typed", "ports"), [
    (("3000-3003",), [3000, 3001, 3002, 3003]), (("80,443",), [80, 443]), (("443", "80"), [443, 80]),
    (("80,90-91",), [80, 90, 91]),
])
def test_several_ports_make_a_list(berth: Berth, typed: tuple[str, ...], ports: list[int]) -> None:
    answer = berth(*REPLAY, "--json", *typed)
    said = answer.json()
    assert said["schema"] == "berth-reports-1"
    assert [each["port"] for each in said["ports"]] == ports
    lines = berth(*REPLAY, "--jsonl", *typed).lines()
    assert [line["port"] for line in lines] == ports
    assert lines == said["ports"]


def test_exit_codes_tell_held_from_free(berth: Berth) -> None:
    sockets = berth(*REPLAY, "ls", "--json").json()["sockets"]
    held = next(each["local"]["port"] for each in sockets if each["state"] == "LISTEN")
    taken = {each["local"]["port"] for each in sockets}
    free = next(port for port in range(2000, 60000) if port not in taken)
    assert berth(*REPLAY, str(held)).code == YES
    assert berth(*REPLAY, str(free)).code == NO


@pytest.mark.parametrize("typed", [
    "65536", "-1", "abc/xyz", "", "80/", "/tcp", "80-", "-80", "90-80", "80,,90", "1e3", "0x50", "80/xyz",
    "99999999999999999999", "80 90", "[::1]", "[::1:80", "300.0.0.1:80", "127.0.0.1:", "no-such-service-x",
    "\x1b[31m80", "８０",
])
def test_what_is_no_port_is_refused_in_one_line(berth: Berth, typed: str) -> None:
    answer = berth(*REPLAY, typed)
    assert answer.code == USAGE, answer.out
    assert_one_clear_line(answer)


def test_bytes_that_are_no_text_are_refused_in_one_line(berth: Berth) -> None:
    answer = berth(b"\xff\xfe\x1b]0;x\x07")
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_nothing_to_ask_is_a_usage_error(berth: Berth) -> None:
    assert_one_clear_line_or_help(berth())


def assert_one_clear_line_or_help(answer: Answer) -> None:
    assert answer.code in (USAGE, YES)
    if answer.code == USAGE:
        assert answer.err.startswith("berth: ")


def test_the_card_has_its_five_parts_in_order(berth: Berth) -> None:
    card = berth(*REPLAY, "60587").out
    places = [card.index(f"\n{title} ") for title in
              ("Registry", "Claims", "Here", "Policy", "Verdict")]
    assert places == sorted(places)
    assert all(len(line) <= 80 for line in card.splitlines())


def test_the_card_on_a_narrow_terminal_is_narrow(berth: Berth) -> None:
    card = berth(*REPLAY, "60587", variables={"COLUMNS": "60"}).out
    words = [line for line in card.splitlines() if len(line) > 60]
    assert not words, words


def test_the_verdict_of_an_unknown_machine_is_not_known(berth: Berth) -> None:
    answer = berth("--replay", "/nonexistent", "80")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_without_utf8_the_card_is_ascii(berth: Berth) -> None:
    answer = berth(*REPLAY, "60587", variables={"LC_ALL": "C"})
    assert answer.bytes_out.isascii()
    assert re.search(r"49152-65535", answer.out)
