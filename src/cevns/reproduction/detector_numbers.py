"""COHERENT's detectors as published, and the CEvNS recoils they should see in a year."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from cevns.detectors.quenching.lindhard import Lindhard
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.declaration.document import parse
from cevns.nuclear import form_factor
from cevns.nuclear.materials import Material, material
from cevns.processes import StandardModel
from cevns.rates import flux_averaged_slope
from cevns.rates.fold import panel_nodes, recoil_panels
from cevns.registry import canonical
from cevns.sources import SNS
from cevns.sources.stopped_pion import StoppedPion

__all__ = ["FILE", "GERMANIUM", "Detector", "TalkRow", "detector", "detectors", "year", "years"]

FILE = Path(__file__).parent / "detectors.yaml"
GERMANIUM = Lindhard(z=32, a=72.63)
"""Turns a threshold in keVee into keVnr: Lindhard's theory, k = 0.157."""


class TalkRow(BaseModel):
    """A row of the status table of the talk of 2021, as written there.

    Attributes:
        mass: kg.
        distance: from the source, m.
        threshold: recoil energy, keV.
        start: of the data.
        future: in words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mass: str = ""
    distance: str = ""
    threshold: str = ""
    start: str = ""
    future: str = ""


class Detector(BaseModel):
    """A detector as published.

    Attributes:
        id: name.
        title: as tables show it.
        target: material.
        technology: in words.
        mass_kg: fiducial mass, kg.
        distance_m: from the source, m.
        threshold_kevnr: recoil energy above which every recoil counts, keVnr.
        threshold_kevee: the same in electron-equivalent energy; of germanium only.
        recoils: nuclides whose recoils count; all of the target by default.
        status: in words.
        experiment: file of the catalogue.
        talk_2021: its row in the status table of the talk of 2021, empty where it has none.
        published: CEvNS per year as published.
        published_text: as written, where it is no plain number.
        published_source: where.
        conflicts: numbers in circulation that exclude each other.
        note: more.
        variants: changed fields, by name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    target: str
    technology: str
    mass_kg: float = Field(gt=0)
    distance_m: float = Field(gt=0)
    threshold_kevnr: float | None = Field(default=None, ge=0)
    threshold_kevee: float | None = Field(default=None, gt=0)
    recoils: tuple[str, ...] = ()
    status: str
    experiment: str
    talk_2021: TalkRow = TalkRow()
    published: float | None = None
    published_text: str = ""
    published_source: str = ""
    conflicts: str = ""
    note: str = ""
    variants: Mapping[str, Mapping[str, float]] = {}

    @model_validator(mode="after")
    def _threshold(self) -> Detector:
        if self.threshold_kevnr is not None and self.threshold_kevee is not None:
            raise InputError(
                f"detector {self.id!r}: give the threshold in keVnr or keVee, not both"
            )
        if self.threshold_kevee is not None and self.target != "Ge":
            raise InputError(f"detector {self.id!r}: a threshold in keVee is for germanium only")
        return self

    @property
    def recoil_threshold_kev(self) -> float | None:
        """The threshold in keVnr; None of a detector that sees no recoils."""
        if self.threshold_kevee is None:
            return self.threshold_kevnr
        from scipy.optimize import brentq

        goal = self.threshold_kevee
        return float(
            brentq(lambda t: float(GERMANIUM.electron_energy_kevee(t)) - goal, 1e-3, 1e3 * goal)
        )

    def variant(self, name: str) -> Detector:
        """The detector with the other numbers of `name`.

        Raises:
            UnknownNameError: if there is no such variant.
        """
        if name not in self.variants:
            raise UnknownNameError(f"variant of {self.id}", name, self.variants)
        return Detector.model_validate({**self.model_dump(), **self.variants[name], "variants": {}})

    def per_year(self) -> float | None:
        """CEvNS recoils above the threshold in a year, with full efficiency; None without one.

        ``fluence sum_A N_A int_threshold <d(sigma_A)/dT> dT`` in the Standard Model, by
        Gauss-Legendre quadrature between the kinks of the spectrum.
        """
        threshold = self.recoil_threshold_kev
        if threshold is None:
            return None
        source = year(self.distance_m)
        target = material(self.target)
        model, process = form_factor("klein-nystrand"), StandardModel()
        fluence = np.array([source.fluence_cm2(f) for f in source.flavours])
        nuclei = target.nuclei_per_kg()
        total = 0.0
        for nuclide in target.nuclides:
            if self.recoils and nuclide.name not in self.recoils:
                continue
            edges = recoil_panels(source, Material(nuclide.name, ((nuclide, 1.0),)))
            edges = np.unique(np.maximum(edges, threshold))
            if edges.size < 2:
                continue
            nodes, weights = panel_nodes(edges)
            slope = flux_averaged_slope(source, process, model, nuclide, nodes)
            total += nuclei[nuclide.name] * self.mass_kg * float(fluence @ slope @ weights)
        return total


@cache
def _facility() -> str:
    return str(parse(FILE).values["facility"])


def year(distance_m: float) -> StoppedPion:
    """The neutrinos of a year at a distance: 5000 hours of 1.4 MW of 1 GeV protons.

    Examples:
        >>> f"{year(20.0).exposure_gwh:.3g} GWh"
        '7 GWh'
    """
    return StoppedPion(distance_m=distance_m, facility=_facility())


def years(source: SNS | StoppedPion) -> float:
    """For how many of these years a source stands, by its fluence at its own distance.

    The spectra of stopped pions do not depend on power and yield, so that counts are in this ratio.

    Examples:
        >>> round(years(year(27.5)), 6)
        1.0
    """
    return source.fluence_cm2("nu_e") / year(source.distance_m).fluence_cm2("nu_e")


@cache
def detectors() -> tuple[Detector, ...]:
    """All detectors, in the order of the file.

    Examples:
        >>> [d.id for d in detectors()][:2]
        ['coh-csi-1', 'coh-lar-10']
    """
    return tuple(Detector.model_validate(d) for d in parse(FILE).values["detectors"])


def detector(name: str) -> Detector:
    """The detector of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> round(detector("coh-ge-1").recoil_threshold_kev, 2)
        1.6
    """
    known = {d.id: d for d in detectors()}
    if canonical(name) not in known:
        raise UnknownNameError("detector", name, known)
    return known[canonical(name)]
