from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cevns.datasets.binning import count, rebin
from cevns.exceptions import InputError


def test_a_bin_holds_its_lower_edge_and_not_its_upper_one():
    counts = count([0, 1, 2, -1, 3], [0, 0, 0, 0, 0], [0, 1, 2], [0, 1])
    assert counts.tolist() == [[1], [1]]


def test_counts_agree_with_numpy_away_from_the_edges():
    rng = np.random.default_rng(2)
    x, y = rng.uniform(-1, 5, (2, 1000))
    edges = [0, 0.5, 2, 4], [0, 1, 3.5]
    assert np.array_equal(count(x, y, *edges), np.histogram2d(x, y, edges)[0])


@given(st.data())
def test_rebinning_conserves_content_and_sums_whole_bins(data):
    n = data.draw(st.integers(1, 30))
    content = np.array(data.draw(st.lists(st.floats(0, 1e6), min_size=n, max_size=n)))
    widths = np.array(data.draw(st.lists(st.floats(0.1, 10), min_size=n, max_size=n)))
    edges = np.concatenate(([0.0], np.cumsum(widths)))
    inner = sorted(data.draw(st.sets(st.integers(1, n - 1)))) if n > 1 else []
    chosen = [0, *inner, n]
    merged = rebin(edges, content, edges[chosen])
    direct = np.add.reduceat(content, chosen[:-1])
    # differences of a cumulative sum: rounding relative to the total, 30 additions of 1e-16
    assert np.allclose(merged, direct, rtol=0, atol=1e-14 * max(1.0, content.sum()))


def test_cut_bins_share_by_width():
    assert rebin([0, 2, 4], [1.0, 3.0], [0.5, 3]).tolist() == [0.75 + 1.5]


@pytest.mark.parametrize("edges", [[0], [0, 0], [1, 0], [0, np.nan], [[0, 1], [2, 3]], [0, np.inf]])
def test_bad_edges(edges):
    with pytest.raises(InputError, match="increasing"):
        rebin([0, 1], [1.0], edges)


def test_bins_outside_of_the_table_are_refused():
    with pytest.raises(InputError, match="covers 0 to 1"):
        rebin([0, 1], [1.0], [0, 2])
    with pytest.raises(InputError, match="need 2 contents"):
        rebin([0, 1, 2], [1.0], [0, 2])
