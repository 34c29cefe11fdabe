"""Points far out have no toys; a refused result says so in its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scan_models import mediator

from cevns.exceptions import FitError
from cevns.inference.minimum.batch import FAILED
from cevns.inference.model.grid import Grid
from cevns.inference.scan.feldman_cousins import feldman_cousins
from cevns.inference.scan.profile_scan import profile_scan
from cevns.inference.scan.toy_scan import EXCLUDED, P_BOUND
from cevns.inference.work.scan_store import read_scan


def test_far_points_have_no_toys_and_need_no_fit() -> None:
    grid = Grid.of(mediator(), {"g": np.geomspace(0.05, 40.0, 24)})
    scan = profile_scan(grid)
    far = scan.rise > EXCLUDED
    assert 2 < far.sum() < 22
    status, height = scan.status.copy(), scan.twice_nll.copy()
    status[-1], height[-1] = FAILED, np.inf
    told: list[int] = []
    found = feldman_cousins(
        grid,
        50,
        seed=1,
        scan=replace(scan, status=status, twice_nll=height),
        workers=1,
        progress=lambda done, total, rate: told.append(total),
    )
    np.testing.assert_array_equal(found.excluded, far)
    np.testing.assert_array_equal(found.n_toys == 0, far)
    assert told[-1] == 50 * np.sum(~far)  # they are no work
    assert np.all(found.p_value[far] == P_BOUND)
    assert np.isnan(found.critical[far]).all()
    assert not found.accepted[far].any()


def test_refused_result_is_marked(tmp_path: Path) -> None:
    grid = Grid.of(mediator(), {"g": np.linspace(0.1, 0.9, 3)})
    path = tmp_path / "refused.h5"
    for _ in range(2):  # computed, and read
        with pytest.raises(FitError, match="failed fit"):
            feldman_cousins(grid, 20, seed=1, workers=1, out=path, max_failures=-1.0)
    assert "failed fit" in read_scan(path).notes["refused"]
