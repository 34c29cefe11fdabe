"""The recoil spectrum and the expected counts of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from cevns.analysis.expected.rate_energies import rate_energies
from cevns.analysis.expected.time_counts import TimeCounts, time_counts
from cevns.analysis.question import place
from cevns.experiments.description import titles
from cevns.experiments.experiment import Experiment
from cevns.experiments.questions import SIGNAL
from cevns.inference.model.expectation import summed
from cevns.processes import quantity_of
from cevns.rates import flux_averaged_cross_section
from cevns.rates.fold import recoil_panels
from cevns.records import Explorable, Result, cited, head
from cevns.sources import SteadySource
from cevns.typing import Array

__all__ = ["Rate", "channel_counts", "channel_records", "expected_counts", "rates"]


@dataclass(frozen=True, eq=False)
class Rate(Result, Explorable):
    """Recoil spectrum and expected counts.

    Args:
        experiment: what it belongs to.
        recoil_energy_kev: recoil energies, keVnr; none of a process that is a bare count.
        rate_per_kev: counts/keVnr of CEvNS of the file's source in all channels, before
            efficiency, by flavour and total.
        expected: counts in the analysis region by component, over all channels.
        channels: the same by channel.
        cross_section_cm2: flux-averaged, mean over flavours and nuclei.
        per_kg_day: of components with a source that emits at all times, counts in the region per kg
            and live day at full power: before factors on the signal, which are efficiencies of cuts
            and shares of the time.
        times: counts against time of channels with an axis of seconds or days.
        logarithmic: whether the recoil energies are.
    """

    main_table: ClassVar[str] = "recoil_energy_kev"

    experiment: Experiment
    recoil_energy_kev: Array = field(repr=False)
    rate_per_kev: Mapping[str, Array] = field(repr=False)
    expected: Mapping[str, float]
    channels: Mapping[str, Mapping[str, float]] = field(repr=False)
    cross_section_cm2: float
    per_kg_day: Mapping[str, float] = field(default_factory=dict)
    times: Mapping[str, TimeCounts] = field(default_factory=dict, repr=False)
    logarithmic: bool = False

    @property
    def title(self) -> str:
        """A line for tables."""
        return self.experiment.title

    def explored(self) -> tuple[Experiment, ...]:
        """The experiment."""
        return (self.experiment,)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns rate``."""
        return cited(
            {
                **head(),
                **self.experiment.provenance(),
                "title": self.title,
                "titles": titles(self.experiment),
                "recoil_energy_kev": self.recoil_energy_kev.tolist(),
                "rate_per_kev": {k: v.tolist() for k, v in self.rate_per_kev.items()},
                "expected": dict(self.expected),
                "channels": channel_records(self.channels, self.times),
                "flux_averaged_cm2": self.cross_section_cm2,
                **({"per_kg_day": dict(self.per_kg_day)} if self.per_kg_day else {}),
            }
        )


def channel_records(
    channels: Mapping[str, Mapping[str, float]], times: Mapping[str, TimeCounts]
) -> dict[str, dict[str, Any]]:
    """The JSON of channels: their counts, and those against time where there are any."""
    return {
        name: {
            "expected": dict(counts),
            **({"time": times[name].to_dict()} if name in times else {}),
        }
        for name, counts in channels.items()
    }


def rates(
    *experiments: Experiment, at: Mapping[str, float] | None = None, points: int = 200
) -> dict[str, Rate]:
    """Recoil spectra where there are recoils (`rate_energies`), and expected counts.

    Args:
        experiments: from `cevns.experiments.load`.
        at: values of parameters of the interaction.
        points: recoil energies.

    Returns:
        By the name of the experiment.

    Raises:
        UnknownNameError: if a parameter is unknown.

    Examples:
        >>> from cevns.experiments import load
        >>> result = rates(load("coherent-csi-2021"))["coherent-csi-2021"]
        >>> 324 < result.expected["cevns"] < 358
        True
    """
    return {e.name: _rate(e, at or {}, points) for e in experiments}


def expected_counts(
    *experiments: Experiment, at: Mapping[str, float] | None = None
) -> dict[str, dict[str, float]]:
    """Expected counts in the analysis region, before any fit.

    Args:
        experiments: from `cevns.experiments.load`.
        at: values of parameters of the interaction.

    Returns:
        By the name of the experiment, then by component.

    Raises:
        UnknownNameError: if a parameter is unknown.
    """
    return {e.name: summed(channel_counts(e, at=at)) for e in experiments}


def channel_counts(
    experiment: Experiment, *, at: Mapping[str, float] | None = None
) -> dict[str, dict[str, float]]:
    """Expected counts in the analysis region by channel and component, before any fit.

    Args:
        experiment: from `cevns.experiments.load`.
        at: values of parameters of the interaction.

    Raises:
        UnknownNameError: if a parameter is unknown.

    Examples:
        >>> from cevns.experiments import load
        >>> counts = channel_counts(load("coherent-csi-2021"))
        >>> {channel: round(found["cevns"]) for channel, found in counts.items()}
        {'coherent-csi-2021': 331}
    """
    placed, held = place(experiment, at or {})
    model = placed.model(tuple(held) or "count")
    return model.totals_by_channel(model.parameters.at(held).values)


def _rate(experiment: Experiment, at: Mapping[str, float], points: int) -> Rate:
    placed, asked = place(experiment, at)
    held = {n: v for n, v in asked.items() if placed.interaction.parameters.has(n)}
    process, views = placed.interaction.kinematics, dict.fromkeys(placed.views.values())
    panels = [recoil_panels(v.source, v.material, kinematics=process) for v in views]

    def density_at(recoil_energy_kev: Array) -> Array:
        each = [v.exposure * v.recoil_density(recoil_energy_kev, held) for v in views]
        return np.asarray(np.sum(each, axis=0), dtype=float)

    if quantity_of(placed.interaction) == "count":
        grid, log, density = np.zeros(0), False, np.zeros((len(placed.fold.flavours), 0))
    else:
        grid, log = rate_energies(panels, lambda t: density_at(t).sum(axis=0), points)
        density = density_at(grid)
    by_flavour = dict(zip(placed.fold.flavours, density, strict=True))
    section, channels = placed.cross_section_cm2, channel_counts(experiment, at=at)
    expected = summed(channels)
    if held:
        section = flux_averaged_cross_section(
            placed.source,
            placed.material,
            interaction=placed.interaction,
            form_factor=placed.form_factor,
            values=held,
        ).mean_cm2
    return Rate(
        placed,
        grid,
        {**by_flavour, "total": density.sum(axis=0)},
        expected,
        channels,
        section,
        _per_kg_day(placed, expected),
        time_counts(experiment, at=at),
        log,
    )


def _per_kg_day(experiment: Experiment, expected: Mapping[str, float]) -> dict[str, float]:
    """Counts of signals of steady sources per kg and live day at full power."""
    declared, out = experiment.declaration, {}
    for name, signal in {SIGNAL: experiment, **experiment.further}.items():
        source = signal.source
        if not isinstance(source, SteadySource):
            continue
        share = 1.0 if signal.arrival is None else float(signal.arrival.live_share()[0])
        days = source.live_time_d * source.duty * share
        kg_days = days * sum(
            entry.exposure * experiment.power(entry, name) * declared.views[channel].target.mass
            for channel, entry in declared.entries.items()
        )
        strength = (
            experiment.signal_strength
            if name == SIGNAL
            else experiment.factors("components", name, "strength")
        )
        size = kg_days * experiment.nominal(strength)
        if size > 0.0:  # nothing can be told of what is switched off
            out[name] = expected.get(name, 0.0) / size
    return out
