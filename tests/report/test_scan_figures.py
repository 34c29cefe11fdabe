"""Figures of scans: what is drawn is what the scan says, and overlays are what their files say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import chi2, norm

from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import DataError, InputError
from cevns.inference.scan.cls import ClsScan
from cevns.inference.scan.cls_values import assemble
from cevns.inference.toys.toy_job import TIE
from cevns.inference.work.scan_store import ScanFile, write_scan
from cevns.processes import interactions, process, structure_of
from cevns.report.drawing.labels import parameter_label, symbol, symbol_of_the_field
from cevns.report.drawing.look import look
from cevns.report.drawing.overlays import read_curves
from cevns.report.scan_figures.scan_csv import scan_csv
from cevns.report.scan_figures.scan_figure import scan_figure
from cevns.study import load

pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
pytest.importorskip("mplhep", reason="the extra 'plot' is not installed")
pytest.importorskip("contourpy", reason="the extra 'scan' is not installed")

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.mathtext import MathTextParser

CL = 0.9
WILKS_1, WILKS_2 = float(chi2.ppf(CL, 1)), float(chi2.ppf(CL, 2))


def made(axes: dict[str, np.ndarray], datasets: dict[str, Any], **run: Any) -> Scan:
    """A scan by hand: two couplings a and b are the model's parameters."""
    names = list(axes)
    identity = {
        "method": "profile",
        "experiments": ["a-detector"],
        "physics": "nsi",
        "cite": ["arXiv:2110.07730"],
        "asimov": False,
        "confidence level": CL,
        "axes": names,
        "units": [""] * len(names),
        "logarithmic": [False] * len(names),
        "raster": [],
        "parameters": names,
        "standard model": [0.0] * len(names),
        "bounds": [[None, None]] * len(names),
        **run,
    }
    values = {f"axis/{n}": v for n, v in axes.items()}
    return Scan(ScanFile(identity, {**values, **datasets}))


X = np.linspace(-3.0, 3.0, 121)


def double() -> Scan:
    """Two minima, at -1 and 1: q = 9 (x^2 - 1)^2."""
    edge = np.sqrt(1.0 + np.array([-1.0, 1.0]) * np.sqrt(WILKS_1) / 3.0)
    pieces = np.array([[-edge[1], -edge[0]], edge])
    return made(
        {"eps_ee_u": X},
        {
            "profile/q": 9.0 * (X**2 - 1.0) ** 2,
            "profile/best": np.array([1.0]),
            "region/intervals": pieces,
        },
    )


def disc(**run: Any) -> Scan:
    """q is the squared distance from (0.5, 0)."""
    y = np.linspace(-4.0, 4.0, 101)
    q = (X[:, None] - 0.5) ** 2 + y**2
    best = {"profile/q": q.ravel(), "profile/best": np.array([0.5, 0.0])}
    return made({"eps_ee_u": X, "eps_ee_d": y}, best, **run)


def toys_disc(critical: float = 3.0) -> Scan:
    """The disc with critical values from toys, three points without."""
    scan = disc()
    values = np.full(scan.q.size, critical)
    values[[0, 1, 2]] = np.nan
    known = np.array([0.0, 0.5, 0.8, 0.995])
    return made(
        dict(zip(scan.names, scan.axes, strict=True)),
        {
            "profile/q": scan.q.ravel(),
            "profile/best": np.array([0.5, 0.0]),
            "toys/critical": values,
            "toys/critical_error": np.full(scan.q.size, 0.2),
            "toys/levels": known,
            "toys/quantiles": np.tile([0.0, 1.0, 2.0, 8.0], (scan.q.size, 1)),
        },
        method="fc",
    )


