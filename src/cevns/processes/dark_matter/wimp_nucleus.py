r"""Scattering of WIMPs on nuclei: what a cross section on a nucleon is on a nucleus.

With mu_N and mu_p the reduced masses with nucleus and proton,

    d(sigma)/dT = sigma_p m_N/(2 mu_N^2 v^2) C(q),     v > v_min = sqrt(m_N T/(2 mu_N^2)),

where for a contact interaction equal on protons and neutrons, and for one with the spin of protons
or of neutrons alone,

    C = A^2 (mu_N^2/mu_p^2) F^2(q),      C = (mu_N^2/mu_p^2) 4 pi/(3 (2 J + 1)) S_{p,n}(q),
    S_p = S_00 + S_11 + S_01,      S_n = S_00 + S_11 - S_01.

Sources: Lewin & Smith, Astropart. Phys. 6 (1996) 87; Klos, Menendez, Gazit & Schwenk,
arXiv:1304.7684, whose structure functions S are carried for eight nuclides.
"""

from __future__ import annotations

import csv
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, ClassVar, Final, Literal, Self, get_args

import numpy as np

from cevns.constants import M_PROTON_MEV
from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.nuclides import Nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes.framework.kernels import Quantity
from cevns.processes.framework.kinematics import Massive, momentum_transfer_inv_fm
from cevns.typing import Array, ArrayLike

__all__ = [
    "Nucleon",
    "SpinStructure",
    "Wimp",
    "check_nucleon",
    "coherent_gain",
    "coherent_response",
    "inverse_recoil_range",
    "minimum_speed",
    "reduced_mass",
    "spin_response",
    "spin_structures",
]

Nucleon = Literal["proton", "neutron"]
"""Whose spin an interaction sees."""


def reduced_mass(first_mev: ArrayLike, second_mev: ArrayLike) -> Array:
    """M M/(m + M), MeV.

    Examples:
        >>> float(reduced_mass(2.0, 2.0))
        1.0
    """
    m, other = np.asarray(first_mev, dtype=float), np.asarray(second_mev, dtype=float)
    result: Array = m * other / (m + other)
    return result


def coherent_gain(nuclide: Nuclide, wimp_mev: ArrayLike) -> Array:
    """sigma_A/sigma_p = A^2 mu_N^2/mu_p^2 at zero momentum transfer.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> f"{float(coherent_gain(nuclide('Xe131'), 50e3)):.4g}"
        '2.544e+07'
    """
    ratio = reduced_mass(nuclide.mass_mev, wimp_mev) / reduced_mass(M_PROTON_MEV, wimp_mev)
    result: Array = (nuclide.a * ratio) ** 2
    return result


def inverse_recoil_range(nuclide: Nuclide, wimp_mev: ArrayLike) -> Array:
    """m_N/(2 mu_N^2), 1/MeV: over v^2 it is one over the largest recoil energy.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> f"{float(inverse_recoil_range(nuclide('Xe131'), 50e3)):.3g} per MeV"
        '4.8e-05 per MeV'
    """
    reduced = reduced_mass(nuclide.mass_mev, wimp_mev)
    result: Array = nuclide.mass_mev / (2.0 * reduced * reduced)
    return result


def minimum_speed(nuclide: Nuclide, wimp_mev: ArrayLike, recoil_energy_kev: ArrayLike) -> Array:
    """v_min = sqrt(m_N T/(2 mu_N^2)) in units of the speed of light, broadcast.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> speed = minimum_speed(nuclide("Xe131"), 6e3, 1.0)
        >>> round(299792.458 * float(speed))  # km/s
        409
    """
    t = 1e-3 * np.asarray(recoil_energy_kev, dtype=float)
    return np.sqrt(inverse_recoil_range(nuclide, wimp_mev) * t)


def coherent_response(
    nuclide: Nuclide, wimp_mev: ArrayLike, q_inv_fm: ArrayLike, model: FormFactor
) -> Array:
    """C = A^2 (mu_N^2/mu_p^2) F^2(q), broadcast.

    Args:
        nuclide: the target.
        wimp_mev: mass of the WIMP, MeV.
        q_inv_fm: momentum transfer, 1/fm.
        model: of the form factor.
    """
    factor = model.evaluate(q_inv_fm, model.default_rms_radius(nuclide))
    return coherent_gain(nuclide, wimp_mev) * factor**2


