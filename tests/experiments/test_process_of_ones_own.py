"""A beam of another species and a process that is a kernel, from a YAML file to a fit."""

from __future__ import annotations

import importlib
import os
import sys
from typing import ClassVar

import numpy as np
import pytest

import cevns
import cevns.sources
from cevns.exceptions import CevnsError, InputError
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference import asimov, fit
from cevns.nuclear import material
from cevns.parameters import Parameter, Parameters
from cevns.processes import MASSLESS, process
from cevns.rates.fold import recoil_panels
from cevns.rates.kernel_fold import KernelFold

SOURCE = '''
"""Dark matter from a target: a falling spectrum whose slope a pull tilts."""
from dataclasses import dataclass
from typing import Annotated

import numpy as np

from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.sources import Source
from cevns.units import Unit


@dataclass(frozen=True)
class Beam(Source):
    distance_m: Annotated[float, Unit("m")]

    flavours, recoil_kinks = ("chi",), (20.0, 120.0)

    @property
    def parameters(self):
        return Parameters([Parameter("tilt", 0.0, constraint=Gaussian(0.0, 1.0))])

    def variation(self, name, flavour, energy_mev):
        return 0.2 * (np.asarray(energy_mev) / 60.0 - 1.0)

    def spectrum(self, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        return np.where((e >= 20.0) & (e <= 120.0), np.exp(-e / 30.0) / 15.0, 0.0)

    def end_point_mev(self, flavour):
        return 120.0

    def fluence_cm2(self, flavour):
        return 3e14 * (20.0 / self.distance_m) ** 2


MODEL = Beam
'''

CHI = '''
"""Dark matter of 20 MeV through a mediator of 60 MeV."""
from cevns.parameters import Parameter, Parameters
from cevns.processes import Massive


class Chi:
    name = "chi"
    quantity = "nuclear-recoil"
    kinematics = Massive(20.0)
    parameters = Parameters([Parameter("g", 1.0, lower=0.0, role="poi", shared=True)])

    def kernel(self, deposit_kev, energy_mev, species, target, values):
        q2 = 2e-3 * target.mass_mev * deposit_kev
        scale = 5e-32 * target.mass_mev * values.get("g", 1.0) ** 2
        return scale / ((energy_mev**2 - 400.0) * (q2 + 3600.0) ** 2)


PROCESS = Chi
'''

EXPERIMENT = """\
schema: 1
name: beam
source: {kind: chi-beam, distance: 20 m}
target: {material: Ge, mass: 10 kg}
interaction: {kind: chi}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.162}
  resolution: {kind: gaussian, noise: 150 eVee}
axes: {energy: {unit: keVee, edges: [1, 2, 4, 6, 10, 15, 20]}}
backgrounds: {flat: {count: 40 +/- 4, energy: {kind: flat}}}
parameters:
  tilt: {constraint: 0 +/- 1, acts_on: source}
  flux: {constraint: 1.0 +/- 0.1, acts_on: signal}
"""


@pytest.fixture
def files(tmp_path):
    own = {cevns.sources: ("chi_beam", SOURCE), cevns.processes: ("chi", CHI)}
    for room, (name, text) in own.items():
        folder = tmp_path / room.__name__
        folder.mkdir()
        (folder / f"{name}.py").write_text(text, encoding="utf-8")
        room.__path__.append(str(folder))
    path = tmp_path / "beam.yaml"
    path.write_text(EXPERIMENT, encoding="utf-8")
    yield path
    for room, (name, _) in own.items():
        room.__path__.remove(str(tmp_path / room.__name__))
        sys.modules.pop(f"{room.__name__}.{name}", None)


def process_of(files):
    return files.parent / "cevns.processes" / "chi.py"


def rewritten(files, text):
    """The experiment with another text of the process, which Python imports again."""
    path = process_of(files)
    later = path.stat().st_mtime + 2.0  # bytecode is told apart by whole seconds and the length
    path.write_text(text, encoding="utf-8")
    os.utime(path, (later, later))
    sys.modules.pop("cevns.processes.chi", None)
    importlib.invalidate_caches()
    return load(files)


