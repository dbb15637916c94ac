# SPDX-License-Identifier: MIT
"""berth check: what is found in which file and line, on a recording; real servers are in tests/live/test_check.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ("--replay", str(RECORDINGS / "town"))
POSTGRES = "EADDRINUSE, postgres (pid 30, postgres) listens on 127.0.0.1:5432"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    return folder


def check(berth: Berth, project: Path, name: str, text: str, *words: str, code: int = YES) -> list[str]:
    """The lines about one file."""
    (project / name).write_text(text, encoding="utf-8")
    answer = berth(*TOWN, "check", *words, name, cwd=project)
    assert (answer.code, answer.err) == (code, ""), answer.out + answer.err
    return [line for line in answer.out.splitlines()[:-1] if not line.startswith("  ")]


# ---- Files -----------------------------------------------------------------------------------------

def test_each_kind_of_file_is_told_by_its_line(berth: Berth, project: Path) -> None:
    files = {
        "berth.toml": ("[db]\nport = 5432\n", f"berth.toml:1: fails: db 5432: {POSTGRES}"),
        "compose.yaml": ("services:\n  db:\n    ports:\n    - 5432:5432\n", f"compose.yaml:4: fails: db 5432: {POSTGRES}"),
        "db.socket": ("[Socket]\nListenStream=127.0.0.1:5432\n",
                      f"db.socket:2: fails: ListenStream 127.0.0.1:5432: {POSTGRES}"),
        "db.service": ("[Service]\nExecStart=/bin/db --port 5432\n", f"db.service:2: warning: --port 5432: {POSTGRES}"),
        ".env": ("A=1\nPORT=5432\n", f".env:2: fails: PORT 5432: {POSTGRES}"),
        "ports": ("# ours\n2000, 5432\n", f"ports:2: fails: 5432: {POSTGRES}"),
    }
    for name, (text, expected) in files.items():
        [line] = check(berth, project, name, text, code=YES if "warning" in expected else NO)
        assert line.startswith(expected), line


def test_a_variable_that_may_say_where_to_connect_is_a_warning(berth: Berth, project: Path) -> None:
    [line] = check(berth, project, ".env", "DB_PORT=5432\n")
    assert line.startswith(f".env:1: warning: DB_PORT 5432: {POSTGRES}")
    assert check(berth, project, ".env", "DB_PORT=5432\n", "--strict", code=NO) == [line]


def test_without_a_file_those_of_the_project_are_read(berth: Berth, project: Path) -> None:
    (project / "berth.toml").write_text("[db]\nport = 5432\n", encoding="utf-8")
    (project / "docker-compose.yml").write_text("services: {x: {ports: ['${DB}:1']}}\n", encoding="utf-8")
    (project / "compose.yml").write_text("services: {x: {ports: ['${DB}:1']}}\n", encoding="utf-8")
    (project / "compose.override.yml").write_text("services: {y: {ports: ['1:1']}}\n", encoding="utf-8")
    (project / ".env").write_text("DB=5432\n", encoding="utf-8")
    (project / "deep" / "er").mkdir(parents=True)
    here = berth(*TOWN, "check", "--json", cwd=project)
    assert here.code == NO
    assert [wish["file"] for wish in here.json()["wishes"]] == ["berth.toml", "compose.yml", "compose.override.yml"]
    below = berth(*TOWN, "check", "--json", cwd=project / "deep" / "er").json()
    assert [wish["file"] for wish in below["wishes"]][0] == f"{project}/berth.toml"
    assert len(below["findings"]) == len(here.json()["findings"])


def test_ports_of_the_command_line(berth: Berth, project: Path) -> None:
    answer = berth(*TOWN, "check", "-v", "5432", "3000", "127.0.0.2:5433", "2000-2003", cwd=project)
    lines = [line for line in answer.out.splitlines() if not line.startswith("  ")]
    assert answer.code == NO
    assert lines[0].startswith(f"fails: 5432: {POSTGRES}")
    assert lines[1].startswith("fails: 3000: EADDRINUSE")
    assert lines[2].startswith("fine: 127.0.0.2:5433")
    assert lines[-1] == "4 ports and ranges: 2 fail"


def test_a_list_on_standard_input(berth: Berth, project: Path) -> None:
    (project / "list").write_text("5432\n", encoding="utf-8")
    with (project / "list").open("rb") as given:
        answer = berth(*TOWN, "check", "-", cwd=project, stdin=given)
    assert answer.out.startswith(f"-:1: fails: 5432: {POSTGRES}")


# ---- What is found ---------------------------------------------------------------------------------

@pytest.mark.parametrize("place", ["5432", "22", "1", "127.0.0.1:3000", "[::1]:3000", "9000", "0.0.0.0:3000",
                                   "53/udp", "127.0.0.1:53/udp", "59999/udp", "192.0.2.1:80", "8080"])
def test_its_verdict_is_that_of_why(berth: Berth, place: str) -> None:
    options = [] if "/udp" in place else ["--reuseaddr", "--listen"]
    why = berth(*TOWN, "why", "--json", *options, place).json()
    said = berth(*TOWN, "check", "--json", place).json()["findings"]
    levels = {finding["level"] for finding in said if finding["id"] == "bind"}
    assert ("fails" in levels) == (why["verdict"] == "fails")
    assert ("unknown" in levels) == (why["verdict"] == "unknown")
    for finding in said:
        if finding["level"] == "fails":
            assert finding["errno"] == why["errno"] and why["causes"][0]["text"] in finding["text"]


def test_what_is_wanted_twice(berth: Berth, project: Path) -> None:
    text = """services:
  web: {ports: ["127.0.0.1:2001:80"]}
  api: {ports: ["2001:80", "2001:53/udp"]}
  v6: {ports: ["[::]:2002:80"]}
  v4: {ports: ["0.0.0.0:2002:80"]}
