# SPDX-License-Identifier: MIT
"""berth run: what the command is told, its exit code, signals and jobs; servers are in tests/live/test_run.py."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, USAGE, Answer, assert_one_clear_line, environment

Berth = Callable[..., Answer]
SHOW = "import json, os, sys; print(json.dumps([dict(os.environ), sys.argv[1:]]))"
NO_PORT, NOT_STARTED, NOT_FOUND = 125, 126, 127


def shown(berth: Berth, *arguments: str, words: tuple[str, ...] = (), **options: object
          ) -> tuple[dict[str, str], list[str]]:
    answer = berth("run", *arguments, "--", sys.executable, "-c", SHOW, *words, **options)
    assert (answer.code, answer.err) == (0, "")
    variables, rest = json.loads(answer.out)
    return variables, rest


def test_a_command_is_told_its_port(berth: Berth) -> None:
    variables, words = shown(berth, words=("{port}", "http://{host}:{port}/", "{other}", "{}", "a{b", "{{port}}"))
    port = variables["PORT"]
    assert 1024 <= int(port) <= 65535
    assert variables["HOST"] == "127.0.0.1"
    assert words == [port, f"http://127.0.0.1:{port}/", "{other}", "{}", "a{b", f"{{{port}}}"]
    assert not {name for name in variables if name.startswith("LISTEN_")}


def test_several_names_have_a_port_each(berth: Berth) -> None:
    variables, words = shown(berth, "--name", "web", "--name", "my-api.2", "--env", "API", "--env",
                             "URL=http://x:{port}/{web}", "--name", "3d", words=("{web}", "{my-api.2}", "{port}", "{3d}"))
    web, api, three = variables["WEB_PORT"], variables["MY_API_2_PORT"], variables["_3D_PORT"]
    assert len({web, api, three}) == 3
    assert variables["PORT"] == web and variables["API"] == api
    assert variables["URL"] == f"http://x:{api}/{web}"
    assert words == [web, api, web, three]


def test_a_name_has_the_same_port_again_in_its_folder(berth: Berth, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    first = shown(berth, "--name", "web", cwd=one)[0]["PORT"]
    assert shown(berth, "--name", "web", cwd=one)[0]["PORT"] == first
    assert shown(berth, "--name", "api", cwd=one)[0]["PORT"] != first
    assert shown(berth, "--name", "web", cwd=other)[0]["PORT"] != first


def test_options_behind_the_command_are_its_own(berth: Berth) -> None:
    answer = berth("run", "--name", "web", "sh", "-c", 'echo "$0" "$@"', "--name", "-q", "--help")
    assert answer.out == "--name -q --help\n"
    assert berth("-q", "run", "printf", "%s", "--name").out == "--name"


def test_a_host_is_told(berth: Berth) -> None:
    assert shown(berth, "--host", "::1")[0]["HOST"] == "::1"


def test_sockets_are_passed(berth: Berth) -> None:
    script = """
import os, socket
assert os.environ["LISTEN_PID"] == str(os.getpid())
assert os.environ["LISTEN_FDNAMES"] == "web:api"
for number, name in enumerate(("WEB_PORT", "API_PORT")):
    made = socket.socket(fileno=3 + number)
    assert made.getsockname() == ("127.0.0.1", int(os.environ[name])), made
    assert made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
