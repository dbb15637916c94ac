# SPDX-License-Identifier: MIT
"""Card, list and JSON of recordings are, byte for byte, what they were when somebody last read them.

script/test --update-golden cli writes tests/cli/golden anew; read the difference before you commit it.
"""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from support import RECORDINGS, ROOT, Answer

GOLDEN = ROOT / "tests" / "cli" / "golden"
CASES = {
    "card-60587": ("town", "60587"),
    "card-5432": ("town", "5432"),
    "card-8080": ("town", "8080"),
    "card-9000-bound": ("town", "9000/tcp"),
    "card-4789-kernel": ("town", "4789/udp"),
    "card-57500": ("town", "57500"),
    "card-80-verbose": ("town", "-v", "80/tcp"),
    "card-5432-guest": ("guest", "5432"),
    "table-range": ("town", "3000-3020"),
    "ls": ("town", "ls"),
    "ls-all-verbose": ("town", "ls", "-av"),
    "ls-guest": ("guest", "ls", "-v"),
    "ls-columns": ("town", "ls", "-tn", "-o", "PORT,ADDRESS,PID,USER"),
    "ls-colour": ("town", "--color=always", "ls"),
    "json-60587": ("town", "--json", "60587"),
    "json-5432": ("town", "--json", "5432"),
    "json-ls": ("town", "ls", "-a", "--json"),
    "json-ls-guest": ("guest", "ls", "--json"),
}


def readable(answer: Answer) -> str:
    """JSON one value a line, so that a difference can be read."""
    text = answer.out
    if text.startswith("{"):
        text = json.dumps(answer.json(), indent=1, ensure_ascii=False) + "\n"
    return f"{text}(stderr)\n{answer.err}(exit {answer.code})\n"


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_answer_is_what_it_was(
        name: str, berth: Callable[..., Answer], request: pytest.FixtureRequest) -> None:
    recording, *arguments = CASES[name]
    file = GOLDEN / f"{name}.txt"
    now = readable(berth("--replay", str(RECORDINGS / recording), *arguments))
    if request.config.getoption("--update-golden"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8")
    assert now == file.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    assert {file.stem for file in GOLDEN.iterdir()} == set(CASES)


def test_a_replay_knows_nothing_of_this_host(
        berth: Callable[..., Answer], tmp_path: Path) -> None:
    """Claims of the user at hand do not join the answer of another machine."""
    claims = tmp_path / ".config" / "berth" / "claims.d"
    claims.mkdir(parents=True)
    (claims / "own.tsv").write_text("nonsense\n", encoding="utf-8")
    name = "card-60587"
    recording, *arguments = CASES[name]
    now = readable(berth("--replay", str(RECORDINGS / recording), *arguments))
    assert now == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
