"""Profile scans of CsI[Na] in two parameters, and toys with several minima.

Peer of the scan: the same conditional fits with iminuit in a loop, in this process, at some of the
points. Peer of the toys: iminuit from each of the candidates that the batch was fitted from.
"""

import argparse
import time

import numpy as np

import cevns
from _timing import best, report
from cevns.experiments.fast_form import fast_form
from cevns.inference import fit
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.minimum.minima import Screen
from cevns.inference.minimum.starts import best_of_starts
from cevns.inference.model.data import draw
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import levels, profile_scan
from cevns.inference.scan.refine import refined_scan


def iminuit_scan(scan, n: int) -> float:
    """Seconds that iminuit takes for the whole grid, from some of its points."""
    grid, model = scan.grid, scan.grid.family.model({})
    chosen = np.random.default_rng(1).choice(grid.size, n, replace=False)
    start = time.perf_counter()
    for i in chosen:
        fix = dict(zip(grid.scanned, grid.points[i], strict=True))
        fit(model, fix=fix, start=scan.best.theta, minos="none", hesse=False)
    return (time.perf_counter() - start) * grid.size / n


def iminuit_toys(model, data, starts) -> float:
    """Seconds that iminuit takes for the fits of some toys."""
    begin = time.perf_counter()
    for i, toy in starts:
        one = data.columns(toy)
        fit(model, data=one, start=i, minos="none", hesse=False, raise_on_failure=False)
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small grid, for a smoke test")
    quick = parser.parse_args().quick
    n, repeats = (20, 1) if quick else (100, 3)
    model, error = fast_form(cevns.load("coherent-csi-2021").model("cross-section"))
    print(error)
    poi = next(p.name for p in model.parameters if p.role == "poi")
    free_fit = fit(model, minos="none")
    ranges = {
        name: np.linspace(
            *(free_fit[name].value + s * free_fit[name].error for s in (-4.0, 4.0)), n
        )
        for name in (poi, "t0")
    }
    grid = Grid.of(model, ranges)
    free = len(model.parameters.free) - 2
    scan = profile_scan(grid)
    peer = iminuit_scan(scan, 20 if quick else 200)
    what = f"{n} x {n} scan, {free} nuisances"
    seconds = best(lambda: profile_scan(grid), repeats)
    report(what, seconds, "iminuit in a loop", peer)
    coarse = Grid.of(model, {k: v[:: n // 10] for k, v in ranges.items()})
    seconds = best(lambda: refined_scan(coarse, [levels(0.9, 2)]), repeats)
    report("refined along the 90 % contour", seconds, "full scan by iminuit", peer)

    screen = Screen.of(model, scan.theta, grid.shape)
    rng = np.random.default_rng(2)
    size = 1000 if quick else 20_000
    truth = scan.best.theta
    data = draw(model, truth, rng, size)
    chosen = screen.choose(data)
    print(f"screening: {(chosen >= 0).sum() / size:.2f} fits a toy")
    seconds = best(lambda: screen.choose(data), repeats)
    print(f"screening alone: {1e6 * seconds / size:.2f} us/toy")
    some = 10 if quick else 50
    starts = [(screen.theta[k], toy) for toy in range(some) for k in chosen[toy] if k >= 0]
    peer = iminuit_toys(model, data, starts) * size / some
    fitter = BatchFitter(model)
    at = np.repeat(truth[:, None], size, axis=1)
    seconds = best(lambda: best_of_starts(fitter, screen, data, at, tolerance=1e-3), repeats)
    report(f"{size} toys from screened starts", seconds, "iminuit in a loop", peer)
    print(f"{size / seconds:,.0f} toys/s")


if __name__ == "__main__":
    main()
