"""What the entries on reactors share: the reactor experiments of the catalogue, where they begin.

Experiments are found in the catalogue: a new file is in the figures without an edit here.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from cevns.detectors import Quenching
from cevns.detectors.quenching.lindhard import Lindhard
from cevns.exceptions import CevnsWarning
from cevns.experiments import Experiment, catalogue, load
from cevns.experiments.prediction.apparatus import Apparatus
from cevns.rates.fold import recoil_panels
from cevns.report.drawing import style
from cevns.sources.reactor import Reactor

__all__ = ["Reach", "color", "marker", "reach", "reaches", "recoil_energy_kev", "with_k"]

_COLORS: Final = {
    "Ge": "#964a8b",
    "Si": "#d98200",
    "CaWO4": "#e42536",
    "Al2O3": "#3f8f5b",
    "Zn": "#2a9aa8",
    "Xe": "#2f5fb3",
    "NaI": "#7a5230",
    "Na": "#7a5230",
    "Ar": "#6f6f76",
}
_ENERGIES: Final = ("keVnr", "keVee")


@dataclass(frozen=True, eq=False)
class Reach:
    """Where a detector at a reactor begins to see recoils.

    Args:
        experiment: of the catalogue.
        declared_kev: lowest energy of its axes, keV.
        unit: of the axis, ``keVnr`` or ``keVee``.
        recoil_kev: the recoil energy that is seen there, by the quenching of the file, keVnr.
        quenching: of the file.
    """

    experiment: Experiment
    declared_kev: float
    unit: str
    recoil_kev: float
    quenching: Quenching

    @property
    def label(self) -> str:
        """Short name: the first word of the title, and year or target of the name.

        What stands in brackets behind the first word of the title is taken in their place.
        """
        first, _, rest = self.experiment.title.partition(" ")
        end = self.experiment.name.rpartition("-")[2]
        if rest.startswith("("):
            return f"{first} {rest.partition(')')[0]})"
        if end in first.casefold():
            return first
        return f"{first} {end if end[0].isdigit() else end.capitalize()}"

    @property
    def target(self) -> str:
        """Formula of the material, and of what recoils in it where not all nuclei count."""
        return self.experiment.material.name

    @property
    def end_kev(self) -> float:
        """The largest recoil energy, keVnr."""
        return float(recoil_panels(self.experiment.source, self.experiment.material)[-1])

    @property
    def k(self) -> float | None:
        """Lindhard's k, where that is the quenching."""
        return self.quenching.parameters[0] if isinstance(self.quenching, Lindhard) else None

    @property
    def chosen(self) -> str:
        """The quenching in words."""
        declared = self.experiment.declaration.detector.quenching
        if self.k is not None:
            return f"Lindhard, k = {self.k:.3g}"
        return "none" if declared is None else declared.kind.capitalize()

    @property
    def marker(self) -> dict[str, Any]:
        """Colour of the target; open where Lindhard's theory was taken."""
        return marker(self.target, self.k is not None)


def color(target: str) -> str:
    """Colour of a target; of one element in a compound that of the element."""
    return _COLORS.get(target.partition(" ")[0], style.FAINT)


def marker(target: str, lindhard: bool) -> dict[str, Any]:
    """Colour of a target; open where Lindhard's theory was taken."""
    return {
        "marker": "o",
        "color": color(target),
        "markerfacecolor": "white" if lindhard else color(target),
        "markeredgewidth": 1.2,
        "markersize": 5.0,
    }


def recoil_energy_kev(quenching: Quenching, energy_kevee: float) -> float:
    """The recoil energy that gives an electron-equivalent energy, keVnr.

    The root of ``E_ee(T) = E``; a quenching factor is above one per mille.

    Args:
        quenching: of the recoils.
        energy_kevee: what is seen, keVee.

    Raises:
        ValueError: if no recoil gives that energy.

    Examples:
        >>> round(recoil_energy_kev(Lindhard(32, 72.63, 0.162), 0.16), 3)
        0.922
    """
    from scipy.optimize import brentq

    def above(recoil_kev: float) -> float:
        return float(quenching.electron_energy_kevee(recoil_kev)) - energy_kevee

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CevnsWarning)  # beyond where the curve was measured
        return float(brentq(above, 0.0, 1e3 * energy_kevee, xtol=1e-9))


def reach(experiment: Experiment) -> Reach | None:
    """The lowest recoil energy of an experiment; None where its axis is not one of energies.

    Of channels with thresholds of their own the lowest counts.
    """

    def of(view: Apparatus) -> tuple[float, float, str, Quenching] | None:
        axis = view.declaration.axes.energy
        low = float(view.energy_edges[0])
        if axis is None or axis.unit not in _ENERGIES or not low > 0.0:
            return None
        recoil = low if axis.unit == "keVnr" else recoil_energy_kev(view.quenching, low)
        return recoil, low, axis.unit, view.quenching

    found = [each for view in experiment.views.values() if (each := of(view)) is not None]
    if not found:
        return None
    recoil, low, unit, quenching = min(found, key=lambda each: each[0])
    return Reach(experiment, low, unit, recoil, quenching)


@cache
def reaches() -> tuple[Reach, ...]:
    """All experiments of the catalogue at reactors that see recoils of nuclei, the lowest first.

    Examples:
        >>> found = {r.label: (round(r.recoil_kev, 2), r.chosen) for r in reaches()}
        >>> found["NUCLEUS 2026"], found["CONUS+ 2025"]
        ((0.02, 'none'), (0.92, 'Lindhard, k = 0.162'))
    """
    every = [e for e in map(load, catalogue()) if isinstance(e.source, Reactor)]
    found = [r for r in map(reach, every) if r is not None and r.recoil_kev < r.end_kev]
    return tuple(sorted(found, key=lambda r: r.recoil_kev))


def with_k(name: str, k: float, overrides: Mapping[str, str] | None = None) -> Experiment:
    """An experiment with another k of Lindhard's theory in all its channels.

    A change of ``detector.quenching.k`` alone leaves channels with a detector of their own as
    they are.

    Args:
        name: of the experiment.
        k: electronic stopping.
        overrides: further fields to change.
    """
    entries = load(name).declaration.entries
    places = ["", *(f"channels.{c}." for c, entry in entries.items() if "detector" in entry.own)]
    changed = {f"{place}detector.quenching.k": f"{k:.6g}" for place in places}
    return load(name, overrides={**(overrides or {}), **changed})
