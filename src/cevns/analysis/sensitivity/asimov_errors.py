"""Errors and ends of intervals that expected counts would have.

Expected counts have their minimum at the truth, and there the second derivatives of -2 ln L are the
Fisher information

    I_jk = sum_i dmu_i/dtheta_j dmu_i/dtheta_k / mu_i + delta_jk/sigma_j^2,

exactly, since the term with n_i - mu_i is zero. The error of a parameter is the root of its diagonal
element of I^-1: what HESSE finds on Asimov data (Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727).
Intervals and limits are those of the profile of the likelihood itself, not of the parabola.
"""

from __future__ import annotations

import numpy as np

from cevns.exceptions import FitError
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.data import asimov
from cevns.inference.model.expectation import Model
from cevns.typing import Array

__all__ = ["end", "expected_error", "rises"]

_REACH = 1e4
"""How far from the truth an end is looked for, in typical sizes of the parameter."""
_REFINED = 3
"""Times that the cell with the end is divided in eight."""


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
    free = [i for i in model.parameters.free if information[i, i] > 0.0]
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
        raise FitError(f"{model.name}: nothing tells {name} from the other parameters")
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
    found = BatchFitter(model, fix=(name,)).fit(asimov(model), theta, rescue=rescue)
    return np.maximum(found.valid_nll, 0.0)


def end(
    model: Model, name: str, side: int, goal: float, error: float | None = None
) -> tuple[float, bool]:
    """Where the profile has risen by `goal`, the nearest such place on one side of the truth.

    Args:
        model: the model.
        name: of the parameter.
        side: 1 above the truth, -1 below.
        goal: rise of -2 ln L, 2.71 for 90 %.
        error: of the parameter, if it is known.

    Returns:
        The place, to a part in a thousand of its distance, and whether it is the bound of the
        parameter, before which the profile does not rise that far.

    Raises:
        FitError: if it does not rise that far at all.
    """
    p = model.parameters[name]
    bound = p.lower if side < 0 else p.upper
    # from the error outwards; without one the place may be anywhere
    unit, low, high, number = (p.scale, 1.0 / _REACH, _REACH, 49)
    if error is not None:
        unit, low, high, number = error * float(np.sqrt(goal)), 0.25, 16.0, 19
    distances = unit * np.geomspace(low, high, number)
    room = side * (bound - p.value)
    distances = np.concatenate([[0.0], distances[distances < room], [room] * bool(room < np.inf)])
    root = np.sqrt(goal)
    inner, outer = 0.0, float(distances[-1])
    for step in range(_REFINED + 1):
        rise = rises(model, name, p.value + side * distances, rescue=step > 0)
        height = np.sqrt(rise) - root
        above = np.flatnonzero(height >= 0.0)
        if not above.size:
            if distances[-1] == room:
                return bound, True
            raise FitError(
                f"{model.name}: {name} has no limit here, -2 ln L does not rise by {goal:.3g}"
            )
        first = max(int(above[0]), 1)
        inner, outer = float(distances[first - 1]), float(distances[first])
        before, behind = height[first - 1], height[first]
        distances = np.linspace(inner, outer, 9)
    share = before / (before - behind) if np.isfinite(behind) else 0.0
    return p.value + side * (inner + share * (outer - inner)), False
