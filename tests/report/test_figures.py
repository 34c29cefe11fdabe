"""Figures: they show what they say, look the same everywhere and leave nothing behind."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import trapezoid
from scipy.stats import chi2, poisson

import cevns
from cevns.analysis.measurement import Measurement
from cevns.exceptions import InputError, MissingExtraError, OutputError
from cevns.experiments import Experiment, load
from cevns.experiments.questions import SIGNAL
from cevns.inference.fitting.intervals import ProfileCurve, interval, profile
from cevns.report import (
    correlation_figure,
    data_figure,
    fit_figures,
    flux_figure,
    poisson_interval,
    profile_figure,
    project,
    projection_figure,
    pull_figure,
    recoil_figure,
    residual_figure,
    save,
)
from cevns.report.drawing import style
from cevns.report.drawing.legends import lift_legend
from cevns.report.profile_figures import crossings
from cevns.report.projections import steady_state
from cevns.report.recoil_figures import recoil_energies, recoil_spectrum
from cevns.study import Study

pytest.importorskip("matplotlib", reason="the extra 'plot' is not installed")
pytest.importorskip("mplhep", reason="the extra 'plot' is not installed")

from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return load("coherent-csi-2021")


@pytest.fixture(scope="module")
def measurement(experiment: Experiment) -> Measurement:
    return Study((experiment,)).fit()


@pytest.fixture(scope="module")
def curve(measurement: Measurement) -> ProfileCurve:
    fit = measurement.fit
    return profile(measurement.model, "cevns", data=fit.data, best=fit)


@pytest.fixture(scope="module")
def figures(measurement: Measurement) -> dict[str, Figure]:
    return fit_figures(measurement)


def stacked(axes: Axes) -> dict[str, tuple[float, np.ndarray]]:
    """Area and baseline of every filled component, by the name before its count."""
    out = {}
    for patch in axes.patches:
        label = str(patch.get_label())
        if isinstance(patch, StepPatch) and ":" in label:
            values, edges, baseline = patch.get_data()
            area = float(((values - baseline) * np.diff(edges)).sum())
            out[label.partition(":")[0]] = area, np.asarray(baseline)
    return out


def text(axes: Axes) -> str:
    return " ".join(axes.get_legend_handles_labels()[1])


def test_a_measurement_has_every_figure(figures: dict[str, Figure]) -> None:
    assert list(figures) == [
        "projections",
        "residuals",
        "data2d",
        "pulls",
        "correlation",
        "profile",
        "recoil-spectrum",
        "flux",
    ]


@pytest.mark.parametrize("column", [0, 1])
def test_stacks_hold_the_fitted_counts(measurement: Measurement, column: int) -> None:
    """Height times width, summed, is the count: the scaling by bin width loses nothing."""
    top = projection_figure(measurement).axes[column]
    areas = {name: area for name, (area, _) in stacked(top).items()}
    assert len(areas) == len(measurement.components) == 4
    for name, component in measurement.components.items():
        title = component.title[:1].upper() + component.title[1:]
        # sums of at most 99 products in double precision
        assert areas[title] == pytest.approx(measurement.fit.counts(name), rel=1e-12)


def test_the_signal_lies_on_top(measurement: Measurement) -> None:
    stack = stacked(projection_figure(measurement).axes[0])
    first, *_, last = sorted(stack, key=lambda name: stack[name][1].sum())
    assert first == "Steady-state background"
    assert last == "CEvNS"
    assert stack[first][1].sum() == 0.0


def test_data_points_are_the_counts(measurement: Measurement) -> None:
    top = projection_figure(measurement).axes[1]
    points = next(c for c in top.containers if "Data" in str(c.get_label()))
    heights = np.asarray(points.lines[0].get_ydata())
    edges = measurement.experiment.time_edges
    assert edges is not None
    np.testing.assert_allclose(heights * np.diff(edges), measurement.observed.sum(axis=0))
    assert measurement.observed.sum() == 1578


def test_residuals_subtract_the_steady_state_only(measurement: Measurement) -> None:
    assert steady_state(measurement.experiment) == ("ssb",)
    top = residual_figure(measurement).axes[0]
    areas = stacked(top)
    assert set(areas) == {"CEvNS", "Beam-related neutrons", "Neutrino-induced neutrons"}
    points = next(c for c in top.containers if "Data" in str(c.get_label()))
    heights = np.asarray(points.lines[0].get_ydata())
    width = np.diff(measurement.experiment.energy_edges)
    expected = 1578 - measurement.fit.counts("ssb")
    assert float((heights * width).sum()) == pytest.approx(expected, rel=1e-12)


def test_projections_agree_with_each_other(measurement: Measurement) -> None:
    energy, time = project(measurement, "energy"), project(measurement, "time")
    assert energy.observed.sum() == time.observed.sum() == 1578
    assert energy.expected.sum() == pytest.approx(time.expected.sum(), rel=1e-12)
    mu = energy.expected
    np.testing.assert_allclose(energy.residuals * np.sqrt(mu), energy.observed - mu)


def test_error_band_is_the_spread_of_the_fit(measurement: Measurement) -> None:
    """Second way: the expected counts at parameters drawn from the covariance."""
    fit, model = measurement.fit, measurement.model
    # a hundredth of the errors, where the model is linear (the first bin is not, at full errors)
    small = 1e-4 * fit.covariance
    draws = np.random.default_rng(1).multivariate_normal(fit.theta, small, 4000)
    counts = model.expected(draws).reshape(-1, 9, 11)
    # 4000 draws know a standard deviation to 1.1 %; four of those
    for axis, other in (("energy", 2), ("time", 1)):
        spread = 100.0 * counts.sum(axis=other).std(axis=0)
        np.testing.assert_allclose(project(measurement, axis).error, spread, rtol=0.045)


def test_unknown_axis(measurement: Measurement) -> None:
    with pytest.raises(InputError, match="no axis 'charge'"):
        project(measurement, "charge")


@pytest.mark.parametrize("n", [0, 1, 4, 30])
def test_garwood_ends_have_the_tail_probability(n: int) -> None:
    lower, upper = poisson_interval(n, 0.9)
    # defined by these tails; both sides are evaluated to 1e-10
    assert poisson.cdf(n, float(upper)) == pytest.approx(0.05, rel=1e-9)
    if n:
        assert poisson.sf(n - 1, float(lower)) == pytest.approx(0.05, rel=1e-9)
        assert float(lower) == pytest.approx(chi2.ppf(0.05, 2 * n) / 2, rel=1e-9)
    else:
        assert lower == 0.0


@pytest.mark.parametrize("bad", [-1.0, float("nan")])
def test_poisson_interval_refuses(bad: float) -> None:
    with pytest.raises(InputError, match="finite and not negative"):
        poisson_interval([1.0, bad])
    with pytest.raises(InputError, match="between 0 and 1"):
        poisson_interval(3, 1.0)


def test_data2d_shows_densities_on_one_scale(measurement: Measurement) -> None:
    figure = data_figure(measurement)
    meshes = [a.collections[0] for a in figure.axes[:2]]
    assert all(isinstance(m, QuadMesh) for m in meshes)
    assert meshes[0].get_clim() == meshes[1].get_clim()
    time = measurement.experiment.time_edges
    area = np.outer(np.diff(time), np.diff(measurement.experiment.energy_edges))
    observed, expected = ((np.asarray(m.get_array()) * area).sum() for m in meshes)
    assert observed == pytest.approx(1578, rel=1e-12)
    total = sum(c.sum() for c in measurement.fit.components.values())
    assert expected == pytest.approx(total, rel=1e-12)


def test_pulls_are_sorted_by_impact(measurement: Measurement) -> None:
    impacts = {"ssb": (-10.0, 10.0), "t0": (0.4, -0.9), "brn": (-4.0, 12.0)}
    figure = pull_figure(measurement.fit, impacts)
    below, above = figure.axes
    titles = [t.get_text() for t in below.get_yticklabels()]
    assert titles[-2:] == ["Steady-state background", "Beam-related neutrons"]
    assert titles[-3].split() == ["Mean", "arrival", "time", "of", "the", "proton", "pulse"]
    names = [t.get_text() for t in below.texts if t.get_text() in measurement.fit.names]
    assert names[-3:] == ["t0", "ssb", "brn"]  # in small type beside
    points = below.containers[0].lines[0].get_xdata()
    pulls = [measurement.fit[n].pull for n in names]
    np.testing.assert_array_equal(points, pulls)
    assert [p.get_width() for p in above.containers[0]][-3:] == [0.4, -10.0, -4.0]
    assert above.get_xlabel() == "Change of CEvNS events"
    legend = [t.get_text() for t in figure.legends[0].get_texts()]
    assert legend == ["Pull ± error", "Impact, +1σ", "Impact, −1σ"]


def test_pulls_need_a_constraint(measurement: Measurement) -> None:
    fit = measurement.fit
    alone = replace(fit, fitted={"cevns": fit["cevns"]})
    with pytest.raises(InputError, match="no free parameter is constrained"):
        pull_figure(alone)


def test_correlation_shows_the_matrix(measurement: Measurement) -> None:
    axes, bar = correlation_figure(measurement.fit).axes
    assert bar.get_ylabel() == "Correlation [%]"
    assert [t.get_text() for t in axes.get_yticklabels()][:2] == [
        "CEvNS events",
        "Steady-state background",
    ]
    assert [t.get_text() for t in axes.get_xticklabels()][:2] == ["cevns", "ssb"]
    matrix = np.asarray(axes.images[0].get_array())
    np.testing.assert_array_equal(matrix, measurement.fit.correlation)
    numbers = [t.get_text() for t in axes.texts if t.get_text().lstrip("−").isdigit()]
    assert numbers.count("100") == len(measurement.fit.free)
    assert "−0" not in numbers


def test_profile_crossings_are_the_intervals(curve: ProfileCurve, measurement: Measurement) -> None:
    """The conditional fits of `interval` are the second way."""
    lower, upper = crossings(curve, 1.0)
    exact = interval(measurement.model, "cevns", best=measurement.fit)
    assert lower is not None
    assert upper is not None
    # between points a quarter of an error apart the root of the curve is straight to 1e-4 or
    # so; the conditional fits end within 1e-4 of the error of 32 events
    assert lower == pytest.approx(exact.lower, abs=0.01)
    assert upper == pytest.approx(exact.upper, abs=0.01)
    assert crossings(curve, 50.0) == (None, None)


def test_a_profile_of_large_values_has_a_power_of_ten() -> None:
    curve = cevns.load("pandax4t-2024").profile(poi="flux").curve
    axes = profile_figure(curve).axes[0]
    assert axes.get_xlabel() == "Flux of the source [$10^{6}$ cm$^{-2}$ s$^{-1}$]"
    assert axes.xaxis.get_major_formatter()(1e7, 0) == "10"
    labels = [line.get_label() for line in axes.lines]
    assert "Best fit 8.40 (+3.10 −3.10)" in labels
    assert "Parabola of HESSE, ± 3.1" in labels


def test_profile_figure(curve: ProfileCurve) -> None:
    axes = profile_figure(curve).axes[0]
    line, parabola = axes.lines[:2]
    fitted = curve.best["cevns"]
    for shown in (line, parabola):
        x, y = np.asarray(shown.get_xdata()), np.asarray(shown.get_ydata())
        assert x[np.argmin(y)] == pytest.approx(fitted.value, abs=x[1] - x[0])
    assert {1.0, 2.71} <= {float(np.ravel(drawn.get_ydata())[0]) for drawn in axes.lines}
    assert f"± {fitted.error:.3g}" in text(axes)


@pytest.mark.parametrize("poi", ["cross-section", "sin2-theta-w"])
def test_labels_of_the_other_questions(experiment: Experiment, poi: str) -> None:
    other = Study((experiment,)).fit(poi, minos="none")
    made = fit_figures(other)
    label = made["profile"].axes[0].get_xlabel()
    expected = {"cross-section": "cm$^2$]", "sin2-theta-w": r"$\sin^2\theta_W$"}[poi]
    assert label.endswith(expected)


def test_recoils_in_the_region_are_the_prediction(experiment: Experiment) -> None:
    """Integral of the detected spectrum over recoil energy = predicted count of the fit."""
    nodes = experiment.fold.nodes
    energy = np.linspace(nodes[0], nodes[-1], 8000)
    spectrum = recoil_spectrum(experiment, energy)
    detected = trapezoid(spectrum.detected, energy)
    # trapezoids of 10 eV, over the step in slope at the largest recoil of the nu_mu line
    assert detected == pytest.approx(experiment.predict()[SIGNAL], rel=1e-5)
    before = trapezoid(spectrum.total, energy)
    # the first node is not at zero: 0.03 keV of 330 counts/keV are left out
    first = float(spectrum.total[0] * nodes[0])
    assert before + first == pytest.approx(experiment.fold.spectrum().sum(), rel=1e-4)
    assert (spectrum.detected <= spectrum.total).all()
    drawn = recoil_energies(experiment)
    assert trapezoid(spectrum.total[energy > drawn[-1]], energy[energy > drawn[-1]]) < 2e-4 * before


def test_recoil_figure_stacks_the_flavours(experiment: Experiment) -> None:
    right = recoil_figure(experiment).axes[1]
    areas = [area for area, _ in stacked(right).values()]
    assert sum(areas) == pytest.approx(experiment.predict()[SIGNAL], rel=1e-9)
    assert len(areas) == 3


def test_flux_integrates_to_the_fluence(experiment: Experiment) -> None:
    energy, time = flux_figure(experiment).axes
    fluence = experiment.source.fluence_cm2("nu_e")
    scale = 10.0 ** int(energy.get_ylabel().partition("10^{")[2].partition("}")[0])
    for line in energy.lines:
        area = trapezoid(line.get_ydata(), line.get_xdata()) * scale
        # trapezoids of 44 keV on a smooth spectrum of 53 MeV
        assert area == pytest.approx(fluence, rel=1e-4)
    assert "line, 29.8 MeV" in " ".join(t.get_text() for t in energy.texts)
    scale = 10.0 ** int(time.get_ylabel().partition("10^{")[2].partition("}")[0])
    prompt = next(line for line in time.lines if line.get_label() == r"$\nu_\mu$")
    area = trapezoid(prompt.get_ydata(), prompt.get_xdata()) * scale
    # 0.1 % of the prompt neutrinos arrive before 0
    assert area == pytest.approx(fluence, rel=2e-3)


PROJECTION = """
schema: 1
name: a-plan
title: "A plan for $5_000: a title that is longer than one column of a journal, and by far"
source: {kind: sns, distance: 20 m, protons: 1e23}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.6}
  resolution: {kind: gaussian, noise: 50 eVee}
