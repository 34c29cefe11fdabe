"""``cevns directions``: recoil angles, what a detector sees of them, what they add to a search."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.cli.terminal.named_source import named_facility, named_source
from cevns.cli.terminal.options import SkyPhysics
from cevns.cli.terminal.output import Output, prepare_figure, table
from cevns.cli.terminal.written_values import exposure_tonne_year, recoil_kevnr, several
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.directions import DirectionsRecord
    from cevns.detectors.framework.angular_response import AngularResponse
    from cevns.sources import Source

__all__ = ["directions"]

_FRAMES = ("galactic", "equatorial")
_YEAR_D = 365.25


def directions(
    output: Output,
    target: Annotated[
        str, typer.Argument(metavar="TARGET", help="He, F, Xe, CsI, He755(SF6)5, ...")
    ],
    *,
    source: Annotated[
        str, typer.Option(metavar="NAME", help="sun, sns, or the source of an experiment or file")
    ] = "sun",
    branch: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="of the sun: b8, hep, pp, ...; may be repeated"),
    ] = None,
    threshold: Annotated[
        list[str] | None,
        typer.Option(metavar="ENERGY", help="such as 1keVnr; may be repeated"),
    ] = None,
    resolution: Annotated[
        str, typer.Option(metavar="ANGLE|CSV", help="30deg, or a table of recoil energies")
    ] = "30deg",
    head_tail: Annotated[
        float,
        typer.Option("--head-tail", metavar="H", help="right with this probability, 0.5 to 1"),
    ] = 1.0,
    exposure: Annotated[
        str | None, typer.Option(metavar="EXPOSURE", help="such as 10tyr; of steady sources")
    ] = None,
    bins: Annotated[int, typer.Option(metavar="N", help="of the cosine")] = 20,
    masses: Annotated[
        str | None,
        typer.Option(metavar="LIST|RANGE", help="of WIMPs, for limits with directions and without"),
    ] = None,
    physics: SkyPhysics,
    date: Annotated[
        str | None, typer.Option(metavar="DATE", help="of the map; else the mean of a year")
    ] = None,
    coordinates: Annotated[str, typer.Option(metavar="NAME", help="galactic or equatorial")] = (
        "galactic"
    ),
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="cosines and plane, png, pdf or svg")
    ] = None,
    sky_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="recoils on the sky, of the sun")
    ] = None,
) -> None:
    """Recoil angles, as they are and as measured.

    With them go the events that are needed against isotropy.
    """
    from cevns.analysis.directions import (
        DirectionalCase,
        DirectionsRecord,
        Limits,
        MeasuredDirections,
    )
    from cevns.analysis.directions.sky_maps import YEAR_OF_DAYS
    from cevns.analysis.fog import fog_target, window_of
    from cevns.processes import interaction
    from cevns.rates.recoil_angles import RecoilAngles
    from cevns.sources.sky.sky_positions import days_since_j2000

    for file, name in ((plot, "--plot"), (sky_map, "--map")):
        prepare_figure(file, name)
    if date is not None and sky_map is None:
        raise InputError("--date is of the map of the sky; give --map FILE, or leave it out")
    if coordinates not in _FRAMES:
        raise InputError(f"--coordinates {coordinates}: write {' or '.join(_FRAMES)}")
    thresholds = [recoil_kevnr(x, "--threshold") for x in threshold or ("0keVnr",)]
    response = _response(resolution, head_tail)
    made = _source(source, branch, physics.fluxes)
    said, scale, tonne_year = _exposure(made, source, exposure)
    process = interaction("standard-model", couplings=physics.couplings, axial=physics.axial)
    angles = RecoilAngles(
        made, target, 1000.0, interaction=process, form_factor=physics.form_factor
    )
    found = MeasuredDirections(angles, thresholds, response, bins)
    limits = None
    if masses is not None:
        if source.casefold() != "sun":
            raise InputError(
                "--masses: limits on WIMPs are those beside the sun; leave out --source"
            )
        # conventions of the fog, its window from the threshold on
        case = physics.case(fog_target(target), window_of(threshold_kev=thresholds[0] or None))
        limits = Limits(
            DirectionalCase(case, found.response, found.bins),
            tonne_year,
            several(masses, "GeV", "--masses", log=True),
        )
    record = DirectionsRecord(
        found,
        source,
        said,
        scale,
        {
            "couplings": physics.couplings,
            "form_factor": physics.form_factor,
            "axial": "included" if physics.axial else "left out",
            **(
                {"fluxes": physics.fluxes, "branches": list(branch or ("all",))}
                if source == "sun"
                else {}
            ),
        },
        limits,
        YEAR_OF_DAYS if date is None else (days_since_j2000(date),),
        "galactic" if coordinates == "galactic" else "equatorial",
    )
    _show(output.console, record)
    out = record.to_dict()
    for file, name, draw in (
        (plot, "figure", record.plot),
        (sky_map, "map", record.plot_map),
    ):
        if file is not None:
            from cevns.report import save

            save(draw(), file)
            out[name] = str(file)
            when = f" ({record.when})" if name == "map" else ""
            output.console.print(f"{name}: {file}{when}", soft_wrap=True)
    output.result(out)


def _response(resolution: str, head_tail: float) -> AngularResponse:
    """The angular response that the options say."""
    from dataclasses import replace

    from cevns.detectors.framework.angular_response import AngularResponse, angular_table

    text = resolution.strip()
    number = text.removesuffix("degrees").removesuffix("deg").strip()
    try:
        sigma = float(number)
    except ValueError:
        if not text.casefold().endswith(".csv"):
            raise InputError(
                f"--resolution {resolution}: write an angle such as 30deg, or the path of a CSV"
            ) from None
        return replace(angular_table(text), head_tail=head_tail)
    if number == text:
        raise InputError(f"--resolution {resolution}: a number without a unit; write {text}deg")
    return AngularResponse(sigma, head_tail)


def _source(name: str, branch: list[str] | None, fluxes: str) -> Source:
    """The sun for a year, or another source."""
    if name.casefold() != "sun":
        if branch:
            raise InputError(f"--branch is of the sun, and the source is {name}; leave one out")
        _refuse_all_sides(name)
        return named_source(name)
    from cevns.sources.sky.solar_fluxes import BRANCHES, named_fluxes
    from cevns.sources.sun import Sun

    name, file = named_fluxes(fluxes)
    return Sun(
        _YEAR_D,
        branches=tuple(branch) if branch else BRANCHES,
        fluxes=name,
        fluxes_file=file,
    )


def _refuse_all_sides(name: str) -> None:
    """Refuse a source without a direction by its name, whatever settings it would need."""
    from cevns import registry
    from cevns.analysis.directions.measured_directions import from_all_sides

    if registry.canonical(name) in registry.shipped("cevns.sources"):
        model = registry.load("cevns.sources", "source", name).MODEL
        if isinstance(model, type) and from_all_sides(model):
            raise InputError(
                f"--source {name}: these neutrinos come from all sides: their recoils point "
                "nowhere; take the sun, a beam or a reactor"
            )


def _exposure(source: Source, name: str, exposure: str | None) -> tuple[str, float, float]:
    """What the counts are for, their factor for a tonne, and tonne years."""
    from cevns.nuclear.checks import positive
    from cevns.sources import SteadySource

    if not isinstance(source, SteadySource):
        if exposure is not None:
            raise InputError(
                f"--exposure: the counts of {name} follow its protons, not its time; leave it out"
            )
        said = f"the exposure of {name}"
        if name.casefold() == "sns":
            said = "1e23 protons at 20 m"
        elif named_facility(name) is not None:
            said = f"a year of {name} at 20 m"
        return f"a tonne and {said}", 1.0, math.nan
    wanted = 1.0 if exposure is None else exposure_tonne_year(exposure, "--exposure")
    positive("--exposure in t yr", wanted)
    return f"{wanted:g} t yr", wanted * _YEAR_D / source.live_time_d, wanted


def _show(console: Console, record: DirectionsRecord) -> None:
    """The conventions, the moments, the histograms and the limits."""
    found = record.found
    physics = record.physics
    beside = f", fluxes {physics['fluxes']}" if "fluxes" in physics else ""
    for line in (
        f"recoil directions of {found.angles.material.name}, source {record.source}{beside}",
        f"{physics['couplings']}, {physics['form_factor']}, axial part {physics['axial']}",
        f"angular resolution {found.response.said}, head-tail {found.response.head_tail:g}",
    ):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    shown = table(
        f"cosine to the neutrinos' direction; counts of {record.exposure}",
        "T > / keVnr", "counts", "<c>", "<c2>", "median / deg", "peak c", "c > 0.9",
        "<c> seen", "<|c|> seen", "N vectors", "N axes", left=0,
    )  # fmt: skip
    for each in found.above:
        ideal, needed = each.angles, each.events_needed
        shown.add_row(
            f"{ideal.threshold_kev:g}", f"{record.scale * each.total:.4g}", f"{ideal.mean():.3f}",
            f"{ideal.mean(2):.3f}", f"{ideal.median_deg:.1f}", f"{ideal.peak:.3f}",
            f"{ideal.above(0.9):.3f}", f"{each.mean:.3f}", f"{each.axial_mean:.3f}",
            _events(needed["vectors"]), _events(needed["axes"]),
        )  # fmt: skip
    console.print(shown)
    console.print(
        "N: events for 3 sigma against isotropy, no background; vectors by the mean cosine, axes "
        "by its absolute value",
        soft_wrap=True,
    )
    columns = [f"T > {each.angles.threshold_kev:g} keV" for each in found.above]
    histogram = table("measured counts by cosine", "from", "to", *columns, left=0)
    for k in range(found.bins):
        cells = [f"{record.scale * each.measured_counts[k]:.4g}" for each in found.above]
        histogram.add_row(f"{found.edges[k]:.2f}", f"{found.edges[k + 1]:.2f}", *cells)
    console.print(histogram)
    if record.limits is not None:
        case = record.limits.case.case
        nuclides = ", ".join(x.name for x in case.material.nuclides)
        limits = table(
            f"3 sigma discovery limits, {record.limits.exposure_tonne_year:g} t yr of {nuclides}, "
            f"{case.window.low_kev:g} to {case.window.high_kev:g} keVnr, halo {case.dark.name}",
            "m / GeV", "with directions, cm2", "energies alone, cm2", "ratio", left=0,
        )  # fmt: skip
        for row in record.limits.rows():
            limits.add_row(
                f"{row['mass_gev']:.4g}",
                f"{row['with_directions_cm2']:.3e}",
                f"{row['energies_alone_cm2']:.3e}",
                f"{row['ratio']:.3f}",
            )
        console.print(limits)


def _events(number: float) -> str:
    if not math.isfinite(number) or number > 1e9:
        return "none"
    return f"{number:.1f}" if number < 100 else f"{number:.4g}"
