# SPDX-License-Identifier: MIT
"""berth serve: what it answers, to whom, and what it refuses. Bad clients and users: tests/live/test_serve.py."""

import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servings import Events, Serving, serving
from support import RECORDINGS, UNKNOWN, USAGE, Answer, assert_one_clear_line, validated

Berth = Callable[..., Answer]
TOWN = ["--replay", str(RECORDINGS / "town")]
ANYWHERE = ("--listen", "127.0.0.1:0")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Serving]:
    with serving(tmp_path, *TOWN, "serve", *ANYWHERE) as server:
        yield server


# ---- Questions ---------------------------------------------------------------------------------

@pytest.mark.parametrize("arguments", [
    ["extra"], ["--json"], ["--listen", "nowhere"], ["--listen", "127.0.0.1:65536"], ["--listen", "[::1:80"],
    ["--listen", "localhost:80"], ["--unix", "x", "--listen", "127.0.0.1:0"], ["--unix", "x", "--no-token"],
    ["--unix", "x", "--mode", "8"], ["--unix", "x", "--mode", "1777"], ["--mode", "0600"],
    ["--token", "x", "--no-token"], ["--share"], ["--no-token", "--listen", "0.0.0.0:0"],
    ["--host", "a:b"], ["--host", "a/b"],
])
def test_bad_questions_are_refused(berth: Berth, arguments: list[str]) -> None:
    answer = berth("serve", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


def test_a_place_that_cannot_be_had_is_said(berth: Berth, tmp_path: Path) -> None:
    with serving(tmp_path, *ANYWHERE) as server:
        answer = berth("serve", "--listen", f"127.0.0.1:{server.port}")
        assert answer.code == UNKNOWN
        assert_one_clear_line(answer)
        assert "berth why" in answer.err
    answer = berth("serve", "--unix", "/nonexistent/socket")
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


# ---- Token -------------------------------------------------------------------------------------

def test_the_token_is_kept_for_its_user_alone(tmp_path: Path) -> None:
    with serving(tmp_path, *ANYWHERE) as first:
        file = tmp_path / ".local/state/berth/serve.token"
        assert file.read_text(encoding="ascii") == first.token + "\n"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert re.fullmatch(r"[0-9a-f]{64}", first.token)
    with serving(tmp_path, *ANYWHERE) as second:
        assert second.token == first.token
    with serving(tmp_path, *ANYWHERE, "--token", str(tmp_path / "other")) as third:
        assert third.token != first.token


@pytest.mark.parametrize("fault", ["readable", "short", "link"])
def test_a_bad_token_file_is_refused(berth: Berth, tmp_path: Path, fault: str) -> None:
    file = tmp_path / "token"
    file.write_text("0" * (63 if fault == "short" else 64), encoding="ascii")
    file.chmod(0o644 if fault == "readable" else 0o600)
    if fault == "link":
        file.rename(tmp_path / "real")
        file.symlink_to(tmp_path / "real")
    answer = berth("serve", *ANYWHERE, "--token", str(file))
    assert answer.code == UNKNOWN
    assert_one_clear_line(answer)


def test_the_token_opens_in_each_of_its_forms(town: Serving) -> None:
    assert town.ask("/60587", token=False).status == 401
    assert town.ask("/60587").status == 200
    assert town.ask("/60587", token=False, Cookie=f"berth-{town.port}={town.token}").status == 200
    wrong = town.token[:-1] + ("0" if town.token[-1] != "0" else "1")
    for header in ({"Authorization": f"Bearer {wrong}"}, {"Authorization": f"Basic {town.token}"},
                   {"Cookie": f"berth-{town.port}={wrong}"}, {"Cookie": f"berth-1={town.token}"}):
        assert town.ask("/60587", token=False, **header).status == 401
    assert town.ask(f"/60587?token={wrong}", token=False).status == 401


def test_the_address_with_the_token_gives_a_cookie_and_hides_it(town: Serving) -> None:
    reply = town.ask(f"/ls?all&token={town.token}", token=False)
    assert reply.status == 303
    assert reply.headers["location"] == "/ls?all"
    cookie, *attributes = reply.headers["set-cookie"].split("; ")
    assert cookie == f"berth-{town.port}={town.token}"
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} == set(attributes)
    assert town.ask("/ls?all", token=False, Cookie=cookie).status == 200
    assert town.ask(f"/api/80?token={town.token}", token=False).status == 200


