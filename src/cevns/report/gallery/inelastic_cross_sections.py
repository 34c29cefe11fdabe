"""Inelastic channels of neutrinos on nuclei, and their means at pion decay at rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from cevns.processes import process
from cevns.processes.inelastic.inelastic_channel import InelasticChannel
from cevns.rates import flux_averaged_cross_section
from cevns.records import VERSION
from cevns.report.drawing import style
from cevns.report.gallery_parts.carried_tables import Table
from cevns.sources import SNS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["figure", "table"]

BEAM: Final = SNS(distance_m=20.0, protons=1e23)
_CURVES: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "nue-pb208-cc-1n": ("Pb, 1 n", {"color": "#6f6f76"}),
    "nue-pb208-cc-2n": ("Pb, 2 n", {"color": "#6f6f76", "linestyle": (0, (5, 1.6))}),
    "nue-i127-cc": ("I", {"color": "#964a8b"}),
    "nue-fe56-cc": ("Fe", {"color": "#d98200"}),
    "nue-ar40-cc": ("Ar", {"color": "#3f8f5b"}),
    "nue-d-cc": ("d", {"color": "#2f5fb3"}),
    "nue-c12-cc": ("C", {"color": "#2f5fb3", "linestyle": (0, (5, 1.6))}),
    "nue-o16-cc": ("O", {"color": "#e42536"}),
}
# name, table, target, published (e-40 cm2), where
_ROWS: Final = (
    ("nue-d-cc", "", "H2", "0.52 ± 0.18", "LAMPF, from memory"),
    ("nue-o16-cc", "kolbe-2002", "O16", "", ""),
    ("nue-o16-cc", "snowglobes-2", "O16", "", ""),
    ("nue-c12-cc", "", "C12", "0.141 ± 0.023; 0.132 ± 0.014", "KARMEN; LSND, from memory"),
    ("nue-ar40-cc", "snowglobes", "Ar40", "", ""),
    ("nue-ar40-cc", "marley-2", "Ar40", "", ""),
    ("nue-ar40-cc", "klmv", "Ar40", "", ""),
    ("nue-ar40-cc", "marley-1", "Ar40", "", ""),
    ("nue-fe56-cc", "", "Fe56", "2.56 ± 1.16", "KARMEN, from memory"),
    ("nue-i127-cc", "measured", "I127", "9.2 +2.1 -1.8", "arXiv:2305.19594, taken over"),
    ("nue-i127-cc", "marley", "I127", "9.2 +2.1 -1.8", "arXiv:2305.19594"),
    ("nue-pb208-cc-1n", "", "Pb208", "", ""),
    ("nue-pb208-cc-2n", "", "Pb208", "", ""),
    ("nu-d-nc", "", "H2", "", ""),
    ("nu-o16-nc", "", "O16", "", ""),
    ("nu-c12-nc", "", "C12", "0.136", "KARMEN, from memory"),
    ("nu-ar40-nc", "kolbe", "Ar40", "", ""),
    ("nu-ar40-nc", "one-level", "Ar40", "", ""),
    ("nu-pb208-nc-1n", "", "Pb208", "", ""),
    ("nu-pb208-nc-2n", "", "Pb208", "", ""),
)


def table() -> Table:
    """Means at pion decay at rest; of neutral currents the sum of three flavours."""
    rows = []
    for name, which, target, published, where in _ROWS:
        channel = cast("InelasticChannel", process(name, table=which))
        found = flux_averaged_cross_section(BEAM, target, interaction=channel)
        total = 1e40 * sum(found.flavours.values())
        error = f"{100.0 * channel.relative_error:.0f} %"
        rows.append((name, channel.table, total, error, published, where))
    return Table(
        ("channel", "table", "here, 1e-40 cm²", "theory error", "measured", "by"),
        tuple(rows),
        (
            (
                "Charged-current cross sections are for nu_e. Neutral-current cross sections are "
                "the sum for nu_e, nu_mu and nubar_mu, to be multiplied by the fluence of one "
                "flavour."
            ),
            (
                "Events with neutrons in lead are 0.29 +0.17 -0.16 of a calculation with MARLEY "
                "(arXiv:2212.11295), whose mean is about 42e-40 cm² (from memory)."
            ),
        ),
        digits=3,
    )


@style.styled
def figure() -> Figure:
    """Charged currents of nu_e against the neutrino energy, tables by default."""
    figure, grid = style.panels(style.DOUBLE_IN, 3.4, 1, 1)
    axes, energy = grid[0, 0], np.linspace(2.0, 60.0, 581)
    for name, (label, look) in _CURVES.items():
        channel = cast("InelasticChannel", process(name))
        sigma = channel.tables[channel.table][0](energy)
        axes.plot(energy[sigma > 0.0], 1e40 * sigma[sigma > 0.0], label=label, **look)
    axes.axvline(52.83, color="#9a9aa2", linewidth=0.8)
    axes.set_yscale("log")
    axes.set_ylim(1e-4, 2e2)
    axes.set_xlim(0.0, 60.0)
    axes.set_xlabel("Neutrino energy [MeV]")
    axes.set_ylabel(r"$\sigma(\nu_e)$ per nucleus [$10^{-40}$ cm$^2$]")
    axes.legend(ncols=2, loc="lower right")
    note = f"the line is the end point of muon decay; cevns {VERSION}"
    style.caption(axes, "Charged currents of electron neutrinos", note)
    return figure
