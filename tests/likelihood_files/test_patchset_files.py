"""Grids of new physics as patchsets: pyhf applies them, and -2 ln L rises as in a scan."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cevns.exceptions import InputError
from cevns.inference import fit
from cevns.inference.model.grid import Axis
from cevns.likelihood_files.assembled import assembled
from cevns.likelihood_files.exporting import inspect
from cevns.likelihood_files.patchsets import STANDARD_MODEL, patched, patchset_document
from cevns.likelihood_files.workspace_document import read_workspace_document

MASSES, COUPLINGS = [30.0, 300.0], [2e-5, 6e-5]


@pytest.fixture(scope="module")
def study(csi):
    return csi.with_models("light-vector")


@pytest.fixture(scope="module")
def plan(study):
    mass, coupling = study.couplings["m_zprime"], study.couplings["g_zprime"]
    ranges = {
        "m_zprime": Axis(mass, np.array(MASSES), True, True),
        "g_zprime": Axis(coupling, np.array(COUPLINGS), True),
    }
    return study.plan(ranges, form="exact")


@pytest.mark.filterwarnings("ignore::cevns.exceptions.CevnsWarning")
@pytest.mark.filterwarnings("ignore:jsonschema.RefResolver:DeprecationWarning")
def test_pyhf_applies_the_patches(study, plan, tmp_path):
    pyhf = pytest.importorskip("pyhf")
    pytest.importorskip("jsonpatch")
    found = study.export("histfactory", tmp_path / "zp.json", plan=plan)
    assert [f.name for f in found.files] == ["zp.json", "zp.patchset.json", "zp.metadata.json"]
    workspace = pyhf.Workspace(json.loads((tmp_path / "zp.json").read_text()))
    patchset = pyhf.PatchSet(json.loads((tmp_path / "zp.patchset.json").read_text()))
    patchset.verify(workspace)
    assert patchset.labels == ["m_zprime", "g_zprime"]
    assert len(patchset) == 5
    pyhf.set_backend("numpy", pyhf.optimize.minuit_optimizer(tolerance=1e-3))
    theirs, ours = [], []
    try:
        for patch in patchset:
            whole = patchset.apply(workspace, patch.name)
            model = pyhf.Workspace(whole).model()
            data = pyhf.Workspace(whole).data(model)
            lowest = pyhf.infer.mle.fixed_poi_fit(1.0, data, model, return_fitted_val=True)[1]
            theirs.append(float(lowest))
            read = assembled(read_workspace_document(json.loads(json.dumps(whole)), "x.json"))
            ours.append(fit(read, fix={"mu": 1.0}, minos="none").twice_nll)
    finally:
        pyhf.set_backend("numpy", "scipy")
    assert np.diff(theirs) == pytest.approx(np.diff(ours), abs=2e-3)
    # beside the scan itself: what the file loses is said in it
    scan = study.scan({"m_zprime": [30.0, 300.0], "g_zprime": COUPLINGS}).q.ravel()
    rise = np.array(theirs[:4]) - theirs[0]
    lost = found.to_dict()["closure"]["largest_difference"]
    assert np.abs(rise - (scan - scan[0])).max() < 2.0 * lost + 0.02
    assert np.ptp(scan) > 5.0  # the points are apart by more than what is lost
    assert found.to_dict()["lumi_stands_for"] == "sns.flux"


def test_the_closure_of_a_patchset(plan):
    found = patched(plan)
    assert [p.name for p in found.points][-1] == STANDARD_MODEL
    assert found.signals == {"coherent-csi-2021": ("cevns",)}
    closure = found.closure(plan.data)
    assert closure.checked == 5
    assert 0.0 < closure.largest < 0.5
    assert closure.faithful
    assert not closure.warning
    worse = replace(closure, largest=0.11)
    assert not worse.faithful
    assert "by up to 0.11 " in worse.warning
    assert "(limit 0.1); cevns: " in worse.warning
    assert "change the response nonlinearly" in closure.causes["cevns"]


@pytest.mark.filterwarnings("ignore::cevns.exceptions.CevnsWarning")
def test_a_patchset_is_looked_into(study, plan, tmp_path):
    study.export("histfactory", tmp_path / "zp.json", plan=plan)
    found = inspect(tmp_path / "zp.patchset.json")
    assert found.kind == "HistFactory patchset"
    assert found.content["labels"] == ["m_zprime", "g_zprime"]
    (table,) = found.tables
    assert table.rows[-1][0] == STANDARD_MODEL
    assert float(table.rows[-1][-1]) == pytest.approx(331.42, abs=0.01)
    backgrounds = inspect(tmp_path / "zp.json")
    assert "its signals are in zp.patchset.json" in backgrounds.lines
    assert backgrounds.content["poi"] is None


def test_the_patchset_of_another_workspace_is_not_taken(exported, tmp_path):
    """What an earlier export left beside a workspace says nothing of it."""
    shutil.copy(exported("histfactory"), tmp_path / "csi.json")
    left = {"metadata": {"digests": {"sha256": "0" * 64}}, "patches": []}
    for content in (json.dumps(left), json.dumps({"metadata": 1})):
        (tmp_path / "csi.patchset.json").write_text(content)
        assert not any(
            "its signals are in" in line for line in inspect(tmp_path / "csi.json").lines
        )


def test_what_makes_no_patchset(study, plan, tmp_path):
    with pytest.raises(InputError, match="a patchset: --to histfactory"):
        study.export("hs3", tmp_path / "x.json", plan=plan)
    single = study.plan({"g_zprime": [1e-5]}, at={"m_zprime": 30.0}, form="exact")
    with pytest.raises(InputError, match="single point"):
        study.export("histfactory", tmp_path / "x.json", plan=single)
    assert not list(tmp_path.iterdir())


def test_a_sample_that_varies_in_one_channel_stays_in_the_other(plan):
    """Workspace and patch together hold every sample of every channel."""
    found = patched(plan)
    steady = replace(found.points[0].histograms.channels[0], name="second channel")
    points = tuple(
        replace(p, histograms=replace(p.histograms, channels=(*p.histograms.channels, steady)))
        for p in found.points
    )
    signals = {**found.signals, "second channel": ()}
    both = replace(found, points=points, signals=signals)
    workspace, patches = patchset_document(both, "x", "x", {})
    assert "cevns" not in [s["name"] for s in workspace["channels"][0]["samples"]]
    assert [s["name"] for s in workspace["channels"][1]["samples"]] == [
        s.name for s in steady.samples
    ]
    assert {o["path"] for p in patches["patches"] for o in p["patch"]} == {"/channels/0/samples/0"}
