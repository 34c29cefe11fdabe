"""Regenerate the tables of limits on dark matter of the beam that the gallery draws.

    python tools/make_dark_matter_limits.py [NAME...]

NAME is one of the files without ``.csv``; all of them by default. They are many fits, and for the
expected bands toys: some minutes. The comments of each table say what was computed; the same
version and seed give the same table.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cevns import files
from cevns.analysis.studies.dark_exclusion import (
    before,
    dark_model,
    square_limits,
    with_dark_source,
)
from cevns.experiments import load
from cevns.inference.model.data import Data, asimov, draw, observed
from cevns.inference.model.expectation import Model
from cevns.parameters import Parameters

HOME = Path(__file__).resolve().parents[1] / "src/cevns/report/gallery/data"
EXPERIMENT, RATIO, ALPHA_D = "coherent-csi-2021-dm", 3.0, 0.5
SEED, TOYS = 20211021, 300
SIGMAS = {-2: 0.02275, -1: 0.15866, 1: 0.84134, 2: 0.97725}
PIONS = (1, 2, 3, 5, 7, 10, 14, 20, 25, 30, 35, 40, 45, 50, 55, 60)
BANDS = (1, 5, 10, 20, 30, 45, 60)
SIDE_BY_SIDE = (22, 23, 24, 25, 26, 28, 29)
"""Where the limit runs along the relic line."""
BOTH = (1, 2, 5, 10, 15, 20, *SIDE_BY_SIDE, 30, 35, 40, 50, 60, 80, 100, 130, 160, 180, 190, 200)
SCALES = (0.5, 1.0, 2.0)
FLUX_ERRORS = (0.01, 0.02, 0.04, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
MASSES = (10.0, 30.0)
EARLY = 6
"""Cells of the time axis before 0.75 us."""
Rows = dict[str, list[tuple[float, float]]]
COMMON = (
    f"{EXPERIMENT}, dark-photon (complex scalar chi), m_V = {RATIO:g} m_chi, alpha_D = {ALPHA_D:g}",
    "upper limits at 90 %: -2 ln L, minimised over all nuisance parameters, rises by 2.71 above",
    "its lowest value at y_dm >= 0; source meson-decay with its defaults but for what is said",
)


def model(m_chi: float, process: str = "dark-photon", **source: Any) -> Model:
    """The likelihood at a mass."""
    experiment = with_dark_source(load(EXPERIMENT), process, source)
    return dark_model(experiment, {"m_chi": m_chi, "mass_ratio": RATIO, "alpha_d": ALPHA_D})


def with_flux_error(found: Model, sigma: float) -> Model:
    """Another error of the neutrino flux."""
    changed = []
    for p in found.parameters:
        if p.name == "sns.flux":
            assert p.constraint is not None
            p = replace(p, constraint=replace(p.constraint, sigma=sigma))
        changed.append(p)
    return found.with_parameters(Parameters(changed))


def toys(found: Model) -> Data:
    """Counts and auxiliary measurements without dark matter."""
    return draw(found, found.parameters.values, np.random.default_rng(SEED), TOYS)


def pions() -> tuple[Rows, Sequence[str]]:
    """Decays of pi0 alone."""
    rows: Rows = {"observed": [], "expected": [], **{f"expected {k:+d}": [] for k in SIGMAS}}
    for m in map(float, PIONS):
        found = model(m)
        drawn = [toys(found)] if m in BANDS else []
        limits = square_limits(found, [observed(found), asimov(found), *drawn])
        rows["observed"].append((m, limits[0]))
        rows["expected"].append((m, limits[1]))
        if drawn:
            for k, share in SIGMAS.items():
                rows[f"expected {k:+d}"].append((m, float(np.quantile(limits[2:], share))))
        print("pions", m, limits[:2], flush=True)
    return rows, (
        "decays of pi0 alone; expected: of the counts and auxiliary measurements at their nominal",
        f"values without dark matter; its band: quantiles of {TOYS} toys, seed {SEED}, drawn there",
    )


def bremsstrahlung() -> tuple[Rows, Sequence[str]]:
    """With bremsstrahlung of protons, and half and twice of it."""
    names = {s: f"observed, times {s:g}" for s in SCALES}
    rows: Rows = {**{n: [] for n in names.values()}, "expected": []}
    for m in map(float, BOTH):
        for scale, name in names.items():
            found = model(m, bremsstrahlung="coherent-like", brem_scale=scale)
            wanted = [observed(found)] + [asimov(found)] * (scale == 1.0)
            limits = square_limits(found, wanted)
            rows[name].append((m, limits[0]))
            if scale == 1.0:
                rows["expected"].append((m, limits[1]))
        print("brem", m, [rows[n][-1][1] for n in rows], flush=True)
    return rows, (
        "with bremsstrahlung of protons by the cuts coherent-like (form factor resonances), and",
        "half and twice of it, which is how well it is known",
    )


def delayed() -> tuple[Rows, Sequence[str]]:
    """With all data, and without those after 0.75 us, against the error of the flux."""
    rows: Rows = {}
    for m in MASSES:
        whole = model(m)
        for title, found in (("all", whole), ("early", before(whole, EARLY))):
            for sigma in FLUX_ERRORS:
                each = with_flux_error(found, sigma)
                limits = square_limits(each, [observed(each), asimov(each)])
                for what, value in zip(("observed", "expected"), limits, strict=True):
                    rows.setdefault(f"{m:g} MeV, {title}, {what}", []).append((sigma, value))
        print("delayed", m, flush=True)
    return rows, (
        "decays of pi0 alone; all: all data; early: without those after 0.75 us, in the likelihood",
        "with all other constraints; against the error of the neutrino flux (0.1 in the file)",
    )


TABLES: Mapping[str, tuple[Any, str]] = {
    "dark-matter-pi0": (pions, "m_chi"),
    "dark-matter-bremsstrahlung": (bremsstrahlung, "m_chi"),
    "dark-matter-delayed": (delayed, "flux_error"),
}


def write(name: str) -> None:
    """Compute and write a table."""
    make, column = TABLES[name]
    rows, notes = make()
    lines = [f"# {text}" for text in (*COMMON, *notes, "by tools/make_dark_matter_limits.py")]
    lines.append(f"{column},y_dm,curve")
    for curve, points in rows.items():
        lines += [f"{x:g},{y:.4e},{curve.replace(', ', ' ')}" for x, y in points]
    files.write(HOME / f"{name}.csv", "\n".join(lines) + "\n")


if __name__ == "__main__":
    for each in sys.argv[1:] or TABLES:
        write(each)
