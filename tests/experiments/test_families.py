"""New physics in an experiment: tables against direct folds, parameters, mistakes."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from numerical import differences

from cevns.analysis.coupling_families import CouplingFamily, extended
from cevns.constants import G_FERMI_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load
from cevns.experiments.counts_model import exact_signal
from cevns.inference import Likelihood, asimov
from cevns.processes import StandardModel
from cevns.processes.framework.abilities import shaped

MODELS = {
    "standard-model": {"sin2_theta_w": 0.31},
    "nsi": {"eps_ee_u": 0.3, "eps_mumu_d": -0.2, "eps_emu_u": 0.15, "eps_etau_d_im": 0.1},
    "vector-universal": {"g_zprime": 3e-4},
    "light-scalar": {"g_scalar": 5e-5},
    "magnetic-moment": {"mu_nu_e": 15.0, "mu_nu_mu": 20.0},
    "millicharge": {"millicharge_mumu": 4.0, "millicharge_emu": 1.5},
    "charge-radius": {"charge_radius_ee": 20.0, "charge_radius_emu": 30.0},
    "flavoured-cross-sections": {"sigma_e": 1.4, "sigma_mu": 0.7},
    "nsi+vector-universal+magnetic-moment": {"eps_ee_u": 0.2, "g_zprime": 2e-4, "mu_nu_mu": 10.0},
}


# a process that stands alone, with a mass as structure
OWN = """
from dataclasses import dataclass, replace

import numpy as np

from cevns.parameters import Parameter, Parameters
from cevns.processes import MASSLESS, Term


@dataclass(frozen=True)
class Propagator:
    mass_mev: float

    def __call__(self, recoil_energy_kev, target):
        q2 = 2e-3 * target.mass_mev * recoil_energy_kev
        row = 1e-43 * (self.mass_mev**2 / (self.mass_mev**2 + q2)) ** 2
        return np.stack([row, 0.0 * row, 0.0 * row])


@dataclass(frozen=True)
class Own:
    m_own: float = 30.0
    name, kinematics, steep = "own", MASSLESS, True
    parameters = Parameters([Parameter("g", 1.0, lower=0.0, role="poi", shared=True)])

    @property
    def structure(self):
        return Parameters([Parameter("m_own", self.m_own, unit="MeV", lower=0.1, upper=1e6)])

    def with_structure(self, values):
        return replace(self, **values)

    @property
    def terms(self):
        return (Term("own", ("n", "n"), Propagator(self.m_own)),)

    def weights(self, flavour, nuclide, values):
        return np.stack([nuclide.n**2 * np.asarray(values.get("g", 1.0))])
