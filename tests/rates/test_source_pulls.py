"""Parameters of a source: what a fold makes of pulls is the fold of the changed spectrum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose

from cevns.exceptions import UnknownNameError
from cevns.nuclear import form_factor, material
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.processes import MASSLESS, StandardModel, electron_scattering, interaction
from cevns.rates.electrons import ElectronFold
from cevns.rates.fold import Fold
from cevns.rates.kernel_fold import KernelFold
from cevns.sources import Source

HELM = form_factor("helm")
TILT, BUMP = 0.05, 0.2


@dataclass(frozen=True)
class Toy(Source):
    """A falling spectrum and a line, with a tilt and a bump; the fields are already in it."""

    tilt: float = 0.0
    bump: float = 0.0

    flavours = ("nubar_e", "nu_mu")
    recoil_kinks = (20.0, 40.0)

    @property
    def parameters(self):
        return Parameters(
            [
                Parameter("tilt", 0.0, constraint=Gaussian(0.0, 1.0)),
                Parameter("bump", 0.5, constraint=Gaussian(0.5, 1.0)),
            ]
        )

    def variation(self, name, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        if name == "tilt":
            return TILT * (e / 20.0 - 1.0)
        if name == "bump":
            return BUMP * np.exp(-(((e - 15.0) / 4.0) ** 2)) * (flavour == "nubar_e")
        return super().variation(name, flavour, energy_mev)

    def _factor(self, flavour, e):
        changes = {"tilt": self.tilt, "bump": self.bump}
        return 1.0 + sum(a * self.variation(n, flavour, e) for n, a in changes.items())

    def spectrum(self, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        density = 0.1 * np.exp(-e / 10.0) * self._factor(flavour, e)
        return np.where((e > 0.0) & (e <= 40.0), density, 0.0)

    def lines(self, flavour):
        return ((20.0, 0.2 * float(self._factor(flavour, 20.0))),)

    def end_point_mev(self, flavour):
        return 40.0

    def fluence_cm2(self, flavour):
        return {"nubar_e": 1e14, "nu_mu": 3e14}[flavour]


NODES = np.array([0.5, 2.0, 6.0, 10.0, 20.0])
PULLS = {"tilt": np.array([0.0, 1.5, -2.0]), "bump": np.array([0.5, 0.2, 2.5])}


@pytest.mark.parametrize("name", ["standard-model", "nsi"])
def test_pulls_are_a_direct_refold(name):
    process = StandardModel() if name == "standard-model" else interaction(name)
    values = {"eps_ee_u": np.array([0.1, 0.0, -0.3])} if name == "nsi" else {}
    got = Fold(Toy(), process, material("CsI"), 10.0, HELM, NODES).spectrum({**PULLS, **values})
    assert got.shape == (3, 2, NODES.size)
    for i, (tilt, bump) in enumerate(zip(*PULLS.values(), strict=True)):
        one = Fold(Toy(tilt, bump - 0.5), process, material("CsI"), 10.0, HELM, NODES)
        direct = one.spectrum({n: v[i] for n, v in values.items()})
        assert_allclose(got[i], direct, rtol=1e-9)


def test_with_a_neutron_radius():
    fold = Fold(Toy(), StandardModel(), material("CsI"), 10.0, HELM, NODES)
    direct = Fold(Toy(1.0, 0.0), StandardModel(), material("CsI"), 10.0, HELM, NODES)
    assert_allclose(
        fold.spectrum({"tilt": 1.0}, neutron_radius=1.1),
        direct.spectrum(neutron_radius=1.1),
        rtol=1e-9,
    )


def test_at_electrons():
    process = electron_scattering(StandardModel())
    got = ElectronFold(Toy(), process, material("CsI"), 10.0, NODES).spectrum(PULLS)
    direct = ElectronFold(Toy(-2.0, 2.0), process, material("CsI"), 10.0, NODES).spectrum()
    assert_allclose(got[2], direct, rtol=1e-9)


def test_of_a_kernel():
    class Falling:
        """A cross section that falls with the recoil and rises with the energy."""

        name, quantity, parameters, kinematics = "falling", "electron", Parameters([]), MASSLESS

        def kernel(self, deposit_kev, energy_mev, species, target, values):
            return 1e-40 * energy_mev**2 / (1.0 + deposit_kev)

    got = KernelFold(Toy(), Falling(), material("Ar"), 10.0, None, NODES).spectrum(PULLS)
    direct = KernelFold(Toy(1.5, -0.3), Falling(), material("Ar"), 10.0, None, NODES).spectrum()
    assert_allclose(got[1], direct, rtol=1e-12)


def test_a_source_without_such_a_parameter():
    with pytest.raises(UnknownNameError, match="unknown parameter of the source 'slope'"):
        Toy().variation("slope", "nu_mu", 1.0)
