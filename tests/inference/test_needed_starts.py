"""Which starts a pilot needs, where fits of some of its toys fail from every start."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cevns.inference.minimum import starts
from cevns.inference.minimum.starts import SETS, needed_starts
from cevns.inference.toys.block_fits import _difference

INF = np.inf


def asked(monkeypatch: pytest.MonkeyPatch, at_truth: list[float], tried: np.ndarray) -> Any:
    """The starts that are needed where fits from the n-th start end at ``tried[n]``."""
    number, toy = np.nonzero(np.ones(tried.shape, dtype=bool))
    fits = SimpleNamespace(valid_nll=tried[number, toy])
    monkeypatch.setattr(starts, "_fit_from", lambda *_: (number, toy, fits))
    nothing: Any = None
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # inf - inf is one
        return needed_starts(nothing, nothing, nothing, np.array(at_truth), tolerance=0.01)


def test_a_toy_without_any_fit_asks_for_no_start(monkeypatch):
    tried = np.full((len(SETS[-1]), 3), 5.0)
    tried[:, 0] = INF
    assert asked(monkeypatch, [INF, 5.0, 5.0], tried) == SETS[0]
    assert asked(monkeypatch, [INF] * 3, np.full((len(SETS[-1]), 3), INF)) == SETS[0]


def test_a_toy_that_only_another_start_fits_asks_for_it(monkeypatch):
    tried = np.full((len(SETS[-1]), 2), 5.0)
    tried[1:, 0] = INF
    assert asked(monkeypatch, [INF, 5.0], tried) == SETS[1]  # the first start has the fit
    tried[:, 0] = INF
    tried[-1, 0] = 5.0
    assert asked(monkeypatch, [INF, 5.0], tried) == SETS[-1]  # the last one alone


def test_infinite_values_have_no_difference():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = _difference(np.array([3.0, INF, INF]), np.array([1.0, INF, 2.0]))
    assert found[0] == 2.0
    assert np.isnan(found[1])
    assert found[2] == INF
