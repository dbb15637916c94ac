# SPDX-License-Identifier: MIT
"""berth page: the report as HTML. Its sentences are those of berth --json, and it fetches nothing."""

import base64
import hashlib
import os
import re
import shlex
import socket
import subprocess
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from markup import Markup
from support import NO, RECORDINGS, UNKNOWN, USAGE, YES, Answer, assert_one_clear_line

Berth = Callable[..., Answer]
TOWN = ["--replay", str(RECORDINGS / "town")]
PORTS = [0, 22, 53, 80, 443, 1023, 1024, 3000, 5432, 8080, 49151, 49152, 60587, 61000, 65535]


def page_of(berth: Berth, *arguments: str) -> Markup:
    answer = berth("page", *arguments)
    assert answer.code == YES, answer.err
    assert answer.err == ""
    markup = Markup(answer.out)
    assert markup.faults == []
    return markup


@pytest.mark.parametrize("port", PORTS)
def test_the_page_and_the_command_line_say_the_same(berth: Berth, port: int) -> None:
    report = berth(*TOWN, "--json", str(port)).json()
    page = page_of(berth, *TOWN, str(port))
    assert page.title == f"Port {port}"
    for sentence in (report["verdict"]["summary"], report["verdict"]["advice"], report["de_facto"]["why"]):
        assert re.sub(r"\s+", " ", sentence or "") in page.text
    assert len(page.claims) == len(report["claims"])
    for claim in report["claims"]:
        assert any((claim["name"] or claim["service"]) in said and claim["source"] in said for said in page.claims)
    for transport in ("tcp", "udp", "sctp", "dccp"):
        said = report["registry"][transport]
        assert any(state.startswith(said["state"]) for state in page.states)
        for record in said["records"]:
            assert any(one.startswith(record["name"] or record["state"]) for one in page.records)
    for row in report["sockets"]:
        for owner in row["owners"]:
            assert f"{owner['name']}[{owner['pid']}]" in page.text


def test_60587_is_nobodys(berth: Berth) -> None:
    page = page_of(berth, "60587")
    text = page.text
    assert "dynamic range, 49152–65535" in text
    assert "unassignable : no port of this range can be assigned to anyone" in text
    [xsan] = [claim for claim in page.claims if "Xsan file system access" in claim]
    assert "Apple" in xsan and "Whole dynamic range claimed; no single port is Xsan's alone." in xsan
    assert (4, "49152–65535, 16,384 ports") in page.headings
    assert "Who claims a pool of N ports uses any of them, and says 1/N about each." in text
    assert "On this machine now" in text and "De facto owner: nobody" in text
    assert not any("xsan" in heading.lower() for level, heading in page.headings)
    # What is said of Xsan is said in its claim and in the sentence that it owns nothing here.
    assert text.lower().count("xsan") == " ".join(page.claims).lower().count("xsan") + 1
    assert "none of them says anything about this one" in text


def test_what_is_here_is_on_the_page(berth: Berth) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = page_of(berth, str(port)).text
        assert f"[{os.getpid()}]" in text
        assert f"127.0.0.1:{port}" in text
        static = page_of(berth, "--static", str(port)).text
    assert "On this machine now" not in static and f"[{os.getpid()}]" not in static


def test_the_policy_allows_the_style_of_the_page_and_nothing_else(berth: Berth) -> None:
    out = berth("page", "--static", "443").out
    [style] = re.findall(r"<style>(.*?)</style>", out, re.S)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    [policy] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', out)
    assert f"style-src 'sha256-{digest}'" in unescape(policy)
    assert unescape(policy).startswith("default-src 'none'") and "unsafe" not in policy
    assert "<script" not in out and "url(" not in style and "@import" not in style


def test_names_of_processes_are_no_markup(berth: Berth, tmp_path: Path) -> None:
    program = tmp_path / "<img src=x>&amp\u202e"
    program.symlink_to("/bin/sleep")
    with socket.create_server(("127.0.0.1", 0)) as server:
        os.set_inheritable(server.fileno(), True)
        with subprocess.Popen([program, "60"], pass_fds=[server.fileno()]) as child:
            try:
                answer = berth("page", str(server.getsockname()[1]))
            finally:
                child.kill()
    markup = Markup(answer.out)
    assert markup.faults == []
    assert "<img" not in answer.out and "\u202e" not in answer.out
    assert "<img src=x>&amp" in markup.text


def test_every_command_for_linux_is_one_that_the_shell_takes(berth: Berth) -> None:
    out = berth("page", "--static", "8080").out
    linux = out.partition("<h3>Linux</h3>")[2].partition("<h3>")[0]
    commands = [unescape(one) for one in re.findall(r"<code>(.*?)</code>", linux)]
    assert "ss -tulpn 'sport = :8080'" in commands and len(commands) >= 4
    assert all(shlex.split(command) for command in commands)
    for command in commands:
        if command.startswith("ss "):
            done = subprocess.run(shlex.split(command), capture_output=True, check=False)
            assert done.returncode == 0, done.stderr


def test_the_commands_name_every_system(berth: Berth) -> None:
    headings = [text for level, text in page_of(berth, "--static", "8080").headings if level == 3]
    assert {"Linux", "macOS", "Windows"} <= set(headings)
    out = unescape(berth("page", "--static", "8080").out)
    for command in ("lsof -nP -iTCP:8080 -sTCP:LISTEN", "Get-NetTCPConnection -LocalPort 8080",
                    "Get-NetUDPEndpoint -LocalPort 8080", 'netstat -ano | findstr ":8080 "'):
        assert command in out


def test_a_file_is_replaced_as_a_whole(berth: Berth, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text("old", encoding="utf-8")
    answer = berth("page", "--static", "443", "-o", str(file))
    assert (answer.code, answer.out, answer.err) == (YES, "", "")
    assert Markup(file.read_text(encoding="utf-8")).faults == []
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]


def test_a_name_is_a_port_too(berth: Berth) -> None:
    assert page_of(berth, "--static", "https").title == "Port 443"


@pytest.mark.parametrize(("arguments", "code"), [
    ([], USAGE), (["1", "2"], USAGE), (["1-2"], USAGE), (["65536"], USAGE), (["nonsense-x"], USAGE),
    (["--json", "443"], USAGE), (["-o", "", "443"], USAGE),
    (["--static", "-o", "/nonexistent/x.html", "443"], UNKNOWN),
])
def test_bad_questions(berth: Berth, arguments: list[str], code: int) -> None:
    answer = berth("page", *arguments)
    assert answer.code == code != NO
    assert_one_clear_line(answer)
