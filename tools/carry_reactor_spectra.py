"""Regenerate the tables of reactor antineutrino spectra that the package carries.

    python tools/carry_reactor_spectra.py SPECTRA_DIR [UNFOLDED_DIR] [OUTPUT_DIR]

SPECTRA_DIR holds transcriptions of published tables, one file an isotope: BESTIOLE, Huber,
Mueller, Silaeva, Kopeikin, Vogel and Engel. UNFOLDED_DIR holds the spectra that Daya
Bay unfolded (arXiv:2102.04614). The tables written are in a format of our own: antineutrinos per
fission and MeV by energy, an isotope a column.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np

from carry_csi_2021 import write
from cevns import files
from cevns.exceptions import CevnsError
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/sources/fission/tables"
ISOTOPES = ("u235", "u238", "pu239", "pu241")
BIN_MEV = 0.1
"""Bins of BESTIOLE, of 25 keV, are joined to bins of this width."""
VOGEL_ENGEL = {
    "u235": (0.870, -0.160, -0.0910),
    "u238": (0.976, -0.162, -0.0790),
    "pu239": (0.896, -0.239, -0.0981),
    "pu241": (0.793, -0.080, -0.1085),
}
"""ln S = a + b E + c E^2, E in MeV, from 2 MeV on (their equation 16)."""
UNITS = "energy in MeV, antineutrinos per fission and MeV"
AGAIN = "Regenerate: python tools/carry_reactor_spectra.py SPECTRA_DIR"


def numbers(path: Path) -> Array:
    """Rows of numbers, separated by commas or white space."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.replace(",", " ").split() for line in lines if line.strip()[:1].isdigit()]
    return np.array(rows, dtype=float)


def bins(path: Path) -> tuple[Array, Array]:
    """Centres and means of wider bins; the last one is filled up with zeros."""
    centre, value = numbers(path).T
    each = round(BIN_MEV / (centre[1] - centre[0]))
    padded = np.append(value, np.zeros(-len(value) % each)).reshape(-1, each)
    mean: Array = padded.mean(axis=1)
    return np.asarray(BIN_MEV * (np.arange(len(padded)) + 0.5)), mean


def carry(folder: Path, home: Path) -> None:
    """Write the tables of the calculated and converted spectra."""
    files.make_folder(home)
    write(
        home / "bestiole.csv",
        "BESTIOLE 2023: summation over fission products, mean of bins of 0.1 MeV at their centres.",
        "Source: L. Perisse et al., Phys. Rev. C 108, 055501 (2023), arXiv:2304.14992, ancillary\n"
        f"files; bins of 25 keV joined.\n{AGAIN}",
        UNITS,
        {"energy_mev": bins(folder / "bestiole_u235.txt")[0]}
        | {i: bins(folder / f"bestiole_{i}.txt")[1] for i in ISOTOPES},
    )
    decays = {i: bins(folder / f"bestiole_{i}.txt") for i in ("u239", "np239")}
    longest = max((d[0] for d in decays.values()), key=len)
    write(
        home / "capture.csv",
        "Beta decays of U-239 and Np-239 after the capture of a neutron on U-238: mean of bins of\n"
        "0.1 MeV at their centres, per decay.",
        "Source: L. Perisse et al., Phys. Rev. C 108, 055501 (2023), arXiv:2304.14992, ancillary\n"
        f"files; bins of 25 keV joined.\n{AGAIN}",
        "energy in MeV, antineutrinos per decay and MeV",
        {"energy_mev": longest}
        | {i: np.append(d, np.zeros(len(longest) - len(d))) for i, (_, d) in decays.items()},
    )
    huber = {i: numbers(folder / f"{i.title()}-anti-neutrino-flux-250keV.dat") for i in
             ("u235", "pu239", "pu241")}  # fmt: skip
    energy = huber["u235"][:, 0]
    mueller = numbers(folder / "mueller_u238.txt")
    u238 = mueller[(mueller[:, 0] >= 2.0) & (mueller[:, 0] <= 8.0)]
    assert np.array_equal(u238[:, 0], energy)
    write(
        home / "huber-mueller.csv",
        "Converted spectra: U-235, Pu-239, Pu-241 of Huber 2011, and U-238 of Mueller 2011.",
        "Source: P. Huber, Phys. Rev. C 84, 024617 (2011), arXiv:1106.0687, tables of 250 keV;\n"
        f"Th. Mueller et al., Phys. Rev. C 83, 054615 (2011), arXiv:1101.2663, table III.\n{AGAIN}",
        UNITS,
        {"energy_mev": energy, "u235": huber["u235"][:, 1], "u238": u238[:, 1]}
        | {i: huber[i][:, 1] for i in ("pu239", "pu241")},
    )
    columns = {"energy_mev": energy}
    for isotope, table in huber.items():
        minus, plus = table[:, 2:12:2], table[:, 3:12:2]
        half = (plus - minus) / 2.0
        # weak magnetism tilts the spectrum about 2.3 MeV: the columns are a straight line's size
        line = np.polyval(np.polyfit(energy[3:12], half[3:12, 3], 1), energy)
        columns |= {
            f"{isotope}_independent": np.hypot(plus[:, 0], plus[:, 1]),
            f"{isotope}_z": plus[:, 2] + minus[:, 2],  # one of the two is zero
            f"{isotope}_weak_magnetism": np.sign(line) * half[:, 3],
            f"{isotope}_normalisation": half[:, 4],
        }
    write(
        home / "huber-errors.csv",
        "Relative errors of Huber 2011 at one sigma. Statistics and bias, added in quadrature,\n"
        "are independent between energies and isotopes; of the others each is one pull for all\n"
        "of them: what one standard deviation adds, with the sign that it has at each energy.\n"
        "The released columns are envelopes; weak magnetism changes its sign at 2.3 MeV.",
        f"Source: P. Huber, Phys. Rev. C 84, 024617 (2011), arXiv:1106.0687.\n{AGAIN}",
        "energy in MeV, relative errors",
        columns,
    )
    silaeva = {i: numbers(folder / f"silaeva_{i}.txt") for i in ISOTOPES}
    write(
        home / "silaeva.csv",
        "Summation over fission products.",
        f"Source: S. V. Silaeva and V. V. Sinev, arXiv:2012.09917, tables.\n{AGAIN}",
        UNITS,
        {"energy_mev": silaeva["u235"][:, 0]} | {i: t[:, 1] for i, t in silaeva.items()},
    )
    total = numbers(folder / "kopeikin_spectrum.txt")
    write(
        home / "kopeikin.csv",
        "One spectrum of a power reactor, the capture of neutrons on U-238 included.",
        "Source: V. I. Kopeikin, Phys. Atom. Nucl. 75, 143 (2012), as it stands in public code;\n"
        "the reference is from memory.\n"
        f"{AGAIN}",
        UNITS,
        {"energy_mev": total[:, 0], "total": total[:, 1]},
    )
    vogel_engel(folder, home)