@pytest.mark.parametrize("target", ["/", "/80", "/ls", "/api/ls", "/metrics", "/events", "/map.svg", "/ports.js",
                                    "/leases", "/nosuch"])
def test_without_the_token_nothing_is_told(town: Serving, target: str) -> None:
    reply = town.ask(target, token=False)
    assert reply.status == (404 if target == "/nosuch" else 401)
    assert len(reply.body) < 1000


def test_what_is_no_secret_needs_no_token(town: Serving) -> None:
    assert town.ask("/healthz", token=False).text == "ok\n"
    for target in ("/style.css", "/script.js"):
        assert town.ask(target, token=False).status == 200


# ---- Pages and JSON ----------------------------------------------------------------------------

def test_a_page_is_the_one_that_the_command_writes(town: Serving, berth: Berth) -> None:
    """But for its head, its ways through the site, and the time."""
    def sections(page: str) -> list[str]:
        return re.findall(r"<section.*?</section>", re.sub(r"<time>[^<]*</time>", "", page), re.S)
    for port in (5432, 60587, 0, 65535, 8080):
        served = town.ask(f"/{port}")
        assert served.status == 200 and served.headers["content-type"] == "text/html; charset=utf-8"
        assert sections(served.text) == sections(berth(*TOWN, "page", str(port)).out)
        assert sections(served.text)


@pytest.mark.parametrize(("target", "arguments"), [
    ("/api/5432", ["5432"]), ("/api/60587", ["60587"]), ("/api/ls", ["ls"]), ("/api/ls?all", ["ls", "-a"]),
    ("/api/ls?port=5432", ["ls", "5432"]), ("/api/doctor", ["doctor"]), ("/api/ephemeral", ["ephemeral"]),
])
def test_json_is_that_of_the_command_line(
        town: Serving, berth: Berth, target: str, arguments: list[str]) -> None:
    reply = town.ask(target)
    assert reply.status == 200 and reply.headers["content-type"] == "application/json"
    assert reply.body == berth(*TOWN, *arguments, "--json").bytes_out
    assert validated(json.loads(reply.body))


def test_the_map_is_told_in_runs(town: Serving, berth: Berth) -> None:
    told = validated(json.loads(town.ask("/api/map").body))
    assert sum(told["runs"][1::2]) == 65536
    used = told["kinds"].index("in use here now")
    ports: set[int] = set()
    port = 0
    for bits, length in zip(told["runs"][::2], told["runs"][1::2], strict=True):
        if bits >> used & 1:
            ports |= set(range(port, port + length))
        port += length
    assert ports == {row["local"]["port"] for row in berth(*TOWN, "ls", "-a", "--jsonl").lines()} - {0}


@pytest.mark.parametrize("target", ["/", "/list/3", "/ls", "/ls?all", "/doctor", "/ephemeral", "/leases"])
def test_lists_are_pages(town: Serving, target: str) -> None:
    reply = town.ask(target)
    assert reply.status in (200, 503), reply.text
    if reply.status == 200:
        assert reply.headers["content-type"] == "text/html; charset=utf-8"
        assert reply.text.startswith("<!DOCTYPE html>") and reply.text.rstrip().endswith("</html>")


def test_the_list_of_sockets_has_a_row_for_each(town: Serving, berth: Berth) -> None:
    rows = re.findall(r'<tr><th scope="row"><a href="/(\d+)">', town.ask("/ls").text)
    assert list(map(int, rows)) == [row["local"]["port"] for row in berth(*TOWN, "ls", "--jsonl").lines()]


# ---- HTTP --------------------------------------------------------------------------------------

def test_headers_keep_others_out(town: Serving) -> None:
    for target in ("/", "/80", "/api/ls", "/metrics", "/style.css", "/map.svg", "/nosuch"):
        headers = town.ask(target).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'") and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy or target == "/map.svg"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers
        assert headers["cache-control"] == ("no-cache" if target == "/style.css" else "no-store")


