"""What users do first, done as they do it: each test goes through one door into the project.

Tests run with an interpreter whose environment has the wheel and `requirements.in`, which needs
Python 3.12; `PYFLAME_WHEEL` names the wheel. Nothing here needs the network.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from doors.shell import Shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a folder that is the test's own."""
    shell = Shell(tmp_path)
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def shared_shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A shell in a folder of all tests, for what takes long and is looked at more than once."""
    shell = Shell(tmp_path_factory.mktemp("shared"))
    yield shell
    shell.close()


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel that is tested."""
    path = Path(os.environ.get("PYFLAME_WHEEL", ""))
    assert path.is_file(), "PYFLAME_WHEEL has to name the wheel"
    return path


@pytest.fixture
def free_port() -> Iterator[Callable[[], int]]:
    """Finds a port that nobody else gets until the test ends.

    It is bound here and not listened on, so that the kernel hands it to nobody; a server that sets
    SO_REUSEADDR, as servers do, may bind it all the same (socket(7)).
    """
    held = []

    def find() -> int:
        keeper = socket.socket()
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        held.append(keeper)
        return keeper.getsockname()[1]

    yield find
    for keeper in held:
        keeper.close()
