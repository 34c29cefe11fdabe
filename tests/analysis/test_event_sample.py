"""Recoils without a detector against the fold of the same component, and against kinematics."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cevns import load
from cevns.analysis.events import recoil_cells
from cevns.analysis.events.arrival_draws import PulsedTimes
from cevns.analysis.events.event_columns import nuclear_code
from cevns.analysis.events.event_sample import recoil_events
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load as load_file
from cevns.rates.kernel_fold import KernelFold

AT = {"m_chi": 10.0, "mass_ratio": 3.0, "epsilon": 1e-4}
NUMBER = 200_000


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021-dm", models="dark-photon").experiments[0]


@pytest.mark.parametrize("mass", [2.0, 10.0, 40.0])
def test_dark_matter_follows_the_fold(csi, mass):
    at = {**AT, "m_chi": mass}
    part = recoil_events(csi, "dm", at=at, threshold_kev=2.0)
    recoil = part.draw(NUMBER, np.random.default_rng(5))["recoil_energy_kev"]
    assert part.exceeded < 1.0
    assert recoil.min() > 2.0
    edges = np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 2e4])
    view = csi.further["dm"].placed({"m_chi": mass, "mass_ratio": 3.0})
    wanted = np.array([_counts(view, a, b) for a, b in pairwise(edges)])
    assert part.expected / wanted.sum() == pytest.approx(1.0, abs=4e-3)
    seen = np.histogram(recoil, edges)[0]
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


# shares of nu_mu, nu_e, nubar_mu; mean recoils of each, keV; mean and spread of all; cosine of
# nu_mu: an independent program, with the digits that it prints
MOMENTS = {
    "C12": ".2667 .3197 .4137 50.7 80.7 99.6 80.5 73.1 .522",
    "Ne20": ".2695 .3196 .4109 30.2 47.5 58.4 47.3 43.1 .519",
    "Na23": ".2704 .3196 .4100 26.2 41.0 50.4 40.8 37.3 .518",
    "Ar40": ".2750 .3196 .4054 14.85 22.7 27.7 22.6 20.7 .513",
    "Ge74": ".2822 .3194 .3984 7.82 11.5 13.9 11.4 10.6 .506",
    "I127": ".2907 .3192 .3902 4.39 6.18 7.36 6.12 5.69 .496",
    "Cs133": ".2915 .3191 .3894 4.18 5.85 6.96 5.80 5.39 .494",
}
CODES = (14, 12, -14)


@pytest.mark.parametrize("nuclide", MOMENTS)
def test_cevns_has_its_moments(nuclide):
    """Within five standard errors of a million events and half of the last digit of the table."""
    changes = {"target.material": nuclide, "interaction.axial": "false"}
    part = recoil_events(load_file("coherent-csi-2021", overrides=changes))
    number = 1_000_000
    found = part.draw(number, np.random.default_rng(17))
    assert part.exceeded < 1.0
    recoil, wanted = found["recoil_energy_kev"], MOMENTS[nuclide].split()
    each = [found["neutrino_pdg"] == code for code in CODES]
    of = [recoil[mine] for mine in each]
    cosine = found["recoil_z"][each[0]]
    kurtosis = np.mean((recoil - recoil.mean()) ** 4) / recoil.var() ** 2
    ours = [(m.mean(), np.sqrt(m.mean() * (1.0 - m.mean()) / number)) for m in each]
    ours += [(r.mean(), r.std() / np.sqrt(r.size)) for r in of]
    ours += [
        (recoil.mean(), recoil.std() / np.sqrt(number)),
        (recoil.std(), recoil.std() * np.sqrt((kurtosis - 1.0) / (4.0 * number))),
        (cosine.mean(), cosine.std() / np.sqrt(cosine.size)),
    ]
    for (value, error), text in zip(ours, wanted, strict=True):
        half = 0.5 * 10.0 ** -len(text.partition(".")[2])
        assert value == pytest.approx(float(text), abs=5.0 * error + half)


def test_times_have_their_moments(csi):
    """Pulse of 0.150 us; prompt after the pion, delayed after the pion and the muon."""
    number = 400_000
    times = PulsedTimes(csi.source, 0.0)
    for species, mean, spread in ((0, 0.0260, 0.1523), (1, 2.2230, 2.2022), (2, 2.2230, 2.2022)):
        which = np.full(number, species)
        found = times.draw(np.ones(number), which, np.random.default_rng(4))
        assert found.mean() == pytest.approx(mean, abs=5.0 * spread / np.sqrt(number) + 5e-5)
        assert found.std() == pytest.approx(spread, rel=5.0 / np.sqrt(number) + 5e-4)
        # the distribution itself, in the tails too: Kolmogorov's statistic at five sigma
        at = np.sort(found)
        steps = np.arange(1, number + 1) / number
        share = np.array([_share(csi.source, csi.source.flavours[species], t) for t in at[::997]])
        assert np.abs(share - steps[::997]).max() < 2.0 / np.sqrt(number)


def _share(source, flavour, time_us):
    grid = np.linspace(-1.5, max(time_us, -1.4), 4001)
    density = source.time_pdf(flavour, grid, 0.0)
    return float(np.trapezoid(density, grid))


def test_kinematics_of_an_event(csi):
    """Energy and momentum are conserved with the mass of chi."""
    found = recoil_events(csi, "dm", at={**AT, "m_chi": 40.0}).draw(1000, np.random.default_rng(2))
    codes = {nuclear_code(n): n.mass_mev for n, _ in csi.material.atoms}
    mass = np.array([codes[int(code)] for code in found["nucleus_pdg"]])
    t = 1e-3 * found["recoil_energy_kev"]
    q = np.sqrt(t * (t + 2.0 * mass))
    recoil = q * np.stack([found[f"recoil_{c}"] for c in "xyz"])
    out = np.stack([found[f"outgoing_p{c}_mev"] for c in "xyz"])
    energy = found["neutrino_energy_mev"]
    before = np.zeros_like(out)
    before[2] = np.sqrt(energy**2 - 1600.0)
    assert out + recoil == pytest.approx(before, abs=1e-9)
    left = found["outgoing_energy_mev"]
    assert left + t == pytest.approx(energy, rel=1e-14)
    assert left**2 - (out**2).sum(axis=0) == pytest.approx(1600.0, rel=1e-6)
    assert (found["recoil_x"] ** 2 + found["recoil_y"] ** 2) == pytest.approx(
        1.0 - found["recoil_z"] ** 2, abs=1e-12
    )


def test_directions_are_even_about_the_beam(csi):
    found = recoil_events(csi).draw(NUMBER, np.random.default_rng(8))
    phi = np.arctan2(found["recoil_y"], found["recoil_x"])
    counts = np.histogram(phi, np.linspace(-np.pi, np.pi, 13))[0]
    assert ((counts - NUMBER / 12) ** 2 / (NUMBER / 12)).sum() < 40.0  # chi2 of 11, 5e-5


def test_slow_ones_are_late(csi):
    found = recoil_events(csi, "dm", at=AT).draw(NUMBER, np.random.default_rng(3))
    flight, energy = 19.3 / 299.792458, found["neutrino_energy_mev"]
    late = flight * (energy / np.sqrt(energy**2 - 100.0) - 1.0)
    pulse = found["time_us"] - late
    assert pulse.mean() == pytest.approx(0.474, abs=5.0 * 0.15 / np.sqrt(NUMBER))
    assert pulse.std() == pytest.approx(0.150, rel=0.01)
    assert 1e3 * late.mean() == pytest.approx(4.3, abs=0.4)  # ns, above no threshold


def test_a_density_outside_of_its_bounds_is_noticed(csi, monkeypatch):
    monkeypatch.setattr(recoil_cells, "_MARGIN", 0.9)
    part = recoil_events(csi)
    part.draw(10_000, np.random.default_rng(1))
    assert part.exceeded > 1.0


def test_what_cannot_be_drawn_is_said(csi):
    with pytest.raises(UnknownNameError, match="component"):
        recoil_events(csi, "dark")
    with pytest.raises(InputError, match="no event of this component"):
        recoil_events(csi, "dm", at={"m_chi": 10.0, "mass_ratio": 3.0})
    with pytest.raises(InputError, match="threshold"):
        recoil_events(csi, threshold_kev=-1.0)
    with pytest.raises(InputError, match="at least one"):
        recoil_events(csi).recoils.draw(0, np.random.default_rng(1))
    electrons = load("coherent-csi-2021-dm", models="dark-photon-electrons").experiments[0]
    with pytest.raises(InputError, match="only events with nuclear recoils can be drawn"):
        recoil_events(electrons, "dm_electrons", at=AT)
