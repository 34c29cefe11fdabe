"""Files with several channels: source on and off, rates, free backgrounds, variants.

The detector is a germanium one at a beam dump, on and off: what the file predicts is compared with
the same numbers written out, and the fit with what counting statistics gives.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from refusals import refused

import cevns
from cevns.analysis.expected.recoil_rate import channel_counts
from cevns.exceptions import CevnsWarning, InputError, SchemaError, UnknownNameError
from cevns.experiments import load
from cevns.inference.model.data import asimov

FILE = """
schema: 1
name: ge-on-off
title: germanium, source on and off
source: {kind: sns, distance: 19.3 m, protons: 3.2e23, yield_per_flavour: 0.08}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.157}
  resolution: {kind: gaussian, noise: 100 eVee}
axes:
  energy: {unit: keVee, edges: [0.5, 1, 1.5, 2, 3, 4, 6]}
live_time: 200 d
backgrounds:
  flat:
    title: flat background
    rate: {free: 0.05 /keV/kg/d}
    energy: {kind: flat}
  lines:
    count: 20 +/- 5
    energy: {kind: exponential, scale: 0.3 keVee}
parameters:
  flux: {constraint: 1.0 +/- 0.1, acts_on: signal}
channels:
  on: {exposure: 1}
  "off": {exposure: 0.5, source: 0, backgrounds: [flat]}
variants:
  heavy: {target.mass: 20 kg, live_time: 100 d}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "ge-on-off.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in FILE
    path = tmp_path / "changed.yaml"
    path.write_text(FILE.replace(old, new), encoding="utf-8")
    return path


def test_background_is_one_quantity_in_both_channels(file: Path) -> None:
    model = load(file).model("count")
    assert model.parameters.names == ("cevns", "flat", "lines")
    assert [c.name for c in model.channels] == ["ge-on-off.on", "ge-on-off.off"]
    counts = model.components(model.parameters.values)
    # 0.05 /keV/kg/d x 5.5 keV x 10 kg x 200 d, and half of that off
    assert counts["ge-on-off.on.flat"].sum() == pytest.approx(550.0)
    assert counts["ge-on-off.off.flat"].sum() == pytest.approx(275.0)
    assert "ge-on-off.off.cevns" not in counts
    assert "ge-on-off.off.lines" not in counts
    flat = model.parameters["flat"]
    assert flat.constraint is None
    assert not flat.fixed


def test_signal_is_that_of_one_channel_times_exposure_and_source(tmp_path: Path) -> None:
    path = changed(
        tmp_path, '"off": {exposure: 0.5, source: 0,', "half: {exposure: 0.5, source: 0.3,"
    )
    whole = load(path)
    for question in ("count", "cross-section"):
        model = whole.model(question)
        counts = model.components(model.parameters.values)
        on, half = (counts[f"ge-on-off.{c}.cevns"].sum() for c in ("on", "half"))
        assert half / on == pytest.approx(0.15, rel=1e-12)
        assert on + half == pytest.approx(whole.prediction(), rel=1e-9)


def test_errors_are_those_of_counting_on_and_off(file: Path) -> None:
    # one bin: s = n_on - n_off/tau, var(s) = n_on + n_off/tau^2 with tau = 0.5
    one = load(
        file,
        overrides={
            "axes.energy.edges": "[0.5, 6]",
            "backgrounds": "{flat: {rate: {free: 0.05 /keV/kg/d}, energy: {kind: flat}}}",
        },
    )
    model = one.model("count")
    fit = cevns.inference.fit(model, data=asimov(model), minos="none")
    signal = model.parameters["cevns"].value
    assert fit["cevns"].value == pytest.approx(signal, rel=1e-3)
    assert fit["cevns"].error == pytest.approx(np.sqrt(signal + 550.0 + 275.0 / 0.25), rel=1e-3)
    assert fit["flat"].error == pytest.approx(np.sqrt(275.0) / 0.5, rel=1e-3)


