"""The fold is as fine as the detector resolves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.optimize import brentq

from cevns.experiments import Experiment, load
from cevns.processes import kinematics
from cevns.rates.fold import Fold

GERMANIUM = """\
schema: 1
name: germanium
source: {kind: sns, distance: 19.2 m, protons: {beam_energy: 10 GWh, proton_energy: 1 GeV}}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157}
  resolution: RESOLUTION
  efficiency: {energy: {kind: sigmoid, coefficients: [1, 20, 0.6, 0]}}
axes: {energy: {unit: keVee, edges: [0.5, 0.75, 1, 1.5, 2, 3, 4, 5, 6, 8]}}
"""

PARAMETER = "parameters: {qf: {constraint: 0 +/- 1, acts_on: quenching}}\n"


def dense(
    experiment: Experiment, steps: Sequence[float] = (), pulls: Sequence[float] = ()
) -> np.ndarray:
    """Counts per bin on many more recoil energies than any resolution needs.

    Panels also end where the electron-equivalent energy passes `steps`.
    """
    limits = [
        float(kinematics.maximum_recoil_kev(e, n.mass_mev))
        for n in experiment.material.nuclides
        for e in experiment.source.recoil_kinks
    ]
    quench = experiment.quenching.electron_energy_kevee
    limits += [brentq(lambda t, s=s: quench(t) - s, 1e-6, max(limits)) for s in steps]
    cuts = np.unique([*np.linspace(0, max(limits), 3000), *limits])
    x, w = np.polynomial.legendre.leggauss(4)
    half = np.diff(cuts)[:, None] / 2
    nodes, weights = (cuts[:-1, None] + half * (x + 1)).ravel(), (half * w).ravel()
    fold = Fold(
        experiment.source,
        experiment.interaction,
        experiment.material,
        experiment.declaration.target.mass,
        experiment.form_factor,
        nodes,
        weights,
    )
    energies = experiment.quenching.electron_energy_kevee(nodes, pulls)
    response = experiment.response.evaluate(energies)
    return np.asarray(fold.spectrum().sum(axis=0) @ response)


def signal(experiment: Experiment) -> np.ndarray:
    model = experiment.model()
    return model.components(model.parameters.values)["cevns"]


@pytest.mark.parametrize("noise", ["100 eVee", "20 eVee"])
def test_a_sharp_detector(tmp_path, noise):
    """24 nodes between the kinks of the spectrum alone are wrong by 10 to 40 % a bin here."""
    path = tmp_path / "ge.yaml"
    path.write_text(GERMANIUM.replace("RESOLUTION", f"{{kind: gaussian, noise: {noise}}}"))
    experiment = load(path)
    # the demand on a bin is 1e-5; the dense sum is good to 1e-9
    assert signal(experiment) == pytest.approx(dense(experiment), rel=1e-7)


@pytest.mark.parametrize("noise", ["100 eVee", "20 eVee"])
def test_a_sharp_detector_whose_quenching_moves(tmp_path, noise):
    """Panels that are narrow at the nominal edges of the bins alone are wrong by up to 0.6 %."""
    text = GERMANIUM.replace("RESOLUTION", f"{{kind: gaussian, noise: {noise}}}")
    pull = "k: 0.157, variations: {qf: {plus: 0.177, minus: 0.137}}}"
    text = text.replace("k: 0.157}", pull).replace("axes:", PARAMETER + "axes:")
    path = tmp_path / "ge.yaml"
    path.write_text(text)
    experiment = load(path)
    moved = experiment.signal()
    for pull in (-3.0, -1.7, -0.6, 0.4, 1.2, 3.0):
        ours = moved.by_flavour({"qf": np.array([pull])}).sum(axis=-2).ravel()
        assert ours == pytest.approx(dense(experiment, pulls=[pull]), rel=1e-6)  # at most 7e-7


def test_two_quenching_pulls_move_together(tmp_path):
    """Panels for one pull alone were wrong by half a per cent where both are at minus two."""
    text = GERMANIUM.replace("RESOLUTION", "{kind: gaussian, noise: 20 eVee}")
    varied = "{plus: 0.177, minus: 0.137}"
    pulls = f"k: 0.157, variations: {{qf: {varied}, qf2: {varied}}}}}"
    entry = "{constraint: 0 +/- 1, acts_on: quenching}"
    both = f"parameters: {{qf: {entry}, qf2: {entry}}}\naxes:"
    path = tmp_path / "ge.yaml"
    path.write_text(text.replace("k: 0.157}", pulls).replace("axes:", both))
    experiment = load(path)
    moved = experiment.signal()
    for pair in ([-2.0, -2.0], [-2.7, -2.3], [1.5, -3.0]):
        values = {name: np.array([pull]) for name, pull in zip(("qf", "qf2"), pair, strict=True)}
        ours = moved.by_flavour(values).sum(axis=-2).ravel()
        assert ours == pytest.approx(dense(experiment, pulls=pair), rel=1e-6)


def test_a_perfect_detector(tmp_path):
    path = tmp_path / "ge.yaml"
    path.write_text(GERMANIUM.replace("RESOLUTION", "{kind: none}"))
    experiment = load(path)
    # panels shrink to 1e-6 of the range at a step, 1e-4 of the narrowest bin, and are then
    # shared by 24 nodes
    exact = dense(experiment, experiment.energy_edges)
    assert signal(experiment) == pytest.approx(exact, rel=1e-5)


def test_a_broad_detector_needs_no_more_nodes(csi):
    assert csi.fold.nodes.size == 6 * 12  # four panels between kinks, two of them halved
    ours = csi.fold.spectrum().sum(axis=0) @ csi.response.evaluate(csi.signal().quenching.nominal)
    assert ours == pytest.approx(dense(csi), rel=1e-7)
