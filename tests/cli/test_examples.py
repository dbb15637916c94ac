# SPDX-License-Identifier: MIT
"""The examples of the manual pages run, and pages and help name the same options."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support import BERTH, NO, RECORDINGS, ROOT, YES, Answer, environment

Berth = Callable[..., Answer]
PAGES = sorted((ROOT / "man").glob("berth*.1"))
EXAMPLES = [(page.stem, line.removeprefix(".Dl $ ")) for page in PAGES
            for line in page.read_text(encoding="utf-8").splitlines() if line.startswith(".Dl $ ")]


def test_every_page_has_an_example() -> None:
    """Those with a "#" in front need root and change the machine: they do not run here."""
    for_root = {page.stem for page in PAGES if "\n.Dl # " in page.read_text(encoding="utf-8")}
    assert {page for page, _ in EXAMPLES} | for_root == {page.stem for page in PAGES}


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Path]:
    """A folder with what the examples name: a recording, copies of the registry, and berth on its PATH."""
    folder = tmp_path / "shop"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "berth").symlink_to(BERTH)
    shutil.copytree(RECORDINGS / "town", folder / "recording", symlinks=True)
    current = ROOT / "data" / "iana" / "service-names-port-numbers.csv"
    for name in ("service-names-port-numbers.csv", "new.csv"):
        (folder / name).symlink_to(current)
    (folder / "old.csv").symlink_to(ROOT / "tests" / "data" / "service-names-port-numbers-2020-12-16.csv")
    (folder / "compose.yaml").write_text("services:\n  web:\n    ports: ['8080:80']\n", encoding="utf-8")
    yield folder
    shutil.rmtree(folder)  # a site is large, and pytest keeps folders


# Leases change the machine: these get a /run of their own, and the leases that they name.
LEASES = ("berth-env", "berth-free", "berth-lease", "berth-leases", "berth-open", "berth-release")
PRELUDE = "mount -t tmpfs none /run && berth lease --ttl 1m web && berth lease --ttl 1m --port 61007 api && "
UNSHARE = "unshare --mount" if os.getuid() == 0 else "unshare --mount --map-root-user"


@pytest.mark.parametrize(("page", "example"), EXAMPLES, ids=[example for _, example in EXAMPLES])
def test_an_example_of_the_manual_runs(shop: Path, page: str, example: str) -> None:
    command = example
    if "record " in command:
        command = command.replace("/tmp/recording", f"{shop}/new")
    elif "/tmp/recording" in command:
        command = command.replace("/tmp/recording", f"{shop}/recording")
    elif page in LEASES:
        command = f"{UNSHARE} bash -c {shlex.quote(PRELUDE + command)}"
    elif not page.endswith(("completion", "help", "registry", "run", "version")):
        command = re.sub(r"\bberth\b", f"berth --replay {shop}/recording", command, count=1)
    done = subprocess.run(["bash", "-c", command], cwd=shop, check=False, capture_output=True, timeout=60,
                          env=environment(shop, PATH=f"{shop}/bin:{os.environ['PATH']}"))
    assert done.stderr == b""
    assert done.returncode in (YES, NO)
    assert done.stdout or done.returncode == NO


# ---- Options -----------------------------------------------------------------------------------

def options_of_help(berth: Berth, command: str | None) -> set[str]:
    """Long options and letters, as -x and --xyz."""
    said = berth("help", *([command] if command else []), "--json").json()
    rows = said["options"] if command is None else next(
        row["options"] for row in said["commands"] if row["name"] == command)
    return ({f"--{row['name']}" for row in rows if row["name"]}
            | {f"-{row['letter']}" for row in rows if row["letter"]})


def options_of_page(command: str | None) -> set[str]:
    """What a list in the page explains: lines such as ".It Fl v , -verbose" or ".It Fl -port Ar list"."""
    page = ROOT / "man" / (f"berth-{command}.1" if command else "berth.1")
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith(".It Fl "):
            found |= {f"-{word}" for word in re.findall(r"(?:Fl|,) (-?[A-Za-z0-9][a-z0-9-]*)", line)}
    return found


@pytest.mark.parametrize("command", [None, *sorted(page.stem.removeprefix("berth-") for page in PAGES
                                                   if page.stem != "berth")], ids=lambda name: name or "berth")
def test_page_and_help_explain_the_same_options(berth: Berth, command: str | None) -> None:
    in_page, in_help = options_of_page(command), options_of_help(berth, command)
    if command == "registry":  # says what it means for import; all commands take it
        in_page -= {"--registry"}
    assert in_page == in_help


def test_the_first_page_names_every_command(berth: Berth) -> None:
    page = (ROOT / "man" / "berth.1").read_text(encoding="utf-8")
    commands = [row["name"] for row in berth("help", "--json").json()["commands"]]
    assert re.findall(r"^\.It Cm ([\w-]+)$", page, re.M) == commands


def test_names_of_files_and_variables_in_the_manual_are_those_of_the_program() -> None:
    page = (ROOT / "man" / "berth.1").read_text(encoding="utf-8")
    source = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "src" / "cli").glob("*.[ch]"))
    for path in ("/var/lib/berth/registry.image", "/etc/berth/claims.d", "/etc/services"):
        assert path in page and path in source
    variables = set(re.findall(r'(?:getenv|variable|user_path)\(\s*"([A-Z_]+)"', source))
    named = set(re.findall(r"\bEv ([A-Z_]+)", page))
    assert variables - {"HOME"} == named - {"TZ"}
