"""Neutrinos of the Sun: pp chain and CNO cycle, with flavour conversion in the Sun."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Final

import numpy as np

from cevns.exceptions import CevnsWarning, InputError, UnknownNameError
from cevns.nuclear.checks import positive
from cevns.particles import LEPTONS
from cevns.propagation.lepton_mixing import MASS_STATES, LeptonMixing
from cevns.propagation.solar_matter import CITE as CONVERSION
from cevns.propagation.solar_matter import SolarMixing
from cevns.sources.beams.source import Source
from cevns.sources.sky.solar_fluxes import BRANCHES, DEFAULT, SolarFluxes, solar_fluxes
from cevns.sources.sky.steady_mixture import Mixture, Part, Share, carried, chosen, whole
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["ELECTRONS_MOL_CM3", "LINES", "MODEL", "Sun"]

CITE = ("arXiv:2109.03116",)

LINES: Final = {"pep": ((1.442, 1.0),), "be7": ((0.3843, 0.103), (0.8613, 0.897))}
"""Energies in MeV and shares of the branches that have no continuous spectrum, from memory."""
ELECTRONS_MOL_CM3: Final = {
    "pp": 60.6,
    "pep": 66.6,
    "hep": 51.4,
    "be7": 79.6,
    "b8": 87.9,
    "n13": 73.8,
    "o15": 86.2,
    "f17": 87.1,
}
"""Electron densities where each branch is born: means over the radial distributions of B16-GS98 as
the public code PEANUTS has them. In the centre it is 100.9."""
_OSCILLATIONS = ("msw", "none")
_SUMS = ("density-matrix", "probabilities")
_ANGLES = tuple(f.name for f in fields(SolarMixing))


@dataclass(frozen=True)
class Sun(Mixture):
    r"""Solar neutrinos by branch: continuous spectra and lines, times published fluxes.

    .. math:: \phi_f(E) = \sum_b \Phi_b \, S_b(E) \, P_{e f}(E; n_b)

    7Be and pep are treated as lines. The spectra are those of J. N. Bahcall's tables, with unit
    area up to their end points (that of pp, 0.42341 MeV, is the last point of the original grid,
    which public copies omit: they end at 0.418 MeV with an area of 0.9973). Fluxes are those at
    the mean distance of the Earth; the annual variation is the arrival ``orbit``.

    With ``msw``, electron neutrinos are converted into mass states adiabatically, as by day
    (`cevns.propagation.solar_matter`), with the mean electron density of the region in which each
    branch is produced. They are counted here by the flavours contained in these states, which is
    sufficient for a process that does not change the flavour. For a process that does,
    `in_mass_states` gives the rate Tr[rho G^+ G], which includes the coherence of the flavours.
    CEvNS in the Standard Model does not distinguish flavours, so its rate is the same with and
    without conversion.

    Each flux has a nuisance parameter, such as ``flux_b8``, in standard deviations of the set.

    Args:
        live_time_d: days of data; in a file by default the file's `live_time`.
        branches: a selection of pp, pep, hep, be7, b8, n13, o15 and f17; all by default.
        fluxes: ``b16-gs98``, ``b16-agss09met``, ``sno-8b`` (8B of SNO, 5.25e6 /cm2/s, the rest
            b16-gs98) or ``fog`` (8B of a global fit, 5.16e6).
        fluxes_file: a table of the user instead (`cevns.sources.sky.solar_fluxes`).
        oscillation: ``msw``, or ``none``, with which all arrive as nu_e.
        sin2_theta12: mixing angle; see `cevns.propagation.solar_matter.SolarMixing`.
        sin2_theta13: mixing angle.
        dm21_ev2: difference of squared masses, eV2.
        sin2_theta23: mixing angle; with 0.5 and the default phase, nu_mu and nu_tau arrive equally.
        delta_cp_deg: CP phase, degrees.
        matter_nsi: non-standard interactions with quarks in the Sun, ``{eps_ee_u: 0.1}``; they are
            independent of the couplings at the detector.
        neutrons_per_electron: number of neutrons per electron in the production region, for
            `matter_nsi`.
        flavour_sum: for processes that change the flavour: ``density-matrix``, or
            ``probabilities``, sum_a P_ea sigma_a without interference, for comparison with
            analyses that use it.

    Raises:
        InputError: if a number is out of range, or no branch is given.
        UnknownNameError: if there is no such branch, set of fluxes or coefficient.
        DataError: if the table of the user is invalid.

    Examples:
        >>> sun = Sun(live_time_d=365.25, branches=("b8",), fluxes="sno-8b")
        >>> {f: f"{sun.flux_cm2_s(f):.3g}" for f in sun.flavours}
        {'nu_e': '1.96e+06', 'nu_mu': '1.65e+06', 'nu_tau': '1.65e+06'}
    """

    live_time_d: Annotated[float, Unit("d")]
    branches: tuple[str, ...] | str = BRANCHES
    fluxes: str = DEFAULT
    fluxes_file: Path | None = None
    oscillation: str = "msw"
    sin2_theta12: float = SolarMixing.sin2_theta12
    sin2_theta13: float = SolarMixing.sin2_theta13
    dm21_ev2: float = SolarMixing.dm21_ev2
    sin2_theta23: float = SolarMixing.sin2_theta23
    delta_cp_deg: float = SolarMixing.delta_cp_deg
    matter_nsi: Mapping[str, float] = field(default_factory=dict, hash=False)
    neutrons_per_electron: float = SolarMixing.neutrons_per_electron
    flavour_sum: str = _SUMS[0]
    _names: tuple[str, ...] = field(init=False, repr=False, compare=False)
    _set: SolarFluxes = field(init=False, repr=False, compare=False)
    _mixing: SolarMixing | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        positive("live time in d", self.live_time_d)
        if self.flavour_sum not in _SUMS:
            raise UnknownNameError("sum of solar flavours", self.flavour_sum, _SUMS)
        names = chosen("branch of solar neutrinos", self.branches, BRANCHES)
        found = solar_fluxes(self.fluxes, self.fluxes_file)
        missing = [n for n in names if n not in found.flux_cm2_s]
        if missing and names != BRANCHES:
            raise InputError(f"{found.name} has no flux of {missing[0]}; add a row")
        if missing:
            warnings.warn(
                f"{found.name} has no flux of {', '.join(missing)}, which are excluded; add rows, "
                "or select the branches with 'branches'",
                CevnsWarning,
                stacklevel=3,
            )
        names = tuple(n for n in names if n not in missing)
        object.__setattr__(self, "branches", names)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_set", found)
        object.__setattr__(self, "_mixing", self._converted())

    def _converted(self) -> SolarMixing | None:
        given = {name: getattr(self, name) for name in _ANGLES}
        mixing = SolarMixing(**given)
        if self.oscillation not in _OSCILLATIONS:
            raise UnknownNameError(
                "oscillation of solar neutrinos", self.oscillation, _OSCILLATIONS
            )
        if self.oscillation == "msw":
            return mixing
        if mixing != SolarMixing():
            raise InputError("mixing is given but 'oscillation' is none; remove one of them")
        return None

    @property
    def choices(self) -> dict[str, str]:
        """The set of fluxes, or the file, and the oscillation: they are in every result."""
        matter = "".join(f", {name} {eps:g} in matter" for name, eps in self.matter_nsi.items())
        out = {"fluxes": self._set.name, "oscillation": f"{self.oscillation}{matter}"}
        return out if self.flavour_sum == _SUMS[0] else {**out, "flavour_sum": self.flavour_sum}

    @property
    def cites(self) -> Mapping[str, Sequence[str]]:
        """Sources of the fluxes and of the conversion of flavours."""
        conversion = {} if self._mixing is None else {"neutrino oscillation": CONVERSION}
        return {"solar fluxes": self._set.cite, **conversion}

    @property
    def matter(self) -> str:
        """The matter potential of the flavour conversion: ``standard-model``, ``nsi``, or none."""
        if self._mixing is None:
            return ""
        return "nsi" if any(self.matter_nsi.values()) else "standard-model"

    def survival(self, branch: str, energy_mev: Array) -> Array:
        """P_ee of a branch."""
        energy = np.asarray(energy_mev, dtype=float)
        if self._mixing is None:
            return whole(energy)
        return self._mixing.survival(energy, ELECTRONS_MOL_CM3[branch])

    def _shares(self, branch: str) -> dict[str, Share]:
        if self._mixing is None:
            return {"nu_e": whole}
        arriving, electrons = self._mixing.arriving, ELECTRONS_MOL_CM3[branch]
        return _present(
            {
                f"nu_{a}": partial(arriving, k, electrons_mol_cm3=electrons)
                for k, a in enumerate(LEPTONS)
            }
        )

    def in_mass_states(self) -> Source:
        """The same neutrinos, counted by the mass states in which they arrive.

        Examples:
            >>> sun = Sun(live_time_d=365.25, branches=("b8",)).in_mass_states()
            >>> {f: f"{sun.flux_cm2_s(f):.3g}" for f in sun.flavours}
            {'nu_1': '1.15e+06', 'nu_2': '4.19e+06', 'nu_3': '1.2e+05'}
        """
        if self._mixing is None or self.flavour_sum != _SUMS[0]:
            return self
        return _MassStates(**{f.name: getattr(self, f.name) for f in fields(self) if f.init})

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The branches."""
        return tuple(
            Part(
                name,
                self._set.flux_cm2_s[name],
                None if name in LINES else carried(name)["density"],
                LINES.get(name, ()),
                self._shares(name),
            )
            for name in self._names
        )

    @cached_property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """Relative change of the fluxes for one standard deviation of each nuisance parameter."""
        return self._set.changes(self._names)

    @property
    def relative_errors(self) -> dict[str, float]:
        """Of the flux of each branch."""
        return {name: self._set.relative_error[name] for name in self._names}


@dataclass(frozen=True)
class _MassStates(Sun):
    """The Sun by mass states, nu_1, nu_2 and nu_3."""

    @property
    def arriving_mixing(self) -> LeptonMixing:
        """What the species are made of."""
        assert self._mixing is not None
        return self._mixing.vacuum

    def in_mass_states(self) -> Source:
        """Itself."""
        return self

    def _shares(self, branch: str) -> dict[str, Share]:
        assert self._mixing is not None
        mixing, electrons = self._mixing, ELECTRONS_MOL_CM3[branch]
        return _present(
            {name: partial(_in_state, mixing, electrons, i) for i, name in enumerate(MASS_STATES)}
        )


def _in_state(mixing: SolarMixing, electrons: float, state: int, energy_mev: Array) -> Array:
    """Of the neutrinos born at an electron density, those that arrive in a mass state."""
    found: Array = mixing.mass_states(energy_mev, electrons)[state]
    return found


def _present(shares: dict[str, Share]) -> dict[str, Share]:
    """Those that are not zero, as a state is to which an angle of zero gives nothing."""
    energies = np.geomspace(0.01, 20.0, 64)
    return {name: share for name, share in shares.items() if share(energies).max() > 0.0}


MODEL = Sun