def test_from_a_file_to_a_fit(files):
    experiment = load(files)
    assert experiment.fold.flavours == ("chi",)
    model = experiment.model(("g",))
    assert {"g", "tilt", "flux", "flat"} <= set(model.parameters.names)
    values = {p.name: p.value for p in model.parameters}
    counts = {}
    for tilt in (-1.0, 0.0, 1.0):
        theta = np.array([{**values, "tilt": tilt}[n] for n in model.parameters.names])
        counts[tilt] = (
            np.asarray(model.expected(theta)).ravel() - 40 * np.diff([1, 2, 4, 6, 10, 15, 20]) / 19
        )
    assert counts[0.0].sum() > 50
    assert counts[1.0] + counts[-1.0] == pytest.approx(2 * counts[0.0], rel=1e-9)
    assert counts[1.0][-1] / counts[0.0][-1] > counts[1.0][0] / counts[0.0][0]
    result = fit(model, data=asimov(model))
    assert result.valid
    assert result["g"].value == pytest.approx(1.0, abs=1e-4)
    assert result["tilt"].value == pytest.approx(0.0, abs=1e-3)
    fast, error = fast_form(model)  # neither the kernel nor the tilt has a table: it stays exact
    assert fast is model
    assert error is None


def test_recoils_end_where_the_massive_beam_lets_them(files):
    rate = cevns.load(files).rate()["beam"]
    # T_max = 2 m_A p^2 / s of the four-vectors, for the lightest isotope and the largest energy
    mass = min(n.mass_mev for n in rate.experiment.material.nuclides)
    squared = 20.0**2 + mass**2 + 2 * 120.0 * mass
    expected = 2 * mass * (120.0**2 - 20.0**2) / squared * 1e3
    there = rate.experiment
    panels = recoil_panels(there.source, there.material, kinematics=there.interaction.kinematics)
    assert panels[-1] == pytest.approx(expected, rel=1e-6)
    # the table ends at a round energy below, above which a thousandth of the recoils is
    assert rate.recoil_energy_kev[-1] == 200.0
    fine = np.linspace(0.0, expected, 4001)
    counts = there.recoil_density(fine).sum(axis=0)
    beyond = fine >= 200.0
    assert np.trapezoid(counts[beyond], fine[beyond]) < 1.001e-3 * np.trapezoid(counts, fine)


def test_tables_call_the_signal_by_its_process(files):
    result = cevns.load(files).fit(asimov=True, minos="none")
    assert result.components["cevns"].title == "chi"
    assert "the background-only hypothesis is expected to be rejected at" in str(result)
    assert result.model.parameters["cevns"].description == "chi events in the analysis region"
    usual = cevns.load("coherent-csi-2021", models="nsi").fit(minos="none")
    assert usual.components["cevns"].title == "CEvNS"


def test_electrons_are_not_quenched(files):
    recoils = load(files).prediction()
    seen = rewritten(files, CHI.replace('"nuclear-recoil"', '"visible-energy"'))
    # a perfect detector up to 20 keV: the counts between 1 and 20 keV of deposit
    deposit = np.linspace(1.0, 20.0, 4001)
    density = seen.recoil_density(deposit)[0]
    assert seen.prediction() == pytest.approx(np.trapezoid(density, deposit), rel=0.02)
    assert seen.prediction() != pytest.approx(recoils, rel=0.1)
    counted = rewritten(files, CHI.replace('"nuclear-recoil"', '"count"'))
    with pytest.raises(
        InputError, match="'chi' only gives a count and has no energy for this axis"
    ):
        counted.prediction()


def test_a_parameter_that_the_source_does_not_have(files):
    files.write_text(files.read_text(encoding="utf-8").replace("tilt:", "slope:"), encoding="utf-8")
    with pytest.raises(InputError, match="'slope' acts on the source, which has tilt"):
        load(files).model("count")


