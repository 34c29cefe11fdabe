r"""What a target sees of a supernova burst, above a threshold of recoil energy and in time.

.. math:: N(T_0) = \sum_A n_A \sum_s \int_{T_0} dT \int dE\, \frac{dF_s}{dE}\, \frac{d\sigma}{dT}

with the fluence of the whole burst, so that the rate is per burst and goes with 1/D^2. Only
coherent scattering on nuclei counts: no charged currents, no breakup of nuclei, no recoils of
electrons.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from cevns.analysis.expected.burst_significance import Detection
from cevns.analysis.expected.burst_views import TONNE_KG, Bare, InDetector, View
from cevns.citations import of_model
from cevns.exceptions import InputError
from cevns.nuclear.checks import finite, positive
from cevns.records import Result, cited, head
from cevns.sources.supernova import Supernova
from cevns.typing import Array

__all__ = ["TIMES_S", "BurstCounts", "burst_counts"]

TIMES_S: Final = (0.01, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""After the bounce, at which a profile is told."""
_NOT_COUNTED: Final = {
    "Pb": "the breakup of lead by neutrinos, which gives most of the events of a lead detector, "
    "is not included in these counts, which are from coherent scattering only",
}


@dataclass(frozen=True, eq=False)
class BurstCounts(Result):
    """A burst in a target.

    Args:
        source: the burst.
        view: the target, and what counts in it.
        mass_kg: of the target.
        per_tonne: counts in a tonne, by flavour.
        times_s: after the bounce.
        cumulative: share of the counts that have come by each time; empty where the model does not
            say when its neutrinos come.
        detection: of the burst over a background, where one was given.
        by_channel: counts in a tonne by channel, where these have detectors of their own.
    """

    source: Supernova
    view: View
    mass_kg: float
    per_tonne: Mapping[str, float]
    times_s: tuple[float, ...] = ()
    cumulative: tuple[float, ...] = ()
    detection: Detection | None = None
    by_channel: Mapping[str, float] = field(default_factory=dict)

    @property
    def threshold_kevnr(self) -> float | None:
        """Smallest recoil energy that counts; None where a detector decides."""
        return self.view.threshold_kevnr if isinstance(self.view, Bare) else None

    @property
    def experiment(self) -> str | None:
        """Name of the experiment whose detector counts; None for a bare target."""
        return self.view.experiment.name if isinstance(self.view, InDetector) else None

    @property
    def events_per_tonne(self) -> float:
        """Counts in a tonne."""
        return float(sum(self.per_tonne.values()))

    @property
    def events(self) -> float:
        """Counts in the target."""
        return self.events_per_tonne * self.mass_kg / TONNE_KG

    @property
    def notes(self) -> tuple[str, ...]:
        """What these counts leave out, and of what they are."""
        symbols = {n.symbol for n in self.view.material.nuclides}
        left_out = (text for symbol, text in _NOT_COUNTED.items() if symbol in symbols)
        return (*self.view.notes, *left_out)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns supernova``."""
        source = self.source
        fluence = {f: source.fluence_cm2(f) for f in source.flavours}
        means = {f: source.mean_energy_mev(f) for f in source.flavours}
        total = sum(fluence.values())
        cite = of_model(source, "source") + self.view.citations
        record = {
            **head(),
            "citations": cite.records(),
            "target": self.view.material.name,
            "experiment": self.experiment,
            "mass_kg": self.mass_kg,
            "threshold_kevnr": self.threshold_kevnr,
            "physics": dict(self.view.physics),
            "model": source.name,
            "distance_kpc": source.distance_kpc,
            "fluence_cm2": fluence,
            "total_fluence_cm2": total,
            "mean_energy_mev": means,
            "total_mean_energy_mev": sum(fluence[f] * means[f] for f in fluence) / total,
            "energy_erg": {f: source.energy_erg(f) for f in source.flavours},
            "events_per_tonne": self.events_per_tonne,
            "events_per_tonne_by_flavour": dict(self.per_tonne),
            "events_per_tonne_by_channel": dict(self.by_channel),
            "events": self.events,
            "time_profile": [
                {"time_s": t, "cumulative": c, "events": c * self.events}
                for t, c in zip(self.times_s, self.cumulative, strict=True)
            ],
            "detection": None if self.detection is None else self.detection.to_dict(),
            "notes": list(self.notes),
        }
        return cited(record)


def burst_counts(
    source: Supernova,
    view: View,
    *,
    mass_kg: float = TONNE_KG,
    times_s: Sequence[float] = TIMES_S,
    background_kg_d: float | None = None,
    window_s: float = 10.0,
    sigmas: float = 5.0,
) -> BurstCounts:
    """Counts of a burst, in time, and how far away it would be seen.

    Args:
        source: the burst.
        view: the target, and what counts in it.
        mass_kg: of the target.
        times_s: after the bounce, for the profile in time.
        background_kg_d: steady background of what counts, per kg and day; None for none, and no
            detection.
        window_s: length of the window in which events are counted, s from the begin of the burst
            on. Where the model does not say when its neutrinos come, all are taken as in it.
        sigmas: one-sided standard deviations at which the burst is seen.

    Raises:
        InputError: if a number is out of range, or nothing counts.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> star = Supernova(distance_kpc=10.0, model="ls220-27")
        >>> found = burst_counts(star, Bare("Xe", threshold_kevnr=1.0))
        >>> f"{found.events_per_tonne:.1f} per tonne"
        '17.2 per tonne'
        >>> [round(c, 2) for c in found.cumulative[-3:]]
        [0.67, 0.94, 1.0]
    """
    positive("target mass in kg", mass_kg)
    positive("window in s", window_s)
    whole = view.per_tonne(source)
    total = float(whole.sum())
    if not total > 0.0:
        raise InputError(
            f"this burst gives no counts in {view.material.name}: no neutrino gives a detectable "
            "recoil; lower the threshold"
        )
    times = tuple(sorted(float(t) for t in finite("time in s", list(times_s))))
    detection = None
    if background_kg_d is not None:
        seen = total
        if source.burst_s is not None:
            begin = source.burst_s[0]
            seen = float(view.per_tonne(source.during(begin, begin + window_s)).sum())
        detection = Detection.of(
            signal=seen * mass_kg / TONNE_KG,
            distance_kpc=source.distance_kpc,
            background_kg_d=background_kg_d,
            mass_kg=mass_kg,
            window_s=window_s,
            sigmas=sigmas,
        )
    cumulative = () if source.burst_s is None else _profile(source, view, times, total)
    return BurstCounts(
        source,
        view,
        mass_kg,
        dict(zip(source.flavours, whole.tolist(), strict=True)),
        times if cumulative else (),
        cumulative,
        detection,
        view.by_channel(source) if isinstance(view, InDetector) else {},
    )


def _profile(
    source: Supernova, view: View, times: tuple[float, ...], total: float
) -> tuple[float, ...]:
    """Share of the counts before each time."""
    assert source.burst_s is not None
    begin, end = source.burst_s
    edges = [begin, *(min(max(t, begin), end) for t in times)]
    parts: Array = np.array(
        [
            view.per_tonne(source.during(a, b)).sum() if b > a else 0.0
            for a, b in itertools.pairwise(edges)
        ]
    )
    return tuple((np.cumsum(parts) / total).tolist())
