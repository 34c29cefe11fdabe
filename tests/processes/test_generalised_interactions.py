"""Contact interactions: formula by hand, heavy mediators, NSI, interference that is left out."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cevns.constants import G_FERMI_MEV, HBARC2_MEV2_CM2
from cevns.exceptions import InputError, UnknownNameError
from cevns.nuclear import couplings, nuclide
from cevns.processes import differential_cross_section, interaction
from cevns.processes.generalised_interactions import GeneralisedInteractions

CS, ENERGY = nuclide("Cs133"), 40.0
RECOIL = np.linspace(0.5, 24.0, 9)
HEAVY_MEV = 1e5


def slope(process, values, flavour="nu_mu"):
    return differential_cross_section(
        CS, ENERGY, RECOIL, flavour, interaction=process, values=values, form_factor="unity"
    )


def generalised(**options):
    return interaction("generalised-interactions", axial=False, **options)


@pytest.mark.parametrize("nucleus", ["spin", "coherent"])
def test_the_formula_by_hand(nucleus):
    process = generalised(scalar_charges="nucleons", tensor_charges="nucleons", nucleus=nucleus)
    values = {"c_scalar": 0.3, "c_vector": -0.2, "c_tensor": 0.7}
    scheme, m, t = couplings("scholberg2021"), CS.mass_mev, 1e-3 * RECOIL
    c_s, c_t = 0.3 * CS.a, 0.7 * (CS.a if nucleus == "coherent" else 1.0)
    c_v = 2.0 * (scheme.gv_p("mu") * CS.z + scheme.gv_n * CS.n) - 0.2 * 3.0 * CS.a
    y, z = t / ENERGY, m * t / ENERGY**2
    brackets = (
        c_s**2 * z / 2.0
        + c_v**2 * (1.0 - y - z / 2.0 + y**2 / 2.0)
        + 8.0 * c_t**2 * ((1.0 - y / 2.0) ** 2 - z / 4.0)
    )
    expected = 1e-3 * G_FERMI_MEV**2 * HBARC2_MEV2_CM2 * m / (4.0 * math.pi) * brackets
    assert slope(process, values) / expected == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    ("mediator", "coupling", "coefficient", "options"),
    [
        ("light-scalar", "g_scalar", "c_scalar", {}),
        ("tensor", "g_tensor", "c_tensor", {}),
        ("tensor", "g_tensor", "c_tensor", {"nucleus": "coherent"}),
        ("vector-universal", "g_zprime", "c_vector", {}),
    ],
)
def test_a_heavy_mediator_is_a_contact_interaction(mediator, coupling, coefficient, options):
    """C = sqrt2 g^2/(G_F M^2), to Q^2/M^2 = 1e-6."""
    structure = {"light-scalar": "m_scalar", "tensor": "m_tensor"}.get(mediator, "m_zprime")
    exchange = interaction(mediator, axial=False, **{structure: HEAVY_MEV}, **options)
    g2 = 0.04 if coefficient != "c_tensor" else 0.5
    c = math.sqrt(2.0) * g2 / (G_FERMI_MEV * HEAVY_MEV**2)
    found = slope(generalised(**options), {coefficient: c})
    ratio = found / slope(exchange, {coupling: math.sqrt(g2)})
    assert ratio == pytest.approx(1.0, rel=1e-5)
    assert np.abs(found / slope(exchange, {}) - 1.0).max() > 1e-3


def test_a_vector_is_nsi_with_both_quarks():
    found = slope(generalised(), {"c_vector": 0.06})
    nsi = interaction("nsi", axial=False)
    expected = slope(nsi, {"eps_mumu_u": 0.03, "eps_mumu_d": 0.03})
    assert found / expected == pytest.approx(1.0, rel=1e-12)


def test_families_that_couple():
    values = {"c_scalar": 0.3, "c_vector": -0.2, "c_tensor": 0.7}
    own = generalised(leptons=("e",))
    assert np.array_equal(slope(own, values), slope(own, {}))
    both = slope(own, values, "nu_e"), slope(generalised(), values, "nubar_e")
    assert both[0] / both[1] == pytest.approx(1.0, rel=1e-12)


def test_what_is_refused():
    with pytest.raises(InputError, match="choose spin or coherent"):
        GeneralisedInteractions(nucleus="both")
    with pytest.raises(UnknownNameError, match="scalar charges"):
        GeneralisedInteractions(scalar_charges="lattices")
    with pytest.raises(UnknownNameError, match="lepton"):
        GeneralisedInteractions(leptons=("x",))


# -- the interference of scalar and tensor --------------------------------------------------------

METRIC = np.diag([1.0, -1.0, -1.0, -1.0])
PAULI = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]]))
GAMMA = [
    np.diag([1, 1, -1, -1]).astype(complex),
    *(np.block([[np.zeros((2, 2)), s], [-s, np.zeros((2, 2))]]) for s in PAULI),
]
P_L = (np.eye(4) - 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]) / 2.0
SIGMA = [[0.5j * (a @ b - b @ a) for b in GAMMA] for a in GAMMA]


def slash(p):
    return sum(METRIC[i, i] * p[i] * GAMMA[i] for i in range(4))


def braces(c_s, c_t, m, energy, t):
    """The curly bracket above without vectors, from the traces."""
    out, cos = energy - t, 1 - m * t / (energy * (energy - t))
    sin = math.sqrt(1 - cos**2)
    k, k2 = np.array([energy, 0, 0, energy]), np.array([out, out * sin, 0, out * cos])
    p = np.array([m, 0, 0, 0.0])
    p2 = k + p - k2
    vertices = [(c_s * P_L, np.eye(4), 1.0)] + [
        (c_t * SIGMA[i][j] @ P_L, SIGMA[i][j], METRIC[i, i] * METRIC[j, j])
        for i in range(4) for j in range(4)
    ]  # fmt: skip

    def bar(v):
        return GAMMA[0] @ v.conj().T @ GAMMA[0]

    total = 0.0
    for a, b, s in vertices:
        for a2, b2, s2 in vertices:
            light = np.trace(slash(k2) @ a @ slash(k) @ bar(a2))
            heavy = np.trace((slash(p2) + m * np.eye(4)) @ b @ (slash(p) + m * np.eye(4)) @ bar(b2))
            total += s * s2 * light * heavy / 2
    # |M|^2/(32 pi M E^2) over M/(4 pi) and the 1/2 of (1/sqrt2)^2
    return 0.5 * total.real / (32 * math.pi * m * energy**2) / (m / (4 * math.pi))


def test_the_interference_that_is_left_out_is_small():
    m, energy = 900.0, 200.0
    t = 0.5 * 2 * energy**2 / (m + 2 * energy)
    y, z = t / energy, m * t / energy**2
    both, scalar, tensor = (braces(*c, m, energy, t) for c in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)))
    assert scalar == pytest.approx(z / 2.0 * (1.0 + t / (2.0 * m)), rel=1e-10)
    assert tensor == pytest.approx(8.0 * ((1.0 - y / 2.0) ** 2 - z / 4.0), rel=1e-10)
    # -2 C_S C_T T/E to the mass of the target; T/E is below 7e-4 for Cs at stopped pions
    assert both - scalar - tensor == pytest.approx(-2.0 * y, rel=0.1)
