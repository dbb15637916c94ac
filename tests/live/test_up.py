# SPDX-License-Identifier: MIT
"""berth up, env and open: a project's commands side by side, each with its port, and how others find them."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import BERTH, NO, UNKNOWN, USAGE, YES, environment, validated
from worlds import World, ledger_world, needs_namespaces

pytestmark = needs_namespaces
NO_PORT, NOT_STARTED, NOT_FOUND = 125, 126, 127
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
SERVER = f"exec {sys.executable} -u -m http.server --bind {{host}} {{port}}"
ASK = "import sys, urllib.request\nprint(urllib.request.urlopen(sys.argv[1]).status)"


@pytest.fixture
def there() -> Iterator[World]:
    yield from ledger_world("/mnt/project/.git", "/mnt/project/deep", "/mnt/other/.git")


class Done:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    def lines(self, name: str) -> list[str]:
        """What the command of that name printed."""
        front = [line.partition(" | ") for line in self.out.splitlines()]
        return [text for label, _, text in front if label.strip() == name]


def command(there: World, folder: str, *words: str, before: tuple[str, ...] = ()) -> list[str]:
    return [*there.enter, *before, "sh", "-c", 'cd "$0" && exec "$@"', f"/mnt/{folder}", *words]


def ask(there: World, *words: str, folder: str = "project", before: tuple[str, ...] = ()) -> Done:
    done = subprocess.run(command(there, folder, str(BERTH), *words, before=before), capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=60, env=environment(Path("/mnt")))
    assert done.returncode != 99, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def manifest(there: World, text: str) -> None:
    there.run("sh", "-c", 'printf %s "$0" > /mnt/project/berth.toml', text)


class Up:
    """berth up, until it is told to end."""

    def __init__(self, there: World, *words: str) -> None:
        self.there = there
        berth = ("sh", "-c", 'echo $$; exec "$0" up "$@"', str(BERTH), *words)
        self.process = subprocess.Popen(command(there, "project", *berth), stdin=subprocess.DEVNULL, text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(Path("/mnt")),
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        assert self.process.stdout
        self.pid = int(self.process.stdout.readline())

    def until_it_says(self, text: str) -> str:
        assert self.process.stdout
        said = ""
        for line in self.process.stdout:
            said += line
            if text in line:
                return said
        raise AssertionError(said + (self.process.stderr.read() if self.process.stderr else ""))

    def signal(self, number: int) -> None:
        subprocess.run([*self.there.enter, "kill", f"-{number}", str(self.pid)], check=True)

    def end(self) -> Done:
        out, err = self.process.communicate(timeout=30)
        return Done(self.process.returncode, out, err)


@contextlib.contextmanager
def up(there: World, *words: str) -> Iterator[Up]:
    made = Up(there, *words)
    try:
        yield made
    finally:
        subprocess.run([*there.enter, "kill", "-9", str(made.pid)], capture_output=True, check=False)
        made.process.communicate(timeout=20)


def rows(there: World) -> list[dict[str, Any]]:
    return list(validated(json.loads(ask(there, "leases", "--json").out))["leases"])


def listeners(there: World) -> str:
    return there.run("ss", "-Hltn")


def until(there: World, found: str, there_is: bool = True) -> None:
    for _ in range(200):
        if (found in listeners(there)) == there_is:
            return
        time.sleep(0.05)
    raise AssertionError(listeners(there))


# ---- env and open ----------------------------------------------------------------------------------

def test_leases_of_the_project_are_variables_and_urls(there: World) -> None:
    ports = {name: int(ask(there, "lease", "--ttl", "1m", name).out) for name in ("web", "my-api.2", "0x")}
    ask(there, "lease", "--ttl", "1m", "elsewhere", folder="other")
    ask(there, "lease", "--ttl", "1m", "others", before=NOBODY)
    ask(there, "free", "--for", "web")
    expected = {"WEB_PORT": ports["web"], "MY_API_2_PORT": ports["my-api.2"], "_0X_PORT": ports["0x"]}
    for folder in ("project", "project/deep"):
        said = ask(there, "env", folder=folder)
        assert (said.code, said.err) == (YES, "")
        assert dict(line.split("=") for line in said.out.splitlines()) == {k: str(v) for k, v in expected.items()}
    exported = ask(there, "env", "--export").out
    shown = there.run("sh", "-c", f"{exported}\nexec sh -c 'echo $WEB_PORT $MY_API_2_PORT $_0X_PORT'")
    assert list(map(int, shown.split())) == list(expected.values())
    said = validated(json.loads(ask(there, "env", "--json").out))
    assert {row["variable"]: row["port"] for row in said["leases"]} == expected
    assert ask(there, "open", "web").out == f"http://localhost:{ports['web']}/\n"
    assert ask(there, "open", "--https", "0x").out == f"https://localhost:{ports['0x']}/\n"


def test_what_is_over_or_nobodys_is_not_told(there: World) -> None:
    nothing = ask(there, "env")
    assert (nothing.code, nothing.out) == (NO, "") and "/mnt/project" in nothing.err
    assert (ask(there, "env", "-q").code, ask(there, "env", "-q").err) == (NO, "")
    assert validated(json.loads(ask(there, "env", "--json").out))["leases"] == []
    ask(there, "lease", "--ttl", "100ms", "web")
    time.sleep(0.2)
    assert ask(there, "env").code == NO
    missing = ask(there, "open", "web")
    assert (missing.code, missing.out) == (NO, "") and "berth env" in missing.err


def test_the_browser_is_that_of_the_desktop(there: World) -> None:
    port = int(ask(there, "lease", "--ttl", "1m", "web").out)
    there.run("sh", "-c", "mkdir /mnt/bin && printf '#!/bin/sh\\necho opened $1' > /mnt/bin/xdg-open && chmod 755 /mnt/bin/xdg-open")
    before = ("env", f"PATH=/mnt/bin:{os.environ['PATH']}")
    assert ask(there, "open", "--browser", "web", before=before).out == f"opened http://localhost:{port}/\n"
    without = ask(there, "open", "--browser", "web", before=("env", "PATH=/mnt/none"))
    assert without.code in (UNKNOWN, NOT_FOUND)


# ---- up --------------------------------------------------------------------------------------------

def test_all_commands_run_with_their_ports_until_ctrl_c(there: World) -> None:
    manifest(there, f'range = "7300-7399"\n[web]\ncommand = "{SERVER}"\nenv = "MINE"\n[api]\nport = 7388\n'
                    f'command = ["{sys.executable}", "-u", "-m", "http.server", "{{port}}"]\n'
                    '[db]\n[tell]\ncommand = "echo $PORT $HOST $WEB_PORT {web} ${web} $API_PORT $DB_PORT {db}; sleep 100"\n')
    with up(there) as running:
        said = running.until_it_says("tell | ")
        words = said.split("tell | ")[1].split()
        web, db = int(words[2]), int(words[5])
        assert words == [words[0], "127.0.0.1", str(web), str(web), "7388", str(db), str(db)]
        assert all(7300 <= port <= 7399 for port in (web, db, int(words[0])))
        variables = dict(line.split("=") for line in ask(there, "env").out.splitlines())
        assert variables == {"WEB_PORT": str(web), "API_PORT": "7388", "DB_PORT": str(db), "TELL_PORT": words[0]}
        for name in ("web", "api"):
            until(there, f":{variables[name.upper() + '_PORT']} ")
            url = ask(there, "open", name).out.strip()
            assert there.run(sys.executable, "-c", ASK, url) == "200\n"
        running.signal(signal.SIGINT)
        done = running.end()
    assert done.code == 128 + signal.SIGINT
    assert listeners(there) == "" and rows(there) == []
    assert {line.split()[1] for line in done.err.splitlines() if " has port " in line} == {"web", "api", "db", "tell"}


def test_the_same_ports_come_again(there: World) -> None:
    manifest(there, '[a]\ncommand = "echo $PORT; sleep 1"\n[b]\ncommand = "echo $PORT; sleep 1"\n[c]\nproto = "udp"\ncommand = "echo $PORT; sleep 1"\n')
    seen = {tuple(sorted(ask(there, "up", "-q").out.splitlines())) for _ in range(3)}
    assert len(seen) == 1 and len(seen.pop()) == 3


def test_when_one_ends_the_others_do_and_its_status_is_that_of_berth(there: World) -> None:
    manifest(there, f'[web]\ncommand = "{SERVER}"\n[short]\ncommand = "sleep 0.5; printf last; exit 7"\n'
                    '[left]\ncommand = "sleep 1000 & echo $!; wait"\n')
    done = ask(there, "up")
    assert done.code == 7
    assert done.lines("short") == ["last"]
    assert "short has ended with status 7" in done.err
    [left] = done.lines("left")
    assert there.run("sh", "-c", "cat /proc/$0/cmdline 2>&- || :", left) == "", "what a command leaves behind may have the port"
    assert listeners(there) == ""


def test_what_ignores_the_signal_is_killed_by_the_second(there: World) -> None:
    manifest(there, '[web]\ncommand = "trap : TERM; echo up; while :; do sleep 0.1; done"\n')
    with up(there) as running:
        running.until_it_says("up")
        running.signal(signal.SIGTERM)
        time.sleep(0.5)
        assert running.process.poll() is None
        running.signal(signal.SIGTERM)
        assert running.end().code == 128 + signal.SIGTERM


def test_when_berth_is_killed_the_commands_end(there: World) -> None:
    manifest(there, f'[web]\nport = 7388\ncommand = "{SERVER}"\n')
    with up(there) as running:
        until(there, ":7388 ")
        running.signal(signal.SIGKILL)
        running.process.wait(timeout=10)
        until(there, ":7388 ", there_is=False)
    assert [row["state"] for row in rows(there)] in ([], ["over"])


def test_a_port_that_cannot_be_had_starts_nothing(there: World) -> None:
    manifest(there, '[a]\ncommand = "touch started"\n[b]\nport = 7388\ncommand = "touch started"\n')
    with up(there) as running:
        running.process.wait(timeout=20)
    there.run("rm", "/mnt/project/started")
    held = subprocess.Popen([*there.enter, sys.executable, "-c", "import socket, sys\nmade = socket.create_server(('', 7388))\n"
                             "print('up', flush=True)\nsys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert held.stdin and held.stdout and held.stdout.readline()
    done = ask(there, "up")
    held.stdin.close()
    held.wait(timeout=10)
    assert (done.code, done.out) == (NO_PORT, "") and "port 7388 for b is taken: " in done.err and "python" in done.err
    assert "started" not in there.run("ls", "/mnt/project")
    assert rows(there) == []


@pytest.mark.parametrize(("word", "code"), [("/nonexistent/command", NOT_FOUND), ("/etc/passwd", NOT_STARTED)])
def test_a_command_that_cannot_start_ends_the_others(there: World, word: str, code: int) -> None:
    manifest(there, f'[web]\ncommand = "sleep 1000"\n[bad]\ncommand = ["{word}"]\n[late]\ncommand = "echo started"\n')
    done = ask(there, "up", "-q")
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(f"berth: bad: {word}: ")


def test_only_those_that_are_named_run(there: World) -> None:
    manifest(there, '[web]\ncommand = "echo $PORT $API_PORT."\n[api]\ncommand = "echo never"\n')
    done = ask(there, "up", "web")
    assert done.code == YES and done.lines("api") == []
    assert [line.endswith(" .") for line in done.lines("web")] == [True]
    unknown = ask(there, "up", "wbe")
    assert (unknown.code, unknown.err) == (USAGE, "berth: berth.toml has no [wbe]\n")


def test_lines_come_whole_behind_their_names(there: World) -> None:
    manifest(there, '[long]\ncommand = "for i in 1 2 3 4 5 6 7 8; do head -c 9999 /dev/zero | tr \\"\\\\0\\" x; done; echo; sleep 1"\n'
                    '[many]\ncommand = "seq 20000; sleep 1"\n[err]\ncommand = "echo bad >&2; printf open; sleep 1"\n')
    done = ask(there, "up", "-q")
    assert done.lines("many") == [str(number) for number in range(1, 20001)]
    assert done.lines("err") == ["bad", "open"]
    assert "".join(done.lines("long")) == "x" * 79992
