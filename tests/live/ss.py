# SPDX-License-Identifier: MIT
"""Reads what ss prints (iproute2 6.1) into rows that can be compared with those of berth ls --json."""

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

STATES = {"LISTEN": "LISTEN", "ESTAB": "ESTABLISHED", "TIME-WAIT": "TIME_WAIT", "UNCONN": "UNCONN",
          "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV", "FIN-WAIT-1": "FIN_WAIT1",
          "FIN-WAIT-2": "FIN_WAIT2", "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK",
          "CLOSING": "CLOSING"}
LINE = re.compile(r"^(?P<proto>\w+)\s+(?P<state>\S+)\s+(?P<receive>\d+)\s+(?P<send>\d+)\s+"
                  r"(?P<local>\S+)\s+(?P<peer>\S+)(?:\s+(?P<rest>.*))?$")
OWNER = re.compile(r'\("((?:[^"\\]|\\.)*)",pid=(\d+),fd=(\d+)\)')


@dataclass(frozen=True)
class Row:
    proto: str
    family: int
    state: str
    local: tuple[str, int]
    peer: tuple[str, int] | None
    interface: str | None
    receive_queue: int
    send_queue: int
    uid: int
    inode: int | None
    cookie: int
    v6only: bool | None
    owners: frozenset[tuple[int, str]]


def split(endpoint: str) -> tuple[str, int, str | None]:
    """'127.0.0.1%lo:80' as address, port, interface; '*' is the IPv6 wildcard of a dual-stack socket."""
    address, _, port = endpoint.rpartition(":")
    address, _, interface = address.strip("[]").replace("]", "").partition("%")
    number = 0 if port == "*" else int(port)
    return ("::" if address == "*" else str(ipaddress.ip_address(address)), number, interface or None)


def family_of(address: str) -> int:
    return ipaddress.ip_address(address).version


def find(pattern: str, text: str) -> str | None:
    match = re.search(pattern, text)
    return match[1] if match else None


def timer_s(text: str) -> int | None:
    """Seconds left of a TIME_WAIT timer: timer:(timewait,59sec,0) or (timewait,1min,0)."""
    timer = find(r"timer:\(timewait,([^,]+),", text)
    if not timer:
        return None
    parts = re.findall(r"([\d.]+)(min|sec|ms)", timer)
    return round(sum(float(number) * {"min": 60, "sec": 1, "ms": 0.001}[unit] for number, unit in parts))


def parse(text: str) -> tuple[dict[tuple[str, int], Row], dict[tuple[str, int], int]]:
    """Rows, and what is left of TIME_WAIT, by protocol and cookie."""
    rows, timers = {}, {}
    for line in text.splitlines():
        match = LINE.match(line)
        assert match, f"ss printed {line!r}"
        rest = match["rest"] or ""
        local, port, interface = split(match["local"])
        peer, peer_port, _ = split(match["peer"])
        cookie = int(find(r"\bsk:([0-9a-f]+)", rest) or "0", 16)
        inode = int(find(r"\bino:(\d+)", rest) or 0)
        v6only = find(r"\bv6only:(\d)", rest)
        key = (match["proto"], cookie)
        assert key not in rows, f"two rows with the cookie of {line!r}"
        rows[key] = Row(
            match["proto"], family_of(local), STATES[match["state"]], (local, port),
            (peer, peer_port) if peer_port else None, interface, int(match["receive"]),
            int(match["send"]), int(find(r"\buid:(\d+)", rest) or 0), inode or None, cookie,
            None if v6only is None else v6only == "1",
            frozenset((int(pid), name) for name, pid, _ in OWNER.findall(rest)))
        left = timer_s(rest)
        if left is not None:
            timers[key] = left
    return rows, timers


def row_of(said: dict[str, Any]) -> Row:
    """A row of berth ls --json in the same form."""
    peer = said["peer"] and (str(ipaddress.ip_address(said["peer"]["address"])), said["peer"]["port"])
    return Row(
        said["proto"], said["family"], said["state"],
        (str(ipaddress.ip_address(said["local"]["address"])), said["local"]["port"]), peer,
        said["interface"], said["receive_queue"], said["send_queue"], said["uid"] or 0, said["inode"],
        said["cookie"], said["v6only"],
        frozenset((owner["pid"], owner["name"]) for owner in said["owners"]))
