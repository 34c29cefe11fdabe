"""Kinematics of elastic scattering on a target at rest, for massless and massive beam particles.

Energies E of the beam particle in MeV (its total energy), recoil energies T in keV, masses in MeV.
A process owns its kinematics as an object, `Massless` or `Massive`; whoever folds it with a source
asks that object. The functions beside it are those of a massless particle, and the momentum
transfer, which depends on the recoil alone. Reached as ``cevns.processes.kinematics``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from cevns.constants import HBARC_MEV_FM
from cevns.dark_sector.sector import DarkSector
from cevns.exceptions import InputError
from cevns.typing import Array, ArrayLike

__all__ = [
    "MASSLESS",
    "DarkKinematics",
    "Kinematics",
    "Massive",
    "Massless",
    "Several",
    "Threshold",
    "Upscattering",
    "Windowed",
    "can_give",
    "cos_neutrino_angle",
    "cos_recoil_angle",
    "energy_at_angle_mev",
    "maximum_recoil_kev",
    "minimum_energy_mev",
    "momentum_transfer_inv_fm",
    "momentum_transfer_mev",
    "recoil_at_angle_kev",
    "recoil_ends_kev",
    "recoil_slope_kev",
]


def maximum_recoil_kev(energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Largest recoil energy, T_max = 2 E^2/(M + 2 E), keV (backward scattering).

    Examples:
        >>> round(float(maximum_recoil_kev(30.0, 123772.53)), 2)
        14.54
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    result: Array = 2e3 * e * e / (m + 2.0 * e)
    return result


def minimum_energy_mev(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Smallest neutrino energy that gives recoil T, E_min = [T + sqrt(T^2 + 2 M T)]/2, MeV.

    Examples:
        >>> round(float(minimum_energy_mev(maximum_recoil_kev(30.0, 37215.5), 37215.5)), 12)
        30.0
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = 0.5 * (t + np.sqrt(t * (t + 2.0 * np.asarray(mass_mev, dtype=float))))
    return result


def momentum_transfer_mev(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Q = sqrt(2 M T), MeV: exact for the four-momentum transfer.

    The three-momentum sqrt(2 M T + T^2) differs by T/(4 M), below 2e-5 for stopped pions.

    Examples:
        >>> round(float(momentum_transfer_mev(10.0, 123772.53)), 2)
        49.75
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = np.sqrt(2.0 * np.asarray(mass_mev, dtype=float) * t)
    return result


def momentum_transfer_inv_fm(recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Q in 1/fm, the argument of the form factors.

    Examples:
        >>> round(float(momentum_transfer_inv_fm(10.0, 123772.53)), 4)
        0.2521
    """
    return momentum_transfer_mev(recoil_energy_kev, mass_mev) / HBARC_MEV_FM


def cos_neutrino_angle(
    energy_mev: ArrayLike, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike
) -> Array:
    """Cosine of the neutrino's scattering angle, from T = E^2 (1 - c)/(M + E (1 - c)).

    Examples:
        >>> float(cos_neutrino_angle(30.0, 0.0, 37215.5))
        1.0
    """
    e, t = np.asarray(energy_mev, dtype=float), 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = 1.0 - np.asarray(mass_mev, dtype=float) * t / (e * (e - t))
    return result


