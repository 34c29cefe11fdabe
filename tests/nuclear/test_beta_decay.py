"""Electrons of beta decays in noble liquids: mean energies, shapes, and lines of captures."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from cevns.constants import M_ELECTRON_MEV
from cevns.nuclear.beta_decay import BETA_DECAYS, Branch, Decay, electron_spectrum, fermi, spectrum
from cevns.nuclear.electron_capture import CAPTURES
from cevns.nuclear.electron_shells import electron_shells

# mean energy of the electrons in MeV from evaluated data (from memory), and how near ours are:
# the second branches of K-42 and Kr-85 are taken as allowed
MEAN = {
    "Ar39": (0.2188, 5e-3),
    "Ar42": (0.2330, 5e-3),
    "K42": (1.430, 6e-3),
    "Kr85": (0.2505, 5e-3),
}


@pytest.mark.parametrize("name", BETA_DECAYS)
def test_mean_energy_of_the_electrons(name: str) -> None:
    decay, (mean, accuracy) = BETA_DECAYS[name], MEAN[name]
    ends = sorted(b.end_point_mev for b in decay.branches)

    def moment(power: int) -> float:
        return quad(
            lambda t: t**power * float(electron_spectrum(decay, t)), 0.0, ends[-1], points=ends
        )[0]

    assert moment(0) == pytest.approx(sum(b.share for b in decay.branches), rel=1e-6)
    assert moment(1) / moment(0) == pytest.approx(mean, rel=accuracy)


def test_the_forbidden_shape_moves_the_mean_of_argon_39() -> None:
    # allowed it would be 5 % away, which the tolerance above sees
    allowed = Decay(19, 39, (Branch(0.565),))
    t = (np.arange(2000) + 0.5) * 0.565 / 2000
    n = electron_spectrum(allowed, t)
    assert abs((t * n).sum() / n.sum() / MEAN["Ar39"][0] - 1.0) > 0.02


def test_an_electron_has_what_the_antineutrino_leaves() -> None:
    branch = Branch(0.565, unique=True)
    t = np.array([-0.1, 0.01, 0.2, 0.5, 0.6])
    found = electron_spectrum(Decay(19, 39, (branch,)), t)
    assert_allclose(found, spectrum(branch, 19, 39, 0.565 - t), rtol=1e-15)
    assert found[0] == found[-1] == 0.0


def test_the_allowed_shape_by_hand() -> None:
    """p E q^2 F, with the factors written down again."""
    t = np.array([0.05, 0.2, 0.4])
    p = np.sqrt(t * (t + 2.0 * M_ELECTRON_MEV))
    hand = p * (t + M_ELECTRON_MEV) * (0.5 - t) ** 2 * fermi(20, 42, p)
    found = electron_spectrum(Decay(20, 42, (Branch(0.5),)), t)
    assert_allclose(found / found[0], hand / hand[0], rtol=1e-12)


@pytest.mark.parametrize("name", ["Ga68"])
def test_lines_are_at_the_binding_energies_of_the_daughter(name: str) -> None:
    shells = {s.name: s.binding_ev * 1e-3 for s in electron_shells("Zn")}
    assert [e for e, _ in CAPTURES[name]] == pytest.approx(
        [shells["1s"], shells["2s"], shells["3s"]], abs=5e-4
    )


def test_lines_fall_from_shell_to_shell() -> None:
    for lines in CAPTURES.values():
        energies, sizes = np.transpose(lines)
        assert (np.diff(energies) < 0).all()
        assert (np.diff(sizes) < 0).all()
        assert sizes[0] == 1.0
