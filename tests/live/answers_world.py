# SPDX-License-Identifier: MIT
"""Many sets of sockets at one port, and for each of several addresses: who does berth say answers, and who does?

Runs in namespaces of its own (worlds.py). The arguments are the program, how many sets of each protocol, and a
seed. Prints one line of JSON: what was asked, what berth said and which sockets got something, by inode.
"""

import itertools
import json
import os
import random
import select
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import Any

SO_BINDTODEVICE, MAPPED = 25, "::ffff:127.0.0.1"
OWN4, OWN6 = "192.0.2.1", "2001:db8::1"
PLACES = (("127.0.0.1", None), ("0.0.0.0", None), (OWN4, None), ("::1", None), ("::", False),
          ("::", True), (OWN6, None), (MAPPED, False))
DEVICES = (None, None, None, "lo", "veth0")
OPTIONS = ((), (socket.SO_REUSEPORT,), (socket.SO_REUSEADDR,), (socket.SO_REUSEADDR, socket.SO_REUSEPORT))
# Whom a connected socket takes datagrams from: somebody on the same interface.
PEERS = {"127.0.0.1": ("127.0.0.1", 9), "0.0.0.0": ("127.0.0.1", 9), OWN4: (OWN4, 9), "::1": ("::1", 9),
         "::": ("::1", 9), OWN6: (OWN6, 9), MAPPED: (MAPPED, 9)}
TARGETS = ("127.0.0.1", "127.0.0.2", OWN4, "::1", OWN6)
TRIES = 40  # for one of three in a group to be missed by chance: 1 in 4 million

ports = itertools.count(10000)


@dataclass(frozen=True)
class Kind:
    address: str
    v6only: bool | None
    device: str | None
    options: tuple[int, ...]
    connected: bool  # to a peer that never sends; of UDP only

    def open(self, kind: int, port: int) -> socket.socket | None:
        made = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET, kind)
        try:
            for option in self.options:
                made.setsockopt(socket.SOL_SOCKET, option, 1)
            if self.v6only is not None:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, self.v6only)
            if self.device:
                made.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, self.device.encode())
            made.bind((self.address, port))
            if kind == socket.SOCK_STREAM:
                made.listen(TRIES + 8)
            elif self.connected:
                made.connect(PEERS[self.address])
            made.setblocking(False)
        except OSError:
            made.close()
            return None
        return made


def choose(random_: random.Random) -> list[Kind]:
    """Half of the sets have the same options throughout, or few of their sockets could be bound."""
    alike = random_.choice((OPTIONS[1], OPTIONS[1], OPTIONS[2], None))
    return [Kind(*random_.choice(PLACES), random_.choice(DEVICES), random_.choice(OPTIONS) if alike is None else alike,
                 random_.random() < 0.15)
            for _ in range(random_.randint(1, 6))]


def receive(made: list[socket.socket], kind: int) -> set[int]:
    """Takes what has come; the inodes of the sockets that had something."""
    had = set()
    for ready in select.select(made, [], [], 0)[0]:
        had.add(os.fstat(ready.fileno()).st_ino)
        try:
            while True:
                if kind == socket.SOCK_STREAM:
                    ready.accept()[0].close()
                else:
                    ready.recv(16)
        except BlockingIOError:
            pass
    return had


def send(kind: int, address: str, port: int) -> bool:
    """Connects, or sends a datagram; false when it is refused."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind) as client:
        client.settimeout(2)
        try:
            client.connect((address, port))
            if kind == socket.SOCK_DGRAM:
                client.send(b"x")  # the refusal comes back at once
                client.setblocking(False)
                client.recv(1)
        except ConnectionRefusedError:
            return False
        except BlockingIOError:
            pass
    return True


def try_out(made: list[socket.socket], kind: int, address: str, port: int) -> tuple[bool, set[int]]:
    accepted, had = True, set[int]()
    for _ in range(TRIES):
        accepted = send(kind, address, port)
        if not accepted:
            break
    had |= receive(made, kind)
    return accepted, had


def ask(berth: str, kind: int, port: int) -> dict[str, Any]:
    """What berth says of each target, by address."""
    answers = {}
    for target in TARGETS:
        host = f"[{target}]" if ":" in target else target
        done = subprocess.run([berth, "--json", "answers", f"{host}:{port}{'/udp' * (kind == socket.SOCK_DGRAM)}"],
                              capture_output=True, check=False)
        said = json.loads(done.stdout)
        assert done.returncode == (not said["answered"]), done
        answers[target] = said["destinations"][0]
    return answers


def examine(berth: str, kind: int, kinds: list[Kind]) -> list[dict[str, Any]]:
    port = next(ports)
    made, used = [], []
    for each in kinds:
        opened = each.open(kind, port)
        if opened:
            made.append(opened)
            used.append((os.fstat(opened.fileno()).st_ino, f"{each}"))
    answers = ask(berth, kind, port)
    results = []
    for target, said in answers.items():
        accepted, had = try_out(made, kind, target, port)
        results.append({"proto": said["proto"], "target": target, "sockets": used, "accepted": accepted,
                        "had": sorted(had), "said": sorted(row["inode"] for row in said["answered_by"]),
                        "certain": said["certain"], "via": said["via"], "answer": said["answer"]})
    for opened in made:
        opened.close()
    return results


def make_network() -> None:
    for command in ("link set lo up", "link add veth0 type veth peer name veth1", f"addr add {OWN4}/24 dev veth0",
                    f"addr add {OWN6}/64 dev veth0 nodad", "link set veth0 up", "link set veth1 up"):
        subprocess.run(["ip", *command.split()], check=True)
    time.sleep(0.1)


def main() -> None:
    berth, sets, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random_ = random.Random(seed)
    make_network()
    results = []
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for _ in range(sets):
            results += examine(berth, kind, choose(random_))
    print(json.dumps({"results": results}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
