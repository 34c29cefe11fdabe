"""``cevns rate``: recoil spectra and expected counts."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table

__all__ = ["rate"]


def rate(
    experiment: options.ExperimentName,
    points: Annotated[int, typer.Option(help="recoil energies in the spectrum", min=2)] = 200,
    data: options.DataFolder = None,
    set_field: options.SetField = None,
    json: options.Json = None,
) -> None:
    """Recoil spectrum by flavour (before efficiency) and expected counts in the region."""
    output = Output(json)
    result = options.load(experiment, data, set_field).rate(points=points)
    shown = table(f"expected counts in the analysis region: {result.title}", "component", "counts")
    for name, count in result.expected.items():
        shown.add_row(name, f"{count:.2f}")
    output.console.print(shown)
    spectrum = table(
        "recoil spectrum, counts/keVnr for the exposure, before efficiency",
        "T / keVnr",
        *result.rate_per_kev,
    )
    step = max(1, len(result.recoil_energy_kev) // 15)
    for i in range(0, len(result.recoil_energy_kev), step):
        spectrum.add_row(
            f"{result.recoil_energy_kev[i]:.2f}",
            *(f"{values[i]:.4g}" for values in result.rate_per_kev.values()),
        )
    output.console.print(spectrum)
    output.result(result.to_dict())