def strips(first: str = "m_zprime", second: str = "g_zprime", **run: Any) -> Scan:
    """Allowed are small couplings and a strip around g = 1e-3, for all masses."""
    mass, g = np.geomspace(1.0, 1e3, 13), np.geomspace(1e-5, 1e-1, 161)
    q = 50.0 * np.minimum(g / 2e-4, np.abs(np.log(g / 1e-3))) ** 2
    table = np.repeat(q[None], len(mass), axis=0)
    axes = {"m_zprime": mass, "g_zprime": g}
    if first == "g_zprime":
        table = table.T
    return made(
        {first: axes[first], second: axes[second]},
        {"profile/q": table.ravel(), "profile/best": np.array([1e-3])},
        **{
            "units": ["MeV" if n.startswith("m_") else "" for n in (first, second)],
            "logarithmic": [True, True],
            "raster": ["m_zprime"],
            "parameters": ["g_zprime"],
            "standard model": [None if n.startswith("m_") else 0.0 for n in (first, second)],
            **run,
        },
    )


def upper_limits(raster: bool = False) -> Scan:
    """A coupling measured as 2 +- 1 with Gaussian likelihood, expected as 0 +- 1."""
    mu = np.linspace(0.0, 8.0, 161)
    q = np.where(mu > 2.0, (mu - 2.0) ** 2, 0.0)
    masses = np.array([1.0, 10.0, 100.0]) if raster else np.ones(1)
    inputs = {
        "profile/q": np.tile(q, len(masses)),
        "profile/q_asimov": np.tile(mu**2, len(masses)),
    }
    axes = {"m_zprime": masses} if raster else {}
    size = len(axes) + 1
    return made(
        {**axes, "g_zprime": mu},
        {**inputs, **assemble({"toys": 0}, inputs, {}), "profile/best": np.full((3, 1), 2.0)[:1]},
        **{
            "method": "cls",
            "toys": 0,
            "limited": "g_zprime",
            "null": 0.0,
            "logarithmic axes": [True, False][-size:],
            "logarithmic": [True, False][-size:],
            "units": ["MeV", ""][-size:],
            "raster": ["m_zprime"] if raster else [],
            "parameters": ["g_zprime"],
            "standard model": [None, 0.0][-size:],
        },
    )


def posterior() -> Scan:
    """A normal distribution."""
    density = norm.pdf(X)
    z = float(norm.ppf(0.95))
    return made(
        {"eps_ee_u": X},
        {
            "posterior/density": density,
            "posterior/level": np.array(norm.pdf(z)),
            "posterior/credibility": 1.0 - 2.0 * norm.sf(np.abs(X)),
            "region/intervals": np.array([[-z, z]]),
        },
        method="bayes",
    )


def axes_of(figure: Figure) -> Axes:
    return figure.axes[0]


def legend(figure: Figure) -> list[str]:
    return [t.get_text() for t in figure.legends[0].get_texts()]


def line(axes: Axes, label: str) -> Line2D:
    (found,) = [li for li in axes.lines if str(li.get_label()).startswith(label)]
    return found


def drawn(axes: Axes, like: Line2D) -> np.ndarray:
    """Vertices of all lines that look like an entry of the legend."""
    same = [
        li.get_xydata()
        for li in axes.lines
        if li.get_color() == like.get_color() and li.get_linestyle() == like.get_linestyle()
    ]
    return np.concatenate(same)


def fills(axes: Axes) -> list[PathCollection]:
    return [c for c in axes.collections if type(c) is PathCollection]


# -- one parameter ----------------------------------------------------------------------------


def test_profile_curve() -> None:
    scan = double()
    figure = scan_figure(scan)
    axes = axes_of(figure)
    curve = line(axes, "Profile likelihood")
    np.testing.assert_array_equal(curve.get_ydata(), scan.q)
    np.testing.assert_allclose(line(axes, "Critical value, Wilks").get_ydata(), WILKS_1)
    spans = [(p.get_x(), p.get_x() + p.get_width()) for p in axes.patches]
    np.testing.assert_allclose(spans, scan.intervals)
    assert "90%: [−1.244, −0.672] ∪ [0.672, 1.244]" in legend(figure)
    assert axes.get_xlabel() == r"$\varepsilon_{ee}^{uV}$"
    assert line(axes, "Standard Model").get_xdata()[0] == 0.0