axes:
  energy: {unit: keVee, edges: [0.5, 1, 2, 5, 20]}
backgrounds:
  gamma: {count: 30 +/- 6, energy: {file: gamma.csv}}
parameters:
  sns.flux: {constraint: 1.0 +/- 0.1, acts_on: signal}
"""
TABLE = "low_kevee,high_kevee,count\n0.5,1,5\n1,2,5\n2,5,10\n5,20,10\n"


def test_a_projection_without_time(tmp_path: Path) -> None:
    """One panel, no residuals over a steady state; a dollar sign opens no formula."""
    path = tmp_path / "plan.yaml"
    path.write_text(PROJECTION)
    (tmp_path / "gamma.csv").write_text(TABLE)
    plan = load(path)
    made = fit_figures(Study((plan,)).fit("cross-section", asimov=True))
    assert list(made) == [
        "projections",
        "pulls",
        "correlation",
        "profile",
        "recoil-spectrum",
        "flux",
    ]
    top, _ = made["projections"].axes
    assert top.get_ylabel() == "Events / keVee"
    assert top.get_title(loc="left").startswith(r"A plan for \$5_000")
    for figure in made.values():
        figure.draw_without_rendering()
        assert figure.get_tightbbox().x1 < figure.get_size_inches()[0] + 0.02
    with pytest.raises(InputError, match="no steady-state background"):
        residual_figure(Study((plan,)).fit("cross-section", asimov=True))
    with pytest.raises(InputError, match="no time axis"):
        data_figure(Study((plan,)).fit("cross-section", asimov=True))


def test_a_simulated_flux_shows_its_peak(experiment: Experiment) -> None:
    """The nu_mu of a histogram lie in one bin of 0.1 MeV that a coarse grid would miss."""
    root = os.environ.get("CEVNS_DATA")
    if root is None or not (Path(root) / "sns-flux").is_dir():
        pytest.skip("CEVNS_DATA does not name a folder with sns-flux")
    flux = {"kind": "tabulated", "path": str(Path(root) / "sns-flux")}
    declared = experiment.declaration.source
    section = type(declared)(**{**declared.fields, **flux})
    simulated = replace(
        experiment, declaration=experiment.declaration.model_copy(update={"source": section})
    )
    energy = flux_figure(simulated).axes[0]
    line = next(drawn for drawn in energy.lines if drawn.get_label() == r"$\nu_\mu$")
    x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
    fluence = simulated.source.fluence_cm2("nu_mu")
    # nearly all nu_mu are in the peak; the decays in flight around it are below 2 %
    peak = (x > 29.0) & (x < 31.0)
    assert trapezoid(y[peak], x[peak]) == pytest.approx(fluence, rel=0.02)
    assert energy.get_yscale() == "log"


UNITS = {
    "projections": ["Events / PE", "Events / µs", "[PE]", "[µs]"],
    "residuals": ["(Events − steady state) / PE", "[PE]", "[µs]"],
    "data2d": ["[PE]", "[µs]", "Events / (PE µs)"],
    "recoil-spectrum": ["[keVnr]", "Counts / keVnr", "/ PE"],
    "flux": ["[MeV]", "cm$^{-2}$ MeV$^{-1}$]", "cm$^{-2}$ µs$^{-1}$]", "[µs]"],
    "profile": ["CEvNS events", r"$-2\,\Delta\ln L$"],
}


@pytest.mark.parametrize("name", UNITS)
def test_axes_carry_units(figures: dict[str, Figure], name: str) -> None:
    labels = " | ".join(f"{a.get_xlabel()} | {a.get_ylabel()}" for a in figures[name].axes)
    for unit in UNITS[name]:
        assert unit in labels


def test_figures_say_what_made_them(figures: dict[str, Figure]) -> None:
    for name, figure in figures.items():
        said = " ".join(t.get_text() for a in figure.axes for t in a.texts)
        assert f"cevns {cevns.__version__}" in said, name
        assert "arXiv:2110.07730" in said, name


def test_asimov_data_are_called_so(experiment: Experiment) -> None:
    figure = projection_figure(Study((experiment,)).fit(asimov=True, minos="none"))
    assert "Asimov data" in text(figure.axes[0])
    said = " ".join(t.get_text() for t in figure.axes[0].texts)
    assert "expected counts instead of data" in said


@pytest.mark.slow
def test_nothing_is_clipped(figures: dict[str, Figure]) -> None:
    """Everything that is drawn lies on the page."""
    for name, figure in figures.items():
        figure.draw_without_rendering()
        box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        slack = 0.02  # inches: rounding of text extents
        assert box.x0 > -slack, name
        assert box.y0 > -slack, name
        assert box.x1 < width + slack, name
        assert box.y1 < height + slack, name


def test_a_legend_lies_over_no_data(measurement: Measurement) -> None:
    figure = projection_figure(measurement)
    figure.draw_without_rendering()
    axes = figure.axes[1]
    found = project(measurement, "time")
    box = axes.get_legend().get_window_extent()
    tops = (found.observed + found.up) / found.width
    for low, high, top in zip(found.edges[:-1], found.edges[1:], tops, strict=True):
        (left, height), (right, _) = axes.transData.transform([(low, top), (high, top)])
        assert right < box.x0 or left > box.x1 or height < box.y0


def test_a_high_bin_lifts_the_legend() -> None:
    edges, heights = np.arange(5.0), np.array([1.0, 2.0, 3.0, 10.0])
    with style.context():
        figure, grid = style.panels(3.5, 3.0)
        axes = grid[0, 0]
        axes.stairs(heights, edges, label="a high bin")
        axes.set_ylim(0.0, 10.5)
        axes.set_xlim(0.0, 4.0)
        legend = axes.legend(loc="upper right")
        lift_legend(figure, axes, edges, heights)
        figure.draw_without_rendering()
        assert axes.transData.transform((3.5, 10.0))[1] < legend.get_window_extent().y0
        before = axes.get_ylim()
        lift_legend(figure, axes, edges, np.ones(4))
        assert axes.get_ylim() == before


def test_the_style_stays_with_the_figure(measurement: Measurement) -> None:
    """Drawn outside the package, a figure has the same fonts and ticks; settings are untouched."""
    before = dict(rcParams)
    figure = projection_figure(measurement)
    figure.draw_without_rendering()
    assert dict(rcParams) == before
    tick = figure.axes[0].xaxis.get_major_ticks()[0]
    assert tick.label1.get_fontname() == "TeX Gyre Heros"  # codespell:ignore heros
    assert tick.tick1line.get_markersize() == 4.0


def test_no_state_of_pyplot() -> None:
    """No figure is registered and no backend chosen: the style library only imports pyplot."""
    code = (
        "import sys, cevns.report\n"
        "assert 'matplotlib' not in sys.modules\n"
        "import cevns.experiments, matplotlib\n"
        "e = cevns.experiments.load('coherent-csi-2021')\n"
        "chosen = dict.__getitem__(matplotlib.rcParams, 'backend')\n"
        "cevns.report.flux_figure(e)\n"
        "assert dict.__getitem__(matplotlib.rcParams, 'backend') is chosen\n"
        "pyplot = sys.modules['matplotlib.pyplot']\n"
        "assert pyplot.get_fignums() == []\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("missing", ["matplotlib", "mplhep"])
def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, experiment: Experiment, missing: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=rf"needs {missing}.*cevns\[plot\]"):
        flux_figure(experiment)


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_save_writes_whole_files(curve: ProfileCurve, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "new folder" / f"profile.{suffix}"
    assert save(profile_figure(curve), path) == path
    head = path.read_bytes()[:5]
    assert head in (b"\x89PNG\r", b"%PDF-", b"<?xml")
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    if suffix == "png":
        from matplotlib.image import imread

        assert imread(io.BytesIO(path.read_bytes())).shape[:2] == (580, 700)  # 2.9 x 3.5 in


def test_the_same_figure_is_the_same_file(curve: ProfileCurve, tmp_path: Path) -> None:
    contents = [save(profile_figure(curve), tmp_path / f"{n}.svg").read_bytes() for n in "ab"]
    assert contents[0] == contents[1]


def test_save_refuses(curve: ProfileCurve, tmp_path: Path) -> None:
    figure = profile_figure(curve)
    with pytest.raises(OutputError, match=r"\.png, \.pdf or \.svg"):
        save(figure, tmp_path / "figure.docx")
    folder = tmp_path / "folder.png"
    folder.mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        save(figure, folder)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        save(figure, blocked / "figure.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_failed_write_leaves_the_old_file(
    curve: ProfileCurve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")

    def full(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OutputError, match="No space left on device"):
        save(profile_figure(curve), path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["figure.png"]
