"""Who fixes a parameter: what the channels and the constraints know about it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cevns.exceptions import InputError
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.expectation import Model
from cevns.inference.model.joining import shared_parameters
from cevns.typing import Array

__all__ = ["information_shares"]


def information_shares(
    model: Model, theta: Array, poi: str, fixed: Iterable[str] = ()
) -> dict[str, float]:
    """Who fixes a parameter: shares of its profiled Fisher information, summing to one.

    With the information I = sum_e I_e + C (data of each part, constraints) the profile of
    -2 ln L along the parameter of interest p rises with ``J = 1/(I^-1)_pp = v^T I v``, where
    ``v = I^-1 e_p / (I^-1)_pp`` is the direction along which the others follow. Every term of I
    contributes its part to that sum: ``v^T I_e v / J``. Parts are the groups of channels that
    were joined, or the channels themselves. Constraints of a part's own parameters are the
    part's; those of common parameters, and measurements from elsewhere of them, stand apart.

    Args:
        model: the model.
        theta: the point, ``(n_par,)``.
        poi: the parameter.
        fixed: further parameters that are fixed.

    Returns:
        Part to share; under ``"shared constraints"`` that of what is known of common parameters.

    Raises:
        InputError: if the parameter is fixed or the information is singular.
    """
    parameters = model.parameters.fix(dict.fromkeys(fixed))
    p = parameters.position(poi)
    free = np.array(parameters.free, dtype=np.int64)
    if p not in free:
        raise InputError(
            f"parameter {parameters[p].name!r} is fixed, so it has no information; free it"
        )
    target, point = Objective(model), np.asarray(theta, dtype=float)[:, None]
    whole = target.information(point)[:, :, 0]
    try:
        column = np.linalg.solve(whole[np.ix_(free, free)], (free == p).astype(float))
    except np.linalg.LinAlgError:
        raise InputError(f"the information on {poi!r} is singular: it is degenerate") from None
    direction = np.zeros(len(parameters))
    direction[free] = column / column[free == p]
    total = float(direction @ whole @ direction)
    pulls = target.inverse_variance * direction**2 / total
    common = [parameters.position(n) for n in shared_parameters(model)]
    by_channel = target.information_by_channel(point)
    out: dict[str, float] = {}
    elsewhere = 0.0
    columns_of: dict[str, set[int]] = {}
    for part in target.parts:
        name = part.channel.group or part.channel.name
        along = direction[part.columns]
        rise = float(along @ by_channel[part.channel.name][:, :, 0] @ along) / total
        if part.channel.auxiliary and set(part.columns.tolist()) <= set(common):
            elsewhere += rise  # it stands in the model of the first experiment that has it
            continue
        out[name] = out.get(name, 0.0) + rise
        columns_of.setdefault(name, set()).update(part.columns.tolist())
    for name, columns in columns_of.items():
        out[name] += float(pulls[sorted(columns.difference(common))].sum())
    out["shared constraints"] = elsewhere + float(pulls[common].sum())
    return out
