# SPDX-License-Identifier: MIT
"""Every JSON output of every command is what its schema in docs/schema says, and the schemas are strict.

Rows of lists carry no schema name of their own; which schema they follow is in the table below.
"""

import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support import NO, RECORDINGS, ROOT, TIMEOUT, UNKNOWN, YES, Answer, resolver_for

Berth = Callable[..., Answer]
SCHEMAS = {file.stem: file for file in (ROOT / "docs" / "schema").glob("*.json")}
TOWN, GUEST = (["--replay", str(RECORDINGS / name)] for name in ("town", "guest"))
CURRENT = str(ROOT / "data" / "iana" / "service-names-port-numbers.csv")
OLD = str(ROOT / "tests" / "data" / "service-names-port-numbers-2020-12-16.csv")

# What is asked, the schema of --json, and the schema of each line of --jsonl.
CASES: dict[str, tuple[list[str], str, str]] = {
    "one port": ([*TOWN, "5432"], "berth-report-1", "berth-report-1"),
    "one protocol of a port": ([*TOWN, "4789/udp"], "berth-report-1", "berth-report-1"),
    "an address": ([*TOWN, "127.0.0.1:5432"], "berth-report-1", "berth-report-1"),
    "a service": ([*TOWN, "https"], "berth-report-1", "berth-report-1"),
    "several ports": ([*TOWN, "80,443", "9000"], "berth-reports-1", "berth-report-1"),
    "a range": ([*TOWN, "0-255"], "berth-reports-1", "berth-report-1"),
    "a range of the dynamic ports": ([*TOWN, "65400-65535"], "berth-reports-1", "berth-report-1"),
    "hidden owners": ([*GUEST, "22"], "berth-report-1", "berth-report-1"),
    "a broken recording": (["--replay", "BROKEN", "5432"], "berth-report-1", "berth-report-1"),
    "a port of this machine": (["LIVE"], "berth-report-1", "berth-report-1"),
    "ls": ([*TOWN, "ls"], "berth-ls-1", "berth-socket-1"),
    "ls -a": ([*TOWN, "ls", "-a"], "berth-ls-1", "berth-socket-1"),
    "ls of nothing": ([*TOWN, "ls", "--port", "1"], "berth-ls-1", "berth-socket-1"),
    "ls with hidden owners": ([*GUEST, "ls", "-a"], "berth-ls-1", "berth-socket-1"),
    "ls of a broken recording": (["--replay", "BROKEN", "ls"], "berth-ls-1", "berth-socket-1"),
    "ls of this machine": (["ls", "-a"], "berth-ls-1", "berth-socket-1"),
    "doctor": ([*TOWN, "doctor"], "berth-doctor-1", "berth-doctor-1"),
    "doctor of this machine": (["doctor"], "berth-doctor-1", "berth-doctor-1"),
    "doctor --self": (["doctor", "--self"], "berth-doctor-self-1", "berth-doctor-self-1"),
    "ephemeral": (["ephemeral"], "berth-ephemeral-1", "berth-ephemeral-1"),
    "ephemeral of a recording": ([*TOWN, "ephemeral"], "berth-ephemeral-1", "berth-ephemeral-1"),
    "ephemeral of all namespaces": (["ephemeral", "--netns", "all"], "berth-ephemeral-1", "berth-ephemeral-1"),
    "reserve": (["reserve", "-n", "61001-61003"], "berth-reserve-1", "berth-reserve-1"),
    "unreserve": (["unreserve", "-n", "--all"], "berth-reserve-1", "berth-reserve-1"),
    "answers": ([*TOWN, "answers", ":3000"], "berth-answers-1", "berth-answers-1"),
    "answers of nobody": ([*TOWN, "answers", "127.0.0.1:1/udp"], "berth-answers-1", "berth-answers-1"),
    "answers with a hidden owner": ([*GUEST, "answers", ":22"], "berth-answers-1", "berth-answers-1"),
    "answers of this machine": (["answers", ":1"], "berth-answers-1", "berth-answers-1"),
    "why": ([*TOWN, "why", "3000"], "berth-why-1", "berth-why-1"),
    "why not": ([*TOWN, "why", "--listen", "127.0.0.1:59999/udp"], "berth-why-1", "berth-why-1"),
    "check": ([*TOWN, "check", "5432", "6000", "40000-40010", "1-65535"], "berth-check-1", "berth-check-1"),
    "wait": ([*TOWN, "wait", "5432"], "berth-wait-1", "berth-wait-1"),
    "wait in vain": ([*TOWN, "wait", "--free", "5432,53/udp"], "berth-wait-1", "berth-wait-1"),
    "kill": ([*TOWN, "kill", "-n", "5432,22"], "berth-kill-1", "berth-kill-1"),
    "kill of nobody": ([*TOWN, "kill", "-n", "9000"], "berth-kill-1", "berth-kill-1"),
    "kill of a kernel socket": ([*TOWN, "kill", "-n", "4789/udp"], "berth-kill-1", "berth-kill-1"),
    "ls with details": ([*TOWN, "ls", "-a", "-v"], "berth-ls-1", "berth-socket-1"),
    "ls of this machine with details": (["ls", "-a", "-v"], "berth-ls-1", "berth-socket-1"),
    "one port with details": ([*TOWN, "-v", "5432"], "berth-report-1", "berth-report-1"),
    "find": (["find", "ssh"], "berth-find-1", "berth-found-1"),
    "find with words": (["find", "apple", "file"], "berth-find-1", "berth-found-1"),
    "find with a limit": (["find", "--limit", "2", "http"], "berth-find-1", "berth-found-1"),
    "find with a slip": (["find", "postgrseql"], "berth-find-1", "berth-found-1"),
    "find of nothing": (["find", "qqqqqqqqqqqqqqqq"], "berth-find-1", "berth-found-1"),
    "registry": (["registry"], "berth-registry-status-1", "berth-registry-status-1"),
    "registry status": (["registry", "status"], "berth-registry-status-1", "berth-registry-status-1"),
    "registry import": (["registry", "import", OLD], "berth-registry-import-1", "berth-registry-change-1"),
    "registry import without a change": (
        ["registry", "import", CURRENT], "berth-registry-import-1", "berth-registry-change-1"),
    "registry diff": (["registry", "diff", OLD, CURRENT], "berth-registry-diff-1", "berth-registry-change-1"),
    "record": (["record", "NEW"], "berth-recording-1", "berth-recording-1"),
    "record --scrub": (
        [*TOWN, "record", "--scrub", "NEW"], "berth-recording-1", "berth-recording-1"),
    "version": (["version"], "berth-version-1", "berth-version-1"),
    "--version": (["--version"], "berth-version-1", "berth-version-1"),
    "help": (["help"], "berth-help-1", "berth-help-1"),
    "help ls": (["help", "ls"], "berth-help-1", "berth-help-1"),
    "--help": (["ls", "--help"], "berth-help-1", "berth-help-1"),
    "completion bash": (["completion", "bash"], "berth-completion-1", "berth-completion-1"),
    "completion zsh": (["completion", "zsh"], "berth-completion-1", "berth-completion-1"),
    "completion fish": (["completion", "fish"], "berth-completion-1", "berth-completion-1"),
    "completion words": (["completion", "words"], "berth-words-1", "berth-words-1"),
    "completion words registry": (["completion", "words", "registry"], "berth-words-1", "berth-words-1"),
}


