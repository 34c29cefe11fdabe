"""Counting events in bins, and moving binned contents to other bins."""

from __future__ import annotations

import numpy as np

from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = ["check_edges", "count", "rebin"]


def check_edges(edges: ArrayLike, what: str = "bin edges") -> Array:
    """`edges` as an array, if they are finite, increasing and at least two.

    Raises:
        InputError: otherwise.
    """
    array = np.asarray(edges, dtype=np.float64)
    if (
        array.ndim != 1
        or len(array) < 2
        or not np.isfinite(array).all()
        or (np.diff(array) <= 0).any()
    ):
        raise InputError(f"{what} must be at least two finite, increasing numbers")
    return array


def count(x: ArrayLike, y: ArrayLike, x_edges: ArrayLike, y_edges: ArrayLike) -> Array:
    """Events in each bin of a grid; every bin holds its lower edge and not its upper one.

    (`numpy.histogram2d` puts an event at the last edge into the last bin, which would count an
    event at the end of the analysis region as inside.)

    Args:
        x: first coordinate of the events, shape (n,).
        y: second coordinate, shape (n,).
        x_edges: increasing edges, shape (i + 1,).
        y_edges: increasing edges, shape (j + 1,).

    Returns:
        Counts, shape (i, j).

    Raises:
        InputError: if the edges are not increasing.

    Examples:
        >>> count([1.0, 1.5, 2.0], [0.0, 0.1, 0.1], [1, 2], [0.0, 0.1, 0.2])
        array([[1., 1.]])
    """
    xe, ye = check_edges(x_edges), check_edges(y_edges)
    ix = np.searchsorted(xe, x, side="right") - 1
    iy = np.searchsorted(ye, y, side="right") - 1
    shape = (len(xe) - 1, len(ye) - 1)
    inside = (ix >= 0) & (ix < shape[0]) & (iy >= 0) & (iy < shape[1])
    index = ix[inside] * shape[1] + iy[inside]
    return np.bincount(index, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)


def rebin(edges: ArrayLike, content: ArrayLike, new_edges: ArrayLike) -> Array:
    """Contents in other bins; a bin that is cut shares its content by width.

    Exact where the new edges are among the old ones, and content is conserved between the first
    and the last new edge.

    Args:
        edges: increasing edges, shape (n + 1,).
        content: contents (not densities), shape (n,).
        new_edges: increasing edges inside the range of `edges`, shape (m + 1,).

    Returns:
        Contents, shape (m,).

    Raises:
        InputError: if edges are not increasing, lengths do not fit, or the new bins reach
            outside of the old ones, where nothing is known.

    Examples:
        >>> rebin([0, 1, 2, 3], [2.0, 4.0, 6.0], [0, 1.5, 3])
        array([4., 8.])
    """
    old, new = check_edges(edges), check_edges(new_edges)
    values = np.asarray(content, dtype=np.float64)
    if values.shape != (len(old) - 1,):
        raise InputError(f"{len(old)} edges need {len(old) - 1} contents, not shape {values.shape}")
    if new[0] < old[0] or new[-1] > old[-1]:
        raise InputError(
            f"the bins {new[0]:g} to {new[-1]:g} reach outside of the table, "
            f"which covers {old[0]:g} to {old[-1]:g}"
        )
    cumulative = np.concatenate(([0.0], np.cumsum(values)))
    return np.diff(np.interp(new, old, cumulative))
