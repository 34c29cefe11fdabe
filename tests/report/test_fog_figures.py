"""Figures of the neutrino fog: what is drawn, in which order, and how curves of others are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("mplhep")

from cevns.analysis.fog import FogCase, limit_curves, neutrino_fog
from cevns.analysis.fog.limit_curves import LimitCurve

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
    assert {"x, projected", "y, floor", "LZ 2024"} <= lines.keys()
    assert lines["x, projected"].get_linestyle() != lines["LZ 2024"].get_linestyle()
    # the fog sets the frame, and what lies outside of it is only named
    assert not axes.patches
    low, high = axes.get_ylim()
    assert low == found.index_map.cross_section_cm2.min()
    assert high == found.index_map.cross_section_cm2.max()
    assert high == pytest.approx(100.0 * found.floor.cross_section_cm2.max(), rel=1e-9, abs=0.0)
    (legend,) = figure.legends
    assert legend.get_title().get_text() == "Outside of the frame: DAMA"
    assert axes.get_xlim() == (5.0, 500.0)
    ticks = bar.get_yticks()
    assert ticks.tolist() == [1.0, 2.0, 2.5, 3.0, 4.0]


def test_a_region_within_the_frame(curves):
    (dama,) = (c for c in curves if c.closed)
    low = replace(dama, cross_section_cm2=1e-5 * dama.cross_section_cm2)
    figure = neutrino_fog(FogCase("Xe"), MASSES, overlays=[low]).plot()
    assert [p.get_label() for p in figure.axes[0].patches] == ["DAMA, region"]


def test_many_curves_are_told_apart():
    """Two dozen limits of as many experiments: no two lines look alike."""
    mass, sigma = np.array([5.0, 500.0]), np.array([1e-46, 1e-46])
    kinds = {"limit": 24, "projection": 8, "floor": 4}
    many = [
        LimitCurve(f"{kind}x_{k}", kind, mass, sigma)
        for kind, number in kinds.items()
        for k in range(number)
    ]
    axes = neutrino_fog(FogCase("Xe"), MASSES, overlays=many).plot().axes[0]
    looks = {
        (line.get_color(), str(line.get_linestyle()), str(line._dash_pattern))
        for line in axes.lines
    }
    assert len(looks) == 1 + len(many)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("xenonnt_2026_8b", "XENONnT 8B 2026"),
        ("xenon1t_2018_2020", "XENON1T 2018\u20132020"),
        ("xenon1t_migdal_2019", "XENON1T Migdal 2019"),
        ("floor_billard2013_xe", "Billard Xe 2013"),
        ("projection_darkside20k", "DarkSide-20k"),
        ("pandax4t_lowmass", "PandaX-4T low mass"),
        ("dama_i_2008", "DAMA I 2008"),
        ("mine", "mine"),
    ],
)
def test_titles(name, title):
    assert LimitCurve(name, "limit", np.ones(1), np.ones(1)).title == title


def test_one_mass_is_a_point():
    figure = neutrino_fog(FogCase("Ge"), [6.0], exposures_tonne_year=[1.0]).plot()
    assert all(line.get_marker() == "o" for line in figure.axes[0].lines)


def test_a_spin_is_named():
    figure = neutrino_fog(FogCase("F", spin="proton"), [6.0, 60.0]).plot()
    assert "proton" in figure.axes[0].get_ylabel()
