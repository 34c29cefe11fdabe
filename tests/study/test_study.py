"""The front door: one or several experiments, new physics, combinations."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.exceptions import FitError, InputError, SchemaError, UnknownNameError
from cevns.experiments.declaration.loader import CATALOGUE

NAME = "coherent-csi-2021"


@pytest.fixture(autouse=True)
def _carried(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = tmp_path_factory.mktemp("cache") / "none"
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: cache)


@pytest.fixture
def future(tmp_path: Path) -> Path:
    """A projection of twice the mass: the CsI file without its data."""
    shutil.copytree(CATALOGUE / NAME, tmp_path / NAME)
    text = (CATALOGUE / f"{NAME}.yaml").read_text()
    text = text[: text.index("\ndata:")] + "\n"
    text = text.replace(f"name: {NAME}", "name: future").replace("mass: 14.6 kg", "mass: 29.2 kg")
    (tmp_path / "future.yaml").write_text(text)
    return tmp_path / "future.yaml"


@pytest.fixture
def combination(future: Path) -> Callable[..., Path]:
    def write(text: str = f"combination: [{NAME}, ./future.yaml]") -> Path:
        path = future.with_name("both.yaml")
        path.write_text(f"name: both\ntitle: now and then\n{text}\n")
        return path

    return write


def test_one_and_several_have_the_same_shape(future: Path) -> None:
    one, two = cevns.load(NAME), cevns.load(NAME, future)
    assert (one.name, two.name) == (NAME, f"{NAME} + future")
    assert two.title.startswith(one.title)
    assert set(one.cite) <= set(two.cite)
    assert two.names == (NAME, "future")
    assert one.model().parameters.names[0] == "cevns"
    assert two.model().parameters.names[0] == "cross_section_scale"
    counts = two.predict()
    assert counts["future"]["cevns"] == pytest.approx(2 * counts[NAME]["cevns"], rel=1e-9)
    rates = two.rate(points=5)
    assert rates["future"].rate_per_kev["total"][0] == pytest.approx(
        2 * rates[NAME].rate_per_kev["total"][0], rel=1e-9
    )


def test_a_coupling_is_fitted_and_others_held() -> None:
    study = cevns.load(NAME, models="nsi")
    result = study.fit(free=("eps_ee_u",), at={"eps_mumu_u": 0.05})
    fitted = result.fit["eps_ee_u"]
    assert fitted.error_up is not None
    assert result.fit["eps_mumu_u"].fixed
    assert result.fit["eps_mumu_u"].value == 0.05
    record = result.to_dict()
    assert record["question"] == "couplings"
    assert record["physics"]["interaction"] == "nsi"
    # a scan profiles the same likelihood, in its tabulated form
    found = study.scan({"eps_ee_u": np.linspace(-0.15, 0.1, 26)}, at={"eps_mumu_u": 0.05})
    assert found.best["eps_ee_u"] == pytest.approx(fitted.value, abs=0.02 * fitted.error)
    curve = study.profile(free=("eps_ee_u",), at={"eps_mumu_u": 0.05}, points=5)
    assert curve.curve.parameter == "eps_ee_u"
    assert curve.intervals[0].upper == pytest.approx(
        fitted.value + fitted.error_up, abs=0.01 * fitted.error
    )


def test_counts_at_a_coupling() -> None:
    """The shift of the vector charge: quadratic in the coupling, and none at zero."""
    study = cevns.load(NAME, models="nsi")
    plain = cevns.load(NAME).predict()[NAME]["cevns"]
    assert study.predict(at={"eps_ee_u": 0.0})[NAME]["cevns"] == pytest.approx(plain, rel=1e-9)
    n = [study.predict(at={"eps_ee_u": x})[NAME]["cevns"] - plain for x in (-0.1, 0.1, 0.2)]
    even = 0.5 * (n[0] + n[1])
    odd = 0.5 * (n[1] - n[0])
    assert n[2] == pytest.approx(4 * even + 2 * odd, rel=1e-6)
    rate = study.rate(at={"eps_ee_u": 0.1}, points=5)[NAME]
    assert rate.expected["cevns"] == pytest.approx(n[1] + plain, rel=1e-9)
    assert rate.rate_per_kev["total"][0] < study.rate(points=5)[NAME].rate_per_kev["total"][0]


def test_what_changes_shapes_is_held(future: Path) -> None:
    study = cevns.load(NAME, models="light-vector")
    heavy, light = (
        study.predict(at={"m_zprime": m, "g_zprime": 1e-3})[NAME]["cevns"] for m in (1e4, 1.0)
    )
    assert light > 2 * heavy
    with pytest.raises(InputError, match="cannot be free in a fit"):
        study.fit(free=("m_zprime",))


def test_joint_fit_of_a_coupling(future: Path) -> None:
    study = cevns.load(NAME, future, models="nsi")
    joint = study.fit(free=("eps_ee_u",), asimov=True)
    alone = [r.contribution.alone.error for r in joint.results.values()]
    assert joint.poi.value == pytest.approx(0.0, abs=0.01 * joint.poi.error)
    assert joint.poi.error < min(alone)
    study_of_two = study.toys(20, seed=1, free=("eps_ee_u",), workers=1)
    assert study_of_two.toys.poi == "eps_ee_u"


def test_systematics_of_a_joint_fit(future: Path) -> None:
    """One experiment as a joint fit of one is its own: the same impacts in other units."""
    own = cevns.load(NAME).systematics("cross-section")
    scale = cevns.load(NAME).systematics("cross-section-scale")
    rows = {r.name.removeprefix(f"{NAME}.").removesuffix(".csi"): r for r in scale.rows}
    for row in own.rows:
        other = rows[row.name]
        assert other.prediction == row.prediction
        if row.impact is not None and max(map(abs, row.impact)) > 0.01:
            assert other.impact == pytest.approx(row.impact, rel=0.02)
    assert scale.total == pytest.approx(own.total, rel=2e-3)
    both = cevns.load(NAME, future).systematics(asimov=True)
    assert both.total < own.total * 1.5
    flux = next(r for r in both.rows if r.name == "sns.flux")
    assert set(flux.predictions) == {NAME, "future"}
    record = both.to_dict()
    assert set(record["experiments"]) == {NAME, "future"}
    assert record["prediction_error"] is None
    with pytest.raises(InputError, match="has one for each experiment"):
        cevns.load(NAME, future).systematics("count", asimov=True)


def test_one_experiment_of_a_joint_fit(future: Path) -> None:
    joint = cevns.load(NAME, future).fit(asimov=True, contributions=False)
    one = joint.results[NAME]
    assert set(one.components) == {"cevns", "ssb", "brn", "nin"}
    # Asimov data of the best fit: the components add to what is observed
    total = sum(c.fit for c in one.components.values())
    assert total == pytest.approx(one.observed.sum(), rel=1e-2)
    signal = one.components["cevns"]
    assert signal.fit == pytest.approx(signal.prediction * joint.poi.value, rel=1e-3)
    predicted = one.experiment.predict()["cevns"]
    assert signal.prediction == pytest.approx(predicted, rel=1e-9)


def test_combination_file(combination: Callable[..., Path]) -> None:
    study = cevns.load(combination())
    assert (study.name, study.title) == ("both", "now and then")
    assert study.names == (NAME, "future")
    assert study.fit(asimov=True, contributions=False).poi.value == pytest.approx(1.0, abs=0.01)
    with pytest.raises(InputError, match=r"open it with cevns\.load"):
        cevns.experiments.load(combination())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("combination: []", r"line 3: field 'combination': the combination is empty"),
        ("combination: [coherent-csi-2020]", r"line 3: .*did you mean 'coherent-csi-20"),
        ("combination:\n  - coherent-csi-2021\n  - ./no.yaml", r"line 5: .*no experiment file"),
        ("combination: [both.yaml]", "is a combination itself"),
        ("combination: coherent-csi-2021", r"line 3: field 'combination': expected a list"),
        (f"combination: [{NAME}]\nexperiments: 3", "line 4: .*there is no such field"),
    ],
)
def test_mistakes_in_a_combination(combination: Callable[..., Path], text: str, said: str) -> None:
    with pytest.raises(SchemaError, match=said):
        cevns.load(combination(text))


def test_what_cannot_be_asked(future: Path) -> None:
    study = cevns.load(NAME, models="nsi")
    for arguments, said in (
        ({"poi": "count", "free": ("eps_ee_u",)}, "cannot be combined"),
        ({"at": {"eps_ee_u": 0.1}}, "beside free ones"),
        ({"free": ("eps_ee_u",), "at": {"eps_ee_u": 0.1}}, "both free and held"),
    ):
        with pytest.raises(InputError, match=said):
            study.fit(**arguments)
    with pytest.raises(UnknownNameError, match="eps_xx"):
        study.fit(free=("eps_xx",))
    with pytest.raises(UnknownNameError, match=r"sns\.flux"):  # no parameter of a count
        study.fit(widths=[("sns.flux", 0.05)])
    with pytest.raises(UnknownNameError, match="nsj"):
        cevns.load(NAME, models="nsj")
    with pytest.raises(InputError, match="at least one experiment"):
        cevns.load()
    with pytest.raises(InputError, match="is compared with another"):
        study.compare()
    with pytest.raises(InputError, match="applies to one experiment"):
        cevns.load(NAME, future).limit()


def test_compare_is_by_name_and_needs_no_joint_fit() -> None:
    """Experiments that hold the same data are compared, though they are never fitted together."""
    study = cevns.load("coherent-csi-2017", NAME)
    assert study.compare()[NAME].steps[0].label == "protons on target"
    with pytest.raises(InputError, match="hold the same data"):
        study.fit()


def test_couplings_that_one_element_cannot_tell_apart_are_refused() -> None:
    """Isotopes, and caesium and iodine, differ too little; MINOS would search without an end."""
    for name in ("coherent-csi-2021", "coherent-ge-2024"):
        study = cevns.load(name, models="nsi")
        with pytest.raises(FitError, match="eps_ee_u, eps_ee_d are degenerate, because the data"):
            study.fit(free=("eps_ee_u", "eps_ee_d"), asimov=True)
    both = cevns.load("coherent-csi-2021", "coherent-ge-2024", models="nsi")
    found = both.fit(free=("eps_ee_u", "eps_ee_d"), asimov=True, minos="none").fit
    assert found.valid
    assert found["eps_ee_u"].error == pytest.approx(2.41, abs=0.1)
