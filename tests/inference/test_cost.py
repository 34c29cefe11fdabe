"""The cost of a scan before it runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from csi_like import template

from cevns.exceptions import InputError
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cost import LONG_H, by_toys, plan
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.toys.toy_job import STAGES


@pytest.fixture(scope="module")
def grid():
    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 40), "t0": np.linspace(0.43, 0.52, 40)})


def test_cost_of_a_map(grid):
    cost = plan(grid, 1000, cores=2, toys_at="every-point")
    assert cost.toys_most == 1_600_000
    assert cost.toys_least == 1600 * STAGES[0]
    assert cost.fits_most == 3_200_000
    assert cost.anchors == 0
    assert cost.core_hours_most == pytest.approx((cost.before_s + 1.6e6 * cost.toy_s) / 3600)
    assert cost.worker_bytes > 5e7
    assert 0.0 < cost.toy_s < 0.1
    text = str(replace(cost, toy_s=1e-4, before_s=1.0))
    assert "1,600 points, up to 1,000 toys each: 409,600 to 1,600,000 toys" in text
    assert "up to 3,200,000 fits in all" in text
    assert "GB a worker" in text
    assert plan(grid, 1000, adaptive=False).toys_least == 1_600_000


@pytest.mark.slow
def test_cost_of_shared_toys(grid):
    """Before, after the profile, and what it then takes."""
    cost = plan(grid, 200, cores=2)
    scan = profile_scan(grid)
    known = plan(grid, 200, cores=2, scan=scan)
    done = feldman_cousins(grid, 200, seed=1, scan=scan)
    fits = int(done.file.datasets["toys/fits"])
    assert 0 < cost.anchors <= known.anchors == len(done.file.run["anchors"])
    assert known.toys_least < 1.05 * fits
    assert known.fits_most > 0.95 * fits
    assert 0.6 * fits < by_toys(scan, 0.9, 200) < 1.6 * fits
    assert "1,600 points share the toys of" in str(cost)


def test_what_to_lower(grid):
    cost = replace(plan(grid, 100_000, cores=2, toys_at="every-point"), toy_s=1e-2, before_s=1.0)
    first, toys, error, points, cores = cost.advice
    assert "on 2 cores this takes up to 222.2 h" in first
    # 160 million toys at 0.01 s on two cores, cut to a day
    assert "from 100,000 to 10,799" in toys
    assert "at the boundary is then 0.0029" in error  # sqrt(0.09 / 10800)
    assert "from 1,600 to 172" in points
    assert "use 19 cores" in cores
    lower = replace(cost, per_point=10_799, toys_most=1600 * 10_799)
    assert lower.wall_hours_most == pytest.approx(LONG_H, rel=1e-3)
    assert lower.advice == []
    # a day is not too long; a thousand hours are counted in days
    assert replace(cost, toys_most=0, before_s=3600 * LONG_H).advice == []
    assert "up to 42 days on" in str(replace(cost, toys_most=0, before_s=3.6e6))


def test_cost_of_cls():
    model = template("cross-section", True)[1]
    grid = Grid.of(model, {"scale": np.linspace(0.7, 1.5, 10)})
    cost = plan(grid, 500, method="cls")
    assert cost.toys_least == cost.toys_most == 10_000
    with pytest.raises(InputError, match="toys > 0"):
        plan(grid, 0)
