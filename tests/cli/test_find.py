# SPDX-License-Identifier: MIT
"""berth find: exact names first, then prefixes, parts of words, and slips of the finger."""

from collections.abc import Callable
from typing import Any

import pytest
from support import NO, RECORDINGS, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
ORDER = ["exact", "prefix", "substring", "near"]


def found(berth: Berth, *words: str) -> list[Any]:
    answer = berth("--replay", str(RECORDINGS / "town"), "find", "--json", *words)
    assert answer.code in (YES, NO), answer.err
    said = answer.json()
    assert (said["schema"], said["words"]) == ("berth-find-1", list(words))
    return list(said["found"])


def names(hits: list[Any], match: str | None = None) -> list[str]:
    return [(hit.get("record") or {}).get("name") or (hit.get("claim") or {}).get("service") or ""
            for hit in hits if match in (None, hit["match"])]


def test_the_best_matches_come_first(berth: Berth) -> None:
    hits = found(berth, "postgresql")
    ranks = [ORDER.index(hit["match"]) for hit in hits]
    assert ranks == sorted(ranks)
    assert "postgresql" in names(hits, "exact")
    assert any(hit.get("record") and hit["record"]["first"] == 5432 for hit in hits)
    assert any(hit.get("claim") and hit["claim"]["first"] == 5432 for hit in hits)


def test_letters_in_either_case_are_the_same(berth: Berth) -> None:
    assert found(berth, "PostgreSQL") and names(found(berth, "SSH"))[0] == "ssh"


def test_all_words_must_be_there(berth: Berth) -> None:
    for hit in found(berth, "secure", "shell"):
        text = str(hit).lower()
        assert "secure" in text and "shell" in text


def test_a_slip_of_the_finger_is_forgiven(berth: Berth) -> None:
    hits = found(berth, "postgrseql")
    assert "postgresql" in names(hits, "near")


def test_names_without_a_port_are_found(berth: Berth) -> None:
    hits = [hit for hit in found(berth, "1password") if hit.get("record")]
    assert hits and hits[0]["record"]["first"] is None


def test_nothing_found_is_a_no(berth: Berth) -> None:
    answer = berth("find", "qqqqqqqqqqqqqqqq")
    assert (answer.code, answer.out) == (NO, "")


def test_a_limit_is_kept_and_tells_what_is_left(berth: Berth) -> None:
    answer = berth("find", "--json", "--limit", "3", "http")
    said = answer.json()
    assert len(said["found"]) == 3 and said["left"] > 3


def test_lines_say_the_same_as_the_object(berth: Berth) -> None:
    import json
    lines = berth("--replay", str(RECORDINGS / "town"), "find", "--jsonl", "redis").out.splitlines()
    assert [json.loads(line) for line in lines] == found(berth, "redis")


@pytest.mark.parametrize("arguments", [[], ["--limit", "0", "x"], ["--limit", "many", "x"], ["--limit"]])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth("find", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


@pytest.mark.parametrize("word", [b"\xff\xfe", b"\x1b[31m", b"%s%n", b"(" * 100, b"a" * 10000, b""])
def test_strange_words_do_no_harm(berth: Berth, word: bytes) -> None:
    answer = berth(b"find", word)
    assert answer.code in (YES, NO, USAGE)
    assert b"\x1b" not in answer.bytes_out and "\x1b" not in answer.err
