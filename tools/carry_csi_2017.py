"""Regenerate the tables of the CsI[Na] 2017 measurement that the package carries.

    python tools/carry_csi_2017.py RELEASE_DIR [OUTPUT_DIR]

RELEASE_DIR holds the files of the release (arXiv:1804.09459, Zenodo 1228631). The tables hold the
region of the published likelihood in the format of `cevns.datasets.tables`; no released file is
copied.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import numpy as np

from carry_csi_2021 import write
from cevns.datasets import csi2017
from cevns.exceptions import CevnsError
from cevns.typing import Array

PE_EDGES: Array = np.linspace(6.0, 30.0, 13)
TIME_EDGES_US: Array = np.linspace(0.0, 6.0, 13)
HOME = Path(__file__).resolve().parents[1] / "src/cevns/experiments/catalogue" / csi2017.NAME

SOURCE = """\
Source: COHERENT Collaboration, "COHERENT Collaboration data release from the first observation of
coherent elastic neutrino-nucleus scattering", arXiv:1804.09459, doi:10.5281/zenodo.1228631.
Edition: Zenodo record 1228631, from {name} with sha256
{digest}.
Regenerate: python tools/carry_csi_2017.py RELEASE_DIR"""


def carry(release: Path, home: Path) -> None:
    """Write all tables of `release` into the folder `home`."""
    data = csi2017.load(release)

    def source(name: str) -> str:
        digest = hashlib.sha256((release / name).read_bytes()).hexdigest()
        return SOURCE.format(name=name, digest=digest)

    home.mkdir(parents=True, exist_ok=True)
    n_pe, n_time = len(PE_EDGES) - 1, len(TIME_EDGES_US) - 1
    write(
        home / "observed-counts.csv",
        "Observed events, beam on, coincident with the beam, in the region of the published\n"
        "likelihood. Steady-state background is not subtracted.",
        source(csi2017.COINCIDENT),
        "recoil energy edges in PE, recoil time edges in us, events",
        {
            "pe_low": np.repeat(PE_EDGES[:-1], n_time),
            "pe_high": np.repeat(PE_EDGES[1:], n_time),
            "time_low_us": np.tile(TIME_EDGES_US[:-1], n_pe),
            "time_high_us": np.tile(TIME_EDGES_US[1:], n_pe),
            "count": data.coincident.histogram(PE_EDGES, TIME_EDGES_US).ravel(),
        },
    )
    write(
        home / "ac-energy.csv",
        "Observed events, beam on, anti-coincident with the beam, 0 <= t < 6 us: the energy shape\n"
        "of the steady-state background.",
        source(csi2017.ANTICOINCIDENT),
        "recoil energy edges in PE, events",
        {
            "pe_low": PE_EDGES[:-1],
            "pe_high": PE_EDGES[1:],
            "count": data.anticoincident.histogram(PE_EDGES, [0.0, 6.0])[:, 0],
        },
    )
    time = data.anticoincident_time
    write(
        home / "ac-time.csv",
        "Observed events, beam on, anti-coincident with the beam, 6 <= PE < 30: times after the\n"
        "window opens, to 12 us.",
        source(csi2017.ANTICOINCIDENT),
        "recoil time edges in us, events",
        {"time_low_us": time.edges[:-1], "time_high_us": time.edges[1:], "count": time.content},
    )
    fine = np.arange(6.0, 31.0)
    write(
        home / "brn-pe.csv",
        "Prompt neutrons: spectrum in 7.47594 GWh, released per GWh, times the acceptance at the\n"
        "centre of each 1-PE bin, as the release prescribes. All times.",
        source("promptPDF.txt"),
        "recoil energy edges in PE, events",
        {
            "pe_low": fine[:-1],
            "pe_high": fine[1:],
            "content": data.accepted_neutron_pe.rebin(fine),
        },
    )
    write(
        home / "brn-time.csv",
        "Prompt neutrons: shape in recoil time, normalised to 1.",
        source("arrivalTimePDF_promptNeutrons.txt"),
        "recoil time edges in us, content",
        {
            "time_low_us": TIME_EDGES_US[:-1],
            "time_high_us": TIME_EDGES_US[1:],
            "content": data.neutrons.rebin(TIME_EDGES_US),
        },
    )


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except CevnsError as error:
        sys.exit(f"error: {error}")
