"""Files of one's own: other units, projections, what-ifs, binnings, curves from CSV."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from cevns.analysis.expected.recoil_rate import rates
from cevns.exceptions import CevnsWarning, InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.forms.region_axes import Axis
from cevns.study import Study

OTHER_UNITS = [
    ("distance: 19.3 m", "distance: 1930 cm"),
    ("pulse_sigma: 150 ns", "pulse_sigma: 0.00015 ms"),
    ("mass: 14.6 kg", "mass: 14600 g"),
    ("valid: [0 keVnr, 60 keVnr]", "valid: [0 eVnr, 0.06 MeVnr]"),
    ("light_yield: 13.35 PE/keVee", "light_yield: 13350 PE/MeVee"),
    ("start: 0.520 us, rate: 0.0494 /us", "start: 520 ns, rate: 49.4 /ms"),
    (
        "{unit: us, edges: [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6]}",
        "{unit: ns, edges: [0, 125, 250, 375, 500, 625, 750, 875, 1000, 2000, 4000, 6000]}",
    ),
    ("time: {kind: exponential, rate: 0.0494 /us}", "time: {kind: exponential, rate: 49400 /s}"),
    ("constraint: 474 +/- 25 ns", "constraint: 0.474 +/- 0.025 us"),
]


def test_other_units_give_the_same_numbers(csi, user_file):
    other = load(user_file(*OTHER_UNITS))
    for question in ("count", "cross-section"):
        ours, theirs = csi.model(question), other.model(question)
        theta = ours.parameters.values
        # a decimal number in another unit rounds differently in its last digit
        assert theirs.parameters.values == pytest.approx(theta, rel=1e-12)
        assert theirs.expected(theta) == pytest.approx(ours.expected(theta), rel=1e-12)
    assert other.inputs.observed[""].tolist() == csi.inputs.observed[""].tolist()
    assert other.cross_section_cm2 == pytest.approx(csi.cross_section_cm2, rel=1e-12, abs=0.0)


def test_an_energy_axis_in_another_unit(tmp_path):
    text = """\
schema: 1
name: argon
source: {kind: sns, distance: 27.5 m, protons: 1.0e23}
target: {material: Ar, mass: 24 kg}
detector:
  quenching: {kind: linear, coefficients: [0.246, 0.00078]}
  resolution: {kind: gaussian, stochastic: 0.58}
