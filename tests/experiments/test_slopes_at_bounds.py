"""A fit that reaches the bound of a coupling still has a gradient there."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.analysis.coupling_families import CouplingFamily
from cevns.experiments import load


@pytest.mark.parametrize("form", ["tabulated", "exact"])
@pytest.mark.parametrize("bound", [0.0, 1.0])
def test_weak_mixing_angle_at_its_bounds(form, bound):
    """Beyond the bound the interaction refuses the value; the slope is one-sided."""
    csi = load("coherent-csi-2021")
    model = CouplingFamily(csi, "standard-model", ("sin2_theta_w",), form=form).model({})
    theta = model.parameters.at({"sin2_theta_w": bound}).values
    _, jac = model.linearise(theta[None, :])
    k = model.parameters.position("sin2_theta_w")
    h = 1e-4 if bound == 0 else -1e-4
    points = [theta.copy() for _ in range(3)]
    for i, point in enumerate(points):
        point[k] = bound + i * h
    f0, f1, f2 = (model.expected(p[None, :])[0] for p in points)
    second_order = (-3 * f0 + 4 * f1 - f2) / (2 * h)
    # one-sided over 2.4e-6, error of first order: that over the distance where the slope changes
    assert jac[0, k] == pytest.approx(second_order, rel=1e-4, abs=1e-6 * np.abs(jac[0, k]).max())
    assert np.isfinite(jac).all()
