"""The window of recoil energies of a search: bins, and what of the recoils is seen."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cevns.detectors.efficiency.table import Table
from cevns.exceptions import CevnsWarning, InputError
from cevns.nuclear.checks import within
from cevns.nuclear.materials import Material
from cevns.rates.fold import panel_nodes
from cevns.typing import Array

if TYPE_CHECKING:
    from cevns.experiments.prediction.apparatus import Apparatus

__all__ = ["RecoilWindow", "efficiency_of", "window_of"]

_ORDER = 8
"""Nodes on each piece of a bin: recoil spectra are smooth over its sixth of an octave."""
_LEAST_KEV, _MOST_KEV = 1e-6, 1e4

Seen = Callable[[Array], Array]
"""Probability that a recoil is seen, by its energy in keV."""


@dataclass(frozen=True)
class RecoilWindow:
    """Logarithmic bins in the recoil energy, and the efficiency within them.

    Args:
        low_kev: where they begin, keVnr; in an experiment its threshold.
        high_kev: where they end: the upper edge belongs to the definition of a floor, since on
            light nuclei heavy WIMPs and atmospheric neutrinos differ above 200 keV.
        bins: their number.
        efficiency: probability that a recoil is seen; one by default.
        kinks_kev: energies at which it or its slope jumps.
        said: what the efficiency is, in words.
        material: whose recoils the efficiency is of, if it is that of a detector.

    Raises:
        InputError: if the window is empty or an edge has no meaning.

    Examples:
        >>> window = RecoilWindow(1.0, 100.0, 4)
        >>> window.edges_kev.round(2).tolist()
        [1.0, 3.16, 10.0, 31.62, 100.0]
    """

    low_kev: float = 1e-4
    high_kev: float = 200.0
    bins: int = 100
    efficiency: Seen | None = field(default=None, compare=False)
    kinks_kev: tuple[float, ...] = ()
    said: str = "1"
    material: Material | None = None

    def __post_init__(self) -> None:
        for what, value in (("lower", self.low_kev), ("upper", self.high_kev)):
            within(
                f"{what} edge of the recoil energies in keV",
                value,
                _LEAST_KEV,
                _MOST_KEV,
                "as 1e-4 and 200",
            )
        if not self.low_kev < self.high_kev:
            raise InputError(
                f"no recoil energy is between the threshold, {self.low_kev:g} keV, and the upper "
                f"edge, {self.high_kev:g} keV: lower one or raise the other"
            )
        if not 2 <= self.bins <= 2000:
            raise InputError(f"{self.bins} bins of recoil energy: take 2 to 2000, usually 100")

    @property
    def edges_kev(self) -> Array:
        """Borders of the bins, keV, ``(bins + 1,)``."""
        edges = np.geomspace(self.low_kev, self.high_kev, self.bins + 1)
        edges[[0, -1]] = self.low_kev, self.high_kev
        return edges

    def nodes(self, kinks_kev: Sequence[float] = ()) -> tuple[Array, Array]:
        """Quadrature nodes and weights with the efficiency, keV, both ``(bins, m)`` flat.

        Args:
            kinks_kev: energies at which what is integrated has a kink.

        Returns:
            Energies ``(n,)`` and a matrix ``(n, bins)`` that makes counts in bins of densities.
        """
        edges = self.edges_kev
        inner = [k for k in (*kinks_kev, *self.kinks_kev) if self.low_kev < k < self.high_kev]
        cuts = np.unique([*edges, *inner])
        energy, weight = panel_nodes(cuts, _ORDER)
        if self.efficiency is not None:
            weight = weight * self.efficiency(energy)
        place = np.clip(np.searchsorted(edges, energy, side="right") - 1, 0, self.bins - 1)
        matrix = np.zeros((energy.size, self.bins))
        matrix[np.arange(energy.size), place] = weight
        return energy, matrix


def efficiency_of(text: str) -> tuple[Table, str]:
    """The efficiency that an option gives: a number, or a table of recoil energies in keVnr.

    Args:
        text: a number between 0 and 1, a share such as ``80%``, or a CSV with the columns ``x`` (or
            ``low`` and ``high``) and ``efficiency``.

    Raises:
        InputError: if the number is none between 0 and 1.
        DataError: if the table is broken.

    Examples:
        >>> efficiency_of("80%")[0]([1.0, 2.0]).tolist()
        [0.8, 0.8]
    """
    share = text.strip().endswith("%")
    try:
        value = float(text.strip().removesuffix("%")) / (100.0 if share else 1.0)
    except ValueError:
        return Table.from_csv(Path(text).expanduser()), text
    if not (math.isfinite(value) and 0.0 < value <= 1.0):
        raise InputError(f"an efficiency of {text} is not a probability above 0: write 0.8 or 80%")
    return Table((0.0,), (value,)), f"{value:g}"


def window_of(
    *,
    threshold_kev: float | None = None,
    upper_kev: float = 200.0,
    bins: int = 100,
    efficiency: str | None = None,
    detector: str | Path | None = None,
) -> RecoilWindow:
    """A window from what a user says of a detector.

    Args:
        threshold_kev: lower edge, keVnr; with a detector the energy below which it sees nothing.
        upper_kev: upper edge.
        bins: their number.
        efficiency: see `efficiency_of`.
        detector: name or file of an experiment: the probability that its analysis region keeps a
            recoil, with quenching, resolution and efficiencies, and where that begins.

    Raises:
        InputError: if the window is empty, both an efficiency and a detector are given, or no
            efficiency follows from the file of the detector.
        DataError: if a table is broken.
    """
    low = 1e-4 if threshold_kev is None else threshold_kev
    if detector is not None:
        if efficiency is not None:
            raise InputError("give either an efficiency or a detector that has one, not both")
        return _of_detector(str(detector), threshold_kev, upper_kev, bins)
    if efficiency is None:
        return RecoilWindow(low, upper_kev, bins)
    table, said = efficiency_of(efficiency)
    kinks = table.kinks
    if len(table.x) > 1:  # a file: beyond its points it is held, which says nothing there
        first, last = table.known
        if last <= low or first >= upper_kev:
            raise InputError(
                f"the efficiency {efficiency} is given from {first:g} to {last:g} keV, and the "
                f"window goes from {low:g} to {upper_kev:g} keV: it is not defined there; x is "
                "the recoil energy in keVnr"
            )
        beyond = "0" if table.binned else "constant"
        said += f" ({first:g} to {last:g} keVnr, {beyond} beyond)"
    window = RecoilWindow(low, upper_kev, bins, table, kinks, said)
    if not (table(window.nodes()[0]) > 0.0).any():
        raise InputError(
            f"the efficiency {efficiency} is zero from {low:g} to {upper_kev:g} keV: nothing is "
            "detected"
        )
    return window


def _of_detector(
    name: str, threshold_kev: float | None, upper_kev: float, bins: int
) -> RecoilWindow:
    """The window of an experiment: bins from where its response begins.

    Of channels with detectors of their own it is the mean over their exposures:
    sum_c M_c p_c(T) / sum_c M_c.
    """
    from cevns.experiments import load

    experiment = load(name)
    experiment.require_detector()
    views = tuple(dict.fromkeys(experiment.views.values()))
    materials = dict.fromkeys(view.material.name for view in views)
    if len(materials) > 1:
        raise InputError(
            f"{experiment.name} has channels of {' and '.join(materials)}, with different "
            "efficiencies; put one of them into a separate file"
        )
    exposures = np.array([view.recoiling_kg * view.exposure for view in views])
    if not exposures.sum() > 0.0:
        raise InputError(f"the source of {experiment.name} is off in all channels")
    shares = exposures / exposures.sum()

    def seen(recoil_energy_kev: Array) -> Array:
        out: Array = shares @ np.stack([view.kept(recoil_energy_kev) for view in views])
        return out

    grid = np.geomspace(1e-4, upper_kev, 4001)
    with warnings.catch_warnings():  # ranges of quenching are said of what is used, below
        warnings.simplefilter("ignore", CevnsWarning)
        found = seen(grid)
        kinks = sorted({k for view in views for k in _kinks(view, grid)})
    visible = np.flatnonzero(found > 1e-6 * max(float(found.max()), 1e-300))
    if not visible.size or not found.max() > 0.0:
        raise InputError(f"the detector of {name} sees no recoil below {upper_kev:g} keV")
    begin = float(grid[max(visible[0] - 1, 0)])
    low = begin if threshold_kev is None else threshold_kev
    # recoils far beyond what it sees would only make bins without anything
    last = float(grid[min(visible[-1] + 1, grid.size - 1)])
    return RecoilWindow(
        low,
        min(upper_kev, last),
        bins,
        seen,
        tuple(kinks),
        f"of {experiment.name} ({', '.join(materials)}), from {begin:.3g} keVnr",
        views[0].material,
    )


def _kinks(view: Apparatus, grid_kev: Array) -> list[float]:
    """Recoil energies at which what a detector keeps jumps, keVnr, between the ends of a grid."""
    energy = view.quenching.on(grid_kev).electron_energy_kevee()
    inside = [k for k in view.response.kinks_kevee if energy[0] < k < energy[-1]]
    return [float(x) for x in np.interp(inside, energy, grid_kev)]