def test_profile_curve_at_further_levels() -> None:
    figure = scan_figure(double(), levels=(0.683, 0.9))
    heights = {
        round(float(li.get_ydata()[0]), 3)
        for li in axes_of(figure).lines
        if li.get_linestyle() == "--" and len(set(li.get_ydata())) == 1
    }
    assert heights == {round(float(chi2.ppf(c, 1)), 3) for c in (0.683, 0.9)}
    # sqrt(1 +- 1.0002/3) by hand; the grid resolves 0.05, its roots are interpolated
    (text,) = [t for t in legend(figure) if t.startswith("68.3%")]
    ends = [float(v) for v in text.replace("−", "-").partition("∪")[2].strip(" []").split(",")]
    np.testing.assert_allclose(ends, [0.8165, 1.1548], atol=0.005)


def test_feldman_cousins_curve() -> None:
    critical = 2.0 + 0.2 * X
    scan = made(
        {"eps_ee_u": X},
        {
            "profile/q": X**2,
            "profile/best": np.array([0.0]),
            "region/intervals": np.array([[-1.3, 1.5]]),
            "toys/critical": critical,
            "toys/critical_error": np.full(X.size, 0.1),
        },
        method="fc",
    )
    axes = axes_of(scan_figure(scan))
    np.testing.assert_array_equal(line(axes, "Critical value, toys").get_ydata(), critical)
    np.testing.assert_allclose(line(axes, "Critical value, Wilks").get_ydata(), WILKS_1)
    (band,) = [c for c in axes.collections if c.get_label() == "± Monte Carlo error"]
    vertices = band.get_paths()[0].vertices
    at = vertices[np.isclose(vertices[:, 0], X[60])]
    np.testing.assert_allclose([at[:, 1].min(), at[:, 1].max()], [1.9, 2.1])


def test_failed_fits_are_shown() -> None:
    scan = double()
    q = scan.q.copy()
    assert q[0] > 100.0  # so far out, a failed fit says the same as another
    lost = np.flatnonzero(q < 5.0)[[0, -1]]
    q[[0, *lost]] = np.inf
    broken = made({"eps_ee_u": X}, {**scan.file.datasets, "profile/q": q})
    figure = scan_figure(broken)
    marks = line(axes_of(figure), "Fit failed (2)")
    np.testing.assert_array_equal(marks.get_xdata(), X[lost])


def test_cls_curve() -> None:
    figure = scan_figure(upper_limits())
    axes = axes_of(figure)
    observed = line(axes, "Observed")
    mu = np.asarray(observed.get_xdata())
    # Gaussian measurement 2 +- 1: p_sb = Phi(2 - mu), CL_b = Phi(2), at mu above 2
    want = norm.cdf(2.0 - mu) / norm.cdf(2.0)
    above = mu > 2.0
    np.testing.assert_allclose(np.asarray(observed.get_ydata())[above], want[above], rtol=1e-9)
    limit = 2.0 - norm.ppf(0.1 * norm.cdf(2.0))
    (text,) = [t for t in legend(figure) if t.startswith("Observed")]
    assert float(text.partition("<")[2]) == pytest.approx(limit, abs=0.01)
    expected = float(line(axes, "Expected").get_label().partition("<")[2])
    # median: Phi(-mu)/0.5 = 0.1
    assert expected == pytest.approx(-norm.ppf(0.05), abs=0.01)
    assert {c.get_label() for c in axes.collections} >= {"Expected ± 1σ", "Expected ± 2σ"}
    assert axes.get_yscale() == "log"
    with pytest.raises(InputError, match=r"limits at 90%; 68.3% needs its own scan"):
        scan_figure(upper_limits(), levels=(0.683,))


def test_posterior_curve() -> None:
    figure = scan_figure(posterior(), levels=(0.683,))
    axes = axes_of(figure)
    np.testing.assert_array_equal(line(axes, "Posterior density").get_ydata(), norm.pdf(X))
    (text,) = [t for t in legend(figure) if t.startswith("68.3%")]
    ends = [float(v) for v in text.replace("−", "-").partition(":")[2].strip(" []").split(",")]
    # the threshold lies between the densities of two points 0.05 apart
    np.testing.assert_allclose(ends, [-1.0006, 1.0006], atol=0.03)
    bare = dict(posterior().file.datasets)
    del bare["posterior/credibility"]
    with pytest.raises(InputError, match=r"credible region at 90% only, not at 68.3%"):
        scan_figure(made({"eps_ee_u": X}, bare, method="bayes"), levels=(0.683,))
    del bare["posterior/density"]
    with pytest.raises(DataError, match="lacks the dataset 'posterior/density'"):
        scan_figure(made({"eps_ee_u": X}, bare, method="bayes"))


