"""Profile scans of CsI[Na] in two parameters, and toys with several minima.

Peer of the scan: the same conditional fits with iminuit in a loop, in this process, at some of the
points. Peer of the toys: iminuit from each of the candidates that the batch was fitted from.
"""

import argparse
import time

import numpy as np

import cevns
from _timing import best, report
from cevns.experiments.fast_form import template_model
from cevns.inference import Data, fit
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.minimum.modes import Screen, best_fits
from cevns.inference.model.grid import Grid, SingleModel
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.scan.refine import refined_scan
from cevns.inference.toys.draw import PoissonSampler


def iminuit_scan(scan, n: int) -> float:
    """Seconds that iminuit takes for the whole grid, from some of its points."""
    grid, model = scan.grid, scan.grid.family.model({})
    chosen = np.random.default_rng(1).choice(grid.size, n, replace=False)
    start = time.perf_counter()
    for i in chosen:
        fix = dict(zip(grid.scanned, grid.points[i], strict=True))
        fit(model, fix=fix, start=scan.best.theta, minos="none", hesse=False)
    return (time.perf_counter() - start) * grid.size / n


def iminuit_toys(model, counts, aux, starts) -> float:
    """Seconds that iminuit takes for the fits of some toys."""
    begin = time.perf_counter()
    for i, toy in starts:
        data = Data(counts[:, toy], aux[:, toy])
        fit(model, data=data, start=i, minos="none", hesse=False, raise_on_failure=False)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small grid, for a smoke test")
    quick = parser.parse_args().quick
    n, repeats = (20, 1) if quick else (100, 3)
    model, error = template_model(cevns.load("coherent-csi-2021").model("cross-section"))
    print(error)
    poi = next(p.name for p in model.parameters if p.role == "poi")
    free_fit = fit(model, minos="none")
    ranges = {
        name: np.linspace(
            *(free_fit[name].value + s * free_fit[name].error for s in (-4.0, 4.0)), n
        )
        for name in (poi, "t0")
    }
    grid = Grid.of(SingleModel(model), ranges)
    free = len(model.parameters.free) - 2
    scan = profile_scan(grid)
    peer = iminuit_scan(scan, 20 if quick else 200)
    what = f"{n} x {n} scan, {free} nuisances"
    seconds = best(lambda: profile_scan(grid), repeats)
    report(what, seconds, "iminuit in a loop", peer)
    coarse = Grid.of(SingleModel(model), {k: v[:: n // 10] for k, v in ranges.items()})
    seconds = best(lambda: refined_scan(coarse, [levels(0.9, 2)]), repeats)
    report("refined along the 90 % contour", seconds, "full scan by iminuit", peer)

    screen = Screen.of(model, scan.theta, grid.shape)
    rng = np.random.default_rng(2)
    size = 1000 if quick else 20_000
    truth = scan.best.theta
    sigma = np.array([p.constraint.sigma if p.constraint else 0.0 for p in model.parameters])
    counts = PoissonSampler(model.expected(truth)).draw(rng, size)
    aux = truth[:, None] + sigma[:, None] * rng.standard_normal((len(truth), size))
    chosen = screen.choose(counts, aux)
    print(f"screening: {(chosen >= 0).sum() / size:.2f} fits a toy")
    seconds = best(lambda: screen.choose(counts, aux), repeats)
    print(f"screening alone: {1e6 * seconds / size:.2f} us/toy")
    some = 10 if quick else 50
    starts = [(screen.theta[k], toy) for toy in range(some) for k in chosen[toy] if k >= 0]
    peer = iminuit_toys(model, counts, aux, starts) * size / some
    fitter = BatchFitter(model)
    seconds = best(lambda: best_fits(fitter, counts, aux, screen), repeats)
    report(f"{size} toys from screened starts", seconds, "iminuit in a loop", peer)
    print(f"{size / seconds:,.0f} toys/s")


if __name__ == "__main__":
    main()
