"""Spectra of beta decays, of antineutrinos and of electrons: allowed and unique first-forbidden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from cevns.constants import ALPHA, HBARC_MEV_FM, M_ELECTRON_MEV
from cevns.nuclear.checks import positive
from cevns.typing import Array, ArrayLike

__all__ = ["BETA_DECAYS", "Branch", "Decay", "electron_spectrum", "fermi", "spectrum"]

_RADIUS_FM: Final = 1.2
"""Of a nucleus with one nucleon; the shape depends on its logarithm only."""
_PANELS = 64
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class Branch(NamedTuple):
    """A beta decay to one level.

    Args:
        end_point_mev: largest kinetic energy of the electron, and energy of the antineutrino, MeV.
        share: per decay of the parent.
        unique: whether it is unique first-forbidden.
    """

    end_point_mev: float
    share: float = 1.0
    unique: bool = False


class Decay(NamedTuple):
    """A beta decay with its branches.

    Args:
        z: protons of the daughter.
        a: its nucleons.
        branches: of more than 0.1 %.
    """

    z: int
    a: int
    branches: tuple[Branch, ...]


BETA_DECAYS: Final[Mapping[str, Decay]] = {
    "Ar39": Decay(19, 39, (Branch(0.565, unique=True),)),
    "Ar42": Decay(19, 42, (Branch(0.599, unique=True),)),
    "K42": Decay(20, 42, (Branch(3.525, 0.819, unique=True), Branch(2.001, 0.176))),
    "Kr85": Decay(37, 85, (Branch(0.687, 0.9956, unique=True), Branch(0.173, 0.0043))),
}
"""Decays in the bulk of noble liquids, by the parent.

