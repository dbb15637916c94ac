# SPDX-License-Identifier: MIT
"""What libberth.so exports is what berth.map names, and what berth.h declares; nothing else."""

import re
import subprocess
from pathlib import Path

from support import BUILD, ROOT


def exported(library: Path) -> set[str]:
    done = subprocess.run(["nm", "--dynamic", "--defined-only", "--format=posix", library],
                          capture_output=True, text=True, check=True)
    symbols = (line.split() for line in done.stdout.splitlines())
    return {name.partition("@")[0] for name, kind, *_ in symbols if kind != "A"}


def mapped(text: str) -> set[str]:
    text = re.sub(r"/\*.*?\*/|#[^\n]*", "", text, flags=re.S)
    return set(re.findall(r"\b(berth_\w+)\s*;", text))


def declared(header: str) -> set[str]:
    return set(re.findall(r"^BERTH_PUBLIC\s[^;(]*?\b(berth_\w+)\(", header, flags=re.M))


def test_library_map_and_header_agree() -> None:
    library = exported(BUILD / "src" / "api" / "libberth.so")
    export_map = mapped((ROOT / "src" / "api" / "berth.map").read_text(encoding="utf-8"))
    header = declared((ROOT / "include" / "berth.h").read_text(encoding="utf-8"))
    assert len(header) > 20
    assert library == export_map
    assert library == header


def test_the_readers_see_what_is_missing() -> None:
    assert mapped("BERTH_0 { global: berth_a; berth_b; /* berth_c; */ local: *; };") == {
        "berth_a", "berth_b"}
    assert declared("BERTH_PUBLIC int berth_a(void);\nBERTH_PUBLIC const char *\nberth_b(\nint c);\n"
                    "int berth_d(void);\n") == {"berth_a", "berth_b"}
