# SPDX-License-Identifier: MIT
"""The completion scripts load in their shells and complete commands, options and live ports."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from support import BERTH, USAGE, YES, Answer, assert_one_clear_line, environment

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
    assert {"registry", "record"} == set(complete(tmp_path, name, "berth", "re"))
    assert "--no-headings" in complete(tmp_path, name, "berth", "ls", "--no")
    assert "--json" in complete(tmp_path, name, "berth", "--j")
    assert set(complete(tmp_path, name, "berth", "registry", "i")) >= {"import"}
    assert set(complete(tmp_path, name, "berth", "completion", "b")) >= {"bash"}


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_ports_in_use_are_completed(tmp_path: Path, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert port in complete(tmp_path, name, "berth", port[:3])


def test_zsh_loads_the_script_and_offers_words(tmp_path: Path) -> None:
    """The functions of zsh's completion are replaced by ones that print what they are given."""
    script = """
        _describe() { print -l -- ${(P)@[-1]} | cut -d: -f1 }
        compadd() { while [[ $1 == -* ]]; do [[ $1 == -a ]] && { shift; print -l -- ${(P)1}; return };
            [[ $1 == -X ]] && shift; shift; done; print -l -- "$@" }
        _directories() { print directories } ; _files() { print files }
        words=(berth "$@") CURRENT=$(( $# + 1 ))
        eval "$(berth completion zsh)"
    """
    def words(*typed: str) -> list[str]:
        return shell(tmp_path, "zsh", "-f", "-c", script, "zsh", *typed)
    assert {"registry", "ls"} <= set(words(""))
    assert "--no-headings" in words("ls", "")
    assert words("--replay", "") == ["directories"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert str(server.getsockname()[1]) in words("")


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