# -- two parameters ---------------------------------------------------------------------------


def test_profile_regions() -> None:
    figure = scan_figure(disc(), levels=(0.683,))
    axes = axes_of(figure)
    regions = fills(axes)
    assert len(regions) == 2  # the larger one first, the other one on top
    for region, cl in zip(regions, (0.9, 0.683), strict=True):
        (path,) = region.get_paths()
        radius = np.hypot(path.vertices[:, 0] - 0.5, path.vertices[:, 1])
        # linear interpolation of a parabola between points 0.08 apart
        np.testing.assert_allclose(radius, np.sqrt(chi2.ppf(cl, 2)), rtol=2e-3)
    assert line(axes, "Best fit").get_xydata().tolist() == [[0.5, 0.0]]
    assert line(axes, "Standard Model").get_xydata().tolist() == [[0.0, 0.0]]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (symbol("eps_ee_u"), symbol("eps_ee_d"))
    assert axes.get_xlim() == (-3.0, 3.0)


def test_feldman_cousins_region_beside_wilks() -> None:
    figure = scan_figure(toys_disc(3.0), levels=(0.5,))
    axes = axes_of(figure)
    outer, inner = fills(axes)
    # the stored median of the toys is 1; what is a tie counts as no farther off
    for region, q in ((outer, 3.0), (inner, 1.0 + TIE)):
        (path,) = region.get_paths()
        radius = np.hypot(path.vertices[:, 0] - 0.5, path.vertices[:, 1])
        np.testing.assert_allclose(radius, np.sqrt(q), rtol=3e-3)
    wilks = drawn(axes, line(axes, "Wilks, 90%"))
    radius = np.hypot(wilks[:, 0] - 0.5, wilks[:, 1])
    np.testing.assert_allclose(radius, np.sqrt(WILKS_2), rtol=3e-3)
    assert len(line(axes, "No toys (3)").get_xdata()) == 3
    with pytest.raises(InputError, match=r"up to 99.5%, not at 99.9%"):
        scan_figure(toys_disc(), levels=(0.999,))


@pytest.mark.parametrize("order", [("m_zprime", "g_zprime"), ("g_zprime", "m_zprime")])
def test_raster_runs_to_the_right_and_its_strip_is_white(order: tuple[str, str]) -> None:
    axes = axes_of(scan_figure(strips(*order)))
    assert axes.get_xlabel() == "$M_{Z'}$ [MeV]"
    assert axes.get_xscale() == axes.get_yscale() == "log"
    assert axes.get_xlim() == pytest.approx((1.0, 1e3))
    assert axes.patch.get_hatch() == "////"
    (white,) = fills(axes)
    # 50 (g/2e-4)^2 = 2.71, and 1e-3 exp(+- sqrt(2.71/50)): both in each of twelve steps of mass
    width = np.sqrt(WILKS_1 / 50.0)
    small, strip = (1e-5, 2e-4 * width), (1e-3 * np.exp(-width), 1e-3 * np.exp(width))
    found = sorted((p.vertices[:, 1].min(), p.vertices[:, 1].max()) for p in white.get_paths())
    assert len(found) == 24
    np.testing.assert_allclose(found[:12], [small] * 12, rtol=5e-3)
    np.testing.assert_allclose(found[12:], [strip] * 12, rtol=5e-3)
    # three edges, each one line; the lowest one is where the grid ends
    lines = [li for li in axes.lines if len(li.get_xdata()) == 13]
    assert len(lines) == 3


