"""What a figure was measured on, which belongs to each."""

from __future__ import annotations

import datetime as dt
import os
import platform
import re
from pathlib import Path


def described() -> str:
    """The day, the processor, how many there are of it, and the kernel."""
    # `platform.processor()` says nothing on most Linux systems.
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    found = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    processor = found[1] if found else platform.machine()
    day = dt.datetime.now(dt.timezone.utc).date()
    return f"{day}, {processor}, {os.cpu_count()} CPUs, Linux {platform.release()}"


def with_python() -> str:
    """The same, and the Python that runs this."""
    return f"{described()}, Python {platform.python_version()}"