def test_background_may_differ_off(tmp_path: Path) -> None:
    """One bin, kappa = n_off/n_on of the background: b = n_off/(kappa tau) has two errors."""
    text = FILE.replace("[0.5, 1, 1.5, 2, 3, 4, 6]", "[0.5, 6]")
    text = text.replace("[flat]}", "{flat: [off_over_on]}}")
    text = text.replace("  lines:\n", "  none:\n").replace("20 +/- 5", "0 +/- 1e-6")
    text = text.replace(
        "parameters:\n",
        "parameters:\n  off_over_on: {constraint: 0.8 +/- 0.05, acts_on: component}\n",
    )
    path = tmp_path / "kappa.yaml"
    path.write_text(text, encoding="utf-8")
    model = load(path).model("count")
    assert model.totals(model.parameters.values)["flat"] == pytest.approx(550.0 + 0.8 * 275.0)
    fit = cevns.inference.fit(model, data=asimov(model), minos="none")
    signal, off = model.parameters["cevns"].value, 0.8 * 275.0
    of_off = off / (0.8 * 0.5) ** 2 + (550.0 * 0.05 / 0.8) ** 2
    assert fit["cevns"].error == pytest.approx(np.sqrt(signal + 550.0 + of_off), rel=1e-3)


@pytest.mark.parametrize("strength", ["[0.3]", "[rarely]"])
def test_expected_counts_of_a_reduced_background_fit_themselves(tmp_path, strength) -> None:
    """What keeps bins positive must not lift a background that is multiplied down."""
    text = FILE.replace("count: 20 +/- 5", f"count: 2000 +/- 50\n    strength: {strength}")
    declared = "parameters:\n  rarely: {constraint: 0.3 +/- 0.1, acts_on: component}\n"
    path = tmp_path / "less.yaml"
    path.write_text(text.replace("parameters:\n", declared) if "r" in strength else text)
    model = load(path).model("count")
    fit = cevns.inference.fit(model, data=asimov(model), minos="none")
    assert fit.twice_nll == pytest.approx(0.0, abs=1e-6)
    assert fit["cevns"].value == pytest.approx(model.parameters["cevns"].value, rel=1e-3)


def test_prior_of_the_signal_is_shared_out_among_channels(tmp_path: Path) -> None:
    path = changed(
        tmp_path, '"off": {exposure: 0.5, source: 0,', "half: {exposure: 0.5, source: 0.3,"
    )
    found = cevns.load(path).fit(asimov=True, minos="none").results["ge-on-off"]
    whole = found.components["cevns"]
    parts = [c.components["cevns"] for c in found.channels.values()]
    assert [p.prediction / whole.prediction for p in parts] == pytest.approx(
        [1 / 1.15, 0.15 / 1.15]
    )
    for part in parts:
        relative = part.prediction_error / part.prediction
        assert relative == pytest.approx(whole.prediction_error / whole.prediction)


def test_measured_spectra_are_fitted_together(tmp_path: Path) -> None:
    model = load(changed(tmp_path, "name: ge-on-off", "name: ge")).model("count")
    rng = np.random.default_rng(3)
    edges = np.array([0.5, 1, 1.5, 2, 3, 4, 6])
    for c in model.channels:
        counts = rng.poisson(model.expected(model.parameters.values)[model.bins[c.name]])
        rows = zip(edges[:-1], edges[1:], counts, strict=True)
        text = "low,high,counts\n" + "".join(f"{a},{b},{n}\n" for a, b, n in rows)
        (tmp_path / f"{c.name.split('.')[1]}.csv").write_text(text, encoding="utf-8")
    text = FILE.replace("on: {exposure: 1}", "on: {exposure: 1, data: {counts: {file: on.csv}}}")
    text = text.replace("[flat]}", "[flat], data: {counts: {file: off.csv}}}")
    path = tmp_path / "measured.yaml"
    path.write_text(text, encoding="utf-8")
    result = cevns.load(path).fit()
    assert result.fit.valid
    assert abs(result.fit["flat"].value - 550.0) < 4.0 * result.fit["flat"].error
    record = result.to_dict()
    assert set(record["channels"]) == {"ge-on-off.on", "ge-on-off.off"}
    flat = record["components"]["flat"]["fit"]
    parts = [c["components"]["flat"]["fit"] for c in record["channels"].values()]
    assert flat == pytest.approx(sum(parts), rel=1e-9)
    assert parts[1] == pytest.approx(parts[0] / 2.0, rel=1e-9)
    both = sum(c["observed"] for c in record["channels"].values())
    assert record["observed"] == both == sum(record["observed_counts"])
    signal = record["channels"]["ge-on-off.on"]["expected"]["cevns"]
    assert signal == pytest.approx(result.fit["cevns"].value)