def test_a_strip_narrower_than_the_grid_is_kept_and_ends_where_it_ends() -> None:
    """The best fits of the slices are known: q = ((ln g - ln g0)/0.02)^2, steps of 0.24 in ln g."""
    mass, g = np.geomspace(1.0, 1e3, 7), np.geomspace(1e-5, 1e-1, 40)
    centre = 1.3e-5 * mass
    strip = (np.log(g / centre[:, None]) / 0.02) ** 2
    low = (g / 1.5e-5) ** 2 + 0.0 * strip
    q = np.where(mass[:, None] > 20.0, np.minimum(strip, low), low)
    best = np.where(mass > 20.0, centre, 1e-5)
    scan = strips()
    with_strip = made(
        {"m_zprime": mass, "g_zprime": g},
        {
            "profile/q": q.ravel(),
            "profile/best": np.array([best[-1]]),
            "profile/best_by_slice": best[:, None],
        },
        **{k: scan.file.run[k] for k in ("units", "logarithmic", "raster", "parameters")},
    )
    axes = axes_of(scan_figure(with_strip))
    (white,) = fills(axes)
    quads = [p.vertices for p in white.get_paths() if p.vertices[:, 1].min() > 1e-4]
    # from halfway below the first mass above 20 (31.6) to the last: 3 steps and a half
    assert len(quads) == 4
    assert min(v[:, 0].min() for v in quads) == pytest.approx(np.sqrt(10.0 * 10**1.5))
    last = max(quads, key=lambda v: v[:, 0].max())
    at_end = last[np.isclose(last[:, 0], 1e3), 1]
    # the root of q is interpolated between the best fit and the next point of the grid
    width = 0.02 * np.sqrt(WILKS_1)
    np.testing.assert_allclose(
        [at_end.min(), at_end.max()], 1.3e-2 * np.exp([-width, width]), rtol=1e-6
    )


def test_mass_splittings_are_drawn_upwards() -> None:
    dm2, angle = np.geomspace(0.1, 10.0, 11), np.linspace(0.0, 1.0, 21)
    scan = made(
        {"dm2_41": dm2, "sin2_2theta_ee": angle},
        {"profile/q": np.tile(10.0 * angle, (11, 1)).ravel(), "profile/best": np.array([0.0])},
        units=["eV2", ""],
        logarithmic=[True, False],
        raster=["dm2_41"],
        parameters=["sin2_2theta_ee"],
        **{"standard model": [None, 0.0]},
    )
    axes = axes_of(scan_figure(scan))
    assert axes.get_ylabel() == r"$\Delta m^2_{41}$ [eV$^2$]"
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")


def test_cls_limits_over_a_mass() -> None:
    axes = axes_of(scan_figure(upper_limits(raster=True)))
    expected = line(axes, "Expected")
    np.testing.assert_allclose(expected.get_ydata(), -norm.ppf(0.05), atol=0.01)
    np.testing.assert_array_equal(expected.get_xdata(), [1.0, 10.0, 100.0])
    (white,) = fills(axes)
    limit = 2.0 - norm.ppf(0.1 * norm.cdf(2.0))
    tops = [p.vertices[:, 1].max() for p in white.get_paths()]
    assert tops == pytest.approx([limit] * 2, abs=0.01)
    assert {c.get_label() for c in axes.collections} >= {"Expected ± 1σ", "Expected ± 2σ"}


def test_a_map_needs_two_values_each_way() -> None:
    scan = made({"a": X, "b": np.zeros(1)}, {"profile/q": X**2, "profile/best": np.zeros(2)})
    with pytest.raises(InputError, match="two values or more along a and b; it has 121 x 1"):
        scan_figure(scan)


# -- overlays ---------------------------------------------------------------------------------


def swapped() -> Scan:
    """An ellipse, with the axes of the disc the other way round."""
    y = np.linspace(-4.0, 4.0, 101)
    q = (y[:, None] / 0.5) ** 2 + X**2
    axes = {"eps_ee_d": y, "eps_ee_u": X}
    return made(axes, {"profile/q": q.ravel(), "profile/best": np.zeros(2)}, physics="else")


def test_another_scan_over_a_map_whichever_way_its_axes_run(tmp_path: Path) -> None:
    write_scan(tmp_path / "other.h5", swapped().file)
    for overlay in (swapped(), tmp_path / "other.h5"):
        axes = axes_of(scan_figure(disc(), overlays=(overlay,)))
        x, y = drawn(axes, line(axes, "a-detector: else, profile likelihood, 90%")).T
        np.testing.assert_allclose(np.hypot(x, y / 0.5), np.sqrt(WILKS_2), rtol=0.02)


