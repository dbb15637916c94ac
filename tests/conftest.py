# SPDX-License-Identifier: MIT
"""Fixtures of all pytest tests; what they are made of is in support.py."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from support import ROOT, Answer, run_berth


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write golden files anew")
    parser.addoption("--soak", action="store_true", help="let the churn tests run for a minute")


@pytest.fixture(scope="session", autouse=True)
def _schemas_are_schemas() -> None:
    for file in (ROOT / "docs" / "schema").glob("*.json"):
        jsonschema.Draft202012Validator.check_schema(json.loads(file.read_text(encoding="utf-8")))


@pytest.fixture
def berth(tmp_path: Path) -> Callable[..., Answer]:
    """Runs berth with an empty home folder."""
    def run(*arguments: str | bytes, **options: Any) -> Answer:
        return run_berth(tmp_path, *arguments, **options)
    return run


@pytest.fixture(scope="module")
def public() -> Iterator[Path]:
    """A folder that every user may enter; those of pytest are ours alone, and it sees to that."""
    with tempfile.TemporaryDirectory(prefix="berth-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
