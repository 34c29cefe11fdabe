"""Sterile neutrinos and nuclear structure in an experiment: tables and the exact signal."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.analysis.coupling_families import CouplingFamily
from cevns.experiments import load


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021")


@pytest.mark.parametrize(
    ("physics", "free", "point"),
    [
        ("sterile", ("sin2_2theta_mumu", "sin2_2theta_ee"), (0.6, 0.3)),
        ("neutron-radius-common", ("r_n_csi", "sin2_theta_w"), (5.7, 0.21)),
        ("neutron-skin", ("skin_cs",), (0.5,)),
        ("form-factor-expansion", ("r2_n_cs", "r4_n_cs"), (5.4, 5.8)),
    ],
)
def test_tables_are_the_exact_signal(csi, physics, free, point):
    family = CouplingFamily(csi, physics, free)
    fast, exact = family.model({}), family.exact_model()
    values = exact.parameters.values.copy()
    for name, value in zip(free, point, strict=True):
        values[exact.parameters.position(name)] = value
    own, direct = fast.expected(values), exact.expected(values)
    nominal = exact.expected(exact.parameters.values)
    assert np.abs(direct - nominal).max() > 1e-3 * nominal.max()  # the point is another model
    # what tables of the response leave for any spectrum
    assert np.abs(own - direct).max() < 1e-4 * direct.max()


def test_counts_at_the_radii_of_an_independent_computation(csi):
    """Helm with R_n 5.01 (Cs) and 4.94 fm (I): 335 of an independent prototype, 331 with KN."""
    helm = load("coherent-csi-2021", overrides={"interaction.form_factor": "helm"})
    model = CouplingFamily(helm, "neutron-radius", ("r_n_cs", "r_n_i"), form="exact").model({})
    values = model.parameters.values.copy()
    for name, radius in (("r_n_cs", 5.01), ("r_n_i", 4.94)):
        values[model.parameters.position(name)] = radius
    # the prototype's pulse is at 0.500 us, the file's at 0.474 us: half a percent
    assert model.components(values)["cevns"].sum() == pytest.approx(335, abs=3)


def test_the_splitting_is_scanned_as_a_structure(csi):
    family = CouplingFamily(csi, "sterile", ("sin2_2theta_mumu",), form="exact")
    counts = []
    for dm2 in (0.01, 1.0, 1e4):
        model = family.model({"dm2_41": dm2})
        values = model.parameters.values.copy()
        values[model.parameters.position("sin2_2theta_mumu")] = 0.5
        counts.append(model.components(values)["cevns"].sum())
        full = model.components(model.parameters.values)["cevns"].sum()
    # none; a good part; half of sin^2 2theta of nu_mu and nubar_mu, a quarter
    assert counts[0] == pytest.approx(full, rel=1e-4)
    assert counts[1] < 0.95 * full
    muons = 1 - counts[2] / full
    assert 0.25 * 0.6 < muons < 0.25 * 0.75
