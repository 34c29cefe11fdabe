"""Dresden-II: counts of an independent program, and a spectrum of the user."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

import cevns
from cevns.exceptions import CevnsError

NAME = "dresden-ii"
POINT = "{kind: reactor, power: 2.96 GW, distance: 10.39 m}"
OWN_K = 0.157
"""Of the independent program; the file has the measured one of all germanium, 0.162."""


def rate(**changes):
    """Counts per kg and day."""
    study = cevns.load(NAME, overrides={k.replace("__", "."): str(v) for k, v in changes.items()})
    return study.rate(points=2)[NAME].per_kg_day["cevns"]


@pytest.mark.parametrize(("cut_kev", "own"), [(0.02, 6.27), (0.05, 6.01), (0.1, 5.7), (0.0, 6.5)])
def test_counts_depend_on_where_recoils_end(cut_kev, own):
    """From 5.7 to 6.5 for a core that is a point; the ends are quoted with two digits."""
    changed = {"detector__efficiency__recoil__threshold": cut_kev, "detector__quenching__k": OWN_K}
    found = rate(source=POINT, **changed)
    assert found == pytest.approx(own, rel=0.005 if cut_kev in (0.02, 0.05) else 0.012)


def test_core_is_no_point():
    """1 + (3 v_along - v_across - v_up)/d^2 of a uniform cylinder at the height of the detector."""
    radius, height, distance = 1.9, 3.7, 10.39
    across, up = radius**2 / 4.0, height**2 / 12.0
    nearer = 1.0 + (3.0 * across - across - up) / distance**2
    assert rate() / rate(source=POINT) == pytest.approx(nearer, rel=5e-4)
    assert nearer == pytest.approx(1.006, abs=5e-4)


def test_m_line_is_seen_by_its_tail():
    """The factor in the file: shares of the lines in the window, with the resolution there."""

    def inside(kevee):
        return np.diff(norm.cdf([0.2, 1.5], kevee, np.sqrt(0.0685**2 + 0.018044**2 * kevee)))[0]

    l_lines = inside(1.297) + 0.008 * inside(1.142)
    declared = cevns.load(NAME).experiments[0].declaration.backgrounds["m-line"].strength
    assert declared == ["l-lines", pytest.approx(inside(0.158) / l_lines, abs=5e-5)]


@pytest.fixture
def spectrum(tmp_path):
    """A table as a user makes it of the release: counts of a model that is not the nominal one."""
    model = cevns.load(NAME).model()
    theta = model.parameters.values.copy()
    moved = {"cevns": 2500.0, "epithermal.slope": 0.8, "constant": 30000.0}
    for name, value in moved.items():
        theta[model.parameters.position(name)] = value
    counts, edges = model.expected(theta), np.linspace(0.2, 1.5, 131)
    path = tmp_path / "dresden.csv"
    table = np.column_stack([edges[:-1], edges[1:], counts, np.sqrt(counts)])
    np.savetxt(path, table, "%.9g", ",", header="low,high,counts,up", comments="")
    return path, moved


def test_a_spectrum_of_the_user(spectrum):
    path, moved = spectrum
    data = f"{{values: {path}, statistic: {{kind: gaussian}}}}"
    fit = cevns.load(NAME, overrides={"data": data}).fit()
    assert fit.poi.value == pytest.approx(moved["cevns"], rel=0.01)
    found = fit.fit.fitted
    assert found["epithermal.slope"].value == pytest.approx(0.8, abs=0.01)
    assert found["constant"].value == pytest.approx(30000.0, rel=0.005)


def test_a_spectrum_that_does_not_fit(tmp_path):
    path = tmp_path / "short.csv"
    path.write_text("low,high,counts,up\n0.2,0.21,100,10\n")
    data = f"{{values: {path}, statistic: {{kind: gaussian}}}}"
    with pytest.raises(CevnsError, match=r"short\.csv"):
        cevns.load(NAME, overrides={"data": data}).fit()


def test_a_quenching_of_the_user(tmp_path):
    """A tabulated curve takes the place of Lindhard's: a constant one is the constant model."""
    path = tmp_path / "fef.csv"
    path.write_text("recoil_energy_kevnr,quenching_factor\n0,0.2\n1,0.2\n10,0.2\n")
    table = rate(detector__quenching=f"{{kind: tabulated, file: {path}}}")
    assert table == pytest.approx(
        rate(detector__quenching="{kind: constant, value: 0.2}"), rel=1e-4
    )
    assert table > 1.5 * rate()


def test_slope_of_the_background_costs_error():
    """What the data must tell themselves widens the error: a fixed slope is a stronger analysis."""
    free = cevns.load(NAME).fit(asimov=True).poi
    held = cevns.load(NAME).fit(asimov=True, fix={"epithermal.slope": None}).poi
    assert free.error > 1.1 * held.error
    assert free.value == pytest.approx(held.value, rel=1e-6)
