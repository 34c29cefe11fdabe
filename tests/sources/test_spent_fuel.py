"""Spent fuel: integrals and mean energies of beta spectra, its strength, reactor on and off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.analysis.expected.recoil_rate import rates
from cevns.constants import ALPHA, M_ELECTRON_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load
from cevns.nuclear.beta_decay import Branch, fermi, spectrum
from cevns.sources import SteadySource, source
from cevns.sources.fission.ibd import cross_section_cm2
from cevns.sources.reactor import Reactor
from cevns.sources.spent_fuel import CHAINS, SpentFuel

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "spent-fuel.yaml"
POOL = SpentFuel(power_gw=3.6, distance_m=20.7, live_time_d=100.0)

# mean energy of the electrons, MeV: Sr-90 and Y-90 0.1957 and 0.9324 (evaluated data with the
# program BetaShape), Rh-106 1.508 and Pr-144 1.222 to the ground state (data sheets, from memory;
# these two are forbidden decays taken as allowed)
MEAN = {
    "Sr-90": (Branch(0.5459, unique=True), 39, 90, 0.1957, 2e-3),
    "Y-90": (Branch(2.2785, unique=True), 40, 90, 0.9324, 2e-3),
    "Rh-106": (Branch(3.541), 46, 106, 1.508, 6e-3),
    "Pr-144": (Branch(2.9974), 60, 144, 1.222, 6e-3),
}


@pytest.mark.parametrize("name", MEAN)
def test_integral_and_mean_energy_of_a_decay(name):
    branch, z, a, mean, accuracy = MEAN[name]
    top = branch.end_point_mev
    density = lambda e: float(spectrum(branch, z, a, e))  # noqa: E731
    assert quad(density, 0.0, top, epsabs=0, limit=200)[0] == pytest.approx(1.0, rel=1e-7)
    neutrinos = quad(lambda e: e * density(e), 0.0, top, epsabs=0, limit=200)[0]
    assert top - neutrinos == pytest.approx(mean, rel=accuracy)
    assert spectrum(branch, z, a, [-0.1, top + 1e-9]).tolist() == [0.0, 0.0]


def test_the_shape_of_a_unique_decay_is_not_allowed():
    """Without it Sr-90 would miss its mean energy by a tenth."""
    allowed = Branch(0.5459)
    mean = quad(lambda e: e * float(spectrum(allowed, 39, 90, e)), 0.0, 0.5459)[0]
    assert 0.5459 - mean < 0.9 * 0.1957


def test_limits_of_the_fermi_function():
    p = np.array([0.05, 0.5, 3.0])
    assert fermi(0, 1, p) == pytest.approx(1.0, abs=1e-12)
    # to first order in alpha Z: 2 pi eta / (1 - exp(-2 pi eta)), of an electron without spin
    eta = ALPHA * np.hypot(p, M_ELECTRON_MEV) / p
    assert fermi(1, 1, p) == pytest.approx(2 * np.pi * eta / -np.expm1(-2 * np.pi * eta), rel=1e-3)
    # no charge: p E q^2 of a light electron has the mean energy 3/6 of the end point
    free = Branch(1000.0)
    mean = quad(lambda e: e * float(spectrum(free, 0, 1, e)), 0.0, 1000.0)[0]
    assert mean == pytest.approx(500.0, rel=1e-3)


def test_it_is_a_source():
    assert isinstance(POOL, SteadySource)
    assert isinstance(source("spent-fuel", power_gw=1, distance_m=20, live_time_d=1), SpentFuel)
    assert float(POOL.moments("nubar_e", 0.0)[0]) == pytest.approx(1.0, rel=1e-6)
    assert POOL.spectrum("nubar_e", [3.55, 8.0]).tolist() == [0.0, 0.0]
    assert POOL.fluence_cm2("nubar_e") == pytest.approx(POOL.flux_cm2_s("nubar_e") * 8.64e6)
    with pytest.raises(UnknownNameError, match="flavour of spent fuel"):
        POOL.spectrum("nu_e", 1.0)


def test_its_share_of_inverse_beta_decays():
    """By sums on a grid, and relative to the reactor it stands beside."""
    energy = (np.arange(125_000) + 0.5) * 1e-4
    core = Reactor(power_gw=3.6, distance_m=20.7, live_time_d=100.0)
    decays = [
        r.flux_cm2_s("nubar_e") * (r.spectrum("nubar_e", energy) @ cross_section_cm2(energy))
        for r in (POOL, core)
    ]
    assert decays[0] / decays[1] == pytest.approx(0.003, rel=1e-4)
    twice = replace(POOL, ibd_share=0.006)
    assert twice.flux_cm2_s("nubar_e") == pytest.approx(2 * POOL.flux_cm2_s("nubar_e"))


def test_ten_discharges_are_what_daya_bay_finds():
    """Cumulative yields in per cent, from memory: 0.23 %, where 0.26 to 0.34 % are published."""
    mix = np.array([0.56, 0.08, 0.30, 0.06])
    yields = {
        "sr90": (5.73, 3.1, 2.01, 1.5),
        "ru106": (0.41, 2.5, 4.19, 6.1),
        "ce144": (5.47, 4.5, 3.67, 4.2),
    }
    lives = {"sr90": 28.8, "ru106": 1.018, "ce144": 0.780}
    energy = (np.arange(3600) + 0.5) * 1e-3
    activity, ibd = {}, 0.0
    for name, decays in CHAINS.items():
        rate = np.log(2.0) / lives[name]
        saturated = mix @ yields[name] / 100.0 * (1.0 - np.exp(-3.0 * rate)) / 3.0
        activity[name] = saturated * np.exp(-rate * (np.arange(10) + 0.5)).sum()
        each = sum(
            b.share * spectrum(b, d.z, d.a, energy) @ cross_section_cm2(energy) * 1e-3
            for d in decays
            for b in d.branches
        )
        ibd += activity[name] * float(each)
    assert ibd / 6.29e-43 == pytest.approx(0.0023, abs=1e-4)
    for name, size in POOL.activities.items():
        assert activity[name] / activity["sr90"] == pytest.approx(size, rel=0.02)


def test_on_and_off():
    """The pool is the same with the reactor off; what is left in the core is there only then."""
    experiment = load(EXAMPLE)
    model = experiment.model("count")
    assert model.parameters["off-residual.size"].value == 0.0
    found = model.totals_by_channel(model.parameters.values)
    counts = {name.rpartition(".")[2]: each for name, each in found.items()}
    assert "cevns" not in counts["off"]
    assert counts["off"]["pool"] == pytest.approx(counts["on"]["pool"] / 9.0)
    assert counts["on"]["pool"] > 1e-4 * counts["on"]["cevns"]
    assert counts["off"]["off-residual"] == 0.0
    on = load(EXAMPLE, overrides={"parameters.off-residual.size.value": "1"}).predict()
    assert on["off-residual"] == pytest.approx(0.01 / 0.003 * counts["off"]["pool"], rel=1e-6)


def test_a_number_is_for_the_reactor_alone():
    """The channel that most files have, 'source: 0', does not empty the pool."""
    channels = {"channels.off.source": "0", "channels.on.source": "1"}
    model = load(EXAMPLE, overrides=channels).model("count")
    found = model.totals_by_channel(model.parameters.values)
    assert found["spent-fuel.off"]["pool"] == pytest.approx(found["spent-fuel.on"]["pool"] / 9.0)
    assert "cevns" not in found["spent-fuel.off"]
    rate = rates(load(EXAMPLE, overrides=channels))["spent-fuel"]
    assert rate.per_kg_day["pool"] == pytest.approx(
        (found["spent-fuel.on"]["pool"] / (0.9 * 300 * 0.01)), rel=1e-9
    )


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"ibd_share": 0.0}, InputError, "share of spent fuel"),
        ({"ibd_share": 0.5}, InputError, "as 0.003"),
        ({"activities": {"cs137": 1.0}}, UnknownNameError, "chain of spent fuel"),
        ({"activities": {"sr90": -1.0}}, InputError, "activity of a chain"),
        ({"activities": {"sr90": 0.0}}, InputError, "are zero"),
        ({"distance_m": 0.0}, InputError, "distance from the core"),
    ],
)
def test_refused(change, error, said):
    with pytest.raises(error, match=said):
        replace(POOL, **change)
