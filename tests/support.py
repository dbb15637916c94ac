# SPDX-License-Identifier: MIT
"""What the pytest tests share: running berth, and judging its JSON by the schemas of docs/schema.

BERTH_BUILD names the build folder (see tests/run.py); build/gcc when it is not set.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("BERTH_BUILD", ROOT / "build" / "gcc")).resolve()
BERTH = BUILD / "src" / "cli" / "berth"
RECORDINGS = ROOT / "tests" / "recordings"

# Exit codes, the same for all commands.
YES, NO, USAGE, UNKNOWN = 0, 1, 2, 3
TIMEOUT = 124  # of berth wait, as timeout(1) has it


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str
    bytes_out: bytes

    def json(self) -> Any:
        return validated(json.loads(self.bytes_out.decode("utf-8")))

    def lines(self) -> list[Any]:
        return [validated(json.loads(line)) for line in self.bytes_out.decode("utf-8").splitlines()]


def schema_for(value: Any) -> dict[str, Any]:
    name = value["schema"]
    return json.loads((ROOT / "docs" / "schema" / f"{name}.json").read_text(encoding="utf-8"))


def resolver_for(schema: dict[str, Any]) -> jsonschema.RefResolver:
    """References between the files of docs/schema, by file name."""
    store = {}
    for file in (ROOT / "docs" / "schema").glob("*.json"):
        content = json.loads(file.read_text(encoding="utf-8"))
        store[file.name] = content
        if "$id" in content:
            store[content["$id"]] = content
    return jsonschema.RefResolver(schema.get("$id", ""), schema, store=store)


def validated(value: Any) -> Any:
    """The value; fails when it is not what its own schema says. Rows of lists have no schema name."""
    if isinstance(value, dict) and "schema" in value:
        schema = schema_for(value)
        validator = jsonschema.Draft202012Validator(schema, resolver=resolver_for(schema))
        errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.path)))
        assert not errors, "\n".join(
            f"{'/'.join(map(str, error.absolute_path))}: {error.message[:500]}" for error in errors[:5])
    return value


def environment(home: Path, **variables: str) -> dict[str, str]:
    """Nothing of the caller's environment but where programs and sanitizers are."""
    kept = {name: value for name, value in os.environ.items()
            if name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
    return {**kept, "HOME": str(home), "LC_ALL": "C.UTF-8", "TERM": "xterm", "TZ": "UTC", **variables}


def run_berth(home: Path, *arguments: str | bytes, before: tuple[str, ...] = (),
              timeout: float = 60, variables: dict[str, str] | None = None, **options: Any) -> Answer:
    """Runs berth with an empty home, `before` in front (nsenter, setpriv …)."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([*before, str(BERTH), *arguments], stderr=subprocess.PIPE, check=False,
                          timeout=timeout, env=environment(home, **(variables or {})), **options)
    out = done.stdout or b""
    assert done.returncode != 99, f"a sanitizer spoke:\n{done.stderr.decode(errors='replace')}"
    assert done.returncode >= 0, f"killed by signal {-done.returncode}"
    return Answer(done.returncode, out.decode("utf-8", "replace"),
                  done.stderr.decode("utf-8", "replace"), out)


def assert_one_clear_line(answer: Answer) -> None:
    """A complaint: one line on stderr, from berth, printable, and nothing on stdout."""
    assert answer.out == ""
    assert answer.err.startswith("berth: "), answer.err
    assert answer.err.endswith("\n") and answer.err.count("\n") == 1, answer.err
    assert len(answer.err) < 500
    assert answer.err[:-1].isprintable(), repr(answer.err)
