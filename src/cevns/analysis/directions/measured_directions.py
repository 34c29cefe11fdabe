r"""Recoil directions above thresholds: as they are, as they are measured, and what they tell.

Against isotropy N measured directions have

    z = sqrt(3 N) <c>               vectors, mean along the beam,
    z = sqrt(12 N) (<|c|> - 1/2)    axes, mean of the absolute cosine,
    z = sqrt(5 N) <P_2>             axes, second Legendre moment,

since an isotropic cosine has the variance 1/3, its absolute value 1/12 and P_2 1/5. The numbers of
events of three standard deviations follow, N = 3/<c>^2 for vectors. They are expected ones, for an
experiment without background whose direction to the source is known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from cevns.detectors.framework.angular_response import AngularResponse, legendre_bins
from cevns.exceptions import InputError
from cevns.processes.framework.kinematics import maximum_recoil_kev
from cevns.rates.fold import panel_nodes
from cevns.rates.recoil_angles import RecoilAngles
from cevns.records import BinAxis, Binned
from cevns.sources.sky.steady_mixture import Mixture
from cevns.sources.sun import Sun
from cevns.typing import Array

__all__ = ["Above", "MeasuredDirections", "events_needed", "from_all_sides"]

_SIGMA: Final = 3.0
_ORDER: Final = 16


def events_needed(
    mean: float, axial_mean: float, second: float, sigma: float = _SIGMA
) -> dict[str, float]:
    """Events of a significance against isotropy by statistic; infinite where nothing is detected.

    Args:
        mean: of the measured cosine.
        axial_mean: of its absolute value.
        second: of P_2.
        sigma: standard deviations.

    Examples:
        One neutrino energy, no form factor, perfect directions; axes are almost isotropic:

        >>> found = events_needed(8 / 15, 8 / 15, 0.0)
        >>> round(found["vectors"], 2), round(found["axes"]), found["axes-p2"]
        (10.55, 675, inf)
    """
    moments = {"vectors": (3.0, mean), "axes": (12.0, axial_mean - 0.5), "axes-p2": (5.0, second)}
    return {
        name: sigma**2 / (inverse * m * m) if abs(m) > 1e-9 else np.inf
        for name, (inverse, m) in moments.items()
    }


@dataclass(frozen=True, eq=False)
class Above(Binned):
    """Recoils above a threshold.

    Args:
        angles: with the threshold, ideal.
        response: of the detector.
        edges: of cosines, from -1 to 1.

    Examples:
        >>> from cevns.sources import source
        >>> sun = source("sun", live_time_d=365.25, branches="b8")
        >>> helium = RecoilAngles(sun, "He", 1000.0, threshold_kev=6.0)
        >>> found = Above(helium, AngularResponse(30.0, 0.75), np.linspace(-1.0, 1.0, 21))
        >>> round(found.mean, 4), round(found.events_needed["vectors"])
        (0.2326, 55)
    """

    angles: RecoilAngles
    response: AngularResponse
    edges: Array

    @cached_property
    def nodes(self) -> tuple[Array, Array]:
        """Recoil energies above the threshold and quadrature weights, keV."""
        angles = self.angles
        elements: dict[int, list[float]] = {}
        for x in angles.material.nuclides:
            elements.setdefault(x.z, []).append(x.mass_mev)
        # isotopes of an element end together but for their masses: one border for all of them
        kinks = {
            float(maximum_recoil_kev(e, np.mean(masses)))
            for e in angles.source.recoil_kinks
            for masses in elements.values()
        }
        low, high = angles.threshold_kev, angles.largest_kev
        cuts = np.sqrt(np.unique([low, *(k for k in kinks if low < k < high), high]))
        wide = np.append(True, np.diff(cuts) > 1e-4 * cuts[-1])
        root, weight = panel_nodes(cuts[wide], _ORDER)
        return root * root, 2.0 * root * weight

    @cached_property
    def moments(self) -> Array:
        """Measured Legendre moments times counts, ``(order + 1,)``."""
        recoil, weight = self.nodes
        order = max(self.response.order(recoil), 2)
        if not callable(self.response.resolution):  # the same at all recoil energies
            return self.angles.legendre(order) * self.response.factors(0.0, order)
        rows = self.angles.legendre_rows(recoil, order) * self.response.factors(recoil, order)
        result: Array = rows @ weight
        return result

    @property
    def total(self) -> float:
        """Counts of the exposure of the source."""
        return self.angles.total

    @property
    def mean(self) -> float:
        """Of the measured cosine."""
        return float(self.moments[1] / self.moments[0])

    @property
    def mean_square(self) -> float:
        """Of the measured cosine."""
        return float((1.0 + 2.0 * self.moments[2] / self.moments[0]) / 3.0)

    @property
    def axial_mean(self) -> float:
        """Of the absolute measured cosine."""
        order = self.moments.size - 1
        x, weight = np.polynomial.legendre.leggauss(order + 4)
        c = 0.5 * (x + 1.0)
        degrees = np.arange(order + 1)
        whole = (weight * c) @ np.polynomial.legendre.legvander(c, order)
        part = np.where(degrees % 2, 0.0, (2 * degrees + 1) / 2.0 * whole) @ self.moments
        return float(part / self.moments[0])

    @cached_property
    def measured_counts(self) -> Array:
        """Counts between the edges."""
        bins = legendre_bins(self.edges, self.moments.size - 1)
        return np.maximum(self.moments @ bins, 0.0)

    @cached_property
    def ideal_counts(self) -> Array:
        """Counts between the edges of true directions."""
        return self.angles.counts(self.edges)

    def measured_plane(self, recoil_edges_kev: Array) -> Array:
        """Measured counts in cells of recoil energy and cosine, ``(n, bins)``."""
        kinks = [float(k) for k in np.sqrt(self.nodes[0][[0, -1]])]
        edges = np.sqrt(recoil_edges_kev)
        inside = [k for k in kinks if edges[0] < k < edges[-1]]
        root, weight = panel_nodes(np.unique([*edges, *inside]), 4)
        recoil = root * root
        order = max(self.response.order(recoil), 2)
        rows = self.angles.legendre_rows(recoil, order) * self.response.factors(recoil, order)
        counts = (rows * (2.0 * root * weight)).T @ legendre_bins(self.edges, order)
        out = np.zeros((edges.size - 1, self.edges.size - 1))
        np.add.at(out, np.clip(np.searchsorted(edges, root) - 1, 0, edges.size - 2), counts)
        return np.maximum(out, 0.0)

    def counts_in_bins(self) -> tuple[tuple[BinAxis, ...], dict[str, Array]]:
        """The cosine to the direction of the source; true and measured counts."""
        axis = BinAxis("cos", "", self.edges, title="cosine to the direction of the source")
        return (axis,), {"ideal": self.ideal_counts, "measured": self.measured_counts}

    @property
    def events_needed(self) -> dict[str, float]:
        """For three standard deviations against isotropy, measured directions."""
        second = float(self.moments[2] / self.moments[0])
        return events_needed(self.mean, self.axial_mean, second)

    def to_dict(self, scale: float = 1.0) -> dict[str, Any]:
        """For a JSON file; `scale` makes counts of the exposure that is meant."""
        ideal = self.angles
        return {
            "threshold_kevnr": ideal.threshold_kev,
            "events": scale * self.total,
            "ideal": {
                "mean_cos": ideal.mean(),
                "mean_cos2": ideal.mean(2),
                "median_deg": ideal.median_deg,
                "peak_cos": ideal.peak,
                "fraction_above_0.9": ideal.above(0.9),
                "events_for_3_sigma": events_needed(
                    ideal.mean(), ideal.mean(), 1.5 * ideal.mean(2) - 0.5
                ),
                "counts": (scale * self.ideal_counts).tolist(),
            },
            "measured": {
                "mean_cos": self.mean,
                "mean_cos2": self.mean_square,
                "mean_abs_cos": self.axial_mean,
                "counts": (scale * self.measured_counts).tolist(),
                "events_for_3_sigma": self.events_needed,
            },
        }


def from_all_sides(kind: type) -> bool:
    """Whether sources of a class have no direction: sums of steady fluxes but for the Sun.

    Examples:
        >>> from cevns.sources.dsnb import Dsnb
        >>> from_all_sides(Dsnb), from_all_sides(Sun)
        (True, False)
    """
    return issubclass(kind, Mixture) and not issubclass(kind, Sun)


@dataclass(frozen=True, eq=False)
class MeasuredDirections:
    """Recoil directions of one source above several thresholds.

    Args:
        angles: of the source and the target; the thresholds replace its own.
        thresholds_kev: in the order that they are shown.
        response: of the detector.
        bins: of the cosine, equal ones from -1 to 1.

    Raises:
        InputError: if the neutrinos of the source come from all sides, the number of bins is out
            of range, or no recoil is above a threshold.
    """

    angles: RecoilAngles
    thresholds_kev: Sequence[float] = (0.0,)
    response: AngularResponse = field(default_factory=AngularResponse)
    bins: int = 20

    def __post_init__(self) -> None:
        if from_all_sides(type(self.angles.source)):
            raise InputError(
                "these neutrinos are isotropic, so their recoils have no preferred direction; use "
                "the Sun, a beam or a reactor"
            )
        if not 2 <= self.bins <= 400:
            raise InputError(f"{self.bins} bins of the cosine: take 2 to 400, usually 20")
        if not len(self.thresholds_kev):
            raise InputError("give at least one threshold, such as 1keVnr")
        _ = self.above

    @cached_property
    def edges(self) -> Array:
        """Of the cosines."""
        return np.linspace(-1.0, 1.0, self.bins + 1)

    @cached_property
    def above(self) -> tuple[Above, ...]:
        """What is above each threshold."""
        return tuple(
            Above(replace(self.angles, threshold_kev=float(t)), self.response, self.edges)
            for t in self.thresholds_kev
        )
