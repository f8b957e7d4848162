"""A real pre-fork server: its workers are in the profile, and it ends as it does without us."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

from doors.shell import LIMIT_SECONDS
from looks import UNTIL_LOOKED_AT

# A worker has one request at a time, and none is answered before both workers have one.
APPLICATION = f"""\
{UNTIL_LOOKED_AT}
import time

def compute():
    end = time.thread_time() + 0.2
    while time.thread_time() < end:
        sum(range(100))
    until_looked_at()

def application(environ, start_response):
    open(f"in-{{os.getpid()}}", "w").close()
    end = time.monotonic() + {LIMIT_SECONDS / 2}
    while len([name for name in os.listdir() if name.startswith("in-")]) < 2:
        assert time.monotonic() < end
        time.sleep(0.001)
    compute()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d" % os.getpid()]
"""
REQUEST = b"GET / HTTP/1.0\r\nHost: server\r\n\r\n"


def test_each_worker_of_gunicorn_is_in_the_profile(shell):
    shell.write("app.py", APPLICATION)
    options = ["-w", "2", "-b", "unix:server", "--no-control-socket", "app:application"]
    command = [sys.executable, "-m", "pyflame", "-o", "x.folded", "-m", "gunicorn", *options]
    server = shell.start(*command, stderr=subprocess.STDOUT)
    shell.until(server, "Listening at")
    connections = [_ask(shell.folder / "server") for _ in range(2)]
    workers = {_answer(connection) for connection in connections}
    os.kill(server.pid, signal.SIGTERM)
    result = shell.end_of(server).succeeded()
    assert "3 processes" in result.stdout
    text = (shell.folder / "x.folded").read_text(encoding="utf-8")
    computed = {line.partition(";")[0] for line in text.splitlines() if "compute (" in line}
    assert computed == {f"-m gunicorn (pid {worker})" for worker in workers}


def _ask(path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(LIMIT_SECONDS)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    # The path of a socket is at most 108 bytes long; a test's folder may be deeper.
    connection.connect(f"/proc/self/fd/{folder}/{path.name}")
    os.close(folder)
    connection.sendall(REQUEST)
    return connection


def _answer(connection: socket.socket) -> int:
    with connection, connection.makefile("rb") as answer:
        return int(answer.read().rpartition(b"\r\n\r\n")[2])
