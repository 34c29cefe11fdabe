"""Experiment files as users might write them, drawn from a seed: large errors, sharp and broad."""

from __future__ import annotations

from pathlib import Path

import numpy as np

__all__ = ["seeded_file"]

_FILE = """\
schema: 1
name: user-{seed}
title: drawn from the seed {seed}
source: {{kind: sns, distance: 20 m, protons: {protons:.4g}}}
target: {{material: {material}, mass: {mass:.3f} kg}}
detector:
  quenching: {quenching}
  resolution: {resolution}
  efficiency: {{energy: {efficiency}}}
axes: {{energy: {{unit: {unit}, edges: {edges}}}}}
backgrounds: {{flat: {{count: {count:.1f} +/- {error:.1f}, energy: {{kind: flat}}}}}}
parameters:
  eff: {{constraint: 0 +/- 1, acts_on: efficiency}}
  flux: {{constraint: 1.0 +/- 0.1, acts_on: signal}}
"""


def seeded_file(seed: int, folder: Path) -> Path:
    """A file with quenching and efficiency errors of 2 to 30 %, in photoelectrons or keVee."""
    rng = np.random.default_rng(seed)
    low, high = 0.3, 1.5
    threshold = rng.uniform(low, high)
    quenching, pulls = _quenching(rng)
    if rng.random() < 0.4:
        per_kevee, unit = rng.uniform(5.0, 20.0), "PE"
        resolution = f"{{kind: poisson, light_yield: {per_kevee:.3f} PE/keVee}}"
        if rng.random() < 0.5:
            resolution = (
                f"{{kind: gamma, light_yield: {per_kevee:.3f} PE/keVee, "
                f"shape_per_kevee: {0.7 * per_kevee:.3f}}}"
            )
        threshold, widths, slope = threshold * per_kevee, rng.uniform(2.0, 8.0, 6), 3.0 / per_kevee
    else:
        unit, widths, slope = "keVee", rng.uniform(0.3, 1.5, 6), 4.0
        resolution = (
            f"{{kind: gaussian, noise: {rng.uniform(50, 150):.1f} eVee, "
            f"stochastic: {rng.uniform(0.02, 0.3):.3f}}}"
        )
    path = folder / f"user-{seed}.yaml"
    text = _FILE.format(
        seed=seed,
        protons=10 ** rng.uniform(22.0, 23.3),
        material=rng.choice(["CsI", "Ge", "Ar", "Si", "NaI", "Xe"]),
        mass=10 ** rng.uniform(0.5, 2.0),
        quenching=quenching,
        resolution=resolution,
        efficiency=_efficiency(rng, 1.2 * threshold, slope),
        unit=unit,
        edges=np.round(np.r_[threshold, threshold + np.cumsum(widths)], 3).tolist(),
        count=10 ** rng.uniform(1.0, 3.0),
        error=rng.uniform(3.0, 20.0),
    )
    lines = [f"  {name}: {{constraint: 0 +/- 1, acts_on: quenching}}\n" for name in pulls]
    path.write_text(text + "".join(lines))
    return path


def _quenching(rng: np.random.Generator) -> tuple[str, tuple[str, ...]]:
    """A factor, constant or linear in recoil energy, with one or two pulls."""
    factor, share = rng.uniform(0.05, 0.3), rng.uniform(0.02, 0.3)
    up, down = factor * (1.0 + share), factor * (1.0 - share * rng.uniform(0.5, 1.0))
    kind = rng.choice(["constant", "one", "two"])
    if kind == "constant":
        varied = f"{{q1: {{plus: {up:.5f}, minus: {down:.5f}}}}}"
        return f"{{kind: constant, value: {factor:.5f}, variations: {varied}}}", ("q1",)
    slope = rng.uniform(1e-4, 1e-3)
    varied = f"q1: {{plus: [{up:.5f}, {slope:.6f}], minus: [{down:.5f}, {slope:.6f}]}}"
    names: tuple[str, ...] = ("q1",)
    if kind == "two":
        step = slope * rng.uniform(0.05, 0.3)
        varied += (
            f", q2: {{plus: [{factor:.5f}, {slope + step:.6f}], "
            f"minus: [{factor:.5f}, {slope - step:.6f}]}}"
        )
        names = ("q1", "q2")
    return (
        f"{{kind: linear, coefficients: [{factor:.5f}, {slope:.6f}], "
        f"valid: [0 keVnr, 100 keVnr], variations: {{{varied}}}}}"
    ), names


def _efficiency(rng: np.random.Generator, centre: float, slope: float) -> str:
    """A sigmoid whose height and threshold move together; one in three falls below zero."""
    height, share = rng.uniform(0.6, 0.95), rng.uniform(0.02, 0.3)
    floor = -0.2 if rng.random() < 0.33 else 0.0

    def numbers(size: float, place: float) -> str:
        return f"[{min(size, 1.0) - floor:.4f}, {slope:.4f}, {place:.4f}, {floor}]"

    plus = numbers(height * (1.0 + share), centre * (1.0 - share))
    minus = numbers(height * (1.0 - share), centre * (1.0 + share))
    return (
        f"{{kind: sigmoid, coefficients: {numbers(height, centre)}, "
        f"variations: {{eff: {{plus: {plus}, minus: {minus}}}}}}}"
    )
