"""Real servers of the test site, each in a configuration of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"


class Server:
    """A server of the site.

    Args:
        kind: ``runserver``, maybe with an option of it, or ``uvicorn``.
        folder: Where the site keeps its database and cache.
        settings: What ``SITE_…`` variables say, by their names.
    """

    def __init__(self, kind, folder, **settings):
        self.log = folder / "log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "settings",
            "PYTHONPATH": str(SITE),
            "PYTHONUNBUFFERED": "1",
            "SITE_FOLDER": str(folder),
            **{f"SITE_{name}": json.dumps(value) for name, value in settings.items()},
        }
        command = [sys.executable, "-m"]
        migrate = [*command, "django", "migrate", "-v0"]
        subprocess.run(migrate, env=environment, check=True, timeout=60)
        if kind.startswith("runserver"):
            place = f"127.0.0.1:{self.port}"
            command = [sys.executable, "development.py", *kind.split(), "--noreload", place]
        else:
            command += ["uvicorn", "serving:asgi", "--port", str(self.port), "--log-level=warning"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=subprocess.STDOUT, cwd=SITE
            )
        self._wait()

    def get(self, path):
        """Status and headers of a page of the site, and its text."""
        status, headers, body = self.read(path)
        return status, headers, body.decode()

    def read(self, path):
        """The same of anything, and its bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers={"Accept": "text/html"})
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def json(self, path):
        """A page of the site that is JSON."""
        return json.loads(self.get(path)[2])

    def close(self):
        """Ends the server."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def _wait(self):
        """Waits until it listens: asks, and each refusal is an answer of the kernel at once."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def serve(tmp_path_factory):
    """Starts servers, one for each configuration, and ends them."""
    running = {}

    def start(kind, **settings):
        key = (kind, json.dumps(settings, sort_keys=True))
        if key not in running:
            running[key] = Server(kind, tmp_path_factory.mktemp("site"), **settings)
        return running[key]

    yield start
    for server in running.values():
        server.close()
