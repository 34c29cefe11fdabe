"""The neutrinos of the sky that a search for dark matter cannot shield: fluxes and their errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from cevns.citations import Citations, of_model
from cevns.exceptions import UnknownNameError
from cevns.sources.atmospheric import Atmospheric
from cevns.sources.dsnb import Dsnb
from cevns.sources.geo_neutrinos import GeoNeutrinos
from cevns.sources.reactor_background import ReactorBackground
from cevns.sources.sky.solar_fluxes import flux_sets, named_fluxes
from cevns.sources.sky.steady_mixture import Mixture, Part, Share
from cevns.sources.sun import Sun
from cevns.typing import Array

__all__ = ["ATMOSPHERIC_TO_MEV", "BILLARD_ERRORS", "YEAR_D", "OnePart", "SkyNeutrinos"]

YEAR_D: Final = 365.25
ATMOSPHERIC_TO_MEV: Final = 10_000.0
"""Where the atmospheric spectrum ends, as for published floors. What is above 1 GeV makes 4 % of
the recoils of xenon and a floor at 50 GeV that is 4 % higher; there the elastic cross section is
a convention more than a prediction."""
BILLARD_ERRORS: Final = {
    "pp": 0.01, "pep": 0.017, "hep": 0.155, "be7": 0.105, "b8": 0.16, "n13": 0.14, "o15": 0.15,
    "f17": 0.17, "dsnb": 0.5, "atmospheric": 0.2,
}  # fmt: skip
"""Relative errors of the fluxes in arXiv:1307.5458, from memory [M]."""


@dataclass(frozen=True)
class OnePart(Mixture):
    """One part of a sum, as a source of its own for a year.

    Args:
        part: neutrinos of one origin.
        kinks_mev: energies between which the recoil spectrum is smooth.
    """

    part: Part
    kinks_mev: tuple[float, ...] = ()
    live_time_d: float = YEAR_D

    @property
    def parts(self) -> tuple[Part, ...]:
        """The part."""
        return (self.part,)

    @property
    def changes(self) -> Mapping[str, Mapping[str, float]]:
        """None: its size is not its own."""
        return {}

    @property
    def recoil_kinks(self) -> tuple[float, ...]:
        """Energies, MeV."""
        return self.kinks_mev


@dataclass(frozen=True)
class SkyNeutrinos:
    """All parts of the neutrino background with the pulls of their fluxes.

    Solar neutrinos of a set of fluxes; geo-neutrinos, reactors and atmospheric neutrinos (to 10
    GeV) at Gran Sasso; the diffuse background of supernovae.

    Args:
        fluxes: set of solar fluxes, or a table of the user (`cevns.sources.sky.solar_fluxes`), and
            behind a colon which of its sets.
        errors: relative errors by part in place of those of the sources.
        without: parts that are left out.

    Raises:
        UnknownNameError: if a set of fluxes or a part is unknown.
        DataError: if the table of the user is broken.

    Examples:
        >>> sky = SkyNeutrinos()
        >>> len(sky.parts), round(float(sky.changes[sky.names.index("b8"), 4]), 3)
        (14, 0.02)
    """

    fluxes: str = "fog"
    errors: Mapping[str, float] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    _sources: tuple[Mixture, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        name, file = named_fluxes(self.fluxes)
        known = flux_sets()
        if file is not None:
            sun = Sun(YEAR_D, fluxes=name, fluxes_file=file)
        elif self.fluxes.casefold().replace("_", "-") not in known:
            raise UnknownNameError("set of solar fluxes", self.fluxes, (*known, "FILE.csv:SET"))
        else:
            sun = Sun(YEAR_D, fluxes=self.fluxes)
        sources = (
            sun,
            GeoNeutrinos(YEAR_D),
            ReactorBackground(YEAR_D),
            Dsnb(YEAR_D),
            Atmospheric(YEAR_D, spectra="all-flavours", maximum_mev=ATMOSPHERIC_TO_MEV),
        )
        object.__setattr__(self, "_sources", sources)
        for name in (*self.errors, *self.without):
            if name not in self._all:
                raise UnknownNameError("part of the neutrino background", name, self._all)

    @property
    def citations(self) -> Citations:
        """Whom the fluxes and spectra cite."""
        return Citations.joined(of_model(source, "neutrinos") for source in self._sources)

    @cached_property
    def _all(self) -> dict[str, OnePart]:
        """Parts by name; those of one pull in all species are one."""
        out: dict[str, OnePart] = {}
        for source in self._sources:
            kinks = source.recoil_kinks
            if isinstance(source, Atmospheric):
                out["atmospheric"] = OnePart(_together(source), kinks)
                continue
            for part in source.parts:
                name = _prefix(source) + part.name
                own = tuple(e for e, _ in part.lines) or tuple(
                    e for e in kinks if e <= part.end_mev
                )
                out[name] = OnePart(replace(part, name=name), own)
        return out

    @property
    def parts(self) -> dict[str, OnePart]:
        """Sources of a year by name."""
        return {name: part for name, part in self._all.items() if name not in self.without}

    @property
    def names(self) -> tuple[str, ...]:
        """Of the parts."""
        return tuple(self.parts)

    @cached_property
    def changes(self) -> Array:
        """Relative change of each part for one standard deviation of each pull, ``(j, k)``.

        An error that is given takes the place of all that a part had, with its correlations.
        """
        rows: list[dict[str, float]] = [{name: size} for name, size in self.errors.items()]
        for source in self._sources:
            for change in source.changes.values():
                if isinstance(source, Atmospheric):
                    moved = {"atmospheric": source.relative_error}
                else:
                    prefix = _prefix(source)
                    moved = {prefix + name: size for name, size in change.items()}
                rows.append({n: s for n, s in moved.items() if n not in self.errors})
        matrix = np.array([[r.get(name, 0.0) for name in self.names] for r in rows])
        kept: Array = matrix[(matrix != 0.0).any(axis=1)]
        return kept

    def said(self) -> dict[str, Any]:
        """Fluxes, /cm2/s, and relative errors, for records."""
        errors = np.sqrt((self.changes**2).sum(axis=0))
        return {
            name: {"flux_cm2_s": source.part.flux_cm2_s, "relative_error": float(error)}
            for (name, source), error in zip(self.parts.items(), errors, strict=True)
        }


def _prefix(source: Mixture) -> str:
    return "geo-" if isinstance(source, GeoNeutrinos) else ""


def _together(source: Atmospheric) -> Part:
    """All flavours of one spectrum as one part."""
    whole = source.parts
    total = sum(p.flux_cm2_s for p in whole)
    shares = {flavour: _constant(p.flux_cm2_s / total) for p in whole for flavour in p.shares}
    return Part("atmospheric", total, whole[0].curve, (), shares)


def _constant(value: float) -> Share:
    def share(energy_mev: Array) -> Array:
        return np.full(np.shape(energy_mev), value)

    return share
