# SPDX-License-Identifier: MIT
"""Nothing that could tell who made a scrubbed recording remains in any file or name of it."""

import json
import os
import secrets
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import YES, run_berth
from worlds import REASON, World, needs_namespaces, world

pytestmark = needs_namespaces
ADDRESSES = ("192.0.2.1", "192.0.2.77", "2001:db8::77:1")


@pytest.fixture(scope="module")
def there() -> Iterator[World]:
    if REASON:
        pytest.skip(REASON)
    with world("secrets_world.py", secrets.token_hex(4)) as made:
        yield made


@pytest.fixture(scope="module")
def recordings(there: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {}
    for name, options in (("plain", ()), ("scrubbed", ("--scrub",))):
        made[name] = tmp_path_factory.mktemp("recordings") / name
        answer = run_berth(made[name].parent, "record", *options, str(made[name]), before=there.enter)
        assert answer.code == YES, answer.err
    return made


def everything(folder: Path) -> bytes:
    """All names, link targets and contents of a recording."""
    parts: list[bytes] = []
    for place, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = Path(place) / name
            parts.append(str(path.relative_to(folder)).encode("utf-8", "surrogateescape"))
            if path.is_symlink():
                parts.append(os.readlink(path).encode("utf-8", "surrogateescape"))
            elif path.is_file():
                parts.append(path.read_bytes())
    return b"\0".join(parts)


def packed(address: str) -> list[bytes]:
    """An address as text, as the kernel's bytes, and as /proc/net writes it."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.inet_pton(family, address)
    words = struct.unpack(f"={len(raw) // 4}I", raw)
    return [address.encode(), raw, "".join(f"{word:08X}" for word in words).encode()]


def secrets_of(there: World) -> list[bytes]:
    said = there.said
    found = [said["host"].encode(), *(text.encode() for text in said["texts"])]
    for address in ADDRESSES:
        found += packed(address)
    return found


def test_a_plain_recording_holds_what_the_test_looks_for(
        there: World, recordings: dict[str, Path]) -> None:
    """Otherwise the next test would find nothing for the wrong reason."""
    content = everything(recordings["plain"])
    assert there.said["argument"].encode() in content
    assert socket.inet_pton(socket.AF_INET, "192.0.2.77") in content
    assert b"nobody" in content


def test_none_of_it_remains_after_scrubbing(there: World, recordings: dict[str, Path]) -> None:
    content = everything(recordings["scrubbed"])
    for secret in secrets_of(there):
        assert secret not in content, f"{secret!r} is still there"
    for name in ("nobody", "daemon", "www-data"):
        assert name.encode() not in content, f"the user name {name} is still there"


def rows(tmp_path: Path, folder: Path) -> list[Any]:
    return list(run_berth(tmp_path, "--replay", str(folder), "ls", "-a", "--json").json()["sockets"])


def test_ports_states_and_owners_stay(recordings: dict[str, Path], tmp_path: Path) -> None:
    plain, scrubbed = (rows(tmp_path, recordings[name]) for name in ("plain", "scrubbed"))

    def what_stays(row: Any) -> str:
        return json.dumps([row["proto"], row["family"], row["state"], row["local"]["port"],
                           row["peer"] and row["peer"]["port"], row["uid"], row["inode"],
                           row["cookie"], [[owner["pid"], owner["start_ticks"], owner["fd"]]
                                           for owner in row["owners"]], row["reason_kind"]])
    assert sorted(map(what_stays, plain)) == sorted(map(what_stays, scrubbed))


def test_loopback_and_wildcard_stay_and_others_are_replaced_alike(
        recordings: dict[str, Path], tmp_path: Path) -> None:
    plain, scrubbed = (rows(tmp_path, recordings[name]) for name in ("plain", "scrubbed"))
    other = {row["cookie"]: row for row in scrubbed}
    substitutes: dict[str, set[str]] = {}
    for row in plain:
        for side in ("local", "peer"):
            if row[side]:
                substitutes.setdefault(row[side]["address"], set()).add(
                    other[row["cookie"]][side]["address"])
    for address, changed in substitutes.items():
        assert len(changed) == 1, f"{address} became {changed}"
        stays = address in ("0.0.0.0", "::", "::1") or address.startswith("127.")
        assert (changed == {address}) == stays, f"{address} became {changed}"
    assert len({next(iter(changed)) for changed in substitutes.values()}) == len(substitutes)
