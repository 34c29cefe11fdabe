"""Folds at electrons against plain integrals over the flux."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from cevns.constants import ALPHA, G_FERMI_MEV, HBARC2_MEV2_CM2, M_ELECTRON_MEV
from cevns.exceptions import InputError
from cevns.nuclear import form_factor, material
from cevns.processes import ElectronScattering, electron_scattering, interaction
from cevns.rates.electrons import ElectronFold, WithElectrons, electron_panels
from cevns.rates.fold import Fold, panel_nodes
from cevns.sources.sns import SNS

SOURCE = SNS(distance_m=19.3, protons=3e23, yield_per_flavour=0.085)
CSI = material("CsI")
MASS = 14.6


def slope(energy, recoil_kev, flavour, charge=0.0, moment=0.0):
    """d(sigma)/dT per electron, cm2/keV: charge in e, moment in Bohr magnetons."""
    m, t = M_ELECTRON_MEV, 1e-3 * recoil_kev
    shift = -4 * math.pi * ALPHA * charge / (math.sqrt(2) * G_FERMI_MEV * 2 * m * t)
    gv = 2 * 0.23857 + (0.5 if flavour == "nu_e" else -0.5) + shift
    ga = 0.5 if flavour == "nu_e" else -0.5
    ga = -ga if flavour.startswith("nubar") else ga
    y = t / energy
    bracket = (gv + ga) ** 2 + (gv - ga) ** 2 * (1 - y) ** 2 - (gv**2 - ga**2) * m * t / energy**2
    out = G_FERMI_MEV**2 * m / (2 * math.pi) * bracket
    out += math.pi * ALPHA**2 / m**2 * moment**2 * (1 / t - 1 / energy)
    return out * HBARC2_MEV2_CM2 * 1e-3


@pytest.mark.parametrize(
    ("name", "values", "options"),
    [
        ("standard-model", {}, {}),
        ("millicharge", {"millicharge_ee": 2.0, "millicharge_mumu": 2.0}, {"charge": 2e-10}),
        ("magnetic-moment", {"mu_nu": 20.0}, {"moment": 20e-10}),
    ],
)
@pytest.mark.parametrize("recoil", [0.1, 1.5, 40.0, 20e3])
def test_the_density_is_the_integral_over_the_flux(name, values, options, recoil):
    process = electron_scattering(interaction(name))
    fold = ElectronFold(SOURCE, process, CSI, MASS, np.array([recoil]))
    # electrons that T frees, counted by hand: 1.5 keV frees all but the K and L shells
    free = {0.1: 19 + 17, 1.5: 45 + 43, 40.0: 108, 20e3: 108}[recoil]
    atoms = MASS * 1000 * 6.02214076e23 / CSI.molar_mass_g
    t = 1e-3 * recoil
    lowest = 0.5 * (t + math.sqrt(t * t + 2 * M_ELECTRON_MEV * t))
    density = fold.spectrum(values)[:, 0]
    for f, flavour in enumerate(fold.flavours):
        lines = SOURCE.lines(flavour)
        total = sum(w * slope(e, recoil, flavour, **options) for e, w in lines if e > lowest)
        if not lines:
            total, _ = quad(
                lambda e, f=flavour: 1e40 * slope(e, recoil, f, **options)
                * float(SOURCE.spectrum(f, e)),
                lowest, SOURCE.end_point_mev(flavour), epsabs=0.0, epsrel=1e-12, limit=200,
            )  # fmt: skip
            total *= 1e-40
        expected = total * atoms * free * SOURCE.fluence_cm2(flavour)
        assert density[f] == pytest.approx(expected, rel=1e-10)


def test_panels_end_at_the_edges_of_the_shells():
    edges = electron_panels(SOURCE, CSI, 10.0)
    assert edges[0] == pytest.approx(3.9e-3)  # the loosest electron of caesium
    assert edges[-1] == 10.0
    assert {5.714, 5.188, 1.211} <= set(edges.round(6))
    # beyond the kinematic limit of the end point, 52.6 MeV, there is nothing to follow
    assert electron_panels(SOURCE, CSI, 1e6)[-1] == pytest.approx(52.575e3, rel=1e-3)
    with pytest.raises(InputError, match="free no electron of CsI"):
        electron_panels(SOURCE, CSI, 1e-3)


def test_panels_integrate_the_spectrum():
    """Between the steps the spectrum is smooth: 24 nodes a panel are as good as quad."""
    edges = electron_panels(SOURCE, CSI, 10.0)
    edges = np.array([0.1, *edges[edges > 0.1]])
    process = electron_scattering(interaction("millicharge"))
    values = {"millicharge_emu": 1.0}
    nodes, weights = panel_nodes(edges)
    counts = ElectronFold(SOURCE, process, CSI, MASS, nodes, weights).spectrum(values).sum()

    def density(t):
        return ElectronFold(SOURCE, process, CSI, MASS, np.array([t])).spectrum(values).sum()

    expected = sum(quad(density, a, b, epsrel=1e-11)[0] for a, b in pairwise(edges))
    assert counts == pytest.approx(expected, rel=1e-10)


def test_both_kinds_of_recoil_on_one_row_of_nodes():
    process = interaction("magnetic-moment")
    nuclei = Fold(SOURCE, process, CSI, MASS, form_factor("helm"), np.array([3.0, 8.0]))
    electrons = ElectronFold(
        SOURCE, electron_scattering(process), CSI, MASS, np.array([0.5, 1.0, 2.0])
    )
    both = WithElectrons(nuclei, electrons)
    values = {"mu_nu_mu": np.array([[0.0], [1.0], [2.0], [3.0]])}
    joined = both.spectrum(values)
    assert joined.shape == (4, 1, 3, 5)
    assert np.array_equal(joined[..., :2], nuclei.spectrum(values))
    assert np.array_equal(joined[..., 2:], electrons.spectrum(values))
    # one point for nuclei, which a radius spreads
    radius = np.array([0.9, 1.1])
    assert both.spectrum({}, neutron_radius=radius).shape == (2, 3, 5)
    assert both.nodes.tolist() == [3.0, 8.0, 0.5, 1.0, 2.0]
    # rows with unit weights, mixed by the weights, are the spectrum
    at = {"mu_nu_mu": 2.0}
    for f, flavour in enumerate(both.flavours):
        rows = both.electron_terms(f)
        assert (rows[:, :2] == 0).all()
        mixed = electrons.weights(at, flavour) @ rows
        assert mixed[2:] == pytest.approx(electrons.spectrum(at)[f], rel=1e-13)


def test_the_standard_model_by_default():
    assert ElectronScattering().parameters.names == ("sin2_theta_w",)


def test_electrons_alone_are_seen():
    """Far above all recoils of nuclei: no node of theirs is left, with couplings or without."""
    process = interaction("magnetic-moment")
    nothing = np.array([])
    nuclei = Fold(SOURCE, process, CSI, MASS, form_factor("helm"), nothing, nothing)
    electrons = ElectronFold(SOURCE, electron_scattering(process), CSI, MASS, np.array([2.0]))
    both = WithElectrons(nuclei, electrons)
    for values in ({}, {"mu_nu": 1.0}, {"mu_nu": np.array([0.0, 1.0])}):
        assert np.array_equal(both.spectrum(values), electrons.spectrum(values))