"""


@pytest.fixture(scope="module")
def csi():
    return load("coherent-csi-2021")


@pytest.mark.parametrize("physics", MODELS)
def test_spectra_of_the_table_are_those_of_the_direct_fold(csi, physics):
    point = MODELS[physics]
    family = CouplingFamily(csi, physics, tuple(point))
    fold = exact_signal(family.exact_model().channels).fold
    mixture = family.model({}).channels[0].component("cevns").shape.mixture
    for scale in (0.0, 0.3, 1.0, -1.0):
        known = family.interaction.parameters
        values = {
            n: np.clip(
                known[n].value + scale * (v - known[n].value), known[n].lower, known[n].upper
            )
            for n, v in point.items()
        }
        weights = mixture.weights(values, np.zeros(()))[0]
        mixed = mixture.mix(weights, mixture.spectra)
        direct = fold.spectrum(values)
        prompt = list(fold.flavours).index("nu_mu")
        delayed = [f for f in range(len(fold.flavours)) if f != prompt]
        by_class = np.stack([direct[prompt], direct[delayed].sum(axis=0)])
        # a quadratic form in exact arithmetic; 1e-10 of the largest leaves room for rounding only
        np.testing.assert_allclose(mixed, by_class, rtol=1e-10, atol=1e-10 * by_class.max())


@pytest.mark.parametrize("physics", MODELS)
def test_table_against_exact_model(csi, physics):
    point = MODELS[physics]
    family = CouplingFamily(csi, physics, tuple(point))
    fast, exact = family.model({}), family.exact_model()
    theta = np.tile(fast.parameters.at(point).values, (8, 1))
    rng = np.random.default_rng(4)
    for i, p in enumerate(fast.parameters):
        if p.role == "nuisance":
            theta[:, i] += p.scale * rng.uniform(-0.5, 0.5, 8)
    data = asimov(exact, fast.parameters.at(point).values)
    values = [Likelihood.of(m, data).twice_nll(theta) for m in (exact, fast)]
    # the cubic in the quenching pulls leaves 1e-3 at the Standard Model; spectra that pile up at
    # the threshold (photon exchange, light mediators) a little more: far below what a fit resolves
    assert np.abs(values[0] - values[1]).max() < 0.02


@pytest.mark.parametrize("physics", ["nsi", "vector-universal", "millicharge"])
def test_derivatives_by_couplings(csi, physics):
    point = MODELS[physics]
    model = CouplingFamily(csi, physics, tuple(point)).model({})
    theta = model.parameters.at(point).values[None]
    mu, jac = model.linearise(theta)
    by_differences = differences(model, theta)
    scale = np.abs(by_differences).max(axis=(0, 2), keepdims=True) + 1e-300
    assert np.abs((jac - by_differences) / scale).max() < 1e-6  # rounding of differences
    assert np.all(mu > 0)


def test_a_family_travels(csi):
    family = pickle.loads(pickle.dumps(CouplingFamily(csi, "nsi", ("eps_ee_u",))))
    model = pickle.loads(pickle.dumps(family.model({})))
    theta = model.parameters.at({"eps_ee_u": 0.1}).values
    again = CouplingFamily(csi, "nsi", ("eps_ee_u",)).model({})
    np.testing.assert_array_equal(model.expected(theta), again.expected(theta))


def test_structural_values_of_a_process_that_stands_alone(csi, tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN, encoding="utf-8")
    family = CouplingFamily(csi, str(path), ("g",))
    assert family.structure.names == ("m_own",)
    light, heavy = (
        exact_signal(family.exact_model({"m_own": mass}).channels).fold for mass in (10.0, 1e6)
    )
    # [m^2/(m^2 + 2 M T)]^2, between that of caesium and that of the lighter iodine
    nodes, many = light.nodes, heavy.spectrum()[1] > 0
    ratio = light.spectrum()[1][many] / heavy.spectrum()[1][many]
    cs, iodine = ((100.0 / (100.0 + 2e-3 * m * nodes[many])) ** 2 for m in (123801.0, 118184.0))
    assert np.all((ratio > cs * (1 - 1e-5)) & (ratio < iodine * (1 + 1e-5)))
    assert ratio.min() < 0.05
    with pytest.raises(UnknownNameError, match="m_own"):
        shaped(StandardModel(), {"m_own": 10.0})


def test_structural_values_give_other_models(csi):
    family = CouplingFamily(csi, "vector-universal", ("g_zprime",))
    assert family.structure.names == ("m_zprime",)
    coupling, mass = 1e-2, 1e5
    theta = family.parameters.at({"g_zprime": coupling}).values
    heavy = family.model({"m_zprime": mass}).expected(theta)
    # a heavy mediator is a contact interaction; Q^2/M^2 is 3e-7, and so is what the grids differ by
    eps = coupling**2 / (np.sqrt(2.0) * G_FERMI_MEV * mass**2)
    names = ("eps_ee_u", "eps_ee_d", "eps_mumu_u", "eps_mumu_d")
    contact = CouplingFamily(csi, "nsi", names)
    point = contact.parameters.at(dict.fromkeys(names, eps)).values
    np.testing.assert_allclose(heavy, contact.model({}).expected(point), rtol=1e-6)
    light = family.model({"m_zprime": 1.0}).expected(theta)
    assert light.sum() > 100.0 * heavy.sum()


def test_held_couplings_and_nuisances(csi):
    family = CouplingFamily(csi, "nsi", ("eps_ee_u",), at={"eps_mumu_u": 0.1}, fix={"t0": 0.48})
    parameters = family.parameters
    assert parameters["eps_mumu_u"].fixed
    assert parameters["eps_mumu_u"].value == 0.1
    assert parameters["t0"].fixed
    assert parameters["t0"].value == 0.48
    assert not parameters["eps_ee_u"].fixed


def test_angle_by_either_name_is_the_same_model(csi):
    family = CouplingFamily(csi, "standard-model", ("sin2_theta_w",))
    other = csi.model("sin2-theta-w")
    theta = other.parameters.at({"sin2_theta_w": 0.2}).values
    assert family.parameters.names == other.parameters.names
    np.testing.assert_allclose(family.exact_model().expected(theta), other.expected(theta))


def test_mistakes(csi):
    with pytest.raises(UnknownNameError, match="eps_ee_u"):
        CouplingFamily(csi, "nsi", ("eps_ee_up",))
    with pytest.raises(UnknownNameError, match="interaction"):
        CouplingFamily(csi, "nsy", ("eps_ee_u",))
    with pytest.raises(InputError, match="no parameter"):
        CouplingFamily(csi, "nsi", ())
    with pytest.raises(InputError, match="both free and held"):
        CouplingFamily(csi, "nsi", ("eps_ee_u",), at={"eps_ee_u": 0.1})
    with pytest.raises(UnknownNameError, match="tau"):
        extended(csi, "nsi+tau")
