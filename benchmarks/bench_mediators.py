"""Coupling against mass of a light vector mediator in CsI[Na]: a raster scan, mass by mass.

Every mass has recoil spectra of its own: the time contains making its tables. Peer: iminuit in a
loop over some of the points, in this process.
"""

import argparse
import time

import numpy as np

import cevns
from _timing import cpu, report
from cevns.inference import fit
from cevns.inference.scan.profile_scan import profile_scan


def iminuit_loop(plan, scan, n: int) -> float:
    """CPU seconds that iminuit takes for the whole grid, from some of the points of one mass."""
    structure, points = plan.grid.slices()[len(plan.grid.slices()) // 2]
    model = plan.family.model(structure)
    near = points[scan.rise[points] < 50.0]  # the others are excluded in any case
    chosen = np.random.default_rng(1).choice(near, min(n, near.size), replace=False)

    def loop() -> None:
        for i in chosen:
            fix = {"g_zprime": float(plan.grid.points[i][1])}
            fit(model, data=plan.data, fix=fix, start=scan.best.theta, minos="none", hesse=False)

    return cpu(loop)[0] * plan.grid.size / len(chosen)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few masses, for a smoke test")
    parser.add_argument("--physics", default="vector-universal")
    args = parser.parse_args()
    masses, couplings = (3, 20) if args.quick else (60, 60)
    ranges = {
        "m_zprime": np.geomspace(0.1, 1e4, masses),
        "g_zprime": np.geomspace(1e-6, 1e-1, couplings),
    }
    plan = cevns.load("coherent-csi-2021", models=args.physics).plan(ranges)
    started = time.perf_counter()
    seconds, scan = cpu(lambda: profile_scan(plan.grid, data=plan.data))
    wall = time.perf_counter() - started
    peer = iminuit_loop(plan, scan, 5 if args.quick else 20)
    what = f"{masses} masses x {couplings} couplings, {args.physics}, one core"
    report(what, seconds, "iminuit in a loop", peer)
    print(f"CPU time {seconds:.1f} s, wall time {wall:.1f} s; {scan.effort.fits} fits")


if __name__ == "__main__":
    main()