def vogel_engel(folder: Path, home: Path) -> None:
    """Their table below 2 MeV, whose energies double, by straight lines; then their polynomials."""
    lines = (folder / "vogel_engel_1989.txt").read_text(encoding="utf-8").splitlines()
    rows = {line.split()[0].split("(")[0]: np.array(line.split()[1:], float) for line in lines}
    names = dict(zip(ISOTOPES, ("U235", "U238", "P239", "P241"), strict=True))
    above = np.linspace(2.0, 10.0, 81)
    points = rows["E"][::-1]
    low = np.unique([np.linspace(a, b, 9) for a, b in pairwise(points)])[:-1]
    columns = {"energy_mev": np.concatenate([low, above])}
    for isotope, name in names.items():
        a, b, c = VOGEL_ENGEL[isotope]
        high = np.exp(a + b * above + c * above**2)
        columns[isotope] = np.concatenate([np.interp(low, points, rows[name][::-1]), high])
    write(
        home / "vogel-engel.csv",
        "Table below 2 MeV, with straight lines between its energies, which double; from there on\n"
        "exponentials of polynomials.",
        "Source: P. Vogel and J. Engel, Phys. Rev. D 39, 3378 (1989), table II and eq. 16; of the\n"
        f"coefficients, from memory, only those of U-235 were compared with public code.\n{AGAIN}",
        UNITS,
        columns,
    )


def carry_ratio(folder: Path, home: Path) -> None:
    """Write what Daya Bay measured over what Huber and Mueller predict, in their 25 bins."""
    from cevns.sources.fission.ibd import cross_section_cm2
    from cevns.sources.fission.tabulation import tabulated
    from cevns.sources.reactor_spectra.hm_bestiole import MODEL

    text = (folder / "daya_bay_2021_u235_pu239_total.txt").read_text(encoding="utf-8")
    table = text.split("# Total")[1]
    rows = [line.split() for line in table.splitlines()[2:27]]
    low, high, content, _ = np.array(rows, dtype=float).T
    mix = {"u235": 0.564, "u238": 0.076, "pu239": 0.304, "pu241": 0.056}
    spectrum = tabulated(MODEL)
    ratios = []
    for a, b, measured in zip(low, high, content, strict=True):
        energy = a + (b - a) * (np.arange(400) + 0.5) / 400
        s = sum(f * s for f, s in zip(mix.values(), spectrum.by_isotope(energy), strict=True))
        ratios.append(measured / np.mean(s * cross_section_cm2(energy) / 1e-43))
    write(
        home / "daya-bay-ratio.csv",
        "Unfolded spectrum of Daya Bay times the cross section of inverse beta decay, over the\n"
        "same of Huber and Mueller (BESTIOLE above 8 and below 2 MeV), in the measured bins. For\n"
        "fractions of fissions of 0.564 (U-235), 0.076 (U-238), 0.304 (Pu-239), 0.056 (Pu-241).",
        "Source: Daya Bay Collaboration, Chin. Phys. C 45, 073001 (2021), arXiv:2102.04614, "
        "supplement;\nthe ratio is ours.\n" + AGAIN.replace("DIR", "DIR UNFOLDED_DIR"),
        "edges in MeV, ratio",
        {"low_mev": low, "high_mev": high, "ratio": np.array(ratios)},
    )


def main() -> None:
    """Write what the folders on the command line hold."""
    folders = [Path(name) for name in sys.argv[1:]]
    if not folders:
        sys.exit(__doc__)
    home = folders[2] if len(folders) > 2 else HOME
    try:
        carry(folders[0], home)
        if len(folders) > 1:
            carry_ratio(folders[1], home)
    except (OSError, CevnsError) as error:
        sys.exit(f"carry_reactor_spectra: {error}")


if __name__ == "__main__":
    main()
