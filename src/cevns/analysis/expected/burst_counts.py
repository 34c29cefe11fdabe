r"""What a target sees of a supernova burst, above a threshold of recoil energy and in time.

.. math:: N(T_0) = \sum_A n_A \sum_s \int_{T_0} dT \int dE\, \frac{dF_s}{dE}\, \frac{d\sigma}{dT}

with the fluence of the whole burst, so that the rate is per burst and goes with 1/D^2. Only coherent
scattering on nuclei counts: no charged currents, no breakup of nuclei, no recoils of electrons.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from cevns.analysis.expected.burst_significance import Detection
from cevns.exceptions import InputError
from cevns.nuclear import Material
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material as find_material
from cevns.nuclear.checks import finite, positive
from cevns.processes import Interaction, interaction
from cevns.rates.fold import Fold, panel_nodes, recoil_panels
from cevns.records import head
from cevns.sources import Source
from cevns.sources.supernova import Supernova
from cevns.typing import Array, ArrayLike

__all__ = ["TIMES_S", "BurstCounts", "burst_counts", "counts_above"]

TIMES_S: Final = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""After the bounce, at which a profile is told."""
_NODES: Final = 16
_TONNE_KG: Final = 1000.0
_NOT_COUNTED: Final = {
    "Pb": "the breakup of lead by neutrinos, which gives most of the events of a lead detector, "
    "is not in these counts: they are coherent scattering alone",
}


def counts_above(
    source: Source,
    target: str | Material,
    thresholds_kevnr: ArrayLike,
    *,
    process: Interaction,
    form_factor: str = "helm",
    mass_kg: float = _TONNE_KG,
) -> Array:
    """Recoils above each threshold in the exposure of a source, by flavour.

    Args:
        source: the neutrinos.
        target: material or formula.
        thresholds_kevnr: recoil energies, keVnr, shape ``(n,)``.
        process: at the nucleus.
        form_factor: name of the model.
        mass_kg: of the target.

    Returns:
        Shape ``(flavours, n)``, in the order of the source's flavours.

    Raises:
        InputError: if a threshold is negative or not finite, or the mass not positive.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> from cevns.processes import interaction
        >>> sm = interaction("standard-model", axial=False)
        >>> burst = Supernova(distance_kpc=10.0)
        >>> counts_above(burst, "Xe", [0.0, 1.0], process=sm).sum(axis=0).round(1).tolist()
        [28.7, 18.4]
    """
    material = find_material(target) if isinstance(target, str) else target
    positive("target mass in kg", mass_kg)
    thresholds = finite("threshold in keVnr", thresholds_kevnr, minimum=0.0)
    panels = recoil_panels(source, material, kinematics=process.kinematics)
    inside = np.minimum(thresholds, panels[-1])
    edges = np.unique(np.concatenate([panels, inside]))
    nodes, weights = panel_nodes(edges, _NODES)
    fold = Fold(
        source, process, material, mass_kg, find_form_factor(form_factor), nodes, weights
    )
    pieces = fold.spectrum().reshape(len(fold.flavours), -1, _NODES).sum(axis=-1)
    above = np.zeros((pieces.shape[0], edges.size))
    above[:, :-1] = np.cumsum(pieces[:, ::-1], axis=1)[:, ::-1]
    result: Array = above[:, np.searchsorted(edges, inside)]
    return result


