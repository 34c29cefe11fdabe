"""Scans of new physics: from parameters and ranges to regions, by several methods.

``profile``
    -2 ln L minimised over everything else, against the quantile of chi2 (Wilks).
``fc``
    the same statistic against its distribution over toys at every point (Feldman-Cousins).
``cls``
    upper limits: p-values of the signal, divided by how well the data are described without.
``bayes``
    the posterior density.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cevns.analysis.scanning.scan_plan import ScanPlan
from cevns.analysis.scanning.scan_profile import profile
from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import InputError, UnknownNameError
from cevns.registry import canonical

if TYPE_CHECKING:
    from cevns.inference.scan.cost import Cost
    from cevns.inference.toys.toy_run import Progress

__all__ = ["METHODS", "NICKNAMES", "Method", "check_method", "cost", "scan"]

Method = Literal["profile", "fc", "cls", "bayes"]
METHODS: tuple[Method, ...] = ("profile", "fc", "cls", "bayes")
NICKNAMES: Mapping[str, Method] = {
    **dict.fromkeys(("feldman-cousins", "feldman", "unified", "toys"), "fc"),
    **dict.fromkeys(("wilks", "profile-likelihood", "likelihood"), "profile"),
    **dict.fromkeys(("posterior", "bayesian", "mcmc"), "bayes"),
}
"""What else methods are called, and their names here."""


def _check_one_sided(plan: ScanPlan) -> None:
    """CLs limits what is nothing in the Standard Model and otherwise positive.

    The strength of a component is that wherever it starts: at zero there is no component.

    Raises:
        InputError: if the scanned parameter may lie on both sides of its nominal value.
    """
    known = plan.family.interaction.parameters
    for axis in plan.grid.axes:
        if axis.structural or not known.has(axis.name):
            continue
        p = known[axis.name]
        if p.lower < p.value:
            raise InputError(
                f"{p.name!r} may be below and above its value {p.value:g} in the Standard Model, "
                "and CLs limits one side; use the method profile or fc"
            )


def check_method(name: str) -> Method:
    """A method by name.

    Raises:
        UnknownNameError: if there is no such method.
    """
    for method in METHODS:
        if method == name.strip().casefold():
            return method
    meant = [NICKNAMES[n] for n in NICKNAMES if n == canonical(name)]
    raise UnknownNameError("method", name, METHODS, meant)


def scan(
    plan: ScanPlan,
    method: str = "profile",
    *,
    toys: int = 1000,
    draws: int = 5000,
    seed: int = 1,
    toys_at: str | None = None,
    refine: int = 0,
    out: Path | str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    shard: tuple[int, int] | None = None,
    progress: Progress | None = None,
) -> Scan | None:
    """Carry a scan out.

    Args:
        plan: what, from `cevns.analysis.scanning.scan_plan.scan_plan`.
        method: ``profile``, ``fc``, ``cls`` or ``bayes``.
        toys: toys of a point, at most (``fc``, ``cls``).
        draws: independent draws from the posterior that are wanted (``bayes``).
        seed: master seed.
        toys_at: ``anchors`` or ``every-point`` (``fc``); by default what is cheaper.
        refine: times that the cells of a profile scan are halved along its contour.
        out: HDF5 file; the same call resumes an interrupted scan from it.
        workers: processes.
        executor: any `concurrent.futures.Executor` in their place.
        shard: compute only share i of n of the points (``fc``, ``cls``).
        progress: told work done, wanted, and per second.

    Returns:
        The scan; None for a share of one, which is in its file.

    Raises:
        UnknownNameError: if there is no such method.
        InputError: if the method does not go with the grid, or `out` belongs to another scan.
        DataError: if `out` is truncated.
        FitError: if fits fail.
    """
    chosen = check_method(method)
    if chosen in ("fc", "cls"):
        from cevns.inference.scan.cls import cls_scan
        from cevns.inference.scan.feldman_cousins import feldman_cousins

        if chosen == "cls":
            _check_one_sided(plan)
        inside = plan.within_ranges()
        of_all: Any = {
            "toys": toys,
            "seed": seed,
            "cl": plan.cl,
            "data": plan.data,
            "label": inside.label(),
            "out": out,
            "workers": workers,
            "executor": executor,
            "shard": shard,
            "progress": progress,
        }
        if chosen == "fc":
            file = feldman_cousins(inside.grid, toys_at=toys_at, **of_all).file
        else:
            file = cls_scan(inside.grid, **of_all).file
        return None if shard is not None else Scan(file)
    if shard is not None:
        raise InputError(f"{chosen} has no shares of points; omit --shard, or use fc or cls")
    if chosen == "profile":
        return profile(plan, out=out, refine=refine, progress=progress)
    from cevns.analysis.scanning.scan_bayes import bayes

    return bayes(plan.within_ranges(), draws=draws, seed=seed, out=out, progress=progress)


def cost(plan: ScanPlan, method: str, *, toys: int = 1000, toys_at: str | None = None) -> Cost:
    """What a scan with toys would cost, from a short measurement.

    Raises:
        InputError: if the method uses no toys, or an argument is out of range.
    """
    from cevns.inference.scan.cost import plan as estimate

    chosen = check_method(method)
    if chosen not in ("fc", "cls"):
        raise InputError(
            f"{chosen} takes seconds to minutes; --plan applies to toys, --method fc or cls"
        )
    inside = plan.within_ranges()
    return estimate(inside.grid, toys, method=chosen, cl=plan.cl, data=plan.data, toys_at=toys_at)
