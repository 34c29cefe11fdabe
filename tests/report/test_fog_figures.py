"""Figures of the neutrino fog: what is drawn, in which order, and how curves of others are told."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("mplhep")

from cevns.analysis.fog import FogCase, limit_curves, neutrino_fog

MASSES = [100.0, 5.0, 20.0, 8.0, 500.0]


@pytest.fixture(scope="module")
def curves(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wimp-limits")
    texts = {
        "lz_2024": "# limit\nmass_gev,sigma_cm2\n9,1e-46\n40,2e-48\n1000,3e-47\n1e9,1e-41\n",
        "projection_x": "# projection; 90% CL\nmass_gev,sigma_cm2\n9,1e-47\n40,2e-49\n",
        "floor_y": "# neutrino floor, published\nmass_gev,sigma_cm2\n9,1e-47\n40,2e-49\n",
        "dama": "# closed contour\nmass_gev,sigma_cm2\n20,1e-41\n40,1e-41\n40,1e-42\n20,1e-41\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    return limit_curves(str(folder))


def test_kinds_of_curves(curves):
    kinds = {c.name: c.kind for c in curves}
    assert kinds == {
        "dama": "region", "floor_y": "floor", "lz_2024": "limit", "projection_x": "projection",
    }  # fmt: skip
    # straight lines to 1e9 GeV are somebody's continuation
    assert max(c.mass_gev.max() for c in curves) == 1000.0


def test_what_a_figure_holds(curves):
    found = neutrino_fog(
        FogCase("Xe"), MASSES, with_map=True, exposures_tonne_year=[10.0], with_billard=True,
        with_one_event=True, overlays=curves,
    )  # fmt: skip
    figure = found.plot()
    axes, bar = figure.axes
    assert "sigma_" in axes.get_ylabel()
    assert "ln" in bar.get_ylabel()
    lines = {line.get_label(): line for line in axes.lines}
    floor = lines["Floor, $n = 2$"]
    assert np.all(np.diff(floor.get_xdata()) > 0.0)
    assert floor.get_ydata() == pytest.approx(
        found.floor.cross_section_cm2[np.argsort(MASSES)], rel=1e-12, abs=0.0
    )
    assert {"x, projected", "y, floor", "lz 2024"} <= lines.keys()
    assert lines["x, projected"].get_linestyle() != lines["lz 2024"].get_linestyle()
    assert [p.get_label() for p in axes.patches] == ["dama, region"]
    low, high = axes.get_ylim()
    assert low < 1e-48
    assert high >= 1e-41  # the region is inside
    assert axes.get_xlim() == (5.0, 500.0)


def test_one_mass_is_a_point():
    figure = neutrino_fog(FogCase("Ge"), [6.0], exposures_tonne_year=[1.0]).plot()
    assert all(line.get_marker() == "o" for line in figure.axes[0].lines)


def test_a_spin_is_named():
    figure = neutrino_fog(FogCase("F", spin="proton"), [6.0, 60.0]).plot()
    assert "proton" in figure.axes[0].get_ylabel()
