"""What CONUS+ would say on new physics: several questions on one number, the weak charge."""

from __future__ import annotations

import math

import numpy as np
import pytest

import cevns
from cevns.constants import G_FERMI_MEV
from cevns.inference import asimov, fit
from cevns.nuclear import material

NAME = "conus-plus-2025"
Z, A = 32, material("Ge").molar_mass_g
N = A - Z
GP, GN, SIN2 = 0.5 - 2.0 * 0.23857, -0.5, 0.23857


def ends(model, parameter, over, *, level=0.9, at=None, electrons=False):
    study = cevns.load(
        NAME,
        models=model,
        overrides=None if electrons else {"interaction.electrons": "false"},
    )
    return study.scan({parameter: over}, asimov=True, cl=level, at=at).intervals


@pytest.fixture(scope="module")
def ratios():
    """Q/Q_SM of the weak charge at the ends for the common coupling of the up quarks."""
    (low, high), (low2, high2) = ends("nsi", "eps_ee_u", np.linspace(-0.1, 0.5, 13))
    standard, share = Z * GP + N * GN, 2 * Z + N
    return [1.0 + e * share / standard for e in (low, high, low2, high2)]


@pytest.mark.slow
def test_the_limit_on_the_weak_charge(ratios):
    """(Q/Q_SM)^2 is the strength of the signal, whichever sign the charge has."""
    high, low, mirrored_low, mirrored_high = ratios
    assert (mirrored_low, mirrored_high) == pytest.approx((-low, -high), rel=0.005)
    model = cevns.load(NAME).experiments[0].model("cross-section")
    nominal = model.parameters["cross-section"].value
    for ratio in (low, high):
        held = model.parameters.fix({"cross-section": ratio**2 * nominal})
        rise = fit(model.with_parameters(held), data=asimov(model)).twice_nll
        assert rise == pytest.approx(2.706, rel=0.01)


@pytest.mark.parametrize(
    ("model", "parameter", "over", "charge"),
    [
        ("nsi", "eps_ee_d", (-0.1, 0.2, 7), lambda e: (Z + 2 * N) * e),
        ("standard-model", "sin2_theta_w", (0.1, 0.4, 7), lambda s: -2.0 * Z * (s - SIN2)),
    ],
)
def test_other_questions_on_the_weak_charge(ratios, model, parameter, over, charge):
    standard = Z * GP + N * GN
    ((a, b),) = ends(model, parameter, np.linspace(*over))
    found = sorted(1.0 + charge(x) / standard for x in (a, b))
    assert found == pytest.approx([ratios[1], ratios[0]], rel=2e-3)


def test_a_heavy_mediator_is_a_contact_interaction(ratios):
    """Universal coupling: 3 A g^2/(sqrt2 G_F (Q^2 + M^2)) against the Standard Model."""
    mass = 1e3
    pieces = ends("vector-universal", "g_zprime", np.linspace(0, 1e-3, 21), at={"m_zprime": mass})
    change = 3 * A * pieces[0][1] ** 2 / (math.sqrt(2.0) * G_FERMI_MEV * (mass**2 + 140.0))
    assert change / -(Z * GP + N * GN) == pytest.approx(1.0 - ratios[1], rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "parameter", "highest", "with_electrons", "without"),
    [
        ("magnetic-moment", "mu_nu_e", (2.0, 6.0), 1.11, 3.53),
        ("millicharge", "millicharge_etau", (0.05, 200.0), 0.0166, 94.8),
    ],
)
def test_electrons_decide_electromagnetic_properties(
    model, parameter, highest, with_electrons, without
):
    """The numbers of docs/measurements/reactors.md.

    Of the charge with nuclei alone the exact fit rises by 2.705 at 94.84.
    """
    for electrons, last, known in zip(
        (True, False), highest, (with_electrons, without), strict=True
    ):
        ((low, high),) = ends(model, parameter, np.linspace(0, last, 6), electrons=electrons)
        assert low == 0.0
        assert high == pytest.approx(known, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mass", "known"), [(0.01, 4.66e-7), (1.0, 5.75e-6), (10.0, 7.67e-6), (100.0, 5.10e-5)]
)
def test_light_mediators(mass, known):
    """The numbers of docs/measurements/reactors.md."""
    over = known * np.linspace(0.0, 2.0, 6)
    found = ends("vector-universal", "g_zprime", over, at={"m_zprime": mass}, electrons=True)
    assert found[0][1] == pytest.approx(known, rel=0.01)
