"""``explore()``: the same page in a notebook, its questions answered by the kernel."""

from __future__ import annotations

import pytest

import cevns
from cevns.app.engine import Engine
from cevns.app.widget import engine_of
from cevns.experiments import load
from cevns.experiments.joint import load_joint

CSI = "coherent-csi-2021"


@pytest.fixture(scope="module")
def measured():
    return cevns.load(CSI).fit(minos="none")


@pytest.fixture
def anywidget():
    return pytest.importorskip("anywidget", reason="the extra 'notebook' is not installed")


def test_everything_with_an_experiment_can_be_explored(anywidget, measured):
    study = cevns.load(CSI)
    for shown in (study, study.experiments[0], load_joint([CSI]), measured, measured.only):
        widget = shown.explore("mass=20kg")
        assert isinstance(widget, anywidget.AnyWidget)
        assert widget.state == "experiment=coherent-csi-2021&mass=20.0kg"


def test_a_message_is_answered_with_its_number(anywidget, monkeypatch):
    widget = load(CSI).explore()
    sent = []
    monkeypatch.setattr(widget, "send", sent.append)
    widget._handle_custom_msg({"text": "mass=20kg", "quick": True, "number": 3}, [])
    widget._handle_custom_msg({"text": "mass=20m", "quick": True, "number": 4}, [])
    engine = Engine()
    usual = engine.evaluate(engine.state(f"experiment={CSI}&mass=20kg"), answers=False).record
    assert sent[0]["number"] == 3
    assert sent[0]["record"]["counts"] == usual["counts"]
    assert (sent[1]["number"], sent[1]["field"]) == (4, "mass")


def test_changed_fields_and_new_physics_stay():
    study = cevns.load(CSI, overrides={"target.mass": "20 kg"}, models="magnetic-moment")
    engine = engine_of(study)
    state = engine.state("mu_nu_mu=1e-9 1e-10 mu_B")
    assert engine.state(state.text) == state  # the unit begins with a number of its own
    record = engine.evaluate(state, answers=False).record
    assert engine.experiments == (CSI,)
    model = study.model(free=["mu_nu_mu"])
    expected = model.expected(model.parameters.at({"mu_nu_mu": 1e-9}).values).sum()
    assert record["counts"]["expected"] == pytest.approx(expected, rel=1e-12)
    assert "overrides={'target.mass': '20 kg'}" in record["python"]
    assert "models='magnetic-moment'" in record["python"]


def test_a_process_of_ones_own_keeps_its_couplings():
    experiment = cevns.load(CSI, models="nsi").experiments[0]
    engine = engine_of(experiment)
    record = engine.evaluate(engine.state("eps_ee_u=0.1"), answers=False).record
    assert "g_zprime" not in {f["name"] for f in record["fields"]}
    model = cevns.load(CSI, models="nsi").model(free=["eps_ee_u"])
    expected = model.expected(model.parameters.at({"eps_ee_u": 0.1}).values).sum()
    assert record["counts"]["expected"] == pytest.approx(expected, rel=1e-12)
    assert record["python"].endswith("# without the interaction that was given as an object")


def test_the_page_of_a_notebook_is_that_of_the_command(opened, anywidget):
    """The module draws in any element, with the transport of a notebook in place of fetch."""
    page = opened()
    page.settled()
    record = page.run("page.view")
    shown = page.tab.evaluate(
        """async (record) => {
        const module = await import("/page.mjs");
        const heard = {}, sent = [], saved = {};
        const model = { get: () => "mass=20kg", set: (k, v) => (saved[k] = v), save_changes() {},
          on: (kind, f) => (heard[kind] = f),
          send: (m) => { sent.push(m); heard["msg:custom"]({ number: m.number, record }); } };
        const el = document.createElement("div");
        document.body.append(el);
        module.default.render({ model, el });
        await new Promise((done) => setTimeout(done, 300));
        return { first: sent[0].text, state: saved.state,
          title: el.firstChild.shadowRoot.querySelector("h1").textContent,
          drawn: el.firstChild.shadowRoot.querySelectorAll("svg path").length };
        }""",
        record,
    )
    assert shown["first"] == "mass=20kg"
    assert shown["state"] == record["state"]
    assert shown["title"] == record["experiment"]["title"]
    assert shown["drawn"] > 8
    assert page.said == []


def test_without_the_extra_it_says_so(monkeypatch):
    import sys

    from cevns.exceptions import MissingExtraError

    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(MissingExtraError, match="cevns\\[notebook\\]"):
        load(CSI).explore()
