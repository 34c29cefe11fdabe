"""WIMPs on nuclei: published and independent rates, and the same by quadrature over the halo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear import material, nuclide
from cevns.processes import process
from cevns.processes.wimp_si import WimpSI
from cevns.rates import recoil_spectrum
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources import SNS, source
from cevns.sources.beams.dark_halo import HALOS, DarkHalo

SIGMA = 1e-45
# events per tonne and year above 1 and 5 keV in xenon, 6, 50 and 500 GeV: an independent script
ABOVE = {
    "shm": ((22.2, 0.0), (338.5, 227.0), (56.1, 44.1)),
    "recommended-2021": ((32.2, 0.0), (338.9, 233.5), (52.8, 41.7)),
    "shm++": ((56.5, 0.0), (621.0, 426.0), (97.7, 77.0)),
    "fog": ((30.0, 0.0), (338.9, 232.3), (53.5, 42.2)),
}
# wimprates 0.5.0: per tonne, year and keV, with its default halo
PEER = (
    ("Xe", 6.0, ((1.0, 66.25), (2.0, 8.393))),
    ("Xe", 50.0, ((1.0, 30.40), (5.0, 21.62), (10.0, 13.89), (20.0, 5.429))),
    ("Xe", 1000.0, ((1.0, 1.514), (5.0, 1.228), (10.0, 0.9379), (20.0, 0.5338))),
    ("Ar", 50.0, ((5.0, 2.534), (20.0, 1.374))),
    ("Ge", 50.0, ((5.0, 7.914), (20.0, 3.602))),
)
PEER_HALO = DarkHalo("wimprates", 0.3, 238.0, 544.0, 252.13)


def above(halo, mass_gev, threshold_kev):
    cuts = np.geomspace(threshold_kev, 400.0, 60)
    x, w = np.polynomial.legendre.leggauss(20)
    half = np.diff(cuts)[:, None] / 2.0
    recoil, weight = (cuts[:-1, None] + half * (x + 1.0)).ravel(), (half * w).ravel()
    return SIGMA * float(wimp_rate(halo, material("Xe"), mass_gev, recoil)[0] @ weight)


@pytest.mark.parametrize("halo", HALOS)
def test_rates_of_the_named_halos(halo):
    for mass, row in zip((6.0, 50.0, 500.0), ABOVE[halo], strict=True):
        for threshold, expected in zip((1.0, 5.0), row, strict=True):
            assert above(halo, mass, threshold) == pytest.approx(expected, rel=4e-3, abs=1e-9)


@pytest.mark.parametrize(("target", "mass", "points"), PEER)
def test_rates_of_wimprates(target, mass, points):
    """That program multiplies by N where it has to divide, and has 1 u for the nucleon."""
    recoil, expected = np.array(points).T
    ours = SIGMA * wimp_rate(PEER_HALO, material(target), mass, recoil)[0]
    assert ours / expected == pytest.approx(1.018, abs=0.002)
    # both slips planted in ours: what that program has
    z = PEER_HALO.v_escape_km_s / PEER_HALO.v0_km_s
    norm = float(quad(lambda v: 4 * v * v * np.exp(-v * v) / np.sqrt(np.pi), 0.0, z)[0])
    proton = 938.27209 / 931.49410
    reduced = (proton * (mass + 0.9315) / (mass + 0.9383)) ** 2
    assert ours * norm**2 * reduced / expected == pytest.approx(1.0, abs=4e-3)


@pytest.mark.parametrize("target", ["Xe", "He4", "CaWO4"])
@pytest.mark.parametrize("mass", [6.0, 50.0, 1000.0])
def test_the_closed_form_is_the_fold_over_speeds(target, mass):
    """Quadrature over the flux of the halo with the kernel of the process, up to (v/c)^2."""
    recoil = np.array([0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 40.0])
    closed = SIGMA * wimp_rate("shm", material(target), mass, recoil)[0]
    year = source("halo", live_time_d=365.25)
    folded = recoil_spectrum(
        year, target, 1000.0, recoil, interaction=WimpSI(mass), form_factor="helm",
        values={"sigma_si": SIGMA},
    )["chi"]  # fmt: skip
    assert folded == pytest.approx(closed, rel=2e-5, abs=2e-6 * closed.max())


def test_a_fold_has_the_mass_of_the_process():
    """The halo of a file has no mass of its own: that of m_wimp, at each of its values."""
    year = source("halo", live_time_d=365.25)
    light, heavy = (
        KernelFold(year, WimpSI().with_structure({"m_wimp": m}), material("Xe"), 1000.0)
        for m in (6.0, 60.0)
    )
    assert light.source.mass_gev == pytest.approx(6.0)
    assert heavy.source.mass_gev == pytest.approx(60.0)
    x, w = np.polynomial.legendre.leggauss(200)
    for fold, end in ((light, 5.0), (heavy, 300.0)):
        recoil = end * (0.5 * (x + 1.0)) ** 2
        weight = end * 0.5 * (x + 1.0) * w
        rate = wimp_rate("shm", material("Xe"), fold.source.mass_gev, recoil)[0]
        total = fold.spectrum({"sigma_si": SIGMA}).sum()
        assert total == pytest.approx(SIGMA * rate @ weight, rel=1e-4)


def test_many_masses_at_once_are_each_alone():
    recoil = np.geomspace(1e-3, 100.0, 30)
    masses = np.array([1.0, 8.0, 90.0, 3000.0])
    together = wimp_rate("fog", material("NaI"), masses, recoil)
    for mass, row in zip(masses, together, strict=True):
        assert wimp_rate("fog", material("NaI"), mass, recoil)[0] == pytest.approx(row, rel=1e-13)


def test_the_largest_recoil():
    """E_max = 2 mu^2 (v_esc + v_lab)^2/m_N, and no more."""
    xenon = material("Xe131")
    m, mass = 6.0, 1e-3 * nuclide("Xe131").mass_mev
    reduced = m * mass / (m + mass)
    largest = 2e6 * reduced**2 * (776.0 / 299792.458) ** 2 / mass
    below, beyond = wimp_rate("shm", xenon, m, [0.999 * largest, 1.001 * largest])[0]
    assert below > 0.0
    assert beyond == 0.0


def test_the_interaction_by_its_name():
    found = process("wimp-si")
    assert found.structure.names == ("m_wimp",)
    assert found.parameters["sigma_si"].unit == "cm2"
    with pytest.raises(UnknownNameError, match="m_wimp"):
        found.with_structure({"m_chi": 3.0})
    with pytest.raises(InputError, match=r"masses are between 0.01 and 1e\+06 GeV"):
        found.with_structure({"m_wimp": 1e-3})


def test_neutrinos_are_no_wimps():
    with pytest.raises(SpeciesError, match="which a source of dark matter emits"):
        KernelFold(SNS(20.0, 1e23), WimpSI(), material("Xe"), 1.0)


def test_wimps_do_not_scatter_as_neutrinos_do():
    year = source("halo", live_time_d=1.0)
    with pytest.raises((SpeciesError, UnknownNameError)):
        recoil_spectrum(year, "Xe", 1.0, [1.0])


@pytest.mark.parametrize("mass", [np.nan, -1.0, 0.0])
def test_bad_masses(mass):
    with pytest.raises(InputError, match="mass of a WIMP in GeV"):
        wimp_rate("shm", material("Xe"), mass, [1.0])
