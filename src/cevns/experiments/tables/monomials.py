"""Products of powers of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product

import numpy as np

from cevns.experiments.prediction.separable import Values
from cevns.typing import Array, IntArray

__all__ = ["Monomials"]


@dataclass(frozen=True, eq=False)
class Monomials:
    """Products of powers of scaled variables, x = (value - centre)/scale.

    Args:
        names: of the variables.
        centres: of the variables.
        scales: of the variables.
        powers: exponents, ``(n_monomials, n_variables)``.
    """

    names: tuple[str, ...]
    centres: Array
    scales: Array
    powers: IntArray

    @classmethod
    def up_to(cls, degree: int, names: tuple[str, ...], centres: Array, scales: Array) -> Monomials:
        """All of a total degree up to this one, those of low degree first."""
        every = product(range(degree + 1), repeat=len(names))
        rows = sorted((p for p in every if sum(p) <= degree), key=lambda p: (sum(p), p))
        powers = np.array(rows, dtype=np.int64).reshape(len(rows), len(names))
        return cls(names, centres, scales, powers)

    @cached_property
    def _parents(self) -> list[tuple[int, int, int]]:
        """Each monomial as another one times a variable, parents before children."""
        at = {tuple(p): i for i, p in enumerate(self.powers.tolist())}
        out = []
        for row in np.argsort(self.powers.sum(axis=1), kind="stable")[1:].tolist():
            lower = self.powers[row].copy()
            variable = int(np.flatnonzero(lower)[-1])
            lower[variable] -= 1
            out.append((row, at[tuple(lower.tolist())], variable))
        return out

    @cached_property
    def slopes(self) -> dict[str, Array]:
        """Matrices D of each variable with ``dW/dx = D W``, ``(n_monomials, n_monomials)``."""
        at = {tuple(p): i for i, p in enumerate(self.powers.tolist())}
        out = {n: np.zeros((len(at), len(at))) for n in self.names}
        for row, exponents in enumerate(self.powers.tolist()):
            for i, (name, k) in enumerate(zip(self.names, exponents, strict=True)):
                if k:
                    lower = (*exponents[:i], k - 1, *exponents[i + 1 :])
                    out[name][row, at[lower]] = k / self.scales[i]
        return out

    def evaluate(self, values: Values, like: Array) -> Array:
        """The monomials W, ``(n_monomials, ...)``."""
        one = np.ones_like(like)
        rows: list[Array] = [one] * len(self.powers)
        scaled = zip(self.names, self.centres, self.scales, strict=True)
        x = [(values[name] - centre) / scale * one for name, centre, scale in scaled]
        for row, parent, variable in self._parents:
            rows[row] = rows[parent] * x[variable]
        return np.stack(rows)