axes: {energy: {name: energy, unit: UNIT, edges: EDGES}}
"""
    counts = []
    for unit, edges in (("keVee", "[5, 10, 20, 40]"), ("eVee", "[5000, 10000, 20000, 40000]")):
        path = tmp_path / f"{unit}.yaml"
        path.write_text(text.replace("UNIT", unit).replace("EDGES", edges))
        experiment = load(path)
        assert experiment.declaration.axes.energy.unit == "keVee"
        counts.append(experiment.predict()["cevns"])
    assert counts[0] == pytest.approx(counts[1], rel=1e-12)
    assert counts[0] > 10
    path.write_text(text.replace("UNIT", "PE").replace("EDGES", "[0, 60]"))
    with pytest.raises(SchemaError, match=r"line 8: field 'axes.energy'.*gives keVee"):
        load(path).predict()


# -- the source -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "beam",
    [
        "{beam_energy: 13.99 GWh, proton_energy: 0.983 GeV}",
        "{beam_energy: 13990 MWh, proton_energy: 983 MeV}",
        "{power: 1.399 MW, time: 10000 h, proton_energy: 0.983 GeV}",
    ],
)
def test_protons_from_the_beam(csi, user_file, beam):
    """13.99 GWh at 0.983 GeV are 3.198e23 protons (both of arXiv:2110.07730's exposure)."""
    experiment = load(user_file(("protons: 3.198e23", f"protons: {beam}")))
    protons = 13990 * 3.6e9 / (0.983e9 * 1.602176634e-19)
    assert experiment.source.protons == pytest.approx(protons, rel=1e-12)
    # 0.983 has three digits
    assert experiment.predict()["cevns"] == pytest.approx(csi.predict()["cevns"], rel=1e-3)


@pytest.mark.parametrize(
    ("beam", "message"),
    [
        ("{beam_energy: 14 GWh}", "proton_energy is missing"),
        ("{proton_energy: 1 GeV}", "beam_energy is missing"),
        ("{power: 1.4 MW, proton_energy: 1 GeV}", "time is missing"),
        ("{power: 1.4 MW, time: 5 h, proton_energy: 1 GeV, beam_energy: 1 MWh}", "no place here"),
        ("{beam_energy: 14, proton_energy: 1 GeV}", "without a unit"),
        ("{beam_energy: 14 MW, proton_energy: 1 GeV}", "unit of power"),
        ("{beam_energy: -14 MWh, proton_energy: 1 GeV}", "must be positive"),
        ("3.2e23 m", "expected a number"),
    ],
)
def test_beams_that_are_none(user_file, beam, message):
    path = user_file(("protons: 3.198e23", f"protons: {beam}"))
    with pytest.raises(SchemaError, match=rf"line 12: field 'source.protons': .*{message}"):
        _ = load(path).source


def simulated_flux(folder) -> None:
    """Histograms as a beam simulation exports them: decay at rest, 0.5-MeV and 10-ns bins."""
    folder.mkdir()
    e = np.arange(0.25, 60, 0.5)
    t = np.arange(5.0, 15000, 10.0)
    x = np.clip(e / 105.6583755, 0, 0.5)
    energies = {
        "NuMu": np.where(np.abs(e - 29.75) < 0.3, 1e6, 0.0),
        "NuE": 1e6 * 0.5 * 192 * x**2 * (0.5 - x) / 105.6583755,
        "AntiNuMu": 1e6 * 0.5 * 64 * x**2 * (0.75 - x) / 105.6583755 * (e < 52.8),
    }
    for name, counts in energies.items():
        tau = 26.033 if name == "NuMu" else 2196.98
        times = np.exp(-t / tau)
        times *= counts.sum() / times.sum()
        for prefix, unit, grid, values in (("ke", "MeV", e, counts), ("t", "ns", t, times)):
            rows = "\n".join(f"{g:.6g},{v:.10g}" for g, v in zip(grid, values, strict=True))
            (folder / f"{prefix}{name}_export.csv").write_text(
                f"# bin_center_{unit},counts\n{rows}"
            )


def test_a_simulated_flux_beside_the_file(csi, user_file, tmp_path):
    simulated_flux(tmp_path / "flux")
    path = user_file(("kind: sns", "kind: tabulated\n  path: flux"))
    experiment = load(path)
    assert experiment.source.flavours == csi.source.flavours
    # decay at rest in 0.5-MeV bins: the end point is smeared by a bin, 0.5 % of the rate
    assert experiment.predict()["cevns"] == pytest.approx(csi.predict()["cevns"], rel=0.01)
    digests = {f.name: f.sha256 for f in experiment.inputs.files if f.role == "source"}
    assert len(digests) == 6
    with pytest.raises(
        SchemaError, match=r"--set source.path=nowhere: field 'source': .*no such flux"
    ):
        _ = load(path, overrides={"source.path": "nowhere"}).source


# -- the detector -----------------------------------------------------------------------------


def without(text: str, start: str, end: str) -> tuple[str, str]:
    """The piece of the text from `start` up to `end`, to be replaced."""
    i = text.index(start)
    return text[i : text.index(end, i)]


PARAMETERS_OF_QUENCHING = [
    f"  qf.csi.{i}: {{constraint: 0 +/- 1, acts_on: quenching, shared: true, description: {word} "
    f"eigen-variation of the CsI quenching curve}}\n"
    for i, word in enumerate(("first", "second"))
]
PARAMETER_OF_EFFICIENCY = (
    "  efficiency: {constraint: 0 +/- 1, acts_on: efficiency, description: PE efficiency between "
    "the released curves}\n"
)


def with_quenching(user_file, section: str, parameter: str = ""):
    text = user_file().read_text()
    old = without(text, "  quenching:", "  resolution:")
    first, second = PARAMETERS_OF_QUENCHING
    return user_file((old, f"  quenching: {section}\n"), (first, parameter), (second, ""))


def with_efficiency(user_file, section: str, parameter: str = ""):
    text = user_file().read_text()
    old = without(
        text, "    energy:                      # a/(1", "    time: {kind: exponential, st"
    )
    return user_file((old, f"    energy: {section}\n"), (PARAMETER_OF_EFFICIENCY, parameter))


def polynomial(t_kev: np.ndarray) -> np.ndarray:
    t = t_kev * 1e-3
    return 1e3 * (0.0554628 * t + 4.30681 * t**2 - 111.707 * t**3 + 840.384 * t**4)


@pytest.mark.parametrize(
    ("section", "parameter", "low", "high"),
    [
        # QF rises from 7.4 to 10.7 % between 5 and 30 keV: a constant 9 % is not far
        ("{kind: constant, value: 0.09}", "", 0.7, 1.3),
        (
            "{kind: constant, value: 0.0878, variations: {qf: {plus: 0.1044, minus: 0.0712}}}",
            "  qf: {constraint: 0 +/- 1, acts_on: quenching}\n",
            0.7,
            1.3,
        ),
        ("{kind: linear, coefficients: [0.07, 0.0015]}", "", 0.7, 1.3),
        # Lindhard quenches CsI much less than it is measured: more light, more events
        ("{kind: lindhard, z: 54, a: 130}", "", 1.1, 3.0),
    ],
)
def test_other_quenching_models(csi, user_file, section, parameter, low, high):
    experiment = load(with_quenching(user_file, section, parameter))
    ratio = experiment.predict()["cevns"] / csi.predict()["cevns"]
    assert low < ratio < high
    result = Study((experiment,)).fit()
    assert result.fit.valid
    assert ("qf" in [p.name for p in result.fit]) == bool(parameter)


def test_quenching_from_a_csv(csi, user_file, tmp_path):
    t = np.linspace(0.05, 60, 400)
    rows = "\n".join(f"{x:.6f},{polynomial(x) / x:.12g}" for x in t)
    (tmp_path / "qf.csv").write_text(f"# QF\nrecoil_energy_kevnr,quenching_factor\n{rows}\n")
    path = with_quenching(user_file, "{kind: tabulated, file: qf.csv, valid: [0 keVnr, 60 keVnr]}")
    experiment = load(path)
    # monotone cubics through 400 points: 1e-5 of the curve; the QF peaks, where they go flat
    assert experiment.predict()["cevns"] == pytest.approx(csi.predict()["cevns"], rel=1e-4)
    assert any(f.role == "quenching" and f.name == "qf.csv" for f in experiment.inputs.files)


def test_quenching_from_a_csv_with_variations(user_file, tmp_path):
    (tmp_path / "qf.csv").write_text(
        "recoil_energy_kevnr,quenching_factor,qf+,qf-\n1,0.06,0.065,0.055\n60,0.10,0.11,0.09\n"
    )
    path = with_quenching(
        user_file,
        "{kind: tabulated, file: qf.csv}",
        "  qf: {constraint: 0 +/- 1, acts_on: quenching}\n",
    )
    with pytest.warns(CevnsWarning, match="validity range is 1 to 60"):
        assert "qf" in load(path).model().parameters


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        ("", "holds no table"),
        ("energy,quenching_factor\n1,0.1\n", "column 'recoil_energy_kevnr' is missing"),
        ("recoil_energy_kevnr,quenching_factor\n1,0.1\n2\n", "line 3: 1 entries"),
        ("recoil_energy_kevnr,quenching_factor\n1,0.1\n2,nan\n", "not a finite number"),
        ("recoil_energy_kevnr,quenching_factor\n2,0.1\n1,0.1\n", "must increase"),
    ],
)
def test_a_broken_curve_names_both_files(user_file, tmp_path, content, message):
    if content is not None:
        (tmp_path / "qf.csv").write_text(content)
    path = with_quenching(user_file, "{kind: tabulated, file: qf.csv}")
    with pytest.raises(SchemaError, match=rf"mine.yaml, line 24: .*quenching.*{message}"):
        _ = load(path).quenching


