"""The global combination, 1305 bins with argon: fit, profile, what each set brings, a plane of NSI.

CPU seconds of one core with one BLAS thread, as the machine may be shared. The fit is MIGRAD and
HESSE, warm, of the exact model and of the one on tables; a profile is 60 conditional fits.
"""

import argparse

import numpy as np

import cevns
from _timing import cpu
from cevns import datasets
from cevns.experiments.fast_form import fast_form
from cevns.inference import fit, profile

NAME = "sin2_theta_w"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a coarse plane, for a smoke test")
    side = 5 if parser.parse_args().quick else 60
    # argon is a release that not every machine has
    name = "global" if datasets.find("coherent-lar-2020") else "global:-lar"
    study = cevns.load(name)
    seconds, model = cpu(lambda: study.model(free=(NAME,)))
    print(f"model, first time: {seconds:.2f} s; {model.n_bins} bins, {len(model.parameters)} par.")
    seconds, (fast, error) = cpu(lambda: fast_form(model))
    print(f"tables: {seconds:.2f} s; {error}")
    for what, of in (("exact", model), ("on tables", fast)):
        fit(of, poi=NAME, minos="none")
        seconds, found = cpu(lambda of=of: fit(of, poi=NAME, minos="none"))
        value = found[NAME]
        print(f"fit, {what}: {seconds:.2f} s (aim 0.5 s); {value.value:.5f} +- {value.error:.5f}")
    seconds, _ = cpu(lambda: profile(fast, NAME, values=np.linspace(0.18, 0.30, 60), best=found))
    print(f"profile of 60 points, on tables, one after the other: {seconds:.2f} s (aim 5 s)")
    seconds, _ = cpu(lambda: study.scan({NAME: np.linspace(0.18, 0.30, 60)}))
    print(f"scan of 60 points, all at once, with its model: {seconds:.2f} s (aim 5 s)")
    seconds, combined = cpu(lambda: study.combine())
    print(f"cevns global, each set alone and all without it: {seconds:.2f} s; {combined.goodness}")
    nsi = cevns.load(name, models="nsi")
    axes = {n: np.linspace(-0.4, 0.8, side) for n in ("eps_ee_u", "eps_mumu_u")}
    seconds, scan = cpu(lambda: nsi.scan(axes))
    print(f"NSI, {side} x {side}: {seconds:.1f} s (aim 60 s); {scan.best['eps_ee_u']:.3f}")


if __name__ == "__main__":
    main()
