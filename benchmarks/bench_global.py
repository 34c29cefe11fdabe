"""The global combination, 1305 bins with argon: fit, profile, sets, a plane of NSI, toys.

CPU seconds of one core with one BLAS thread, as the machine may be shared. The fit is MIGRAD and
HESSE, warm, of the exact model and of the one on tables; a profile is 60 conditional fits. Toys are
those of ``cevns scan global --parameter sin2_theta_w=0.18:0.30:19 --cl 0.683 --method fc``; some
are fitted again with iminuit and the exact model.
"""

import argparse
from collections.abc import Mapping

import numpy as np

import cevns
from _timing import cpu
from cevns import datasets
from cevns.experiments.fast_form import fast_form
from cevns.inference import Data, fit, profile
from cevns.inference.model.data import draw
from cevns.inference.scan.feldman_cousins import prepare
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.block_fits import BlockFits
from cevns.inference.work.blocks import run_blocks
from cevns.typing import Array

NAME = "sin2_theta_w"


def toys_of_a_line(study: cevns.Study, points: int, toys: int, again: int) -> None:
    """Feldman-Cousins along the angle, and some of its toys fitted with the exact model.

    Args:
        study: the combination.
        points: of the line.
        toys: of a point at most.
        again: toys that iminuit fits too.
    """
    plan = study.plan({NAME: np.linspace(0.18, 0.30, points)}, cl=0.683).within_ranges()
    grid = plan.grid
    seconds, scan = cpu(lambda: profile_scan(grid, data=plan.data))
    print(f"profile of {points} points before the toys, with tables: {seconds:.1f} s")
    job, _ = prepare(scan, toys, seed=1, cl=plan.cl, audit=0.0)
    work, blocks = BlockFits(job), {}

    def follow(done):
        blocks[done.key] = done.result[0]
        return job.follow(done.key, blocks[done.key], blocks)

    seconds, _ = cpu(lambda: list(run_blocks(work, job.first(), workers=1, follow=follow)))
    number = sum(map(job.size, blocks))
    print(
        f"{number} toys, {toys} a point at most: {seconds:.0f} s, {1e3 * seconds / number:.1f} ms "
        f"a toy; all toys at all points would take {points * toys * seconds / number:.0f} s; half "
        "of it on two cores (aim 600 s)"
    )
    here, exact = work.slice_of(points // 3), grid.family.exact_model()
    truth = scan.theta[points // 3]
    data = draw(here.model, truth, np.random.default_rng(3), again)
    held, best = here.held.fit(data, truth), here.best(data, truth[None], again)
    ours = held.twice_nll - best.twice_nll
    at = {NAME: float(truth[exact.parameters.position(NAME)])}

    def lowest(toy: Data, found: Array, fix: Mapping[str, float]) -> float:
        # a start of one's own and the minimum found here: some toys have a second, higher minimum
        how = {"data": toy, "fix": fix, "minos": "none", "hesse": False, "raise_on_failure": False}
        return min(fit(exact, start=start, **how).twice_nll for start in (truth, found))

    def peer(i: int) -> float:
        toy = data.columns(i)
        return lowest(toy, held.theta[i], at) - lowest(toy, best.theta[i], {})

    seconds, theirs = cpu(lambda: np.array([peer(i) for i in range(again)]))
    print(
        f"{again} of its toys with iminuit and the exact model: {seconds / again:.2f} s a toy, q "
        f"differs by at most {np.abs(ours - theirs).max():.4f}, {np.abs(ours - theirs).mean():.4f} "
        "on the mean"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a coarse plane, for a smoke test")
    parser.add_argument("--toys", action="store_true", help="nothing but the toys")
    args = parser.parse_args()
    side = 5 if args.quick else 60
    # argon is a release that not every machine has
    name = "global" if datasets.find("coherent-lar-2020") else "global:-lar"
    study = cevns.load(name)
    toys_of_a_line(study, *((3, 20, 1) if args.quick else (19, 1000, 30)))
    if args.toys:
        return
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
