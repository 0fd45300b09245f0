"""The `factc` command: `python -m factc` and the installed script both begin here."""

from __future__ import annotations

import sys

from factc.cli import main

if __name__ == "__main__":
    sys.exit(main())
