"""The record of recoil directions with all that was asked beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from cevns import records
from cevns.analysis.directions.directional_limit import DirectionalCase, directional_limits
from cevns.analysis.directions.measured_directions import MeasuredDirections
from cevns.analysis.directions.sky_maps import YEAR_OF_DAYS, Frame, SkyMap, recoil_map, sun_axes
from cevns.analysis.directions.wimp_wind import wind_rows
from cevns.analysis.fog.floors import FloorCurve
from cevns.citations import of_model
from cevns.experiments.citing import of_scattering
from cevns.processes import interaction
from cevns.records import Result
from cevns.sources.sky.sky_positions import date_of
from cevns.sources.sun import Sun
from cevns.typing import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["DirectionsRecord", "Limits"]


@dataclass(frozen=True, eq=False)
class Limits:
    """Discovery limits of an exposure with directions and with energies alone.

    Args:
        case: target and detector.
        exposure_tonne_year: of both.
        mass_gev: of the WIMPs, ``(p,)``.
    """

    case: DirectionalCase
    exposure_tonne_year: float
    mass_gev: Array

    @cached_property
    def curves(self) -> tuple[FloorCurve, FloorCurve]:
        """With directions, and without."""
        return directional_limits(self.case, self.mass_gev, self.exposure_tonne_year)

    def rows(self) -> list[dict[str, float]]:
        """A row for each mass."""
        with_, without = self.curves
        return [
            {
                "mass_gev": float(m),
                "exposure_tonne_year": self.exposure_tonne_year,
                "with_directions_cm2": float(a),
                "energies_alone_cm2": float(b),
                "ratio": float(a / b),
            }
            for m, a, b in zip(
                self.mass_gev, with_.cross_section_cm2, without.cross_section_cm2, strict=True
            )
        ]

    def wind_moments(self, mass_gev: float) -> Array:
        """Legendre moments about the wind of measured recoils of WIMPs, ``(order + 1,)``."""
        case = self.case.case
        energy, into = case.window.nodes()
        response = self.case.response
        order = response.order(energy)
        rows = wind_rows(case.dark, case.material, [mass_gev], energy, order, case.form, case.spin)[
            :, 0
        ]
        result: Array = ((rows * response.factors(energy, order)) @ into).sum(axis=1)
        return result


@dataclass(frozen=True, eq=False)
class DirectionsRecord(Result):
    """Directions of recoils of one source, and what they add to a search.

    Args:
        found: the directions above thresholds.
        source: what it is called.
        exposure: in words, what the counts are for.
        scale: counts of that exposure for one of the source's.
        physics: couplings and form factor, for records.
        limits: discovery limits, if asked for.
        days: of the maps, since J2000.
        frame: of the maps.
    """

    found: MeasuredDirections
    source: str
    exposure: str
    scale: float = 1.0
    physics: dict[str, Any] = field(default_factory=dict)
    limits: Limits | None = None
    days: tuple[float, ...] = YEAR_OF_DAYS
    frame: Frame = "galactic"

    @property
    def solar(self) -> bool:
        """Whether the source is the Sun, so that there is a map."""
        return isinstance(self.found.angles.source, Sun)

    @property
    def when(self) -> str:
        """Of which time the maps are."""
        return "mean of a year" if len(self.days) > 1 else f"{date_of(self.days[0])} UTC"

    def sun_map(self) -> SkyMap:
        """Measured recoils of the Sun's neutrinos on the sky, above the first threshold."""
        return recoil_map(self.found.above[0].moments, sun_axes(self.days), self.frame)

    def to_dict(self) -> dict[str, Any]:
        """For a JSON file."""
        found = self.found
        cite = of_model(found.angles.source, "source")
        if self.physics:
            process = interaction("standard-model", couplings=self.physics["couplings"])
            cite += of_scattering(process, self.physics["form_factor"])
        if self.limits is not None:
            cite += self.limits.case.case.citations
        out: dict[str, Any] = {
            "citations": cite.records(),
            "target": found.angles.material.name,
            "source": self.source,
            "physics": self.physics,
            "exposure": self.exposure,
            "detector": {
                "resolution": found.response.said,
                "head_tail": found.response.head_tail,
            },
            "cos_edges": found.edges.tolist(),
            "directions": [each.to_dict(self.scale) for each in found.above],
        }
        if self.solar:
            out["map_time"] = self.when
        if self.limits is not None:
            out["discovery_limits"] = {
                "conventions": {**self.limits.case.case.conventions(), **self.limits.case.said()},
                "rows": self.limits.rows(),
            }
        return out

    def plot_map(self) -> Figure:
        """Recoil directions on the sky.

        Raises:
            InputError: if the source is not the Sun.
            MissingExtraError: if matplotlib or mplhep is not installed.
        """
        return records.figure("map of DirectionsRecord", self)

    def plane(self) -> tuple[Array, Array]:
        """Edges of recoil energies, keV, and measured counts in cells of the first threshold."""
        first = self.found.above[0]
        low = max(first.angles.threshold_kev, 1e-3 * first.angles.largest_kev)
        edges = np.geomspace(low, first.angles.largest_kev, 41)
        return edges, self.scale * first.measured_plane(edges)