@dataclass(frozen=True, eq=False)
class SpinStructure:
    """Structure functions of a nuclide: S_ij(u) = exp(-u) sum_k c_k u^k with u = q^2 b^2/2.

    Args:
        b_fm: length of the harmonic oscillator, fm.
        u_max: where the fits end.
        coefficients: of S_00, S_11 and S_01, ``(3, k)``.
    """

    b_fm: float
    u_max: float
    coefficients: Array

    def __call__(self, q_inv_fm: ArrayLike, nucleon: Nucleon) -> Array:
        """S_p or S_n at q, 1/fm; zero beyond the range of the fits.

        Examples:
            >>> xenon = spin_structures()["Xe129"]
            >>> round(float(xenon(0.0, "neutron")), 4), round(float(xenon(0.0, "proton")), 4)
            (0.1628, 0.0046)
        """
        u = 0.5 * (np.asarray(q_inv_fm, dtype=float) * self.b_fm) ** 2
        inside = u <= self.u_max
        at = np.where(inside, u, 0.0)
        s00, s11, s01 = (np.polynomial.polynomial.polyval(at, c) for c in self.coefficients)
        mixed = s01 if nucleon == "proton" else -s01
        # of two large numbers that cancel, the rest of a fit may be below zero
        return np.where(inside, np.maximum(np.exp(-at) * (s00 + s11 + mixed), 0.0), 0.0)


