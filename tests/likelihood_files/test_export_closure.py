"""What is lost in a file of histograms, against the numbers measured for each encoding.

The numbers are those of a study with pyhf of an earlier version (0.1.0), in which the CsI[Na]
efficiency was clamped before it was morphed; with the same order they come out within a fifth of
their size, the spread of the random points of the box included. LAr has no such efficiency.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from encoded_models import encoded, model_of

from cevns.detectors.framework.efficiency_curve import Morphed
from cevns.exceptions import CevnsWarning, InputError
from cevns.inference import Channel, Component, Model, observed
from cevns.inference.model.shapes import fixed
from cevns.inference.statistics.gaussian import Gaussian as GaussianValues
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.closure import Closure, close
from cevns.likelihood_files.encoding import Rules, encode
from cevns.likelihood_files.histograms import HistoSys, NormFactor, NormSys
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.study import Study

FIFTH = 0.2
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def closure(study: Study, poi: str, rules: Rules, *, freed: bool = False) -> Closure:
    found = encoded(study, poi, freed=freed, rules=rules)
    return close(found, assembled(found.histograms), model_of(study, poi)[1])


def test_argon_counts_with_shapes_held(lar):
    found = closure(lar, "count", Rules())
    assert abs(found.shift) < 2e-4  # +0.02 % of the error with pyhf, whose minimum is that good
    assert found.file_z == pytest.approx(3.8784, abs=5e-4)
    assert found.z == pytest.approx(3.8784, abs=5e-4)
    assert found.profile < 5e-5
    assert found.box < 5e-5


# rates, change of the value in errors and of the error, Z, profile, largest difference in the box
ARGON = [
    ("additive", 0.0405, -0.004, 3.862, 0.44, 71.0),
    ("none", 0.0005, -0.002, 3.8074, 0.018, 2.5),
    ("one", 0.0005, -0.002, 3.8050, 0.0, 0.0),
]


@pytest.mark.parametrize(("rates", "shift", "error", "z", "profile", "box"), ARGON)
def test_argon_shapes_profiled(rates, shift, error, z, profile, box, lar):
    found = closure(lar, "count", Rules(rates=rates), freed=True)
    # minima of pyhf are known to half a thousandth of the error
    assert found.shift == pytest.approx(shift, rel=FIFTH, abs=6e-4)
    assert found.error_change == pytest.approx(error, abs=0.003)
    assert found.file_z == pytest.approx(z, abs=5e-4)
    assert found.z == pytest.approx(3.805, abs=5e-4)
    assert found.profile == pytest.approx(profile, rel=FIFTH, abs=5e-5)
    assert found.box == pytest.approx(box, rel=FIFTH, abs=5e-5)


def test_argon_keeps_the_largest_rate_linear(lar):
    found = encoded(lar, freed=True)
    assert found.linear == ("brn",)
    brn = next(s for s in found.histograms.channels[0].samples if s.name == "brn")
    assert [m.parameter for m in brn.modifiers if isinstance(m, NormFactor)] == ["lumi"]
    constraint = found.histograms.parameters["lumi"].constraint
    assert constraint is not None
    assert (constraint.mean, constraint.sigma) == pytest.approx((1.0, 160 / 497))
    assert not found.lost


@pytest.fixture
def clamped_first(monkeypatch):
    """Efficiencies clamped before they are morphed, as when the numbers were measured."""

    def parts(self, x):
        zero, up, down = (c(x) for c in (self.nominal, self.plus, self.minus))
        return zero, 0.5 * (up - down), 0.5 * (up + down) - zero

    monkeypatch.setattr(Morphed, "_parts", parts)
    import cevns

    return cevns.load("coherent-csi-2021")


def test_csi_count_as_it_was_measured(clamped_first):
    found = closure(clamped_first, "count", Rules())
    assert found.value == pytest.approx(310.48, abs=0.02)
    assert found.z == pytest.approx(11.5261, abs=2e-4)
    assert found.file_z == pytest.approx(11.5257, abs=2e-4)
    assert found.shift == pytest.approx(0.0028, rel=FIFTH)
    assert found.profile == pytest.approx(0.048, rel=FIFTH)
    assert found.box == pytest.approx(0.41, rel=FIFTH)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rules", "shift", "error"),
    [
        (Rules("additive", split=False), 0.060, 0.015),
        (Rules("none", split=False), 0.0185, 0.004),
        (Rules("one", split=False), 0.0185, 0.003),
        (Rules("one"), 0.005, 0.002),
    ],
)
def test_csi_cross_section_as_it_was_measured(rules, shift, error, clamped_first):
    found = closure(clamped_first, "cross-section", rules)
    assert found.value == pytest.approx(170.86, abs=0.02)
    assert found.shift == pytest.approx(shift, rel=FIFTH)
    assert found.error_change == pytest.approx(error, abs=0.0013)
    assert found.file_z == pytest.approx(11.5257 if rules.split else 11.525, abs=5e-4)


def test_csi_count_today(csi):
    """The file is the same as ever; the model between its variations is another one."""
    found = closure(csi, "count", Rules())
    assert found.file_value == pytest.approx(310.56, abs=0.02)  # ROOT on the file of the study
    assert found.file_error == pytest.approx(31.87, abs=0.02)
    assert found.value == pytest.approx(310.37, abs=0.02)
    assert found.faithful
    assert not found.warning


def test_csi_cross_section_is_not_as_good_and_says_why(csi, tmp_path):
    with pytest.warns(
        CevnsWarning, match=r"profile by 0\.2.*efficiency change the response nonlinearly"
    ):
        found = csi.export("histfactory", tmp_path / "x.json", poi="cross-section")
    assert not found.to_dict()["closure"]["faithful"]
    with pytest.raises(InputError, match="nothing is written"):
        csi.export("histfactory", tmp_path / "y.json", poi="cross-section", strict=True)
    assert not list(tmp_path.glob("y*"))


def test_modifiers_of_the_cross_section(csi):
    """Rules 1 and 2: the flux is linear, the form factor exponential, pulls are split."""
    found = encoded(csi, "cross-section")
    assert found.linear == ("sns.flux",)
    signal, steady = found.histograms.channels[0].samples[:2]
    by_name: dict[str, list] = {}
    for m in signal.modifiers:
        by_name.setdefault(m.parameter, []).append(m)
    assert [type(m) for m in by_name["form_factor"]] == [NormSys]
    shape, total = by_name["efficiency"]
    assert isinstance(shape, HistoSys)
    assert isinstance(total, NormSys)
    assert shape.high.sum() == pytest.approx(signal.nominal.sum())
    assert total.high == pytest.approx(1.113, abs=0.002)  # +11.3 % of the measurement's page
    assert [type(m) for m in steady.modifiers] == [HistoSys]


def test_points_of_model_and_file_agree(csi):
    found = encoded(csi, "cross-section")
    theta = csi.model("cross-section").parameters.at({"sns.flux": 1.2, "form_factor": 0.966}).values
    names = found.histograms.parameters.names
    written = dict(zip(names, found.written(theta), strict=True))
    assert written["lumi"] == pytest.approx(1.2)
    assert written["form_factor"] == pytest.approx(-1.0)
    assert written["mu"] == pytest.approx(1.0)


def test_a_lost_constraint_is_seen(csi):
    """The trap of ROOT 6.40: without the constraint of the flux the error is another one."""
    found = encoded(csi, "cross-section")
    free = Parameters(
        p if p.name != "lumi" else replace(p, constraint=Gaussian(1.0, 1.0))
        for p in found.histograms.parameters
    )
    spoilt = assembled(replace(found.histograms, parameters=free))
    assert close(found, spoilt, "cross_section").error_change > 3.0


def test_what_cannot_be_expressed_is_named(csi):
    with pytest.raises(InputError, match=r"'sin2_theta_w' is free and changes 'cevns'.*patchset"):
        csi.export("histfactory", "never.json", poi="sin2-theta-w")
    import cevns

    on_off = cevns.load(EXAMPLES / "source-on-off.yaml")
    with pytest.raises(InputError, match="statistic OnOff"):
        on_off.export("hs3", "never.json")


def test_correlated_constraints_are_refused(csi):
    """A measurement of two parameters at once is a channel of its own."""
    model, poi = model_of(csi)
    values = [
        Component(n, fixed(row), (n,)) for n, row in zip(("brn", "nin"), np.eye(2), strict=True)
    ]
    statistic = GaussianValues(covariance=np.array([[21.0, 3.0], [3.0, 4.0]]))
    both = Channel("of both", np.array([18.4, 5.6]), tuple(values), statistic, auxiliary=True)
    joint = replace(model, channels=(*model.channels, both))
    with pytest.raises(InputError, match="of both is a measurement of brn, nin beside the counts"):
        encode(joint, observed(joint), poi)


def test_a_measured_value_away_from_the_nominal_one_is_kept(csi):
    """A pull that starts elsewhere than at its mean is written where it starts."""
    model, poi = model_of(csi)
    moved = model.with_parameters(model.parameters.at({"t0": 0.499}))
    found = encode(moved, observed(moved), poi)
    assert found.histograms.parameters["t0"].value == pytest.approx(1.0)
    assert np.isclose(found.link("t0").width, 0.025)


def test_a_rate_without_an_exponential_is_refused_by_name():
    """A deviation of 100 % leaves nothing, which no power does; HS3 keeps the rate linear."""
    rates = [Parameter(n, 1.0, lower=0.0, constraint=Gaussian(1.0, s)) for n, s in
             (("wide", 1.2), ("whole", 1.0))]  # fmt: skip
    parameters = Parameters([Parameter("signal", 1.0, lower=0.0, role="poi"), *rates])
    components = (
        Component("signal", fixed(np.array([2.0, 5.0])), ("signal",)),
        Component("background", fixed(np.array([10.0, 9.0])), ("wide", "whole")),
    )
    model = Model("m", parameters, (Channel("c", np.array([12.0, 14.0]), components),))
    with pytest.raises(InputError, match="'whole' changes 'background' by 100 % or more"):
        encode(model, observed(model), "signal")
    found = encode(model, observed(model), "signal", Rules("all"))
    assert not found.lost
    assert close(found, assembled(found.histograms), "signal").box < 1e-9


@pytest.mark.parametrize(
    ("shift", "profile", "said", "unsaid"),
    [
        (0.015, 0.21, "-2lnL along the profile by 0.21 (limit 0.1)", "cross_section"),
        (-0.031, 0.05, "cross_section by -3.1 % of its error (limit 2 %)", "profile"),
        (0.031, float("nan"), "(limit 2 %), -2lnL along the profile by nan", "0.21"),
    ],
)
def test_a_warning_names_what_is_beyond_its_limit_only(shift, profile, said, unsaid):
    found = Closure(
        "cross_section", "", 100.0, 10.0, 100.0 + 10.0 * shift, 10.0, None, None, profile, 0.0,
        0.0, 1, 0, {"cevns": "a cause"},
    )  # fmt: skip
    assert said in found.warning
    assert unsaid not in found.warning
    assert found.warning.endswith("; cevns: a cause")


def test_one_cause_has_the_verb_of_one(csi):
    """Of the count the form factor is held; of the cross section it multiplies."""
    text = encoded(csi, "cross-section").lost["cevns"]
    assert "form_factor multiplies linearly in cevns and is exponential in the file" in text
    assert "efficiency change the response" in text
