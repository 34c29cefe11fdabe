"""Dark matter of a beam on electrons, which are not quenched: counts, pulls, limits, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import gamma, norm

from cevns import load
from cevns.exceptions import InputError
from cevns.nuclear import nuclide
from cevns.nuclear.electron_shells import electron_shells

CSI = "coherent-csi-2021-dm"
HERE = {"m_chi": 10.0, "mass_ratio": 3.0}
Y = 3e-11


@pytest.fixture(scope="module")
def csi():
    return load(CSI, models="dark-photon-electrons")


def _shape(study, free=("y_dm",)):
    """The model with the masses of `HERE`, and the component of electrons in it."""
    model = study.model(free=free, at=HERE)
    (channel,) = (c for c in model.channels if not c.auxiliary)
    (component,) = (c for c in channel.components if c.name == "dm_electrons")
    return model, component.shape


def _seen(t_kev):
    """Probability that an electron of T = E_ee is counted: the release's gamma and sigmoid."""
    x = np.linspace(0.0, 250.0, 20001)
    kept = np.clip(1.32045 / (1.0 + np.exp(-0.285979 * (x - 10.8646))) - 0.333322, 0.0, 1.0)
    shape = 1.0 + 9.56 * t_kev[:, None]
    density = gamma.pdf(x, shape, scale=13.35 * t_kev[:, None] / shape)
    return np.trapezoid(np.nan_to_num(density) * kept, x, axis=1)


def _expected(shape, atoms, seen, last_kev):
    """Sum over recoils, energies of chi, and atoms, without folds and grids of the package.

    Args:
        shape: with the source of chi at a coupling of one, the process, and times of arrival.
        atoms: numbers by nuclide.
        seen: probability that a recoil is counted.
        last_kev: recoils above it are not.
    """
    source, process = shape.fold.source, shape.fold.interaction
    steps = {1e-3 * s.binding_ev for n in atoms for s in electron_shells(nuclide(n).symbol)}
    edges = np.union1d([last_kev], [s for s in steps if s < last_kev])
    edges = np.union1d(edges, np.linspace(edges[0], last_kev, 200))
    x, w = np.polynomial.legendre.leggauss(10)
    half = 0.5 * np.diff(edges)[:, None]
    t = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * x).ravel()
    weight = (half * w).ravel() * seen(t)
    # the smallest total energy of chi, MeV, at an electron at rest
    mass, chi, recoil = 0.51099895, HERE["m_chi"], 1e-3 * t
    least = 0.5 * recoil + 0.5 * np.sqrt((recoil + 2.0 * mass) * (recoil + 2.0 * chi**2 / mass))
    epsilon2 = Y / 0.5 * 3.0**4
    total = 0.0
    for species, table in zip(source.flavours, shape.times, strict=True):
        energy, part = source.nodes(species, least)
        share = float(table.evaluate(shape.pulse_time_us or 0.474).sum())
        assert 0.9 < share <= 1.0
        for name, number in atoms.items():
            sigma = process.differential(t[:, None], energy, nuclide(name), {"y_dm": Y})
            counted = float(weight @ (sigma * part).sum(axis=1))
            total += share * number * source.fluence_cm2(species) * epsilon2 * counted
    return total


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dark-photon-electrons", "dark-photon-dirac-electrons"])
def test_count_over_csi(model):
    """E_ee = T in the release's resolution and efficiency; electrons free above their binding."""
    study = load(CSI, models=model)
    _, shape = _shape(study)
    one = 14.6 * 6.02214076e26 / (132.90545 + 126.90447)
    wanted = _expected(shape, {"Cs133": one, "I127": one}, _seen, 35.0)  # 35 keV are 467 PE
    found = study.predict(at={**HERE, "y_dm": Y})[CSI]["dm_electrons"]
    assert found / wanted == pytest.approx(1.0, abs=1e-6)


def test_quenching_does_not_move_electrons(csi):
    model, shape = _shape(csi)
    assert shape.parameters == ("y_dm", "efficiency", "t0")
    theta = np.tile(model.parameters.values, (4, 1))
    theta[:, model.parameters.position("y_dm")] = 1e-4  # a coupling that is seen beside CEvNS
    without = theta.copy()
    without[:, model.parameters.position("y_dm")] = 0.0
    names = "qf.csi.0", "qf.csi.1", "efficiency"
    for row, name in enumerate(names, start=1):
        theta[row, model.parameters.position(name)] = 1.0
        without[row, model.parameters.position(name)] = 1.0
    whole, cevns = model.expected(theta), model.expected(without)
    electrons = whole - cevns
    size = np.abs(electrons).max()
    assert size > 10.0
    assert np.abs(electrons[1:3] - electrons[0]).max() < 1e-9 * size
    assert np.abs(cevns[1:3] - cevns[0]).max() > 1e-3  # they move CEvNS
    assert np.abs(electrons[3] - electrons[0]).max() > 1e-3 * size


@pytest.mark.parametrize(
    "name",
    [
        CSI,
        pytest.param("coherent-csi-2021", marks=pytest.mark.slow),
        pytest.param("coherent-csi-2017", marks=pytest.mark.slow),
    ],
)
def test_limit_over_csi(name):
    """At the limit some tens of electrons are seen, as their backgrounds of 10^2 to 10^3 want."""
    study = load(name, models="dark-photon-electrons")
    found = study.upper_limit("y_dm", at=HERE, asimov=True)
    events = study.predict(at={**HERE, "y_dm": found.upper_limit})[name]["dm_electrons"]
    assert 3.0 < events < 100.0


def test_a_sharper_detector_has_its_response():
    """Germanium: the largest electrons have 10^5 times the energy that its axis ends at."""
    study = load(
        "coherent-ge-2024",
        models="dark-photon-electrons",
        overrides={"variant": "published-region"},
    )
    found = study.predict(at={**HERE, "y_dm": Y})["coherent-ge-2024"]["dm_electrons"]
    _, shape = _shape(study)

    def seen(t_kev):
        sigma = (0.132 + 0.036 * np.sqrt(t_kev + 0.003 * t_kev**2)) / 2.354820
        return norm.cdf((8.5 - t_kev) / sigma) - norm.cdf((1.5 - t_kev) / sigma)

    wanted = _expected(shape, {"Ge74": 6.02214076e26 / 72.63}, seen, 12.0)
    assert found / wanted == pytest.approx(1.0, abs=1e-4)  # 72.63 has four digits
    assert shape.fold.nodes.max() < 20.0  # none far above the axis


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("coherent-lar-2020", "the pulse shape tells recoils of electrons"),
        ("coherent-lar-engineering", "'interaction.electrons: false'"),
        ("ar-750-dm", "the axis is the energy of nuclear recoils"),
        ("nai-3388-dm", "an efficiency in nuclear recoil energy does not say"),
    ],
)
def test_a_detector_of_nuclear_recoils_is_not_asked_for_electrons(name, said):
    study = load(name, models="dark-photon-electrons")
    with pytest.raises(InputError, match=f"does not count recoils of electrons.*{said}"):
        study.predict(at={**HERE, "y_dm": Y})


def test_argon_of_the_engineering_run():
    """Its quenching is held above 150 keVnr: chi makes larger recoils, CEvNS does not."""
    name = "coherent-lar-engineering"
    plain, held = load(name), load(name, models="dark-photon")
    found = held.predict(at={**HERE, "y_dm": Y})[name]
    assert found["dm"] > 0.0
    assert found["cevns"] == pytest.approx(plain.predict()[name]["cevns"], rel=1e-9)
