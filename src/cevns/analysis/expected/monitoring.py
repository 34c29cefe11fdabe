r"""How long it takes to see a steady source change, from counts alone.

Two periods, one before and one after the change, with :math:`r_i` and :math:`r'_i` counts per day
in a bin. That nothing changed leaves one mean for both, which the counts of both determine; that
they changed as predicted is one alternative. For periods of t days each the expected difference of
-2 ln L is

.. math:: q(t) = 2 t \sum_i \left[r_i \ln\frac{2 r_i}{r_i + r'_i}
                                  + r'_i \ln\frac{2 r'_i}{r_i + r'_i}\right]
                 \approx t \sum_i \frac{(r'_i - r_i)^2}{r_i + r'_i},

and after a reference so long that its means are known, :math:`q(t) = 2 t \sum_i [r_i - r'_i + r'_i
\ln(r'_i/r_i)]`. The change is seen at :math:`\sqrt q` standard deviations (Cowan, Cranmer, Gross,
Vitells, arXiv:1007.1727). What is the same in both periods, flux, cross section, quenching and
backgrounds, cancels.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.records import Result
from cevns.sources import SteadySource
from cevns.typing import Array

__all__ = ["DaysToSee", "days_to_see", "why_not"]


@dataclass(frozen=True)
class DaysToSee(Result):
    """Live days with the source changed until the change is seen, the median.

    Args:
        sigmas: at how many standard deviations.
        after_as_long: where it was watched for as many days before.
        after_a_long_time: where it was watched for much longer before.
    """

    sigmas: float
    after_as_long: float
    after_a_long_time: float

    def to_dict(self) -> dict[str, float]:
        """Plain numbers."""
        return asdict(self)


def days_to_see(first: Experiment, second: Experiment, sigmas: float = 3.0) -> DaysToSee | None:
    """How long an experiment must count to see its source change.

    Args:
        first: before.
        second: the same experiment after, from `cevns.experiments.load` with ``overrides``.
        sigmas: standard deviations.

    Returns:
        None where there is no such number, see `why_not`.

    Raises:
        InputError: if `sigmas` is not positive.

    Examples:
        >>> from cevns.experiments import load
        >>> off = load("conus-plus-2025", overrides={"source.power": "1.8 GW"})
        >>> found = days_to_see(load("conus-plus-2025"), off)
        >>> found.after_a_long_time < found.after_as_long
        True
    """
    from scipy.special import rel_entr

    if not (math.isfinite(sigmas) and sigmas > 0.0):
        raise InputError(f"the significance of a change must be positive, not {sigmas:g}")
    found = _found(first, second)
    if isinstance(found, str):
        return None
    before, after = found
    mean = 0.5 * (before + after)
    both = np.sum(rel_entr(before, mean) + rel_entr(after, mean))  # x ln(x/y), 0 at x = 0
    known = np.sum(before - after + rel_entr(after, before))
    goal = 0.5 * sigmas**2
    return DaysToSee(sigmas, float(goal / both), float(goal / known))


def why_not(first: Experiment, second: Experiment) -> str:
    """Why there is no number of days to see a change, in words; empty where there is one.

    Examples:
        >>> from cevns.experiments import load
        >>> why_not(load("texono-2025"), load("texono-2025"))
        "texono-2025 declares no background: add 'backgrounds' to its file"
    """
    found = _found(first, second)
    return found if isinstance(found, str) else ""


def _found(first: Experiment, second: Experiment) -> tuple[Array, Array] | str:
    """Counts per live day before and after; or why they are not to be compared."""
    sides = []
    for e in (first, second):
        source = e.source
        if not isinstance(source, SteadySource):
            steady = "sources that emit at all times, such as reactors"
            return f"it is defined for {steady}, unlike {e.name}"
        if not e.declaration.backgrounds:
            return f"{e.name} declares no background: add 'backgrounds' to its file"
        model = e.model("count")
        counted = [c for c in model.channels if not c.auxiliary]
        if not all(c.statistic.counts for c in counted):
            return f"it is defined for counts, and the data of {e.name} are not all counts"
        mu = model.expected(model.parameters.values)
        sides.append(mu[: sum(c.n_bins for c in counted)] / source.live_time_d)
    before, after = sides
    if before.shape != after.shape:
        return f"{first.name} has {before.size} bins before the change and {after.size} after it"
    if np.array_equal(before, after):
        return "the same counts are expected before and after the change"
    return before, after
