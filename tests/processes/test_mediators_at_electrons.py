"""Light mediators at electrons: formulas written again by hand, signs, and what stays out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cevns.constants import (
    CEVNS_PREFACTOR_CM2,
    G_FERMI_MEV,
    HBARC2_MEV2_CM2,
    M_ELECTRON_MEV,
    SIN2_THETA_W_0,
)
from cevns.processes.framework.electron_scattering import ELECTRON, ElectronScattering
from cevns.processes.ingredients.lepton_loops import induced_charge
from cevns.processes.light_scalar import LightScalar
from cevns.processes.light_vector import LightVector
from cevns.processes.tensor import LightTensor

ROOT2_GF = math.sqrt(2.0) * G_FERMI_MEV
RECOIL = np.array([0.1, 3.0, 40.0, 900.0])  # keV
SIGN = {"nu_e": 1, "nu_mu": -1, "nubar_mu": -1, "nubar_e": 1}


def by_hand(flavour, energy, shift):
    """'t Hooft's formula with g_V shifted, cm2/keV."""
    t, sign = 1e-3 * RECOIL, SIGN[flavour]
    gv, ga = 2 * SIN2_THETA_W_0 + 0.5 * sign + shift, 0.5 * sign
    if flavour.startswith("nubar"):
        ga = -ga
    bracket = (gv + ga) ** 2 + (gv - ga) ** 2 * (1 - t / energy) ** 2
    bracket -= (gv**2 - ga**2) * M_ELECTRON_MEV * t / energy**2
    return 1e-3 * CEVNS_PREFACTOR_CM2 * M_ELECTRON_MEV * bracket


@pytest.mark.parametrize("flavour", SIGN)
@pytest.mark.parametrize(
    "name", ["universal", "B-L", "B-3L_mu", "B-3L_e", "L_mu-L_tau", "L_e-L_mu"]
)
def test_vectors_shift_the_coupling_of_electrons(name, flavour):
    model, g, mass = LightVector(1.0, name), 1e-6, 1.0
    process, x = ElectronScattering((model,)), model.assignment
    q2 = 2e-3 * M_ELECTRON_MEV * RECOIL
    charge = x.e - (induced_charge(x.leptons, q2) if x.by_loop else 0.0)
    shift = g * g * x.neutrino(flavour.split("_")[1]) * charge / (ROOT2_GF * (q2 + mass**2))
    own = process.differential_cross_section(30.0, RECOIL, flavour, {"g_zprime": g})
    assert np.allclose(own, by_hand(flavour, 30.0, shift), rtol=1e-11, atol=0)
    assert model.at_electrons == (name != "B-3L_mu")


def test_the_sign_by_loops_is_opposite_at_electrons():
    # kappa > 0 counts electric charge, which is -1 for electrons
    values = {"g_zprime": 1e-2}
    for sign in (1, -1):
        model = LightVector(1.0, "L_mu-L_tau", loop_sign=sign)
        (at_electrons,) = model.electron_shapes
        factor = at_electrons.of_recoil(np.array([1.0]), ELECTRON)
        (strength,) = model.electron_amplitudes("nu_mu", values)["mu"]
        assert np.sign(factor * strength) == -sign
        assert np.sign(model.mixing(1.0)) == sign


def test_scalar_and_tensor_at_electrons():
    energy, t, m, g = 30.0, 1e-3 * RECOIL, M_ELECTRON_MEV, 1e-4
    q2, sm = 2 * m * t, by_hand("nu_mu", energy, 0.0)
    scalar = ElectronScattering((LightScalar(2.0, electron=0.5),))
    own = scalar.differential_cross_section(energy, RECOIL, "nu_mu", {"g_scalar": g}) - sm
    rate = 0.25 * g**4 * m**2 * t * (1 + t / (2 * m)) / (4 * math.pi * energy**2 * (q2 + 4.0) ** 2)
    # the scalar is 1e-4 and more of the Standard Model here
    assert np.allclose(own, rate * HBARC2_MEV2_CM2 * 1e-3, rtol=1e-9, atol=0)
    tensor = ElectronScattering((LightTensor(2.0, electron=0.5),))
    own = tensor.differential_cross_section(energy, RECOIL, "nu_mu", {"g_tensor": g}) - sm
    bracket = (1 - t / (2 * energy)) ** 2 - m * t / (4 * energy**2)
    rate = 0.25 * g**4 * 4 * m / math.pi * bracket / (q2 + 4.0) ** 2
    assert np.allclose(own, rate * HBARC2_MEV2_CM2 * 1e-3, rtol=1e-9, atol=0)
    for quiet in (LightScalar(), LightTensor()):
        assert not quiet.at_electrons
        assert list(quiet.electron_weights("nu_e", {})) == []
