# SPDX-License-Identifier: MIT
"""tools/check-layers holds for the project, and finds each kind of violation in a small one."""

import subprocess
from pathlib import Path

import pytest
from support import ROOT

CHECK = ROOT / "tools" / "check-layers"
TABLE = """
<!-- layers:begin -->
| folder | may include |
|---|---|
| base | base |
| registry | base, berth.h |
| sockets | base, berth.h |
| binding | base, sockets/sockets.h |
| api | base, registry, sockets, binding, berth.h |
| cli | base, berth.h |
<!-- layers:end -->
"""
GOOD = {
    "docs/architecture.md": TABLE,
    "include/berth.h": "#ifdef __cplusplus\n#endif\nint berth_open(void);\n",
    "src/base/text.h": "int text_len(void);\n",
    "src/base/text.c": '#include "base/text.h"\n#ifdef __linux__\n#endif\n\nint text_len(void)\n{\n}\n',
    "src/registry/registry.h": "#include <berth.h>\n",
    "src/registry/read.c": '#include "registry/registry.h"\n/* berth_open() */\n\n'
                           "static int helper(void)\n{\n}\n\nint read_all(void)\n{\n}\n\n"
                           "int registry_all(\n\tint one, int two)\n{\n}\n",
    "src/sockets/sockets.h": "",
    "src/sockets/linux/diag.c": '#include "sockets/sockets.h"\n#ifdef __linux__\n#endif\n',
    "src/binding/binding.c": '#include "sockets/sockets.h"\n',
    "src/api/handle.c": '#include "registry/registry.h"\n\nint berth_open(void)\n{\n}\n',
    "src/cli/main.c": "#include <berth.h>\n\nint main(void)\n{\n\treturn berth_open();\n}\n",
}


def check(root: Path, changes: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for name, text in {**GOOD, **changes}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return subprocess.run([CHECK, root], capture_output=True, text=True, check=False)


def test_the_project_keeps_its_layers() -> None:
    done = subprocess.run([CHECK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_sound_project_passes(tmp_path: Path) -> None:
    done = check(tmp_path, {})
    assert (done.returncode, done.stdout) == (0, ""), done.stdout


@pytest.mark.parametrize(("file", "text", "finding"), [
    ("src/registry/bad.c", '#include "sockets/sockets.h"\n', "registry may not include"),
    ("src/base/bad.c", "#include <berth.h>\n", "base may not include <berth.h>"),
    ("src/cli/bad.c", '\n#include "registry/registry.h"\n', ":2: cli may not include"),
    ("src/binding/bad.c", '#include "sockets/linux/diag.h"\n', "binding may not include"),
    ("src/registry/bad.c", '#include "registry.h"\n', "from src/"),
    ("src/registry/bad.c", '#include "../base/text.h"\n', "from src/"),
    ("src/registry/bad.c", '#include "registry/none.h"\n', "there is no src/registry/none.h"),
    ("src/cli/bad.c", '#include "berth.h"\n', "write <berth.h>"),
    ("src/games/bad.c", "", "src/games is not in the table"),
    ("src/cli/bad.c", "\n\n#if defined(__linux__)\n#endif\n", ":3: asks for the system"),
    ("src/sockets/bad.c", "# ifdef _WIN32\n#endif\n", "asks for the system"),
    ("src/sockets/text.h", "", "there is another text.h"),
    ("src/cli/bad.c", "\nint wrong(void)\n{\n}\n", "its name starts with bad_ or cli_"),
    ("src/registry/bad.c", "int berth_thing(void)\n{\n}\n", "its name starts with bad_ or registry_"),
    ("src/registry/bad.c", "static int f(void)\n{\n\treturn berth_open();\n}\n",
     "does not call berth_open"),
    ("docs/architecture.md", "no table", "there is no table of layers"),
])
def test_a_violation_is_found(tmp_path: Path, file: str, text: str, finding: str) -> None:
    done = check(tmp_path, {file: text})
    assert done.returncode == 1
    assert finding in done.stdout
