"""HistFactory documents against pyhf: -2 ln L on the same file, for every kind of modifier."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from encoded_models import encoded

from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.inference import Likelihood
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.imported import read_likelihood
from cevns.likelihood_files.workspace_document import (
    digest,
    read_workspace_document,
    workspace_document,
)

pyhf = pytest.importorskip("pyhf")
# pyhf 0.7.6 validates by a part of jsonschema that is to go
pytestmark = pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")
POINTS = 200

EVERY_KIND: dict[str, Any] = {
    "channels": [
        {
            "name": "b",
            "samples": [
                {
                    "name": "signal",
                    "data": [5.0, 10.0, 0.0],
                    "modifiers": [
                        {"name": "mu", "type": "normfactor", "data": None},
                        {"name": "lumi", "type": "lumi", "data": None},
                        {"name": "stat_b", "type": "staterror", "data": [1.0, 2.0, 0.0]},
                        {"name": "rate", "type": "normsys", "data": {"hi": 1.3, "lo": 0.8}},
                    ],
                },
                {
                    "name": "background",
                    "data": [50.0, 60.0, 70.0],
                    "modifiers": [
                        {"name": "stat_b", "type": "staterror", "data": [5.0, 2.0, 0.0]},
                        {
                            "name": "shape",
                            "type": "histosys",
                            "data": {"hi_data": [60.0, 62.0, 66.0], "lo_data": [45.0, 61.0, 80.0]},
                        },
                        {
                            "name": "other",
                            "type": "histosys",
                            "data": {"hi_data": [40.0, 62.0, 66.0], "lo_data": [45.0, 61.0, 80.0]},
                        },
                        {"name": "shape", "type": "normsys", "data": {"hi": 0.9, "lo": 1.2}},
                        {"name": "table", "type": "shapesys", "data": [5.0, 0.0, 3.0]},
                    ],
                },
            ],
        },
        {
            "name": "a",
            "samples": [
                {
                    "name": "background",
                    "data": [20.0, 30.0],
                    "modifiers": [
                        {"name": "free", "type": "shapefactor", "data": None},
                        {"name": "rate", "type": "normsys", "data": {"hi": 1.1, "lo": 0.95}},
                        {"name": "stat_a", "type": "staterror", "data": [2.0, 3.0]},
                    ],
                },
                {
                    "name": "other",
                    "data": [10.0, 3.0],
                    "modifiers": [{"name": "lumi", "type": "lumi", "data": None}],
                },
            ],
        },
    ],
    "observations": [
        {"name": "a", "data": [35.0, 36.0]},
        {"name": "b", "data": [51.0, 77.0, 68.0]},
    ],
    "measurements": [
        {
            "name": "first",
            "config": {
                "poi": "mu",
                "parameters": [
                    {
                        "name": "lumi",
                        "auxdata": [1.0],
                        "sigmas": [0.1],
                        "bounds": [[0.5, 1.5]],
                        "inits": [1.0],
                    },
                    {"name": "other", "auxdata": [0.3]},
                    {"name": "not there", "fixed": True},
                ],
            },
        },
        {
            "name": "second",
            "config": {
                "poi": "mu",
                "parameters": [
                    {
                        "name": "lumi",
                        "auxdata": [1.1],
                        "sigmas": [0.2],
                        "bounds": [[0.1, 2.0]],
                        "inits": [1.1],
                    },
                    {"name": "rate", "fixed": True, "inits": [0.5]},
                ],
            },
        },
    ],
    "version": "1.0.0",
}


def simple(spec: dict[str, Any], counts: list[float]) -> dict[str, Any]:
    return {
        "channels": spec["channels"],
        "observations": [{"name": spec["channels"][0]["name"], "data": counts}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }


def documents(csi) -> dict[str, dict[str, Any]]:
    models = pyhf.simplemodels
    found = encoded(csi, "cross-section")
    return {
        "every kind": EVERY_KIND,
        "uncorrelated": simple(
            models.uncorrelated_background([12.0, 11.0], [50.0, 52.0], [3.0, 7.0]).spec, [51, 48]
        ),
        "correlated": simple(
            models.correlated_background(
                [12.0, 11.0], [50.0, 52.0], [45.0, 57.0], [55.0, 47.0]
            ).spec,
            [51, 48],
        ),
        "csi": json.loads(json.dumps(workspace_document(found.histograms, "csi"))),
    }


def differences(
    document: dict[str, Any], *, measurement: str | None = None, code: str = "code4"
) -> np.ndarray:
    """Ours minus pyhf's rise of -2 ln L above that of the first point."""
    workspace = pyhf.Workspace(document)
    settings = {"normsys": {"interpcode": code}, "histosys": {"interpcode": "code4p"}}
    theirs = workspace.model(measurement_name=measurement, modifier_settings=settings)
    data = workspace.data(theirs)
    histograms = read_workspace_document(
        document, "x.json", measurement=measurement, normsys="code1" if code == "code1" else "code4"
    )
    model = assembled(histograms)
    config = theirs.config
    assert sorted(config.par_names) == sorted(model.parameters.names)
    order = [model.parameters.position(n) for n in config.par_names]
    low, high = np.array(config.suggested_bounds()).T
    start, held = np.array(config.suggested_init()), np.array(config.suggested_fixed())
    assert np.allclose(start, model.parameters.values[order])
    assert (held == [model.parameters[n].fixed for n in config.par_names]).all()
    rng = np.random.default_rng(7)
    step = np.where(start == 0.0, 1.2, 0.4)
    points = np.clip(start + rng.uniform(-1.0, 1.0, (POINTS, len(start))) * step, low, high)
    points[:, held] = start[held]
    theta = np.empty_like(points)
    theta[:, order] = points
    ours = Likelihood.of(model).twice_nll(theta)
    wanted = np.array([-2.0 * float(theirs.logpdf(p, data)[0]) for p in points])
    found: np.ndarray = (ours - ours[0]) - (wanted - wanted[0])
    # a negative expectation has a likelihood in pyhf where nothing is counted, and none here
    return found[(model.expected(theta) >= 0.0).all(axis=1)]


