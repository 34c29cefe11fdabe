"""Dark matter in the seasons: counts in bins of days against integrals over days."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from cevns import load
from cevns.exceptions import CevnsError, InputError
from cevns.nuclear import material
from cevns.processes.wimp_si import WimpSI
from cevns.rates import recoil_spectrum
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources import source
from cevns.sources.beams.dark_halo import HALOS, dark_halo
from cevns.sources.halo import HaloSource

DAY_S = 86400.0
FILE = """\
schema: 1
name: xenon-in-the-wind
source: {kind: sun, fluxes: sno-8b, live_time: 365.25 d, arrival: {kind: orbit, perihelion: 3 d}}
target: {material: Xe, mass: 1000 kg}
interaction: {kind: standard-model, form_factor: helm}
detector: {response: {kind: identity}}
axes:
  energy: {unit: keVnr, edges: [1, 2, 4, 10, 20, 40, 80]}
  time: {unit: d, edges: [0, 61, 122, 183, 244, 305, 365.25]}
components:
  wimp:
    source: {kind: halo, halo: recommended-2021, live_time: 365.25 d, first_day: 1}
    interaction: {kind: wimp-si, form_factor: helm}
"""
ENERGIES = np.array([1.0, 2.0, 4.0, 10.0, 20.0, 40.0, 80.0])
TIMES = np.array([0.0, 61.0, 122.0, 183.0, 244.0, 305.0, 365.25])
SIGMA, MASS = 1e-45, 100.0


def speed(day):
    """The standard expression, written down again: 232 to 250.5 km/s, +- 14.6, 2 June."""
    return 14.6 * np.cos(2.0 * np.pi * (day - 152.5) / 365.25)


def at_day(halo, day, recoil, mass=MASS):
    """Integral over velocities of f(v)/v above v_min, not normalised: dR/dT but for a constant."""
    mean = dark_halo(halo)
    fastest = mean.v_escape_km_s + mean.v_lab_km_s + 20.0
    v_lab = mean.v_lab_km_s + speed(day)
    nuclide = material("Xe132").nuclides[0]
    reduced = mass * nuclide.mass_mev * 1e-3 / (mass + nuclide.mass_mev * 1e-3)
    v_min = 299792.458 * np.sqrt(nuclide.mass_mev * recoil * 1e-3 / 2.0) / (reduced * 1e3)
    v, c = np.linspace(v_min, fastest, 4001), np.linspace(-1.0, 1.0, 4001)
    galactic = v[:, None] ** 2 + v_lab**2 + 2.0 * v[:, None] * v_lab * c
    shape = np.exp(-galactic / mean.v0_km_s**2) * (galactic < mean.v_escape_km_s**2)
    return float(np.trapezoid(v * np.trapezoid(shape, c, axis=1), v))  # v^2 f(v)/v


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    path = tmp_path_factory.mktemp("wind") / "xenon.yaml"
    path.write_text(FILE)
    study = load(path)
    model = study.model(free=["sigma_si"], at={"m_wimp": MASS})
    theta = model.parameters.at({"sigma_si": SIGMA}).values
    return np.asarray(model.components(theta)["wimp"]).reshape(6, 6)


def in_bins(first_day=1.0):
    """The closed form at each day, summed over the days of each bin."""
    x, w = np.polynomial.legendre.leggauss(24)
    halo, year = dark_halo("recommended-2021"), np.zeros((6, 6))
    for t in range(6):
        a, b = TIMES[t], TIMES[t + 1]
        days = np.linspace(a, b, 62)
        days = 0.5 * (days[1:] + days[:-1])
        for e in range(6):
            low, high = ENERGIES[e], ENERGIES[e + 1]
            recoil = low + 0.5 * (high - low) * (x + 1.0)
            for day in days:
                there = halo.on_day((first_day + day - 1.0) % 365.25 + 1.0)
                rate = wimp_rate(there, material("Xe"), MASS, recoil)[0]
                per_day = SIGMA * float(rate @ w) * 0.5 * (high - low) / 365.25
                year[e, t] += per_day * (b - a) / days.size
    return year


@pytest.mark.slow
def test_counts_in_bins_of_days(counts):
    assert counts == pytest.approx(in_bins(), rel=2e-4)


def test_small_recoils_are_rarer_in_june_and_large_ones_more_frequent(counts):
    """The phase flips where d(eta)/d(v_lab) is zero: for this mass in xenon within 20 to 40 keV."""
    relative = counts / (counts.sum(axis=1, keepdims=True) * np.diff(TIMES) / 365.25) - 1.0
    june, december = relative[:, 2], relative[:, 5]
    assert (june[:2] < -0.01).all()
    assert (december[:2] > 0.01).all()
    assert june[-1] > 0.02
    assert december[-1] < -0.02
    assert np.abs(june[-2]) < 0.005


@pytest.mark.parametrize("recoil", [1.0, 5.0, 15.0, 40.0])
def test_the_amplitude_is_that_of_an_integral_over_velocities(recoil):
    """(June - December)/(June + December) at a recoil energy, in one nuclide."""
    june, december = (at_day("recommended-2021", day, recoil) for day in (152.5, 335.125))
    wanted = (june - december) / (june + december)
    wimp, rates = WimpSI(MASS), []
    for day in (152.5, 335.125):
        halo = HaloSource(live_time_d=1.0, halo="recommended-2021", first_day=day - 0.5)
        found = recoil_spectrum(
            halo, "Xe132", 1000.0, [recoil], interaction=wimp, values={"sigma_si": SIGMA}
        )
        rates.append(float(found["chi"][0]))
    amplitude = (rates[0] - rates[1]) / (rates[0] + rates[1])
    assert amplitude == pytest.approx(wanted, abs=2e-6)


@pytest.mark.parametrize("name", HALOS)
def test_a_mean_over_days(name):
    """Against 2000 days, for parts of a year, a year, and more than one."""
    halo = dark_halo(name)
    for first, last in ((1.0, 31.0), (100.0, 250.0), (1.0, 366.25), (40.0, 900.0), (300.0, 301.0)):
        days = first + (last - first) * (np.arange(2000) + 0.5) / 2000
        every = [halo.on_day((d - 1.0) % 365.25 + 1.0).mean_inverse_speed(350.0) for d in days]
        found = halo.over_days(first, last)
        assert sum(w for w, _ in found) == pytest.approx(1.0, abs=1e-12)
        mean = sum(w * float(h.mean_inverse_speed(350.0)) for w, h in found)
        assert mean == pytest.approx(float(np.mean(every)), rel=2e-7)


def test_parts_add_to_the_whole():
    year = HaloSource(live_time_d=300.0, first_day=200.0, begin_d=10.0, end_d=410.0)
    edges = np.linspace(10.0, 410.0, 9) * DAY_S
    parts = [year.during(a, b) for a, b in pairwise(edges)]
    assert sum(p.live_time_d for p in parts) == pytest.approx(300.0)
    energy = 50e3 * (1.0 + np.linspace(1e-8, 3e-6, 50))
    summed = sum(p.fluence_cm2("chi") * p.spectrum("chi", energy) for p in parts)
    assert summed == pytest.approx(year.fluence_cm2("chi") * year.spectrum("chi", energy), rel=1e-3)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"first_day": 0.0}, "a day of the year is between 1 and 366"),
        ({"first_day": 1.0, "day": 152.0}, "either 'day'"),
        ({"begin_d": 3.0}, "give 'first_day'"),
        ({"first_day": 1.0, "begin_d": 5.0, "end_d": 2.0}, "must end after it begins"),
    ],
)
def test_what_is_refused(given, said):
    with pytest.raises(InputError, match=said):
        source("halo", live_time_d=100.0, **given)


def test_an_axis_beyond_the_exposure_is_refused(tmp_path):
    path = tmp_path / "short.yaml"
    path.write_text(FILE.replace("live_time: 365.25 d, first_day", "live_time: 300 d, first_day"))
    with pytest.raises(CevnsError, match=r"wimp\.source.*from day 0 to 300.*from 244 to 305"):
        load(path).predict()


def test_parts_of_a_halo_without_seasons():
    with pytest.raises(InputError, match="first_day"):
        HaloSource(live_time_d=1.0).during(0.0, 1.0)
