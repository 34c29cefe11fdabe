"""Small symmetric linear systems for many fits at once: the batch is the last axis.

An unrolled Cholesky decomposition over ``(p, p, B)`` arrays: p steps of whole-array arithmetic,
which NumPy and XLA run at the speed of the memory; LAPACK called per matrix costs more than the
arithmetic for p of ten.
"""

from __future__ import annotations

import numpy as np

from cevns.typing import Array, Namespace

__all__ = ["backward", "cholesky", "forward", "inverse_diagonal", "schur"]

_TINY = 1e-300


def cholesky(matrix: Array, xp: Namespace = np) -> tuple[list[Array], Array]:
    """Columns of the lower factor L of positive definite matrices.

    Args:
        matrix: ``(p, p, B)``.
        xp: array namespace.

    Returns:
        p columns, the j-th of shape ``(p - j, B)`` from the diagonal down, and whether each
        matrix is positive definite, ``(B,)``; where it is not, the columns are meaningless.
    """
    columns = []
    rest = matrix
    good = xp.ones(matrix.shape[-1:], dtype=bool)
    for _ in range(matrix.shape[0]):
        pivot = rest[0, 0]
        good = good & (pivot > 0)
        column = rest[:, 0] / xp.sqrt(xp.maximum(pivot, _TINY))
        columns.append(column)
        rest = rest[1:, 1:] - column[1:, None] * column[None, 1:]
    return columns, good


def schur(matrix: Array, n: int, xp: Namespace = np) -> Array:
    """What the first `n` variables leave of a matrix for the others, minimised over them."""
    rest = matrix
    for _ in range(n):
        column = rest[1:, 0]
        rest = rest[1:, 1:] - column[:, None] * (column / xp.maximum(rest[0, 0], _TINY))[None]
    return rest


def forward(columns: list[Array], right: Array) -> list[Array]:
    """Solve ``L y = right``; `right` is ``(p, ..., B)`` and y a list of p ``(..., B)`` rows."""
    rows = []
    for column in columns:
        y = right[0] / column[0]
        rows.append(y)
        below = column[1:]
        if right.ndim == 3:
            below = below[:, None]
        right = right[1:] - below * y
    return rows


def backward(columns: list[Array], rows: list[Array], xp: Namespace = np) -> Array:
    """Solve ``L^T x = y`` for vectors, ``(p, B)``."""
    solved: Array = (rows[-1] / columns[-1][0])[None]
    for column, row in zip(columns[-2::-1], rows[-2::-1], strict=True):
        x = (row - xp.sum(column[1:] * solved, axis=0)) / column[0]
        solved = xp.concatenate([x[None], solved])
    return solved


def inverse_diagonal(columns: list[Array], xp: Namespace = np) -> Array:
    """Diagonals of the inverse matrices, ``(p, B)``."""
    n = len(columns)
    unit = xp.broadcast_to(xp.eye(n)[:, :, None], (n, n, columns[0].shape[-1]))
    root = xp.stack(forward(columns, unit))
    result: Array = xp.sum(root * root, axis=0)
    return result