def test_another_scan_over_a_curve() -> None:
    other = made({"eps_ee_u": X[40:]}, {"profile/q": X[40:] ** 2, "profile/best": np.zeros(1)})
    axes = axes_of(scan_figure(double(), overlays=(other,)))
    np.testing.assert_array_equal(line(axes, "profile likelihood, 90%").get_ydata(), other.q)
    with pytest.raises(InputError, match="overlay a scan by the same method"):
        scan_figure(double(), overlays=(posterior(),))


def test_scans_of_other_axes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a scan of m_zprime and g_zprime, this one of eps_ee_u"):
        scan_figure(disc(), overlays=(strips(),))
    other = strips(units=["GeV", ""])
    with pytest.raises(InputError, match="has m_zprime in GeV, this scan in MeV"):
        scan_figure(strips(), overlays=(other,))
    with pytest.raises(DataError, match="the file does not exist"):
        scan_figure(disc(), overlays=(tmp_path / "missing.h5",))


CSV = """# from a paper
# label: a region of oscillations
eps_ee_d,eps_ee_u
0,0
0,1

# label: a closed one
0,0
2,0
2,1
0,0

# label: published best fit
0.3,0.1
"""


def test_curves_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(CSV)
    figure = scan_figure(disc(), overlays=(path,))
    axes = axes_of(figure)
    # columns by name: eps_ee_u to the right
    assert line(axes, "a region").get_xydata().tolist() == [[0.0, 0.0], [1.0, 0.0]]
    (area,) = [p for p in axes.patches if len(p.get_path().vertices) >= 4 and p.get_alpha()]
    assert area.get_path().vertices[2].tolist() == [1.0, 2.0]
    point = line(axes, "published best fit")
    assert point.get_marker() == "s"
    assert point.get_xydata().tolist() == [[0.1, 0.3]]
    assert {"a region of oscillations", "a closed one"} <= set(legend(figure))


