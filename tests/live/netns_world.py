# SPDX-License-Identifier: MIT
"""A world of network namespaces for berth to find: one for each way in which one can be kept.

Prints one line of JSON with what there is, and holds it until standard input ends. Everything is in
namespaces of its own (see worlds.py); /run is a file system of ours, so that no name is left behind.
"""

import contextlib
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

CLONE_NEWNET, CLONE_NEWNS, MS_BIND, MS_REC_PRIVATE = 0x40000000, 0x00020000, 4096, 0x44000
PORT = 8080
NOBODY = 65534
libc = ctypes.CDLL(None, use_errno=True)
held: list[Any] = []


def run(command: str) -> None:
    subprocess.run(command.split(), check=True)


def call(name: str, *arguments: Any) -> None:
    if getattr(libc, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def inode_of(path: str) -> int:
    return os.stat(path).st_ino


def listen(port: int = PORT) -> socket.socket:
    made = socket.socket()
    made.bind(("0.0.0.0", port))
    made.listen(3)
    return made


def child(name: str, work: Callable[[], Any], *keep: int) -> tuple[int, Any]:
    """Forks a process that calls work() and holds what that made; its id, and what work() answered.

    Of our descriptors it has those to keep, so that nothing of ours is held by others.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            answer = pipe.readline()
        assert answer, f"{name} said nothing"
        return pid, json.loads(answer)
    try:
        libc.prctl(1, 9, 0, 0, 0)  # not to outlive the world
        libc.prctl(15, name.encode(), 0, 0, 0)
        for fd in {int(entry) for entry in os.listdir("/proc/self/fd")} - {0, 1, 2, writing, *keep}:
            with contextlib.suppress(OSError):  # the folder's own
                os.close(fd)
        answer = work()
        os.write(writing, json.dumps(answer).encode() + b"\n")
        os.close(writing)
        threading.Event().wait()
    finally:
        os._exit(1)


def own_netns() -> int:
    return inode_of("/proc/thread-self/ns/net")


def apart() -> int:
    """Moves to a new namespace and listens in it."""
    call("unshare", CLONE_NEWNET)
    held.append(listen())
    return own_netns()


def in_named(name: str) -> None:
    fd = os.open(f"/run/netns/{name}", os.O_RDONLY)
    call("setns", fd, CLONE_NEWNET)
    os.close(fd)


def make_web() -> tuple[int, Any]:
    """A server with a name, an interface and a policy of its own."""
    run("ip netns add web")

    def work() -> int:
        in_named("web")
        run("ip link set lo up")
        run("ip link add only-here type veth peer name only-there")
        Path("/proc/sys/net/ipv4/ip_local_port_range").write_text("1500 1600")
        held.append(listen())
        datagrams = socket.socket(type=socket.SOCK_DGRAM)
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"only-here\0")
        datagrams.bind(("0.0.0.0", PORT))
        bound = socket.socket()
        bound.bind(("127.0.0.1", PORT + 1))
        held.extend((datagrams, bound))
        return own_netns()
    return child("webserver", work)


def make_kept(keep: Callable[[str], None]) -> int:
    """A namespace without a process: `keep` is called with its path; we hold a socket of it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX)

    def work() -> int:
        call("unshare", CLONE_NEWNET)
        made = listen()
        socket.send_fds(theirs, [b"x"], [made.fileno()])
        return own_netns()
    pid, inode = child("maker", work, theirs.fileno())
    _, [fd], _, _ = socket.recv_fds(ours, 1, 1)
    held.append(socket.socket(fileno=fd))
    keep(f"/proc/{pid}/ns/net")
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    ours.close()
    theirs.close()
    return int(inode)


def mount_at(path: str) -> Callable[[str], None]:
    def keep(namespace: str) -> None:
        Path(path).touch()
        call("mount", namespace.encode(), path.encode(), b"none", MS_BIND, None)
    return keep


def make_thread() -> tuple[int, Any]:
    """A process of which one thread went elsewhere."""
    def work() -> int:
        answer: list[int] = []
        ready = threading.Event()

        def away() -> None:
            answer.append(apart())
            ready.set()
            threading.Event().wait()
        threading.Thread(target=away, daemon=True).start()
        ready.wait()
        return answer[0]
    return child("threaded", work)


def make_hidden_mount() -> tuple[int, int]:
    """A namespace that is mounted only where another mount namespace shows it."""
    inodes: list[int] = []

    def work() -> int:
        call("unshare", CLONE_NEWNS)
        call("mount", b"none", b"/", None, MS_REC_PRIVATE, None)
        call("mount", b"none", b"/run/elsewhere", b"tmpfs", 0, None)
        inodes.append(make_kept(mount_at("/run/elsewhere/two words")))
        return inodes[0]
    Path("/run/elsewhere").mkdir()
    return child("mounter", work)


def make_nobody() -> tuple[int, Any]:
    """An ordinary user's process in a namespace of its own."""
    def work() -> int:
        inode = apart()
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        libc.prctl(4, 1, 0, 0, 0)  # PR_SET_DUMPABLE: its own user may look into it
        return inode
    return child("nobodys", work)


def make_big() -> dict[str, Any]:
    """The world of world.py, with hundreds of sockets, inside a namespace with a name."""
    run("ip netns add big")
    script = Path(__file__).with_name("world.py")
    process = subprocess.Popen(["nsenter", "--net=/run/netns/big", sys.executable, str(script)],
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    held.append(process)
    assert process.stdout
    return dict(json.loads(process.stdout.readline()))


def make_all() -> dict[str, Any]:
    run("ip netns add empty")
    web = make_web()
    descriptor = make_kept(lambda path: held.append(os.open(path, os.O_RDONLY)))
    mounted = make_kept(mount_at("/run/kept"))
    return {"web": web, "process": child("lonely", apart), "thread": make_thread(),
            "hidden": make_hidden_mount(), "nobody": make_nobody(), "descriptor": descriptor,
            "mounted": mounted, "empty": inode_of("/run/netns/empty"), "big": make_big(),
            "own": own_netns()}


def make_many(count: int) -> dict[str, Any]:
    """`count` processes, each in a namespace of its own with the same port; every other has a name."""
    made = [child(f"many-{number}", apart) for number in range(count)]
    for number, (pid, _) in enumerate(made):
        if number % 2:
            run(f"ip netns attach n{number} {pid}")
    return {"many": made, "own": own_netns()}


def main() -> None:
    run("mount -t tmpfs none /run")
    run("ip link set lo up")
    made = make_many(int(sys.argv[1])) if len(sys.argv) > 1 else make_all()
    print(json.dumps({"pid": os.getpid(), **made}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