def cos_recoil_angle(
    energy_mev: ArrayLike, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike
) -> Array:
    """Cosine of the nucleus' recoil angle, ((E + M)/E) sqrt(T/(T + 2 M)).

    Examples:
        >>> t_max = maximum_recoil_kev(30.0, 37215.5)
        >>> round(float(cos_recoil_angle(30.0, t_max, 37215.5)), 12)
        1.0
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    result: Array = (e + m) / e * np.sqrt(t / (t + 2.0 * m))
    return result


def energy_at_angle_mev(
    recoil_energy_kev: ArrayLike, cosine: ArrayLike, mass_mev: ArrayLike
) -> Array:
    """Energy of the neutrino that gives recoil T at the angle whose cosine is c, MeV.

    E = M k/(c - k) with k = sqrt(T/(T + 2 M)): the inverse of `cos_recoil_angle` in E, infinite
    where no neutrino does (c <= k).

    Examples:
        >>> c = cos_recoil_angle(30.0, 5.0, 37215.5)
        >>> round(float(energy_at_angle_mev(5.0, c, 37215.5)), 9)
        30.0
    """
    m = np.asarray(mass_mev, dtype=float)
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    k = np.sqrt(t / (t + 2.0 * m))
    beyond = np.asarray(cosine, dtype=float) - k
    possible = beyond > 0.0
    result: Array = np.where(possible, m * k / np.where(possible, beyond, 1.0), np.inf)
    return result


def recoil_at_angle_kev(energy_mev: ArrayLike, cosine: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Energy of the recoil at the angle whose cosine is c, keV.

    T = 2 M E^2 c^2/((E + M)^2 - E^2 c^2), the inverse of `cos_recoil_angle` in T.

    Examples:
        >>> c = cos_recoil_angle(30.0, 5.0, 37215.5)
        >>> round(float(recoil_at_angle_kev(30.0, c, 37215.5)), 9)
        5.0
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    along = e * np.asarray(cosine, dtype=float)
    result: Array = 2e3 * m * along * along / ((e + m - along) * (e + m + along))
    return result


def recoil_slope_kev(energy_mev: ArrayLike, cosine: ArrayLike, mass_mev: ArrayLike) -> Array:
    """dT/dc at fixed E, keV: d(sigma)/dc = d(sigma)/dT dT/dc.

    dT/dc = 4 M E^2 c (E + M)^2/((E + M)^2 - E^2 c^2)^2.

    Examples:
        >>> step = np.array([0.6 - 1e-6, 0.6 + 1e-6])
        >>> difference = np.diff(recoil_at_angle_kev(30.0, step, 37215.5))[0] / 2e-6
        >>> bool(np.isclose(recoil_slope_kev(30.0, 0.6, 37215.5), difference, rtol=1e-8))
        True
    """
    e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
    c = np.asarray(cosine, dtype=float)
    whole, along = e + m, e * c
    share = whole / ((whole - along) * (whole + along))
    result: Array = 4e3 * m * e * e * c * share * share
    return result


class Kinematics(Protocol):
    """Which deposits a beam particle can make at a target, and which particles can make them."""

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """Smallest total energy of the beam particle, MeV, that gives the deposit T, keV.

        Args:
            recoil_energy_kev: what is deposited.
            mass_mev: of the target, broadcast with it.
        """
        ...

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """Largest deposit, keV, of a beam particle of this total energy, MeV; 0 where none."""
        ...


@dataclass(frozen=True)
class Massless:
    """Elastic scattering of a massless particle: `maximum_recoil_kev`, `minimum_energy_mev`.

    Examples:
        >>> round(float(Massless().maximum_recoil_kev(30.0, 123772.53)), 2)
        14.54
    """

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """E_min = [T + sqrt(T^2 + 2 M T)]/2, MeV."""
        return minimum_energy_mev(recoil_energy_kev, mass_mev)

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """T_max = 2 E^2/(M + 2 E), keV."""
        return maximum_recoil_kev(energy_mev, mass_mev)


MASSLESS: Final = Massless()
"""The kinematics of neutrinos."""


@dataclass(frozen=True)
class Massive:
    r"""Elastic scattering of a particle of mass m on a target of mass M at rest.

    With the momentum p^2 = E^2 - m^2 and the total energy in the centre of mass
    s = m^2 + M^2 + 2 M E, the largest recoil (backward scattering) and its inverse are

        T_max = 2 M p^2/s = 2 (E - m)(E + m)/(M + m^2/M + 2 E),
        E_min = [T + sqrt((T + 2 M)(T + 2 m^2/M))]/2,

    which are those of `Massless` at m = 0 and have E_min(0) = m. Source: PDG review of
    kinematics, section 49.

    Args:
        mass_mev: of the beam particle, MeV; not negative.

    Raises:
        InputError: if the mass is negative or not finite.

    Examples:
        >>> chi = Massive(20.0)
        >>> mass = 37215.5
        >>> float(chi.minimum_energy_mev(0.0, mass)), float(chi.maximum_recoil_kev(20.0, mass))
        (20.0, 0.0)
        >>> round(float(chi.minimum_energy_mev(chi.maximum_recoil_kev(30.0, mass), mass)), 12)
        30.0
    """

    mass_mev: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.mass_mev < np.inf:
            raise InputError(
                f"the mass of a beam particle must be finite and not negative: {self.mass_mev} MeV"
            )

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """E_min = [T + sqrt((T + 2 M)(T + 2 m^2/M))]/2, MeV."""
        t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
        m = np.asarray(mass_mev, dtype=float)
        own = 2.0 * self.mass_mev**2 / m
        result: Array = 0.5 * (t + np.sqrt((t + own) * (t + 2.0 * m)))
        return result

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """T_max = 2 (E - m)(E + m)/(M + m^2/M + 2 E), keV; 0 at and below E = m."""
        e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
        own = self.mass_mev
        momentum = np.maximum(e - own, 0.0) * (e + own)
        result: Array = 2e3 * momentum / (m + own * own / m + 2.0 * e)
        return result


@dataclass(frozen=True)
class DarkKinematics(Massive):
    """Elastic scattering of the chi of a dark sector, which a source of it takes over.

    Args:
        mass_mev: of chi.
        sector: the mediator, chi, and their coupling.
        recoiling_mev: mass of what recoils where it is not the nucleus.
    """

    sector: DarkSector
    recoiling_mev: float | None = None

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """As `Massive`, of what recoils."""
        return super().minimum_energy_mev(recoil_energy_kev, self._mass(mass_mev))

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """As `Massive`, of what recoils."""
        return super().maximum_recoil_kev(energy_mev, self._mass(mass_mev))

    def _mass(self, mass_mev: ArrayLike) -> ArrayLike:
        if self.recoiling_mev is None:
            return mass_mev
        return np.full(np.shape(mass_mev), self.recoiling_mev)


@dataclass(frozen=True)
class Threshold:
    """A reaction that deposits at most what the beam particle has above a threshold.

    E_min(T) = T + Q and T_max(E) = E - Q: charged current on a nucleus that stays at rest, with Q
    the threshold of the electron's kinetic energy; the break-up of a nucleus.

    Args:
        threshold_mev: Q, MeV.

    Examples:
        >>> deuterium = Threshold(1.44)  # nu_e d -> e- p p
        >>> float(deuterium.maximum_recoil_kev(30.0, 1875.6)), float(
        ...     deuterium.minimum_energy_mev(0.0, 1875.6)
        ... )
        (28560.0, 1.44)
    """

    threshold_mev: float

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """T + Q, MeV."""
        shape = np.broadcast_shapes(np.shape(recoil_energy_kev), np.shape(mass_mev))
        deposit = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
        return np.broadcast_to(deposit + self.threshold_mev, shape)

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """E - Q, keV; 0 below the threshold."""
        shape = np.broadcast_shapes(np.shape(energy_mev), np.shape(mass_mev))
        above = np.asarray(energy_mev, dtype=float) - self.threshold_mev
        return np.broadcast_to(1e3 * np.maximum(above, 0.0), shape)


@runtime_checkable
class Windowed(Protocol):
    """Kinematics with a smallest recoil, as those that make a heavier particle have it."""

    def minimum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """Smallest deposit, keV, of a beam particle of this total energy; 0 where none."""
        ...


@dataclass(frozen=True)
class Upscattering:
    r"""A massless particle that turns into one of mass m on a target of mass M that stays itself.

    With q^2 = -2 M T the energies and recoils that go together are those with

        E >= (1 + m^2/(2 M T)) [T + sqrt(T^2 + 2 M T)]/2,

    which rises without end towards T = 0. An energy E above m + m^2/(2 M) gives recoils between

        T = [2 M E^2 - (M + E) m^2 +- E sqrt((2 M E - m^2)^2 - 4 M^2 m^2)]/[2 M (M + 2 E)].

    Args:
        mass_mev: m, MeV; not negative.

    Raises:
        InputError: if the mass is negative or not finite.

    Examples:
        >>> heavy, mass = Upscattering(20.0), 123772.53
        >>> ends = heavy.minimum_recoil_kev(30.0, mass), heavy.maximum_recoil_kev(30.0, mass)
        >>> [round(float(t), 3) for t in ends]
        [0.236, 11.069]
        >>> [round(float(heavy.minimum_energy_mev(t, mass)), 9) for t in ends]
        [30.0, 30.0]
    """

    mass_mev: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.mass_mev < np.inf:
            raise InputError(
                f"the mass of the produced particle must be finite and not negative: "
                f"{self.mass_mev} MeV"
            )

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """As above, MeV; infinite at T = 0 where m > 0."""
        t, m = np.asarray(recoil_energy_kev, dtype=float), np.asarray(mass_mev, dtype=float)
        light = minimum_energy_mev(t, m)
        if self.mass_mev == 0.0:
            return light
        with np.errstate(divide="ignore", invalid="ignore"):
            heavy = light * (1.0 + self.mass_mev**2 / (2e-3 * m * t))
        result: Array = np.where(t > 0.0, heavy, np.inf)
        return result

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """The larger end, keV; 0 where the particle cannot be made."""
        e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
        own = self.mass_mev
        root = (2.0 * m * (e - own) - own * own) * (2.0 * m * (e + own) - own * own)
        possible = (root >= 0.0) & (2.0 * m * (e - own) >= own * own) & (e > 0.0)
        top = 2.0 * m * e * e - (m + e) * own * own + e * np.sqrt(np.where(possible, root, 0.0))
        result: Array = np.where(possible, 1e3 * top / (2.0 * m * (m + 2.0 * e)), 0.0)
        return result

    def minimum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """The smaller end, keV, from the product m^4/[4 M (M + 2 E)] of both."""
        e, m = np.asarray(energy_mev, dtype=float), np.asarray(mass_mev, dtype=float)
        top = self.maximum_recoil_kev(e, m)
        product = 1e6 * self.mass_mev**4 / (4.0 * m * (m + 2.0 * e))
        result: Array = np.where(top > 0.0, product / np.where(top > 0.0, top, 1.0), 0.0)
        return result


@dataclass(frozen=True)
class Several:
    """Those of a process whose terms have different ones: a recoil that one of them can give.

    Args:
        members: each of them; the first is that of terms that do not say theirs.
    """

    members: tuple[Kinematics, ...]

    def minimum_energy_mev(self, recoil_energy_kev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """The least of theirs, MeV."""
        each = [k.minimum_energy_mev(recoil_energy_kev, mass_mev) for k in self.members]
        result: Array = np.minimum.reduce(each)
        return result

    def maximum_recoil_kev(self, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
        """The largest of theirs, keV."""
        each = [k.maximum_recoil_kev(energy_mev, mass_mev) for k in self.members]
        result: Array = np.maximum.reduce(each)
        return result


def recoil_ends_kev(kinematics: Kinematics, energy_mev: ArrayLike, mass_mev: ArrayLike) -> Array:
    """Where recoil spectra of beam particles of these energies begin and end, keV.

    Args:
        kinematics: of the process.
        energy_mev: shape ``(...)``.
        mass_mev: of the target.

    Returns:
        Increasing along the first axis, from 0 on, ``(k, ...)``; equal ones may repeat.

    Examples:
        >>> recoil_ends_kev(MASSLESS, 30.0, 123772.53).round(2).tolist()
        [0.0, 14.54]
        >>> several = Several((MASSLESS, Upscattering(20.0)))
        >>> recoil_ends_kev(several, 30.0, 123772.53).round(2).tolist()
        [0.0, 0.24, 11.07, 14.54]
    """
    members = kinematics.members if isinstance(kinematics, Several) else (kinematics,)
    found = []
    for one in members:
        found.append(one.maximum_recoil_kev(energy_mev, mass_mev))
        if isinstance(one, Windowed):
            found.append(one.minimum_recoil_kev(energy_mev, mass_mev))
    result: Array = np.sort(np.stack([np.zeros_like(found[0]), *found]), axis=0)
    return result


def can_give(
    kinematics: Kinematics, energy_mev: Array, recoil_energy_kev: Array, mass_mev: float
) -> NDArray[np.bool_]:
    """Whether beam particles of these energies can give these recoils, in their common shape."""
    possible = np.asarray(
        recoil_energy_kev <= kinematics.maximum_recoil_kev(energy_mev, mass_mev), dtype=np.bool_
    )
    if isinstance(kinematics, Windowed):
        possible &= recoil_energy_kev >= kinematics.minimum_recoil_kev(energy_mev, mass_mev)
    return possible
