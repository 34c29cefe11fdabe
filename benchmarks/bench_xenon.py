"""XENONnT's 243 bins with 15 parameters: the flux of 8B with its errors, beside plain SciPy.

CPU seconds of a whole `Study.fit` (minimum, HESSE, MINOS errors, significance), warm; budget 0.2 s.
The peer is the same likelihood in NumPy, minimised by SciPy's Powell (tests/experiments). Needs the
public templates and the tabulated 8B spectrum: CEVNS_DATA.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "experiments"))

from xenon_likelihood import Likelihood

import cevns
from _timing import cpu
from cevns.datasets import find


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one era, for a smoke test")
    quick = parser.parse_args().quick
    located = find("xenonnt-cevns")
    if located is None or not (located.folder.parent / "solar-astro" / "8B.txt").is_file():
        print(f"{Path(__file__).name}: skipped, the templates of XENONnT are not here")
        sys.exit(0)
    runs = ("sr0", "sr1", "sr2")
    for era in (2024,) if quick else (2024, 2026):
        study = cevns.load(f"xenonnt-{era}")
        study.fit(poi="flux")
        ours = min(cpu(lambda study=study: study.fit(poi="flux"))[0] for _ in range(3))
        peer = Likelihood(located.folder.parent, era, runs[: 2 if era == 2024 else 3], "spline")
        theirs, _ = cpu(peer.fit)
        print(
            f"{era}: {ours:.3g} s of CPU a fit; plain SciPy {theirs:.3g} s; "
            f"ratio {theirs / ours:.0f}"
        )


if __name__ == "__main__":
    main()
