# SPDX-License-Identifier: MIT
"""The race for ports: berth's are neither lost nor given twice, beside the usual ways, which lose some.

The usual run is short; --soak runs 16 processes × 1,000 rounds and get-port from npm beside it.
"""

import shutil
import sys
from pathlib import Path

import npm
import pytest
from support import BUILD
from worlds import REASON, World, needs_namespaces

pytestmark = needs_namespaces
HERE = Path(__file__).resolve().parent
GAP_US = 20000  # from the port to the bind: a quick server
HELD = 24000  # connections, of the 28,232 that stock Linux has ports for


def install_get_port() -> str:
    """In the build folder, as the lockfile says; "-" where there is no npm."""
    if npm.lack():
        return "-"
    folder = npm.install(HERE / "race", BUILD / "race")
    shutil.copy(HERE / "race" / "race.mjs", folder)
    return str(folder)


def test_no_port_is_lost_or_given_twice(request: pytest.FixtureRequest) -> None:
    if REASON:
        pytest.skip(REASON)
    soak = request.config.getoption("--soak")
    processes, rounds = 16, 1000 if soak else 60
    program = BUILD / "tests" / "live" / "race"
    made = World(sys.executable, HERE / "race_world.py", program, install_get_port() if soak else "-",
                 str(processes), str(rounds), str(GAP_US), str(HELD))
    made.close()
    ways = {way["way"]: way for way in made.said["ways"]}
    for way in ways.values():
        print(f"{way['way']}: {way['rounds']} rounds, {way['lost']} lost, {way['doubles']} given twice, {way['none']} "
              f"times none, {way['obtain_us']:.0f} us each, {way['seconds']} s")
        assert way["rounds"] == processes * rounds
    assert (ways["berth"]["lost"], ways["berth"]["doubles"], ways["berth"]["none"]) == (0, 0, 0)
    if soak:
        assert ways["bind0"]["lost"] + ways["bind0"]["doubles"] > 0, "no race, no proof"


def test_the_lockfile_names_no_host() -> None:
    text = Path(HERE / "race" / "package-lock.json").read_text(encoding="utf-8")
    assert "resolved" not in text and '"integrity": "sha512-' in text
