"""A Feldman-Cousins map of CsI[Na] in two NSI couplings, one worker and two.

The map has 40 x 40 points and 1,000 toys a point are asked for. It is computed with the toys of
anchors that all points share, the way that a user gets; of toys at every point a random subset of
the groups of points is computed and extrapolated, with all toys, and with those that the test asks
for (points far from the border stop after their first block). Times are CPU times, so that other
work on the machine does not count. Peer: the conditional and the free fit of some toys by iminuit
in a loop, in this process.
"""

import argparse
import resource
import time

import numpy as np

import cevns
from _timing import cpu
from cevns.inference import Data, fit
from cevns.inference.scan.feldman_cousins import feldman_cousins, prepare
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.work.blocks import run_blocks

COUPLINGS = ("eps_ee_u", "eps_ee_d")


def iminuit_loop(plan, scan, toys: int) -> float:
    """CPU seconds that iminuit takes for a toy: its conditional and its free fit."""
    model, rng = plan.grid.family.model({}), np.random.default_rng(5)
    sigma = np.array([p.constraint.sigma if p.constraint else 0.0 for p in model.parameters])
    drawn = []
    for point in rng.choice(plan.grid.size, toys):
        truth = scan[point]
        counts = rng.poisson(np.maximum(model.expected(truth), 0.0)).astype(float)
        drawn.append((truth, Data(counts, truth + sigma * rng.standard_normal(len(truth)))))

    def loop() -> None:
        for truth, data in drawn:
            held = {n: float(truth[model.parameters.position(n)]) for n in COUPLINGS}
            for fix in (held, {}):
                fit(
                    model,
                    data=data,
                    fix=fix,
                    start=truth,
                    minos="none",
                    hesse=False,
                    raise_on_failure=False,
                )

    return cpu(loop)[0] / toys


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few points, for a smoke test")
    parser.add_argument("--groups", type=int, default=20, help="groups of points to compute")
    args = parser.parse_args()
    n, toys, groups = (8, 100, 2) if args.quick else (40, 1000, args.groups)
    axis = np.linspace(-0.5, 0.8, n)
    study = cevns.load("coherent-csi-2021", models="nsi")
    outer = study.plan(dict.fromkeys(COUPLINGS, axis)).within_ranges()
    seconds, scan = cpu(lambda: profile_scan(outer.grid, data=outer.data))
    print(f"profile map, {n} x {n}: {seconds:.2f} s")
    how = {"seed": 3, "scan": scan, "audit": 0.0, "workers": 1}
    shared_s, found = cpu(
        lambda: feldman_cousins(outer.grid, toys, data=outer.data, toys_at="anchors", **how)
    )
    fits = int(found.file.datasets["toys/fits"])
    print(f"toys of {len(found.file.run['anchors'])} anchors, {fits:,} fits: {shared_s:.1f} s")

    plan, inputs = prepare(scan, toys, seed=3, cl=0.9, audit=0.0)
    run = BlockFits(plan)
    chosen = np.random.default_rng(1).choice(len(plan.groups), groups, replace=False)
    adaptive_s, all_s, first_s, first_n, total = 0.0, 0.0, 0.0, 0, 0
    for key in (plan.first()[g] for g in chosen):
        blocks = {}
        queue = [key]
        for each in queue:
            seconds, blocks[each] = cpu(lambda each=each: run.block(each)[0])
            queue += plan.follow(each, blocks[each], blocks)
            adaptive_s, total = adaptive_s + seconds, total + plan.size(each)
            if each == key:
                first_s, first_n = first_s + seconds, first_n + plan.size(each)
                # what all its toys would cost: as much a toy as its first
                all_s += seconds / plan.size(each) * toys * len(each.points)
    share = groups / len(plan.groups)
    print(f"{1e6 * first_s / first_n:.0f} us a toy at its point (two fits each) in first blocks")
    for what, number, seconds in (
        ("toys at every point, all", sum(map(len, plan.groups)) * toys, all_s / share),
        ("toys at every point, adaptive", total / share, adaptive_s / share),
    ):
        print(
            f"{what}: {number:,.0f} toys, {seconds:,.0f} s, {seconds / shared_s:.1f} times as long"
        )
    peer = iminuit_loop(plan, inputs["profile/theta"], 3 if args.quick else 20)
    print(
        f"iminuit in a loop: {1e3 * peer:.0f} ms a toy; "
        f"ratio {peer / (first_s / first_n):,.0f} on one core"
    )

    keys = [plan.first()[g] for g in chosen]
    started = time.perf_counter()
    one, _ = cpu(lambda: sum(1 for _ in run_blocks(BlockFits(plan), keys, workers=1)))
    wall_one = time.perf_counter() - started
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    sum(1 for _ in run_blocks(BlockFits(plan), keys, workers=2))
    wall_two = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    two = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{len(keys)} blocks, their start included: {one:.1f} s of CPU in one worker, {two:.1f} s "
        f"in two; by the clock {wall_one / wall_two:.2f} times as fast"
    )


if __name__ == "__main__":
    main()
