# SPDX-License-Identifier: MIT
"""berth without a backend (-Dsystem=none): numbers are answered, and of sockets it says that it cannot."""

from collections.abc import Callable

import pytest
from support import BUILD, UNKNOWN, YES, Answer

Berth = Callable[..., Answer]
pytestmark = pytest.mark.skipif(BUILD.name != "none", reason="only for the build without a backend")


def test_the_report_knows_registry_and_claims_and_nothing_of_sockets(berth: Berth) -> None:
    answer = berth("--json", "5432/tcp")
    assert answer.code == UNKNOWN
    said = answer.json()
    assert said["registry"]["tcp"]["records"][0]["name"] == "postgresql"
    assert said["de_facto"]["state"] == "owned"
    assert said["gaps"] and said["policy"]["ephemeral"] is None
    for transport in ("tcp", "udp"):
        assert (said["verdict"][transport]["use"], said["verdict"][transport]["bindable"]) == (
            "unknown", "unknown")


def test_the_card_says_not_known_and_never_free(berth: Berth) -> None:
    card = berth("60587")
    assert card.code == UNKNOWN
    assert "not known" in card.out.lower()
    assert "free:" not in card.out.lower()


def test_the_list_is_empty_and_says_why(berth: Berth) -> None:
    answer = berth("ls")
    assert (answer.code, answer.out) == (UNKNOWN, "")
    assert answer.err.startswith("berth: ") and answer.err.count("\n") == 1
    assert berth("ls", "--json").json()["gaps"]


def test_finding_and_the_registry_need_no_backend(berth: Berth) -> None:
    assert berth("find", "ssh").code == YES
    assert berth("registry").code == YES


def test_nothing_can_be_recorded(berth: Berth, tmp_path: object) -> None:
    assert berth("record", f"{tmp_path}/new").code == UNKNOWN