def test_efficiency_from_a_csv(csi, user_file, tmp_path):
    x = np.linspace(0, 60, 1201)
    values = np.clip(1.32045 / (1 + np.exp(-0.285979 * (x - 10.8646))) - 0.333322, 0, 1)
    rows = "\n".join(f"{a:.4f},{b:.10f}" for a, b in zip(x, values, strict=True))
    (tmp_path / "efficiency.csv").write_text(f"# PE\nx,efficiency\n{rows}\n")
    experiment = load(with_efficiency(user_file, "{kind: table, file: efficiency.csv}"))
    # straight lines over 0.05 PE: (0.05)^2/8 times a curvature of 0.01/PE^2
    assert experiment.predict()["cevns"] == pytest.approx(csi.predict()["cevns"], rel=1e-5)
    assert Study((experiment,)).fit().fit.valid
    with pytest.raises(SchemaError, match="'table' has no such field; did you mean 'file'"):
        _ = load(with_efficiency(user_file, "{kind: table, fil: e.csv}")).energy_efficiency
    with pytest.raises(SchemaError, match="'sigmoid' has no such field"):
        _ = load(with_efficiency(user_file, "{kind: sigmoid, file: e.csv}")).energy_efficiency
    with pytest.raises(SchemaError, match="expected a path, got 5"):
        _ = load(with_efficiency(user_file, "{kind: table, file: 5}")).energy_efficiency


