"""Recoils of electrons in germanium at a reactor: an independent program, and integrals by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import trapezoid

from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.nuclear import material
from cevns.processes import electron_scattering, interaction
from cevns.rates.electrons import ElectronFold, electron_panels
from cevns.rates.fold import panel_nodes
from cevns.sources.reactor import Reactor

GE = material("Ge")
KALININ = Reactor(3.0, 13.9, live_time_d=1.0)
LEIBSTADT = Reactor(
    3.6, 20.7, 1.0, fractions={"u235": 0.53, "u238": 0.08, "pu239": 0.32, "pu241": 0.07}
)
CHARGE = {"millicharge_etau": 0.015}  # a transition charge does not interfere
# counts/kg/d/keV of an independent program
OWN = {
    1.0: (0.00442, 0.0896, 0.246),
    3.0: (0.00594, 0.0405, 0.0371),
    10.0: (0.00573, 0.0119, 0.00331),
}


def density(name, values, nodes, source=KALININ, weights=1.0):
    """Counts per kg and day at (or, with weights, over) electron energies."""
    fold = ElectronFold(
        source, electron_scattering(interaction(name)), GE, 1.0, np.asarray(nodes), weights
    )
    return fold.spectrum(values)[0]


def added(name, values, nodes, **where):
    return density(name, values, nodes, **where) - density(name, {}, nodes, **where)


def over_the_flux(recoil_kev, bracket):
    """Sum over the atom's free electrons (counted by hand) of the flux above E_min, 1/keV/kg/d."""
    t = 1e-3 * recoil_kev
    lowest = 0.5 * (t + math.sqrt(t * t + 2.0 * M_ELECTRON_MEV * t))
    energy = np.linspace(lowest, 12.5, 400_001)
    total = trapezoid(bracket(energy, t) * KALININ.spectrum("nubar_e", energy), energy)
    free = {1.0: 22, 3.0: 30, 10.0: 30}[recoil_kev]
    atoms = 1000.0 * 6.02214076e23 / GE.molar_mass_g
    flux = 86400.0 * KALININ.flux_cm2_s("nubar_e")
    return total * free * atoms * flux * HBARC2_MEV2_CM2 * 1e-3


@pytest.mark.parametrize("recoil", OWN)
def test_formulas_of_the_reference(recoil):
    """g_L = 1/2 + s2 and g_R = s2, exchanged for antineutrinos; captures and all energies."""
    right, left, m = 0.23857, 0.73857, M_ELECTRON_MEV
    weak = 2.0 * G_FERMI_MEV**2 * m / math.pi
    standard = over_the_flux(
        recoil,
        lambda e, t: weak * (right**2 + left**2 * (1 - t / e) ** 2 - left * right * m * t / e**2),
    )
    assert density("standard-model", {}, [recoil])[0] == pytest.approx(standard, rel=1e-4)
    moment = over_the_flux(
        recoil, lambda e, t: math.pi * ALPHA**2 / m**2 * 2.9e-11**2 * (1 / t - 1 / e)
    )
    own = added("magnetic-moment", {"mu_nu_e": 0.29}, [recoil])[0]
    assert own == pytest.approx(moment, rel=1e-4)
    leading = over_the_flux(recoil, lambda e, t: 2 * math.pi * ALPHA**2 * 1.5e-12**2 / (m * t * t))
    # the other program has the leading term alone
    assert leading == pytest.approx(OWN[recoil][2], rel=0.01)
    # sum of both helicities: [1 + (1 - T/E)^2 - m T/E^2]/2 of it
    whole = over_the_flux(
        recoil,
        lambda e, t: math.pi * ALPHA**2 * 1.5e-12**2 / (m * t * t)
        * (1.0 + (1 - t / e) ** 2 - m * t / e**2),
    )  # fmt: skip
    charge = added("millicharge", CHARGE, [recoil])[0]
    assert charge == pytest.approx(whole, rel=1e-4)
    assert 0.95 < charge / leading < 1.0


@pytest.mark.parametrize("recoil", OWN)
def test_independent_program(recoil):
    standard, moment, charge = OWN[recoil]
    assert density("standard-model", {}, [recoil])[0] == pytest.approx(standard, rel=0.02)
    own = added("magnetic-moment", {"mu_nu_e": 0.29}, [recoil])[0]
    assert own == pytest.approx(moment, rel=0.02)
    if recoil < 10.0:  # above, its leading term is 4 % too large
        assert added("millicharge", CHARGE, [recoil])[0] == pytest.approx(charge, rel=0.02)


@pytest.mark.parametrize(
    ("moment", "recoil", "charge"),
    [(0.29, 2.8, 1.52e-12), (0.75, 2.0, 3.32e-12), (0.518, 1.18, 1.76e-12)],
)
def test_a_moment_and_a_charge_do_the_same_at_one_energy(moment, recoil, charge):
    """q = mu sqrt(T/(2 m_e)): what GEMMA and CONUS quote as a pair."""
    assert moment * 1e-10 * math.sqrt(1e-3 * recoil / (2 * M_ELECTRON_MEV)) == pytest.approx(
        charge, rel=0.01, abs=0.0
    )
    wanted = added("magnetic-moment", {"mu_nu_e": moment}, [recoil])[0]
    unit = added("millicharge", {"millicharge_etau": 1.0}, [recoil])[0]
    assert 1e-10 * math.sqrt(wanted / unit) == pytest.approx(charge, rel=0.01, abs=0.0)


def test_a_diagonal_charge_interferes():
    """At the size of these limits the interference is as large as the Standard Model, or larger."""
    square = added("millicharge", CHARGE, [3.0])[0]
    plus, minus = (added("millicharge", {"millicharge_ee": q}, [3.0])[0] for q in (0.015, -0.015))
    assert 0.5 * (plus + minus) == pytest.approx(square, rel=1e-9)
    # by hand at small T: 2 g_V shift/shift^2, g_V = 2 s2 + 1/2 and shift = pi alpha sqrt2 q/(G m T)
    shift = math.sqrt(2) * math.pi * ALPHA * 1.5e-12 / (G_FERMI_MEV * M_ELECTRON_MEV * 3e-3)
    assert (minus - plus) / (2.0 * square) == pytest.approx(2 * 0.97714 / shift, rel=0.02)


def test_the_window_of_conus_plus():
    """0.16 to 0.8 keV at Leibstadt, counts/kg/d: nothing beside 0.95 of CEvNS, and 0.247."""
    edges = electron_panels(LEIBSTADT, GE, 0.8)
    nodes, weights = panel_nodes(np.array([0.16, *edges[edges > 0.16]]))
    where = {"source": LEIBSTADT, "weights": weights}
    assert density("standard-model", {}, nodes, **where).sum() == pytest.approx(0.0015, rel=0.03)
    moment = added("magnetic-moment", {"mu_nu_e": 0.518}, nodes, **where).sum()
    assert moment == pytest.approx(0.247, rel=0.02)
