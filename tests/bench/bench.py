# SPDX-License-Identifier: MIT
"""Measures berth beside an empty program and its peers, and prints Markdown tables.

Started by script/bench, which builds what is run. Everything happens in namespaces of its own, so that
the answer does not depend on what else the machine does; README.md here says what is measured and how.
Exits with 1 when a target is missed.
"""

import argparse
import datetime
import json
import os
import platform
import re
import sys
from typing import Any

import bench_alone
import bench_crowd
import bench_leases
import bench_serve
from bench_table import ROOT
from bench_world import KINDS, cgroups, end_on_signals, enter, prepare, too_little_memory

ALONE, LEASES, SERVE = "alone", "leases", "serve"
WORLDS = (ALONE, *KINDS, LEASES, SERVE)


def write(text: str) -> None:
    readme = ROOT / "README.md"
    old = readme.read_text(encoding="utf-8")
    new, count = re.subn(r"(<!-- bench:begin -->\n).*?(<!-- bench:end -->)",
                         lambda marks: f"{marks[1]}{text}{marks[2]}", old, flags=re.S)
    if count != 1:
        sys.exit("bench: README.md has no place for the table")
    readme.write_text(new, encoding="utf-8")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="put the tables into README.md")
    parser.add_argument("--world", choices=WORLDS, action="append", help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, default=500, metavar="N",
                        help="how often each program is run in the world of one process (default: %(default)s)")
    parser.add_argument("--look-ups", type=float, default=10, metavar="MILLIONS",
                        help="how many look-ups (default: %(default)s)")
    parser.add_argument("--inside", choices=WORLDS, help=argparse.SUPPRESS)
    parser.add_argument("--cgroup", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.write and options.world:
        parser.error("--write needs all worlds")
    return options


def inside(options: argparse.Namespace) -> int:
    """What the process in the namespaces does: it measures, and prints JSON."""
    prepare()
    if options.inside == ALONE:
        said = bench_alone.inside(options.rounds, options.look_ups)
    elif options.inside == LEASES:
        said = bench_leases.inside()
    elif options.inside == SERVE:
        said = bench_serve.inside()
    else:
        said = bench_crowd.inside(options.inside, options.cgroup)
    print(json.dumps(said))
    return 0


def in_world(name: str, *arguments: str) -> dict[str, Any]:
    print(f"bench: world {name}", file=sys.stderr)
    said: dict[str, Any] = json.loads(enter(__file__, "--inside", name, *arguments))
    return said


def crowds_of(names: list[str]) -> bench_crowd.Crowds:
    crowds = bench_crowd.Crowds()
    for name in names:
        lack = too_little_memory(KINDS[name])
        if lack:
            print(f"bench: the {name} world {lack}, left out", file=sys.stderr)
            continue
        with cgroups() as folder:
            if folder:
                crowds.add(name, True, in_world(name, f"--cgroup={folder}"))
            else:
                print("bench: no cgroups can be made here, so all processes are in one", file=sys.stderr)
        crowds.add(name, False, in_world(name))
    return crowds


def serve_of(names: list[str]) -> bench_serve.Serve | None:
    if SERVE not in names:
        return None
    lack = bench_serve.lack()
    if lack:
        print(f"bench: the {SERVE} world {lack}, left out", file=sys.stderr)
        return None
    return bench_serve.Serve(in_world(SERVE))


def leases_of(names: list[str]) -> bench_leases.Leases | None:
    if LEASES not in names:
        return None
    bench_leases.install_get_port()
    return bench_leases.Leases(in_world(LEASES))


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    if options.inside:
        return inside(options)
    end_on_signals()
    names = options.world or list(WORLDS)
    alone = None
    if ALONE in names:
        alone = bench_alone.Alone(
            in_world(ALONE, f"--rounds={options.rounds}", f"--look-ups={options.look_ups}"))
    crowds = crowds_of([name for name in names if name in KINDS])
    leases = leases_of(names)
    serve = serve_of(names)
    today = datetime.datetime.now(datetime.UTC).date()
    text = "\n".join([
        f"Measured on {today} with Linux {platform.release()} on {os.cpu_count()} CPUs, in namespaces of its "
        "own: whole processes, from start to exit, interleaved.", "",
        *(alone.report() if alone else ()), *crowds.report(), *(leases.report() if leases else ()),
        *(serve.report() if serve else ()), ""])
    print(text)
    targets = [*(alone.targets() if alone else ()), *crowds.targets(), *(leases.targets() if leases else ()),
               *(serve.targets() if serve else ())]
    print(*targets, sep="\n")
    if options.write:
        write(text)
    return 0 if all(each.met for each in targets) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
