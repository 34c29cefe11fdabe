"""Regenerate the tables of XENONnT's search for solar 8B that the package carries.

    python tools/carry_xenonnt.py RELEASE_DIR [OUTPUT_DIR]

RELEASE_DIR holds the release XENONnT/cevns_data_release (CC BY 4.0): ``data/sr*.csv``,
``binning/sr*.yaml``, and its templates packed into ``packed_templates.npz``. What is written is in
our own format: the events in the 81 bins of each run, backgrounds as tables, and the templates of
recoils with half precision, which changes what is expected of any spectrum by less than 1e-4
(`tests/experiments/test_xenonnt.py`).
"""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from carry_csi_2021 import write
from cevns import files
from cevns.exceptions import CevnsError
from cevns.experiments.declaration.document import parse
from cevns.morphing import steps
from cevns.typing import Array

HOME = Path(__file__).resolve().parents[1] / "src/cevns/experiments/catalogue" / "xenonnt-2026"
RUNS = ("sr0", "sr1", "sr2")
AXES = ("cs2", "s2_shadow_s2_time_shadow_quantile", "s1_bdt_score", "s2_bdt_score")
WHENCE = """\
Source: XENON Collaboration, XENONnT/cevns_data_release, commit 60d230d,
doi:10.5281/zenodo.20576156, licensed CC BY 4.0; changed here: {change}.
Papers: arXiv:2408.02877, arXiv:2409.17868, arXiv:2604.06002.
File: {name}, sha256 {digest}
Regenerate: python tools/carry_xenonnt.py RELEASE_DIR"""


def whence(path: Path, change: str) -> str:
    """Where a table comes from, with its digest, the licence and what was changed."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return WHENCE.format(name=path.name, digest=digest, change=change)


def counted(events: Path, binning: Path) -> Array:
    """Events in the bins of a run, ``(81,)``: the last of the four observables is the fastest."""
    edges = parse(binning).values
    header = events.read_text(encoding="utf-8").splitlines()[0].split(",")
    rows = np.loadtxt(events, delimiter=",", skiprows=1)
    points = rows[:, [header.index(axis) for axis in AXES]]
    counts, _ = np.histogramdd(points, [np.asarray(edges[axis], dtype=float) for axis in AXES])
    if counts.sum() != len(rows):
        raise SystemExit(f"error: {events}: an event is outside of the bins")
    return counts.ravel()


def pack(path: Path, arrays: dict[str, Any]) -> None:
    """Write an archive that ``numpy.load`` reads, smaller than NumPy's own and always the same."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_LZMA
            with archive.open(entry, "w") as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)


def carry(release: Path, home: Path) -> None:
    """Write all tables into the folder `home`."""
    files.make_folder(home)
    packed = release / "packed_templates.npz"
    with np.load(packed) as archive:
        read = {name: archive[name] for name in archive.files if "2024" not in name}
    bins = np.arange(82.0)
    yields = read["t"].astype(float)
    head = {
        "source": whence(packed, "half precision, another layout"),
        "parameters": np.array(["light_yield", "charge_yield"]),
        "light_yield": yields,
        "charge_yield": yields,
        "edges": bins,
    }
    cells = {"low": bins[:-1], "high": bins[1:]}
    units = "bin 27 a + 9 b + 3 c + d of cS2, shadow quantile, S1 and S2 score (0, 1, 2 each)"
    for run, exposure in zip(RUNS, read["exposure_tyr"], strict=True):
        events = release / "data" / f"{run}.csv"
        write(
            home / f"{run}-counts.csv",
            f"Events of XENONnT's run {run.upper()}, in {exposure:.6f} tonne years.",
            whence(events, "binned"),
            units + ", events",
            {**cells, "events": counted(events, release / "binning" / f"{run}.yaml")},
        )
        for kind, title in (("ac", "Accidental coincidences"), ("er", "Electronic recoils")):
            write(
                home / f"{run}-{kind}.csv",
                f"{title} expected in XENONnT's run {run.upper()}.",
                whence(packed, "another layout"),
                units + ", events per tonne year",
                {**cells, "events_per_tyr": read[f"{run}_{kind}"].ravel().astype(float)},
            )
        shape = (len(yields), len(yields), 81)
        mono = read[f"{run}_mono"].astype(float).reshape(-1, *shape)
        scale = mono.max(axis=(1, 2, 3))
        pack(
            home / f"{run}-recoils.npz",
            {
                **head,
                "recoil_energy_kev": read["energies_kev"],
                "recoils_steps": steps(np.moveaxis(mono, 0, 2) / scale[:, None]),
                "recoils_scale": scale,
            },
        )
        neutrons = read[f"{run}_rg"].reshape(shape).astype(np.float32)
        pack(home / f"{run}-neutrons.npz", {**head, "neutrons": neutrons})


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        carry(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) == 3 else HOME)
    except CevnsError as error:
        sys.exit(f"error: {error}")