Ar-39 7/2- to 3/2+, Ar-42 0+ to 2-, K-42 2- to 0+ and Kr-85 9/2+ to 5/2- are unique
first-forbidden; the second branches of K-42 and Kr-85 are taken as allowed. End points in MeV and
shares are those of nuclear data sheets, written down from memory.
"""


def fermi(z: int, a: int, momentum_mev: ArrayLike) -> Array:
    r"""Fermi function of an electron in the field of the daughter.

    .. math:: F = 2 (1 + \gamma)\, (2 p R)^{2 \gamma - 2}\, e^{\pi \eta}
       \left|\frac{\Gamma(\gamma + i \eta)}{\Gamma(2 \gamma + 1)}\right|^2, \quad
       \gamma = \sqrt{1 - (\alpha Z)^2}, \quad \eta = \alpha Z E / p

    E. Fermi, Z. Phys. 88 (1934) 161. No screening and no finite size: below 1 % of the shape.

    Args:
        z: protons of the daughter.
        a: its nucleons.
        momentum_mev: of the electron, MeV, positive.

    Examples:
        >>> float(fermi(0, 1, 1.0)), float(fermi(40, 90, 1.0).round(1))
        (1.0, 3.6)
    """
    from scipy.special import gammaln, loggamma

    p = np.asarray(momentum_mev, dtype=float)
    gamma = np.sqrt(1.0 - (ALPHA * z) ** 2)
    eta = ALPHA * z * np.hypot(p, M_ELECTRON_MEV) / p
    ln = (2.0 * gamma - 2.0) * np.log(_size(a, p)) + np.pi * eta
    ln = ln + 2.0 * (loggamma(gamma + 1j * eta).real - gammaln(2.0 * gamma + 1.0))
    out: Array = 2.0 * (1.0 + gamma) * np.exp(ln)
    return out


def _second(z: int, a: int, momentum_mev: Array) -> Array:
    r"""Weight lambda_2 of the electrons with j = 3/2 in a unique decay, one without charge.

    .. math:: \lambda_2 = \frac{2 + \gamma_2}{2 + 2 \gamma_1}
       \left[\frac{12\,\Gamma(2 \gamma_1 + 1)}{\Gamma(2 \gamma_2 + 1)}\right]^2
       (2 p R)^{2 (\gamma_2 - \gamma_1 - 1)}
       \left|\frac{\Gamma(\gamma_2 + i \eta)}{\Gamma(\gamma_1 + i \eta)}\right|^2, \quad
       \gamma_k = \sqrt{k^2 - (\alpha Z)^2}

    E. J. Konopinski, The Theory of Beta Radioactivity (1966); written down from memory.
    """
    from scipy.special import gammaln, loggamma

    one, two = (np.sqrt(k**2 - (ALPHA * z) ** 2) for k in (1.0, 2.0))
    eta = ALPHA * z * np.hypot(momentum_mev, M_ELECTRON_MEV) / momentum_mev
    ln = np.log(12.0) + gammaln(2.0 * one + 1.0) - gammaln(2.0 * two + 1.0)
    ln = ln + (two - one - 1.0) * np.log(_size(a, momentum_mev))
    ln = ln + loggamma(two + 1j * eta).real - loggamma(one + 1j * eta).real
    out: Array = (2.0 + two) / (2.0 + 2.0 * one) * np.exp(2.0 * ln)
    return out


def _size(a: int, momentum_mev: Array) -> Array:
    """2 p R."""
    out: Array = 2.0 * momentum_mev * _RADIUS_FM * a ** (1.0 / 3.0) / HBARC_MEV_FM
    return out


def _shape(branch: Branch, z: int, a: int, energy_mev: Array) -> Array:
    """The product p E q^2 F(Z, E) C, zero beyond the end point."""
    kinetic = branch.end_point_mev - energy_mev
    inside = (kinetic > 0.0) & (energy_mev >= 0.0)
    kinetic = np.where(inside, kinetic, 1.0)
    total = kinetic + M_ELECTRON_MEV
    p = np.sqrt(kinetic * (kinetic + 2.0 * M_ELECTRON_MEV))
    factor = energy_mev**2 + _second(z, a, p) * p**2 if branch.unique else 1.0
    out: Array = np.where(inside, p * total * energy_mev**2 * fermi(z, a, p) * factor, 0.0)
    return out


def spectrum(branch: Branch, z: int, a: int, energy_mev: ArrayLike) -> Array:
    r"""Antineutrinos per decay and MeV, with the integral one.

    .. math:: S(E_\nu) \propto p_e E_e E_\nu^2\, F(Z, E_e)\, C, \qquad E_e = Q + m_e - E_\nu

    with C = 1, or E_nu^2 + lambda_2 p_e^2 for a unique first-forbidden decay.

    Args:
        branch: the decay.
        z: protons of the daughter.
        a: its nucleons.
        energy_mev: of the antineutrino, MeV.

    Raises:
        InputError: if the end point is not positive.

    Examples:
        Y-90 to Zr-90, at half its end point:

        >>> float(spectrum(Branch(2.28, unique=True), 40, 90, 1.14).round(3))
        0.59
    """
    top = positive("end point of a beta decay in MeV", branch.end_point_mev)
    # E = Q (1 - x^2): the spectrum steps at its end, as p F does not vanish there
    low = np.arange(_PANELS)[:, None] / _PANELS
    x = low + (_POINTS + 1.0) / (2.0 * _PANELS)
    measure = _WEIGHTS / (2.0 * _PANELS) * 2.0 * x * top
    norm = float((_shape(branch, z, a, top * (1.0 - x**2)) * measure).sum())
    return _shape(branch, z, a, np.asarray(energy_mev, dtype=float)) / norm


def electron_spectrum(decay: Decay, kinetic_mev: ArrayLike) -> Array:
    r"""Electrons per decay and MeV of kinetic energy, all branches together.

    .. math:: N(T) = \sum_i w_i S_i(Q_i - T)

    with the spectra S of the antineutrinos: what one takes the other leaves. Gammas that follow a
    branch are not added to it.

    Args:
        decay: the decay.
        kinetic_mev: of the electron, MeV.

    Examples:
        The mean energy of Ar-39 is 0.22 MeV:

        >>> t = (np.arange(1000) + 0.5) * 0.565e-3
        >>> n = electron_spectrum(BETA_DECAYS["Ar39"], t)
        >>> round(float((t * n).sum() / n.sum()), 3)
        0.219
    """
    kinetic = np.asarray(kinetic_mev, dtype=float)
    parts = [
        b.share * spectrum(b, decay.z, decay.a, b.end_point_mev - kinetic) for b in decay.branches
    ]
    out: Array = np.sum(parts, axis=0)
    return out