@dataclass(frozen=True, eq=False)
class BurstCounts:
    """A burst in a target.

    Args:
        source: the burst.
        material: the target.
        mass_kg: of the target.
        threshold_kevnr: smallest recoil energy that counts.
        physics: named choices, for the record.
        per_tonne: recoils above the threshold in a tonne, by flavour.
        times_s: after the bounce.
        cumulative: share of these recoils that have come by each time; empty where the model does
            not say when its neutrinos come.
        detection: of the burst over a background, where one was given.
    """

    source: Supernova
    material: Material
    mass_kg: float
    threshold_kevnr: float
    physics: Mapping[str, Any]
    per_tonne: Mapping[str, float]
    times_s: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()
    detection: Detection | None = field(default=None)

    @property
    def events_per_tonne(self) -> float:
        """Recoils above the threshold in a tonne."""
        return float(sum(self.per_tonne.values()))

    @property
    def events(self) -> float:
        """Recoils above the threshold in the target."""
        return self.events_per_tonne * self.mass_kg / _TONNE_KG

    @property
    def notes(self) -> tuple[str, ...]:
        """What these counts leave out."""
        symbols = {n.symbol for n in self.material.nuclides}
        return tuple(text for symbol, text in _NOT_COUNTED.items() if symbol in symbols)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns supernova``."""
        source = self.source
        fluence = {f: source.fluence_cm2(f) for f in source.flavours}
        means = {f: source.mean_energy_mev(f) for f in source.flavours}
        total = sum(fluence.values())
        return {
            **head(),
            "target": self.material.name,
            "mass_kg": self.mass_kg,
            "threshold_kevnr": self.threshold_kevnr,
            "physics": dict(self.physics),
            "model": source.name,
            "distance_kpc": source.distance_kpc,
            "fluence_cm2": fluence,
            "total_fluence_cm2": total,
            "mean_energy_mev": means,
            "total_mean_energy_mev": sum(fluence[f] * means[f] for f in fluence) / total,
            "energy_erg": {f: source.energy_erg(f) for f in source.flavours},
            "events_per_tonne": self.events_per_tonne,
            "events_per_tonne_by_flavour": dict(self.per_tonne),
            "events": self.events,
            "time_profile": [
                {"time_s": t, "cumulative": c, "events": c * self.events}
                for t, c in zip(self.times_s, self.cumulative, strict=True)
            ],
            "detection": None if self.detection is None else self.detection.to_dict(),
            "notes": list(self.notes),
        }


def burst_counts(
    source: Supernova,
    target: str | Material,
    threshold_kevnr: float,
    *,
    mass_kg: float = _TONNE_KG,
    couplings: str = "scholberg2021",
    form_factor: str = "helm",
    axial: bool = False,
    times_s: Sequence[float] = TIMES_S,
    background_kg_d: float | None = None,
    window_s: float = 10.0,
    sigmas: float = 5.0,
) -> BurstCounts:
    """Recoils of a burst above a threshold, in time, and how far away it would be seen.

    Args:
        source: the burst.
        target: material or formula.
        threshold_kevnr: smallest recoil energy that counts, keVnr.
        mass_kg: of the target.
        couplings: name of the scheme.
        form_factor: name of the model.
        axial: whether the axial part of the coupling counts.
        times_s: after the bounce, for the profile in time.
        background_kg_d: steady background above the threshold, per kg and day; None for none, and
            no detection.
        window_s: length of the window in which events are counted, s from the begin of the burst
            on. Where the model does not say when its neutrinos come, all are taken as in it.
        sigmas: one-sided standard deviations at which the burst is seen.

    Raises:
        InputError: if a number is out of range, or nothing is above the threshold.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> found = burst_counts(Supernova(distance_kpc=10.0, model="ls220-27"), "Xe", 1.0)
        >>> f"{found.events_per_tonne:.1f} per tonne"
        '17.2 per tonne'
        >>> [round(c, 2) for c in found.cumulative[-3:]]
        [0.67, 0.94, 1.0]
    """
    material = find_material(target) if isinstance(target, str) else target
    positive("target mass in kg", mass_kg)
    process = interaction("standard-model", couplings=couplings, axial=axial)
    options: dict[str, Any] = {"process": process, "form_factor": form_factor}

    def above(part: Source) -> Array:
        return counts_above(part, material, [threshold_kevnr], **options)[:, 0]

    whole = above(source)
    total = float(whole.sum())
    if not total > 0.0:
        raise InputError(
            f"no neutrino of this burst gives a recoil above {threshold_kevnr:g} keVnr in "
            f"{material.name}; lower the threshold"
        )
    times = tuple(sorted(float(t) for t in finite("time in s", list(times_s))))
    cumulative: tuple[float, ...] = ()
    if source.burst_s is not None:
        begin, end = source.burst_s
        edges = [begin, *(min(max(t, begin), end) for t in times)]
        parts = [
            float(above(source.during(a, b)).sum()) if b > a else 0.0
            for a, b in zip(edges[:-1], edges[1:], strict=True)
        ]
        cumulative = tuple((np.cumsum(parts) / total).tolist())
    detection = None
    if background_kg_d is not None:
        positive("window in s", window_s)
        seen = total
        if source.burst_s is not None:
            seen = float(above(source.during(begin, begin + window_s)).sum())
        detection = Detection.of(
            signal=seen * mass_kg / _TONNE_KG,
            distance_kpc=source.distance_kpc,
            background_kg_d=background_kg_d,
            mass_kg=mass_kg,
            window_s=window_s,
            sigmas=sigmas,
        )
    return BurstCounts(
        source,
        material,
        mass_kg,
        float(threshold_kevnr),
        {
            "interaction": process.name,
            "couplings": couplings,
            "form_factor": form_factor,
            "axial": "included" if axial else "left out",
        },
        dict(zip(source.flavours, whole.tolist(), strict=True)),
        times if cumulative else (),
        cumulative,
        detection,
    )
