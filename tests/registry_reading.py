# SPDX-License-Identifier: MIT
"""An independent reading of the registry: it knows Python's csv module and RFC 6335, and nothing of
berth's code. For each of the 65,536 ports and 4 transports it says the state and the set of records."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from support import ROOT

CSV = ROOT / "data" / "iana" / "service-names-port-numbers.csv"
TRANSPORTS = ("tcp", "udp", "sctp", "dccp")

# What a description makes of a row without a name. Whatever else has no name is new: look at it, decide.
UNASSIGNED = {"unassigned", "unassigned [was netstat]", "unassigned (frp-released 12/7/00)",
              "(unassigned) possibly assigned", "possibly used by sun solaris????"}
RESERVED = {"reserved", "reserved - iana", "iana reserved", "de-registered", "removed", "deprecated",
            "de-commissioned port", "decomissioned port 04/14/00, ms"}
# Names for a private use of the port: taken, by whoever runs such a service.
ASSIGNED = re.compile(r"any private (mail system|printer server|terminal access|file service|"
                      r"dial out service|rje service|terminal link)")


class Record(NamedTuple):
    name: str
    first: int
    last: int
    state: str
    texts: tuple[str, ...]  # description, assignee, contact, dates, service code, unauthorised, notes
    references: tuple[str, ...]


def plain(text: str) -> str:
    """Line breaks inside a field are the publisher's word wrap."""
    return " ".join(text.split())


def state_of(name: str, description: str) -> str:
    spelling = plain(description).lower()
    if spelling in UNASSIGNED:
        return "unassigned"
    if spelling in RESERVED:
        return "reserved"
    if not name and not ASSIGNED.fullmatch(spelling):
        raise ValueError(f"a description never seen for a row without a name: {description!r}")
    return "assigned"


def read(path: Path) -> Iterator[tuple[Record, list[str]]]:
    """Each record that has a port, with the transports it holds for."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            name, port, transport, description, assignee, contact, registered, modified, reference, \
                code, unauthorized, notes = row
            if not port:
                continue
            first, _, last = port.partition("-")
            texts = tuple(map(plain, (
                description, assignee, contact, registered, modified, code, unauthorized, notes)))
            references = tuple(plain(each) for each in re.split(r"[\[\]]+", reference) if each.strip())
            yield (Record(name, int(first), int(last or first), state_of(name, description), texts,
                          references),
                   [transport] if transport else list(TRANSPORTS))


def reading(path: Path) -> dict[str, list[list[Record]]]:
    """For each transport and port the records that cover it."""
    covering: dict[str, list[list[Record]]] = {
        transport: [[] for _ in range(65536)] for transport in TRANSPORTS}
    for record, transports in read(path):
        for transport in transports:
            for port in range(record.first, record.last + 1):
                covering[transport][port].append(record)
    return covering


STRENGTH = ("assigned", "reserved", "unassigned")


def state(records: list[Record], port: int) -> str:
    """The narrowest record decides; of several such, an assignment before a reservation."""
    if port >= 49152:
        return "unassignable"  # RFC 6335 section 6: nothing can be assigned here
    if not records:
        return "unassigned"
    narrowest = min(record.last - record.first for record in records)
    return min((record.state for record in records if record.last - record.first == narrowest),
               key=STRENGTH.index)
