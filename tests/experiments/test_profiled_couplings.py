"""A coupling that is profiled finds its minimum, decades from where it starts."""

import numpy as np
import pytest

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.analysis.scanning.scan_task import scan
from cevns.experiments import load
from cevns.inference import fit

CASES = {
    "nsi+vector-universal": ("g_zprime", (1.8e-4, 1.95e-4)),
    "nsi+tensor": ("g_tensor", (9e-4, 1.2e-3)),
    "nsi+magnetic-moment": ("mu_nu_mu", (5.0, 15.0)),
}


@pytest.mark.parametrize("physics", CASES)
def test_profiled_is_not_above_held(physics):
    name, values = CASES[physics]
    csi = load("coherent-csi-2021")
    ranges = {"eps_ee_u": np.linspace(-0.1, 0.6, 8)}

    def heights(**options):
        found = scan(scan_plan(csi, physics, ranges, fix={"t0": None}, **options))
        return found.file.datasets["profile/twice_nll"]

    profiled = heights(free=(name,))
    lowest = np.min([heights(at={name: v}) for v in (0.0, *values)], axis=0)
    # fits stop 1e-7 above their minimum; 1e-3 would already be a wrong one
    assert np.all(profiled <= lowest + 1e-3)
    assert np.any(profiled < heights(at={name: 0.0}) - 0.1) or physics.endswith("moment")


FAR = {"vector-b-l": ("m_zprime", "g_zprime", 1.0), "light-scalar": ("m_scalar", "g_scalar", 10.0)}


@pytest.mark.parametrize("physics", FAR)
def test_profile_far_out_does_not_depend_on_the_grid(physics):
    """Couplings orders of magnitude above the limit, where nuisances can switch the signal off."""
    mass, coupling, value = FAR[physics]
    csi = load("coherent-csi-2021")
    found = {}
    for n in (16, 31, 61):
        ranges = {coupling: np.geomspace(1e-6, 1e-2, n)}
        profile = scan(scan_plan(csi, physics, ranges, at={mass: value}))
        found[n] = profile.q[:: (n - 1) // 15]
    for n in (31, 61):
        assert found[n] == pytest.approx(found[16], abs=0.1)
    # without neutrinos there is no signal, whatever the coupling: a flux ten of its errors low
    model = csi.model(("sin2_theta_w",))
    switched_off = model.parameters.fix({"sns.flux": 0.0, "sin2_theta_w": None})
    bound = fit(model.with_parameters(switched_off), minos="none").twice_nll
    best = profile.file.datasets["profile/best_twice_nll"].min()
    assert found[61].max() < bound - best  # 232.5
