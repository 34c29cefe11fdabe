"""Neutrinos of the atmosphere, of past supernovae, of the earth and of far reactors."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import nnls

from cevns.exceptions import InputError, UnknownNameError
from cevns.particles import FLAVOURS
from cevns.propagation.solar_matter import SolarMixing
from cevns.sources import SteadySource, source
from cevns.sources.atmospheric import Atmospheric
from cevns.sources.dsnb import Dsnb
from cevns.sources.geo_neutrinos import GeoNeutrinos
from cevns.sources.reactor_background import ReactorBackground
from cevns.sources.sky.steady_mixture import Curve, carried

YEAR = 365.25
SKY = Atmospheric(YEAR)
RELIC = Dsnb(YEAR)
EARTH = GeoNeutrinos(YEAR)
WORLD = ReactorBackground(YEAR)
ALL = {"atmospheric": SKY, "dsnb": RELIC, "geo-neutrinos": EARTH, "reactor-background": WORLD}


def total(found):
    return sum(found.flux_cm2_s(f) for f in found.flavours)


@pytest.mark.parametrize("name", ALL)
def test_each_is_a_steady_source_with_unit_spectra(name):
    made = source(name, live_time_d=YEAR)
    assert isinstance(made, SteadySource)
    assert made == ALL[name]
    assert made.lasts
    for species in made.flavours:
        energy, weight = made.nodes(species)
        assert weight.sum() == pytest.approx(1.0, rel=1e-6)
        low = 0.3 * made.end_point_mev(species)
        by_moments = made.moments(species, low)
        energy, weight = made.nodes(species, low)
        expected = [float(weight @ energy**-k) for k in range(3)]
        assert by_moments == pytest.approx(expected, rel=1e-6)


def test_atmospheric_fluxes_by_flavour():
    """1.841 + 1.653 + 3.522 + 3.530 = 10.55 /cm2/s: FLUKA at Gran Sasso."""
    found = {f: SKY.flux_cm2_s(f) for f in SKY.flavours}
    expected = {"nu_e": 1.841, "nubar_e": 1.653, "nu_mu": 3.522, "nubar_mu": 3.530}
    assert found == pytest.approx(expected, rel=5e-4)
    assert total(SKY) == pytest.approx(10.55, abs=0.01)
    assert SKY.end_point_mev("nu_e") == 981.75


def test_atmospheric_neutrinos_of_all_flavours_together():
    whole = replace(SKY, spectra="all-flavours", maximum_mev=10_000.0)
    assert total(whole) == pytest.approx(10.7, rel=1e-6)
    cut = replace(SKY, spectra="all-flavours")
    assert total(cut) == pytest.approx(10.37, abs=0.01)
    assert cut.flux_cm2_s("nu_mu") / total(cut) == pytest.approx(3.522 / 10.546, rel=1e-3)
    energy = np.array([20.0, 60.0, 95.0, 400.0, 900.0])

    def density(found):
        return sum(found.spectrum(f, energy) * found.flux_cm2_s(f) for f in found.flavours)

    ratio = density(SKY) / density(cut)
    assert ratio[:3] == pytest.approx(1.0, abs=2e-3)
    assert ratio[3:] == pytest.approx([1.07, 1.05], abs=0.02)


def test_cut_in_energy():
    cut = replace(SKY, maximum_mev=100.0)
    assert cut.end_point_mev("nu_mu") == 100.0
    part = float(SKY.moments("nu_mu", 0.0)[0] - SKY.moments("nu_mu", 100.0)[0])
    assert cut.flux_cm2_s("nu_mu") == pytest.approx(3.522 * part, rel=5e-4)
    assert cut.recoil_kinks[-1] == 100.0


def test_relic_neutrinos_are_redshifted_thermal_spectra():
    """Three of them, of equal energy; without redshift no sum of them comes near the table.

    History of star formation: H. Yuksel et al., arXiv:0804.4008, from memory.
    """
    assert [RELIC.flux_cm2_s(f) for f in FLAVOURS] == pytest.approx([85.7 / 6] * 6, rel=1e-4)
    energy = carried("dsnb")["density"].energy_mev
    table = carried("dsnb")["density"].density
    z = np.linspace(0.0, 5.0, 1001)
    b, c = 5160.0, 9.06
    stars = ((1 + z) ** -34.0 + ((1 + z) / b) ** 3.0 + ((1 + z) / c) ** 35.0) ** -0.1
    expansion = np.sqrt(0.3 * (1 + z) ** 3 + 0.7)

    def thermal(e, t):
        return e**2 / (np.exp(e / t) + 1.0) / t**4

    shifted = [
        np.trapezoid(stars / expansion * thermal(energy[:, None] * (1 + z), t), z)
        for t in (3.0, 5.0, 8.0)
    ]
    matrix = np.transpose(shifted) / table[:, None]
    sizes, _ = nnls(matrix, np.ones(energy.size))
    assert np.abs(matrix @ sizes - 1.0).max() < 0.07
    assert sizes / sizes.mean() == pytest.approx([1.0, 1.0, 1.0], abs=0.2)
    plain = np.transpose([thermal(energy, t) for t in (3.0, 5.0, 8.0)]) / table[:, None]
    sizes, _ = nnls(plain, np.ones(energy.size))
    assert np.abs(plain @ sizes - 1.0).max() > 0.5


def test_geo_neutrinos_and_reactors():
    assert EARTH.totals == {"u_cm2_s": 4.34e6, "th_cm2_s": 4.23e6, "k_cm2_s": 2.054e7}
    assert total(EARTH) == pytest.approx(4.34e6 + 4.23e6 + 2.054e7, rel=1e-4)
    assert total(WORLD) == pytest.approx(3.06e6, rel=1e-4)
    # end points: Bi-214 (3.27 MeV) and Tl-210 of the chain of uranium, Ac-228, K-40
    ends = [GeoNeutrinos(YEAR, name).end_point_mev("nubar_e") for name in ("u", "th", "k")]
    assert ends == pytest.approx([4.54, 2.33, 1.357], abs=0.01)
    assert WORLD.end_point_mev("nubar_e") == pytest.approx(11.418)


@pytest.mark.parametrize("found", [EARTH, WORLD], ids=["earth", "world"])
def test_oscillations_average_out(found):
    """0.55 stay; 1 - sin^2(2 theta12)/2 without theta13."""
    assert found.flux_cm2_s("nubar_e") / total(found) == pytest.approx(0.550, abs=1e-3)
    assert SolarMixing(0.307, 0.0).averaged == pytest.approx(1 - 2 * 0.307 * 0.693)
    alone = replace(found, oscillation="none")
    assert alone.flavours == ("nubar_e",)
    assert total(alone) == pytest.approx(total(found), rel=1e-9)


def test_published_errors_are_pulls():
    sizes = {n: s for found in ALL.values() for n, s in found.changes.items()}
    assert sizes == {
        "flux_atmospheric": dict.fromkeys(SKY.flavours, 0.25),
        "flux_dsnb": {"dsnb": 0.5},
        "flux_u": {"u": 0.2},
        "flux_th": {"th": 0.257},
        "flux_k": {"k": 0.168},
        "flux_reactors": {"reactors": 0.08},
    }
    inside = np.array([50.0, 400.0])
    assert SKY.variation("flux_atmospheric", "nu_e", inside) == pytest.approx([0.25, 0.25])
    with pytest.raises(UnknownNameError, match="parameter of this source"):
        SKY.variation("flux_dsnb", "nu_e", inside)


FILES = {
    "dsnb": "solar-astro/DSNB.txt",
    "atmospheric-all": "solar-astro/Atm.txt",
    "geo-u": "wimp-limits/inputs/GeoU.txt",
    "geo-th": "wimp-limits/inputs/GeoTh.txt",
    "geo-k": "wimp-limits/inputs/GeoK.txt",
    "reactors": "wimp-limits/inputs/Reactor.txt",
}


@pytest.mark.parametrize("name", FILES)
def test_carried_spectra_against_the_files_they_are_made_of(name):
    file = Path(os.environ.get("CEVNS_DATA", "/nowhere")) / FILES[name]
    if not file.is_file():
        pytest.skip(f"CEVNS_DATA does not hold {FILES[name]} of NeutrinoFog")
    theirs, ours = Curve(*np.loadtxt(file, delimiter=",").T), carried(name)["density"]
    edges = np.union1d(theirs.energy_mev, ours.energy_mev)
    for share in (0.0, 0.1, 0.3):
        above = edges[edges >= share * edges[-1]]
        fine = np.unique(np.linspace(above[:-1], above[1:], 9).ravel())
        for k in (-2, -1, 0, 1, 2):
            expected = np.trapezoid(theirs(fine) * fine ** float(k), fine)
            found = np.trapezoid(ours(fine) * fine ** float(k), fine)
            assert found == pytest.approx(expected, rel=1.2e-4)


@pytest.mark.parametrize(
    ("found", "fields", "error", "said"),
    [
        (SKY, {"maximum_mev": 1001.0}, InputError, "between 20 and 1000; the tables by fl"),
        (SKY, {"maximum_mev": 2e4, "spectra": "all-flavours"}, InputError, "there the table ends"),
        (SKY, {"spectra": "honda"}, UnknownNameError, "spectra of atmospheric neutrinos"),
        (SKY, {"relative_error": 25.0}, InputError, "as 0.25"),
        (SKY, {"live_time_d": -1.0}, InputError, "live time in d"),
        (RELIC, {"total_cm2_s": 0.0}, InputError, "flux of the diffuse background"),
        (RELIC, {"relative_error": 50.0}, InputError, "as 0.5"),
        (EARTH, {"chains": ("u", "pu")}, UnknownNameError, "chain of geo-neutrinos 'pu'"),
        (EARTH, {"oscillation": "msw"}, UnknownNameError, "oscillation of far antineutrinos"),
        (WORLD, {"total_cm2_s": -3.0}, InputError, "flux of reactors"),
        (WORLD, {"oscillation": "msw"}, UnknownNameError, "oscillation of far antineutrinos"),
    ],
)
def test_refused(found, fields, error, said):
    with pytest.raises(error, match=said):
        replace(found, **fields)
