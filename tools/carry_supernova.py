"""Regenerate the tables of supernova bursts that the package carries.

    python tools/carry_supernova.py BINNED.csv [OUTPUT_DIR]

BINNED.csv holds the Garching models s27.0co and s11.2c (equation of state LS220), read from a
public repository and binned in time: energy, <E> and <E2> of each species. The tables written have
one model each and only the columns that a burst needs.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path

from cevns import files
from cevns.exceptions import CevnsError
from cevns.sources.burst_models.burst_table import COLUMNS

HOME = Path(__file__).resolve().parents[1] / "src/cevns/sources/burst_models/tables"
MODELS = {"LS220-s27.0co": ("ls220-27", "27"), "LS220-s11.2c": ("ls220-11.2", "11.2")}
HEAD = """\
# Supernova of a star of {mass} solar masses, equation of state LS220 (Garching model {model}):
# energy that one species takes away in a time bin after the bounce, its mean energy and mean
# squared energy; 'multiplicity' is how many of the six species a row stands for.
# Source: the model of R. F. Lang et al., Phys. Rev. D 94, 103009 (2016), arXiv:1606.09243, from
# https://github.com/cajohare/NeutrinoFog (MIT licence), commit
# 0df3d0c, there data/neutrinos/supernovae; times are joined to bins.
# Regenerate: python tools/carry_supernova.py BINNED.csv
"""


def carry(path: Path, home: Path) -> None:
    """Write the tables."""
    files.make_folder(home)
    lines = [x for x in path.read_text(encoding="utf-8").splitlines() if not x.startswith("#")]
    rows = list(csv.DictReader(lines))
    for model, (name, mass) in MODELS.items():
        own = [",".join(row[c] for c in COLUMNS) for row in rows if row["model"] == model]
        text = "\n".join([",".join(COLUMNS), *own])
        files.write(home / f"{name}.csv", HEAD.format(mass=mass, model=model) + text + "\n")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except (OSError, KeyError, CevnsError) as problem:
        sys.exit(f"carry_supernova: {problem}")
