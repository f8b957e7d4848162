"""uv, which installs: where it is, and how it learns what this machine tells pip.

pip's settings name the index, folders of wheels and certificates; uv has its own names for them.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

from places import CACHE, CHECKOUT

# `scripts/prepare.sh` puts it there.
UV = CHECKOUT / ".venv" / "bin" / "uv"
# Settings that name places of this machine.
PLACES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_FIND_LINKS")


@functools.cache
def _settings_of_pip() -> dict[str, str]:
    """What pip's files and variables set, the later over the earlier: `{"cert": "…"}`."""
    python = CHECKOUT / ".venv" / "bin" / "python"
    command = [str(python if python.exists() else sys.executable), "-m", "pip", "config", "list"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    # Lines like `global.cert='/etc/ssl/cert.pem'` and `:env:.index-url='https://…'`.
    found = re.findall(r"^[\w:]+\.([\w-]+)='(.*)'$", said, re.MULTILINE)
    return {name.replace("_", "-"): value for name, value in reversed(found)} | {
        name[4:].lower().replace("_", "-"): value
        for name, value in os.environ.items()
        if name.startswith("PIP_") and value
    }


def environment() -> dict[str, str]:
    """The variables to run uv with; what the caller has set for uv itself stays."""
    pip = _settings_of_pip()
    # pip takes several values with spaces between them, uv wants commas for some.
    links = pip.get("find-links", "").split()
    folders = [word for word in links if "://" in word or Path(word).is_dir()]
    told = {
        "SSL_CERT_FILE": pip.get("cert", ""),
        "UV_DEFAULT_INDEX": pip.get("index-url", ""),
        "UV_INDEX": pip.get("extra-index-url", ""),
        "UV_FIND_LINKS": ",".join(folders),
        "UV_INSECURE_HOST": pip.get("trusted-host", ""),
        "UV_HTTP_TIMEOUT": pip.get("default-timeout", pip.get("timeout", "")),
    }
    own = {
        # In the cache's own folder, so that its files can be linked into the environments there.
        "UV_CACHE_DIR": str(CACHE / "uv"),
        "UV_LINK_MODE": "hardlink",
        "UV_NO_PYTHON_DOWNLOADS": "1",
        "UV_NO_CONFIG": "1",
        "UV_NO_PROGRESS": "1",
    }
    return {**{name: value for name, value in told.items() if value}, **os.environ, **own}
