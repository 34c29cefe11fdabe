"""Counts in a window of arrival times, observed or expected at the best fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.study import load

__all__ = ["compute"]


def compute(
    experiment: str,
    window_us: tuple[float, float],
    which: Literal["observed", "expected"],
    poi: str = "count",
    fix: Sequence[str] = (),
) -> float:
    """Events in all energy bins that arrive between two edges of the time axis.

    Args:
        experiment: name or path.
        window_us: begin and end, edges of the time axis, us.
        which: what was counted, or what the fit expects.
        poi: the question of the fit.
        fix: parameters held at their nominal value.

    Raises:
        InputError: if the experiment has no time axis, or the window does not begin and end at
            edges of it.
    """
    found = load(experiment).fit(poi, fix=dict.fromkeys(fix))
    edges = found.experiment.time_edges
    places = [] if edges is None else [np.flatnonzero(np.isclose(edges, t)) for t in window_us]
    if edges is None or not all(p.size for p in places):
        shown = "none" if edges is None else ", ".join(f"{t:g}" for t in edges)
        raise InputError(
            f"{experiment}: the window {list(window_us)} us needs edges of the time axis ({shown})"
        )
    begin, end = (int(p[0]) for p in places)
    expected = sum(np.asarray(part) for part in found.expected().values())
    counts = np.reshape(found.observed if which == "observed" else expected, (-1, len(edges) - 1))
    return float(counts[:, begin:end].sum())