def test_joined_with_another_experiment_the_channels_stay(file: Path) -> None:
    study = cevns.load(file, "coherent-csi-2021", overrides={"ge-on-off:name": "ge"})
    names = [c.name for c in study.model().channels]
    assert names == ["ge.on", "ge.off", "coherent-csi-2021"]
    assert "ge.flat" in study.model().parameters.names


def test_variant_changes_what_the_file_says_and_is_echoed(file: Path) -> None:
    heavy = cevns.load(file, overrides={"variant": "heavy"})
    plain = cevns.load(file)
    name = "ge-on-off"
    assert heavy.predict()[name]["flat"] == pytest.approx(plain.predict()[name]["flat"])
    assert heavy.predict()[name]["cevns"] == pytest.approx(2 * plain.predict()[name]["cevns"])
    assert heavy.provenance()["overrides"]["variant"] == "heavy"
    with pytest.raises(UnknownNameError, match="variant"):
        cevns.load(file, overrides={"variant": "light"})


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("live_time: 200 d\n", "", "live_time"),
        ("/keV/kg/d", "/keV/kg/fortnight", "needs one of the units"),
        ("rate: {free: 0.05 /keV/kg/d}", "rate: {start: 0.05 /kg/d}", "free"),
        ("rate: {free: 0.05 /keV/kg/d}", "rate: 1 +/- 1 /d\n    count: 3 +/- 1", "either"),
        ("backgrounds: [flat]", "backgrounds: [flaat]", "no background 'flaat'"),
        ("on: {exposure: 1}", "on: {exposure: 1, source: 0}", "the source is off in all channels"),
        ("on: {exposure: 1}", "on: {exposure: -1}", "greater than 0"),
        ("on: {exposure: 1}", "On!: {exposure: 1}", "not a valid name of a channel"),
    ],
)
def test_slips_are_one_sentence(tmp_path: Path, old: str, new: str, sentence: str) -> None:
    with refused(sentence):
        load(changed(tmp_path, old, new))


def test_a_free_background_may_start_at_none(tmp_path: Path) -> None:
    path = changed(tmp_path, "{free: 0.05 /keV/kg/d}", "{free: 0 /keV/kg/d}")
    assert load(path).declaration.backgrounds["flat"].rate == {"free": "0 /keV/kg/d"}
    assert load(path).model("cross-section").parameters["flat"].value == 0.0
    with pytest.raises(SchemaError, match="not negative, not -1"):
        load(changed(tmp_path, "{free: 0.05 /keV/kg/d}", "{free: -1 /keV/kg/d}"))


# -- further components, correlated constraints ------------------------------------------------

SECOND = """
components:
  second:
    title: CEvNS of a second source
    source: {kind: sns, distance: 38.6 m, protons: 3.2e23, yield_per_flavour: 0.08}
    strength: [second_size]
"""


def with_second(tmp_path: Path, size: str) -> Path:
    text = FILE.replace("parameters:\n", f"parameters:\n  second_size: {size}\n") + SECOND
    path = tmp_path / "two-sources.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_second_source_is_a_component_of_its_own(tmp_path: Path) -> None:
    # twice as far: a quarter of the signal, with the same spectrum
    model = load(with_second(tmp_path, "{free: 1.0, acts_on: component}")).model("cross-section")
    counts = model.components(model.parameters.values)
    first, second = (counts[f"ge-on-off.on.{n}"] for n in ("cevns", "second"))
    np.testing.assert_allclose(second, 0.25 * first, rtol=1e-9)
    assert "ge-on-off.off.second" not in counts
    size = model.parameters["second_size"]
    assert not size.fixed
    assert size.constraint is None
    assert size.lower == 0.0


def test_first_source_is_the_background_of_the_second(tmp_path: Path) -> None:
    # dark matter over CEvNS is no different: the second signal is tested, the first constrained
    path = with_second(tmp_path, "{free: 0.5, acts_on: component}")
    held = {"cross_section": None}
    curve = cevns.load(path).profile("second_size", poi="cross-section", fix=held, asimov=True)
    assert curve.curve.best["second_size"].value == pytest.approx(0.5, rel=1e-2)
    assert curve.intervals[1].upper > curve.intervals[0].upper > 0.5


