"""Recoils of electrons in the signal of an experiment."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numerical import differences
from scipy.integrate import quad

from cevns.detectors.framework.response import bin_response
from cevns.exceptions import SchemaError
from cevns.experiments import load
from cevns.experiments.counts_model import exact_signal
from cevns.experiments.fast_form import fast_form
from cevns.nuclear import electron_shells
from cevns.processes import interaction
from cevns.rates.electrons import ElectronFold, WithElectrons
from cevns.rates.fold import Fold

MILLICHARGE = ("millicharge_ee", "millicharge_mumu", "millicharge_emu")


@pytest.fixture(scope="module")
def model(csi):
    return csi.model(MILLICHARGE, interactions=[interaction("millicharge")])


def nominal(model, **changes):
    return {**{p.name: p.value for p in model.parameters}, **changes}


@pytest.mark.slow
def test_bins_against_a_plain_integral(csi, model):
    """E_ee = T, no quenching: response by direct quadrature times density, bin by bin."""
    values = nominal(model, millicharge_emu=1.0, millicharge_ee=0.5)
    signal = exact_signal(model.channels)
    couplings = {n: values[n] for n in MILLICHARGE}
    fold = signal.fold
    assert isinstance(fold, WithElectrons)
    own = (fold.electrons.spectrum(couplings).sum(axis=0)) @ signal.responses(values)[
        fold.nuclei.nodes.size :
    ]
    steps = sorted({1e-3 * s.binding_ev for symbol in ("Cs", "I") for s in electron_shells(symbol)})
    cuts = [*(s for s in steps if s < 11.0), 11.0]

    def counts(t, b):
        at = ElectronFold(csi.source, fold.electrons.interaction, csi.material, 14.6, np.array([t]))
        edges = csi.energy_edges[b : b + 2]
        seen = bin_response([t], edges, csi.resolution, csi.energy_efficiency)[0, 0]
        return float(at.spectrum(couplings).sum() * seen)

    for b in (1, 4, 8):
        expected = sum(
            quad(counts, lo, hi, args=(b,), epsrel=1e-7, epsabs=1e-9)[0]
            for lo, hi in pairwise(cuts)
        )
        # the response is a spline good to 1e-8 of its peak
        assert own[b] == pytest.approx(expected, rel=1e-7)


def test_quenching_moves_nuclei_and_not_electrons(model):
    signal = exact_signal(model.channels)
    fold = signal.fold
    n = fold.nuclei.nodes.size
    moved = {"qf.csi.0": np.asarray(1.0), "efficiency": np.asarray(0.0)}
    still = {"qf.csi.0": np.asarray(0.0), "efficiency": np.asarray(0.0)}
    values = {k: np.asarray(v) for k, v in nominal(model).items()}
    a, b = (signal.responses({**values, **pulls}) for pulls in (still, moved))
    assert np.array_equal(a[n:], b[n:])
    assert not np.allclose(a[:n], b[:n])
    c = signal.responses({**values, "efficiency": np.asarray(0.5)})
    assert not np.allclose(a[n:], c[n:])


def test_derivatives_against_differences(model):
    theta = model.parameters.values
    for name, value in zip(MILLICHARGE, (0.3, -0.2, 0.4), strict=True):
        theta[model.parameters.index(name)] = value
    mu, jacobian = model.linearise(theta[None])
    assert np.allclose(mu[0], model.expected(theta), rtol=1e-13, atol=0)
    by_differences = differences(model, theta[None])
    scale = np.abs(by_differences).max(axis=-1, keepdims=True) + 1e-300
    assert np.abs((jacobian - by_differences) / scale).max() < 1e-5  # rounding of differences


def test_tabulated_against_exact(model):
    known, fast = model.parameters, fast_form(model)[0]
    for charges in ((0.0, 0.0, 0.0), (1.0, 0.0, 0.5), (0.0, -3.0, 0.0), (100.0, 50.0, -30.0)):
        theta = known.at(dict(zip(MILLICHARGE, charges, strict=True))).values
        # the cubic of the quenching pulls leaves 3e-4 of the nuclear part
        np.testing.assert_allclose(fast.expected(theta), model.expected(theta), rtol=4e-4)


def test_where_electrons_are_in(csi, user_file):
    """In for extensions that change them, out for the Standard Model, or as the file says."""
    assert type(exact_signal(csi.model().channels).fold) is Fold
    assert type(csi.signal(interaction=interaction("nsi")).fold) is Fold
    for name in ("magnetic-moment", "charge-radius", "nsi+millicharge"):
        assert type(csi.signal(interaction=interaction(name)).fold) is WithElectrons
    out = load(user_file(("interaction:\n", "interaction:\n  electrons: false\n")))
    assert type(out.signal(interaction=interaction("millicharge")).fold) is Fold
    within = load(user_file(("interaction:\n", "interaction:\n  electrons: true\n")))
    more = within.predict()["cevns"] - csi.predict()["cevns"]
    # 14.6 kg: 6.8e25 atoms of 45 free electrons, 4e-47 cm2 in 4 keV, 5.8e14/cm2 of three flavours
    # (nu_e 2.3, the others 0.35 of 1e-47 cm2/keV), half of it seen: 1e-4
    assert more == pytest.approx(1e-4, rel=0.5)


def test_argon_tells_electrons_from_nuclei():
    for name in ("coherent-lar-2020", "coherent-lar-engineering"):
        assert not load(name).sees_electrons(interaction("millicharge"))
    with pytest.raises(SchemaError, match=r"interaction\.electrons is true, but"):
        load("coherent-lar-2020", overrides={"interaction.electrons": "true"})


@pytest.mark.parametrize(
    ("name", "values", "nuclei", "electrons"),
    [
        ("magnetic-moment", {"mu_nu_e": 10.0}, 5.42, 0.54),
        ("magnetic-moment", {"mu_nu_mu": 10.0}, 12.42, 1.17),
        ("millicharge", {"millicharge_ee": 1.0}, -0.06, 3.10),
        ("millicharge", {"millicharge_mumu": 1.0}, -0.12, 6.80),
        ("millicharge", {"millicharge_emu": 1.0}, 0.0, 9.92),
        ("charge-radius", {"charge_radius_mumu": -10.0}, -127.30, 0.0),
    ],
)
def test_the_event_numbers_of_the_documentation(csi, name, values, nuclei, electrons):
    """The table of docs/models/electromagnetic.md, to its digits."""

    def extra(experiment):
        made = experiment.model(tuple(values), interactions=[interaction(name)])
        points = made.parameters.values, made.parameters.at(values).values
        without, within = (made.components(p)["cevns"].sum() for p in points)
        return float(within - without)

    told = csi.declaration.interaction.model_copy(update={"electrons": False})
    declared = csi.declaration.model_copy(update={"interaction": told})
    alone = extra(replace(csi, declaration=declared))
    assert alone == pytest.approx(nuclei, abs=0.006)
    assert extra(csi) - alone == pytest.approx(electrons, abs=0.006)
