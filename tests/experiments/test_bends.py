"""A pull along which the expectation bends has two minima in some toys, and the deeper is found."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference.minimum.batch import BatchFitter
from cevns.inference.model.data import draw


@pytest.fixture(scope="module")
def csi():
    return fast_form(load("coherent-csi-2021").model("count"))[0]


def test_it_is_the_efficiency_of_csi_and_nothing_else(csi):
    (bend,) = BatchFitter(csi)._bends
    assert csi.parameters.names[bend.position] == "efficiency"
    assert -2.0 < bend.below < -1.5 < bend.sharpest < 0.0 < bend.above < 0.5
    germanium = fast_form(load("coherent-ge-2024").model("count"))[0]
    assert BatchFitter(germanium)._bends == ()


def test_toys_reach_the_deeper_of_two_minima(csi):
    truth = csi.parameters.values
    data = draw(csi, truth, np.random.default_rng((300, 3)), 2000)
    k = csi.parameters.names.index("efficiency")
    for fix in ((), ("cevns",)):
        fitter = BatchFitter(csi, fix=fix)
        found = fitter.fit(data, truth).twice_nll
        others = []
        for pull in (-2.0, -1.5, -1.0, 0.0):
            start = truth.copy()
            start[k] = pull
            others.append(fitter.fit(data, start).twice_nll)
        assert np.sum(found > np.min(others, axis=0) + 0.01) == 0
