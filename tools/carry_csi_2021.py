"""Regenerate the tables of the CsI[Na] 2021 measurement that the package carries.

    python tools/carry_csi_2021.py RELEASE_DIR [OUTPUT_DIR]

RELEASE_DIR holds the text files of the release (arXiv:2110.07730, ancillary files). The tables
are binned summaries in the format of `cevns.datasets.tables`; no released file is copied. Those of
the search up to 250 PE go into the folder OUTPUT_DIR-dm; its shapes in time are the same.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from cevns import files
from cevns.datasets import csi2021
from cevns.exceptions import CevnsError
from cevns.typing import Array

PE_EDGES = np.array([0, 8, 12, 16, 20, 24, 32, 40, 50, 60], dtype=float)
FINE_PE_EDGES = np.arange(61.0)
WIDE_PE_EDGES = np.concatenate([PE_EDGES, [80.0, 100.0, 130.0, 170.0, 250.0]])
TIME_EDGES_US = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])
# 1/16 us: every analysis edge is among them, and they are exact in binary
FINE_TIME_EDGES_US = np.arange(-4, 101) / 16.0
HOME = Path(__file__).resolve().parents[1] / "src/cevns/experiments/catalogue" / csi2021.NAME

SOURCE = """\
Source: COHERENT Collaboration, "Measurement of the Coherent Elastic Neutrino-Nucleus Scattering
Cross Section on CsI by COHERENT", PRL 129, 081801 (2022), arXiv:2110.07730, ancillary files.
Edition: arXiv v2{edition}, binned from {name} with sha256
{digest}.
Regenerate: python tools/carry_csi_2021.py RELEASE_DIR"""

TIME_NOTE = """\
Bins of 62.5 ns, in which the analysis bins are contained; a released 10-ns bin that is cut shares
its content by width. The efficiency in time is NOT applied: multiply inside these bins.
Released normalisation (events below 250 PE); use as a shape."""

PE_NOTE = """\
The efficiency in PE is applied. Released normalisation (sum below 60 PE is 1); use as a shape."""


def write(path: Path, title: str, source: str, units: str, columns: dict[str, Array]) -> None:
    """Write one table: what it is, where from, units, names, rows."""
    comment = f"{title}\n{source}\nColumns: {units}"
    lines = [f"# {line}" for line in comment.splitlines()] + [",".join(columns)]
    # ten digits: four more than the release prints, without the noise of binary sums
    lines += [",".join(f"{v:.10g}" for v in row) for row in zip(*columns.values(), strict=True)]
    files.write(path, "\n".join(lines) + "\n")


def source_of(release: Path, name: str, edition: str = "") -> str:
    """Where a table comes from, with the digest of the released file."""
    digest = hashlib.sha256((release / name).read_bytes()).hexdigest()
    return SOURCE.format(name=name, digest=digest, edition=edition)


def carry_energies(
    release: Path, data: csi2021.CsI2021, home: Path, edges: Array, fit: str
) -> None:
    """Write the counts and the shapes in energy, in the bins of a fit."""
    # copies in circulation hold the events below 6 us only, which is all that the fits use
    events = f" (events up to {data.coincident.time_us.max():.3f} us)"
    counts = data.coincident.histogram(edges, TIME_EDGES_US)
    n_pe, n_time = counts.shape
    write(
        home / "observed-counts.csv",
        f"Observed events coincident with the beam, in the bins of {fit}; a bin holds\n"
        "its lower edge and not its upper one. Steady-state background is not subtracted.",
        source_of(release, csi2021.COINCIDENT, events),
        "recoil energy edges in PE, recoil time edges in us, events",
        {
            "pe_low": np.repeat(edges[:-1], n_time),
            "pe_high": np.repeat(edges[1:], n_time),
            "time_low_us": np.tile(TIME_EDGES_US[:-1], n_pe),
            "time_high_us": np.tile(TIME_EDGES_US[1:], n_pe),
            "count": counts.ravel(),
        },
    )
    carry_anticoincident(release, data, home / "ac-energy.csv", edges)
    for name, words, energy in (
        ("brn", "Beam-related neutrons", data.brn_pe),
        ("nin", "Neutrino-induced neutrons", data.nin_pe),
    ):
        write(
            home / f"{name}-pe.csv",
            f"{words}: shape in recoil energy, in the bins of {fit}.\n{PE_NOTE}",
            source_of(release, f"{name}PE.txt"),
            "recoil energy edges in PE, content",
            {
                "pe_low": edges[:-1],
                "pe_high": edges[1:],
                "content": energy.rebin(edges),
            },
        )


def carry_anticoincident(release: Path, data: csi2021.CsI2021, path: Path, edges: Array) -> None:
    """Write the shape of the steady-state background in energy."""
    write(
        path,
        "Observed events anti-coincident with the beam, 0 <= t < 6 us: the energy shape of\n"
        "the steady-state background. A bin holds its lower edge and not its upper one.",
        source_of(
            release,
            csi2021.ANTICOINCIDENT,
            f" (events up to {data.coincident.time_us.max():.3f} us)",
        ),
        "recoil energy edges in PE, events",
        {
            "pe_low": edges[:-1],
            "pe_high": edges[1:],
            "count": data.anticoincident.histogram(edges, [0.0, 6.0])[:, 0],
        },
    )


def carry(release: Path, home: Path) -> None:
    """Write all tables of `release` into the folder `home` and into the one of the search."""
    data, wide = csi2021.load(release), home.with_name(f"{home.name}-dm")
    files.make_folder(home)
    files.make_folder(wide)
    carry_energies(release, data, home, PE_EDGES, "the published fit")
    carry_energies(release, data, wide, WIDE_PE_EDGES, "the search up to 250 PE")
    carry_anticoincident(release, data, home / "ac-energy-1pe.csv", FINE_PE_EDGES)
    for name, words, time in (
        ("brn", "Beam-related neutrons", data.brn_time),
        ("nin", "Neutrino-induced neutrons", data.nin_time),
    ):
        write(
            home / f"{name}-time.csv",
            f"{words}: shape in recoil time.\n{TIME_NOTE}",
            source_of(release, f"{name}Trec.txt"),
            "recoil time edges in us, content",
            {
                "time_low_us": FINE_TIME_EDGES_US[:-1],
                "time_high_us": FINE_TIME_EDGES_US[1:],
                "content": time.rebin(FINE_TIME_EDGES_US),
            },
        )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except CevnsError as error:
        sys.exit(f"error: {error}")
