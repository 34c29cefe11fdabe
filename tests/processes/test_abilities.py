"""What a process may offer beside its cross section is found by what it has, whatever its class."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from cevns.constants import HBARC_MEV_FM
from cevns.nuclear import form_factor, material, nuclide
from cevns.parameters import Parameter, Parameters
from cevns.processes import (
    MASSLESS,
    Combined,
    ForFormFactor,
    ForSource,
    NeutronRadii,
    ProtonRadii,
    StandardModel,
    Steep,
    Structured,
    at_place,
    is_kernel,
    is_steep,
    own_neutron_radius,
    proton_radius,
    structure_of,
)
from cevns.processes.nsi import NSI
from cevns.propagation import Distant
from cevns.rates.fold import Fold
from cevns.sources import SNS

CS, HELM = nuclide("Cs133"), form_factor("helm")
SOURCE = SNS(distance_m=19.3, protons=3.198e23)
SM = StandardModel(axial=False)
ABILITIES = (ForSource, ForFormFactor, ProtonRadii, NeutronRadii, Steep, Structured)


class Bare:
    """A process that has what every process has: the Standard Model by another class."""

    name, kinematics = "bare", MASSLESS
    parameters, terms = SM.parameters, SM.terms

    def weights(self, flavour, nuclide, values):
        return SM.weights(flavour, nuclide, values)


@dataclass(frozen=True)
class Offering(Bare):
    """The same with all that a process may offer, derived from nothing of the package."""

    m_own: float = 30.0
    baseline_m: float = 0.0
    default_fm: float = 0.0
    steep: bool = True

    @property
    def structure(self):
        return Parameters([Parameter("m_own", self.m_own, unit="MeV")])

    def with_structure(self, values):
        return replace(self, **values)

    def for_source(self, source):
        return replace(self, baseline_m=source.distance_m)

    def for_form_factor(self, model):
        return replace(self, default_fm=model.default_rms_radius(CS))

    def proton_rms_fm(self, nuclide):
        return 4.5 if nuclide.z == 55 else None

    def neutron_rms_fm(self, nuclide, values):
        return values.get("r_n", 5.5) if nuclide.z == 55 else None


@pytest.mark.parametrize("ability", ABILITIES)
def test_an_ability_is_recognised_by_its_members(ability):
    assert isinstance(Offering(), ability)
    assert isinstance(Combined(SM, (NSI(),)), ability)
    assert not isinstance(Bare(), ability)
    assert not isinstance(SM, ability)


def test_without_abilities_a_process_stays_as_it_is():
    bare = Bare()
    assert at_place(bare, source=SOURCE, form_factor=HELM) is bare
    assert not is_steep(bare)
    assert structure_of(bare).names == ()
    assert proton_radius(bare, HELM, CS) == HELM.default_rms_radius(CS)
    assert own_neutron_radius(bare, CS, {}) is None
    assert not is_kernel(bare)


def test_with_abilities_it_is_asked():
    placed = at_place(Offering(), source=SOURCE, form_factor=HELM)
    assert (placed.baseline_m, placed.default_fm) == (19.3, HELM.default_rms_radius(CS))
    assert at_place(placed) is placed
    assert is_steep(placed)
    assert not is_steep(Offering(steep=False))
    assert structure_of(placed).names == ("m_own",)
    iodine = nuclide("I127")
    assert proton_radius(placed, HELM, CS) == 4.5
    assert proton_radius(placed, HELM, iodine) == HELM.default_rms_radius(iodine)
    assert own_neutron_radius(placed, CS, {"r_n": 5.2}) == 5.2
    assert own_neutron_radius(placed, iodine, {}) is None


def test_radii_of_a_process_of_ones_own_are_in_the_fold():
    recoil = np.array([5.0, 20.0])
    bare, own = (
        Fold(SOURCE, process, material("Cs133"), 1.0, HELM, recoil).spectrum()[1]
        for process in (Bare(), Offering())
    )
    q = np.sqrt(2.0 * CS.mass_mev * recoil * 1e-3) / HBARC_MEV_FM
    protons, neutrons = SM.vector("nu_e", CS, {})
    moved = protons * HELM.evaluate(q, 4.5) + neutrons * HELM.evaluate(q, 5.5)
    usual = (protons + neutrons) * HELM.evaluate(q, HELM.default_rms_radius(CS))
    assert own / bare == pytest.approx((moved / usual) ** 2, rel=1e-12)


def test_a_source_is_distant_where_it_has_a_distance():
    assert isinstance(SOURCE, Distant)
    assert not isinstance(Bare(), Distant)
