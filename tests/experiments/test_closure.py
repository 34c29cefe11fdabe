"""Closure: a fit to the counts expected at a point returns that point, for every model.

The data are Asimov data of an injected point with new physics. The scan knows nothing of it but
lies around it. Couplings may have mirror solutions, so another point may be found, if it describes
the data as well.
"""

from __future__ import annotations

import numpy as np
import pytest

from cevns.analysis.coupling_families import CouplingFamily
from cevns.experiments import load
from cevns.inference import Likelihood, asimov, fit
from cevns.inference.model.grid import Grid
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.toy_run import run_toys
from cevns.processes import FromElsewhere, interaction, interactions
from cevns.processes.framework.abilities import OfNuclides

# Injected values, structural ones last; the first is scanned over the range, the others are free.
# Ranges do not have the injected value among their points.
CASES = {
    "standard-model": ({"sin2_theta_w": 0.31}, (0.05, 0.55), {}),
    "nsi": ({"eps_ee_u": 0.25, "eps_mumu_u": -0.15}, (-0.6, 0.9), {}),
    "nsi complex": ({"eps_emu_u": 0.2, "eps_emu_u_im": -0.1}, (-0.5, 0.5), {}),
    "nsi-quark-mix": ({"eps_ee": 0.15, "eps_mumu": -0.1}, (-0.5, 0.6), {"eta": 45.0}),
    "light-vector": ({"g_zprime": 7e-5}, (0.0, 5e-4), {"m_zprime": 50.0}),
    "vector-universal": ({"g_zprime": 3e-5}, (0.0, 3e-4), {"m_zprime": 5.0}),
    "vector-b-l": ({"g_zprime": 4e-5}, (0.0, 3e-4), {"m_zprime": 30.0}),
    "vector-l-mu-l-tau": ({"g_zprime": 5e-3}, (0.0, 2e-2), {"m_zprime": 100.0}),
    "light-scalar": ({"g_scalar": 1.5e-5}, (0.0, 1e-4), {"m_scalar": 20.0}),
    "tensor": ({"g_tensor": 1e-3}, (0.0, 4e-3), {"m_tensor": 50.0}),
    "magnetic-moment": ({"mu_nu_mu": 40.0, "mu_nu_e": 30.0}, (0.0, 120.0), {}),
    "magnetic-moment-mass-basis": ({"lambda_1": 40.0, "lambda_2": 30.0}, (0.0, 120.0), {}),
    "dipole-portal": ({"dipole_mu": 40.0, "dipole_e": 30.0}, (0.0, 120.0), {"m4": 15.0}),
    "generalised-interactions": ({"c_scalar": 0.02, "c_vector": 0.05}, (0.0, 0.1), {}),
    "charge-radius-running": ({"sin2_theta_w": 0.31}, (0.05, 0.55), {}),
    "millicharge": ({"millicharge_mumu": 4.0}, (-20.0, 20.0), {}),
    "charge-radius": ({"charge_radius_mumu": -40.0, "charge_radius_ee": 30.0}, (-150.0, 150.0), {}),
    "sterile": ({"sin2_2theta_mumu": 0.6, "sin2_2theta_ee": 0.4}, (0.0, 1.0), {"dm2_41": 1.5}),
    "neutron-radius": ({"r_n_cs": 6.0}, (3.0, 9.0), {}),
    "neutron-radius-theory": ({"r_n_cs": 6.0, "r_n_i": 5.2}, (3.0, 9.0), {}),
    "neutron-radius-common": ({"r_n_csi": 5.8, "sin2_theta_w": 0.21}, (3.0, 8.0), {}),
    "neutron-skin": ({"skin_cs": 0.9}, (-2.0, 3.5), {}),
    "form-factor-expansion": ({"r2_n_cs": 5.8, "r2_n_i": 4.5}, (3.0, 8.0), {}),
    "flavoured-cross-sections": ({"sigma_e": 1.5, "sigma_mu": 0.6}, (0.0, 4.0), {}),
}


def test_every_model_is_closed():
    # dark matter has a source of its own: test_dark_matter.py, test_beam_dark_matter.py; reactions
    # of some nuclides, whose scales are proportional: test_heavy_water.py
    others = FromElsewhere | OfNuclides
    neutrinos = {n for n in interactions() if not isinstance(interaction(n), others)}
    # the axial part is below a thousandth of the rate of CsI: test_sensitivity.py has it for sodium
    neutrinos.remove("axial-strength")
    assert {name.split()[0] for name in CASES} == neutrinos


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021")


