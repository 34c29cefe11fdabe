"""WIMPs on nuclei: published and independent rates, and the same by quadrature over the halo."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.exceptions import InputError, SpeciesError, UnknownNameError
from cevns.nuclear import material, nuclide
from cevns.processes import process
from cevns.processes.dark_matter import wimp_nucleus
from cevns.processes.dark_matter.wimp_nucleus import (
    SpinStructure,
    spin_response,
    spin_structures,
)
from cevns.processes.wimp_sd import WimpSD
from cevns.processes.wimp_si import WimpSI
from cevns.rates import kernel_fold, recoil_spectrum
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


# <S_p>, <S_n> of the same calculation, arXiv:1304.7684
SPINS = {
    "F19": (0.478, -0.002), "Na23": (0.224, 0.024), "Al27": (0.326, 0.038),
    "Si29": (0.016, 0.156), "Ge73": (0.031, 0.439), "I127": (0.342, 0.031),
    "Xe129": (0.010, 0.329), "Xe131": (-0.009, -0.272),
}  # fmt: skip
J = {"F19": 0.5, "Na23": 1.5, "Al27": 2.5, "Si29": 0.5, "Ge73": 4.5, "I127": 2.5, "Xe129": 0.5}


@pytest.mark.parametrize("name", SPINS)
def test_structure_functions_are_spins_at_rest(name):
    """S_00(0) = (2J+1)(J+1)/(4 pi J) (S_p + S_n)^2; two-body currents take 40 % of S_11."""
    structure, (p, n) = spin_structures()[name], SPINS[name]
    j = J.get(name, 1.5)
    weight = (2 * j + 1) * (j + 1) / (4 * np.pi * j)
    s00, s11, s01 = structure.coefficients[:, 0]
    assert s00 == pytest.approx(weight * (p + n) ** 2, rel=0.006)
    assert s11 == pytest.approx(0.600 * weight * (p - n) ** 2, rel=0.01)
    # interference is the root of both, with the sign of the odd nucleon; means over the band of
    # two-body currents are of x and of x^2, so it is a little less
    assert 0.975 < s01**2 / (4.0 * s00 * s11) < 1.0
    assert (s01 > 0.0) == (abs(p) > abs(n))


def test_spin_dependent_rates():
    """The fold over speeds is the closed form, and odd neutrons make the spin of xenon."""
    recoil = np.array([0.5, 2.0, 10.0, 30.0])
    year = source("halo", live_time_d=365.25)
    for target, nucleon in (("Xe", "neutron"), ("NaI", "proton"), ("F19", "proton")):
        closed = 1e-40 * wimp_rate("shm", material(target), 50.0, recoil, spin=nucleon)[0]
        folded = recoil_spectrum(
            year, target, 1000.0, recoil, interaction=WimpSD(50.0, nucleon),
            values={"sigma_sd": 1e-40},
        )["chi"]  # fmt: skip
        assert folded == pytest.approx(closed, rel=2e-5, abs=2e-6 * closed.max())
    strong, weak = (
        wimp_rate("shm", material("Xe"), 50.0, 2.0, spin=nucleon)[0, 0]
        for nucleon in ("neutron", "proton")
    )
    assert strong > 10.0 * weak


def test_a_free_proton_has_its_own_cross_section(monkeypatch):
    """One proton of spin 1/2, S_00 = S_11 = S_01/2 = 3/(8 pi) at rest: C = 1, and 0 of neutrons."""
    one = 2.0 * 1.5 / (4.0 * np.pi * 0.5) * 0.25
    single = SpinStructure(1.0, 10.0, np.array([[one], [one], [2.0 * one]]))
    monkeypatch.setattr(wimp_nucleus, "spin_structures", lambda: {"H1": single})
    hydrogen = nuclide("H1")
    assert spin_response(hydrogen, 50e3, 0.0, "proton") == pytest.approx(1.0, rel=1e-6)
    assert spin_response(hydrogen, 50e3, 0.0, "neutron") == pytest.approx(0.0, abs=1e-12)


def test_spins_without_a_structure_function_are_refused():
    with pytest.raises(InputError, match=r"Cs133 has spin 3\.5 and no structure function"):
        wimp_rate("shm", material("CsI"), 50.0, 1.0, spin="proton")
    assert wimp_rate("shm", material("Ar40"), 50.0, 1.0, spin="proton").tolist() == [[0.0]]
    with pytest.raises(UnknownNameError, match="nucleon whose spin"):
        WimpSD(nucleon="electron")


class Never:
    """An ability that no process has. (Taken from a class, a protocol still remembers it.)"""


def test_a_proportional_kernel_is_evaluated_once(monkeypatch):
    """The fold of many cross sections is one fold times each, and asks the kernel no more."""
    year = source("halo", live_time_d=365.25)
    fold = KernelFold(year, WimpSI(20.0), material("Xe"), 1000.0)
    sizes = np.array([[0.0, 1e-47], [1e-45, 3e-45]])
    together = fold.spectrum({"sigma_si": sizes})
    asked = []
    kernel = WimpSI.kernel

    def counted(self, *given):
        asked.append(given)
        return kernel(self, *given)

    monkeypatch.setattr(WimpSI, "kernel", counted)
    assert fold.spectrum({"sigma_si": 2e-45}).sum() > 0.0
    assert not asked
    # without the ability it is the same, and asked for
    monkeypatch.setattr(kernel_fold, "Proportional", Never)
    plain = KernelFold(year, WimpSI(20.0), material("Xe"), 1000.0)
    assert plain.spectrum({"sigma_si": sizes}) == pytest.approx(together, rel=1e-12, abs=0)
    assert len(asked) > 3
    assert fold.spectrum()[0].max() == 0.0  # its nominal value
