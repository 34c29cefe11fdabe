"""Places of labels that stand in a column and may not touch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cevns.typing import Array

__all__ = ["spread"]


def spread(wanted: Sequence[float], gap: float) -> Array:
    r"""Places as near as possible to those that are wanted, in their order, a gap apart.

    .. math:: y_i = i g + \max_{j \le i} \min_{k \ge i} \mathrm{mean}(w_j - j g, \dots, w_k - k g)

    with the wanted places w in rising order: the least squares of ``y - w`` (isotonic regression).

    Args:
        wanted: in any order.
        gap: least distance of two neighbours.

    Examples:
        >>> spread([5.0, 1.0, 1.0], 2.0).tolist()
        [5.0, 0.0, 2.0]
    """
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(order))
    z = np.asarray(wanted, dtype=float)[order] - steps
    n = len(z)
    placed = [
        max(min(z[j : k + 1].mean() for k in range(i, n)) for j in range(i + 1)) for i in range(n)
    ]
    out = np.empty(n)
    out[order] = np.asarray(placed) + steps
    return out
