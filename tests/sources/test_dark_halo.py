"""Speeds of dark matter: closed forms against integrals, the source, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from cevns.exceptions import InputError, UnknownNameError
from cevns.sources import source
from cevns.sources.beams.dark_halo import HALOS, DarkHalo, dark_halo, read_halo
from cevns.sources.halo import HaloSource


@pytest.mark.parametrize("name", HALOS)
def test_eta_is_the_integral_of_the_speeds(name):
    halo = dark_halo(name)
    edge = halo.v_escape_km_s - halo.v_lab_km_s
    for low in (0.0, 50.0, 200.0, 350.0, 600.0, halo.fastest_km_s - 5.0):
        cuts = [p for p in (edge,) if p > low]
        integral = quad(
            lambda v: halo.speed_density(v) / v, max(low, 1e-9), halo.fastest_km_s, points=cuts,
            epsabs=1e-14, epsrel=1e-11,
        )[0]  # fmt: skip
        assert float(halo.mean_inverse_speed(low)) == pytest.approx(integral, rel=1e-8, abs=1e-13)
    assert float(halo.mean_inverse_speed(halo.fastest_km_s + 1.0)) == 0.0


def test_speeds_are_those_of_a_cut_maxwellian():
    """The integral over directions of the velocity distribution, done in two dimensions."""
    halo = dark_halo("shm")

    def weight(cosine, v):
        galactic = v * v + halo.v_lab_km_s**2 + 2.0 * v * halo.v_lab_km_s * cosine
        inside = galactic <= halo.v_escape_km_s**2
        return v * v * np.exp(-galactic / halo.v0_km_s**2) * inside

    def shape(low, high):
        return dblquad(weight, low, high, -1.0, 1.0, epsrel=1e-6)[0]

    whole = shape(0.0, halo.fastest_km_s)
    for low, high in ((0.0, 150.0), (200.0, 300.0), (400.0, 700.0)):
        ours = quad(halo.speed_density, low, high)[0]
        assert ours == pytest.approx(shape(low, high) / whole, rel=2e-5)


def test_the_normalisation_is_in_the_denominator():
    """A factor N instead of 1/N would make the area N^2 = 0.97 for the recommended halo."""
    halo = dark_halo("recommended-2021")
    area = quad(halo.speed_density, 0.0, halo.fastest_km_s, points=[halo.v_escape_km_s - 250.5])[0]
    assert area == pytest.approx(1.0, rel=1e-9)
    assert halo._norm**2 == pytest.approx(0.97001, abs=1e-5)
    assert dark_halo("shm")._norm ** 2 == pytest.approx(0.98677, abs=1e-5)


def test_seasons():
    halo = dark_halo("shm")
    days = np.arange(1.0, 366.0)
    speeds = np.array([halo.on_day(d).v_lab_km_s for d in days])
    assert days[np.argmax(speeds)] == pytest.approx(152.5, abs=1.0)
    assert speeds.mean() == pytest.approx(halo.v_lab_km_s, abs=0.1)
    # more of what is fast in June, fewer slow ones
    june, december = halo.on_day(152.5), halo.on_day(335.0)
    assert june.mean_inverse_speed(500.0) > december.mean_inverse_speed(500.0)
    assert june.mean_inverse_speed(50.0) < december.mean_inverse_speed(50.0)
    with pytest.raises(InputError, match="a day of the year is between 1 and 366"):
        halo.on_day(400.0)


def test_the_source_has_the_flux_of_the_halo():
    halo = HaloSource(live_time_d=2.0, halo="fog", mass_gev=100.0)
    model = dark_halo("fog")
    mean = quad(lambda v: v * model.speed_density(v), 0.0, model.fastest_km_s, points=[287.4])[0]
    assert halo.flux_cm2_s("chi") == pytest.approx(0.003 * 1e5 * mean, rel=1e-9)
    assert halo.fluence_cm2("chi") == pytest.approx(2 * 86400 * halo.flux_cm2_s("chi"))
    energy, weight = halo.nodes("chi")
    assert weight.sum() == pytest.approx(1.0, rel=1e-8)
    energy, weight = energy[weight > 0.0], weight[weight > 0.0]
    speed = 299792.458 * np.sqrt((energy - 1e5) * (energy + 1e5)) / energy
    inverse = (weight / speed).sum() * mean  # of v f(v)/<v>: the mean of 1
    assert inverse == pytest.approx(1.0, rel=1e-6)
    assert halo.spectrum("chi", [0.0, 1e5, 2e5]).tolist() == [0.0, 0.0, 0.0]
    assert halo.choices == {"halo": "fog"}


def test_numbers_of_a_halo_may_be_given():
    changed = source("halo", live_time_d=1.0, halo="shm", v0_km_s=235.0, day=152.5)
    assert changed.model.v0_km_s == 235.0
    assert changed.model.v_lab_km_s == pytest.approx(246.6)
    assert read_halo("shm, v0=235, density=0.4").density_gev_cm3 == 0.4
    assert read_halo("FOG") == dark_halo("fog")


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("smh", UnknownNameError, "shm"),
        ("shm,v0", InputError, "write NAME,v0=235"),
        ("shm,speed=3", UnknownNameError, "number of a halo"),
        ("shm,v0=fast", InputError, "halo v0"),
        ("shm,v0=2 m", InputError, "halo v0"),
        ("shm,density=400", InputError, "the density in GeV/cm3 is 400, outside"),
        ("shm,v_escape=201", InputError, "faster than the escape speed"),
        ("shm,v0=nan", InputError, "halo v0"),
    ],
)
def test_halos_that_are_refused(text, error, said):
    with pytest.raises(error, match=said):
        read_halo(text)


def test_a_halo_that_is_nowhere():
    with pytest.raises(InputError, match="density"):
        DarkHalo("none", 0.0, 220.0, 544.0, 232.0)
    with pytest.raises(InputError, match="mass of a dark-matter particle"):
        HaloSource(1.0, mass_gev=-3.0)
    with pytest.raises(UnknownNameError, match="species of a halo"):
        HaloSource(1.0).spectrum("nu_e", 1.0)
