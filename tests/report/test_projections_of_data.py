"""Figures of data that are no counts on axes: values, counts on and off, cells, one number."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.analysis.channel_result import ChannelResult
from cevns.exceptions import InputError
from cevns.report import fit_figures, project, projection_figure
from cevns.report.projections import axes_of

pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
pytest.importorskip("mplhep", reason="the extra 'plot' is not installed")

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def channel(example: str, name: str | None = None) -> ChannelResult:
    fit = cevns.load(EXAMPLES / f"{example}.yaml").fit(minos="none")
    return fit.only.only if name is None else fit.channels[f"{example}.{name}"]


def test_measured_values_have_their_two_errors() -> None:
    shown = project(channel("published-points", "points"), "energy")
    assert shown.observed.tolist() == [97.0, 104.0, 140.0]
    assert shown.up.tolist() == [15.0, 14.0, 16.0]
    assert shown.down.tolist() == [13.0, 12.0, 15.0]
    # the error is that on the side of the fit: below the first value, above the second
    mu = shown.expected
    assert mu[0] < 97.0
    assert mu[1] > 104.0
    np.testing.assert_allclose(shown.residuals[:2], [(97 - mu[0]) / 13, (104 - mu[1]) / 14])


def test_a_limit_has_no_lower_error() -> None:
    result = channel("published-points", "limit")
    shown = project(result, "energy")
    assert np.isinf(shown.down).all()
    data = next(c for c in projection_figure(result).axes[0].containers if c.get_label() == "Data")
    bars = data.lines[2][1].get_segments()  # type: ignore[union-attr]
    # from nothing to the value and its error, per keV
    np.testing.assert_allclose([b[0][1] for b in bars], 0.0, atol=1e-12)
    np.testing.assert_allclose([b[1][1] for b in bars], [55 / 3, 80 / 5, 75 / 10])


def test_counts_on_and_off_are_shown_as_their_difference() -> None:
    result = channel("source-on-off")
    shown = project(result, "energy")
    on, off = np.array([138.0, 196, 214, 181]), np.array([216.0, 310, 302, 268])
    np.testing.assert_allclose(shown.observed, on - off / 3)
    np.testing.assert_allclose(shown.up, np.sqrt(on + off / 9))
    assert "Data, on − off" in str(projection_figure(result).axes[0].get_legend_handles_labels())


@pytest.mark.parametrize(("example", "cells"), [("cells", 8), ("counting", 1)])
def test_what_is_no_grid_stands_cell_by_cell(example: str, cells: int) -> None:
    result = channel(example)
    assert axes_of(result)["cell"].tolist() == [0.5 + i for i in range(cells + 1)]
    shown = project(result, "cell")
    assert shown.observed.tolist() == result.observed.ravel().tolist()
    np.testing.assert_allclose(shown.expected, result.model.expected(result.fit.theta))
    with pytest.raises(InputError, match="no axis 'energy'"):
        project(result, "energy")


def test_a_list_of_events_has_no_projection() -> None:
    fit = cevns.load(EXAMPLES / "event-list.yaml").fit(minos="none")
    assert axes_of(fit) == {}
    assert "projections" not in fit_figures(fit)


def test_time_has_the_unit_of_its_axis(tmp_path: Path) -> None:
    """Days are not microseconds."""
    path = tmp_path / "days.yaml"
    path.write_text(
        "schema: 1\nname: days\ntitle: a modulated source\n"
        "source: {kind: sns, distance: 20 m, protons: 1e23, "
        "arrival: {kind: periodic, amplitude: 0.3, maximum: 3 d}}\n"
        "target: {material: Ge, mass: 20 kg}\n"
        "detector: {response: {kind: identity}}\n"
        "axes:\n  energy: {unit: keVnr, edges: [2, 5, 20]}\n"
        "  time: {unit: d, edges: [0, 100, 200, 365]}\n"
    )
    fit = cevns.load(path).fit(asimov=True, minos="none")
    figures = fit_figures(fit)
    assert figures["projections"].axes[1].get_ylabel() == "Events / d"
    assert figures["data2d"].axes[0].get_ylabel() == "Arrival time [d]"
    assert figures["projections"].axes[1].get_xlim() == pytest.approx((0.0, 365.0))
    assert figures["data2d"].axes[0].get_ylim() == pytest.approx((0.0, 365.0))
