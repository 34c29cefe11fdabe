"""Weak couplings of neutrinos to protons and neutrons, as named schemes.

The schemes differ in radiative corrections by a few per cent of the cross section, so a result
always says which one it used.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np

from cevns.citations import identifiers_in
from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, SIN2_THETA_W_0, SIN2_THETA_W_MZ
from cevns.exceptions import InputError, UnknownNameError
from cevns.particles import LEPTONS
from cevns.registry import canonical
from cevns.typing import Array

__all__ = [
    "Couplings",
    "barranco_couplings",
    "charge_radius_shift",
    "coupling_schemes",
    "couplings",
]

_G_A_HALF: Final = 0.6377  # half the axial charge of the nucleon, g_A = 1.2754 [M]


@dataclass(frozen=True)
class Couplings:
    """Vector and axial neutral-current couplings of the nucleons.

    Args:
        name: of the scheme.
        gv_p_families: vector coupling of the proton for e, mu, tau (radiative corrections
            depend on the lepton).
        gv_n: vector coupling of the neutron.
        ga_p: axial coupling of the proton, for neutrinos.
        ga_n: axial coupling of the neutron, for neutrinos.
        source: where the numbers come from.
        radii: the lepton whose charge radius of the Standard Model is in the coupling of each
            family; None where none is, at tree level.

    Examples:
        >>> c = couplings("scholberg2021")
        >>> float(c.gv_p("mu")), c.gv_n
        (0.0298, -0.5117)
    """

    name: str
    gv_p_families: tuple[float, float, float]
    gv_n: float
    ga_p: float
    ga_n: float
    source: str
    radii: tuple[str, str, str] | None = None

    @property
    def cite(self) -> tuple[str, ...]:
        """Papers of the source, or its words; nothing at tree level.

        Examples:
            >>> [couplings(name).cite for name in ("erler-su", "pdg2011", "tree-lowE")]
            [('arXiv:1303.5522',), ('PDG 2011, as in dukecevns',), ()]
        """
        if self.radii is None:
            return ()
        return identifiers_in(self.source) or (self.source.partition(";")[0],)

    def gv_p(self, lepton: str, sin2_theta_w: Any = None) -> Any:
        """Vector coupling of the proton, at another weak mixing angle if one is given.

        ``g_V^p -> g_V^p - 2 (sin2_theta_w - 0.23857)``: the scheme's radiative corrections are
        kept and the tree-level term moves.

        Args:
            lepton: ``e``, ``mu`` or ``tau``.
            sin2_theta_w: MS-bar value at zero momentum transfer, a number or an array.

        Raises:
            UnknownNameError: if the lepton is unknown.
            InputError: if the mixing angle lies outside [0, 1] or is not finite.
        """
        if lepton not in LEPTONS:
            raise UnknownNameError("lepton", lepton, LEPTONS)
        value = self.gv_p_families[LEPTONS.index(lepton)]
        if sin2_theta_w is None:
            return value
        mixing = np.asarray(sin2_theta_w)
        if not np.all((mixing >= 0.0) & (mixing <= 1.0)):
            raise InputError(f"sin2_theta_w must lie between 0 and 1, not {mixing}")
        return value - 2.0 * (sin2_theta_w - SIN2_THETA_W_0)

    def weak_charge(self, z: int, n: int, lepton: str = "mu") -> float:
        """Q_W = -2 (g_V^p Z + g_V^n N); at tree level N - (1 - 4 s2) Z."""
        return float(-2.0 * (self.gv_p(lepton) * z + self.gv_n * n))


def barranco_couplings(
    sin2_theta_w_mz: float = 0.23120,
    *,
    rho: float = 1.0086,
    kappa: float = 0.9978,
    lambda_ul: float = -0.0031,
    lambda_dl: float = -0.0025,
    lambda_dr: float = 7.5e-5,
    lambda_ur: float = 3.75e-5,
) -> tuple[float, float]:
    """(g_V^p, g_V^n) with the radiative corrections of hep-ph/0508299.

    g_V^p = rho (1/2 - 2 kappa s2) + 2 lam_uL + 2 lam_uR + lam_dL + lam_dR and
    g_V^n = -rho/2 + lam_uL + lam_uR + 2 lam_dL + 2 lam_dR; values as in public codes.

    Raises:
        InputError: if the mixing angle lies outside [0, 1].

    Examples:
        >>> [round(g, 4) for g in barranco_couplings()]
        [0.0304, -0.5122]
    """
    if not 0.0 <= sin2_theta_w_mz <= 1.0:
        raise InputError(f"sin2_theta_w_mz must lie between 0 and 1, not {sin2_theta_w_mz:g}")
    up, down = lambda_ul + lambda_ur, lambda_dl + lambda_dr
    proton = rho * (0.5 - 2.0 * kappa * sin2_theta_w_mz) + 2.0 * up + down
    return proton, -0.5 * rho + up + 2.0 * down


def charge_radius_shift(charge_radius_cm2: Array | float) -> Array | float:
    """Shift of g_V^p by a neutrino charge radius: -(sqrt2 pi alpha/(3 G_F)) <r^2>.

    Equal in sign for neutrinos and antineutrinos. The Standard Model radius is already inside
    the flavour-dependent schemes: add only what lies beyond it there.

    Examples:
        >>> round(charge_radius_shift(-0.83e-32), 3)
        0.02
    """
    factor = math.sqrt(2.0) * math.pi * ALPHA / (3.0 * G_FERMI_MEV * HBARC2_MEV2_CM2)
    return -factor * charge_radius_cm2


_ALL_OF_MU: Final = ("mu", "mu", "mu")
_EACH_ITS_OWN: Final = ("e", "mu", "tau")


def _one(value: float) -> tuple[float, float, float]:
    return value, value, value


@cache
def _schemes() -> dict[str, Couplings]:
    tree = "axial part: g_A/2 at tree level [M]"
    table = (
        Couplings(
            "tree-lowE",
            _one(0.5 - 2.0 * SIN2_THETA_W_0),
            -0.5,
            _G_A_HALF,
            -_G_A_HALF,
            f"tree level at s2(0) = {SIN2_THETA_W_0}; {tree}",
        ),
        Couplings(
            "tree-MZ",
            _one(0.5 - 2.0 * SIN2_THETA_W_MZ),
            -0.5,
            _G_A_HALF,
            -_G_A_HALF,
            f"tree level at s2(MZ) = {SIN2_THETA_W_MZ}, for comparison only; {tree}",
        ),
        Couplings(
            "barranco2005",
            _one(0.0304),
            -0.5122,
            0.4955,
            -0.5125,
            "hep-ph/0508299 with PDG 2004-2010, as in dukecevns",
            _ALL_OF_MU,
        ),
        Couplings(
            "pdg2011",
            _one(0.0306),
            -0.5120,
            0.4942,
            -0.5123,
            "PDG 2011, as in dukecevns",
            _ALL_OF_MU,
        ),
        Couplings(
            "pdg2012",
            _one(0.0307),
            -0.5120,
            0.4953,
            -0.5124,
            "PDG 2012, as in dukecevns",
            _ALL_OF_MU,
        ),
        Couplings(
            "scholberg2021",
            _one(0.0298),
            -0.5117,
            0.4955,
            -0.5121,
            "K. Scholberg, PANIC 2021 (PDG since 2014 for nu_mu); dukecevns has g_A^p = 0.4995",
            _ALL_OF_MU,
        ),
        Couplings(
            "erler-su",
            (0.01836 + 0.0196964, 0.01836 + 0.0114381, 0.01836 + 0.0070663),
            -0.5117,
            _G_A_HALF,
            -_G_A_HALF,
            f"Erler & Su, arXiv:1303.5522, as in dukecevns; {tree}",
            _EACH_ITS_OWN,
        ),
        Couplings(
            "cadeddu2022",
            (0.0382, 0.0300, 0.0256),
            -0.5117,
            _G_A_HALF,
            -_G_A_HALF,
            f"arXiv:2303.09360 [M]; nu_tau from nu_mu and the charge radii of erler-su; {tree}",
            _EACH_ITS_OWN,
        ),
        Couplings(
            "cadeddu2020",
            (0.0401, 0.0318, 0.0274),
            -0.5094,
            _G_A_HALF,
            -_G_A_HALF,
            "arXiv:2005.01645 [M]; nu_tau from nu_mu and the charge radii of erler-su; " + tree,
            _EACH_ITS_OWN,
        ),
    )
    return {canonical(c.name): c for c in table}


def coupling_schemes() -> tuple[str, ...]:
    """Names of the schemes.

    Examples:
        >>> coupling_schemes()[:3]
        ('tree-lowE', 'tree-MZ', 'barranco2005')
    """
    return tuple(c.name for c in _schemes().values())


def couplings(scheme: str | Couplings) -> Couplings:
    """The scheme called `scheme` (``-`` and ``_`` and case are equal); one's own passes through.

    Raises:
        UnknownNameError: if there is no such scheme.

    Examples:
        >>> round(couplings("erler_su").gv_p("e"), 4)
        0.0381
    """
    if isinstance(scheme, Couplings):
        return scheme
    try:
        return _schemes()[canonical(scheme)]
    except KeyError:
        raise UnknownNameError("coupling scheme", scheme, coupling_schemes()) from None
