"""The anchors of a plane, whose toys serve all its points (`cevns.inference.toys.mixture`).

They are chosen so that each point has one within a standard deviation of the data. Around points
that their mixture does not describe, by the effective number of its toys there or by the sum of
the weights, the distance is halved, twice at most; what is then left has toys of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cevns.inference.scan.profile_scan import ProfileScan
from cevns.inference.toys.mixture import farthest, merged, stabilised
from cevns.inference.toys.shared_job import SharedJob, described, toys_of_anchors
from cevns.inference.toys.toy_job import Sizes, ToyJob
from cevns.typing import BoolArray

__all__ = ["RADIUS", "shared_job", "toys_of_an_anchor"]

RADIUS = 1.0
"""Distance, in standard deviations of the data, within which each point has an anchor."""
_HALVED = 2
"""Times that it is halved around points that their mixture does not describe."""
_PER_ANCHOR = 0.6, 0.4
"""Toys of an anchor, of those asked for; and where there are more anchors than `_MANY`."""
_LEAST = 400
"""Toys of an anchor in any case: with fewer, sums of weights say little."""
_MANY = 30
_GROUP = 4
"""Anchors whose toys are fitted together."""


def toys_of_an_anchor(anchors: int, toys: int) -> int:
    """Toys of each of so many anchors, where so many are asked for at a point.

    Examples:
        >>> toys_of_an_anchor(7, 1000), toys_of_an_anchor(42, 1000), toys_of_an_anchor(7, 20)
        (600, 400, 400)
    """
    return max(_LEAST, round(_PER_ANCHOR[anchors > _MANY] * toys))


def shared_job(
    scan: ProfileScan,
    wanted: BoolArray,
    toys: int,
    *,
    seed: int,
    stop: float,
    stop_sigma: float,
    audit: Callable[[int], int],
    radius: float = RADIUS,
    escalate: bool = True,
) -> SharedJob:
    """The anchors of a plane and their toys, so that every wanted point is described by them.

    Args:
        scan: the profile of the data; one slice.
        wanted: points that need toys, ``(size,)``.
        toys: toys that are asked for at a point.
        seed: master seed.
        stop: p-value of the border.
        stop_sigma: distance from it, in errors, at which the first toys are enough.
        audit: from a number of toys to those that are fitted again with iminuit.
        radius: distance within which each point has an anchor.
        escalate: whether points that the mixture does not describe get more anchors, and then
            toys of their own. To see what would happen without.
    """
    grid, theta = scan.grid, scan.theta
    model = grid.family.model({})
    points = np.flatnonzero(wanted)
    places = stabilised(model, theta[points])
    held = np.array([model.parameters.position(name) for name in grid.scanned])
    stands = points[merged(model, theta[points], held, places)]
    distinct = np.unique(stands)
    chosen = farthest(places, radius, np.array([np.argmin(scan.rise[points])]))
    for halvings in range(_HALVED + 1):
        each = toys_of_an_anchor(len(chosen), toys)
        not_anchors = np.ones(grid.size, dtype=bool)
        not_anchors[points[chosen]] = False
        before = ToyJob(
            grid=grid,
            truth=theta[None],
            toys=each,
            seed=seed,
            statistic="free",
            held=False,
            q_data=scan.rise,
            stop=stop,
            audit=audit(each * len(chosen)),
            data_digest=grid.data_digest(scan.data),
            sizes=Sizes((each,), each, _GROUP),
            excluded=not_anchors,
        )
        poor = ~described(toys_of_anchors(before, model), theta[distinct], toys)
        if not escalate or not poor.any() or halvings == _HALVED:
            break
        radius /= 2.0
        among = np.flatnonzero(np.isin(points, distinct[poor]))
        chosen = farthest(places, radius, chosen, among)
    every, own = np.full(grid.size, -1), np.zeros(grid.size, dtype=np.int64)
    every[points] = stands
    if escalate:
        own[distinct[poor]] = toys
    return SharedJob(before, toys, every, own, stop_sigma, radius)