def test_only_reading_is_possible(town: Serving) -> None:
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "get", "BREW"):
        reply = town.ask("/80", method=method)
        assert (reply.status, reply.headers.get("allow")) == (405, "GET, HEAD"), method
    got, head = town.ask("/80"), town.ask("/80", method="HEAD")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == got.headers["content-length"] == str(len(got.body))
    assert town.ask("/80", Content_Length="3").status == 413


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "localhost.evil.example", "", "127.1"])
def test_a_rebound_name_is_refused(town: Serving, host: str) -> None:
    assert town.ask("/80", host=host).status == 421
    assert town.ask("/healthz", host=host).status == 421


def test_names_that_were_allowed_are_answered(tmp_path: Path) -> None:
    with serving(tmp_path, *TOWN, "serve", *ANYWHERE, "--host", "ports.example") as server:
        assert server.ask("/80", host="Ports.Example:8443").status == 200
        assert server.ask("/80", host="other.example").status == 421


def test_other_sites_are_refused(town: Serving) -> None:
    assert town.ask("/80", Origin=f"http://{town.host}").status == 200
    for origin in ("null", "http://evil.example", f"http://{town.host}.evil.example", "http://127.0.0.1"):
        assert town.ask("/80", Origin=origin).status == 403
    assert town.ask("/80", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors").status == 403
    assert town.ask("/80", Sec_Fetch_Site="same-site", Sec_Fetch_Mode="cors").status == 403
    assert town.ask("/80", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


@pytest.mark.parametrize("target", ["/65536", "/080", "/%38%30", "/../etc/passwd", "/list/64", "/<script>alert(1)",
                                    "/nosuch?<b>"])
def test_nothing_of_a_request_is_sent_back(town: Serving, target: str) -> None:
    reply = town.ask(target, User_Agent="<i>agent</i>", Referer="http://x/<u>")
    assert reply.status == 404
    assert b"<" not in reply.body and target.strip("/").encode() not in reply.body


def test_a_script_that_is_known_is_not_sent_again(town: Serving) -> None:
    for target in ("/script.js", "/style.css", "/ports.js"):
        tag = town.ask(target).headers["etag"]
        again = town.ask(target, If_None_Match=tag)
        assert (again.status, again.body) == (304, b"")
        assert town.ask(target, If_None_Match='"0"').status == 200


def test_a_connection_takes_several_requests(town: Serving) -> None:
    request = (f"GET /80 HTTP/1.1\r\nHost: {town.host}\r\nAuthorization: Bearer {town.token}\r\n\r\n"
               f"GET /81 HTTP/1.1\r\nHost: {town.host}\r\nAuthorization: Bearer {town.token}\r\n\r\n"
               f"GET /healthz HTTP/1.1\r\nHost: {town.host}\r\nConnection: close\r\n\r\n")
    answer = town.raw(request.encode())
    assert answer.count(b"HTTP/1.1 200") == 3
    assert answer.index(b"<title>Port 80<") < answer.index(b"<title>Port 81<")


def test_a_recording_has_no_events_and_yet_a_stream(town: Serving) -> None:
    events = Events(town)
    assert events.status == 200
    events.close()
    assert town.ask("/80").status == 200


# ---- Unix --------------------------------------------------------------------------------------

def test_a_unix_socket_needs_no_token(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(tmp_path, *TOWN, "serve", "--unix", str(path)) as server:
        assert server.line == str(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert server.ask("/80").status == 200
        assert server.ask("/doctor").status == 200
        assert server.ask("/80", host="evil.example").status == 421
    assert not path.exists()


def test_a_socket_that_was_left_is_replaced_and_no_other(berth: Berth, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with serving(tmp_path, *TOWN, "serve", "--unix", str(path), "--mode", "0666"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        answer = berth("serve", "--unix", str(path))
        assert answer.code == UNKNOWN
        assert_one_clear_line(answer)
    os.mknod(path, stat.S_IFREG | 0o600)
    assert berth("serve", "--unix", str(path)).code == UNKNOWN
    assert path.read_bytes() == b""
