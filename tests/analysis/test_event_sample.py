"""Unweighted events against the fold of the same component, and against kinematics."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cevns import load
from cevns.analysis.expected.event_sample import event_sampler
from cevns.exceptions import InputError, UnknownNameError
from cevns.rates.kernel_fold import KernelFold

AT = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
NUMBER = 200_000


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021-dm", models="dark-photon").experiments[0]


@pytest.mark.parametrize("mass", [2.0, 10.0, 40.0])
def test_dark_matter_follows_the_fold(csi, mass):
    at = {**AT, "m_chi": mass}
    sampler = event_sampler(csi, "dm", at=at, threshold_kev=2.0)
    found = sampler.draw(NUMBER, 5)
    assert sampler.exceeded < 1.0
    assert found.recoil_kev.min() > 2.0
    edges = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 2e4])
    view = csi.further["dm"].placed({"m_chi": mass, "mass_ratio": 3.0})
    wanted = np.array([_counts(view, a, b) for a, b in pairwise(edges)])
    assert found.expected / wanted.sum() == pytest.approx(1.0, abs=4e-3)
    seen = np.histogram(found.recoil_kev, edges)[0]
    share = wanted / wanted.sum() * NUMBER
    pulls = (seen - share) / np.sqrt(share + 1.0)
    assert np.abs(pulls).max() < 4.5


def _counts(view, low, high):
    x, w = np.polynomial.legendre.leggauss(60)
    nodes = np.exp(0.5 * (np.log(high / low) * x + np.log(high * low)))
    weights = 0.5 * np.log(high / low) * w * nodes
    fold = KernelFold(view.source, view.interaction, view.material, view.recoiling_kg,
                      view.form_factor, nodes, weights)  # fmt: skip
    return float(fold.spectrum({"epsilon": 1e-4}).sum())


def test_cevns_has_its_moments(csi):
    """Mean recoils and shares in Cs and I, by Klein-Nystrand; times of prompt and delayed."""
    sampler = event_sampler(csi)
    found = sampler.draw(NUMBER, 6)
    assert sampler.exceeded < 1.0
    assert found.flavours == ("nu_mu", "nu_e", "nubar_mu")
    cs = found.nuclide == found.nuclides.index("Cs133")
    for species, share, mean, spread in (
        ("nu_mu", 0.2915, 4.18, 3.5), ("nu_e", 0.3191, 5.85, 5.0), ("nubar_mu", 0.3894, 6.96, 6.0),
    ):  # fmt: skip
        here = cs & (found.species == found.flavours.index(species))
        error = 5.0 / np.sqrt(here.sum())
        assert here.sum() / cs.sum() == pytest.approx(share, abs=0.005)
        assert found.recoil_kev[here].mean() == pytest.approx(mean, abs=error * spread)
    prompt = found.species == 0
    assert found.time_us[prompt].mean() - 0.474 == pytest.approx(0.026, abs=0.003)
    assert found.time_us[~prompt].mean() - 0.474 == pytest.approx(2.223, abs=0.03)
    assert found.cosine[cs & prompt].mean() == pytest.approx(0.494, abs=0.006)


def test_kinematics_of_an_event(csi):
    """Energy and momentum are conserved with the mass of chi."""
    found = event_sampler(csi, "dm", at={**AT, "m_chi": 40.0}).draw(1000, 2)
    mass = np.array([n.mass_mev for n, _ in csi.material.atoms])[found.nuclide]
    t = 1e-3 * found.recoil_kev
    before = np.sqrt(found.energy_mev**2 - 40.0**2)
    q = np.sqrt(t * (t + 2.0 * mass))
    after = before**2 + q**2 - 2.0 * before * q * found.cosine
    assert (found.energy_mev - t) ** 2 - after == pytest.approx(1600.0, rel=1e-6)


def test_slow_ones_are_late(csi):
    found = event_sampler(csi, "dm", at=AT).draw(NUMBER, 3)
    flight = 19.3 / 299.792458
    late = flight * (found.energy_mev / np.sqrt(found.energy_mev**2 - 100.0) - 1.0)
    pulse = found.time_us - late
    assert pulse.mean() == pytest.approx(0.474, abs=5.0 * 0.15 / np.sqrt(NUMBER))
    assert pulse.std() == pytest.approx(0.150, rel=0.01)
    assert 1e3 * late.mean() == pytest.approx(4.3, abs=0.4)  # ns, above no threshold


def test_a_seed_repeats(csi):
    sampler = event_sampler(csi, "dm", at=AT)
    one, same, other = (sampler.draw(100, s).recoil_kev for s in (7, 7, 8))
    assert (one == same).all()
    assert (one != other).any()


def test_what_cannot_be_drawn_is_said(csi):
    with pytest.raises(UnknownNameError, match="component"):
        event_sampler(csi, "dark")
    with pytest.raises(InputError, match="no event of this component"):
        event_sampler(csi, "dm", at={"m_chi": 10.0, "mass_ratio": 3.0})
    with pytest.raises(InputError, match="threshold"):
        event_sampler(csi, threshold_kev=-1.0)
    with pytest.raises(InputError, match="at least one"):
        event_sampler(csi).draw(0)