def test_full_efficiency_and_poisson_light(csi, user_file):
    """Without threshold the count grows by the recoils that were lost below 7 PE."""
    experiment = load(
        with_efficiency(user_file, "{kind: unity}"),
        overrides={"detector.resolution": "{kind: poisson, light_yield: 13.35 PE/keVee}"},
    )
    rate = rates(csi, points=2000)[csi.name]
    recoils = np.trapezoid(rate.rate_per_kev["total"], rate.recoil_energy_kev)
    count = experiment.predict()["cevns"]
    # every recoil makes some number of PE, almost always below 60; lost are those after 6 us
    # and with the time efficiency (15 % of the delayed two thirds)
    assert 0.85 * recoils < count < recoils


# -- what if ----------------------------------------------------------------------------------


def test_set_changes_mass_and_threshold(csi):
    base = csi.predict()["cevns"]
    double = load("coherent-csi-2021", overrides={"target.mass": "29.2 kg"})
    assert double.predict()["cevns"] == pytest.approx(2 * base, rel=1e-12)
    lower = load(
        "coherent-csi-2021",
        overrides={"detector.efficiency.energy.coefficients.2": "5", "source.protons": "6.396e23"},
    )
    assert lower.predict()["cevns"] > 2.5 * base
    far = load("coherent-csi-2021", overrides={"source.distance": "38.6 m"})
    assert far.predict()["cevns"] == pytest.approx(base / 4, rel=1e-12)
    dashed = load("coherent-csi-2021", overrides={"interaction.form-factor": "helm"})
    assert dashed.physics["form_factor"] == "helm"
    flux = load("coherent-csi-2021", overrides={"parameters.sns.flux.constraint": "1 +/- 0.02"})
    assert flux.model("cross-section").parameters["sns.flux"].constraint.sigma == 0.02


def test_merged_bins_of_the_carried_tables(csi, carried):
    edges = "[0, 8, 16, 24, 40, 60]"
    merged = load(
        "coherent-csi-2021",
        overrides={"axes.energy.edges": edges, "axes.time.edges": "[0, 0.5, 1, 2, 6]"},
    )
    fine = csi.inputs.observed[""]
    rows = [fine[i:j].sum(axis=0) for i, j in ((0, 1), (1, 3), (3, 5), (5, 7), (7, 9))]
    expected = [[r[:4].sum(), r[4:8].sum(), r[8], r[9:].sum()] for r in rows]
    assert merged.inputs.observed[""].tolist() == np.array(expected).tolist()
    for name, shape in merged.inputs.channels[""].backgrounds.items():
        by_energy = csi.inputs.channels[""].backgrounds[name].sum(axis=1)
        regrouped = [by_energy[0], by_energy[1:3].sum(), by_energy[3:5].sum()]
        assert shape.sum(axis=1)[:3] == pytest.approx(regrouped, rel=1e-12), name
    assert merged.predict()["cevns"] == pytest.approx(csi.predict()["cevns"], rel=1e-7)
    # less information, the same physics
    fit = Study((merged,)).fit()
    assert fit.answer()["value"] == pytest.approx(Study((csi,)).fit().answer()["value"], abs=15)
    assert fit.answer()["error"] > Study((csi,)).fit().answer()["error"]


@pytest.mark.parametrize(
    ("field", "edges", "bad"),
    [
        ("axes.energy.edges", "[0, 8, 9.5, 60]", "9.5"),
        ("axes.energy.edges", "[0, 8, 80]", "80"),
        ("axes.time.edges", "[0, 0.3, 6]", "0.3"),
    ],
)
def test_a_cut_through_a_carried_bin_is_refused(carried, field, edges, bad):
    experiment = load("coherent-csi-2021", overrides={field: edges})
    with pytest.raises(InputError, match=rf"edge {bad} is not among.*use the public release"):
        experiment.model()


