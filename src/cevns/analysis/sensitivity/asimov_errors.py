"""Errors and ends of intervals that expected counts would have.

Expected counts have their minimum at the truth, and there the second derivatives of -2 ln L are the
Fisher information

    I_jk = sum_i dmu_i/dtheta_j dmu_i/dtheta_k / mu_i + delta_jk/sigma_j^2,

exactly, since the term with n_i - mu_i is zero. The error of a parameter is the root of its
diagonal element of I^-1: what HESSE finds on Asimov data (Cowan, Cranmer, Gross, Vitells,
arXiv:1007.1727).
Intervals and limits are those of the profile of the likelihood itself, not of the parabola.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from cevns.exceptions import FitError
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import asimov
from cevns.inference.model.expectation import Model
from cevns.parameters import Parameter
from cevns.typing import Array

__all__ = ["ends", "expected_error", "rises"]

_ANYWHERE: Final = np.geomspace(1e-4, 1e4, 49)
"""Where an end is looked for at first, in typical sizes of the parameter."""
_NEAR: Final = np.array([0.1, 0.4, 0.7, 0.85, 1.0, 1.2, 1.5, 2.2, 4.0, 16.0])
"""The same in units of where a parabola has it."""
_BEYOND: Final = np.geomspace(1.0, 1e3, 19)
"""Where an end is looked for beyond that of -2 ln L with all other parameters at their truth."""
_EXCLUDED: Final = 100.0
"""Rise beyond which its digits do not matter."""
_CELLS: Final = 6
"""Parts of the cell with the end at the next look."""
_NARROW: Final = 0.06
"""Width of a cell, as a share of the distance, within which the root of the rise is straight."""
_PASSES: Final = 12
_NO_SLOPE: Final = 1e-10
"""Information on a typical step, in units of one standard deviation squared, below which it is
rounding."""


def expected_error(model: Model, name: str) -> float | None:
    """The error of a parameter in a fit of expected counts, all others profiled.

    Args:
        model: the model, at whose nominal values the counts are.
        name: of the parameter.

    Returns:
        The error; None where the counts do not move with the parameter to first order, as with a
        coupling that enters squared and is zero.

    Raises:
        FitError: if parameters cannot be told apart.
    """
    theta = model.parameters.values[:, None]
    information = Objective(model).information(theta)[:, :, 0]
    scales = np.array([p.scale for p in model.parameters])
    known = np.diag(information) * scales**2 > _NO_SLOPE
    free = [i for i in model.parameters.free if known[i]]
    at = model.parameters.position(name)
    if at not in free:
        return None
    size = np.sqrt(information[free, free])
    scaled = information[np.ix_(free, free)] / np.outer(size, size)
    try:
        inverse = np.linalg.inv(scaled)
    except np.linalg.LinAlgError:
        inverse = np.full_like(scaled, np.nan)
    position = free.index(at)
    variance = inverse[position, position] / size[position] ** 2
    if not variance > 0.0 or not np.isfinite(variance):
        raise FitError(
            f"{model.name}: the data do not distinguish {name} from the other parameters"
        )
    return float(np.sqrt(variance))


def rises(model: Model, name: str, values: Array, *, rescue: bool = True) -> Array:
    """Profile of -2 ln L of expected counts above its minimum, at values of one parameter.

    Args:
        model: the model, at whose nominal values the counts are.
        name: of the parameter that is held.
        values: at which.
        rescue: whether fits that do not converge are tried once more by iminuit.

    Returns:
        The rise at each value; infinite where a fit failed.
    """
    theta = np.repeat(model.parameters.values[:, None], len(values), axis=1)
    theta[model.parameters.position(name)] = values
    fitter = BatchFitter(model, fix=(name,))
    found = fitter.fit(asimov(model), theta, rescue=rescue, excluded=_EXCLUDED)
    return np.maximum(found.valid_nll, 0.0)


def ends(
    model: Model,
    name: str,
    goal: float,
    sides: Sequence[int] = (-1, 1),
    error: float | None = None,
) -> tuple[float, ...]:
    """Where the profile has risen by `goal`, the nearest such place on each side of the truth.

    Args:
        model: the model, at whose nominal values the counts are.
        name: of the parameter.
        goal: rise of -2 ln L, 2.71 for 90 %.
        sides: 1 above the truth, -1 below.
        error: of the parameter, if it is known: the place is near it.

    Returns:
        A place for each side, to a part in a thousand of its distance, or the bound of the
        parameter where the profile does not rise that far before it.

    Raises:
        FitError: if it does not rise that far at all.
    """
    p, root = model.parameters[name], float(np.sqrt(goal))
    found = [
        _Side(p, s, _outwards(model, p, s, goal) if error is None else error * root * _NEAR)
        for s in sides
    ]
    for number in range(_PASSES):
        values = np.concatenate([s.values for s in found])
        heights = np.sqrt(rises(model, name, values, rescue=number > 0)) - root
        cuts = np.cumsum([len(s.values) for s in found])[:-1]
        found = [s.nearer(h) for s, h in zip(found, np.split(heights, cuts), strict=True)]
        if all(s.known for s in found):
            break
    for side in found:
        if side.place is None:
            raise FitError(
                f"{model.name}: the interval of {name} has no end here, because -2 ln L "
                f"does not increase by {goal:.3g}"
            )
    return tuple(p.value + s.side * s.place for s in found if s.place is not None)


def _outwards(model: Model, parameter: Parameter, side: int, goal: float) -> Array:
    """Distances of an end of which nothing is known, from the nearest possible one outwards.

    With all others at their truth -2 ln L rises faster than its profile.
    """
    distances = parameter.scale * _ANYWHERE
    values = parameter.value + side * distances
    inside = (parameter.lower <= values) & (values <= parameter.upper)
    theta = np.repeat(model.parameters.values[None], inside.sum(), axis=0)
    theta[:, model.parameters.position(parameter.name)] = values[inside]
    rise = Likelihood.of(model, asimov(model)).twice_nll(theta)
    above = np.flatnonzero(~(rise < goal))
    first = distances[max(int(above[0]) - 1, 0)] if above.size else distances[inside.sum() - 1]
    steps: Array = first * _BEYOND
    return steps


class _Side:
    """One side of the truth, on which distances enclose an end ever more closely.

    Args:
        parameter: of interest.
        side: 1 or -1.
        steps: distances that are tried first, increasing.
    """

    def __init__(self, parameter: Parameter, side: int, steps: Array) -> None:
        self.parameter, self.side = parameter, side
        bound = parameter.lower if side < 0 else parameter.upper
        self.room = side * (bound - parameter.value)
        inside = steps[steps < self.room]
        self.distances = np.append(inside, self.room) if self.room < np.inf else inside
        self.place: float | None = None
        self.known = False

    @property
    def values(self) -> Array:
        """Where the profile is wanted next."""
        out: Array = self.parameter.value + self.side * self.distances
        return out

    def nearer(self, heights: Array) -> _Side:
        """The same with closer distances, from sqrt(rise) less its goal at the present ones."""
        distances = np.concatenate([[0.0], self.distances])
        heights = np.concatenate([[-1.0 if not len(heights) else min(heights[0], -1e-9)], heights])
        above = np.flatnonzero(heights >= 0.0)
        if not above.size:
            # the parameter has no room for the rise: its bound is the end
            self.place = self.room if self.room < np.inf else None
            self.known = True
            return self
        last = int(above[0])
        low, high = float(distances[last - 1]), float(distances[last])
        before, behind = float(heights[last - 1]), float(heights[last])
        share = before / (before - behind) if np.isfinite(behind) else 0.5
        self.place = low + share * (high - low)
        self.known = high - low <= _NARROW * high
        if low == 0.0 or high < 2.0 * low:
            self.distances = np.linspace(low, high, _CELLS + 1)
        else:
            self.distances = np.geomspace(low, high, 2 * _CELLS + 1)
        self.distances = self.distances[self.distances > 0.0]
        return self
