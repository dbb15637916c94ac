# SPDX-License-Identifier: MIT
"""Claims of users and sites: *.tsv in claims.d. A bad line is told, and the others are used."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import NO, RECORDINGS, ROOT, UNKNOWN, USAGE, YES, Answer

Berth = Callable[..., Answer]
HEAD = (ROOT / "data" / "claims" / "claims.tsv").read_text(encoding="utf-8").splitlines()[0]


def line(first: str = "60587", last: str = "60587", transport: str = "tcp", service: str = "harbour",
         kind: str = "software-default", scope: str = "exact") -> str:
    return "\t".join((first, last, transport, service, "Harbour log", "Our team", kind, scope,
                      "Our wiki, Ports", "https://example.org/ports", "2026-01-02", "Kept in the cellar."))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ".config" / "berth" / "claims.d"
    made.mkdir(parents=True)
    return made


def own(berth: Berth, port: str = "60587") -> list[Any]:
    answer = berth("--json", port)
    assert answer.code in (YES, NO, UNKNOWN)
    return [claim for claim in answer.json()["claims"] if claim["origin"].endswith(".tsv")]


def test_a_claim_of_the_user_joins_the_report(berth: Berth, folder: Path) -> None:
    (folder / "own.tsv").write_text(f"{HEAD}\n{line()}\n", encoding="utf-8")
    [claim] = own(berth)
    assert claim["service"] == "harbour" and claim["claimant"] == "Our team"
    assert claim["origin"] == str(folder / "own.tsv")
    assert (claim["source_url"], claim["ports_claimed"]) == ("https://example.org/ports", 1)
    said = berth("--json", "60587/tcp").json()
    assert said["de_facto"]["candidates"][0]["service"] == "harbour"
    assert "Harbour log" in berth("60587").out


def test_the_folder_moves_with_xdg_config_home(berth: Berth, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere" / "berth" / "claims.d"
    folder.mkdir(parents=True)
    (folder / "own.tsv").write_text(f"{HEAD}\n{line()}\n", encoding="utf-8")
    answer = berth("--json", "60587", variables={"XDG_CONFIG_HOME": str(tmp_path / "elsewhere")})
    assert any(claim["origin"] == str(folder / "own.tsv") for claim in answer.json()["claims"])


def test_other_files_are_left_alone(berth: Berth, folder: Path) -> None:
    for name in ("own.tsv~", "own.txt", ".own.tsv", "README"):
        (folder / name).write_text("nonsense\n", encoding="utf-8")
    answer = berth("--json", "60587")
    assert answer.err == "" or "claims.d" not in answer.err


BAD = {
    "a NUL byte": line().replace("Harbour", "Har\0bour").encode(),
    "not UTF-8": line().encode().replace(b"Harbour", b"Har\xffbour"),
    "too few columns": b"60587\t60587\ttcp\tharbour",
    "too many columns": (line() + "\tmore").encode(),
    "a port above 65535": line(last="65536").encode(),
    "a range turned around": line(first="60588").encode(),
    "no number": line(first="sixty").encode(),
    "an unknown transport": line(transport="icmp").encode(),
    "an unknown kind": line(kind="rumour").encode(),
    "an unknown scope": line(scope="some").encode(),
    "no service": line(service="").encode(),
    "an escape sequence": line(service="\x1b[31mred").encode(),
    "a very long line": b"60587\t" + b"x" * 2_000_000,
}


@pytest.mark.parametrize("kind", sorted(BAD))
def test_a_bad_line_is_told_with_file_and_line_and_the_rest_is_used(
        berth: Berth, folder: Path, kind: str) -> None:
    content = f"{HEAD}\n{line(service='before')}\n".encode() + BAD[kind] + (
        f"\n{line(service='behind')}\n".encode())
    (folder / "own.tsv").write_bytes(content)
    answer = berth("--json", "60587")
    services = [claim["service"] for claim in answer.json()["claims"]
                if claim["origin"].endswith("own.tsv")]
    assert sorted(services) == ["before", "behind"]
    complaints = answer.err.splitlines()
    assert len([each for each in complaints if "own.tsv:3" in each]) == 1, answer.err
    assert answer.err.isprintable() or all(each.isprintable() for each in complaints)


def test_a_file_without_headings_or_with_crlf(berth: Berth, folder: Path) -> None:
    (folder / "crlf.tsv").write_bytes(f"{HEAD}\r\n{line()}\r\n".encode())
    answer = berth("--json", "60587")
    assert answer.code in (YES, NO, UNKNOWN)
    answer.json()


def test_an_empty_file_and_a_missing_folder_are_fine(berth: Berth, folder: Path) -> None:
    (folder / "empty.tsv").write_bytes(b"")
    answer = berth("60587")
    assert "Traceback" not in answer.err and answer.code in (YES, NO, UNKNOWN)
    assert own(berth) == []


def test_quiet_keeps_complaints_back(berth: Berth, folder: Path) -> None:
    (folder / "own.tsv").write_text(f"{HEAD}\nbad\n", encoding="utf-8")
    assert "own.tsv" in berth("60587").err
    assert "own.tsv" not in berth("-q", "60587").err


def test_a_file_that_is_wrong_in_every_line_does_not_flood(berth: Berth, folder: Path) -> None:
    (folder / "own.tsv").write_text(f"{HEAD}\n{line()}\n" + "bad\n" * 5000, encoding="utf-8")
    complaints = berth("60587").err.splitlines()
    assert len(complaints) == 21 and "4980 more" in complaints[-1]
    assert len(berth("-v", "60587").err.splitlines()) == 5000
    assert len(own(berth)) == 1


def test_a_pool_of_the_users_never_makes_an_owner(berth: Berth, folder: Path) -> None:
    (folder / "own.tsv").write_text(
        f"{HEAD}\n{line(first='50000', last='65535', scope='pool')}\n", encoding="utf-8")
    [claim] = own(berth)
    assert (claim["scope"], claim["ports_claimed"]) == ("pool", 15536)
    de_facto = berth("--json", "60587").json()["de_facto"]
    assert (de_facto["state"], de_facto["service"]) == ("nobody", None)


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str], tuple[str, ...]]:
    """Runs a program in front of which /etc/services is another file, in a mount namespace of its own."""
    services = tmp_path / "services"
    before = ("unshare", "--mount", "--propagation", "private", "sh", "-c",
              f'mount --bind {services} /etc/services && exec "$@"', "sh")
    services.touch()
    if subprocess.run([*before, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs a mount namespace and an /etc/services")

    def with_services(text: str) -> tuple[str, ...]:
        services.write_text(text, encoding="utf-8")
        return before
    return with_services


def test_services_of_this_host_that_differ_are_claims(
        berth: Berth, host: Callable[[str], tuple[str, ...]]) -> None:
    before = host("# ours\nssh 22/tcp\nharbour 60587/tcp quay # the log\nharbour 60587/udp\n")
    said = berth("--json", "60587", before=before).json()
    claims = [claim for claim in said["claims"] if claim["kind"] == "host-services"]
    assert {claim["service"] for claim in claims} >= {"harbour"}
    assert all(claim["origin"] == "/etc/services" for claim in claims)
    assert "harbour" in berth("60587", before=before).out
    same = berth("--json", "22/tcp", before=before).json()  # the registry says so too
    assert not [claim for claim in same["claims"] if claim["kind"] == "host-services"]
    assert berth("--json", "harbour", before=before).json()["port"] == 60587
    assert berth("--json", "quay", before=before).code in (YES, NO)


def test_services_of_this_host_do_not_matter_to_a_recording(
        berth: Berth, host: Callable[[str], tuple[str, ...]]) -> None:
    before = host("harbour 60587/tcp\nharbour 5432/tcp\n")
    for port in ("60587", "5432"):
        arguments = ("--replay", str(RECORDINGS / "town"), "--json", port)
        assert berth(*arguments, before=before).bytes_out == berth(*arguments).bytes_out
    answer = berth("--replay", str(RECORDINGS / "town"), "harbour", before=before)
    assert answer.code == USAGE


@pytest.mark.parametrize("text", [
    "\0\0\0\n", "x" * 100_000, "bad\n80/tcp http\nname 99999/tcp\nname 80/xyz\nname -1/tcp\n", "\x1b[31m 60587/tcp\n",
    "", "\n" * 10_000, "# only a remark", "harbour 60587/tcp",
])
def test_a_strange_services_file_does_no_harm(
        berth: Berth, host: Callable[[str], tuple[str, ...]], text: str) -> None:
    before = host(text)
    answer = berth("60587", before=before)
    assert answer.code in (YES, NO, UNKNOWN)
    assert "\x1b" not in answer.out + answer.err
    berth("--json", "60587", before=before).json()


def conflicts() -> list[dict[str, str]]:
    rows = (ROOT / "tests" / "data" / "conflicts-60.tsv").read_text(encoding="utf-8").splitlines()
    head = rows[0].split("\t")
    return [dict(zip(head, row.split("\t"), strict=False)) for row in rows[1:]]


def test_where_registry_and_custom_differ_both_are_told(berth: Berth) -> None:
    """The ports of tests/data/conflicts-60.tsv: the registry's names, and claims beside them."""
    for row in conflicts():
        said = berth("--json", f"{row['port']}/{row['transport']}").json()
        names = {record["name"] for record in said["registry"][row["transport"]]["records"]}
        for name in filter(None, row["iana_names"].replace(";", ",").replace(" ", ",").split(",")):
            assert name in names, row
        assert any(claim["scope"] != "pool" for claim in said["claims"]), row
