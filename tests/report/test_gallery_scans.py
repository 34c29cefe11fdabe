"""Gallery entries of new physics: shipped tables against the likelihood, sets by both methods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from cevns.analysis.scanning.scan_plan import scan_plan
from cevns.analysis.scanning.scan_task import scan
from cevns.datasets.delimited_text import read_lines
from cevns.experiments import load
from cevns.report.drawing.overlays import read_curves
from cevns.report.gallery import entry, light_mediators, nsi_flavour_plane
from cevns.report.gallery_parts import carried_scans as _scans

LINES = {
    "weak-mixing-angle": "sin2_theta_w",
    "magnetic-moment-e": "mu_nu_e",
    "magnetic-moment-mu": "mu_nu_mu",
    "charge-radius-ee": "charge_radius_ee",
    "charge-radius-mumu": "charge_radius_mumu",
    "neutron-radius": "r_n_csi",
}
ARGON = ("nsi-ee-plane-argon", "nsi-flavour-plane-argon")
PLANES = {
    "nsi-ee-plane": ("nsi", "eps_ee_u", "eps_ee_d"),
    "flavoured-cross-sections": ("flavoured-cross-sections", "sigma_mu", "sigma_e"),
}


@pytest.fixture(autouse=True)
def _carried(monkeypatch, tmp_path):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path / "none")


@pytest.mark.parametrize("name", [*LINES, *PLANES, *ARGON, "light-mediators", "lma-dark"])
def test_a_shipped_table_says_how_it_was_made(name):
    text = _scans.shipped(name).read_text("utf-8")
    assert f"Regenerate: python tools/make_gallery_scans.py {name}" in text
    assert "coherent-csi-2021" in text
    if name in LINES or name in PLANES:
        assert "seed" in text
        assert "Toys at profiled nuisances" in text
    if name in LINES:  # the label in figures has the number of toys of the comments
        made = _scans.toys_said(name).partition(" toys")[0]
        (curve,) = read_curves(_scans.shipped(name), (LINES[name], "q"))
        assert f"# label: Critical value, {made} toys at {len(curve.points)} points" in text


@pytest.mark.parametrize(("name", "parameter"), LINES.items())
def test_critical_values_of_toys_are_near_those_of_chi2(name, parameter):
    """2.71 where nothing bounds the parameter; near bounds, of the scan too, they are smaller."""
    (curve,) = read_curves(_scans.shipped(name), (parameter, "q"))
    critical = curve.points[:, 1]
    # toys stop early where the verdict is clear: errors of 0.25, so 4 is five of them
    assert critical.min() > 0.8
    assert critical.max() < 4.0
    if not parameter.startswith("charge"):  # between two minima the rate turns, as at a bound
        inner = critical[len(critical) // 3 : -len(critical) // 3]
        assert np.mean(inner) == pytest.approx(2.5, abs=0.5)


def test_the_angle_by_toys_is_that_of_wilks_within_their_error():
    """Unbounded and nearly Gaussian: ends agree to 0.15/(2 x 2.71) of half the width."""
    found = entry("weak-mixing-angle").table()
    wilks, toys = (_numbers(str(found.column("ours")[k])) for k in (2, 3))
    assert toys == pytest.approx(wilks, abs=0.006)


def _numbers(text: str) -> list[float]:
    return [float(t) for t in text.replace("−", "-").strip("[]").split(",")]


@pytest.mark.parametrize(("name", "model"), [("universal", "universal"), ("B-L", "b-l")])
def test_a_shipped_limit_is_that_of_the_likelihood(name, model):
    csi = load("coherent-csi-2021")
    upper = light_mediators.limits(name)[10.0][0].upper
    plan = scan_plan(csi, f"vector-{model}", {"g_zprime": [0.0, upper]}, at={"m_zprime": 10.0})
    q = scan(plan).q[1]
    # Wilks at 90 %: 2.706; five digits in the table, and a grid of 61 points per two decades
    assert q == pytest.approx(2.706, abs=0.03)


def test_heavy_mediators_are_a_contact_interaction():
    """The limit goes with the mass: g/M at 10 GeV and 3 GeV agree; L_mu-L_tau runs slowly."""
    for name, tolerance in (("universal", 2e-3), ("B-L", 2e-3), ("L_mu-L_tau", 0.02)):
        known = light_mediators.limits(name)
        first, second = (known[m][0].upper / m for m in (3162.3, 10000.0))
        assert first == pytest.approx(second, rel=tolerance), name


def test_light_mediators_do_not_depend_on_the_mass():
    """Far below the momentum transfer, nuclei: between 1 and 10 MeV, less than 5 per cent."""
    known = light_mediators.limits("universal")
    assert known[3.1623][0].upper == pytest.approx(known[10.0][0].upper, rel=0.05)


@pytest.mark.parametrize("name", PLANES)
def test_borders_of_toys_lie_near_those_of_wilks(name):
    """On the line of toys -2 ln L has risen by a critical value between 1 and 2 degrees."""
    model, first, second = PLANES[name]
    curves = read_curves(_scans.shipped(name), (first, second))
    csi = load("coherent-csi-2021")
    points = np.concatenate([c.points for c in curves])
    low, high = points.min(axis=0), points.max(axis=0)
    axes = {n: np.linspace(a, b, 21) for n, a, b in zip((first, second), low, high, strict=True)}
    found = scan(scan_plan(csi, model, axes))
    q = RegularGridInterpolator(found.axes, np.sqrt(np.minimum(found.q, 60.0)))(points) ** 2
    assert 1.5 < np.median(q) < 6.0  # 2.71 and 4.61 by Wilks, of one and two degrees


def test_the_dark_solution_of_the_table_is_on_the_declared_region():
    lines = [line.split(",") for line in read_lines(_scans.shipped("lma-dark"))]
    known = {mix: list(map(float, rest)) for mix, *rest in lines if mix in ("u", "d")}
    for quark, (low, high) in {"u": (-1.192, -0.802), "d": (-1.232, -1.111)}.items():
        _, delta, ee, mumu = known[quark]
        assert low - 1e-3 <= ee - mumu <= high + 1e-3
        assert delta > 9.0
    assert nsi_flavour_plane.table().column("quark") == ("u", "d")


def test_the_limit_of_lsnd_is_drawn_where_the_table_has_it():
    pytest.importorskip("mplhep")
    axes = entry("magnetic-moment").figure().axes[0]
    (mark,) = [t for t in axes.texts if "LSND" in t.get_text()]
    assert "from memory" in mark.get_text()
    cell = next(row[4] for row in entry("magnetic-moment").table().rows if row[0] == "mu_nu_mu")
    assert float(cell.partition(",")[0]) == pytest.approx(1e-10 * mark.xy[0])  # in 1e-10 mu_B
    assert [x for x in axes.lines if list(x.get_xdata()) == [mark.xy[0]] * 2]