@cache
def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMAS[name].read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, resolver=resolver_for(schema))


def assert_valid(value: Any, name: str) -> None:
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(value))
    assert error is None, f"{name}: {error.json_path}: {error.message[:500]}"


def strict(text: str) -> Any:
    """JSON as RFC 8259 and RFC 7493 have it: no NaN, no name twice in an object."""
    def no_constant(word: str) -> None:
        raise ValueError(word)

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), names
        return dict(pairs)
    return json.loads(text, parse_constant=no_constant, object_pairs_hook=unique)


@pytest.fixture
def words(tmp_path: Path) -> Iterator[Callable[[list[str]], list[str]]]:
    """Puts a port of this machine, a broken recording and a new folder where the table names them."""
    broken = tmp_path / "broken"
    shutil.copytree(RECORDINGS / "town", broken, symlinks=True)
    answer = broken / "netlink" / "tcp.bin"
    answer.write_bytes(answer.read_bytes()[:1000])
    with socket.create_server(("127.0.0.1", 0)) as server:
        places = {"BROKEN": str(broken), "LIVE": str(server.getsockname()[1])}
        new = iter(range(9))
        yield lambda given: [str(tmp_path / f"new{next(new)}") if word == "NEW" else places.get(word, word)
                             for word in given]


@pytest.mark.parametrize("case", CASES)
def test_an_answer_is_what_its_schema_says(
        berth: Berth, words: Callable[[list[str]], list[str]], case: str) -> None:
    arguments, whole, each = CASES[case]
    answer = berth("--json", *words(arguments))
    assert answer.code in (YES, NO, UNKNOWN, TIMEOUT), answer.err
    assert answer.bytes_out.endswith(b"\n") and answer.bytes_out.count(b"\n") == 1
    said = strict(answer.bytes_out.decode("utf-8"))
    assert said["schema"] == whole
    assert next(iter(said)) == "schema"
    assert_valid(said, whole)
    lines = [strict(line) for line in berth("--jsonl", *words(arguments)).bytes_out.decode("utf-8").splitlines()]
    for line in lines:
        assert_valid(line, each)
    if whole == each:
        assert len(lines) == 1


