"""``python -m cevns``: the command line."""

from __future__ import annotations

from cevns.cli import main

if __name__ == "__main__":
    main()
