"""``cevns supernova``: what a target sees of a supernova burst, and how far away it is seen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal.output import Output, prepare_figure, table
from cevns.cli.terminal.written_values import read_together
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.expected.burst_counts import BurstCounts
    from cevns.analysis.expected.burst_views import View

__all__ = ["supernova"]

_TIMES = "0.01,0.05,0.1,0.2,0.5,1,2,5,10"


def supernova(
    output: Output,
    target: Annotated[
        str,
        typer.Argument(
            metavar="TARGET|FILE", help="Xe, Ar, CsI, ..., or an experiment (name or YAML file)"
        ),
    ],
    distance: Annotated[
        str, typer.Option(metavar="QUANTITY", help="distance of the star, such as 10kpc")
    ],
    threshold: Annotated[
        str | None,
        typer.Option(metavar="QUANTITY", help="smallest nuclear recoil energy, such as 1keVnr"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="pinched (default), ls220-27, ls220-11.2, or in --file"),
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="your own burst: CSV, or with --loader a file of snewpy"),
    ] = None,
    loader: Annotated[
        str | None,
        typer.Option(
            metavar="CLASS", help="class of snewpy: reads --file, or is a model by itself"
        ),
    ] = None,
    burst: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE",
            help="of the pinched model: energies.nu_x=6e52erg, mean_energies.nu_e=11MeV, "
            "pinches.nubar_e=3, decay=3s; of a model of snewpy its parameters",
        ),
    ] = None,
    mass: Annotated[
        str | None, typer.Option(metavar="QUANTITY", help="mass of the target; default: 1t")
    ] = None,
    times: Annotated[
        str, typer.Option(metavar="LIST", help="times of the profile, s after the bounce")
    ] = _TIMES,
    form_factor: Annotated[
        str | None,
        typer.Option(
            "--form-factor", metavar="NAME", help="form factor for a target; default: helm"
        ),
    ] = None,
    couplings: Annotated[
        str | None,
        typer.Option(
            "--couplings", metavar="NAME", help="couplings for a target; default: scholberg2021"
        ),
    ] = None,
    axial: Annotated[
        bool | None, typer.Option(help="include the axial part; default for a target: not included")
    ] = None,
    background: Annotated[
        str | None,
        typer.Option(metavar="RATE", help="steady background above threshold, such as 1e-3/kg/d"),
    ] = None,
    window: Annotated[
        str, typer.Option(metavar="QUANTITY", help="time window in which events are counted")
    ] = "10s",
    sigmas: Annotated[float, typer.Option(help="significance at which a burst is detected")] = 5.0,
    figure: Annotated[
        Path | None, typer.Option(metavar="PATH", help="draw counts, times and significance")
    ] = None,
) -> None:
    """Recoils of a supernova burst in a target.

    Counts, times, and the distance at which it is detected.
    """
    from cevns.analysis.expected.burst_counts import burst_counts
    from cevns.files import expanded
    from cevns.sources.supernova import Supernova
    from cevns.units import quantity

    prepare_figure(figure)
    asked = {"couplings": couplings, "form_factor": form_factor, "axial": axial}
    given = {name: value for name, value in asked.items() if value is not None}
    numbers = read_together(
        {
            "mass": lambda: None if mass is None else quantity(mass, "kg", what="--mass"),
            "background": lambda: (
                None if background is None else quantity(background, "/kg/d", what="--background")
            ),
            "window": lambda: quantity(window, "s", what="--window"),
            "times": lambda: _times(times),
            "distance": lambda: quantity(distance, "kpc", what="--distance"),
            "burst": lambda: _burst(burst, by_snewpy=loader is not None and file is None),
            "view": lambda: _view(target, threshold, given),
        }
    )
    view, own_mass = numbers["view"]
    found = burst_counts(
        Supernova(
            distance_kpc=numbers["distance"],
            model=model,
            file=None if file is None else expanded(file),
            loader=loader,
            **numbers["burst"],
        ),
        view,
        mass_kg=own_mass if mass is None else numbers["mass"],
        times_s=numbers["times"],
        background_kg_d=numbers["background"],
        window_s=numbers["window"],
        sigmas=sigmas,
    )
    _show(output.console, found)
    if figure is not None:
        from cevns.report.figure_files import save
        from cevns.report.gallery_parts.burst_figures import burst_figure

        save(burst_figure(found), figure)
    output.result({**found.to_dict(), "inputs": _inputs(file, found)})


def _view(target: str, threshold: str | None, given: dict[str, Any]) -> tuple[View, float]:
    """What counts, and the mass if none is named."""
    from cevns.analysis.expected.burst_views import Bare, InDetector
    from cevns.experiments import catalogue, load
    from cevns.registry import canonical
    from cevns.units import quantity

    if canonical(target) in catalogue() or target.endswith((".yaml", ".yml")):
        if threshold is not None or given:
            raise InputError(
                f"{target} is an experiment, whose file says what it counts and by which couplings "
                "and form factor: leave out --threshold and what else belongs to a bare target"
            )
        seen = InDetector(load(target))
        return seen, seen.mass_kg
    if threshold is None:
        raise InputError("a target needs a threshold; give --threshold, for example 1keVnr")
    return Bare(target, quantity(threshold, "keVnr", what="--threshold"), **given), 1000.0


def _burst(burst: list[str] | None, *, by_snewpy: bool) -> dict[str, Any]:
    """What ``--burst`` says of the pinched model, or of a model of snewpy."""
    from cevns.units import quantity

    own: dict[str, Any] = {}
    units = {"energies": ("energies_erg", "erg"), "mean_energies": ("mean_energies_mev", "MeV")}
    units["pinches"] = ("pinches", "")
    for text in burst or ():
        key, equal, value = (part.strip() for part in text.partition("="))
        name, dot, species = key.partition(".")
        what = f"--burst {key}"
        if equal and by_snewpy:
            own.setdefault("choices", {})[key] = value
        elif equal and key == "decay":
            own["decay_s"] = quantity(value, "s", what=what)
        elif equal and dot and name in units:
            field, unit = units[name]
            own.setdefault(field, {})[species] = quantity(value, unit, what=what)
        else:
            raise InputError(
                f"--burst {text}: write decay=3s, or energies, mean_energies or pinches with a "
                "species, for example mean_energies.nu_x=16MeV"
            )
    return own


def _times(text: str) -> list[float]:
    try:
        times = [float(word.strip().removesuffix("s")) for word in text.split(",")]
    except ValueError:
        raise InputError(f"--times {text}: write seconds, for example {_TIMES}") from None
    return times


def _inputs(file: Path | None, found: BurstCounts) -> dict[str, Any]:
    """Files behind the result, with digests."""
    from cevns.analysis.expected.burst_views import InDetector
    from cevns.datasets.digests import sha256
    from cevns.files import expanded

    used = [] if file is None else [("burst", expanded(file))]
    if isinstance(found.view, InDetector):
        used.append(("experiment", found.view.experiment.path))
    files = [
        {"role": role, "name": path.name, "sha256": sha256(path)}
        for role, path in used
        if path.is_file()  # some loaders of snewpy want the begin of several names
    ]
    return {"origin": "none", "files": files, "warnings": []}


def _show(console: Console, found: BurstCounts) -> None:
    source, physics, threshold = found.source, found.view.physics, found.threshold_kevnr
    what = f"detector of {found.experiment}" if threshold is None else f"above {threshold:g} keVnr"
    shown = table(
        f"burst '{source.name}' at {source.distance_kpc:g} kpc: {found.view.material.name}, {what} "
        f"({physics['couplings']}, {physics['form_factor']}, axial part {physics['axial']})",
        "species",
        "energy, erg",
        "per cm2",
        "mean energy, MeV",
        "events per tonne",
    )
    fluences = [source.fluence_cm2(f) for f in source.flavours]
    means = [source.mean_energy_mev(f) for f in source.flavours]
    for f, fluence, mean in zip(source.flavours, fluences, means, strict=True):
        erg = source.energy_erg(f)
        shown.add_row(f, f"{erg:.3g}", f"{fluence:.5g}", f"{mean:.2f}", f"{found.per_tonne[f]:.3g}")
    shown.add_section()
    total = sum(fluences)
    mean = sum(a * b for a, b in zip(fluences, means, strict=True)) / total
    erg = sum(source.energy_erg(f) for f in source.flavours)
    shown.add_row(
        "all", f"{erg:.3g}", f"{total:.5g}", f"{mean:.2f}", f"{found.events_per_tonne:.3g}"
    )
    console.print(shown)
    if found.by_channel:
        channels = "; ".join(f"{name} {count:.3g}" for name, count in found.by_channel.items())
        console.print(f"events per tonne by channel: {channels}", soft_wrap=True)
    console.print(f"{found.events:.4g} events in {found.mass_kg:g} kg, for one burst")
    if found.cumulative:
        profile = table(
            "time after the bounce", "s", "share of the events", "events so far", left=0
        )
        for t, share in zip(found.times_s, found.cumulative, strict=True):
            profile.add_row(f"{t:g}", f"{share:.3f}", f"{share * found.events:.3g}")
        console.print(profile)
    else:
        console.print(
            "note: this model has no time structure; use --burst decay=3s, or another model"
        )
    if (d := found.detection) is not None:
        console.print(
            f"{d.signal:.4g} events over {d.background:.3g} in {d.window_s:g} s: "
            f"{d.significance:.3g} standard deviations (median); {d.count_needed} events are "
            f"detected at {d.sigmas:g}, with a probability of {d.probability:.3g}"
        )
        console.print(
            f"half of such bursts are detected at {d.sigmas:g} standard deviations up to "
            f"{d.reach_kpc:.3g} kpc, 90 % up to {d.sure_kpc:.3g} kpc"
        )
    for note in found.notes:
        console.print(f"note: {note}")
