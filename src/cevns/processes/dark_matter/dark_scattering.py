r"""Scattering of accelerator-made dark matter chi by a mediator V: what all its kinds share.

With the total energy E of chi, its momentum p^2 = E^2 - m_chi^2, the target's mass M and the recoil
energy T, all in MeV, and D = p^2 (2 M T + m_V^2)^2,

    d(sigma)/dT = 4 pi C X/D,

    scalar chi, nucleus:       X = M (2E - T)^2/2
    Dirac chi, nucleus:        X = M (2E^2 - 2ET - MT)
    Majorana chi, nucleus:     X = M [2E^2 - 2ET - MT - 2 m_chi^2 (1 + T/2M)]
    scalar chi, electron:      X = M [2E (E - T) - m_chi^2 T/M]
    Dirac chi, electron:       X = 2ME^2 - 2MET - (M^2 + m_chi^2) T + M T^2
    Majorana chi, electron:    X = that of Dirac - 2 m_chi^2 (M - T)

A nucleus has spin 0 here; with spin 1/2, X changes by T^2/(4 E^2) and m_chi^2 T/(2 M E^2), below
1e-4. The charge is C = alpha alpha_D eps^2 Z^2 F^2 for kinetic mixing and alpha_B alpha_chi A^2 F^2
for baryon number. Sources: deNiverville, Chen, Pospelov & Ritz, arXiv:1609.01770 (scalar); the
others were derived from the traces, and a test repeats that with explicit gamma matrices.

A beam makes chi by the same coupling. Its source (`cevns.sources.meson_decay`) is that of a unit
coupling, eps = 1 or alpha_B = alpha, so that events are the fold with that source times eps^2
(alpha_B/alpha) once more, which stands in the kernel here.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, Final, Literal, Self

import numpy as np

from cevns.constants import ALPHA, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.dark_sector.sector import Chi, DarkSector, Portal
from cevns.exceptions import InputError, SpeciesError
from cevns.nuclear.electron_shells import free_electrons
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.form_factors import form_factor as find_form_factor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import DarkKinematics, momentum_transfer_inv_fm
from cevns.typing import Array, ArrayLike

__all__ = ["DarkMatter", "DarkPhotonModel", "LeptophobicModel", "Target", "recoil_form"]

Target = Literal["nucleus", "electron"]

_SPECIES: Final = "chi"
_MASSES_MEV: Final = (1e-3, 1e4)
_OF_TWO: Final = "m_chi", "m_v", "mass_ratio"
"""Two of them say all."""
_CHI: Final = "mass of the dark-matter particle chi"


def recoil_form(
    chi: Chi, target: Target, energy_mev: ArrayLike, recoil_mev: ArrayLike, chi_mev: float,
    target_mev: float,
) -> Array:  # fmt: skip
    """X of the module's table, MeV^3, broadcast.

    Args:
        chi: its kind; a pseudo-Dirac pair without splitting scatters like Dirac.
        target: of spin 0 or an electron.
        energy_mev: total energy of chi.
        recoil_mev: kinetic energy of the target after.
        chi_mev: mass of chi.
        target_mev: mass of the target.

    Examples:
        >>> float(recoil_form("scalar", "nucleus", 10.0, 0.0, 1.0, 2.0))  # 2 M E^2
        400.0
    """
    e, t = np.asarray(energy_mev, dtype=float), np.asarray(recoil_mev, dtype=float)
    m, square = target_mev, chi_mev * chi_mev
    if chi == "scalar":
        twice = 2.0 * e - t
        found = (
            0.5 * m * twice * twice if target == "nucleus" else 2.0 * m * e * (e - t) - square * t
        )
    elif target == "nucleus":
        found = m * (2.0 * e * (e - t) - m * t)
        if chi == "majorana":
            found = found - square * (2.0 * m + t)
    else:
        found = 2.0 * m * e * (e - t) - (m * m + square) * t + m * t * t
        if chi == "majorana":
            found = found - 2.0 * square * (m - t)
    out: Array = np.asarray(found)
    return out


@dataclass(frozen=True)
class DarkMatter(ABC):
    """Scattering of chi: masses and coupling in the dark sector, which are structural.

    Args:
        m_chi: mass of chi, MeV.
        m_v: mass of the mediator, MeV.
        mass_ratio: R = m_V/m_chi in its place.
        alpha_d: coupling of the mediator to chi, g^2/(4 pi).
        form_factor: model or name; in an experiment that of its interaction.
    """

    m_chi: float = 0.0
    m_v: float = 0.0
    mass_ratio: float = 0.0
    alpha_d: float = 0.5
    form_factor: str | FormFactor = "klein-nystrand"
    name: ClassVar[str]
    portal: ClassVar[Portal]
    chi: ClassVar[Chi]
    target: ClassVar[Target] = "nucleus"

    @property
    @abstractmethod
    def parameters(self) -> Parameters:
        """The couplings to ordinary matter."""
        ...

    @abstractmethod
    def mixing_squared(self, values: Mapping[str, Any]) -> Any:
        """eps^2 for kinetic mixing, alpha_B/alpha for baryon number."""
        ...

    @property
    @abstractmethod
    def unit(self) -> Mapping[str, float]:
        """Couplings at which `mixing_squared` is one."""
        ...

    @abstractmethod
    def charge_squared(self, target: Nuclide, recoil_energy_kev: Array) -> Array:
        """Z^2 F^2, A^2 F^2 or the number of electrons."""
        ...

    # -- what it is of ---------------------------------------------------------------------------

    @cached_property
    def sector(self) -> DarkSector:
        """Mediator, chi and their coupling, of two of the masses and their ratio.

        Raises:
            InputError: if not two of them are given.
        """
        given = tuple(n for n in _OF_TWO if getattr(self, n) > 0.0)
        if len(given) != 2:
            needed = {
                (): "the mass of chi (m_chi=10MeV) and that of the mediator (m_v=30MeV, or "
                "mass_ratio=3), which have no default",
                ("m_chi",): "the mass of the mediator (m_v=30MeV, or mass_ratio=3), which has no "
                "default",
                ("m_v",): "the mass of chi (m_chi=10MeV, or mass_ratio=3), which has no default",
                ("mass_ratio",): "the mass of chi (m_chi=10MeV) or of the mediator (m_v=30MeV)",
            }.get(given, "two of m_chi, m_v and mass_ratio, not all three")
            raise InputError(
                f"{self.name} needs {needed}: give it with --at (at={{...}}), or scan it"
            )
        chi = self.m_chi or self.m_v / self.mass_ratio
        mediator = self.m_v or self.mass_ratio * self.m_chi
        return DarkSector(self.portal, self.chi, chi, mediator, self.alpha_d)

    @property
    def structure(self) -> Parameters:
        """Masses or their ratio, and the dark coupling; a mass of 0 is one not given."""
        said: dict[str, tuple[float, str, float, str, tuple[float, float]]] = {
            "m_chi": (self.m_chi, "MeV", _MASSES_MEV[1], _CHI, (1.0, 200.0)),
            "m_v": (self.m_v, "MeV", _MASSES_MEV[1], "mass of the mediator", (3.0, 600.0)),
            "mass_ratio": (self.mass_ratio, "", 1e3, "m_V/m_chi, in place of m_v", (2.1, 10.0)),
            "alpha_d": (self.alpha_d, "", 1.0, "coupling of mediator and chi", (0.01, 1.0)),
        }
        return Parameters(
            Parameter(
                name, value, unit=unit, lower=0.0, upper=upper, fixed=True, shared=True,
                description=description, natural=natural,
            )
            for name, (value, unit, upper, description, natural) in said.items()
            if value > 0.0 or name not in _OF_TWO or sum(said[n][0] > 0.0 for n in _OF_TWO) < 2
        )  # fmt: skip

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same in another dark sector.

        Raises:
            UnknownNameError: if a name is not in `structure`.
            InputError: if a value lies outside its bounds.
        """
        checked = self.structure.at(values)
        given: dict[str, Any] = {checked[n].name: checked[n].value for n in values}
        return replace(self, **given)

    def for_form_factor(self, model: FormFactor) -> Self:
        """The same with the form-factor model of an experiment."""
        return replace(self, form_factor=model)

    @property
    def usual_source(self) -> Mapping[str, str]:
        """Decays of the mesons that the beam of an experiment makes."""
        return {"kind": "meson-decay"}

    @property
    def of_the_beam(self) -> tuple[str, ...]:
        """What that source takes over from the one of the experiment."""
        return "distance", "protons", "angle", "pulse_sigma", "beam"

    @property
    def component(self) -> str:
        """What its events are called beside others."""
        return "dm_electrons" if self.target == "electron" else "dm"

    @property
    def quantity(self) -> Quantity:
        """A nuclear recoil, or an electron."""
        return "electron" if self.target == "electron" else "nuclear-recoil"

    @property
    def steep(self) -> bool:
        """True: recoils follow 1/(2 M T + m_V^2)^2."""
        return True

    @property
    def kinematics(self) -> DarkKinematics:
        """That of chi, with the dark sector."""
        recoiling = M_ELECTRON_MEV if self.target == "electron" else None
        return DarkKinematics(self.sector.m_chi_mev, self.sector, recoiling)

    # -- the cross section -----------------------------------------------------------------------

    def scale(self, values: Mapping[str, Any]) -> Any:
        """The square of `mixing_squared`: chi is made and seen by the same coupling."""
        squared = self.mixing_squared(values)
        return squared * squared

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """eps^2 d(sigma)/dT, cm2/keV: eps^2 is that of a source of unit coupling.

        Args:
            deposit_kev: recoil energy T, keV.
            energy_mev: total energy of chi, MeV.
            species: ``chi``, or a part of it, ``chi-1``.
            target: the nuclide.
            values: with the coupling to ordinary matter.

        Raises:
            SpeciesError: if the species is another.
            InputError: if a mass is not given.
        """
        if species.partition("-")[0] != _SPECIES:
            raise SpeciesError(
                f"dark matter is the species {_SPECIES!r}, which a source of it emits "
                "(kind: meson-decay)"
            )
        result: Array = self.scale(values) * self._at_unit(deposit_kev, energy_mev, target)
        return result

    def differential(
        self,
        recoil_energy_kev: ArrayLike,
        energy_mev: ArrayLike,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """d(sigma)/dT of one chi, cm2/keV, broadcast; 0 beyond the largest recoil.

        Args:
            recoil_energy_kev: T, keV.
            energy_mev: total energy of chi, MeV.
            target: the nuclide.
            values: with the coupling to ordinary matter.

        Raises:
            InputError: if a mass is not given.
        """
        t, e = np.broadcast_arrays(
            np.asarray(recoil_energy_kev, dtype=float), np.asarray(energy_mev, dtype=float)
        )
        open_ = t <= self.kinematics.maximum_recoil_kev(e, target.mass_mev)
        above = np.where(open_, e, 2.0 * self.sector.m_chi_mev)
        found: Array = self.mixing_squared(values) * self._at_unit(t, above, target) * open_
        return found

    def _at_unit(self, deposit_kev: Array, energy_mev: Array, target: Nuclide) -> Array:
        """d(sigma)/dT at eps = 1, cm2/keV."""
        sector = self.sector
        chi = sector.m_chi_mev
        mass = M_ELECTRON_MEV if self.target == "electron" else target.mass_mev
        recoil = 1e-3 * np.asarray(deposit_kev, dtype=float)
        energy = np.asarray(energy_mev, dtype=float)
        exchange = 2.0 * mass * recoil + sector.m_v_mev**2
        per_mev = (
            4.0 * math.pi * ALPHA * sector.alpha_d * HBARC2_MEV2_CM2
            * recoil_form(sector.chi, self.target, energy, recoil, chi, mass)
            / ((energy - chi) * (energy + chi) * exchange * exchange)
        )  # fmt: skip
        result: Array = 1e-3 * self.charge_squared(target, deposit_kev) * per_mev
        return result

    def _nuclear_factor(self, target: Nuclide, recoil_energy_kev: Array) -> Array:
        """F^2 of a nucleus."""
        model = find_form_factor(self.form_factor)
        q = momentum_transfer_inv_fm(recoil_energy_kev, target.mass_mev)
        factor: Array = model.evaluate(q, model.default_rms_radius(target)) ** 2
        return factor


def _coupling(
    name: str, description: str, typical: float, natural: tuple[float, float], upper: float
) -> Parameter:
    """A coupling that is small enough for the mediator to decay to chi alone."""
    return Parameter(
        name, 0.0, lower=0.0, upper=upper, role="poi", shared=True,
        description=description, typical=typical, natural=natural,
    )  # fmt: skip


@dataclass(frozen=True)
class DarkPhotonModel(DarkMatter):
    r"""Chi by kinetic mixing: parameters ``epsilon`` and ``y_dm``.

    .. math:: Y = \epsilon^2 \alpha_D (m_\chi/m_V)^4

    is the same coupling by another name; only one of both is other than zero.
    """

    portal: ClassVar[Portal] = "vector"

    @property
    def parameters(self) -> Parameters:
        """Kinetic mixing, and Y, which follows the relic density."""
        return Parameters(
            [
                _coupling("epsilon", "kinetic mixing of the dark photon", 1e-4, (1e-7, 1e-2), 0.1),
                _coupling("y_dm", "eps^2 alpha_D (m_chi/m_V)^4", 1e-11, (1e-13, 1e-7), 1e-3),
            ]
        )

    @property
    def one_of(self) -> tuple[str, ...]:
        """Both are the same coupling."""
        return "epsilon", "y_dm"

    @property
    def unit(self) -> Mapping[str, float]:
        """``epsilon`` = 1."""
        return {"epsilon": 1.0}

    def mixing_squared(self, values: Mapping[str, Any]) -> Any:
        """eps^2.

        Raises:
            InputError: if both parameters are given, or a mass is not.
        """
        epsilon, y = (np.asarray(values.get(n, 0.0), dtype=float) for n in ("epsilon", "y_dm"))
        if not y.any():
            return epsilon * epsilon
        if epsilon.any():
            raise InputError(
                f"{self.name}: epsilon and y_dm are two names of one coupling; give one of them"
            )
        sector = self.sector
        return y / sector.alpha_d * (sector.m_v_mev / sector.m_chi_mev) ** 4

    def charge_squared(self, target: Nuclide, recoil_energy_kev: Array) -> Array:
        """Z^2 F^2; of the electrons of an atom those that T frees."""
        if self.target == "electron":
            return free_electrons(target.symbol, recoil_energy_kev)
        found: Array = target.z**2 * self._nuclear_factor(target, recoil_energy_kev)
        return found


@dataclass(frozen=True)
class LeptophobicModel(DarkMatter):
    """Chi by a mediator of baryon number: parameter ``alpha_b``; ``alpha_d`` is alpha_chi."""

    portal: ClassVar[Portal] = "leptophobic"

    @property
    def parameters(self) -> Parameters:
        """alpha_B = g_B^2/(4 pi), of a charge of one a nucleon."""
        return Parameters(
            [_coupling("alpha_b", "g_B^2/(4 pi) of baryon number", 1e-11, (1e-13, 1e-6), 1e-3)]
        )

    @property
    def unit(self) -> Mapping[str, float]:
        """``alpha_b`` = alpha."""
        return {"alpha_b": ALPHA}

    def mixing_squared(self, values: Mapping[str, Any]) -> Any:
        """alpha_B/alpha."""
        return np.asarray(values.get("alpha_b", 0.0), dtype=float) / ALPHA

    def charge_squared(self, target: Nuclide, recoil_energy_kev: Array) -> Array:
        """A^2 F^2, with the form factor of matter."""
        found: Array = target.a**2 * self._nuclear_factor(target, recoil_energy_kev)
        return found
