"""CEvNS in the Standard Model, vector and axial."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cevns.constants import CEVNS_PREFACTOR_CM2, SIN2_THETA_W_0
from cevns.nuclear.couplings import Couplings, couplings
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.particles import is_antineutrino, lepton
from cevns.processes.framework.kinematics import MASSLESS, Kinematics
from cevns.processes.framework.terms import Term
from cevns.typing import Array

__all__ = [
    "MODEL",
    "SIN2_THETA_W",
    "StandardModel",
    "axial_shape",
    "interference_shape",
    "vector_shape",
]

CITE = ("arXiv:hep-ph/0508299",)

SIN2_THETA_W = Parameter(
    "sin2_theta_w",
    SIN2_THETA_W_0,
    lower=0.0,
    upper=1.0,
    fixed=True,
    shared=True,
    description="weak mixing angle, MS-bar at zero momentum transfer",
)


def _polynomial(
    recoil_energy_kev: Array, nuclide: Nuclide, constant: float, linear: float, square: float,
    mass_term: float,
) -> Array:  # fmt: skip
    """G_F^2 M/(2 pi) [constant + linear T/E + square (T/E)^2 + mass_term M T/E^2], cm2/keV."""
    m = nuclide.mass_mev
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    scale = 1e-3 * CEVNS_PREFACTOR_CM2 * m
    rows = np.full_like(t, constant), linear * t, t * (square * t + mass_term * m)
    return scale * np.stack(rows)


def vector_shape(recoil_energy_kev: Array, nuclide: Nuclide) -> Array:
    """The factor of G_V^2: ``1 + (1 - T/E)^2 - M T/E^2`` times G_F^2 M/(2 pi), shape (3, nT)."""
    return _polynomial(recoil_energy_kev, nuclide, 2.0, -2.0, 1.0, -1.0)


def axial_shape(recoil_energy_kev: Array, nuclide: Nuclide) -> Array:
    """The factor of G_A^2: ``1 + (1 - T/E)^2 + M T/E^2`` times G_F^2 M/(2 pi), shape (3, nT)."""
    return _polynomial(recoil_energy_kev, nuclide, 2.0, -2.0, 1.0, 1.0)


def interference_shape(recoil_energy_kev: Array, nuclide: Nuclide) -> Array:
    """The factor of 2 G_V G_A: ``1 - (1 - T/E)^2`` times G_F^2 M/(2 pi), shape (3, nT)."""
    return _polynomial(recoil_energy_kev, nuclide, 0.0, 2.0, -1.0, 0.0)


_VECTOR = (
    Term("pp", ("p", "p"), vector_shape),
    Term("pn", ("p", "n"), vector_shape),
    Term("nn", ("n", "n"), vector_shape),
)
_AXIAL = (
    Term("pa", ("p", "a"), interference_shape),
    Term("na", ("n", "a"), interference_shape),
    Term("aa", ("a", "a"), axial_shape),
)


@dataclass(frozen=True)
class StandardModel:
    r"""The full Standard Model cross section (hep-ph/0508299)::

        d(sigma)/dT = G_F^2 M/(2 pi) [(G_V + G_A)^2 + (G_V - G_A)^2 (1 - T/E)^2
                                      - (G_V^2 - G_A^2) M T/E^2],
        G_V = g_V^p Z F_p + g_V^n N F_n,
        G_A = [g_A^p (Z+ - Z-) + g_A^n (N+ - N-)] F_A;    G_A changes sign for antineutrinos.

    With g_V^n = -1/2 the prefactor is G_F^2 M/(2 pi); some talks print G_F^2 M/pi, which is a
    factor of 2 too large. For a spin-0 nucleus the exact bracket lacks T^2/E^2,
    which is 1e-7 at the energies of interest.

    Args:
        couplings: a named scheme or user-defined `Couplings`.
        axial: include the axial part (unpaired nucleons only).

    Raises:
        UnknownNameError: if the scheme is unknown.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> sm = StandardModel("tree-lowE")
        >>> [t.name for t in sm.terms], float(sm.weights("nu_e", nuclide("Ar40"), {})[2])
        (['pp', 'pn', 'nn', 'pa', 'na', 'aa'], 121.0)
    """

    couplings: str | Couplings = "scholberg2021"
    axial: bool = True
    name: str = field(default="standard-model", init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "couplings", couplings(self.couplings))

    @property
    def scheme(self) -> Couplings:
        """The couplings in use."""
        return couplings(self.couplings)

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Source of the couplings."""
        return {"couplings": self.scheme.cite}

    @property
    def parameters(self) -> Parameters:
        """``sin2_theta_w``, fixed at the value of the named scheme."""
        return Parameters([SIN2_THETA_W])

    @property
    def kinematics(self) -> Kinematics:
        """That of a massless neutrino."""
        return MASSLESS

    @property
    def terms(self) -> tuple[Term, ...]:
        """pp, pn, nn and, with the axial part, pa, na, aa."""
        return _VECTOR + _AXIAL if self.axial else _VECTOR

    def weights(self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]) -> Array:
        """Products of the amplitudes, shape ``(n_terms, ...)``; dimensionless.

        Raises:
            UnknownNameError: if the flavour is unknown.
            InputError: if the mixing angle is unphysical.
        """
        proton, neutron = self.vector(flavour, nuclide, values)
        proton = np.asarray(proton)
        neutron = np.asarray(neutron) * np.ones_like(proton)
        rows = [proton * proton, 2.0 * proton * neutron, neutron * neutron]
        if self.axial:
            axial = self.axial_charge(flavour, nuclide) * np.ones_like(proton)
            rows += [2.0 * proton * axial, 2.0 * neutron * axial, axial * axial]
        return np.stack(rows)

    def vector(
        self, flavour: str, nuclide: Nuclide, values: Mapping[str, Any]
    ) -> tuple[Any, float]:
        """g_V^p Z and g_V^n N, the vector amplitude without form factors."""
        proton = self.scheme.gv_p(lepton(flavour), values.get("sin2_theta_w"))
        return nuclide.z * proton, self.scheme.gv_n * nuclide.n

    def axial_charge(self, flavour: str, nuclide: Nuclide) -> float:
        """G_A without its form factor; its sign changes for antineutrinos."""
        z, n = nuclide.unpaired
        sign = -1.0 if is_antineutrino(flavour) else 1.0
        return sign * (self.scheme.ga_p * z + self.scheme.ga_n * n)


MODEL = StandardModel
