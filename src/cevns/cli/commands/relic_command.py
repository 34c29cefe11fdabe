"""``cevns relic``: the coupling at which dark matter of the beam dump is all of dark matter."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from cevns.cli.terminal.output import Output, prepare_figure, table
from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.expected.relic_line import Relic

__all__ = ["relic"]

_UNITS: Final = {"m_chi": "MeV", "m_v": "MeV", "alpha_d": ""}
_ALPHA_D: Final = 0.5


def relic(
    output: Output,
    model: Annotated[
        list[str],
        typer.Option(
            metavar="NAME",
            help="dark-photon or leptophobic (scalar chi), also -dirac, -majorana, -pseudo-dirac; "
            "several for lines in one figure",
        ),
    ],
    at: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="m_chi=10MeV, m_v=30MeV, alpha_d=0.5 (default)"),
    ] = None,
    masses: Annotated[
        str | None,
        typer.Option(metavar="LIST|RANGE", help="of chi: 1MeV:300MeV:40:log, instead of m_chi"),
    ] = None,
    ratio: Annotated[
        float | None, typer.Option(metavar="R", help="m_v/m_chi, instead of m_v")
    ] = None,
    y_dm: Annotated[
        float | None,
        typer.Option("--y-dm", metavar="Y", help="also the relic density for this coupling"),
    ] = None,
    figure: Annotated[
        Path | None, typer.Option(metavar="FILE", help="write the figure, png, pdf or svg")
    ] = None,
) -> None:
    """The relic density of dark matter of a beam dump.

    A dark photon or a baryonic mediator makes it.
    """
    from cevns.analysis.expected.relic_line import relic as compute
    from cevns.cli.terminal.written_values import several

    prepare_figure(figure)
    values = _values(at)
    if (masses is None) == ("m_chi" not in values):
        raise InputError(
            "the mass of chi has no default: give --at m_chi=10MeV, or "
            "--masses 1MeV:300MeV:40:log, and not both"
        )
    points = [values["m_chi"]] if masses is None else several(masses, "MeV", "--masses", log=True)
    found = compute(
        list(dict.fromkeys(model)),
        points,
        alpha_d=values.get("alpha_d", _ALPHA_D),
        m_v_mev=values.get("m_v"),
        ratio=ratio,
        y_dm=y_dm,
    )
    _show(output.console, found)
    record: dict[str, Any] = found.to_dict()
    if figure is not None:
        from cevns.report import save

        save(found.plot(), figure)
        record["figure"] = str(figure)
        output.console.print(f"figure: {figure}", soft_wrap=True)
    output.result(record)


def _values(at: list[str] | None) -> dict[str, float]:
    """The ``--at`` options in MeV.

    Raises:
        UnknownNameError: if the point has no such parameter.
        InputError: if one is not NAME=VALUE or is given twice.
    """
    from cevns.units import quantity

    out: dict[str, float] = {}
    for text in at or ():
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise InputError(f"--at {text}: write NAME=VALUE, for example m_chi=10MeV")
        if name not in _UNITS:
            raise UnknownNameError("parameter of --at", name, _UNITS)
        if name in out:
            raise InputError(f"--at {text}: {name} is given twice; leave one out")
        out[name] = quantity(value, _UNITS[name], what=f"--at {name}")
    return out


def _show(console: Console, found: Relic) -> None:
    """A table of each model, and what is to be said of it."""
    for name, points in found.lines.items():
        first = points[0]
        coupling = first.model.portal.coupling
        given = any(p.given is not None for p in points)
        shown = table(
            f"{name}: Omega h^2 = 0.120 of chi with alpha_d = {first.pair.alpha_d:g}",
            "m_chi / MeV",
            "m_v / MeV",
            coupling,
            "y_dm",
            "x at freeze-out",
            *(["Omega h^2 at --y-dm", "chi then is"] if given else []),
            left=0,
        )
        for p in points:
            y = f"{p.y_dm:.3e}" if p.y_dm == p.y_dm else "none"
            cells = [f"{p.pair.m_chi_mev:.4g}", f"{p.pair.m_v_mev:.4g}", f"{p.coupling:.3e}", y]
            cells.append(f"{p.freeze_out_x:.1f}")
            if p.given is not None:
                cells += [f"{p.given.omega_h2:.3g}", p.given.verdict]
            shown.add_row(*cells)
        console.print(shown)
    for note in found.notes:
        console.print(f"note: {note}")
