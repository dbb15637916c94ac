# SPDX-License-Identifier: MIT
"""Processes whose names and arguments are meant to harm a reader, each with a listening socket.

Prints one line of JSON with the port of each, and holds them until standard input ends.
"""

import json
import os
import socket
import subprocess
import sys

# A process may call itself anything of up to 15 bytes (prctl(2), PR_SET_NAME).
NAMES = {
    "escapes": b"\x1b]0;owned\x07\x1b[2J",
    "invalid": b"\xff\xfe\xc3(\xed\xa0\x80",
    "newline": b"a\nb\tc\rd",
    "parenthesis": b") R 1 1 (",
    "quotes": b"\"'\\{}[],:",
    "bidi": "a\u202eb\u2066c".encode(),
    "blank": b" ",
    "empty": b"",
    "c1": "\u009b31m".encode(),
}
HOSTILE_ARGUMENT = b"\x1b[31mred\x07\xff\xfe" + "\u202e".encode()


def start(name: bytes) -> int:
    """Starts a process of that name with a hostile command line; its port."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        ready, go = os.pipe()
        subprocess.Popen([sys.executable, "-c", CHILD, name.hex(), str(go), HOSTILE_ARGUMENT],
                         pass_fds=(server.fileno(), go))
        os.close(go)
        os.read(ready, 1)  # the end of the pipe: it has its name now
        os.close(ready)
        return int(server.getsockname()[1])


CHILD = """
import ctypes, os, sys
ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
ctypes.CDLL(None).prctl(15, bytes.fromhex(sys.argv[1]), 0, 0, 0)
os.close(int(sys.argv[2]))
sys.stdin.read()
"""


def main() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    print(json.dumps({key: start(name) for key, name in NAMES.items()}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
