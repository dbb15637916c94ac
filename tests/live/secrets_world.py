# SPDX-License-Identifier: MIT
"""A small world whose names, addresses and arguments a scrubbed recording must not hold.

Starts processes of several users with secrets in their arguments, environment and folder, and prints one
line of JSON with the secrets. The argument makes them unique.
"""

import json
import socket
import subprocess
import sys
from pathlib import Path

SALT = sys.argv[1]
HOST = f"harbourhost{SALT}"
ARGUMENT = f"--password=argument{SALT}"
VARIABLE = f"variable{SALT}"
FOLDER = Path(f"/tmp/folder{SALT}")
CHILD = "import sys; print('ready', flush=True); sys.stdin.read()"


def addresses() -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in ("192.0.2.1/32", "192.0.2.77/32", "2001:db8::77:1/128"):
        family = ["-6"] if ":" in address else []
        extra = ["nodad"] if ":" in address else []
        subprocess.run(["ip", *family, "addr", "add", address, "dev", "lo", *extra], check=True)


def start(user: str, *sockets: socket.socket) -> None:
    """A process that holds the sockets, with secrets in its arguments, environment and folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", CHILD, ARGUMENT], user=user, extra_groups=[], cwd=FOLDER,
        stdout=subprocess.PIPE, env={"PATH": "/usr/bin:/bin", "SECRET": VARIABLE},
        pass_fds=[each.fileno() for each in sockets])
    assert process.stdout and process.stdout.readline()


def server(family: int, address: str) -> socket.socket:
    made = socket.socket(family)
    made.bind((address, 0))
    made.listen()
    return made


def main() -> None:
    socket.sethostname(HOST)
    addresses()
    FOLDER.mkdir(mode=0o755)
    try:
        four, six = server(socket.AF_INET, "192.0.2.77"), server(socket.AF_INET6, "2001:db8::77:1")
        client = socket.socket()
        client.bind(("192.0.2.1", 0))
        client.connect(four.getsockname())
        start("nobody", four, four.accept()[0])
        start("daemon", six, server(socket.AF_INET, "0.0.0.0"))
        start("www-data", client, server(socket.AF_INET, "127.0.0.1"), server(socket.AF_INET6, "::1"))
        print(json.dumps({"argument": ARGUMENT, "host": HOST,
                          "texts": [ARGUMENT, VARIABLE, str(FOLDER)]}), flush=True)
        sys.stdin.read()
    finally:
        FOLDER.rmdir()


if __name__ == "__main__":
    main()
