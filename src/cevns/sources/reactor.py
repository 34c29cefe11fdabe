"""Antineutrinos of a nuclear reactor, from its thermal power."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np

from cevns import registry
from cevns.constants import DAY_S
from cevns.exceptions import CevnsWarning, InputError, UnknownNameError
from cevns.nuclear.checks import positive, within
from cevns.parameters import Parameters
from cevns.sources.beams.source import Source
from cevns.sources.fission import core
from cevns.sources.fission.cycle import Cycle, ends
from cevns.sources.fission.measured_errors import MeasuredErrors
from cevns.sources.fission.moment_sums import MomentSums
from cevns.sources.fission.off_equilibrium import added
from cevns.sources.fission.spectrum_errors import PULLS, change, is_converted
from cevns.sources.fission.tabulation import (
    ISOTOPES,
    Spectra,
    Tabulation,
    capture,
    from_file,
    tabulated,
)
from cevns.typing import Array, ArrayLike
from cevns.units import Unit

__all__ = ["MODEL", "Reactor"]

CITE = "none: its spectra and energies name their sources"

_SPECIES = "nubar_e"
_SPECTRA = "cevns.sources.reactor_spectra"
_DEFAULT = "hm-bestiole"
_EARLY_MEV = 8.0
_CAPTURES = 0.6
"""Captures on U-238 per fission of a power reactor with low enrichment."""
_ENRICHED = 0.9
"""Of U-235 among fissions; power reactors have less."""

Metres = Annotated[float, Unit("m")]
Gigawatts = Annotated[float, Unit("GW")]


@dataclass(frozen=True)
class Reactor(Source):
    r"""Electron antineutrinos of the fissions in one or several cores, and of captures on U-238.

    .. math:: \phi(E) = \sum_\mathrm{cores} \frac{R_f}{4 \pi L^2}
       \Big[ \sum_i f_i S_i(E) + n_c (s_{239U} + s_{239Np}) \Big], \quad
       R_f = \frac{P_\mathrm{th}}{\sum_i f_i E_i}

    The power is the *thermal* one, about three times the electrical power. A number does not show
    which one is meant, so results also print the flux, fissions per second and antineutrinos per
    fission. Quoted fluxes for the same power and distance differ by 20 %: there are 7.3
    antineutrinos per fission with the captures, 6.1 without them, and 1.85 above the threshold of
    inverse beta decay.

    Args:
        power_gw: thermal power at full load, GW; one for each core.
        distance_m: distance from the centre of the core, m; one for each core.
        live_time_d: days of data with the reactor on; in a file by default the file's `live_time`.
        fractions: fractions of the fissions by isotope; by default those of a pressurised-water
            reactor. ``begin`` and ``end`` give those at the begin and end of the data, with
            linear interpolation in burn-up.
        spectra: name of the antineutrino spectra (``cevns list reactor-spectra``).
        spectra_file: a table of the user instead, with the column ``energy_mev`` and one for each
            isotope that fissions, or ``total``, in antineutrinos per fission and MeV.
        captures_per_fission: neutron captures on U-238, each of which gives two antineutrinos below
            1.27 MeV; by default 0.6, and none if U-238 does not fission (highly enriched fuel) or
            if the spectra include them. It must be given with a ``total`` of the user.
        energies: set of energies per fission, ``ma-2013``, ``kopeikin-2004`` or ``james-1969``.
        irradiation_d: days that the fuel was in the core, from 100 to 450, for the small correction
            of spectra that were measured after one day; by default there is no correction.
        duty: mean power over the live time, relative to full load; that of the history, if given.
        history_file: a table of power, and of fractions if they change, over the days of the data:
            ``begin_d``, ``end_d``, ``relative_power`` or ``power_gw``, and isotopes. The live time
            may be shorter; it is distributed uniformly over the history.
        covariance_file: the published table of Daya Bay's spectra with their covariance, for errors
            of ``hm-dayabay`` as nuisance parameters ``dayabay.shape.1`` and so on.
        core_radius_m: radius of a cylindrical core, for the mean of 1/r^2; by default the core is
            a point.
        core_height_m: height of a cylindrical core.
        below_core_m: vertical distance of the detector below (or above) the centre of the core.

    Raises:
        InputError: if a number is out of range, fractions do not add to one, or captures are
            counted twice.
        UnknownNameError: if there are no such spectra, energies or isotopes.
        DataError: if a table of spectra or a history is invalid or has a gap.

    Examples:
        >>> site = Reactor(power_gw=3.6, distance_m=20.7, live_time_d=119.0)
        >>> f"{site.flux_cm2_s('nubar_e'):.3g} /cm2/s", round(site.antineutrinos_per_fission, 2)
        ('1.47e+13 /cm2/s', 7.26)
    """

    power_gw: Gigawatts | tuple[Gigawatts, ...]
    distance_m: Metres | tuple[Metres, ...]
    live_time_d: Annotated[float, Unit("d")]
    fractions: Mapping[str, float] | Mapping[str, Mapping[str, float]] = field(
        default_factory=lambda: dict(core.PWR)
    )
    spectra: str = _DEFAULT
    spectra_file: Path | None = None
    captures_per_fission: float | None = None
    energies: str = "ma-2013"
    irradiation_d: Annotated[float, Unit("d")] | None = None
    duty: float = 1.0
    history_file: Path | None = None
    covariance_file: Path | None = None
    core_radius_m: Metres = 0.0
    core_height_m: Metres = 0.0
    below_core_m: Metres = 0.0
    _cycle: Cycle = field(init=False, repr=False, compare=False)
    _fractions: tuple[float, ...] = field(init=False, repr=False, compare=False)
    _model: Tabulation = field(init=False, repr=False, compare=False)
    _captures: float = field(init=False, repr=False, compare=False)
    _table: Spectra = field(init=False, repr=False, compare=False)
    _measured: MeasuredErrors | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, value in (("power_gw", self.power_gw), ("distance_m", self.distance_m)):
            if np.ndim(value):  # a list or an array might change behind us, and equals no other
                object.__setattr__(self, name, tuple(np.ravel(value).astype(float).tolist()))
        if len(self._cores) == 0 or np.size(self.power_gw) != np.size(self.distance_m):
            raise InputError(
                f"{np.size(self.power_gw)} powers and {np.size(self.distance_m)} "
                "distances are given: each core needs one of each"
            )
        for power, distance in self._cores:
            within("thermal power in GW", power, 1e-9, 20.0, "find its unit")
            within("distance from the core in m", distance, 0.5, 1e6, "find its unit")
        positive("live time in d", self.live_time_d)
        if not 0.0 < self.duty <= 1.0:
            raise InputError(
                "the duty is a fraction of full power, above 0 and at most 1, such as "
                f"0.85, not {self.duty:g}"
            )
        for what, length in (("radius", self.core_radius_m), ("height", self.core_height_m)):
            within(f"{what} of the core in m", length or 1e-3, 1e-6, 20.0, "find its unit")
        if self.below_core_m and not self.core_radius_m + self.core_height_m > 0.0:
            raise InputError("'below_core' needs a core with 'core_radius' and 'core_height'")
        cycle = self._burnt()
        object.__setattr__(self, "_cycle", cycle)
        object.__setattr__(self, "_fractions", cycle.mean_fractions(self.energies))
        model, spectra = self._named()
        object.__setattr__(self, "_model", model)
        object.__setattr__(self, "_captures", self._captured(model))
        if self.irradiation_d is not None and model.running:
            raise InputError(
                f"the spectra {model.title!r} are those of a running core: they include the "
                "effect of long irradiation; remove 'irradiation'"
            )
        object.__setattr__(self, "_table", spectra.with_edges(capture().edges))
        object.__setattr__(self, "_measured", self._measurement(model))
        if not math.isfinite(self.fluence_cm2(_SPECIES)):
            raise InputError("the flux is not finite; check power, distance and the core")
        if self.end_point_mev(_SPECIES) < _EARLY_MEV:
            warnings.warn(
                f"the spectra {model.title!r} end at {self.end_point_mev(_SPECIES):g} MeV: "
                "detectors with a threshold are mainly sensitive to energies above",
                CevnsWarning,
                stacklevel=3,
            )

    @property
    def cites(self) -> Mapping[str, tuple[str, ...] | str]:
        """Sources of the spectra and of the energies per fission."""
        spectra: tuple[str, ...] | str = ()
        if self.spectra_file is None:
            spectra = registry.cited(_SPECTRA, "reactor spectrum", self.spectra)
        energies = core.ENERGIES_CITE[registry.canonical(self.energies)]
        return {"reactor spectra": spectra, "energies per fission": energies}

    @property
    def averaged(self) -> str:
        """``history_file``, if there is one."""
        return "history_file" if self.history_file is not None else ""

    def _burnt(self) -> Cycle:
        """Power and fractions over the days of the data, whose mean power is the duty."""
        fractions = ends(self.fractions)
        if self.history_file is None:
            return Cycle.even(self.live_time_d, self.duty, fractions)
        if len(self._cores) > 1:
            raise InputError(
                "a history describes one core; give each core its own source (components)"
            )
        cycle = Cycle.read(self.history_file, self._cores[0][0], fractions)
        if self.duty not in (1.0, cycle.mean_power):
            raise InputError("the duty follows from 'history_file'; remove 'duty'")
        if self.live_time_d > cycle.length_d * (1.0 + 1e-9):
            raise InputError(
                f"the history is {cycle.length_d:g} d long, shorter than the live time of "
                f"{self.live_time_d:g} d"
            )
        object.__setattr__(self, "duty", cycle.mean_power)
        return cycle

    def _named(self) -> tuple[Tabulation, Spectra]:
        if self.spectra_file is not None:
            if self.spectra != _DEFAULT:
                raise InputError("'spectra' and 'spectra_file' name two spectra; give one of them")
            needed = [i for i, f in zip(ISOTOPES, self._fractions, strict=True) if f > 0.0]
            found, total = from_file(self.spectra_file, needed)
            known = None if total and len(needed) > 1 else False
            return Tabulation(str(self.spectra_file), (), running=False, with_capture=known), found
        model: Tabulation = registry.load(_SPECTRA, "reactor spectrum", self.spectra).MODEL
        return model, tabulated(model)

    def _captured(self, model: Tabulation) -> float:
        given, enriched = self.captures_per_fission, self._fractions[ISOTOPES.index("u238")] == 0.0
        if enriched and model.mixed:
            raise InputError(
                f"the spectrum {model.title!r} is that of a reactor in which U-238 fissions too; "
                "choose spectra by isotope"
            )
        if given is None and model.with_capture is None:
            raise InputError(
                f"{model.title}: say with 'captures_per_fission' whether this total "
                "includes captures on U-238: 0 if it does, 0.6 at a power reactor if it "
                "does not"
            )
        if given is None:
            taken = 0.0 if enriched or model.with_capture else _CAPTURES
            if taken and self._fractions[ISOTOPES.index("u235")] > _ENRICHED:
                warnings.warn(
                    f"{taken:g} captures on U-238 a fission are those of a power reactor; with "
                    "this much U-235 there are fewer: give 'captures_per_fission'",
                    CevnsWarning,
                    stacklevel=4,
                )
            return taken
        if given and enriched:
            warnings.warn(
                f"{given:g} captures on U-238 a fission in a core of highly enriched uranium, "
                "which has hardly any U-238: remove 'captures_per_fission'",
                CevnsWarning,
                stacklevel=4,
            )
        if given and model.with_capture:
            raise InputError(
                f"the spectrum {model.title!r} already includes captures on U-238; remove "
                "'captures_per_fission'"
            )
        if not 0.0 <= given <= 2.0:
            raise InputError(f"captures per fission are {given:g}, not between 0 and 2")
        return float(given)

    def _measurement(self, model: Tabulation) -> MeasuredErrors | None:
        if self.covariance_file is None:
            return None
        if model.ratio is None:
            raise InputError(
                "'covariance_file' contains the errors of the spectra measured by Daya "
                "Bay; choose these spectra, 'spectra: hm-dayabay'"
            )
        return MeasuredErrors.read(self.covariance_file, self._fractions, self.emission)

    @property
    def _cores(self) -> list[tuple[float, float]]:
        powers, distances = np.atleast_1d(self.power_gw), np.atleast_1d(self.distance_m)
        return list(zip(powers.tolist(), distances.tolist(), strict=False))

    @property
    def flavours(self) -> tuple[str, ...]:
        """``nubar_e``."""
        return (_SPECIES,)

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Where most tables meet, and the end, MeV: with all spectra 1e-5 of the counts."""
        return (2.0, 8.0, self.end_point_mev(_SPECIES))

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """The energies of the tables."""
        return tuple(self._check(flavour)._table.edges[1:].tolist())

    def end_point_mev(self, flavour: str) -> float:
        """Where the tables end, MeV."""
        return float(self._check(flavour)._table.edges[-1])

    def _check(self, flavour: str) -> Reactor:
        if flavour != _SPECIES:
            raise UnknownNameError("flavour of a reactor", flavour, self.flavours)
        return self

    def _parts(self, energy: Array) -> tuple[Array, Array]:
        """Antineutrinos per fission and MeV: of isotopes times their fractions, and of captures."""
        shares = np.reshape(self._fractions, (-1, *[1] * energy.ndim))
        fission = shares * self._table.by_isotope(energy)
        if self.irradiation_d is not None:
            fission = fission * (1.0 + added(self.irradiation_d, energy))
        return fission, self._captures * capture().by_isotope(energy).sum(axis=0)

    def emission(self, energy_mev: ArrayLike) -> Array:
        """Antineutrinos per fission and MeV."""
        fission, captured = self._parts(np.asarray(energy_mev, dtype=float))
        out: Array = fission.sum(axis=0) + captured
        return out

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density per antineutrino, 1/MeV."""
        return self._check(flavour).emission(energy_mev) / self.antineutrinos_per_fission

    @cached_property
    def _sums(self) -> MomentSums:
        """Moments of the emission, in antineutrinos per fission."""
        return MomentSums(self.emission, self._table.edges)

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k: sums over the tables."""
        return self._check(flavour)._sums(e_min_mev) / self.antineutrinos_per_fission

    @property
    def antineutrinos_per_fission(self) -> float:
        """Antineutrinos of all energies, including those after captures."""
        return float(self._sums.above[0, 0])

    @property
    def fissions_per_s(self) -> float:
        """In all cores at full power."""
        power = math.fsum(p for p, _ in self._cores)
        return core.fissions_per_s(power, self._fractions, self.energies)

    @property
    def totals(self) -> dict[str, float]:
        """Quantities that determine the flux; power and fractions are means over the live time."""
        fractions = zip(ISOTOPES, self._fractions, strict=True)
        return {
            "fissions_per_s": self.fissions_per_s,
            "antineutrinos_per_fission": self.antineutrinos_per_fission,
            "mean_power_gw": math.fsum(p for p, _ in self._cores) * self.duty,
            **{f"fraction_{isotope}": share for isotope, share in fractions},
        }

    def flux_cm2_s(self, flavour: str) -> float:
        """Antineutrinos per cm2 and second at full power."""
        self._check(flavour)
        return math.fsum(self._fissions_per_cm2_s) * self.antineutrinos_per_fission

    @property
    def shares(self) -> tuple[float, ...]:
        """Fraction of the flux from each core."""
        each = self._fissions_per_cm2_s
        return tuple(one / math.fsum(each) for one in each)

    @property
    def _fissions_per_cm2_s(self) -> tuple[float, ...]:
        """Fissions in each core over the sphere at its distance."""
        return tuple(
            core.fissions_per_s(power, self._fractions, self.energies)
            * core.extent_factor(d, self.core_radius_m, self.core_height_m, self.below_core_m)
            / (4.0 * math.pi * (100.0 * d) ** 2)
            for power, d in self._cores
        )

    def flux_on_cm2_s(self, flavour: str, day_d: float) -> float:
        """Antineutrinos per cm2 and second on a day, with its power and fractions.

        Args:
            flavour: ``nubar_e``.
            day_d: day on the time axis of the history, or from the begin of the live time.

        Raises:
            InputError: if the day is not in the history.
        """
        power, fractions = self._cycle.on(day_d)
        that_day = replace(self, fractions=fractions, history_file=None, duty=1.0)
        return that_day.flux_cm2_s(flavour) * power

    def fluence_cm2(self, flavour: str) -> float:
        """Antineutrinos per cm2 in the live time."""
        return self.flux_cm2_s(flavour) * self.duty * self.live_time_d * DAY_S

    @cached_property
    def _pulls(self) -> Parameters:
        without = (
            set() if self._model.converted else {p.name for p in PULLS if is_converted(p.name)}
        )
        without |= set() if self._captures else {"reactor.capture"}
        measured = () if self._measured is None else self._measured.parameters
        return Parameters([*(p for p in PULLS if p.name not in without), *measured])

    @property
    def parameters(self) -> Parameters:
        """Nuisance parameters of the spectra, of which an experiment constrains those it declares.

        Those of Huber and Mueller exist if their spectra are used without scaling, and those of
        Daya Bay if the covariance is given.
        """
        return self._pulls

    def variation(self, name: str, flavour: str, energy_mev: ArrayLike) -> Array:
        """Relative change of the spectrum for one standard deviation of a nuisance parameter."""
        if not self.parameters.has(name):
            raise UnknownNameError("parameter of the reactor", name, self.parameters.names)
        energy = np.asarray(energy_mev, dtype=float)
        if self._measured is not None and self._measured.parameters.has(name):
            return self._measured.change(name, energy)
        return change(name, energy, *self._check(flavour)._parts(energy))


MODEL = Reactor
