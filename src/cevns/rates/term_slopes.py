"""d(sigma)/dT of a process that is a sum of terms, at pairs of recoil and neutrino energies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cevns.nuclear import FormFactor, Nuclide
from cevns.processes import Interaction, factors_at
from cevns.processes.framework.kinematics import momentum_transfer_inv_fm
from cevns.typing import Array

__all__ = ["TermSlopes"]


class TermSlopes:
    """d(sigma)/dT of a nucleus at recoil energies, for any neutrino energies beside them.

    Args:
        process: a sum of terms, at its place.
        model: of the form factors.
        nuclide: the target.
        recoil_kev: recoil energies, keV, any shape.
        values: parameters of the process.

    Examples:
        >>> from cevns.nuclear import form_factor, nuclide
        >>> from cevns.processes import interaction
        >>> recoil = np.array([5.0, 10.0])
        >>> process, model = interaction("standard-model"), form_factor("klein-nystrand")
        >>> slopes = TermSlopes(process, model, nuclide("Cs133"), recoil, {})
        >>> [f"{x:.3e}" for x in slopes.at("nu_mu", np.array([30.0, 30.0]))]
        ['1.526e-39', '5.476e-40']
    """

    def __init__(
        self,
        process: Interaction,
        model: FormFactor,
        nuclide: Nuclide,
        recoil_kev: Array,
        values: Mapping[str, Any],
    ) -> None:
        flat = recoil_kev.ravel()
        q = momentum_transfer_inv_fm(flat, nuclide.mass_mev)
        factors = factors_at(process, model, nuclide, q, values)
        coefficients: dict[Any, Array] = {}
        self._rows = []
        for term in process.terms:
            if term.coefficients not in coefficients:
                coefficients[term.coefficients] = term.coefficients(flat, nuclide)
            row = coefficients[term.coefficients]
            for which in term.form_factors:
                row = row * factors[which]
            self._rows.append(row.reshape(3, *recoil_kev.shape))
        self._process, self._nuclide, self._values = process, nuclide, values

    def polynomials(self, flavour: str) -> dict[Any, Array]:
        """Polynomials in 1/E by the weight on the flux, ``(3, ...)`` in the shape of T."""
        weights = self._process.weights(flavour, self._nuclide, self._values)
        out: dict[Any, Array] = {}
        for weight, row, term in zip(weights, self._rows, self._process.terms, strict=True):
            part = weight * row
            h = term.flux_factor
            out[h] = out[h] + part if h in out else part
        return out

    def at(self, flavour: str, energy_mev: Array) -> Array:
        """cm2/keV at energies of the same shape, or of one more axis behind."""
        deeper = energy_mev.ndim - self._rows[0].ndim + 1
        inverse = 1.0 / energy_mev
        total: Array = np.zeros(energy_mev.shape)
        for h, rows in self.polynomials(flavour).items():
            a = rows[(..., *(None,) * deeper)]
            slope = a[0] + inverse * (a[1] + inverse * a[2])
            total = total + (slope if h is None else slope * h(energy_mev))
        return np.maximum(total, 0.0)  # at the kinematic limit terms cancel up to rounding
