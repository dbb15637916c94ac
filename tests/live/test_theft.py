# SPDX-License-Identifier: MIT
"""A service loses its port to an outgoing connection as often as berth doctor foretold, and never once it is reserved.

The usual run is short, at one level of load; --soak makes it 1,000 restarts at three levels, each after a minute.
"""

from typing import Any

import pytest
from support import BERTH
from worlds import needs_namespaces, world

pytestmark = needs_namespaces
USUAL, SOAK = ("300", "12"), ("1000", "62")  # restarts, seconds of load before
SERVICES = 50


def restarts(request: pytest.FixtureRequest, rate: str, *more: str) -> dict[str, Any]:
    amount = SOAK if request.config.getoption("--soak") else USUAL
    with world("theft_world.py", str(BERTH), rate, *amount, *more) as made:
        said = made.said
    assert said["restarts"] >= int(amount[0])
    assert len(said["foretold"]) == SERVICES
    assert said["opens_per_s"] == pytest.approx(float(rate), rel=0.5), "the load that was meant"
    return said


@pytest.mark.parametrize("rate", ["50", "100", "200"])
def test_a_port_is_lost_as_often_as_foretold(request: pytest.FixtureRequest, rate: str) -> None:
    if rate != "200" and not request.config.getoption("--soak"):
        pytest.skip("a level of load for --soak")
    said = restarts(request, rate)
    foretold, measured = sum(said["foretold"]) / SERVICES, said["lost"] / said["restarts"]
    print(f"{rate} connections a second: foretold {foretold:.2%}, measured {measured:.2%} of {said['restarts']} restarts")
    assert foretold / 2 < measured < foretold * 2


def test_a_reserved_port_is_never_lost(request: pytest.FixtureRequest) -> None:
    said = restarts(request, "200", "reserved")
    assert said["foretold_reserved"] == [], "no finding any more"
    assert said["lost"] == 0