"""
    [line] = check(berth, project, "compose.yaml", text, code=NO)
    assert line == "compose.yaml:3: fails: api 2001: wanted twice: also by web (compose.yaml:2)"
    (project / "berth.toml").write_text("[one]\nport = 2001\n[two]\nport = 2001\nproto = \"udp\"\n", encoding="utf-8")
    both = berth(*TOWN, "check", "--json", "compose.yaml", "berth.toml", cwd=project).json()["findings"]
    assert [(each["level"], each["line"], each["other"]["line"]) for each in both] == [
        ("fails", 3, 2), ("warning", 1, 2), ("warning", 1, 3), ("warning", 3, 3)]


def test_what_clients_may_take_and_browsers_refuse(berth: Berth, project: Path) -> None:
    lines = check(berth, project, "ports", "40000 60998-61005\n6000 1719\n")
    assert [line.partition(": ")[2].partition(" to ")[0] for line in lines] == [
        "warning: 40000: the kernel lends 32768", "warning: 60998–60999: the kernel lends 32768",
        "warning: 6000: browsers refuse", "warning: 1719: browsers refuse"]
    said = berth(*TOWN, "check", "--json", "60998-61005").json()["findings"]
    assert [each["command"] for each in said] == ["berth reserve 60998-60999"]


def test_a_wide_range_names_the_ports_that_are_taken(berth: Berth) -> None:
    said = berth(*TOWN, "check", "--json", "5400-5500").json()
    assert [(each["id"], each["first"], each["last"]) for each in said["findings"]] == [("bind", 5432, 5432)]


def test_of_some_ranges_one_port_suffices(berth: Berth, project: Path) -> None:
    compose = "services: {db: {ports: ['5432-5433:5432']}}\n"
    assert check(berth, project, "compose.yaml", compose) == []
    [line] = check(berth, project, "berth.toml", "[db]\nrange = \"5432-5432\"\n", code=NO)
    assert line.startswith("berth.toml:1: fails: db 5432: none of the ports 5432 to 5432 can be had; of 5432: postgres")
    assert check(berth, project, "berth.toml", "range = \"5432-5433\"\n[db]\n[other]\n") == []


def test_what_is_not_known(berth: Berth, project: Path) -> None:
    [line] = check(berth, project, "compose.yaml", "services: {db: {ports: ['${NO_SUCH}:80']}}\n", code=UNKNOWN)
    assert line == "compose.yaml:1: unknown: db: '${NO_SUCH}:80' is not known, since a variable has no value"
    filled = berth(*TOWN, "check", "-q", "compose.yaml", cwd=project, variables={"NO_SUCH": "1"})
    assert (filled.code, filled.out, filled.err) == (YES, "", "")


def test_a_name_cannot_write_to_the_terminal(berth: Berth, project: Path) -> None:
    lines = check(berth, project, "compose.yaml", 'services: {"\\e[31mx": {ports: ["5432:1"]}}\n', code=NO)
    assert "\\x1b[31mx 5432" in lines[0] and "\x1b" not in lines[0]


# ---- Bad input -------------------------------------------------------------------------------------

@pytest.mark.parametrize(("name", "text", "expected"), [
    ("berth.toml", "[web]\nprot = 80\n", "berth.toml:2: no such key"),
    ("berth.toml", "[web]\nport = 80000\n", "berth.toml:2: port is a number from 1 to 65535"),
    ("berth.toml", "[web\n", "berth.toml:1: ] is missing"),
    ("berth.toml", "[web]\nport = 1\nport = 2\n", "berth.toml:3: the key is there twice"),
    ("berth.toml", "[web]\ncommand = { }\n", "berth.toml:2: tables in { }"),
    ("compose.yaml", "services:\n  - [\n", "compose.yaml:3: not YAML"),
    ("compose.yaml", "\x01", "compose.yaml:1: not YAML"),
    ("ports", "80\nlots of them\n", "ports:2: 'lots': not a port"),
    ("ports", "\n99999\n", "ports:2: '99999': not a port"),
])
def test_a_bad_file_is_one_line_with_its_place(
        berth: Berth, project: Path, name: str, text: str, expected: str) -> None:
    (project / name).write_text(text, encoding="utf-8")
    answer = berth("check", name, cwd=project)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert expected in answer.err


@pytest.mark.parametrize("words", [["missing.toml"], ["."], ["/dev/zero"], ["80,x"], ["70000"], ["--nonsense"],
                                   ["\x1b[31m"], [""]], ids=ascii)
def test_what_is_no_file(berth: Berth, project: Path, words: list[str]) -> None:
    answer = berth("check", *words, cwd=project)
    assert answer.code == USAGE, answer.err
    assert_one_clear_line(answer)


def test_a_folder_without_files(berth: Berth, project: Path) -> None:
    answer = berth("check", cwd=project)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
    assert "try berth check FILE" in answer.err
