# SPDX-License-Identifier: MIT
"""berth version, and --version behind anything."""

import re
from collections.abc import Callable

import pytest
from support import ROOT, YES, Answer


@pytest.mark.parametrize("arguments", [["version"], ["--version"], ["-V"], ["ls", "--version"]])
def test_the_version_is_that_of_the_project(
        berth: Callable[..., Answer], arguments: list[str]) -> None:
    project = re.search(r"^  version: '([\d.]+)'", (ROOT / "meson.build").read_text(), re.M)
    assert project
    answer = berth(*arguments)
    assert (answer.code, answer.out, answer.err) == (YES, f"berth {project[1]}\n", "")
    assert berth(*arguments, "--json").json()["version"] == project[1]
