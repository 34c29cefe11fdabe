"""Recoils that make less than a pair of charge are not seen, whatever the noise adds to them."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.exceptions import InputError
from cevns.experiments import Experiment, load
from cevns.experiments.fast_form import fast_form

# Dresden-II (arXiv:2202.09672): sigma 68.5 eVee, three of them below the threshold
DRESDEN = """\
schema: 1
name: dresden
live_time: 1 d
source: {kind: reactor, power: 2.96 GW, distance: 10.39 m}
target: {material: Ge, mass: 1 kg}
interaction: {couplings: tree-lowE, form_factor: helm, axial: false}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157}
  resolution: {kind: hpge, fwhm: 161.305 eVee}
axes: {energy: {unit: eVee, edges: {from: 200, to: 1500, width: 10}}}
"""
HPGE = "{kind: hpge, fwhm: 161.305 eVee}"
MOVED = (
    ("k: 0.157}", "k: 0.157, variations: {scale: {shift: 5 eVee}}}"),
    ("axes:", "parameters: {scale: {constraint: 0 +/- 1, acts_on: quenching}}\naxes:"),
)


@pytest.fixture
def made(tmp_path):
    def make(*changes: tuple[str, str]) -> Experiment:
        text = DRESDEN
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "ge.yaml"
        path.write_text(text)
        return load(path)

    return make


@pytest.mark.parametrize(("cut_kev", "own"), [(0.02, 6.27), (0.05, 6.01)])
def test_counts_of_an_independent_program(made, cut_kev, own):
    """Per kg and day, with recoils below 20 and 50 eV cut (6.57 with none): 1 %."""
    plain = made()
    pair_ev = 1e3 * float(plain.quenching.electron_energy_kevee(cut_kev))
    fano = 0.11 * 2.96 / pair_ev  # the same width
    written = HPGE.replace("}", f", fano: {fano}, pair_energy: {pair_ev} eV}}")
    assert made((HPGE, written)).predict()["cevns"] == pytest.approx(own, rel=0.01)
    gaussian = "{kind: gaussian, noise: 68.5 eVee, stochastic: 0.018044}"
    assert made((HPGE, gaussian)).predict()["cevns"] == pytest.approx(6.57, rel=1e-3)


@pytest.mark.slow
def test_the_cut_is_sharp_and_stays_at_the_recoil(made):
    """Against a sum over a fine grid of recoils. A shift of the energy scale makes no charge: it
    brings back none of the recoils below the cut, which are 6 per cent of the others.
    """
    experiment = made(*MOVED)
    energy = np.geomspace(1e-4, 4.0, 100_001)
    rate = experiment.recoil_density(energy).sum(axis=0) * energy
    charge = experiment.quenching.on(energy).electron_energy_kevee()
    kept = charge >= 0.00296
    signal, exact = experiment.signal(), experiment.model("cross-section")
    table = fast_form(exact)[0]
    for pull in (-1.0, 0.0, 1.0):
        seen = experiment.response.evaluate(np.maximum(charge + 0.005 * pull, 0.0)).sum(axis=-1)
        found = signal.by_flavour({"scale": np.array([pull])}).sum()
        by_hand = np.trapezoid((seen * rate)[kept], np.log(energy[kept]))
        assert found == pytest.approx(by_hand, rel=1e-4)  # the sum by hand is good to that
        point = exact.parameters.at({"scale": pull}).values
        assert table.expected(point).sum() == pytest.approx(found, rel=1e-3)
        if pull == 0.0:
            assert np.trapezoid(seen * rate, np.log(energy)) / by_hand > 1.06


def test_conus_plus_does_not_care():
    """The threshold is 7 sigma away: an independent program has the same count."""
    others = [f"channels.c{n}-{s}." for n in (3, 5) for s in ("on", "off")]
    noise = {"": 20.3836, **dict.fromkeys(others, 19.9590)}  # 48 and 47 eVee over 2.3548
    plain = {
        f"{where}detector.resolution": f"{{kind: gaussian, noise: {n} eVee, stochastic: 0.0180444}}"
        for where, n in noise.items()
    }
    beside = load("conus-plus-2025", overrides=plain).predict()["cevns"]
    assert load("conus-plus-2025").predict()["cevns"] == pytest.approx(beside, rel=1e-3)


def test_no_recoil_at_all(made):
    experiment = made((HPGE, HPGE.replace("}", ", pair_energy: 100 keV, fano: 0}")))
    with pytest.raises(InputError, match="no recoil is detected: all are below 100 keVee"):
        experiment.predict()
