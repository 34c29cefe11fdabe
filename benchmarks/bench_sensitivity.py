"""Sensitivities: one cell, the whole matrix, and the same error by MIGRAD and HESSE.

A cell is one number of one experiment with its interval; the model is built anew for each, as the
command does, while source, response and tables of the experiment are known. The peer is what a user
would do otherwise: a fit of the expected counts with MINOS at the same model. Times are CPU times
of one core with one BLAS thread, as the machine may be shared.
"""

import argparse
import warnings
from functools import partial

import cevns
from _timing import cpu, report
from cevns.analysis.sensitivity.matrix import ORDER, projected, sensitivity_matrix
from cevns.exceptions import CevnsError, CevnsWarning
from cevns.experiments import load
from cevns.inference import asimov, fit

CELL, MATRIX = 0.5, 300.0
"""What they may take, in seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once, for a smoke test")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore", CevnsWarning)
    repeats = 1 if quick else 5
    slowest = 0.0
    for name in ("coherent-cryocsi", "coherent-ar-750", "coherent-ge-1"):
        study = cevns.load(name, overrides={"variant": "sensitivity"})
        for topic in ORDER:
            try:
                number = len(study.sensitivity(topic).expected)
            except CevnsError:
                continue
            asked = partial(study.sensitivity, topic, years=[3], flux_error=[0.05])
            cell = min(cpu(asked)[0] for _ in range(repeats)) / number
            slowest = max(slowest, cell)
            print(f"{name}, {topic}: {1e3 * cell:.0f} ms a cell ({number} of them)")
    print(f"slowest cell: {slowest:.2f} s of {CELL:g} s")

    study = cevns.load("coherent-cryocsi", overrides={"variant": "sensitivity"})
    model = study.model("sin2-theta-w")
    data = asimov(model)
    ours = min(cpu(lambda: study.sensitivity("sin2-theta-w"))[0] for _ in range(repeats))
    peer = min(cpu(lambda: fit(model, data=data, minos="poi"))[0] for _ in range(repeats))
    report("error and 90 % interval of sin2_theta_w, model included", ours, "MIGRAD, HESSE and "
           "MINOS alone", peer)  # fmt: skip

    rows = projected()[:2] if quick else projected()
    experiments = [load(n, overrides={"variant": v} if v else None) for n, v in rows]
    seconds, found = cpu(lambda: sensitivity_matrix(experiments))
    filled = sum(c is not None for row in found.rows for c in row.cells.values())
    print(f"matrix of {len(rows)} rows and {len(ORDER)} topics, {filled} numbers: {seconds:.0f} s "
          f"of CPU on one core; {MATRIX:g} s on two are allowed")  # fmt: skip


if __name__ == "__main__":
    main()