def test_curves_told_apart_by_a_column(tmp_path: Path) -> None:
    path = tmp_path / "curves.csv"
    path.write_text("curve,eps_ee_u,q\nours,0,1\nours,1,2\ntheirs,0,3\ntheirs,1,4\n")
    axes = axes_of(scan_figure(double(), overlays=(str(path),)))
    assert line(axes, "ours").get_ydata().tolist() == [1.0, 2.0]
    assert line(axes, "theirs").get_ydata().tolist() == [3.0, 4.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eps_ee_u,eps_mumu_u\n0,0\n", "line 1: has the columns eps_ee_u, eps_mumu_u; an overlay"),
        ("# x\neps_ee_u,eps_ee_d\n0,1\n0\n", "line 4: has 1 entry where eps_ee_u, eps_ee_d"),
        ("eps_ee_u,eps_ee_d\n0,one\n", "line 2: 'one' is not a finite number"),
        ("eps_ee_u,eps_ee_d\n0,nan\n", "line 2: 'nan' is not a finite number"),
        ("eps_ee_u,eps_ee_d\n\n", "holds no point of a curve of eps_ee_u and eps_ee_d"),
        ("", "is empty"),
    ],
)
def test_files_that_hold_no_curves(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "curves.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        scan_figure(disc(), overlays=(path,))
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


# -- what all of them carry --------------------------------------------------------------------


@pytest.mark.parametrize("scan", [double(), disc(), strips(), upper_limits(), posterior()])
def test_title_and_what_it_stands_on(scan: Scan) -> None:
    figure = scan_figure(scan)
    axes = axes_of(figure)
    assert axes.get_title(loc="left") == "a-detector: nsi"
    (note,) = [t.get_text() for t in axes.texts if "cevns" in t.get_text()]
    assert note.startswith("data: arXiv:2110.07730; scan: cevns")
    assert len(figure.legends) == 1
    figure.canvas.draw()  # labels are formulas that can be set


def test_asimov_data_are_named() -> None:
    axes = axes_of(scan_figure(disc(asimov=True), title="Sensitivity"))
    assert axes.get_title(loc="left") == "Sensitivity"
    assert any(t.get_text().startswith("expected counts instead of data") for t in axes.texts)


@pytest.mark.parametrize("cl", [0.0, 1.0, 68.3])
def test_levels_are_probabilities(cl: float) -> None:
    with pytest.raises(InputError, match="level"):
        scan_figure(disc(), levels=(cl,))


def test_every_parameter_of_new_physics_has_a_symbol() -> None:
    parser = MathTextParser("path")
    names = {}
    for name in interactions():
        if name.startswith("wimp-"):  # of a source of their own
            wimp = process(name)
            names |= {p.name: p.unit for p in (*wimp.parameters, *structure_of(wimp))}
            continue
        for p in load("coherent-csi-2021", models=name).couplings:
            names[p.name] = p.unit
    assert len(names) > 60
    for name, unit in names.items():
        text = parameter_label(name, unit)
        assert symbol_of_the_field(name) is not None, name
        assert text.startswith("$"), name
        parser.parse(text)
    assert len({symbol(n) for n in names}) == len(names)


@pytest.mark.parametrize("name", ["g_contact", "Lambda_new", "alpha_x", "m_my_boson", "eps_tau"])
def test_parameters_of_ones_own_are_formulas(name: str) -> None:
    assert symbol_of_the_field(name) is None
    assert symbol(name).startswith("$") is (name != "eps_tau")  # eps is no letter
    MathTextParser("path").parse(symbol(name))


@pytest.mark.parametrize("name", ["brn", "t0", "qf.csi.0", "sns.flux", "efficiency", "light_yield"])
def test_names_of_nuisances_stay_as_they_are(name: str) -> None:
    assert symbol(name) == name


# -- what a user says, legends, numbers ------------------------------------------------------------


def test_a_legend_is_never_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    words = "a result of a collaboration with many words, arXiv:2110.11944, at 90 % confidence"
    path.write_text(
        "eps_ee_u,eps_ee_d\n" + "".join(f"# label: {k} {words}\n{k},0\n{k},1\n\n" for k in range(3))
    )
    figure = scan_figure(disc(), overlays=[path])
    figure.draw_without_rendering()
    (legend,) = figure.legends
    inside, whole = legend.get_window_extent(), figure.bbox
    assert inside.x0 >= whole.x0
    assert inside.x1 <= whole.x1
    assert inside.y0 >= whole.y0
    assert inside.y1 < figure.axes[0].get_window_extent().y0
    said = " ".join(t.get_text().replace("\n", " ") for t in legend.get_texts())
    assert f"2 {words}" in said


def test_a_raster_without_a_preferred_coupling_has_no_best_fit() -> None:
    assert "Best fit" in legend_of(scan_figure(best_at(100.0, 1e-3)))
    for mass, g in ((1.0, 1e-5), (1e3, 1e-5), (100.0, 1e-5), (1e3, 1e-3)):
        assert "Best fit" not in legend_of(scan_figure(best_at(mass, g)))
    assert "Best fit" in legend_of(scan_figure(disc()))


def best_at(mass: float, g: float) -> Scan:
    """The strips, with a best fit of all masses."""
    scan = strips(parameters=["g_zprime"])
    datasets = {
        "profile/q": scan.q.ravel(),
        "profile/best": np.array([g]),
        "profile/best_structure": np.array([mass]),
    }
    axes = dict(zip(scan.names, scan.axes, strict=True))
    return made(axes, datasets, **{k: scan.file.run[k] for k in (
        "units", "logarithmic", "raster", "parameters", "standard model",
    )})  # fmt: skip


def legend_of(figure: Figure) -> list[str]:
    return [t.get_text() for t in figure.legends[0].get_texts()]


def test_the_csv_is_the_contour_and_reads_back_as_an_overlay(tmp_path: Path) -> None:
    path = tmp_path / "region.csv"
    path.write_text(scan_csv(disc(), levels=[0.683]))
    curves = read_curves(path, ("eps_ee_u", "eps_ee_d"))
    assert [c.label for c in curves] == ["90%, profile likelihood", "68.3%, profile likelihood"]
    (own,) = disc().contours().curves
    written = np.stack([own.x, own.y], -1)
    np.testing.assert_allclose(curves[0].points, written, rtol=5e-15)  # 15 digits are written
    for curve, cl in zip(curves, (0.9, 0.683), strict=True):
        assert curve.closed
        radius = np.hypot(curve.points[:, 0] - 0.5, curve.points[:, 1])
        # linear between points of the grid, 0.05 and 0.08 apart: below 1e-3 of the radius
        assert radius == pytest.approx(np.sqrt(chi2.ppf(cl, 2)), rel=1e-3)


@pytest.mark.parametrize("order", [("m_zprime", "g_zprime"), ("g_zprime", "m_zprime")])
def test_the_csv_of_a_raster_has_its_edges(tmp_path: Path, order: tuple[str, str]) -> None:
    path = tmp_path / "edges.csv"
    path.write_text(scan_csv(strips(*order)))
    lines = [c.points for c in read_curves(path, ("m_zprime", "g_zprime"))]
    half = np.sqrt(WILKS_1 / 50.0)
    edges = sorted(float(np.median(points[:, 1])) for points in lines)
    # interpolated in a q that bends: 161 values over four decades, 6 % apart
    assert edges == pytest.approx([2e-4 * half, 1e-3 / np.exp(half), 1e-3 * np.exp(half)], rel=0.01)
    for points in lines:
        assert (points[:, 0].min(), points[:, 0].max()) == pytest.approx((1.0, 1e3))


def test_the_csv_of_a_curve_is_the_curve(tmp_path: Path) -> None:
    path = tmp_path / "curve.csv"
    path.write_text(scan_csv(double()))
    (curve,) = read_curves(path, ("eps_ee_u", "q"))
    # 15 digits are written
    np.testing.assert_allclose(curve.points, np.stack([X, double().q], -1), rtol=5e-15)


def test_words_of_the_user() -> None:
    with look("My title", {"eps_ee_u": "$g_X$"}, (-1.0, 2.0)) as said:
        figure = scan_figure(disc())
    assert figure.axes[0].get_title(loc="left") == "My title"
    assert figure.axes[0].get_xlabel() == "$g_X$"
    assert figure.axes[0].get_xlim() == (-1.0, 2.0)
    assert {"eps_ee_u", "eps_ee_d"} <= set(said.met)
    after = scan_figure(disc())
    assert after.axes[0].get_xlabel() == symbol("eps_ee_u")
    assert after.axes[0].get_xlim() == (X[0], X[-1])


def test_a_parameter_of_ones_own_is_called_by_its_description() -> None:
    assert parameter_label("g_x", "MeV", "mass of the X boson; zero without it") == (
        "Mass of the X boson [MeV]"
    )
    assert parameter_label("g_x", "", "a description too long for an axis " * 2) == symbol("g_x")
    assert parameter_label("mu_nu", "", "magnetic moment") == r"$\mu_{\nu}$"


def test_a_scan_has_the_titles_of_its_experiment_and_model() -> None:
    plan = load("coherent-csi-2021", models="nsi").plan({"eps_ee_u": [0.0, 0.1]})
    words = "COHERENT CsI[Na], full exposure: non-standard neutrino interactions with up and down"
    assert plan.label()["title"].startswith(words)
    own = {"profile/q": double().q, "profile/best": np.array([1.0])}
    figure = scan_figure(made({"eps_ee_u": X}, own, title="A detector: a model"))
    assert figure.axes[0].get_title(loc="left") == "A detector: a model"


def test_few_toys_know_no_wide_band() -> None:
    for toys, bands in ((0, (2, 1)), (440, (2, 1)), (439, (1,)), (64, (1,)), (63, ())):
        file = ScanFile({"toys": toys}, {})
        assert ClsScan(file).bands == bands
    few = ClsScan(ScanFile({"toys": 100}, {}))
    assert few.floored(np.array([0.0, 0.5])).tolist() == [0.01, 0.5]


def test_many_papers_fit_on_the_page() -> None:
    figure = scan_figure(disc(cite=[f"arXiv:2110.0773{k}" for k in range(6)]))
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x1 < width + 0.02
    assert box.y1 < height + 0.02
    (said,) = (t.get_text() for t in figure.axes[0].texts if "arXiv" in t.get_text())
    assert "arXiv:2110.07735" in said
    assert "\n" in said