def test_a_thousand_bins_and_no_more():
    edges = np.linspace(0.0, 60.0, 1002).tolist()
    assert len(Axis(unit="PE", edges=edges[:-1]).edges) == 1001
    with pytest.raises(ValidationError, match="at most 1001"):
        Axis(unit="PE", edges=edges)


def test_any_binning_with_the_release(release):
    experiment = load(
        "coherent-csi-2021",
        data=release,
        overrides={
            "axes.energy.edges": "[6.3, 9.7, 15.1, 33, 59.9]",
            "axes.time.edges": "[0, 0.33, 0.77, 1.9, 5.9]",
        },
    )
    assert 1400 < experiment.inputs.observed[""].sum() <= 1578
    assert Study((experiment,)).fit().fit.valid


# -- less than everything ---------------------------------------------------------------------


def test_without_backgrounds(user_file):
    text = user_file().read_text()
    path = user_file((without(text, "backgrounds:", "parameters:\n  sns.flux"), ""))
    text = path.read_text()
    path.write_text(text[: text.index("data:\n")])
    experiment = load(path)
    assert list(experiment.predict()) == ["cevns"]
    result = Study((experiment,)).fit(asimov=True)
    n = experiment.predict()["cevns"]
    # no background: Poisson alone, and any event excludes the null without limit
    assert result.z is None
    assert result.answer()["error"] == pytest.approx(math.sqrt(n), rel=0.02)
    assert list(result.components) == ["cevns"]


@pytest.mark.parametrize("source", ["carried", "release"])
def test_without_time_axis(user_file, source, request):
    data = request.getfixturevalue("release") if source == "release" else None
    text = user_file().read_text()
    t0 = without(text, "  t0:\n", "  qf.csi.0: {con")
    time = without(text, "  time: {unit: us, edges", "\nbackgrounds")
    experiment = load(user_file((time, ""), (t0, "")), data=data)
    assert experiment.time_edges is None
    # all events whenever they came; the release holds 1578 up to 6 us, and the file has no more
    assert experiment.inputs.observed[""].shape == (9, 1)
    assert experiment.inputs.observed[""].sum() == 1578
    assert experiment.inputs.anticoincident == 1295
    # nothing is lost to time: more than with the window, by the delayed share of 1/0.85
    assert 1.05 < experiment.predict()["cevns"] / 331.42 < 1.2
    result = Study((experiment,)).fit()
    assert result.fit.ndof == 8
    assert result.fit.valid


def test_a_held_pulse_time(csi, user_file):
    held = load(user_file(("constraint: 474 +/- 25 ns", "value: 474 ns")))
    result = Study((held,)).fit()
    assert result.fit["t0"].fixed
    beside = Study((csi,)).fit().fixed_pulse_time.answer()
    assert result.answer()["value"] == pytest.approx(beside["value"], abs=0.05)


def test_a_changed_copy_says_so(csi, user_file):
    path = user_file()
    same = load(path)
    assert Study((same,)).fit().to_dict()["poi"] == Study((csi,)).fit().to_dict()["poi"]
    changed = load(path, overrides={"target.mass": "20 kg"})
    record = Study((changed,)).fit().to_dict()
    assert record["overrides"] == {"target.mass": "20 kg"}
    assert record["inputs"]["files"][0]["name"] == "mine.yaml"


def test_digests_are_of_what_was_parsed(tmp_path: Path) -> None:
    """A file that is changed while a fit runs is named by what the fit has read."""
    examples = Path(__file__).parents[2] / "docs" / "examples"
    for name in ("published-points.yaml", "published-points.csv", "published-limit.csv"):
        (tmp_path / name).write_bytes((examples / name).read_bytes())
    path = tmp_path / "published-points.yaml"
    written = hashlib.sha256(path.read_bytes()).hexdigest()
    experiment = load(path)
    path.write_text("changed: in the meantime\n", encoding="utf-8")
    found = {f.name: f.sha256 for f in experiment.inputs.files}
    assert found[path.name] == written
    for table in ("published-points.csv", "published-limit.csv"):
        assert found[table] == hashlib.sha256((tmp_path / table).read_bytes()).hexdigest()
