"""Stages of NUCLEUS and further crystals of MINER: an independent program, and an integral."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import trapezoid

import cevns
from cevns.constants import G_FERMI_MEV, HBARC_MEV_FM

STAGES = {"nucleus-1g": 1e-3, "nucleus-10g": 1e-2, "nucleus-1kg": 1.0}
# above 10, 20 and 35 eV, per kg and day
OWN = {None: (42.4, 33.7, 25.3), "sapphire": (6.8, 6.5, 6.1)}


def load(name, variant=None, **changes):
    chosen = {} if variant is None else {"variant": variant}
    return cevns.load(
        name, overrides=chosen | {k.replace("__", "."): v for k, v in changes.items()}
    )


@pytest.mark.parametrize("variant", OWN)
def test_rates_above_thresholds(variant):
    for threshold, own in zip((10, 20, 35), OWN[variant], strict=True):
        edges = f"[{threshold}, 10000]"
        study = load("nucleus-1g", variant, axes__energy__edges=edges)
        found = study.rate(points=2)["nucleus-1g"].per_kg_day["cevns"]
        assert found == pytest.approx(own, rel=0.01)


def test_stages_differ_by_mass_alone():
    counts = {name: load(name).predict()[name]["cevns"] / kg for name, kg in STAGES.items()}
    assert len({round(n, 6) for n in counts.values()}) == 1
    # that of the technical paper, at the same place
    paper = load("nucleus-2026").predict()["nucleus-2026"]["cevns"] / 0.007
    assert counts["nucleus-1g"] == pytest.approx(paper, rel=1e-6)


@pytest.mark.parametrize("name", STAGES)
def test_sapphire_is_another_target_in_the_same_setup(name):
    plain, sapphire = load(name), load(name, "sapphire")
    assert "sapphire" in sapphire.title
    assert plain.predict()[name]["background"] == sapphire.predict()[name]["background"]
    by_hand = load(name, target__material="Al2O3")
    assert sapphire.predict()[name]["cevns"] == by_hand.predict()[name]["cevns"]


@pytest.mark.parametrize(("variant", "material"), [("germanium", "Ge"), ("silicon", "Si")])
def test_further_crystals_of_miner(variant, material):
    """Other crystals in the same set-up, without resolution by an integral over the neutrinos."""
    sharp = load("miner-2025", variant, detector="{response: {kind: identity}}")
    assert sharp.provenance()["physics"]["material"] == material
    plain = load("miner-2025").predict()["miner-2025"]
    assert sharp.predict()["miner-2025"]["background"] == plain["background"]
    experiment = sharp.experiments[0]
    kg, source = experiment.declaration.target.mass, experiment.source
    e = np.linspace(1.0, 12.5, 4601)  # MeV
    flux = source.fluence_cm2("nubar_e") * source.spectrum("nubar_e", e)
    nuclei = experiment.material.nuclei_per_kg()
    total = sum(
        kg * nuclei[x.name] * trapezoid(flux * _cross_section(x, e), e)
        for x in experiment.material.nuclides
    )
    assert sharp.predict()["miner-2025"]["cevns"] == pytest.approx(total, rel=2e-3)


def _cross_section(nuclide, e_mev):
    """Between 0.25 and 3 keV, cm2: Helm's form factor with the radius of Lewin and Smith."""
    mass = nuclide.mass_mev
    t = np.geomspace(0.25e-3, 3e-3, 400)[:, None]
    q = np.sqrt(2.0 * mass * t) / HBARC_MEV_FM
    c, a, s = 1.23 * nuclide.a ** (1 / 3) - 0.60, 0.52, 0.9
    qr = q * np.sqrt(c**2 + 7 / 3 * np.pi**2 * a**2 - 5 * s**2)
    form = 3.0 * (np.sin(qr) - qr * np.cos(qr)) / qr**3 * np.exp(-((q * s) ** 2) / 2.0)
    charge = 0.02286 * nuclide.z - 0.5 * nuclide.n
    rise = np.maximum(1.0 - t / e_mev - mass * t / (2.0 * e_mev**2), 0.0)
    density = G_FERMI_MEV**2 * mass / np.pi * (charge * form) ** 2 * rise
    return trapezoid(density, t, axis=0) * (HBARC_MEV_FM * 1e-13) ** 2
