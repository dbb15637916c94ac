# SPDX-License-Identifier: MIT
"""Leases: in a program, over the socket of berth serve-leases, and berth free as a whole; beside portserver and get-port."""

import os
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from typing import Any

import npm
from bench_table import BERTH, BUILD, ROOT, Command, Target, helper, measure, significant, table

PAIRS, CLIENTS, SECONDS, REPETITIONS = 5000, 16, 2, 5
FREE_ROUNDS = 150  # of the 256 leases that one user may have
GET_PORT_FOLDER = BUILD / "get-port"
GET_PORT = """
import getPort from 'get-port'
const begin = process.hrtime.bigint()
for (let i = 0; i < 2000; i++) await getPort()
console.log(2000 / (Number(process.hrtime.bigint() - begin) / 1e9))
"""


def install_get_port() -> None:
    """As the lock file of the race test says, where that can be."""
    if not npm.lack():
        npm.install(ROOT / "tests" / "live" / "race", GET_PORT_FOLDER)


def pairs(*words: str | int) -> float:
    said = subprocess.run([helper("pairs"), *map(str, words)], check=True, text=True, stdout=subprocess.PIPE).stdout
    return statistics.median(map(float, said.split()))


def inside() -> dict[str, Any]:
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    said: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="berth-bench-") as name:
        os.environ["TMPDIR"] = name
        said["inside_us"] = pairs("inside", PAIRS, REPETITIONS) / 1e3
        path = f"{name}/leases.sock"
        with subprocess.Popen([BERTH, "serve-leases", "--unix", path], stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout and server.stdout.readline()
            said["socket"] = pairs("socket", path, CLIENTS, SECONDS, REPETITIONS)
            said["one_client"] = pairs("socket", path, 1, SECONDS, REPETITIONS)
            server.terminate()
        said["portserver"] = pairs("portserver", CLIENTS, SECONDS, REPETITIONS)
    free = measure({"free": Command("`berth free`", [BERTH, "free"])}, 60587, FREE_ROUNDS)["free"]
    said["free_ms"] = free.median_ms
    if (GET_PORT_FOLDER / "node_modules" / "get-port").is_dir():
        done = subprocess.run(["node", "--input-type=module", "-e", GET_PORT], cwd=GET_PORT_FOLDER, check=True, text=True,
                              stdout=subprocess.PIPE)
        said["get_port"] = float(done.stdout)
    return said


class Leases:
    """What was measured, and what is said of it."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said

    def report(self) -> Iterator[str]:
        said = self.said
        yield (f"Leases: a pair is a lease and its release. Over a Unix socket {CLIENTS} clients each wait for an answer before "
               "they ask again. portserver is that of `portpicker`, written out in C; it and get-port keep nothing for anybody.")
        yield ""
        rows = [["`berth_lease()` and `berth_release()` in a program", f"{1e6 / said['inside_us']:,.0f} pairs"],
                [f"`berth serve-leases`, {CLIENTS} clients", f"{said['socket']:,.0f} pairs"],
                ["`berth serve-leases`, one client", f"{said['one_client']:,.0f} pairs"],
                [f"portserver's protocol, {CLIENTS} clients", f"{said['portserver']:,.0f} ports"]]
        if "get_port" in said:
            rows.append(["`getPort()` of get-port in a program", f"{said['get_port']:,.0f} ports"])
        yield from table(["", "a second"], rows)
        yield f"`berth free`, which leases what it prints, takes {significant(said['free_ms'])} ms as a whole process."
        yield ""

    def targets(self) -> list[Target]:
        return [Target("a pair of lease and release in a program", self.said["inside_us"], 50, " µs"),
                Target(f"pairs a second over the socket from {CLIENTS} clients", self.said["socket"], 20000, "", at_least=True),
                Target("berth free, a whole process", self.said["free_ms"], 3, " ms")]
