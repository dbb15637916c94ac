# SPDX-License-Identifier: MIT
"""Servers for berth run, as people have them: the command line of each, for a folder of its own."""

import sys
from pathlib import Path

# Takes its socket as systemd would give it; answers every connection with one line.
TAKES_SOCKETS = """
import os, socket, sys
if os.environ.get("LISTEN_PID") != str(os.getpid()):
    sys.exit("no socket was passed")
made = socket.socket(fileno=3)
while True:
    client, _ = made.accept()
    client.recv(1000)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nhello")
    client.close()
"""
# Sets no option at all.
PLAIN = """
import socket, sys
made = socket.socket()
made.bind(("127.0.0.1", int(sys.argv[1])))
made.listen()
while True:
    client, _ = made.accept()
    client.recv(1000)
    client.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\nhello")
    client.close()
"""
NODE = "require('http').createServer((_, answer) => answer.end('hello')).listen(process.env.PORT, process.env.HOST)"
NGINX = """
daemon off; master_process {master}; pid {folder}/nginx.pid; error_log {folder}/nginx.log; events {{ }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder}; server {{ listen 127.0.0.1:PORT; return 200 hello; }} }}
"""
# As a project would write it: a file from a template, then the server itself.
NGINX_START = 'sed "s/PORT/$PORT/" {folder}/template >{folder}/nginx.conf; ' \
              "exec nginx -e {folder}/nginx.log -c {folder}/nginx.conf"


def commands(folder: Path) -> dict[str, tuple[str, list[str]]]:
    """For each server the program that must be installed, and the words behind "berth run"."""
    (folder / "template").write_text(NGINX.format(folder=folder, master="on"), encoding="utf-8")
    return {
        "a server that takes sockets": (sys.executable, ["--fd", "--", sys.executable, "-c", TAKES_SOCKETS]),
        "http.server": (sys.executable, [sys.executable, "-m", "http.server", "--bind", "{host}", "{port}"]),
        "plain": (sys.executable, [sys.executable, "-c", PLAIN, "{port}"]),
        "nginx": ("nginx", ["sh", "-c", NGINX_START.format(folder=folder)]),
        "redis": ("redis-server", ["redis-server", "--port", "{port}", "--bind", "127.0.0.1", "--save", "",
                                   "--dir", str(folder)]),
        "node": ("node", ["node", "-e", NODE]),
    }