@pytest.mark.parametrize("case", CASES)
def test_asimov_data_return_the_injected_point(csi, case):
    point, span, structure = CASES[case]
    name = next(iter(point))
    family = CouplingFamily(csi, case.split()[0], tuple(point), at=structure)
    model = family.model({})
    truth = model.parameters.at(point).values
    data = asimov(model, truth)
    # the data are not those of the Standard Model
    nominal = model.parameters.values
    assert Likelihood.of(model, data).twice_nll(nominal[None])[0] > 0.3

    scan = profile_scan(Grid.of(family, {name: np.linspace(*span, 12)}), data=data)
    # the minimum is that of the injected point, where -2 ln L is zero in the saturated form
    assert abs(scan.best.twice_nll) < 1e-4
    assert scan.rise_at(point[name]) < 1e-4
    # a point found elsewhere predicts the same counts: their errors are roots of them
    mu, found = model.expected(truth), model.expected(scan.best.theta)
    assert np.sum((found - mu) ** 2 / mu) < 1e-4


@pytest.mark.parametrize("case", CASES)
def test_exact_model_returns_the_injected_point(csi, case):
    """Folded anew at every step of iminuit, begun beside the point."""
    point, _, structure = CASES[case]
    model = CouplingFamily(csi, case.split()[0], tuple(point), at=structure, form="exact").model({})
    truth = model.parameters.at(point).values
    start = truth.copy()
    for name, value in point.items():
        start[model.parameters.position(name)] = 0.9 * value
    # where two couplings are known only as a sum of squares there is no covariance to converge
    flat = case == "nsi complex"
    result = fit(
        model, data=asimov(model, truth), start=start, minos="none", raise_on_failure=not flat
    )
    assert abs(result.twice_nll) < 1e-4
    if not flat:
        for name, value in point.items():
            # -2 ln L below 1e-4 is a hundredth of an error
            assert abs(result[name].value - value) < 0.01 * result[name].error


def test_roots_of_the_likelihood_ratio_are_normal(csi):
    """Pulls that do not depend on how a parameter is written: sign(fit - truth) sqrt(q)."""
    model = CouplingFamily(csi, "standard-model", ("sin2_theta_w",)).model({})
    n = 4000
    toys = run_toys(model, n, seed=5, poi="sin2_theta_w", audit=0.0, workers=1)
    k = model.parameters.position("sin2_theta_w")
    root = np.sign(toys.theta[:, k] - toys.truth[k]) * np.sqrt(np.maximum(toys.rise, 0.0))
    # The mean is of order 1/sqrt(counts). 331 counts known to 15 % are worth 50 without background:
    # the skewness of their Poisson law moves the mean by 1/(6 sqrt(50)) = 0.02. The flux, known to
    # 10 %, multiplies them, and the mean of f^-1/2 (counts go as the square of the weak charge)
    # is off by 3/8 of 1 %, beside an error of the charge of 7 %: 0.05.
    assert abs(root.mean()) < 4 / np.sqrt(n) + 0.07
    # the width is one up to 1/counts
    assert root.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * n) + 0.02)


def test_a_coupling_free_up_to_one_does_not_run_away(csi):
    """A mediator of 2154 MeV: q rises by a hundred within a tenth of the range of g."""
    physics = "vector-l-mu-l-tau"
    family = CouplingFamily(csi, physics, ("g_zprime",), at={"m_zprime": 2154.0})
    k = family.parameters.position("g_zprime")
    # iminuit, from both sides of the first minimum and beside the other: 82.6; the SM has 83.3
    model = family.model({})
    found = [
        fit(model, start={"g_zprime": g}, minos="none", hesse=False, raise_on_failure=False)
        for g in (0.0, 0.02, 0.15)
    ]
    wanted = min(found, key=lambda r: r.twice_nll)
    assert wanted.twice_nll == pytest.approx(82.6, abs=0.05)
    for values in (np.linspace(0.0, 1.0, 11), np.linspace(0.0, 1.0, 41), np.geomspace(1e-3, 1, 30)):
        scan = profile_scan(Grid.of(family, {"g_zprime": values}))
        assert np.isfinite(scan.rise).all()
        assert scan.best.twice_nll == pytest.approx(wanted.twice_nll, abs=1e-4)
        assert scan.best.theta[k] == pytest.approx(wanted.theta[k], rel=1e-3)
