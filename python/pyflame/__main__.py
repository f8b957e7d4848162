"""``python -m pyflame``: runs a program and writes a flame graph of it."""

from __future__ import annotations

from pyflame._command import main

if __name__ == "__main__":
    raise SystemExit(main())
