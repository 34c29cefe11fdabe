"""Several experiments together: what is shared, what each contributes, what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.cli.terminal.output import strict
from cevns.exceptions import CevnsWarning, InputError, UnknownNameError
from cevns.experiments import Experiment
from cevns.inference.model.joining import shared_parameters
from cevns.study import Study

NAME = "coherent-csi-2021"
ARGON = """
schema: 1
name: my-argon
title: a liquid-argon projection
source: {kind: sns, distance: 27.5 m, protons: 1.38e23, yield_per_flavour: 0.09}
target: {material: Ar, mass: 24.4 kg}
interaction: {couplings: scholberg2021, form_factor: helm}
detector:
  quenching: {kind: linear, coefficients: [0.246, 0.00078], valid: [0 keVnr, 125 keVnr]}
  resolution: {kind: gaussian, stochastic: 0.58}
axes:
  energy: {name: energy, unit: keVee, edges: [5, 10, 15, 20, 30, 40]}
backgrounds:
  ss: {title: steady state, count: 300 +/- 10, energy: {file: flat.csv}}
parameters:
  sns.flux: {constraint: 1.00 +/- 0.10, acts_on: signal, shared: true}
  form_factor: {constraint: 1.00 +/- 0.02, acts_on: signal, shared: material}
"""
FLAT = "low_kevee,high_kevee,density\n" + "".join(f"{e},{e + 5},1\n" for e in range(5, 40, 5))


@pytest.fixture
def argon(tmp_path: Path, carried: None) -> Callable[..., Path]:
    """An argon projection; pairs (old, new) change its text."""
    (tmp_path / "flat.csv").write_text(FLAT)

    def write(*changes: tuple[str, str], name: str = "argon.yaml") -> Path:
        text = ARGON
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.fixture
def pair(argon: Callable[..., Path]) -> cevns.Study:
    return cevns.load(NAME, argon())


def test_asimov_data_return_the_truth(pair: cevns.Study) -> None:
    result = pair.fit(asimov=True)
    for p in result.fit:
        # edm below 2e-5: within 0.005 errors of the minimum
        assert abs(p.value - p.parameter.value) < 0.01 * p.error
    assert result.fit.chi2 == pytest.approx(0.0, abs=1e-4)
    assert result.shared == {
        "cross_section_scale": (NAME, "my-argon"),
        "sns.flux": (NAME, "my-argon"),
    }
    single = [e.model("cross-section") for e in pair.experiments]
    assert len(result.fit) == sum(len(m.parameters) for m in single) - 2
    assert {"form_factor.csi", "form_factor.ar", f"{NAME}.t0"} <= set(result.fit.fitted)


def test_each_alone_is_its_own_cross_section_fit(pair: cevns.Study) -> None:
    result = pair.fit(asimov=True)
    for name, block in result.results.items():
        experiment = pair[name]
        own = Study((experiment,)).fit("cross-section", asimov=True)
        predicted = experiment.cross_section_cm2 * 1e40
        alone = block.contribution.alone
        # HESSE and MINOS of two fits of one likelihood in other units: a relative 2e-3
        assert alone.error * predicted == pytest.approx(own.fit["cross_section"].error, rel=2e-3)
        assert alone.error_up * predicted == pytest.approx(
            own.fit["cross_section"].error_up, rel=2e-3
        )
        assert block.components["cevns"].prediction == pytest.approx(experiment.prediction())
    # with two experiments "the others" is the other one alone
    first, second = (r.contribution for r in result.results.values())
    assert first.without.error == pytest.approx(second.alone.error, rel=1e-3)
    shares = first.share + second.share + result.shared_share
    assert shares == pytest.approx(1.0, abs=1e-9)


def test_a_common_flux_makes_the_joint_error_larger_than_the_independent_one(
    pair: cevns.Study, argon: Callable[..., Path]
) -> None:
    together = pair.fit(asimov=True, contributions=False).poi.error
    alone = [r.contribution.alone.error for r in pair.fit(asimov=True).results.values()]
    independent = 1.0 / np.sqrt(sum(e**-2.0 for e in alone))
    assert independent < together < min(alone)
    local = argon(("acts_on: signal, shared: true", "acts_on: signal"))
    with pytest.warns(CevnsWarning, match=f"'sns.flux' is shared in {NAME} but not in my-argon"):
        apart = cevns.load(NAME, local).fit(asimov=True, contributions=False)
    # a product of factors is not linear in them: 2 % from adding in quadrature
    assert apart.poi.error == pytest.approx(independent, rel=0.02)


def test_what_a_better_known_flux_would_do(pair: cevns.Study) -> None:
    widths = [("sns.flux", 0.05), ("sns.flux", 0.02)]
    result = pair.fit(asimov=True, widths=widths, contributions=False)
    five, two = (w.poi.error for w in result.widths)
    exact = pair.fit(asimov=True, fix={"sns.flux": None}, contributions=False).poi.error
    assert exact < two < five < result.poi.error
    # independent of everything else, a flux error adds in quadrature (scale ~ 1/flux: 2 %)
    assert two == pytest.approx(np.hypot(exact, 0.02), rel=0.02)
    assert five == pytest.approx(np.hypot(exact, 0.05), rel=0.02)
    for bad, said in (
        ([("sns.flux", 0.0)], "must be positive"),
        ([("cross_section_scale", 0.1)], "no constraint whose width"),
        ([("sns.flux", float("nan"))], "must be positive"),
    ):
        with pytest.raises(InputError, match=said):
            pair.fit(asimov=True, widths=bad)
    with pytest.raises(UnknownNameError):
        pair.fit(asimov=True, widths=[("sns.fluxx", 0.05)])


def test_weak_mixing_angle(pair: cevns.Study) -> None:
    result = pair.fit("sin2-theta-w", asimov=True)
    nominal = pair.experiments[0].interaction.parameters["sin2_theta_w"].value
    assert result.poi.value == pytest.approx(nominal, abs=0.01 * result.poi.error)
    assert result.z is None
    assert result.poi.error < min(r.contribution.alone.error for r in result.results.values())


def test_counts_share_nothing_and_stay_what_they_are(pair: cevns.Study) -> None:
    result = pair.fit("count", asimov=True)
    assert result.poi is None
    assert result.shared == {}
    for name, block in result.results.items():
        own = Study((pair[name],)).fit(asimov=True)
        assert block.poi.value == pytest.approx(own.fit["cevns"].value, rel=1e-4)
        assert block.poi.error == pytest.approx(own.fit["cevns"].error, rel=2e-3)
        assert block.significance.z == pytest.approx(own.z, abs=1e-3)


def test_what_belongs_to_a_material_is_shared_within_it(
    user_file: Callable[..., Path], argon: Callable[..., Path]
) -> None:
    text = user_file().read_text()
    data = text[text.index("\ndata:") :]
    future = user_file((f"name: {NAME}", "name: my-csi"), (data, "\n"))
    joint = cevns.load(NAME, future, argon())
    common = shared_parameters(joint.model())
    assert common["qf.csi.0"] == common["form_factor.csi"] == (NAME, "my-csi")
    assert common["sns.flux"] == (NAME, "my-csi", "my-argon")
    assert "form_factor.ar" not in common


def test_one_experiment_in_units_of_its_prediction(csi: Experiment, carried: None) -> None:
    one = cevns.load(NAME).fit("cross-section-scale")
    own = Study((csi,)).fit("cross-section")
    predicted = csi.cross_section_cm2 * 1e40
    assert one.poi.value * predicted == pytest.approx(own.fit["cross_section"].value, rel=1e-3)
    assert one.z == pytest.approx(own.z, abs=1e-3)


def test_holding_and_changing(argon: Callable[..., Path], carried: None) -> None:
    files = [NAME, argon()]
    held = cevns.load(*files).fit(asimov=True, fix={f"{NAME}.t0": None, "sns.flux": 1.05})
    assert held.fit["sns.flux"].fixed
    assert held.poi.value == pytest.approx(1 / 1.05, rel=2e-3)  # the truth is the declaration
    one = cevns.load(*files, overrides={"my-argon:target.mass": "48.8 kg"})
    assert one["my-argon"].declaration.target.mass == 48.8
    assert one[NAME].declaration.target.mass == 14.6
    every = cevns.load(*files, overrides={"target.mass": "1 kg"})
    assert [e.declaration.target.mass for e in every.experiments] == [1.0, 1.0]
    with pytest.raises(UnknownNameError, match="my-xenon"):
        cevns.load(*files, overrides={"my-xenon:target.mass": "1 kg"})


def test_records_are_strict_json(pair: cevns.Study) -> None:
    result = pair.fit(asimov=True, widths=[("sns.flux", 0.05)])
    record = json.loads(json.dumps(strict(result.to_dict()), allow_nan=False))
    assert set(record["experiments"]) == {NAME, "my-argon"}
    block = record["experiments"]["my-argon"]
    assert block["physics"]["form_factor"] == "helm"
    assert block["contribution"]["alone"]["error"] > record["poi"]["error"]
    assert record["shared"]["sns.flux"] == [NAME, "my-argon"]
    assert record["widths"][0]["sigma"] == 0.05
    assert "sns.flux: shared by" in str(result)


def test_toys_and_profile(pair: cevns.Study) -> None:
    study = pair.toys(200, seed=1, workers=1)
    assert study.toys.statuses["failed"] == 0
    assert "-2lnL differs" in study.accuracy
    assert set(study.to_dict()["experiments"]) == {NAME, "my-argon"}
    curve = pair.profile(asimov=True, points=5)
    fitted = pair.fit(asimov=True, contributions=False).poi
    # a profile interval is what MINOS finds
    assert curve.intervals[0].upper == pytest.approx(1.0 + fitted.error_up, abs=2e-3)
    with pytest.raises(InputError, match="toys of several experiments share one parameter"):
        pair.toys(10, seed=1, poi="count")


def test_what_must_not_be_fitted_together(
    argon: Callable[..., Path], user_file: Callable[..., Path]
) -> None:
    copy = user_file((f"name: {NAME}", "name: my-csi"))
    old = argon(("name: my-argon", "name: coherent-csi-2017"), name="old.yaml")
    wide = argon(("1.00 +/- 0.10", "1.00 +/- 0.05"), name="wide.yaml")
    tree = argon(("couplings: scholberg2021", "couplings: tree-MZ"), name="tree.yaml")
    qf = argon(
        (
            "form_factor: {c",
            "qf.csi.0: {constraint: 0 +/- 1, acts_on: quenching, shared: true}\n  form_factor: {c",
        ),
        name="qf.yaml",
    )
    again = argon(name="again.yaml")
    for files, said in (
        ([NAME, NAME], f"{NAME} is given twice"),
        ([argon(), again], "are both called my-argon; give one another name"),
        ([NAME, old], "hold the same data .*'overlaps'"),
        ([NAME, copy], "read the same data"),
        ([NAME, tree], "couplings 'scholberg2021' and my-argon 'tree-MZ'"),
        ([NAME, qf], "'qf.csi.0' acts on quenching and is shared between CsI .* and Ar"),
        ([], "name at least one experiment"),
    ):
        with pytest.raises(InputError, match=said):
            cevns.load(*files).fit(asimov=True)
    with pytest.raises(InputError, match=rf"1 \+/- 0.1 in {NAME} and 1 \+/- 0.05 in my-argon"):
        cevns.load(NAME, wide).fit(asimov=True)
    with pytest.raises(InputError, match="my-argon declares no data"):
        cevns.load(NAME, argon()).fit()
    with pytest.raises(UnknownNameError, match="cross-section-scale"):
        cevns.load(NAME).fit("cross-section-scales")
    with pytest.raises(InputError, match="my-argon names no public release"):
        cevns.load(argon(), data=".")


def test_caesium_iodide_and_argon(release: Path) -> None:
    """The two published measurements together; yields differ by era, the flux error is one."""
    if not (release / "coherent-lar-2020").is_dir():
        pytest.skip("CEVNS_DATA does not hold the release coherent-lar-2020")
    joint = cevns.load(NAME, "coherent-lar-2020", data=release)
    result = joint.fit()
    assert result.shared["sns.flux"] == (NAME, "coherent-lar-2020")
    csi, argon = (r.contribution.alone for r in result.results.values())
    assert csi.value < result.poi.value < argon.value
    # together no worse than the better one, and no better than without the common flux
    apart = 1.0 / np.hypot(1.0 / csi.error, 1.0 / argon.error)
    # a scale that fits higher has a larger error from the flux: compare relative errors
    assert result.poi.error / result.poi.value < csi.error / csi.value
    assert result.poi.error > apart
    assert result.z > 11.6


@pytest.mark.parametrize(
    ("field", "value"), [("couplings", "cadeddu2022"), ("charge_radius", "running")]
)
def test_one_interaction_is_shared(field, value):
    """All experiments of a fit have the couplings and the charge radius of one calculation."""
    names = ("conus-plus-2025", "coherent-ge-2024-count")
    usual = {} if field == "couplings" else {"interaction.couplings": "cadeddu2022"}
    common = {**usual, f"interaction.{field}": value}
    assert len(cevns.load(*names, overrides=common).subject.experiments) == 2
    one = {**usual, f"{names[0]}:interaction.{field}": value}
    with pytest.raises(InputError, match=f"has the interaction {field} '{value}' and"):
        _ = cevns.load(*names, overrides=one).subject
