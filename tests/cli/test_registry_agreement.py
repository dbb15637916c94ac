# SPDX-License-Identifier: MIT
"""berth and an independent reading of the registry (tests/registry_reading.py) agree on every port and
transport, all columns of all records."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from registry_reading import CSV, TRANSPORTS, Record, plain, reading, state, state_of
from support import BERTH, environment


def record_of(row: dict[str, Any]) -> Record:
    texts = tuple(plain(row[key] or "") for key in (
        "description", "assignee", "contact", "registered", "modified", "service_code",
        "unauthorized_use", "notes"))
    return Record(row["name"] or "", row["first"], row["last"], row["state"], texts,
                  tuple(plain(each["text"]) for each in row["references"]))


def test_every_port_and_transport_agrees(tmp_path: Path) -> None:
    expected = reading(CSV)
    process = subprocess.Popen([BERTH, "--jsonl", "0-65535"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, env=environment(tmp_path))
    assert process.stdout
    wrong: list[str] = []
    ports = 0
    for port, line in enumerate(process.stdout):
        said = json.loads(line)
        assert said["port"] == port
        ports += 1
        for transport in TRANSPORTS:
            mine, theirs = expected[transport][port], said["registry"][transport]
            if theirs["state"] != state(mine, port):
                wrong.append(f"{port}/{transport}: {theirs['state']}, not {state(mine, port)}")
            if sorted(map(record_of, theirs["records"])) != sorted(mine):
                wrong.append(f"{port}/{transport}: {theirs['records']}, not {mine}")
        assert len(wrong) < 10, "\n".join(wrong)
    process.wait()
    assert not wrong, "\n".join(wrong)
    assert ports == 65536


def test_range_names_follow_rfc_6335(tmp_path: Path) -> None:
    done = subprocess.run([BERTH, "--jsonl", "0,1023,1024,49151,49152,65535"], capture_output=True,
                          check=False, env=environment(tmp_path))
    names = [json.loads(line)["range"]["name"] for line in done.stdout.splitlines()]
    assert names == ["system", "system", "user", "user", "dynamic", "dynamic"]


def test_the_reading_refuses_a_spelling_it_has_never_seen() -> None:
    with pytest.raises(ValueError, match="never seen"):
        state_of("", "Perhaps reserved")