def test_claims_and_records_of_all_kinds_are_what_their_schema_says(berth: Berth) -> None:
    """Every tenth port: each kind of claim, each state, each note is among them."""
    ports = ",".join(map(str, [*range(0, 50000, 100), *range(50000, 65536, 3000), 9200, 3000, 11434, 44323]))
    kinds, scopes, states = set(), set(), set()
    for line in berth(*TOWN, "--jsonl", ports).bytes_out.decode("utf-8").splitlines():
        said = strict(line)
        assert_valid(said, "berth-report-1")
        kinds |= {claim["kind"] for claim in said["claims"]}
        scopes |= {claim["scope"] for claim in said["claims"]}
        states |= {said["registry"][name]["state"] for name in ("tcp", "udp", "sctp", "dccp")}
    assert kinds >= {"vendor-doc", "software-default", "distro-services", "community-list", "os-policy",
                     "malware-history"}
    assert scopes == {"exact", "range-base", "pool"}
    assert states == {"assigned", "reserved", "unassigned", "unassignable"}


@pytest.mark.skipif(os.getuid() != 0, reason="already unprivileged")
def test_an_unprivileged_answer_is_what_its_schema_says(berth: Berth) -> None:
    answer = berth("ls", "-a", "--json",
                   before=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"))
    assert answer.code in (YES, NO)
    assert_valid(strict(answer.out), "berth-ls-1")


# ---- The schemas themselves --------------------------------------------------------------------

def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """All objects inside a schema."""
    if isinstance(schema, dict):
        yield schema
        for value in schema.values():
            yield from parts(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from parts(value)


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_sound_and_strict(name: str) -> None:
    schema = json.loads(SCHEMAS[name].read_text(encoding="utf-8"))
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == name and schema["description"]
    for part in parts(schema):
        if part.get("type") == "object" or (isinstance(part.get("properties"), dict) and "type" in part):
            assert part["additionalProperties"] is False, part
            if name != "berth-found-1":  # either a record or a claim
                assert set(part["required"]) == set(part["properties"])


def test_a_schema_refuses_what_is_not_in_it() -> None:
    for wrong in ({"schema": "berth-version-1", "version": "1.2.3", "more": 1}, {"schema": "berth-version-1"},
                  {"schema": "berth-version-1", "version": 1}, {"schema": "berth-help-1", "version": "1.2.3"}):
        with pytest.raises(AssertionError):
            assert_valid(wrong, "berth-version-1")


def test_a_schema_refuses_what_is_wrong_inside_another_one(berth: Berth) -> None:
    for part, wrong in (("sockets", {"proto": "icmp"}), ("sockets", {"more": 1}), ("claims", {"first": "80"})):
        said = berth(*TOWN, "--json", "5432").json()
        said[part][0].update(wrong)
        with pytest.raises(AssertionError):
            assert_valid(said, "berth-report-1")


def test_every_schema_is_used() -> None:
    used = {name for _, whole, each in CASES.values() for name in (whole, each)}
    used.add("berth-enable-1")  # in test_enable.py
    used.add("berth-history-1")  # in tests/live/test_history.py
    used.add("berth-map-1")  # in test_serve.py
    used |= {"berth-env-1", "berth-free-1", "berth-lease-1", "berth-leases-1"}  # in tests/live/test_leases.py, test_up.py
    rest = list(used)
    while rest:
        schema = json.loads(SCHEMAS[rest.pop()].read_text(encoding="utf-8"))
        more = {part["$ref"].partition("#")[0].removesuffix(".json") for part in parts(schema)
                if isinstance(part.get("$ref"), str) and not part["$ref"].startswith("#")}
        rest += more - used
        used |= more
    assert used == set(SCHEMAS)
