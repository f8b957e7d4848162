"""A bookshop to look at with pyflame's panel in the Django Debug Toolbar.

    pip install ".[django]"
    python examples/bookshop

Then open the address that it prints, and click "Flame graph" in the toolbar. All data is made up
anew at each start, in a SQLite file that goes when the program ends.
"""

import os
import sys
import tempfile
from pathlib import Path


def main():
    """Makes the shop and opens it."""
    sys.path.insert(0, str(Path(__file__).parent))
    os.environ["DJANGO_SETTINGS_MODULE"] = "shop_settings"
    with tempfile.TemporaryDirectory(prefix="bookshop-") as folder:
        os.environ["BOOKSHOP_FOLDER"] = folder
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", run_syncdb=True, verbosity=0)
        import stock

        print("filling the shelves ...", flush=True)
        stock.fill()
        address = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8000"
        call_command("runserver", address, use_reloader=False)


if __name__ == "__main__":
    main()
