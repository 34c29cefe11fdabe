"""``cevns fog``: the neutrino floor of a target, discovery limits, and maps of the fog."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from cevns.cli.terminal.options import SkyPhysics
from cevns.cli.terminal.output import Output, prepare_figure, table
from cevns.cli.terminal.written_values import exposure_tonne_year, recoil_kevnr, several
from cevns.exceptions import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.fog import NeutrinoFog
    from cevns.processes.dark_matter.wimp_nucleus import Nucleon
    from cevns.typing import Array

__all__ = ["fog"]

_MASSES = "0.5GeV:1000GeV:200:log"
_ROWS = 40
"""Masses that a table shows; all are in the JSON."""
_COLUMNS = 5
"""Exposures of one table, so that it fits 80 columns."""


def fog(
    output: Output,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Xe, Ge, NaI, CaWO4, Xe132, ...")],
    *,
    masses: Annotated[
        str, typer.Option(metavar="LIST|RANGE", help="5.5GeV,50GeV or 0.5GeV:1000GeV:200:log")
    ] = _MASSES,
    physics: SkyPhysics,
    day: Annotated[
        float | None, typer.Option(metavar="DAY", help="of the year, for the Earth's speed")
    ] = None,
    threshold: Annotated[
        str | None, typer.Option(metavar="ENERGY", help="lower edge, such as 1keVnr")
    ] = None,
    upper_edge: Annotated[
        str, typer.Option("--upper-edge", metavar="ENERGY", help="of the recoil energies")
    ] = "200keVnr",
    bins: Annotated[int, typer.Option(metavar="N", help="of the recoil energy")] = 100,
    efficiency: Annotated[
        str | None,
        typer.Option(metavar="VALUE|CSV", help="0.8, 80%, or a table x,efficiency in keVnr"),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(metavar="EXPERIMENT", help="whose efficiency and threshold: name or file"),
    ] = None,
    natural: Annotated[
        bool, typer.Option("--natural", help="natural composition instead of one nuclide")
    ] = False,
    spin: Annotated[
        str | None,
        typer.Option(metavar="NUCLEON", help="WIMPs that see the spin of the proton or neutron"),
    ] = None,
    exposure: Annotated[
        list[str] | None,
        typer.Option(metavar="EXPOSURE", help="discovery limits at 10tyr,100tyr"),
    ] = None,
    index_map: Annotated[
        bool, typer.Option("--map", help="the index over masses and cross sections")
    ] = False,
    cross_sections: Annotated[
        str | None,
        typer.Option(
            "--cross-sections", metavar="LOW:HIGH:N", help="of the map, 1e-50cm2:1e-43cm2:80"
        ),
    ] = None,
    billard: Annotated[
        bool, typer.Option("--billard", help="also the floor of arXiv:1307.5458")
    ] = False,
    one_event: Annotated[
        bool, typer.Option("--one-event", help="also the line of one neutrino")
    ] = False,
    limits: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME|CSV|DIR", help="curves over the figure, lz_2024 of CEVNS_DATA"),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the figure, png, pdf or svg")
    ] = None,
) -> None:
    """The neutrino floor and discovery limits of a target.

    The floor is where errors of neutrino fluxes end the search for dark matter.
    """
    from cevns.analysis.fog import fog_target, limit_curves, neutrino_fog, window_of
    from cevns.sources.beams.dark_halo import read_halo

    if limits and figure is None:
        raise InputError("--limits: these curves are drawn in the figure alone; give --figure FILE")
    if cross_sections is not None and not index_map:
        raise InputError("--cross-sections are those of the map; add --map, or leave them out")
    prepare_figure(figure)
    points = several(masses, "GeV", "--masses", log=True)
    seasonal = {} if day is None else {"halo": read_halo(physics.halo).on_day(day)}
    window = window_of(
        threshold_kev=None if threshold is None else recoil_kevnr(threshold, "--threshold"),
        upper_kev=recoil_kevnr(upper_edge, "--upper-edge"),
        bins=bins,
        efficiency=efficiency,
        detector=detector,
    )
    case = physics.case(
        fog_target(target, natural=natural), window, spin=cast("Nucleon | None", spin), **seasonal
    )
    overlays = [curve for name in limits or () for curve in limit_curves(name)]
    found = neutrino_fog(
        case,
        points,
        exposures_tonne_year=[
            exposure_tonne_year(x, "--exposure")
            for given in exposure or ()
            for x in given.split(",")
        ],
        with_map=index_map,
        cross_section_cm2=None
        if cross_sections is None
        else several(cross_sections, "cm2", "--cross-sections", log=True),
        with_billard=billard,
        with_one_event=one_event,
        overlays=overlays,
    )
    _show(output.console, found)
    record: dict[str, Any] = found.to_dict()
    record["inputs"] = {
        "origin": "none",
        "files": _files(
            {"fluxes": _file_of(physics.fluxes), "efficiency": [efficiency], "limits": limits or ()}
        )
        + _experiment(detector),
        "warnings": [],
    }
    if figure is not None:
        from cevns.report import save

        save(found.plot(), figure)
        record["figure"] = str(figure)
        output.console.print(f"figure: {figure}", soft_wrap=True)
    output.result(record)


def _file_of(fluxes: str) -> list[str | None]:
    """The table among named fluxes."""
    from cevns.sources.sky.solar_fluxes import named_fluxes

    file = named_fluxes(fluxes)[1]
    return [] if file is None else [str(file)]


def _files(given: dict[str, Iterable[str | None]]) -> list[dict[str, str]]:
    """Files among what options name, by role, with their digests."""
    from cevns.datasets.digests import sha256
    from cevns.files import expanded

    paths = [(role, expanded(x)) for role, texts in given.items() for x in texts if x]
    return [
        {"role": role, "name": path.name, "sha256": sha256(path)}
        for role, path in paths
        if path.is_file()
    ]


def _experiment(name: str | None) -> list[dict[str, str]]:
    """The file of the detector."""
    if name is None:
        return []
    from cevns.experiments import load

    return _files({"detector": [str(load(name).path)]})


def _table(
    console: Console, title: str, mass: Array, columns: dict[str, Array], picked: list[int]
) -> None:
    """Rows of some masses."""
    shown = table(title, "m / GeV", *columns, left=0)
    for k in picked:
        cells = [f"{v[k]:.3e}" if math.isfinite(v[k]) else "none" for v in columns.values()]
        if "M / t yr" in columns and cells[-1] != "none":
            cells[-1] = f"{columns['M / t yr'][k]:.3g}"
        shown.add_row(f"{mass[k]:.4g}", *cells)
    console.print(shown)


def _energy(kev: float) -> str:
    return f"{1e3 * kev:.4g} eV" if kev < 1.0 else f"{kev:.4g} keV"


def _show(console: Console, found: NeutrinoFog) -> None:
    """Conventions and the table."""
    said = found.case.conventions()
    halo = said["halo"]
    sun = said["neutrinos"].get("b8", {"flux_cm2_s": math.nan, "relative_error": math.nan})
    nuclides = ", ".join(said["nuclides"][:4]) + (", ..." if len(said["nuclides"]) > 4 else "")
    low, high = said["window_kevnr"]
    v0, escape, lab = (halo[f"{name}_km_s"] for name in ("v0", "v_escape", "v_lab"))
    speeds = f"v0 {v0:.1f}, v_esc {escape:g}, v_lab {lab:.1f} km/s"
    boron = f"8B {sun['flux_cm2_s']:.3g} /cm2/s +- {100.0 * sun['relative_error']:.3g} %"
    lines = (
        f"neutrino fog of {said['target']} ({nuclides})",
        f"halo {halo['name']}: {halo['density_gev_cm3']:g} GeV/cm3, {speeds}",
        f"fluxes {said['fluxes']}: {boron}, {len(said['neutrinos'])} components",
        f"{said['bins']} bins, {low:.4g} to {high:.4g} keVnr; efficiency {said['efficiency']}",
        f"{said['couplings']}, {said['form_factor']}, axial part {said['axial']}, no resolution",
        f"WIMPs: {said['wimp']}",
    )
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False, markup=False)
    mass = found.floor.mass_gev
    size = mass.size
    step = (size - 1) / (_ROWS - 1)
    picked = sorted({round(k * step) for k in range(_ROWS)}) if size > _ROWS else list(range(size))
    columns = {"floor / cm2": found.floor.cross_section_cm2}
    if found.billard is not None:
        columns["Billard / cm2"] = found.billard.curve.cross_section_cm2
    if found.one_event is not None:
        columns["one event / cm2"] = found.one_event.cross_section_cm2
    columns["M / t yr"] = found.floor.exposure_tonne_year
    _table(console, "largest cross section with n = 2", mass, columns, picked)
    limits = [(f"{x:g} t yr", c.cross_section_cm2) for x, c in found.limits.items()]
    for k in range(0, len(limits), _COLUMNS):
        part = dict(limits[k : k + _COLUMNS])
        _table(console, "discovery limits, 3 sigma in the median, cm2", mass, part, picked)
    if size > _ROWS:
        console.print(f"{len(picked)} of {size} masses; all of them with --json")
    if found.billard is not None:
        low, high = found.billard.exposures_tonne_year
        light, heavy = (_energy(x) for x in found.billard.thresholds_kev)
        console.print(
            f"Billard: 90 % of experiments reach 3 sigma with 500 neutrinos: {low:.3g} t yr from "
            f"{light}, {high:.4g} t yr from {heavy}, joined at 10 GeV; flux errors of "
            "arXiv:1307.5458; between 10 and 13 GeV the published curve, of xenon, is up to "
            "260 times higher",
            soft_wrap=True,
        )
    if found.one_event is not None:
        console.print("one event: 2.3 WIMPs where one neutrino is expected, best threshold")
    if found.index_map is not None:
        shape = found.index_map.index.shape
        console.print(f"map of the index: {shape[1]} masses, {shape[0]} cross sections")
