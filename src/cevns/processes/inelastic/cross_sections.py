r"""Cross sections of inelastic channels: curves through published tables, and allowed transitions.

A table is interpolated as log(sigma) in log(E - threshold) by monotone cubics. Below its first
energy and above its last one the curve goes on as the power of E - threshold that its first or last
two energies have; it is zero at the threshold.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Protocol

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.special import loggamma

from cevns.constants import ALPHA, E_MICHEL_MAX_MEV, HBARC_MEV_FM, M_ELECTRON_MEV, M_MUON_MEV
from cevns.typing import Array, ArrayLike

__all__ = ["Allowed", "CrossSection", "Tabulated", "fermi_function"]

_UNIT_CM2 = 1e-42


class CrossSection(Protocol):
    """Cross section of one nucleus as a function of the neutrino energy."""

    def __call__(self, energy_mev: ArrayLike) -> Array:
        """sigma, cm2, in the shape of the energies, MeV; zero below the threshold."""
        ...


@cache
def _columns(file: str) -> dict[str, Array]:
    """Energies and cross sections, ``(2, n)``, by the name of the calculation."""
    text = resources.files("cevns.processes.inelastic").joinpath(file).read_text(encoding="utf-8")
    found: dict[str, list[tuple[float, float]]] = {}
    for row in csv.DictReader(line for line in text.splitlines() if not line.startswith("#")):
        point = float(row["energy_mev"]), float(row["sigma_1e-42_cm2"])
        found.setdefault(row["calculation"], []).append(point)
    return {name: np.array(points).T for name, points in found.items()}


@dataclass(frozen=True)
class Tabulated:
    """A curve through a table of a calculation.

    Args:
        file: of this folder.
        calculation: which of those in the file.
        threshold_mev: of the reaction, MeV.

    Examples:
        >>> deuteron = Tabulated("deuteron.csv", "cc-nu", 1.442)
        >>> [f"{s:.4g}" for s in deuteron([1.0, 10.0, 30.5, 50.0])]  # 10 MeV: as the table
        ['0', '2.708e-42', '4.295e-41', '1.376e-40']
    """

    file: str
    calculation: str
    threshold_mev: float

    @cached_property
    def energies_mev(self) -> Array:
        """Energies of the table."""
        energies: Array = _columns(self.file)[self.calculation][0]
        return energies

    @cached_property
    def _curve(self) -> tuple[Array, Array, PchipInterpolator]:
        energy, sigma = _columns(self.file)[self.calculation]
        x, y = np.log(energy - self.threshold_mev), np.log(_UNIT_CM2 * sigma)
        return x, y, PchipInterpolator(x, y)

    def __call__(self, energy_mev: ArrayLike) -> Array:
        """sigma, cm2."""
        above = np.asarray(energy_mev, dtype=float) - self.threshold_mev
        x, y, curve = self._curve
        at = np.log(np.where(above > 0.0, above, 1.0))
        inside = np.clip(at, x[0], x[-1])
        first, last = (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])
        beyond = first * np.minimum(at - x[0], 0.0) + last * np.maximum(at - x[-1], 0.0)
        result: Array = np.where(above > 0.0, np.exp(curve(inside) + beyond), 0.0)
        return result


def fermi_function(z: int, a: int, energy_mev: ArrayLike) -> Array:
    r"""Relativistic Fermi function of an electron of total energy E beside a charge Z.

    .. math:: F = 2 (1 + s) (2 p R/\hbar)^{2 s - 2} e^{\pi \eta}
       |\Gamma(s + i \eta)|^2/\Gamma(2 s + 1)^2,

    with s^2 = 1 - (alpha Z)^2, eta = alpha Z E/p and R = 1.2 fm A^(1/3); without screening.

    Examples:
        >>> fermi_function(54, 127, [5.0, 40.0]).round(2).tolist()
        [4.54, 3.23]
    """
    e = np.asarray(energy_mev, dtype=float)
    p = np.sqrt(e * e - M_ELECTRON_MEV**2)
    s = math.sqrt(1.0 - (ALPHA * z) ** 2)
    eta = ALPHA * z * e / p
    radius = 1.2 * a ** (1.0 / 3.0) / HBARC_MEV_FM
    log = (
        (2.0 * s - 2.0) * np.log(2.0 * p * radius)
        + math.pi * eta
        + 2.0 * loggamma(s + 1j * eta).real
        - 2.0 * math.lgamma(2.0 * s + 1.0)
    )
    result: Array = 2.0 * (1.0 + s) * np.exp(log)
    return result


@dataclass(frozen=True)
class Allowed:
    r"""An allowed transition to one effective level, of which a mean cross section is known.

    .. math:: \sigma = C p_e E_e F(Z, E_e), \qquad E_e = E_\nu - Q,

    with C such that the mean over nu_e of muon decay at rest is the number given. The shape is a
    model of ours, no published calculation.

    Args:
        z: charge of the nucleus after.
        a: its mass number.
        q_mev: Q, MeV, by which the total energy of the electron is less than that of the neutrino.
        average_cm2: mean over nu_e of muon decay at rest, cm2.

    Examples:
        >>> iron = Allowed(27, 56, 8.0, 2.73e-40)
        >>> [f"{s:.4g}" for s in iron([8.0, 20.0, 40.0])]
        ['0', '6.05e-41', '4.142e-40']
    """

    z: int
    a: int
    q_mev: float
    average_cm2: float

    @property
    def threshold_mev(self) -> float:
        """Below it nothing happens."""
        return self.q_mev + M_ELECTRON_MEV

    @cached_property
    def _constant(self) -> float:
        x, w = np.polynomial.legendre.leggauss(96)
        half = 0.5 * (E_MICHEL_MAX_MEV - self.threshold_mev)
        energy = self.threshold_mev + half * (x + 1.0)
        michel = 192.0 * energy**2 / M_MUON_MEV**4 * (E_MICHEL_MAX_MEV - energy)
        return self.average_cm2 / float(half * w @ (michel * self._shape(energy)))

    def _shape(self, energy_mev: Array) -> Array:
        e = energy_mev - self.q_mev
        p = np.sqrt(np.maximum(e * e - M_ELECTRON_MEV**2, 0.0))
        result: Array = p * e * fermi_function(self.z, self.a, e)
        return result

    def __call__(self, energy_mev: ArrayLike) -> Array:
        """sigma, cm2."""
        energy = np.asarray(energy_mev, dtype=float)
        above = energy > self.threshold_mev
        shape = self._shape(np.where(above, energy, self.threshold_mev + 1.0))
        result: Array = np.where(above, self._constant * shape, 0.0)
        return result
