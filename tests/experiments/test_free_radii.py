"""Neutron radii of several nuclei in a fit, free or as nuclear theory has them."""

from __future__ import annotations

import pytest

import cevns
from cevns.exceptions import InputError
from cevns.processes import interaction
from cevns.processes.neutron_radius import NeutronRadius

CSI, GE = "coherent-csi-2021", "coherent-ge-2024"


def fitted(free, model, *names, fixed=("form_factor",)):
    study = cevns.load(*(names or (CSI,)), models=model)
    return study.fit(free=free, minos="none", fix=dict.fromkeys(fixed)).fit


def test_theory_and_data_combine_by_their_errors():
    """Both are near to Gaussian here: the weighted mean, within a tenth of the error."""
    data = fitted(("r_n_csi",), NeutronRadius(("CsI",)))["r_n_csi"]
    both = fitted(("r_n_csi",), NeutronRadius(("CsI",), theory=0.08))["r_n_csi"]
    nominal = NeutronRadius(("CsI",)).parameters["r_n_csi"].value
    theory = 0.08 * nominal
    weights = 1.0 / data.error**2, 1.0 / theory**2
    mean = (weights[0] * data.value + weights[1] * nominal) / sum(weights)
    assert both.value == pytest.approx(mean, abs=0.1 * both.error)
    assert both.error == pytest.approx(sum(weights) ** -0.5, rel=0.05)


def test_each_nucleus_moves_its_own_experiment():
    study = cevns.load(CSI, GE, models="neutron-radius")
    names = ("r_n_cs", "r_n_ge")
    nominal = study.predict()
    for moved, still in ((CSI, GE), (GE, CSI)):
        name = names[(CSI, GE).index(moved)]
        value = interaction("neutron-radius").parameters[name].value
        found = study.predict(at={name: value + 0.3})
        assert found[moved]["cevns"] < 0.97 * nominal[moved]["cevns"]
        assert found[still]["cevns"] == pytest.approx(nominal[still]["cevns"], rel=1e-12)


@pytest.mark.slow
def test_radii_of_several_nuclei_and_the_angle_together():
    free = ("r_n_cs", "r_n_i", "r_n_ge", "sin2_theta_w")
    found = fitted(free, "neutron-radius-theory", CSI, GE, fixed=())
    for name in free[:3]:
        prior = interaction("neutron-radius-theory").parameters[name].constraint
        assert found[name].value == pytest.approx(prior.mean, abs=0.2 * prior.sigma)
        assert found[name].error == pytest.approx(prior.sigma, rel=0.02)
    assert 0.022 < found["sin2_theta_w"].error < 0.028


def test_two_files_that_disagree_on_a_radius_are_refused():
    study = cevns.load(
        GE, "conus-plus-2025", models="neutron-radius-theory",
        overrides={"interaction.couplings": "cadeddu2022"},
    )  # fmt: skip
    with pytest.raises(InputError, match=r"the shared parameter 'r_n_ge' is 4\.24"):
        study.fit(free=("r_n_ge",), asimov=True)
    with pytest.raises(InputError, match="must be positive"):
        NeutronRadius(theory=-0.1)
