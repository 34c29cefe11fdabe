"""What heavy water at the SNS sees in two years, and the error of the flux."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.experiments import load
from cevns.inference import asimov, fit
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]

_LOOKS: Final = {
    "cosmics": ("cosmic rays", "#b9b9c1"),
    "oxygen": (r"$\nu_e$ on oxygen", "#e9967a"),
    "cevns": (r"$\nu_e$ on deuterium", "#7f9fd4"),
}
_FREE: Final = "{free: 1.0, acts_on: component}"


def _error(years: float, changes: dict[str, str]) -> float:
    """Standard deviation of the flux from expected counts, without a prior, per cent."""
    over = {
        "parameters.sns.flux": _FREE,
        "source.years": f"{years:g}",
        **changes,
    }
    model = load("coherent-d2o", overrides=over).model(("sns.flux",))
    return 100.0 * fit(model, data=asimov(model), minos="none")["sns.flux"].error


def table() -> Table:
    """Errors of the flux after one to ten years of 5000 h at 1.4 MW."""

    def known(parameter: str, error: float) -> dict[str, str]:
        how = f"constraint: 1 +/- {error:g}" if error else "value: 1"
        return {f"parameters.{parameter}": f"{{{how}, acts_on: interaction}}"}

    two = {"target.mass": "1184 kg", "backgrounds.cosmics.rate": "41.86 +/- 0.84 /GWh"}
    cases = {
        "oxygen and deuterium known": known("o16_cc_scale", 0.0) | known("d_cc_scale", 0.0),
        "oxygen to 30 %": known("d_cc_scale", 0.0),
        "oxygen to 100 %": known("o16_cc_scale", 1.0) | known("d_cc_scale", 0.0),
        "oxygen to 30 %, deuterium to 2 %": {},
        "two modules": two,
        "two modules, deuterium to 3 %": {**two, **known("d_cc_scale", 0.03)},
    }
    years = (1, 2, 3, 5, 10)
    rows: list[tuple[str | float, ...]] = [
        (name, *(_error(y, changes) for y in years)) for name, changes in cases.items()
    ]
    note = "Per cent of the flux, with one module unless stated; no prior on the flux."
    return Table(("", *(f"{y} yr" for y in years)), tuple(rows), (note,), digits=2)


@style.styled
def figure() -> Figure:
    """Expected counts in the bins of the fit, stacked."""
    experiment = load("coherent-d2o")
    model = experiment.model("count")
    channel = model.channels[0]
    at = model.at(channel, model.parameters.values[:, None])
    counts = {c.name: at.component(i)[:, 0] for i, c in enumerate(channel.components)}
    edges = 1e-3 * experiment.energy_edges
    figure, grid = style.panels(style.DOUBLE_IN, 3.1, 1, 1)
    axes, below = grid[0, 0], np.zeros(edges.size - 1)
    for name, (label, colour) in _LOOKS.items():
        density = counts[name] / np.diff(edges)
        axes.stairs(
            below + density, edges, baseline=below, fill=True, color=colour, linewidth=0.0,
            label=f"{label}, {counts[name].sum():.0f}",
        )  # fmt: skip
        below = below + density
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0.0, 1.15 * below.max())
    axes.set_xlabel("Reconstructed energy of the electron [MeV]")
    axes.set_ylabel("Events [MeV$^{-1}$]")
    axes.legend(loc="upper right")
    style.caption(axes, "592 kg of heavy water at the SNS, two years", f"cevns {VERSION}")
    return figure