def test_a_process_of_its_own_stands_alone(files):
    path = str(process_of(files))
    assert process(path).name == "chi"
    assert process(path, couplings="scholberg2021", axial=True).name == "chi"
    with pytest.raises(InputError, match=r"has no option 'couplings'"):
        process(path, couplings="tree-lowE")
    with pytest.raises(InputError, match=r"is a separate process.*cannot be joined with '\+'"):
        process(f"nsi+{path}")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"nuclear-recoil"', '"light"', "its quantity is 'light'; choose nuclear-recoil, electron"),
        ("kinematics = Massive(20.0)", "", "it has no kinematics, which every process has"),
        ("Massive(20.0)", "20.0", "its kinematics have no minimum_energy_mev; take Massless"),
        ("parameters = Parameters([", "parameters = list([", "must be Parameters"),
        ("def kernel", "def colonel", "is not an interaction: it must derive from"),
    ],
)
def test_what_a_process_lacks_is_said(tmp_path, old, new, said):
    path = tmp_path / "chi.py"
    assert old in CHI
    path.write_text(CHI.replace(old, new), encoding="utf-8")
    with pytest.raises(CevnsError, match=said):
        process(str(path))


def test_a_module_of_the_registry(tmp_path):
    import cevns.processes

    folder = tmp_path / "processes"
    folder.mkdir()
    (folder / "dark_chi.py").write_text(CHI, encoding="utf-8")
    cevns.processes.__path__.append(str(folder))
    try:
        assert "dark-chi" in cevns.processes.interactions()
        assert process("dark-chi").quantity == "nuclear-recoil"
    finally:
        cevns.processes.__path__.remove(str(folder))
        sys.modules.pop("cevns.processes.dark_chi", None)


# -- a pair of flavours ------------------------------------------------------------------------


class Mixed(cevns.sources.Source):
    """A state cos(a) nu_e + sin(a) nu_mu: probabilities, and the element that both share."""

    recoil_kinks = (50.0,)

    def __init__(self, shares):
        self.shares = shares  # of each species: 1e12 /cm2 times this, of either sign

    @property
    def flavours(self):
        return tuple(self.shares)

    def spectrum(self, flavour, energy_mev):
        e = np.asarray(energy_mev, dtype=float)
        return np.where((e > 0.0) & (e <= 50.0), 2.0 * e / 2500.0, 0.0)

    def end_point_mev(self, flavour):
        return 50.0

    def fluence_cm2(self, flavour):
        return 1e12 * self.shares[flavour]


class Exchange:
    """A coupling matrix G between flavours: sigma ~ Tr(rho G^+ G)."""

    name = "exchange"
    quantity = "nuclear-recoil"
    kinematics = MASSLESS
    parameters = Parameters([Parameter("eps", 0.3)])
    states: ClassVar = {}

    def kernel(self, deposit_kev, energy_mev, species, target, values):
        eps = np.asarray(values.get("eps", 0.3))[..., None, None] * np.array([[0, 1], [1, 0]])
        coupling = np.diag([1.0, 0.4]) + eps
        square = np.swapaxes(coupling, -1, -2) @ coupling
        row, column = {"nu_e": (0, 0), "nu_mu": (1, 1), "nu_e:nu_mu": (0, 1)}.get(species, (0, 0))
        factor = square[..., row, column]
        if species in self.states:
            state = np.array(self.states[species])
            factor = np.einsum("i,...ij,j->...", state, square, state)
        shape = 1.0 - target.mass_mev * deposit_kev * 1e-3 / (2.0 * energy_mev**2)
        return 1e-40 * factor * shape


@pytest.mark.parametrize("angle", [0.4, -0.4])
def test_pair_of_flavours_is_a_species(angle):
    # Tr(rho G^+ G) in the basis of flavours is the rate of the one state in its own basis
    cos, sin = np.cos(angle), np.sin(angle)
    density = Mixed({"nu_e": cos**2, "nu_mu": sin**2, "nu_e:nu_mu": 2.0 * cos * sin})
    pure = Mixed({"nu_1": 1.0})
    process = Exchange()
    process.states = {"nu_1": (cos, sin)}
    nodes = np.linspace(1.0, 40.0, 20)
    rates = []
    for source in (density, pure):
        fold = KernelFold(source, process, material("Ge"), 10.0, nodes_kev=nodes)
        rates += [fold.spectrum({"eps": np.array([e])})[0].sum(axis=0) for e in (0.3, -0.5)]
    np.testing.assert_allclose(rates[:2], rates[2:], rtol=1e-12)
    without = Mixed({"nu_e": cos**2, "nu_mu": sin**2})
    probabilities = KernelFold(without, process, material("Ge"), 10.0, nodes_kev=nodes).spectrum()
    assert abs(probabilities.sum() / rates[0].sum() - 1.0) > 0.1  # they alone are not enough
