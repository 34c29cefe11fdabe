"""The cost of a scan before it runs."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import numpy as np
import pytest
from csi_like import template

from cevns.exceptions import InputError
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cost import LONG_H, plan
from cevns.inference.toys.toy_job import FIRST


@pytest.fixture(scope="module")
def grid():
    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 40), "t0": np.linspace(0.43, 0.52, 40)})


def test_cost_of_a_map(grid, monkeypatch):
    # a clock that goes on by half a second whenever it is read: once before, once after
    clock = count()
    with monkeypatch.context() as patch:
        patch.setattr("cevns.inference.scan.cost.perf_counter", lambda: 0.5 * next(clock))
        cost = plan(grid, 1000, cores=2)
    assert cost.toys_most == 1_600_000
    assert cost.toys_least == 1600 * FIRST
    assert cost.fits_most == 3_200_000
    # the toys of a first block of eight points, and nine profiled points for 1600
    assert cost.toy_s == pytest.approx(0.5 / (8 * FIRST))
    assert cost.profile_s == pytest.approx(0.5 / 9 * 1600)
    assert cost.core_hours_most == pytest.approx((cost.profile_s + 1.6e6 * cost.toy_s) / 3600)
    assert cost.worker_bytes > 5e7
    assert cost.advice == []
    text = str(cost)
    assert "1,600 points, up to 1,000 toys each: 409,600 to 1,600,000 toys" in text
    assert "up to 3,200,000 fits" in text
    assert "GB a worker" in text
    assert plan(grid, 1000, adaptive=False).toys_least == 1_600_000


def test_what_to_lower(grid):
    cost = replace(plan(grid, 100_000, cores=2), toy_s=1e-2, profile_s=1.0)
    first, toys, error, points, cores = cost.advice
    assert "on 2 cores this takes up to 222.2 h" in first
    # 160 million toys at 0.01 s on two cores, cut to a day
    assert "from 100,000 to 10,799" in toys
    assert "known to 0.0029" in error  # sqrt(0.09 / 10800)
    assert "from 1,600 to 172" in points
    assert "use 19 cores" in cores
    lower = replace(cost, per_point=10_799, toys_most=1600 * 10_799)
    assert lower.wall_hours_most == pytest.approx(LONG_H, rel=1e-3)
    assert lower.advice == []
    # a day is not too long; a thousand hours are counted in days
    assert replace(cost, toys_most=0, profile_s=3600 * LONG_H).advice == []
    assert "up to 42 days on" in str(replace(cost, toys_most=0, profile_s=3.6e6))


def test_cost_of_cls():
    model = template("cross-section", True)[1]
    grid = Grid.of(model, {"scale": np.linspace(0.7, 1.5, 10)})
    cost = plan(grid, 500, method="cls")
    assert cost.toys_least == cost.toys_most == 10_000
    with pytest.raises(InputError, match="toys > 0"):
        plan(grid, 0)
