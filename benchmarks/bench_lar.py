"""The argon measurement: reading the release, and fits of 960 bins with all shape nuisances.

A fit is MIGRAD + HESSE, warm. Budgets: 20 ms with every shape floating, 0.3 s to read. Needs the
public release: CEVNS_DATA or `cevns data fetch coherent-lar-2020`.
"""

import argparse
import sys
from pathlib import Path

from _timing import best
from cevns.analysis.alternatives import shapes_freed
from cevns.analysis.question import PLAIN, ask
from cevns.datasets import find, lar2020
from cevns.experiments import load
from cevns.inference import fit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few repeats, for a smoke test")
    repeats = 3 if parser.parse_args().quick else 30
    located = find(lar2020.NAME)
    if located is None:
        print(f"{Path(__file__).name}: skipped, the release {lar2020.NAME} is not here")
        sys.exit(0)
    reading = best(lambda: lar2020.load(located.folder), repeats)
    print(f"reading the release: {1e3 * reading:.3g} ms")
    for use in ("released", "first-principles"):
        experiment = load(lar2020.NAME, overrides={"signal.use": use})
        asked = ask(experiment, request=PLAIN)
        held, free = asked.held, shapes_freed(asked)
        for what, model in (("shapes held", held), ("all shapes floating", free)):
            n = len(model.parameters.free)
            time = best(lambda model=model: fit(model, minos="none"), repeats)
            print(f"{use} signal, {what} ({n} free parameters): {1e3 * time:.3g} ms a fit")


if __name__ == "__main__":
    main()