@pytest.mark.parametrize("name", ["every kind", "uncorrelated", "correlated", "csi"])
def test_the_same_as_pyhf(name, csi):
    found = differences(documents(csi)[name])
    assert np.abs(found).max() < 1e-8
    assert found.size > 0.7 * POINTS


def test_another_measurement_and_another_code():
    assert np.abs(differences(EVERY_KIND, measurement="second")).max() < 1e-8
    assert np.abs(differences(EVERY_KIND, code="code1")).max() < 1e-8


def test_the_code_matters():
    """A reader that takes code 1 for code 4 is seen."""
    points = assembled(read_workspace_document(EVERY_KIND, "x.json"))
    other = assembled(read_workspace_document(EVERY_KIND, "x.json", normsys="code1"))
    theta = points.parameters.at({"rate": 0.5}).values
    a, b = (float(Likelihood.of(m).twice_nll(theta)) for m in (points, other))
    assert abs(a - b) > 1e-4


def test_slopes_are_those_of_the_likelihood():
    model = assembled(read_workspace_document(EVERY_KIND, "x.json"))
    likelihood = Likelihood.of(model)
    rng = np.random.default_rng(5)
    theta = model.parameters.values + rng.uniform(-0.3, 0.3, len(model.parameters))
    free = list(model.parameters.free)
    found = likelihood.gradient(theta)[free]
    unit = np.eye(len(theta))[free]
    wanted = [
        (likelihood.minimised(theta + 1e-5 * e) - likelihood.minimised(theta - 1e-5 * e)) / 2e-5
        for e in unit
    ]
    assert found == pytest.approx(wanted, rel=1e-6, abs=1e-6)


def test_fit_of_a_file_agrees_with_pyhf(tmp_path):
    path = tmp_path / "w.json"
    path.write_text(json.dumps(EVERY_KIND))
    found = read_likelihood(path).fit()
    workspace = pyhf.Workspace(EVERY_KIND)
    theirs = workspace.model(
        modifier_settings={"normsys": {"interpcode": "code4"}, "histosys": {"interpcode": "code4p"}}
    )
    # with its default tolerance pyhf stops a tenth of an error before the minimum
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-3))
    try:
        best = pyhf.infer.mle.fit(workspace.data(theirs), theirs)
    finally:
        pyhf.set_backend("numpy", "scipy")
    mu = best[theirs.config.poi_index]
    assert found.fit["mu"].value == pytest.approx(float(mu), abs=0.01 * found.fit["mu"].error)
    assert found.significance is not None
    record = found.to_dict()
    assert record["channels"]["a"]["observed"] == 71.0
    assert record["inputs"]["files"][0]["sha256"] == digest(EVERY_KIND)


def test_the_digest_is_that_of_pyhf():
    assert digest(EVERY_KIND) == pyhf.utils.digest(EVERY_KIND)


def changed(**where: Any) -> dict[str, Any]:
    """The document with some fields of its second sample of the first channel changed."""
    out: dict[str, Any] = json.loads(json.dumps(EVERY_KIND))
    out["channels"][0]["samples"][1].update(where)
    return out


def configured(parameter: dict[str, Any]) -> dict[str, Any]:
    """The document with a measurement that configures one parameter."""
    measurement = {"name": "m", "config": {"poi": "mu", "parameters": [parameter]}}
    return {**EVERY_KIND, "measurements": [measurement]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            changed(modifiers=[{"name": "x", "type": "customnorm", "data": None}]),
            "'x' of sample 'background' is a 'customnorm', which is not read",
        ),
        (changed(data=[1.0]), "'stat_b' has another number of bins than a sample"),
        (changed(modifiers=[{"name": "mu", "type": "normsys", "data": {"hi": 1.1, "lo": 0.9}}]),
         "has the name of another kind"),
        ({**EVERY_KIND, "observations": EVERY_KIND["observations"][:1]}, "'b' has no observation"),
        ({**EVERY_KIND, "extra": 1}, "extra"),
        ({**EVERY_KIND, "version": "2.0.0"}, "version"),
        ({**EVERY_KIND, "channels": []}, "channels"),
        (
            configured({"name": "stat_b", "fixed": [True, False, False]}),
            r"parameters\.0\.fixed: Input should be a valid boolean",
        ),
    ],
)  # fmt: skip
def test_what_is_no_workspace_is_refused_by_name(document, said):
    with pytest.raises(DataError, match=said):
        read_workspace_document(document, "x.json")


def test_choices(tmp_path):
    path = tmp_path / "w.json"
    path.write_text(json.dumps(EVERY_KIND))
    assert read_likelihood(path, {"measurement": "second"}).model.parameters["rate"].fixed
    with pytest.raises(UnknownNameError, match="did you mean 'first'"):
        read_likelihood(path, {"measurement": "first-one"})
    with pytest.raises(UnknownNameError, match="code4"):
        read_likelihood(path, {"normsys": "code7"})
    with pytest.raises(UnknownNameError, match="measurement"):
        read_likelihood(path, {"target.mass": "1 kg"})
    patchset = tmp_path / "p.json"
    patchset.write_text(json.dumps({"patches": [], "metadata": {}, "version": "1.0.0"}))
    with pytest.raises(InputError, match="pyhf patchset apply"):
        read_likelihood(patchset)