@cache
def spin_structures() -> dict[str, SpinStructure]:
    """The carried structure functions by nuclide.

    Examples:
        >>> list(spin_structures())
        ['F19', 'Na23', 'Al27', 'Si29', 'Ge73', 'I127', 'Xe129', 'Xe131']
    """
    file = resources.files("cevns.processes.dark_matter").joinpath("wimp_spin.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        rows.setdefault(row["nuclide"], []).append(row)
    return {
        name: SpinStructure(
            float(own[0]["b_fm"]),
            float(own[0]["u_max"]),
            np.array([[float(r[c]) for r in own] for c in ("s00", "s11", "s01")]),
        )
        for name, own in rows.items()
    }


def check_nucleon(nucleon: str) -> None:
    """Refuse what is neither proton nor neutron.

    Raises:
        UnknownNameError: if it is neither.
    """
    if nucleon not in get_args(Nucleon):
        raise UnknownNameError("nucleon whose spin is seen", nucleon, get_args(Nucleon))


def spin_response(
    nuclide: Nuclide, wimp_mev: ArrayLike, q_inv_fm: ArrayLike, nucleon: Nucleon
) -> Array:
    """C = (mu_N^2/mu_p^2) 4 pi/(3 (2 J + 1)) S(q), broadcast; zero for a nucleus without spin.

    Args:
        nuclide: the target.
        wimp_mev: mass of the WIMP, MeV.
        q_inv_fm: momentum transfer, 1/fm.
        nucleon: whose spin is seen.

    Raises:
        InputError: if the nuclide has a spin and no structure function is carried for it.

    Examples:
        >>> from cevns.nuclear import nuclide
        >>> f"{float(spin_response(nuclide('F19'), 50e3, 0.0, 'proton')):.0f}"
        '144'
    """
    if nuclide.spin == 0.0:
        return np.zeros(np.broadcast_shapes(np.shape(wimp_mev), np.shape(q_inv_fm)))
    known = spin_structures()
    if nuclide.name not in known:
        raise InputError(
            f"{nuclide.name} has spin {nuclide.spin:g} and no structure function is "
            "available for it: spin-dependent scattering is defined for targets of "
            f"{', '.join(known)} and of nuclides without spin"
        )
    ratio = reduced_mass(nuclide.mass_mev, wimp_mev) / reduced_mass(M_PROTON_MEV, wimp_mev)
    factor = 4.0 * math.pi / (3.0 * (2.0 * nuclide.spin + 1.0))
    result: Array = ratio * ratio * factor * known[nuclide.name](q_inv_fm, nucleon)
    return result


_SPECIES: Final = "chi"
_LIGHTEST_GEV, _HEAVIEST_GEV = 0.01, 1e6


@dataclass(frozen=True)
class Wimp(ABC):
    """A WIMP that scatters by a contact interaction: what all of them share.

    The kinematics are those of a particle of mass ``m_wimp``, which a source of dark matter takes
    over (`cevns.sources.halo`): what is above it in energy is motion alone, v ~ 1e-3.

    Args:
        m_wimp: mass, GeV; structural: one model for each value.

    Raises:
        InputError: if the mass is outside 0.01 GeV to 1e6 GeV.
    """

    m_wimp: float = 50.0
    name: ClassVar[str]
    sigma: ClassVar[Parameter]
    """The cross section on a nucleon."""

    def __post_init__(self) -> None:
        if not _LIGHTEST_GEV <= self.m_wimp <= _HEAVIEST_GEV:
            raise InputError(
                f"a WIMP of {self.m_wimp:g} GeV: masses are between {_LIGHTEST_GEV:g} and "
                f"{_HEAVIEST_GEV:g} GeV"
            )

    @property
    def quantity(self) -> Quantity:
        """A nuclear recoil."""
        return "nuclear-recoil"

    @property
    def parameters(self) -> Parameters:
        """The cross section on a nucleon, cm2."""
        return Parameters([self.sigma])

    @property
    def unit(self) -> Mapping[str, float]:
        """A cross section of 1 cm2."""
        return {self.sigma.name: 1.0}

    def scale(self, values: Mapping[str, Any]) -> Any:
        """The cross section on a nucleon, cm2, which changes nothing else."""
        return values.get(self.sigma.name, self.sigma.value)

    @property
    def usual_source(self) -> Mapping[str, str]:
        """The halo that experiments agreed on (arXiv:2105.00599)."""
        return {"kind": "halo", "halo": "recommended-2021"}

    @property
    def of_the_beam(self) -> tuple[str, ...]:
        """Nothing: the halo is everywhere."""
        return ()

    @property
    def component(self) -> str:
        """The name of the process."""
        return self.name

    @property
    def structure(self) -> Parameters:
        """The mass, GeV."""
        return Parameters(
            [
                Parameter(
                    "m_wimp",
                    self.m_wimp,
                    unit="GeV",
                    lower=_LIGHTEST_GEV,
                    upper=_HEAVIEST_GEV,
                    fixed=True,
                    shared=True,
                    description="mass of the WIMP",
                    natural=(1.0, 1000.0),
                )
            ]
        )

    def with_structure(self, values: Mapping[str, float]) -> Self:
        """The same at another mass.

        Raises:
            UnknownNameError: if a name is not ``m_wimp``.
        """
        for name in values:
            if name != "m_wimp":
                raise UnknownNameError("structural parameter", name, ("m_wimp",))
        return replace(self, m_wimp=float(values.get("m_wimp", self.m_wimp)))

    @property
    def kinematics(self) -> Massive:
        """That of the WIMP's mass."""
        return Massive(1e3 * self.m_wimp)

    @abstractmethod
    def response(self, nuclide: Nuclide, q_inv_fm: Array) -> Array:
        """C(q) of the module's formula."""
        ...

    def kernel(
        self,
        deposit_kev: Array,
        energy_mev: Array,
        species: str,
        target: Nuclide,
        values: Mapping[str, Any],
    ) -> Array:
        """d(sigma)/dT of a nucleus, cm2/keV.

        Args:
            deposit_kev: recoil energy T, keV.
            energy_mev: total energy of the WIMP, MeV.
            species: ``chi``.
            target: the nuclide.
            values: with the cross section on a nucleon, cm2.

        Raises:
            SpeciesError: if the species is another.
            InputError: if a structure function is needed that is not carried.
        """
        if species != _SPECIES:
            raise SpeciesError(
                f"WIMPs are the species {_SPECIES!r}, which a source of dark matter emits "
                "(kind: halo)"
            )
        mass = 1e3 * self.m_wimp
        energy = np.asarray(energy_mev, dtype=float)
        inverse = energy * energy / ((energy - mass) * (energy + mass))  # 1/v^2
        q = momentum_transfer_inv_fm(deposit_kev, target.mass_mev)
        per_kev = 1e-3 * inverse_recoil_range(target, mass) * inverse
        result: Array = self.scale(values) * per_kev * self.response(target, q)
        return result
