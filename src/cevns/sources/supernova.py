"""The neutrinos of a supernova burst, by species, energy and time."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final

import numpy as np

from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear.checks import within
from cevns.particles import FLAVOURS
from cevns.registry import canonical
from cevns.sources.arrivals.burst import Burst
from cevns.sources.beams.source import Source
from cevns.sources.burst_models import burst_table
from cevns.sources.burst_models.pinched_spectrum import BurstPart, PinchedSum
from cevns.sources.burst_models.snewpy_files import Value, read_snewpy, snewpy_model
from cevns.typing import Array, ArrayLike
from cevns.units import Unit, quantity

__all__ = ["MODEL", "Supernova", "supernova_models"]

CITE = "none: its model of a burst names its source"

PINCHED: Final = "pinched"
_USUAL: Final = {
    "energy in erg": dict.fromkeys(("nu_e", "nubar_e", "nu_x"), 5e52),
    "mean energy in MeV": {"nu_e": 12.0, "nubar_e": 15.0, "nu_x": 15.6},
    "pinch": dict.fromkeys(("nu_e", "nubar_e", "nu_x"), 2.5),
}
_RANGES: Final = {
    "energy in erg": (1e40, 1e56, "energies are of one species in the whole burst"),
    "mean energy in MeV": (0.1, 100.0, "find its unit"),
    "pinch": (0.0, 50.0, "a thermal spectrum has about 2.3"),
}
_DECAYS: Final = 40.0
"""Decay times after which nothing is left."""

Erg = Annotated[float, Unit("erg")]
Mev = Annotated[float, Unit("MeV")]


def supernova_models() -> tuple[str, ...]:
    """Names of the models that need no file.

    Examples:
        >>> supernova_models()
        ('ls220-11.2', 'ls220-27', 'pinched')
    """
    return (*burst_table.carried_models(), PINCHED)


@dataclass(frozen=True, kw_only=True)
class Supernova(Source):
    r"""One isotropic burst at a distance, without flavour conversion on the way to the detector.

    .. math:: \frac{dF_s}{dE} = \frac{1}{4\pi D^2} \sum_i \frac{E_{s,i}}{\langle E\rangle_{s,i}}
       f(E; \langle E\rangle_{s,i}, \alpha_{s,i})

    with the sum over time bins i of a model and the pinched spectra f of astro-ph/0208035. The
    fluence is that of the whole burst and does not depend on a live time. Coherent scattering in
    the Standard Model does not depend on the flavour at tree level, so flavour conversion does not
    change the rates.

    Models: ``pinched`` is one pinched spectrum for each species, by default 5e52 erg in each of six
    species with mean energies of 12 (nu_e), 15 (nubar_e) and 15.6 MeV (the others) and a pinch of
    2.5, which are usual values, given from memory. ``ls220-27`` and ``ls220-11.2`` are simulations
    of stars of 27 and 11.2 solar masses with the equation of state LS220, those of R. F. Lang et
    al., arXiv:1606.09243, in time bins. With `file` it is a table of the user with the same columns
    (`cevns.sources.burst_models.burst_table`), or with `loader` a file that snewpy reads. With
    `loader` alone it is a model of snewpy with `choices` of its parameters, whose data snewpy
    downloads.

    Args:
        distance_kpc: distance of the star, kpc.
        model: one of the names above, or the name of a model in a file with several models.
        file: a table of a burst or, with `loader`, a model file of snewpy.
        loader: class of snewpy that reads the file, or model of snewpy, ``Nakazato_2013``.
        choices: parameters of a model of snewpy, with its names: words, numbers in its units, or
            quantities as text (``100 ms``).
        energies_erg: for ``pinched``, the energy of a species by its name, or ``nu_x`` for each of
            the four that are neither nu_e nor nubar_e; the default values are given above.
        mean_energies_mev: for ``pinched``, mean energies in the same form, MeV.
        pinches: for ``pinched``, pinching parameters alpha in the same form.
        decay_s: for ``pinched``, the time constant of an exponential in time, s; without it the
            model has no time dependence.

    Raises:
        InputError: if a number is out of range, an argument does not belong to the model, or snewpy
            is needed and not installed.
        UnknownNameError: if there is no such model or species.
        DataError: if a file cannot be used.

    Examples:
        >>> burst = Supernova(distance_kpc=10.0)
        >>> f"{sum(burst.fluence_cm2(f) for f in burst.flavours):.4g} /cm2"
        '1.06e+12 /cm2'
        >>> start = Supernova(distance_kpc=10.0, model="ls220-27").during(-1.0, 1.0)
        >>> f"{start.fluence_cm2('nubar_e'):.3g} /cm2"
        '9.81e+10 /cm2'
    """

    distance_kpc: Annotated[float, Unit("kpc")]
    model: str | None = None
    file: Path | None = None
    loader: str | None = None
    choices: Mapping[str, Value] = field(default_factory=dict)
    energies_erg: Mapping[str, Erg] = field(default_factory=dict)
    mean_energies_mev: Mapping[str, Mev] = field(default_factory=dict)
    pinches: Mapping[str, float] = field(default_factory=dict)
    decay_s: Annotated[float, Unit("s")] | None = None

    def __post_init__(self) -> None:
        within("distance of the supernova in kpc", self.distance_kpc, 1e-6, 1e6, "find its unit")
        if self.loader is None and self.choices:
            raise InputError(
                f"{', '.join(self.choices)}: choices are those of a model of snewpy; name it "
                "as 'loader'"
            )
        if self.file is not None and self.choices:
            raise InputError("a model is given either by its file or by choices: give only one")
        if self.loader is not None and self.model is not None:
            raise InputError(
                f"the loader {self.loader} and the model {self.model!r} are two different "
                "models; give one of them"
            )
        own = (self.energies_erg, self.mean_energies_mev, self.pinches)
        if self._bins is not None and (any(own) or self.decay_s is not None):
            raise InputError(
                "energies, mean energies, pinches and a decay time are those of the model "
                f"'{PINCHED}'; this model has its own"
            )
        if self.decay_s is not None:
            within("decay time of the burst in s", self.decay_s, 1e-4, 1e4, "find its unit")
        _ = self._whole  # what is wrong is said now

    @cached_property
    def _bins(self) -> Mapping[str, burst_table.TimeBins] | None:
        """The model in time bins; None for one spectrum."""
        name = canonical(self.model or PINCHED)
        if self.loader is not None:
            if self.file is None:
                return snewpy_model(self.loader, self.choices)
            return read_snewpy(Path(self.file), self.loader)
        if self.file is not None:
            return burst_table.read_table(Path(self.file), self.model)
        if name == PINCHED:
            return None
        if name not in supernova_models():
            raise UnknownNameError("supernova model", self.model or "", supernova_models())
        return burst_table.carried(name)

    @cached_property
    def _whole(self) -> BurstPart:
        """All of the burst."""
        return self._pinched() if self._bins is None else self._part(self._bins, {})

    @property
    def cites(self) -> Mapping[str, tuple[str, ...]]:
        """Sources of the model and of its spectra; of a file of one's own those of the spectra."""
        model = {}
        if self.loader is not None:
            model = {"supernova model": ("snewpy",)}
        elif self.file is None and self.model in burst_table.carried_models():
            model = {"supernova model": burst_table.CITE}
        return {**model, "supernova spectra": ("arXiv:astro-ph/0208035",)}

    @property
    def name(self) -> str:
        """Of the model."""
        if self.file is not None:
            return " ".join(n for n in (self.loader, Path(self.file).name, self.model) if n)
        if self.loader is not None:
            said = ", ".join(f"{n} {v}" for n, v in self.choices.items())
            return f"{self.loader} ({said})" if said else self.loader
        return canonical(self.model or PINCHED)

    @property
    def _per_area(self) -> float:
        """1/(4 pi D^2), 1/cm2."""
        return 1.0 / (4.0 * math.pi * quantity(f"{self.distance_kpc!r} kpc", "cm") ** 2)

    def _pinched(self) -> BurstPart:
        """One spectrum a species."""
        given = (self.energies_erg, self.mean_energies_mev, self.pinches)
        values = [_of_species(what, own) for what, own in zip(_USUAL, given, strict=True)]
        erg = quantity("1 erg", "MeV")
        made: dict[tuple[float, ...], PinchedSum] = {}
        out = {}
        for f in FLAVOURS:
            energy, mean, pinch = key = tuple(float(v[f]) for v in values)
            if key not in made:
                number = np.array([self._per_area * energy * erg / mean])
                made[key] = PinchedSum(number, np.array([mean]), np.array([pinch]))
            out[f] = made[key]
        return BurstPart(out)

    def _part(
        self, bins: Mapping[str, burst_table.TimeBins], shares: Mapping[str, Array]
    ) -> BurstPart:
        """A sum over time bins, each with a share of its neutrinos; one where none is given."""
        number = self._per_area * quantity("1 erg", "MeV")
        made: dict[int, PinchedSum] = {}
        out = {}
        for flavour, table in bins.items():
            # flavours that share a table share its spectra, and what is computed of them
            if id(table) not in made:
                share = shares.get(flavour, np.ones(table.mean_mev.size))
                some = share > 0.0
                some[0] = some[0] or not some.any()
                fluence = number * share * table.energy_erg / table.mean_mev
                made[id(table)] = PinchedSum(fluence[some], table.mean_mev[some], table.pinch[some])
            out[flavour] = made[id(table)]
        return BurstPart(out)

    @property
    def burst_s(self) -> tuple[float, float] | None:
        """Begin and end of the burst, s after the bounce; None without a time dependence."""
        if self._bins is not None:
            tables = self._bins.values()
            return min(float(t.begin_s[0]) for t in tables), max(float(t.end_s[-1]) for t in tables)
        return None if self.decay_s is None else (0.0, _DECAYS * self.decay_s)

    @property
    def time_edges_s(self) -> tuple[float, ...]:
        """Borders in time between which the model changes nothing but the rate, s."""
        if self._bins is not None:
            tables = self._bins.values()
            every = np.concatenate([np.append(t.begin_s, t.end_s[-1]) for t in tables])
            return tuple(np.unique(every).tolist())
        return () if self.burst_s is None else self.burst_s

    def during(self, begin_s: float, end_s: float) -> BurstPart:
        """The burst between two times; the rate is constant within a time bin of a table.

        Args:
            begin_s: s after the bounce.
            end_s: s after the bounce.

        Raises:
            InputError: if the model has no time dependence, or the end is not after the begin.
        """
        if self.burst_s is None:
            raise InputError(
                "the model 'pinched' has no time structure; give it a decay time, "
                "for example 3 s, or choose a model with a time profile"
            )
        if not begin_s < end_s:
            raise InputError(
                f"a part of a burst ends after it begins, not {begin_s:g} to {end_s:g} s"
            )
        if self._bins is not None:
            shares = {
                f: np.clip(np.minimum(end_s, t.end_s) - np.maximum(begin_s, t.begin_s), 0.0, None)
                / (t.end_s - t.begin_s)
                for f, t in self._bins.items()
            }
            return self._part(self._bins, shares)
        assert self.decay_s is not None
        times = np.array([begin_s, end_s], dtype=float)
        share = float(np.diff(Burst(self.decay_s).cumulative(times, {}, self.burst_s)[0])[0])
        species = self._whole.species
        made = {
            id(s): PinchedSum(share * s.fluence_cm2, s.mean_mev, s.pinch) for s in species.values()
        }
        return BurstPart({f: made[id(s)] for f, s in species.items()})

    @property
    def flavours(self) -> tuple[str, ...]:
        """All six."""
        return FLAVOURS

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Borders of the panels of a quadrature, MeV: the spectra have neither lines nor steps."""
        return self._whole.recoil_kinks

    def spectrum(self, flavour: str, energy_mev: ArrayLike) -> Array:
        """Density per neutrino, 1/MeV."""
        return self._whole.spectrum(flavour, energy_mev)

    def breaks(self, flavour: str) -> tuple[float, ...]:
        """Borders of the panels of a quadrature, MeV."""
        return self._whole.breaks(flavour)

    def end_point_mev(self, flavour: str) -> float:
        """Energy, MeV, above which there are less than 1e-13 of the neutrinos."""
        return self._whole.end_point_mev(flavour)

    def moments(self, flavour: str, e_min_mev: ArrayLike) -> Array:
        """Flux moments above `e_min_mev`, shape ``(3, ...)``, MeV^-k, in closed form."""
        return self._whole.moments(flavour, e_min_mev)

    def fluence_cm2(self, flavour: str) -> float:
        """Neutrinos of a flavour per cm2 in the burst."""
        return self._whole.fluence_cm2(flavour)

    def mean_energy_mev(self, flavour: str) -> float:
        """Mean energy of a flavour in the burst, MeV."""
        return self._whole.mean_energy_mev(flavour)

    def energy_erg(self, flavour: str) -> float:
        """Energy emitted in a flavour, erg."""
        per_cm2 = self.fluence_cm2(flavour) * self.mean_energy_mev(flavour)
        return per_cm2 / self._per_area / quantity("1 erg", "MeV")


def _of_species(what: str, given: Mapping[str, float]) -> dict[str, float]:
    """A value for each of the six species, from values by name and for ``nu_x``."""
    for name in given:
        if name not in (*FLAVOURS, "nu_x"):
            raise UnknownNameError("species of a supernova", name, (*FLAVOURS, "nu_x"))
        low, high, meant = _RANGES[what]
        if not low <= given[name] <= high:
            raise InputError(
                f"{what} of {name} is {given[name]:g}, not between {low:g} and {high:g}; {meant}"
            )
    merged = {**_USUAL[what], **given}
    return {f: float(merged.get(f, merged["nu_x"])) for f in FLAVOURS}


MODEL = Supernova
