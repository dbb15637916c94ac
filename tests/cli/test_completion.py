# SPDX-License-Identifier: MIT
"""The completion scripts load in their shells and complete commands, options and live ports."""

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, ROOT, USAGE, YES, Answer, assert_one_clear_line, environment

Berth = Callable[..., Answer]


def shell(home: Path, *command: str) -> list[str]:
    """What a shell printed, with berth in its PATH."""
    if not shutil.which(command[0]):
        pytest.skip(f"{command[0]} is not installed")
    path = f"{BERTH.parent}:{os.environ['PATH']}"
    done = subprocess.run(command, env=environment(home, PATH=path), capture_output=True, text=True,
                          check=False, timeout=60, stdin=subprocess.DEVNULL)
    assert done.stderr == "", done.stderr
    return done.stdout.split()


def complete(home: Path, name: str, *words: str) -> list[str]:
    """The completions of the last word."""
    if name == "bash":
        line = " ".join(words)
        return shell(home, "bash", "--norc", "-c", f"""
            source <(berth completion bash)
            COMP_WORDS=({' '.join(word or "''" for word in words)}) COMP_CWORD={len(words) - 1}
            COMP_LINE={line!r} COMP_POINT={len(line)}
            _berth; printf '%s\\n' "${{COMPREPLY[@]}}" """)
    return shell(home, "fish", "--no-config", "-c",
                 f"berth completion fish | source; complete -C {' '.join(words)!r} | cut -f1")


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_commands_and_options_are_completed(tmp_path: Path, name: str) -> None:
    assert {"registry", "record", "release", "reserve"} == set(complete(tmp_path, name, "berth", "re"))
    assert "--no-headings" in complete(tmp_path, name, "berth", "ls", "--no")
    assert "--json" in complete(tmp_path, name, "berth", "--j")
    assert set(complete(tmp_path, name, "berth", "registry", "i")) >= {"import"}
    assert set(complete(tmp_path, name, "berth", "completion", "b")) >= {"bash"}


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_ports_in_use_are_completed(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert port in complete(tmp_path, name, "berth", port[:3])


def zsh_types(home: Path, load: str, typed: str, shown: str) -> str:
    """Types into a real zsh on a terminal, and a tab; waits for what should be shown. What was shown."""
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    pid, terminal = pty.fork()
    if pid == 0:
        path = f"{BERTH.parent}:{os.environ['PATH']}"
        os.execvpe("zsh", ["zsh", "-f", "-i"], environment(home, PATH=path, TERM="dumb", COLUMNS="100"))

    def until(pattern: str, limit_s: float) -> str:
        seen, end = "", time.monotonic() + limit_s
        while not re.search(pattern, seen, re.S) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 65536).decode("utf-8", "replace").replace("\x07", "")
        return seen
    try:
        os.write(terminal, f"autoload -Uz compinit; {load}; PS1='next''>'; echo RE''ADY\n".encode())
        started = until("READY\r\n.*next>", 20)
        assert "READY\r\n" in started and "_berth" not in started.partition("RE''ADY")[2], started
        os.write(terminal, f"{typed}\t".encode())
        return until(re.escape(typed) + ".*" + re.escape(shown), 10)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


EVALED = 'compinit -D -u; eval "$(berth completion zsh)"'


@pytest.mark.parametrize(("typed", "shown"), [
    ("berth regi", "registry"), ("berth ls --no-h", "--no-headings"), ("berth registry im", "import"),
    ("berth --replay /tmp ls --no-h", "--no-headings"), ("berth completion f", "fish"),
    ("berth --color n", "never"), ("berth find --l", "--limit"),
])
def test_zsh_completes_commands_and_options(tmp_path: Path, typed: str, shown: str) -> None:
    rest = shown.removeprefix(typed.split()[-1])
    assert f"{typed}{rest} " in zsh_types(tmp_path, EVALED, typed, rest)


def test_zsh_finds_the_installed_script(tmp_path: Path) -> None:
    """In a folder of $fpath the file is the function's body, and its first line says for what."""
    folder = tmp_path / "functions"
    folder.mkdir()
    shutil.copy(ROOT / "completions" / "_berth", folder)
    load = f"fpath=({folder} $fpath); compinit -D -u"
    assert "berth registry " in zsh_types(tmp_path, load, "berth regi", "stry")


def test_zsh_completes_ports_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert port in zsh_types(tmp_path, EVALED, f"berth {port[:-1]}", port[-1])


def test_bash_completes_behind_options_with_values(tmp_path: Path) -> None:
    assert complete(tmp_path, "bash", "berth", "--replay", "/tmp", "ls", "--no-h") == ["--no-headings"]
    assert complete(tmp_path, "bash", "berth", "--color", "=", "n") == ["never"]
    assert set(complete(tmp_path, "bash", "berth", "--color", "=")) == {"auto", "always", "never"}


def test_fish_completes_behind_options_with_values(tmp_path: Path) -> None:
    assert complete(tmp_path, "fish", "berth", "--replay", "/tmp", "ls", "--no-h") == ["--no-headings"]


def test_bash_has_the_function_for_berth(tmp_path: Path) -> None:
    said = shell(tmp_path, "bash", "--norc", "-c", "source <(berth completion bash); complete -p berth")
    assert said == ["complete", "-F", "_berth", "berth"]


def test_json_has_the_same_script_and_words(berth: Berth) -> None:
    assert berth("completion", "bash", "--json").json()["script"] == berth("completion", "bash").out
    words = berth("completion", "words", "ls", "--json").json()["words"]
    lines = [line.split("\t") for line in berth("completion", "words", "ls").out.splitlines()]
    assert [[word["word"], word["help"] or ""] for word in words] == lines


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_a_script_parses(berth: Berth, tmp_path: Path, name: str) -> None:
    answer = berth("completion", name)
    assert answer.code == YES
    file = tmp_path / "script"
    file.write_bytes(answer.bytes_out)
    assert shell(tmp_path, name, "-n", str(file)) == []


@pytest.mark.parametrize("arguments", [[], ["csh"], ["bash", "zsh"], ["words", "nonsense"]])
def test_what_it_does_not_understand_is_a_usage_error(berth: Berth, arguments: list[str]) -> None:
    answer = berth("completion", *arguments)
    assert answer.code == USAGE
    assert_one_clear_line(answer)
