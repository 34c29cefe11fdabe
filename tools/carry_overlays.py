"""Regenerate the curves of others that figures of the global fit draw.

    python tools/carry_overlays.py DATA_DIR

DATA_DIR holds ``overlays`` (its README says where the curves are from and under which licence).
Carried are those under the MIT licence, with its notice: limits on the dipole portal, COHERENT 2017
on light mediators, and stars on a vector of B-L. What a figure of the fit does not reach is left
out, and so are points without which a curve stays the same within half a dot of print.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

import numpy as np

from cevns.typing import Array
from table_files import numbers, simplified, write

NOTICE = (
    "Permission is hereby granted, free of charge, to any person obtaining a copy of this software",
    'and associated documentation files (the "Software"), to deal in the Software without',
    "restriction, including without limitation the rights to use, copy, modify, merge, publish,",
    "distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the",
    "Software is furnished to do so, subject to the following conditions: The above copyright",
    "notice and this permission notice shall be included in all copies or substantial portions of",
    'the Software. THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR',
    "IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A",
    "PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE",
    "LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR",
    "OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER",
    "DEALINGS IN THE SOFTWARE.",
)
DIPOLES = {  # label of the figure; closed: the border of what is excluded
    "lsnd": "LSND", "sk_atm_e": "Super-K", "charm2": "CHARM II", "nomad": "NOMAD",
    "miniboone": "MiniBooNE", "sk_atm_mu": "Super-K", "xenon1t_nr": "XENON1T",
    "borexino": "Borexino", "borexino_sk": "Borexino and Super-K", "lep_gz": "LEP",
    "sn1987a_top": "SN 1987A, above", "sn1987a_bottom": "SN 1987A, below",
}  # fmt: skip
MOMENTS, MASSES = (0.3, 1e4), (0.3, 50.0)
"""1e-10 mu_B and MeV of the figure."""
COUPLINGS, MEDIATORS = (1e-7, 0.1), (0.1, 1e3)


def rows(path: Path) -> list[dict[str, str]]:
    """Those of a table."""
    text = [t for t in path.read_text("utf-8").splitlines() if t and not t.startswith("#")]
    return list(csv.DictReader(text))


def drawn(points: Array, across: tuple[float, float], up: tuple[float, float]) -> Array:
    """Of a curve what a figure reaches, and one point beyond each side."""
    seen = (points[:, 0] >= across[0]) & (points[:, 0] <= across[1])
    seen &= (points[:, 1] >= up[0]) & (points[:, 1] <= up[1])
    near = np.convolve(seen, [1, 1, 1], "same") > 0
    return simplified(points[near], (across, up), (True, True)) if near.any() else points[near]


def lines(curves: Mapping[str, Iterable[Array]]) -> list[str]:
    """A file of curves."""
    out = list[str]()
    for label, pieces in curves.items():
        out += ["", f"# label: {label}"]
        for points in pieces:
            out += ["", *(numbers(*p) for p in points)]
    return out


def dipoles(data: Path) -> None:
    """Moments in 1e-10 mu_B by flavour."""
    curves = dict[str, list[Array]]()
    papers = list[str]()
    for (name, flavour, cl, paper), found in groupby(
        rows(data / "dipole-portal.csv"),
        key=lambda r: (r["limit"], r["flavour"], r["cl_percent"], r["source_arxiv"]),
    ):
        if name not in DIPOLES:
            continue
        points = np.array([[float(r["m4_MeV"]), 1e10 * float(r["mu_muB"])] for r in found])
        part = drawn(points, MASSES, MOMENTS)
        if len(part) > 1:
            curves.setdefault(f"{flavour}: {DIPOLES[name]}", []).append(part)
            papers.append(f"{DIPOLES[name]} ({flavour}, {cl} %): {paper}")
    write(
        "overlay-dipole",
        [
            "Limits of others on a dipole to a heavy neutral lepton, in 1e-10 mu_B: mu = 2 d.",
            *papers,
            "From the collection HNLimits, github.com/mhostert/Heavy-Neutrino-Limits at 8bcc041,",
            "digitised by its authors. MIT licence, copyright (c) the authors of HNLimits.",
            *NOTICE,
        ],
        ("m4", "dipole"),
        lines(curves),
        "DATA_DIR",
    )


def mediators(data: Path) -> None:
    """Couplings g, of COHERENT 2017 as sqrt(g_nu g_q), against mass in MeV."""
    curves = dict[str, list[Array]]()
    named = {"coherent2017_csi_zprime_universal": "universal", "coherent2017_csi_scalar": "scalar"}
    for name, found in groupby(
        rows(data / "coherent2017-light-mediators.csv"), key=lambda r: r["curve"]
    ):
        edges = dict[float, list[float]]()
        for r in found:
            edges.setdefault(float(r["mass_MeV"]), []).append(float(r["g2"]) ** 0.5)
        most = max(map(len, edges.values()))
        for k in range(most):  # edges of bands, from the lowest
            points = np.array([(m, sorted(g)[k]) for m, g in edges.items() if len(g) == most])
            curves.setdefault(f"{named[name]}: COHERENT 2017", []).append(
                drawn(points[points[:, 0] > 0.05], MEDIATORS, COUPLINGS)
            )
    for name, found in groupby(rows(data / "vector-bl-stellar.csv"), key=lambda r: r["limit"]):
        points = np.array([[1e-3 * float(r["mass_keV"]), float(r["g_BL"])] for r in found])
        label = f"B-L: {name.replace('_', ' ')}"
        # they are steep: a line through the last points on both sides of the figure's edge
        part = points[(points[:, 0] > 0.1) & (points[:, 1] > 1e-10)]
        if len(part) > 1:
            curves[label] = [part]
    write(
        "overlay-mediators",
        [
            "Curves of others on light mediators. COHERENT 2017: edges of what a counting analysis",
            "of CsI accepts at 90 % (2.706), from the grids of github.com/bradkav/CEvNS, 6adce96,",
            "arXiv:1805.01798; copyright (c) 2018 Bradley J. Kavanagh. Stars, B-L: AxionLimits,",
            "github.com/cajohare/AxionLimits, arXiv:2304.12907, thinned; copyright (c) 2019",
            "cajohare. Both under the MIT licence.",
            *NOTICE,
        ],
        ("mass", "coupling"),
        lines(curves),
        "DATA_DIR",
    )


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for carried in (dipoles, mediators):
        carried(Path(sys.argv[1]) / "overlays")
