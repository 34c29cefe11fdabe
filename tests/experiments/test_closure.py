"""Closure: a fit to the counts expected at a point returns that point, for every model.

The data are Asimov data of an injected point with new physics. The scan knows nothing of it but
lies around it. Couplings may have mirror solutions, so another point may be found, if it describes
the data as well.
"""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns.experiments.families import CouplingFamily, extended
from cevns.inference import Likelihood, asimov, fit
from cevns.inference.grid import Grid
from cevns.inference.scan import profile_scan
from cevns.inference.toys import run_toys
from cevns.interactions import interactions

# Injected values, structural ones last; the first is scanned over the range, the others are free.
# Ranges do not have the injected value among their points.
CASES = {
    "standard-model": ({"sin2_theta_w": 0.31}, (0.05, 0.55), {}),
    "nsi": ({"eps_ee_u": 0.25, "eps_mumu_u": -0.15}, (-0.6, 0.9), {}),
    "nsi complex": ({"eps_emu_u": 0.2, "eps_emu_u_im": -0.1}, (-0.5, 0.5), {}),
    "nsi-quark-mix": ({"eps_ee": 0.15, "eps_mumu": -0.1}, (-0.5, 0.6), {"eta": 45.0}),
    "light-vector": ({"g_zprime": 3e-4}, (0.0, 1e-3), {"m_zprime": 50.0}),
    "vector-universal": ({"g_zprime": 3e-5}, (0.0, 3e-4), {"m_zprime": 5.0}),
    "vector-b-l": ({"g_zprime": 4e-4}, (0.0, 1.3e-3), {"m_zprime": 30.0}),
    "vector-l-mu-l-tau": ({"g_zprime": 5e-3}, (0.0, 2e-2), {"m_zprime": 100.0}),
    "light-scalar": ({"g_scalar": 5e-5}, (0.0, 2e-4), {"m_scalar": 20.0}),
    "tensor": ({"g_tensor": 1e-3}, (0.0, 4e-3), {"m_tensor": 50.0}),
    "magnetic-moment": ({"mu_nu_mu": 40.0, "mu_nu_e": 30.0}, (0.0, 120.0), {}),
    "millicharge": ({"millicharge_mumu": 4.0}, (-20.0, 20.0), {}),
    "charge-radius": ({"charge_radius_mumu": -40.0, "charge_radius_ee": 30.0}, (-150.0, 150.0), {}),
    "sterile": ({"sin2_2theta_mumu": 0.6, "sin2_2theta_ee": 0.4}, (0.0, 1.0), {"dm2_41": 1.5}),
    "neutron-radius": ({"r_n_cs": 6.0}, (3.0, 9.0), {}),
    "neutron-radius-common": ({"r_n_csi": 5.8, "sin2_theta_w": 0.21}, (3.0, 8.0), {}),
    "neutron-skin": ({"skin_cs": 0.9}, (-2.0, 3.5), {}),
    "form-factor-expansion": ({"r2_n_cs": 5.8, "r2_n_i": 4.5}, (3.0, 8.0), {}),
    "flavoured-cross-sections": ({"sigma_e": 1.5, "sigma_mu": 0.6}, (0.0, 4.0), {}),
}


def test_every_model_is_closed():
    assert {name.split()[0] for name in CASES} == set(interactions())


@pytest.fixture(scope="module")
def csi():
    return cevns.load("coherent-csi-2021")


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

    scan = profile_scan(Grid.of(family, {name: np.linspace(*span, 12)}), data=data, engine="numpy")
    # the minimum is that of the injected point, where -2 ln L is zero in the saturated form
    assert abs(scan.best.twice_nll) < 1e-4
    assert scan.rise_at(point[name]) < 1e-4
    # a point found elsewhere predicts the same counts: the errors of counts are their roots
    mu, found = model.expected(truth), model.expected(scan.best.theta)
    assert np.sum((found - mu) ** 2 / mu) < 1e-4