print(os.environ["LISTEN_FDS"], sorted(map(int, os.listdir("/proc/self/fd")))[:5])
"""
    answer = berth("run", "--fd", "--name", "web", "--name", "api", sys.executable, "-c", script)
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith("2 [0, 1, 2, 3, 4]")


# ---- Exit codes ----------------------------------------------------------------------------------

@pytest.mark.parametrize("code", [0, 1, 3, 42, 255])
def test_the_exit_code_is_the_commands(berth: Berth, code: int) -> None:
    answer = berth("run", "sh", "-c", f"exit {code}")
    assert (answer.code, answer.out, answer.err) == (code, "", "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_signal_is_told_as_shells_do(berth: Berth, number: int) -> None:
    assert berth("run", "sh", "-c", f"kill -{int(number)} $$").code == 128 + number


def test_what_cannot_be_started_is_told_as_shells_do(berth: Berth, tmp_path: Path) -> None:
    for command, code in (("no-such-command-x", NOT_FOUND), ("/etc/passwd", NOT_STARTED), (str(tmp_path), NOT_STARTED)):
        answer = berth("run", command)
        assert answer.code == code
        assert_one_clear_line(answer)


def test_a_port_that_is_taken_is_said_with_who_has_it(berth: Berth) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import socket, subprocess, sys\nmade = socket.create_server(('127.0.0.1', 0))\n"
         "sys.exit(subprocess.run([*sys.argv[1:], 'run', '--port', str(made.getsockname()[1]), 'true']).returncode)",
         str(BERTH)], capture_output=True, text=True, check=False)
    assert done.returncode == NO_PORT
    assert re.fullmatch(r"berth: port \d+ for true is taken: python3 \(pid \d+, .*\) has it\n", done.stderr)


@pytest.mark.parametrize("arguments", [
    [], ["--"], ["--name", "a b", "true"], ["--name", "", "true"], ["--name", "a", "--name", "a", "true"],
    ["--port", "0", "true"], ["--port", "70000", "true"], ["--port", "x", "true"], ["--host", "nowhere", "true"],
    ["--nonsense", "true"], ["--json", "true"],
])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth("run", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)


# ---- Signals and jobs ----------------------------------------------------------------------------

COUNT = """
import signal, sys, time
seen = []
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT):
    signal.signal(number, lambda number, _: seen.append(number))
print("up", flush=True)
while len(seen) < int(sys.argv[1]):
    time.sleep(0.01)
time.sleep(0.2)
print(*map(int, seen), flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
def test_signals_are_handed_on_once(tmp_path: Path, number: int) -> None:
    with subprocess.Popen([str(BERTH), "run", sys.executable, "-c", COUNT, "1"], stdout=subprocess.PIPE, text=True,
                          env=environment(tmp_path)) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"{int(number)}\n"
        assert process.wait(timeout=10) == 0


def test_the_command_does_not_outlive_berth(tmp_path: Path) -> None:
    with subprocess.Popen([str(BERTH), "run", sys.executable, "-c", COUNT, "1"], stdout=subprocess.PIPE, text=True,
                          env=environment(tmp_path)) as process:
        assert process.stdout and process.stdout.readline() == "up\n"
        process.kill()
        assert process.stdout.readline() == f"{int(signal.SIGTERM)}\n"


def test_blocked_signals_and_the_rest_are_as_they_were(berth: Berth) -> None:
    show = ["grep", "-E", "^(SigBlk|SigIgn):", "/proc/self/status"]
    assert berth("run", *show).out == subprocess.run(show, capture_output=True, text=True, check=True).stdout


JOB = """
import os, signal, sys
os.setpgid(0, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
os.tcsetpgrp(0, os.getpgrp())
signal.signal(signal.SIGTTOU, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


def read_until(terminal: int, text: str) -> str:
    said, deadline = "", time.monotonic() + 20
    while text not in said:
        assert time.monotonic() < deadline, said
        if select.select([terminal], [], [], 0.1)[0]:
            said += os.read(terminal, 4096).decode()
    return said


@pytest.mark.parametrize("by", ["key", "signal"])
def test_on_a_terminal_it_is_one_job(tmp_path: Path, by: str) -> None:
    """We are the shell: a job of its own is stopped, woken, and interrupted by keys."""
    session, terminal = pty.fork()
    if not session:
        job = os.fork()
        if not job:
            os.execv(sys.executable, [sys.executable, "-c", JOB, str(BERTH), "run", sys.executable, "-c", COUNT, "1"])
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        _, status = os.waitpid(job, os.WUNTRACED)
        os.write(1, b"stopped\n" if os.WIFSTOPPED(status) else b"ended\n")
        os.tcsetpgrp(0, job)
        os.killpg(job, signal.SIGCONT)
        _, status = os.waitpid(job, 0)
        os.write(1, f"code {os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    try:
        read_until(terminal, "up")
        if by == "key":
            os.write(terminal, b"\x1a")
        else:  # the command alone stops, as one does that reads from the terminal in the background
            found = subprocess.run(["pgrep", "-s", str(session), "-f", "seen.append"], capture_output=True, text=True,
                                   check=True).stdout.split()
            os.kill(max(map(int, found)), signal.SIGSTOP)
        read_until(terminal, "stopped")
        time.sleep(0.2)
        os.write(terminal, b"\x03")
        assert "^C2\r" in read_until(terminal, "code 0"), "one SIGINT, not two"
    finally:
        os.kill(session, signal.SIGKILL)
        os.waitpid(session, 0)
        os.close(terminal)
