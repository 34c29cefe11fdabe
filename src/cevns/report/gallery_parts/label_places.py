"""Places of labels that stand in a column and may not touch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Label", "beside", "spread"]

Label = tuple[str, float, str, float]
"""Text, the height that it belongs to, colour, size of the letters."""


def beside(
    axes: Axes, labels: Sequence[Label], gap: float, within: tuple[float, float] | None = None
) -> None:
    """Labels at the right of an axis of powers of ten, apart, each joined to its height.

    Args:
        axes: with a logarithmic vertical axis.
        labels: in any order.
        gap: least distance of two labels, decades.
        within: lowest and highest place of a label.
    """
    ends = None if within is None else (float(np.log10(within[0])), float(np.log10(within[1])))
    places = 10.0 ** spread([float(np.log10(at)) for _, at, _, _ in labels], gap, ends)
    look: dict[str, Any] = {"xycoords": axes.get_yaxis_transform(), "va": "center"}
    for (text, at, tint, size), place in zip(labels, places, strict=True):
        axes.annotate(
            "", (1.0, at), (1.04, float(place)), textcoords=look["xycoords"],
            arrowprops={
                "arrowstyle": "-", "color": tint, "linewidth": 0.5, "shrinkA": 0, "shrinkB": 0,
            }, **look,
        )  # fmt: skip
        axes.annotate(text, (1.045, float(place)), color=tint, fontsize=size, **look)


def spread(wanted: Sequence[float], gap: float, within: tuple[float, float] | None = None) -> Array:
    r"""Places as near as possible to those that are wanted, in their order, a gap apart.

    .. math:: y_i = i g + \max_{j \le i} \min_{k \ge i} \mathrm{mean}(w_j - j g, \dots, w_k - k g)

    with the wanted places w in rising order: the least squares of ``y - w`` (isotonic regression).
    With limits, y_i - i g is cut at them, which is the least-squares solution within them.

    Args:
        wanted: in any order.
        gap: least distance of two neighbours; less where the limits leave no space for it.
        within: lowest and highest place.

    Examples:
        >>> spread([5.0, 1.0, 1.0], 2.0).tolist()
        [5.0, 0.0, 2.0]
        >>> spread([5.0, 1.0, 1.0], 2.0, (1.0, 5.0)).tolist()
        [5.0, 1.0, 3.0]
    """
    order = np.argsort(wanted, kind="stable")
    if within is not None and len(order) > 1:
        gap = min(gap, (within[1] - within[0]) / (len(order) - 1))
    steps = gap * np.arange(len(order))
    z = np.asarray(wanted, dtype=float)[order] - steps
    n = len(z)
    placed = [
        max(min(z[j : k + 1].mean() for k in range(i, n)) for j in range(i + 1)) for i in range(n)
    ]
    if within is not None and n:
        placed = np.clip(placed, within[0], within[1] - steps[-1]).tolist()
    out = np.empty(n)
    out[order] = np.asarray(placed) + steps
    return out
