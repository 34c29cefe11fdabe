"""``cevns flux``, ``rate`` and ``predict``: fluxes, recoil spectra and counts, before any fit."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.output import Output, by_channel, table, written_alike
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from cevns.analysis.expected.fluxes import Emission
    from cevns.analysis.expected.recoil_rate import Rate
    from cevns.analysis.expected.time_counts import TimeCounts
    from cevns.experiments import Experiment

__all__ = ["flux", "predict", "rate"]

_TOTALS = {
    "fissions_per_s": "fissions per second",
    "antineutrinos_per_fission": "antineutrinos per fission",
    "mean_power_gw": "mean thermal power, GW",
}
_BEAM = {
    "exposure_gwh": "beam, GWh",
    "power_mw": "power, MW",
    "proton_energy_gev": "energy of the protons, GeV",
    "protons": "protons on target",
    "neutrinos_per_proton_and_flavour": "neutrinos per proton and flavour",
    "flux_of_a_flavour_cm2_s": "each flavour at full power, per cm2 and s",
}
_FLUX = "_cm2_s"
"""At the end of the name of a part of the flux."""


def flux(placed: options.Placed, output: Output) -> None:
    """Flux and fluence at the detector by species.

    Of a reactor, it is said what its flux is made of; of stopped pions, how
    much beam there is.
    """
    found = placed.study.flux(at=placed.values)
    for result in found.values():
        _show_emission(output.console, result.title, result.emission)
        for name, emission in result.components.items():
            _show_emission(output.console, f"{result.title}: {name}", emission)
    _write(output, {name: result.to_dict() for name, result in found.items()}, placed)


def rate(
    placed: options.Placed,
    figures: Figures,
    output: Output,
    points: Annotated[
        int, typer.Option(help="number of recoil energies in the spectrum", min=2)
    ] = 200,
) -> None:
    """Recoil spectrum by flavour and expected counts.

    The spectrum is before efficiency; counts are those in the analysis region.
    """
    from cevns.sources import SteadySource

    if figures.plots is not None and placed.at:
        raise InputError("--plots draws the experiment at its nominal couplings; omit --at")
    figures.prepare()
    study = placed.study
    found = study.rate(at=placed.values, points=points)
    for result in found.values():
        _show_counts(output.console, result.experiment, result.channels)
        for name, count in result.per_kg_day.items():
            of = result.experiment.whole_material.name
            source = result.experiment.source
            totals = source.totals if isinstance(source, SteadySource) else {}
            when = f"live day{_at_full_power(totals, ' at full power')}"
            output.console.print(f"{name}: {count:.4g} per kg of {of} and {when}")
        _show_times(output.console, result.times)
        _show_remark(output.console, result.experiment, placed.values)
        _show_spectrum(output.console, result)
    records = {name: result.to_dict() for name, result in found.items()}
    if figures.plots is not None:
        from cevns.report import prediction_figures

        drawn = figures.write_each(
            lambda: {e.name: prediction_figures(e) for e in study.experiments}
        )
        output.console.print(f"{sum(map(len, drawn.values()))} figures in {figures.plots}")
        for name, files in drawn.items():
            records[name]["figures"] = files
    _write(output, records, placed)


def predict(
    placed: options.Placed,
    output: Output,
) -> None:
    """Expected counts by component, before any fit.

    They are those in the analysis region.
    """
    from cevns.analysis.expected.recoil_rate import channel_counts, channel_records
    from cevns.analysis.expected.time_counts import time_counts
    from cevns.analysis.question import place
    from cevns.inference.model.expectation import summed

    records = {}
    for e in placed.study.experiments:
        channels = channel_counts(e, at=placed.values)
        there, times = place(e, placed.values)[0], time_counts(e, at=placed.values)
        _show_counts(output.console, e, channels)
        _show_times(output.console, times)
        _show_remark(output.console, there, placed.values)
        records[e.name] = {
            **there.provenance(),
            "expected": summed(channels),
            "channels": channel_records(channels, times),
        }
    _write(output, records, placed)


def _write(output: Output, records: Mapping[str, dict[str, Any]], placed: options.Placed) -> None:
    """The JSON, with what ``--at`` holds."""
    held = {"held": dict(placed.values)} if placed.values else {}
    each = {name: {**record, **held} for name, record in records.items()}
    one = len(each) == 1
    output.result(next(iter(each.values())) if one else {"experiments": each}, placed.study)


def _show_counts(
    console: Console, experiment: Experiment, channels: Mapping[str, Mapping[str, float]]
) -> None:
    from cevns.experiments.description import titles
    from cevns.experiments.questions import SIGNAL
    from cevns.inference.model.expectation import summed

    title, unit = experiment.title, experiment.unit
    declared = experiment.declaration
    # a reaction of some nuclides is no CEvNS, which the signal of a file is called otherwise
    own = {SIGNAL: experiment.interaction.name} if experiment.is_beside else {}
    called = titles(experiment)
    counted = unit == "events"
    what = "counts in the analysis region" if counted else f"value in {unit}"
    head = "counts" if counted else unit
    if len(channels) > 1:
        head += f" of all {len(channels)} channels"
    shown = table(f"expected {what}: {title}", "component", "what", head, left=2)
    for name, count in summed(channels).items():
        # a few events in two digits behind the point, far less than one in three figures
        shown.add_row(
            own.get(name, name),
            called.get(name, ""),
            f"{count:.2f}" if count == 0.0 or abs(count) >= 0.1 else f"{count:.3g}",
        )
    console.print(shown)
    if len(channels) > 1:
        console.print(by_channel(channels, "counts", ".2f"))
        for name, channel in declared.channels.items():
            if not channel.is_on:
                longer = declared.entries[name].exposure
                said = f", with {longer:g} times the exposure" if longer != 1.0 else ""
                console.print(f"{experiment.name}.{name} is counted without the source{said}")


def _show_times(console: Console, times: Mapping[str, TimeCounts]) -> None:
    """Counts against time, and per day or second, by which unequal bins are compared."""
    for channel, found in times.items():
        of = f": {channel}" if len(times) > 1 else ""
        columns = [f"{name}{per}" for name in found.expected for per in ("", f" / {found.unit}")]
        shown = table(f"expected counts against time{of}", f"time / {found.unit}", *columns)
        rates = found.per_unit
        for i, (begin, end) in enumerate(pairwise(found.edges)):
            cells = [f"{v[i]:.4g}" for name in rates for v in (found.expected[name], rates[name])]
            shown.add_row(f"{begin:g} to {end:g}", *cells)
        console.print(shown)


def _show_remark(
    console: Console, experiment: Experiment, values: Mapping[str, float] | None = None
) -> None:
    """How far results are to be trusted: an incomplete file, electrons, the way through the Sun.

    And which component has no events because its couplings are zero.
    """
    from cevns.experiments.remarks import remarks, uncoupled

    if experiment.declaration.missing:
        efficiency = experiment.declaration.detector.efficiency
        kinds = {c.kind for c in (efficiency.recoil, efficiency.energy, efficiency.time)}
        seen = ", with an efficiency of 1" if kinds == {"unity"} else ""
        console.print(
            f"note: these counts are not a prediction for what {experiment.name} sees: they are of "
            f"what stands in its file alone{seen}; {experiment.declaration.missing}"
        )
    for remark in (
        *remarks(experiment.physics),
        *uncoupled(experiment.own_processes, values or {}),
    ):
        console.print(f"note: {remark}")


def _show_spectrum(console: Console, result: Rate) -> None:
    from cevns.processes import quantity_of, signal_title

    if not result.recoil_energy_kev.size:  # a bare count
        return
    process = result.experiment.interaction
    quantity = quantity_of(process)
    recoil = quantity == "nuclear-recoil"
    spectrum = "recoil spectrum" if recoil else f"spectrum of {quantity.replace('-', ' ')}"
    mega = not recoil and result.recoil_energy_kev[-1] >= 1e4  # electrons of a charged current
    unit, letter = ("keVnr", "T") if recoil else ("MeV" if mega else "keV", "E")
    per_unit = 1e3 if mega else 1.0
    beside = ", of the file's own source" if result.experiment.declaration.components else ""
    on = [c for c in result.experiment.declaration.channels.values() if c.is_on]
    beside += ", summed over all channels" if len(on) > 1 else ""
    # the sum of one species is no column of its own
    columns = dict(result.rate_per_kev)
    if len(columns) == 2:
        columns.pop("total", None)
    shown = table(
        f"{spectrum} of {signal_title(process)}, counts/{unit} for the exposure, before "
        f"efficiency{beside}",
        f"{letter} / {unit}",
        *columns,
    )
    step = max(1, len(result.recoil_energy_kev) // 15)
    energies = result.recoil_energy_kev[::step] / per_unit
    digits = ".3g" if result.logarithmic else ".2f" if energies[-1] >= 5.0 else ".3f"
    written = [written_alike((per_unit * v[::step]).tolist()) for v in columns.values()]
    for energy, *cells in zip(energies.tolist(), *written, strict=True):
        shown.add_row(f"{energy:{digits}}", *cells)
    console.print(shown)


def _at_full_power(totals: Mapping[str, float], words: str) -> str:
    """The words, where a source has a power; the Sun has none."""
    return words if any("power" in name for name in totals) else ""


def _show_emission(console: Console, title: str, emission: Emission) -> None:
    steady = emission.flux_cm2_s
    head = f"per cm2 and s{_at_full_power(emission.totals, ', full power')}"
    rate = () if steady is None else (head,)
    columns = ("species", *rate, "per cm2 in the exposure", "mean energy, MeV")
    shown = table(f"at the detector: {title}", *columns)
    for name, fluence in emission.fluence_cm2.items():
        cells = [] if steady is None else [f"{steady[name]:.4g}"]
        shown.add_row(name, *cells, f"{fluence:.4g}", f"{emission.mean_energy_mev[name]:.3f}")
    console.print(shown)
    for name, value in emission.totals.items():
        unit = " /cm2/s, all species" if name.endswith(_FLUX) else ""
        said = _TOTALS.get(name, name.removesuffix(_FLUX).replace("_", " "))
        console.print(f"{said}: {value:.4g}{unit}")
    for name, value in emission.beam.items():
        console.print(f"{_BEAM[name]}: {value:.4g}")
    for name, value in emission.coupling.items():
        console.print(
            f"fluxes of a unit coupling, {name} = {value:.4g}; at another one they go with the "
            "square root of the number of events"
        )
