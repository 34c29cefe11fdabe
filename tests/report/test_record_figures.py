"""Figures that results draw of themselves: what they show is what the result says."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cevns.analysis.count_limit import CevnsLimit
from cevns.inference.minimum.batch import FAILED
from cevns.inference.toys.toy_result import ToyResult
from cevns.reproduction.published_rows import Published, Row

pytest.importorskip("mplhep")

N = 50


def toys(errors: float, failed: int = 0) -> ToyResult:
    """Pulls of 1 with an error of 1; of failed fits of -4."""
    theta = np.ones((N, 1))
    theta[:failed] = -4.0
    status = np.zeros(N, dtype=np.int64)
    status[:failed] = FAILED
    none = np.zeros(0)
    return ToyResult(
        "counting", "s", ("s",), np.zeros(1), N, 1, 0, theta, np.full((N, 1), errors), np.zeros(N),
        np.zeros(N), status, none, none.astype(np.int64), none, {},
    )  # fmt: skip


@pytest.mark.parametrize("ratio", [0.4, 3.0])
def test_all_above_a_limit_is_shaded(ratio: float) -> None:
    """Also the Standard Model, where a limit lies below it."""
    limit = CevnsLimit("a detector", 0.9, "given", "one count", 10 * ratio, ratio, 10.0, 1.0)
    (axes,) = limit.plot().axes
    (shaded,) = axes.patches
    low, high = axes.get_xlim()
    assert low == 0.0
    assert high > 1.0
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == pytest.approx((ratio, high))


def test_the_figure_of_toys_has_the_pulls_of_the_table() -> None:
    found = toys(1.0, failed=5)
    (axes,) = found.plot().axes
    assert sum(p.get_height() for p in axes.patches) == N - 5
    (note,) = (t.get_text() for t in axes.texts)
    said = re.search(r"(\d+) toys: mean (-?[\d.]+), width ([\d.]+)", note)
    assert said is not None
    assert said.groups() == ("45", f"{found.pulls['s'].mean:.3f}", f"{found.pulls['s'].sd:.3f}")


def test_toys_without_errors_are_a_table() -> None:
    found = toys(0.0)
    assert found.pulls == {}
    assert found.plot().axes


def test_a_row_names_what_only_its_second_number_has() -> None:
    first, second = (
        Published(id="a", quantity="a rate", source="a paper", published=p, own=own)
        for p, own in ((None, 0.9), (2.0, 2.1))
    )
    whole = Row(first, None, parts=(Row(first, 1.0), Row(second, 2.2)))
    (axes,) = whole.plot().axes
    said = [t.get_text() for t in axes.get_legend().get_texts()]
    assert sorted(said) == ["Independent program", "Ours", "Published"]
    assert [line.get_xdata().tolist() for line in axes.lines[-2:]] == [[0.9, 2.1], [1.0, 2.2]]
