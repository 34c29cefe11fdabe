"""Regenerate the tables of solar, atmospheric, relic, geo and reactor neutrinos that are carried.

    python tools/carry_sky.py SPECTRA_DIR INPUTS_DIR [OUTPUT_DIR]

SPECTRA_DIR holds files of two columns from cajohare/NeutrinoFog (``pp.txt``, ``8B.txt``,
``Atm.txt``, ...), INPUTS_DIR ``GeoU.txt``, ``GeoTh.txt``, ``GeoK.txt`` and ``Reactor.txt``.
The tables written are in a format of our own: fewer energies, between which straight lines stay
close to the original ones (`TOLERANCE`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from carry_csi_2021 import write
from cevns import files
from cevns.exceptions import CevnsError
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/sources/sky/tables"
TOLERANCE = 3e-4
"""Largest distance of a left-out point from the straight line, relative to the spectrum there..."""
FLOOR = 1e-4
"""... or to this share of its maximum, whichever is larger; some spectra fall steeply."""
AGAIN = "Regenerate: python tools/carry_sky.py SPECTRA_DIR INPUTS_DIR"
FOG = "Source: files of cajohare/NeutrinoFog (C. A. J. O'Hare, MIT licence: LICENSE-NeutrinoFog),\n"
BAHCALL = FOG + "from the tables of J. N. Bahcall; used in C. A. J. O'Hare, arXiv:2109.03116."
SOLAR = {
    "pp": ("pp", 0.42341, "pp: p + p -> d + e+ + nu_e"),
    "hep": ("hep", 18.784, "hep: 3He + p -> 4He + e+ + nu_e"),
    "8B": ("b8", None, "Decay of 8B"),
    "13N": ("n13", 1.199, "Decay of 13N"),
    "15O": ("o15", 1.732, "Decay of 15O"),
    "17F": ("f17", 1.740, "Decay of 17F"),
}
"""File, name here, end point that the file leaves out (the next point of its grid), and title."""


def numbers(path: Path) -> Array:
    """Energies and densities."""
    return np.loadtxt(path, delimiter=",").T


def kept(energy: Array, values: Array) -> Array:
    """Which points stay so that straight lines between them are close to all, ``(points,)``.

    Args:
        energy: increasing.
        values: of one or several curves, ``(curves, points)``.
    """
    scale = TOLERANCE * np.maximum(values, FLOOR * values.max(axis=1, keepdims=True))
    stay = np.zeros(energy.size, dtype=bool)
    stay[[0, -1]] = True
    waiting = [(0, energy.size - 1)]
    while waiting:
        a, b = waiting.pop()
        if b - a < 2:
            continue
        x = (energy[a + 1 : b] - energy[a]) / (energy[b] - energy[a])
        line = values[:, [a]] + (values[:, [b]] - values[:, [a]]) * x
        off = (np.abs(line - values[:, a + 1 : b]) / scale[:, a + 1 : b]).max(axis=0)
        if off.max() > 1.0:
            middle = a + 1 + int(np.argmax(off))
            stay[middle] = True
            waiting += [(a, middle), (middle, b)]
    return stay


def thinned(energy: Array, **columns: Array) -> dict[str, Array]:
    """A table with as many points as are needed, each curve with the integral that it had."""
    values = np.stack(list(columns.values()))
    stay = kept(energy, values)
    out = {"energy_mev": energy[stay]}
    for name, column in columns.items():
        whole = np.trapezoid(column, energy)
        out[name] = column[stay] * (whole / np.trapezoid(column[stay], energy[stay]))
    return out


def carry(spectra: Path, inputs: Path, home: Path) -> None:
    """Write all tables."""
    files.make_folder(home)
    for file, (name, end, title) in SOLAR.items():
        energy, density = numbers(spectra / f"{file}.txt")
        note = ""
        if end is not None:  # the last point of the original grid, where nothing is left
            energy, density = np.append(energy, end), np.append(density, 0.0)
            note = f"\nThe file ends one point before the end point: {end:g} MeV is added."
        write(
            home / f"{name}.csv",
            f"{title}: spectrum of the neutrinos, unit area.{note}",
            f"{BAHCALL}\n{AGAIN}",
            "energy in MeV, neutrinos per MeV",
            thinned(energy, density=density / np.trapezoid(density, energy)),
        )
    columns = {}
    for flavour in ("e", "ebar", "mu", "mubar"):
        energy, columns[flavour] = numbers(spectra / f"AtmNu_{flavour}.txt")
    names = {"e": "nu_e", "ebar": "nubar_e", "mu": "nu_mu", "mubar": "nubar_mu"}
    write(
        home / "atmospheric.csv",
        "Atmospheric neutrinos at Gran Sasso, 13 to 982 MeV, by flavour.",
        f"{FOG}a calculation with FLUKA (G. Battistoni et al., Astropart. Phys. 23, 526 (2005)).\n"
        f"{AGAIN}",
        "energy in MeV, neutrinos per cm2, second and MeV",
        thinned(energy, **{names[f]: c for f, c in columns.items()}),
    )
    energy, density = numbers(spectra / "Atm.txt")
    write(
        home / "atmospheric-all.csv",
        "Atmospheric neutrinos at Gran Sasso, 13 MeV to 10 GeV, all flavours together, unit area.",
        f"{FOG}used in C. A. J. O'Hare, arXiv:2109.03116.\n{AGAIN}",
        "energy in MeV, neutrinos per MeV",
        thinned(energy, density=density),
    )
    energy, density = numbers(spectra / "DSNB.txt")
    write(
        home / "dsnb.csv",
        "Diffuse neutrinos of past supernovae, all species, unit area: Fermi-Dirac spectra with\n"
        "T = 3, 5 and 8 MeV, redshifted.",
        f"{FOG}used in C. A. J. O'Hare, arXiv:2109.03116.\n{AGAIN}",
        "energy in MeV, neutrinos per MeV",
        thinned(energy, density=density),
    )
    for file, name, what in (
        ("GeoU", "geo-u", "the chain of U-238"),
        ("GeoTh", "geo-th", "the chain of Th-232"),
        ("GeoK", "geo-k", "K-40"),
    ):
        energy, density = numbers(inputs / f"{file}.txt")
        write(
            home / f"{name}.csv",
            f"Antineutrinos of {what} in the earth, unit area above 0.1 MeV, where the file\n"
            "begins.",
            f"{FOG}used in C. A. J. O'Hare, arXiv:2109.03116.\n{AGAIN}",
            "energy in MeV, antineutrinos per MeV",
            thinned(energy, density=density),
        )
    energy, density = numbers(inputs / "Reactor.txt")
    write(
        home / "reactors.csv",
        "Antineutrinos of the world's reactors at Gran Sasso, unit area.",
        f"{FOG}used in C. A. J. O'Hare, arXiv:2109.03116.\n{AGAIN}",
        "energy in MeV, antineutrinos per MeV",
        thinned(energy, density=density),
    )


def main() -> None:
    """Write what the folders on the command line hold."""
    folders = [Path(name) for name in sys.argv[1:]]
    if len(folders) < 2:
        sys.exit(__doc__)
    try:
        carry(folders[0], folders[1], folders[2] if len(folders) > 2 else HOME)
    except (OSError, CevnsError) as error:
        sys.exit(f"carry_sky: {error}")


if __name__ == "__main__":
    main()
