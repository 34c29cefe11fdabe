"""The example files of the documentation: each declares one thing, and does what it says.

What a file predicts is compared with the same numbers written out here, without the package's
machinery for files.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from refusals import refused

import cevns
from cevns.datasets import read_table
from cevns.exceptions import CevnsError, InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference import Data, Likelihood, Model
from cevns.inference.minimum.objectives import Objective
from cevns.inference.model.channel import Channel

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
FILES = [p for p in sorted(EXAMPLES.glob("*.yaml")) if "schema: 1" in p.read_text("utf-8")]


def example(name: str) -> Path:
    return EXAMPLES / f"{name}.yaml"


def changed(folder: Path, name: str, old: str, new: str) -> Path:
    """A copy of an example beside its tables, with one change."""
    text = example(name).read_text(encoding="utf-8")
    assert old in text
    for table in EXAMPLES.glob("*.csv"):
        (folder / table.name).write_text(table.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / f"{name}.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


def moved_point(model: Model, seed: int = 5) -> np.ndarray:
    """Values of all parameters half a typical step beside the nominal ones."""
    p = model.parameters
    steps = np.array([q.scale for q in p]) * np.random.default_rng(seed).uniform(0.1, 0.5, len(p))
    return np.clip(p.values + steps, [q.lower for q in p], [q.upper for q in p])


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_example_is_fitted_and_its_slopes_are_right(path: Path) -> None:
    study = cevns.load(path)
    asimov = not all(e.has_data for e in study.experiments)
    free = ["strength_y"] if path.stem == "derived" else None  # the same spectrum as CEvNS
    poi = None if free else "cross-section"
    assert study.fit(poi, free=free or (), asimov=asimov, minos="none").fit.valid
    model = load(path).model(free or "cross-section")
    objective = Objective(model)
    theta = moved_point(model)[:, None]
    data = Data(model.observed[:, None], model.parameters.values[:, None])
    gradient = objective.gradient(theta, data)[:, 0]
    for k, p in enumerate(model.parameters):
        if p.fixed:
            continue  # nothing is asked along what is held
        step = np.zeros_like(theta)
        step[k] = 1e-5 * p.scale
        up, down = (objective.values(theta + s, data)[0] for s in (step, -step))
        # the rounding error of a difference of values of order 1e4 with steps of 1e-5
        scale = abs(objective.values(theta, data)[0]) + 1.0
        assert gradient[k] * p.scale == pytest.approx(
            (up - down) / 2e-5, rel=1e-4, abs=1e-8 * scale
        )


# -- counting ----------------------------------------------------------------------------------


def test_counting_experiment_counts_recoils_above_its_threshold() -> None:
    counted = load(example("counting"))
    recoils = np.linspace(2.0, 90.0, 200_001)
    density = counted.recoil_density(recoils).sum(axis=0)
    step = recoils[1] - recoils[0]
    expected = 0.9 * step * (density.sum() - 0.5 * (density[0] + density[-1]))
    # the trapezoidal rule on steps of half an eV; the spectrum ends smoothly below 90 keV
    assert counted.prediction() == pytest.approx(expected, rel=1e-6)


def test_steep_efficiency_in_recoil_energy_is_resolved(tmp_path: Path) -> None:
    # a hundredth of a keV wide, at 3 keV in a spectrum of 80
    path = changed(
        tmp_path,
        "counting",
        "{kind: step, threshold: 2, plateau: 0.9}",
        "{kind: sigmoid, coefficients: [0.9, 100, 3, 0]}",
    )
    counted = load(path)
    # fine where the efficiency rises, and nothing is detected below
    recoils = np.concatenate([np.linspace(2.0, 4.0, 20_001), np.linspace(4.0, 90.0, 86_001)[1:]])
    density = counted.recoil_density(recoils).sum(axis=0) * 0.9
    seen = density / (1.0 + np.exp(-100.0 * np.clip(recoils - 3.0, -5.0, 5.0)))
    assert counted.prediction() == pytest.approx(np.trapezoid(seen, recoils), rel=1e-6)


def test_table_of_an_efficiency_in_recoil_energy_is_among_the_inputs(tmp_path: Path) -> None:
    (tmp_path / "seen.csv").write_text("x,efficiency\n0,0\n3,0.5\n90,0.9\n", encoding="utf-8")
    step = "{kind: step, threshold: 2, plateau: 0.9}"
    counted = load(changed(tmp_path, "counting", step, "{kind: table, file: seen.csv}"))
    assert [f.name for f in counted.inputs.files if f.role == "recoil-efficiency"] == ["seen.csv"]


def test_counting_experiment_has_the_fit_of_one_bin() -> None:
    # s = n - b with var(s) = n + sigma_b^2
    result = cevns.load(example("counting")).fit()
    assert result.poi.value == pytest.approx(803 - 400, abs=0.05)
    assert result.poi.error == pytest.approx(np.sqrt(803 + 64), rel=1e-3)


# -- measured values ---------------------------------------------------------------------------


def by_hand(channel: Channel, mu: np.ndarray, name: str) -> float:
    """-2 ln L of a table of values, written out from its file."""
    table = read_table(EXAMPLES / name)
    up = table["up"]
    down = table["down"] if "down" in table.columns else np.full_like(up, np.inf)
    x = table["value"]
    assert_allclose(channel.observed, x)
    return float(np.sum(np.where(mu > x, (mu - x) / up, (mu - x) / down) ** 2))


def test_errors_on_both_sides_and_on_one() -> None:
    model = load(example("published-points")).model("cross-section")
    points, limit = model.channels
    for factor in (0.2, 1.0, 1.7):
        theta = model.parameters.values * factor
        mu = model.expected(theta)
        values = Likelihood.of(model).by_channel(theta)
        assert values[points.name] == pytest.approx(
            by_hand(points, mu[model.bins[points.name]], "published-points.csv"), rel=1e-12
        )
        assert values[limit.name] == pytest.approx(
            by_hand(limit, mu[model.bins[limit.name]], "published-limit.csv"), rel=1e-12
        )
    # nobody knows what the limit would have fluctuated to
    assert not all(c.statistic.can_draw for c in model.channels)


def test_values_with_a_covariance(tmp_path: Path) -> None:
    covariance = np.array([[900.0, 300, 100], [300, 800, 200], [100, 200, 500]])
    rows = "\n".join(",".join(map(str, row)) for row in covariance)
    (tmp_path / "cov.csv").write_text(f"a,b,c\n{rows}\n", encoding="utf-8")
    path = changed(
        tmp_path, "published-points", "{kind: gaussian}", "{kind: gaussian, covariance: cov.csv}"
    )
    table = (tmp_path / "published-points.csv").read_text(encoding="utf-8").splitlines()
    bare = [",".join(line.split(",")[:3]) for line in table if not line.startswith("#")]
    (tmp_path / "published-points.csv").write_text("\n".join(bare) + "\n", encoding="utf-8")
    model = load(path).model("cross-section")
    theta = 1.3 * model.parameters.values
    channel = model.channels[0]
    difference = model.expected(theta)[model.bins[channel.name]] - channel.observed
    wanted = difference @ np.linalg.solve(covariance, difference)
    assert Likelihood.of(model).by_channel(theta)[channel.name] == pytest.approx(wanted, rel=1e-10)


# -- a response matrix -------------------------------------------------------------------------


def test_matrix_follows_splines_between_its_points() -> None:
    from scipy.interpolate import CubicSpline

    experiment = load(example("response-matrix"))
    model = experiment.model("cross-section")
    table = read_table(EXAMPLES / "response-matrix.csv")
    true = np.append(np.unique(table["true_low"]), table["true_high"].max())
    # recoils in each bin of true energy, by a fine sum
    fine = np.linspace(0.0, 80.0, 160_001)
    middle = 0.5 * (fine[1:] + fine[:-1])
    density = experiment.recoil_density(middle).sum(axis=0) * np.diff(fine)
    recoils = np.histogram(middle, true, weights=density)[0]

    def seen(light_yield: float, threshold: float) -> np.ndarray:
        rows = (table["light_yield"] == light_yield) & (table["threshold"] == threshold)
        out = []
        for low in (2.0, 6.0, 12.0):
            cells = rows & (table["low"] == low)
            order = np.argsort(table["true_low"][cells])
            out.append(recoils @ table["probability"][cells][order])
        return np.array(out)

    # a spline through three light yields, a straight line from threshold 1 to 3
    yields = [0.85, 1.0, 1.15]
    at_yields = [0.25 * seen(y, 1.0) + 0.75 * seen(y, 3.0) for y in yields]
    wanted = CubicSpline(yields, at_yields, bc_type="natural")(1.0375)
    at = model.parameters.at({"light_yield": 1.0375, "threshold": 2.5}).values
    found = model.components(at)["cevns"]
    assert_allclose(found, wanted, rtol=1e-6)


def test_parameters_of_a_matrix_stay_on_its_grid() -> None:
    declared = load(example("response-matrix")).declared
    assert (declared["light_yield"].lower, declared["light_yield"].upper) == (0.85, 1.15)
    assert (declared["threshold"].lower, declared["threshold"].upper) == (1.0, 3.0)


def test_fast_form_of_a_matrix_is_the_exact_one() -> None:
    model = load(example("response-matrix")).model("cross-section")
    fast, _ = fast_form(model)
    theta = moved_point(model)
    assert_allclose(fast.expected(theta), model.expected(theta), rtol=1e-12)


def test_table_of_a_matrix_is_complete_and_holds_probabilities(tmp_path: Path) -> None:
    path = changed(tmp_path, "response-matrix", "schema: 1", "schema: 1")
    table = tmp_path / "response-matrix.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    table.write_text("\n".join(lines[:-1]) + "\n", encoding="utf-8")
    with pytest.raises(CevnsError, match="1 are missing"):
        load(path).model()
    cells = lines[-1].split(",")
    table.write_text("\n".join([*lines[:-1], ",".join([*cells[:-1], "1.5"])]), encoding="utf-8")
    with pytest.raises(CevnsError, match="holds probabilities"):
        load(path).model()


# -- functions and derived parameters ----------------------------------------------------------


def test_strengths_are_functions_of_pulls() -> None:
    model = load(example("derived")).model("cross-section")
    before = model.components(model.parameters.values)
    at = model.parameters.at({"shielding": 1.0, "strength_y": 3.0}).values
    after = model.components(at)
    assert_allclose(after["lines"], 1.15 * before["lines"], rtol=1e-12)
    assert_allclose(after["portal"], 3.0 * 1.2 * before["portal"], rtol=1e-12)
    assert_allclose(after["cevns"], before["cevns"], rtol=1e-12)
    down = model.components(model.parameters.at({"shielding": -1.0}).values)
    assert_allclose(down["portal"], 0.9 * before["portal"], rtol=1e-12)
    assert model.parameters["strength_y"].lower == 0.0  # the root of a negative number is none


def test_derived_parameter_has_the_error_of_what_it_stands_for() -> None:
    # the portal goes with y = coupling^4: its counts and their error go with y alone
    study = cevns.load(example("derived"))
    result = study.fit(free=["strength_y"], fix={"shielding": None, "lines": None}, asimov=True)
    model = result.model
    counts = model.components(result.fit.theta)
    information = np.sum(counts["portal"] ** 2 / model.expected(result.fit.theta))
    assert result.fit["strength_y"].error == pytest.approx(information**-0.5, rel=1e-2)


def test_prior_of_a_component_is_that_of_its_strength(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        "derived",
        "{free: 1.0, acts_on: function}",
        "{constraint: 1 +/- 0.2, acts_on: function}",
    )
    found = cevns.load(path).fit(free=["strength_y"], asimov=True, minos="none").components
    # the slope of the interpolated factor at zero: 0.2/2 + 0.1/2 = 0.15 to first order, by code 4
    from cevns.inference.factors.interpolated import Interpolated

    pull = Interpolated("a", 0.9, 1.2, 4).slopes({"a": np.zeros(1)})["a"][0]
    portal, lines = found["portal"], found["lines"]
    assert portal.prediction_error == pytest.approx(np.hypot(0.2, pull) * portal.prediction)
    assert lines.prediction_error == pytest.approx(np.hypot(20.0, 300.0 * np.log(1.15)))


def test_parameter_of_the_interaction_may_be_derived(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        "counting",
        "data: {counts: 803}",
        "derived:\n  eps_ee_u: {kind: linear, parameter: a, width: 0.1, centre: 10}\n",
    )
    text = path.read_text(encoding="utf-8").replace(
        "parameters:\n",
        "interaction: {kind: nsi}\nparameters:\n  a: {free: 1.0, acts_on: function}\n",
    )
    path.write_text(text, encoding="utf-8")
    derived = load(path).model(["a"])
    assert "eps_ee_u" not in derived.parameters.names
    nominal = derived.totals(derived.parameters.values)["cevns"]
    assert load(path).prediction() == pytest.approx(nominal, rel=1e-12)
    text = text[: text.index("derived:")].replace(
        "  a: {free: 1.0, acts_on: function}\n",
        "  eps_ee_u: {value: 0.3, acts_on: interaction}\n",
    )
    path.write_text(text, encoding="utf-8")
    plain = load(path).model("cross-section")
    # 1 + 0.1 (3 - 10) = 0.3
    at = derived.parameters.at({"a": 3.0}).values
    assert derived.expected(at) == pytest.approx(plain.expected(plain.parameters.values), rel=1e-12)
    gradient = derived.linearise(at[None])[1][0, derived.parameters.position("a")]
    ends = [derived.expected(derived.parameters.at({"a": a}).values) for a in (2.99, 3.01)]
    assert gradient == pytest.approx((ends[1] - ends[0]) / 0.02, rel=1e-6)


# -- powers of several sources -----------------------------------------------------------------


def test_each_source_has_its_own_power_in_each_period() -> None:
    model = load(example("two-cores")).model("cross-section")
    counts = model.components(model.parameters.values)
    first, second = (counts[f"two-cores.both.{n}"].sum() for n in ("cevns", "second"))
    assert second / first == pytest.approx((20 / 30) ** 2, rel=1e-9)
    alone = {n: c.sum() for n, c in counts.items()}
    assert alone["two-cores.first-only.cevns"] == pytest.approx(0.6 * first)
    assert alone["two-cores.first-only.second"] == pytest.approx(0.6 * 0.04 * second)
    assert not any(n.startswith("two-cores.off") and not n.endswith("flat") for n in alone)
    # the yield multiplies both, as in the file
    twice = model.components(model.parameters.at({"sns.yield": 1.1}).values)
    assert twice["two-cores.both.second"].sum() == pytest.approx(1.1 * second)
    assert "sns.yield" in load(example("two-cores")).model("count").parameters.names


def test_unknown_source_of_a_channel(tmp_path: Path) -> None:
    path = changed(tmp_path, "two-cores", "{second: 0.04}", "{third: 0.04}")
    with pytest.raises(SchemaError, match="no component 'third'"):
        load(path)


def test_second_source_of_cevns_follows_what_is_asked_of_the_interaction() -> None:
    for asked, moved in ((["sin2_theta_w"], {"sin2_theta_w": 0.25}), ("cross-section", None)):
        model = load(example("two-cores")).model(asked)
        at = model.parameters.at(moved or {"cross_section": 80.0}).values
        counts = model.components(at)
        first, second = (counts[f"two-cores.both.{n}"] for n in ("cevns", "second"))
        before = model.components(model.parameters.values)["two-cores.both.second"]
        assert_allclose(second, (20 / 30) ** 2 * first, rtol=1e-9)
        assert abs(second.sum() / before.sum() - 1.0) > 0.02


# -- a background of each bin ------------------------------------------------------------------


def test_background_of_each_bin_is_profiled_in_closed_form() -> None:
    from scipy.optimize import minimize_scalar

    model = load(example("source-on-off")).model("cross-section")
    (channel,) = model.channels
    table = read_table(EXAMPLES / "source-on-off.csv")
    for factor in (0.1, 1.0, 3.0):
        theta = factor * model.parameters.values
        signal = model.expected(theta)[:4]
        wanted = 0.0
        for s, n, m in zip(signal, table["on"], table["off"], strict=True):

            def twice_nll(b: float, s: float = s, n: float = n, m: float = m) -> float:
                mu, tau = s + b, 3.0 * b
                value = mu - n + tau - m + n * np.log(n / mu) + m * np.log(m / tau)
                return float(2.0 * value)

            found = minimize_scalar(twice_nll, bounds=(1e-9, 400), options={"xatol": 1e-10})
            wanted += found.fun
        assert Likelihood.of(model).by_channel(theta)[channel.name] == pytest.approx(
            wanted, rel=1e-7, abs=1e-9
        )


def test_signal_above_measured_backgrounds_is_that_of_a_fit_of_both_spectra(tmp_path: Path) -> None:
    # the same data as two channels, each bin with a free background of its own in both
    table = read_table(EXAMPLES / "source-on-off.csv")
    result = cevns.load(example("source-on-off")).fit("cross-section")
    text = example("source-on-off").read_text(encoding="utf-8")
    bins = list(zip(table["low"], table["high"], strict=True))
    for state in ("on", "off"):
        rows = [f"{a},{b},{n}" for (a, b), n in zip(bins, table[state], strict=True)]
        (tmp_path / f"{state}.csv").write_text("low,high,n\n" + "\n".join(rows), encoding="utf-8")
    backgrounds = ""
    for k in range(4):
        rows = [f"{a},{b},{int(j == k)}" for j, (a, b) in enumerate(bins)]
        (tmp_path / f"bin{k}.csv").write_text("low,high,n\n" + "\n".join(rows), encoding="utf-8")
        backgrounds += f"  b{k}: {{count: {{free: 90}}, energy: {{file: bin{k}.csv}}}}\n"
    text = text[: text.index("data:")] + (
        f"backgrounds:\n{backgrounds}channels:\n"
        "  on: {data: {counts: {file: on.csv}}}\n"
        '  "off": {exposure: 3, source: 0, data: {counts: {file: off.csv}}}\n'
    )
    (tmp_path / "both.yaml").write_text(text, encoding="utf-8")
    both = cevns.load(tmp_path / "both.yaml").fit("cross-section")
    # MINUIT ends within 0.002 of -2 ln L, a twentieth of a standard deviation at most
    assert result.poi.value == pytest.approx(both.poi.value, abs=2e-3 * both.poi.error)
    assert result.poi.error == pytest.approx(both.poi.error, rel=1e-3)
    assert result.poi.error_up == pytest.approx(both.poi.error_up, rel=2e-3)
    assert result.fit.chi2 == pytest.approx(both.fit.chi2, abs=1e-3)
    assert result.fit.ndof == both.fit.ndof == 3
    assert result.z == pytest.approx(both.z, rel=1e-3)


def test_toys_fluctuate_both_spectra() -> None:
    study = cevns.load(example("source-on-off"))
    toys = study.toys(2000, seed=4, poi="cross-section", workers=1).toys
    pull, coverage = toys.pulls["cross_section"], toys.coverage["68.3%"]
    # the width of 2000 pulls is known to 1.6 %, their mean to 0.022, a coverage to 1 %
    assert pull.sd == pytest.approx(1.0, abs=0.06)
    assert pull.mean == pytest.approx(0.0, abs=0.09)
    assert coverage.fraction == pytest.approx(0.683, abs=0.04)


# -- events as points --------------------------------------------------------------------------


def test_density_of_events_is_that_of_finer_and_finer_bins(tmp_path: Path) -> None:
    # extended likelihood with the density at each event, from a grid of 7500 bins in its place
    model = load(example("event-list")).model("cross-section")
    fine = np.linspace(0.5, 8.0, 7501)
    edges = ", ".join(f"{e:.6g}" for e in fine[::10])
    text = example("event-list").read_text(encoding="utf-8")
    start, end = text.index("edges: ["), text.index("]")
    text = text[:start] + f"edges: [{edges}" + text[end:]
    path = tmp_path / "binned.yaml"
    path.write_text(text[: text.index("data:")], encoding="utf-8")
    binned = load(path).model("cross-section")
    events = read_table(EXAMPLES / "event-list.csv")["energy"]
    counts = binned.components(binned.parameters.values)
    found = model.components(model.parameters.values)
    middle = 0.5 * (fine[::10][1:] + fine[::10][:-1])
    for name in ("cevns", "flat"):
        assert found[name][0] == pytest.approx(counts[name].sum(), rel=1e-9)
        density = np.interp(events, middle, counts[name] / 0.01)
        # the spline through bins of 0.1 to 1 keVee; the last two events lie at 6 and 7 keVee
        assert_allclose(found[name][1:], density, rtol=2e-2)
        assert_allclose(found[name][1:8], density[:7], rtol=2e-3)


def test_number_of_events_is_that_of_the_list() -> None:
    result = cevns.load(example("event-list")).fit()
    assert result.events == 12
    assert result.to_dict()["chi2"] is None  # a density has no saturated likelihood
    counts = result.components
    total = counts["cevns"].fit + counts["flat"].fit
    # at the minimum in N: nu = N N'/N' summed, so that the sum of both shares is twelve
    density = {n: c[1:] for n, c in result.expected().items()}
    share = density["cevns"] / (density["cevns"] + density["flat"])
    assert counts["cevns"].fit == pytest.approx(share.sum(), rel=2e-3)
    assert total > 0


# -- cells that are no grid --------------------------------------------------------------------


def test_cells_are_sums_of_bins(tmp_path: Path) -> None:
    cells = load(example("cells")).model("cross-section")
    text = example("cells").read_text(encoding="utf-8")
    grid = tmp_path / "grid.yaml"
    text = text.replace("  cells: cells.csv\n", "")
    grid.write_text(text[: text.index("data:")], encoding="utf-8")
    bins = load(grid).model("cross-section")
    table = read_table(EXAMPLES / "cells.csv")
    energy, time = np.array([0.5, 1, 2, 4, 8]), np.array([0, 1, 2, 4, 6])
    found = cells.components(cells.parameters.values)
    for name, counts in bins.components(bins.parameters.values).items():
        content = counts.reshape(4, 4)
        for k in range(len(table)):
            rows = (energy[:-1] >= table["low"][k]) & (energy[1:] <= table["high"][k])
            columns = (time[:-1] >= table["begin"][k]) & (time[1:] <= table["end"][k])
            wanted = content[np.ix_(rows, columns)].sum()
            # backgrounds are counted in the cells, in which 15 of 16 bins lie; 0.5 keVee is lost
            scale = 1.0 if name == "cevns" else 200.0 / (200.0 * (1.0 - 0.5 / 7.5 / 6.0))
            assert found[name][k] == pytest.approx(scale * wanted, rel=1e-10)
    assert_allclose(cells.observed, table["counts"])


def test_fast_form_of_cells() -> None:
    model = load(example("cells")).model("cross-section")
    fast, error = fast_form(model)
    assert fast is not model
    assert error is not None
    theta = moved_point(model)
    assert_allclose(fast.expected(theta), model.expected(theta), rtol=1e-6)


def test_overlapping_cells_are_refused(tmp_path: Path) -> None:
    path = changed(tmp_path, "cells", "schema: 1", "schema: 1")
    table = tmp_path / "cells.csv"
    table.write_text(table.read_text(encoding="utf-8") + "1,4,0,1,5\n", encoding="utf-8")
    with pytest.raises(CevnsError, match="overlap"):
        load(path).model()


# -- slips --------------------------------------------------------------------------------------

SLIPS = {
    "published-points": [
        ("kind: half-gaussian", "kind: half-gausian", "did you mean|half-gaussian"),
        ("published-limit.csv", "published-points.csv", "a half-Gaussian channel needs"),
        ("{kind: gaussian}", "{kind: gaussian, width: 3}", "knows no 'width'"),
        ("edges: [2, 5, 10, 20]", "edges: [2, 5, 20]", "not those of the axis"),
        ("      statistic: {kind: gaussian}\n", "", "compares 'counts'"),
        ("{kind: gaussian}", "{kind: on-of}", "unknown statistic|on-off"),
    ],
    "response-matrix": [
        ("edges: [2, 6, 12, 24]", "edges: [2, 7, 24]", "7 is not among those of the response"),
        ("  threshold: {constraint: 2.0 +/- 0.3, acts_on: response}\n", "", "has no parameter"),
        ("axes:", "  resolution: {kind: gaussian, noise: 1 eVee}\naxes:", "has no effect with"),
        (
            "axes:",
            "  efficiency: {energy: {kind: step, threshold: 3}}\naxes:",
            "includes the efficiency",
        ),
        (
            "acts_on: response}\n  sns",
            "acts_on: response}\n  more: {constraint: 0 +/- 1, acts_on: response}\n  sns",
            "acts on response",
        ),
    ],
    "derived": [
        ("kind: log-normal", "kind: log-norml", "did you mean|log-normal"),
        ("kappa: 1.15", "kapa: 1.15", "no such field"),
        ("kappa: 1.15", "kappa: -1", "positive kappa"),
        (
            "parameter: shielding, kappa",
            "parameter: shield, kappa",
            "'shield' is used by a function",
        ),
        ("  coupling: {kind", "  copling: {kind", "'coupling' is used by a function"),
        (
            "  shielding: {con",
            "  other: {free: 1, acts_on: function}\n  shielding: {con",
            "no function",
        ),
    ],
    "source-on-off": [
        ("ratio: 3", "ratio: -3", "ratio of exposures"),
        (", ratio: 3", "", "needs ratio"),
        ("source-on-off.csv", "published-limit.csv", "not those of the axis"),
    ],
    "event-list": [
        ("edges: [0.5, 0.6,", "edges: [0.65,", "leave it out"),
        ("event-list.csv", "published-limit.csv", "one value along each axis"),
        ("kind: unbinned", "kind: unbind", "unbinned"),
        ("6, 7, 8]", "6, 7]", "outside the axis"),
    ],
    "cells": [
        ("edges: [0.5, 1, 2, 4, 8]", "edges: [0.5, 1, 4, 8]", "the edge 2 is not one of the axis"),
        ("cells: cells.csv", "cells: published-limit.csv", "edge"),
    ],
}


@pytest.mark.parametrize(
    ("name", "old", "new", "sentence"), [(n, *slip) for n, slips in SLIPS.items() for slip in slips]
)
def test_slips_are_one_sentence(
    tmp_path: Path, name: str, old: str, new: str, sentence: str
) -> None:
    with refused(sentence):
        load(changed(tmp_path, name, old, new)).model()


# -- measurements from elsewhere ---------------------------------------------------------------


def test_weak_charge_of_caesium_is_one_more_measurement_of_the_mixing_angle() -> None:
    patch = str(example("parity-violation"))
    plain = cevns.load("coherent-csi-2021").fit("sin2-theta-w", minos="none").poi
    both = cevns.load("coherent-csi-2021", models=patch).fit("sin2-theta-w", minos="none")
    # Q_W moves by -219.7 a unit of sin2(theta_W): +-0.42 is +-0.00191 around 0.2367
    # (PDG: 0.2367(18)); the mean with CsI, weighted by the errors
    atoms, error = 0.23857 - (73.22 - 72.82) / 219.7, 0.42 / 219.7
    weight = (error / plain.error) ** 2
    wanted = (atoms + weight * plain.value) / (1.0 + weight)
    assert both.poi.value == pytest.approx(wanted, abs=1e-4)
    assert both.poi.error == pytest.approx(error / np.sqrt(1.0 + weight), rel=0.01)
    assert set(both.channels) == {"coherent-csi-2021"}
    assert both.fit.ndof == 99


def test_external_measurement_counts_once() -> None:
    patch = str(example("parity-violation"))
    names = (example("counting"), "coherent-csi-2021")
    joint = cevns.load(*names, models=patch).model("sin2-theta-w")
    assert sum(c.auxiliary for c in joint.channels) == 1
    # where nothing moves it, it is no measurement
    assert not any(c.auxiliary for c in cevns.load(*names, models=patch).model().channels)


def test_external_measurements_of_one_name_must_agree(tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    text = example("counting").read_text(encoding="utf-8")
    entry = "\nexternal:\n  qw: {observable: {kind: weak-charge, nuclide: Cs133}, measured: "
    other.write_text(text + entry + "-73.71 +/- 0.35}\n", encoding="utf-8")
    second = tmp_path / "second.yaml"
    second.write_text(
        text.replace("name: counting", "name: second").replace("counts: 803", "counts: 800")
        + entry
        + "-72.82 +/- 0.42}\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="is different in counting and in second"):
        cevns.load(other, second).model()


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ("{observable: {kind: weak-charge, nuclide: Zz1}, measured: 1 +/- 1}", "Zz1"),
        ("{observable: {kind: weak, nuclide: Cs133}, measured: 1 +/- 1}", "weak-charge"),
        ("{observable: {kind: weak-charge, nuclide: Cs133}, measured: 1}", "uncertainty"),
    ],
)
def test_slips_of_external_measurements(tmp_path: Path, entry: str, sentence: str) -> None:
    path = tmp_path / "file.yaml"
    text = example("counting").read_text(encoding="utf-8")
    path.write_text(f"{text}\nexternal:\n  qw: {entry}\n", encoding="utf-8")
    with refused(sentence):
        load(path).model("sin2-theta-w")


def test_recoil_figure_of_a_counting_experiment_has_one_bin_of_all_events() -> None:
    pytest.importorskip("matplotlib")
    from cevns.report.recoil_figures import recoil_figure

    experiment = load(example("counting"))
    right = recoil_figure(experiment).axes[1]
    shown = [float(t.get_text().rpartition(":")[2]) for t in right.get_legend().get_texts()]
    # three flavours, each rounded to whole events
    assert sum(shown) == pytest.approx(experiment.prediction(), abs=1.5)