def test_correlated_constraint_is_one_measurement_of_both(tmp_path: Path) -> None:
    extra = (
        "correlations:\n"
        "  - {parameters: [flux, mass], covariance: [[0.01, 0.006], [0.006, 0.01]]}\n"
    )
    text = FILE.replace(
        "  flux: {constraint: 1.0 +/- 0.1, acts_on: signal}",
        "  flux: {constraint: 1.0 +/- 0.1, acts_on: signal}\n"
        "  mass: {constraint: 1.0 +/- 0.1, acts_on: signal}",
    )
    together, apart = tmp_path / "together.yaml", tmp_path / "apart.yaml"
    together.write_text(text + extra, encoding="utf-8")
    apart.write_text(text, encoding="utf-8")
    errors = {}
    for path in (together, apart):
        study = cevns.load(path, overrides={"source.protons": "1e27"})
        errors[path.stem] = study.fit("cross-section", asimov=True, minos="none").poi
    # nothing but the two factors counts: their product has the relative variance 2 (s^2 + c)
    section = errors["apart"].value
    assert errors["apart"].error / section == pytest.approx(np.sqrt(0.02), rel=0.02)
    assert errors["together"].error / section == pytest.approx(np.sqrt(0.032), rel=0.02)
    record = cevns.load(together).fit("cross-section", asimov=True).to_dict()
    assert set(record["channels"]) == {"ge-on-off.on", "ge-on-off.off"}


@pytest.mark.parametrize(
    ("size", "old", "new", "sentence"),
    [
        (
            "{free: 1.0, acts_on: signal}",
            "",
            "",
            "only parameters that act on a component, a function, an arrival or the pulse time",
        ),
        (
            "{free: 1.0, acts_on: component}",
            "[second_size]",
            "[second_size, big]",
            "acts_on: component",
        ),
        ("{free: 1.0, acts_on: component}", "[second_size]", "[]", "no 'strength' has it"),
        ("{free: 1.0, acts_on: component}", "kind: sns, distance: 38.6 m", "kind: snns", "snns"),
    ],
)
def test_slips_of_components(tmp_path: Path, size: str, old: str, new: str, sentence: str) -> None:
    path = with_second(tmp_path, size)
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises((SchemaError, InputError, UnknownNameError), match=sentence):
        load(path).model()


def test_each_core_of_a_reactor_has_a_power_of_its_own():
    """Weakening one core changes what is seen of it alone."""
    near, far, both = ("far-off", "near-off", "both")
    changes = (None, {"source.power": "[2.125 GW, 4.25 GW]"})
    by = [channel_counts(load("nucleus-2026", overrides=o)) for o in changes]
    a, b = ({k.rpartition(".")[2]: v.get("cevns", 0.0) for k, v in c.items()} for c in by)
    assert b[near] == pytest.approx(a[near] / 2.0)
    assert b[far] == pytest.approx(a[far])
    assert b[both] / a[both] == pytest.approx(1.0 - 0.5 * 102**2 / (72**2 + 102**2))
    with pytest.raises(SchemaError, match=r"near-off.source': has 2 numbers for the 1 parts"):
        load(
            "nucleus-2026", overrides={"source.power": "4 GW", "source.distance": "72 m"}
        ).predict()


@pytest.mark.parametrize(
    "change", [{"exposure": "248.7 kg d"}, {"channels.off.exposure": "58.8 kg d"}]
)
def test_mass_times_time_is_two_fields(change):
    with refused("give 'target.mass' and 'live_time'"):
        load("conus-2020", overrides=change)


def test_days_are_no_exposure_of_a_channel():
    with pytest.warns(CevnsWarning, match=r"'off' is 58\.8 times as long as 'live_time'"):
        load("conus-2020", overrides={"channels.off.exposure": "58.8"})


def test_a_window_below_the_threshold_is_said():
    """Backgrounds of a rate are counted in bins where no signal can be."""
    step = {"detector.efficiency": "{energy: {kind: step, threshold: 0.35}}"}
    with pytest.warns(CevnsWarning, match=r"begins at 0\.2, below the threshold: below 0\.3 "):
        load("conus-2020", overrides={**step, "axes.energy.edges": "[200, 300, 400, 1000]"}).model()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load("conus-2020", overrides={**step, "axes.energy.edges": "[300, 400, 1000]"}).model()


def test_a_part_of_what_is_left_to_defaults_is_given_whole():
    with refused(r"--set 'source.fractions={u235: ...}'"):
        load("nucleus-2026", overrides={"source.fractions.u235": "0.5"})


def test_captures_in_highly_enriched_uranium_are_said():
    with pytest.warns(CevnsWarning, match="which has hardly any U-238"):
        load("ricochet-ge", overrides={"source.captures_per_fission": "0.6"}).prediction()
