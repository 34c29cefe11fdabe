"""The engine of the live page gives the numbers of the package, whatever its sliders do."""

from __future__ import annotations

import json
import shutil
from functools import partial

import numpy as np
import pytest

import cevns
from cevns.app.engine import Engine
from cevns.app.scale_laws import scale_law, scaled
from cevns.app.state import StateError, on_the_page
from cevns.experiments import load
from cevns.experiments.declaration.loader import find
from cevns.inference.model.expectation import Model
from cevns.processes import interaction

CSI = "experiment=coherent-csi-2021"
MOVED = {
    "mass": "20kg",
    "distance": "25m",
    "protons": "5e23",
    "yield_per_flavour": "0.09",
    "sin2_theta_w": "0.25",
    "eps_ee_u": "0.1",
    "eps_ee_d": "-0.05",
    "eps_mumu_u": "0.02",
    "eps_mumu_d": "0.03",
    "eps_emu_u": "0.04",
    "g_zprime": "4e-5",
    "m_zprime": "30MeV",
    "ssb": "1300",
    "brn": "20",
    "nin": "6",
    "sns.flux": "1.05",
    "form_factor": "0.98",
    "t0": "480ns",
    "qf.csi.0": "0.5",
    "qf.csi.1": "-0.3",
    "efficiency": "0.7",
}


@pytest.fixture(scope="module")
def engine():
    return Engine()


def expectation(engine: Engine, text: str) -> np.ndarray:
    """What the page draws, all bins."""
    state = engine.state(text)
    placed = engine.opened(state).placed(state)
    return placed.model.expected(placed.theta)


def from_lines(engine: Engine, text: str) -> dict:
    """What the lines of Python compute that the page shows."""
    found: dict = {}
    exec(engine.evaluate(engine.state(text), answers=False).record["python"], found)
    return found


def same(first, second, tolerance=1e-12):
    np.testing.assert_allclose(first, second, rtol=tolerance, atol=0)


@pytest.mark.parametrize("field", [*MOVED])
def test_every_slider_moves_the_view_and_gives_the_numbers_of_the_package(engine, field):
    beside = "&g_zprime=4e-5" if field == "m_zprime" else ""
    text = f"{CSI}{beside}&{field}={MOVED[field]}"
    usual = engine.evaluate(engine.state(CSI + beside), answers=False).record
    moved = engine.evaluate(engine.state(text), answers=False).record
    assert moved["channels"] != usual["channels"]
    assert moved["counts"] != usual["counts"]
    same(expectation(engine, text), from_lines(engine, text)["expected"])


@pytest.mark.parametrize(
    "field", ["pulse_sigma=300ns", "light_yield=10PE/keVee", "energy.coefficients.2=14"]
)
def test_a_rebuilt_detector_is_that_of_the_changed_file(engine, field):
    text = f"{CSI}&{field}"
    same(expectation(engine, text), from_lines(engine, text)["expected"])
    assert not np.allclose(expectation(engine, text), expectation(engine, CSI), rtol=1e-6)


def test_all_sliders_act_together(engine):
    text = CSI + "".join(f"&{name}={value}" for name, value in MOVED.items())
    study = cevns.load(
        "coherent-csi-2021",
        overrides={
            "target.mass": "20 kg",
            "source.distance": "25 m",
            "source.protons": "5e23",
            "source.yield_per_flavour": "0.09",
        },
        models="nsi+light-vector",
    )
    couplings = ["sin2_theta_w", "eps_ee_u", "eps_ee_d", "eps_mumu_u", "eps_mumu_d", "eps_emu_u"]
    model = study.model(free=[*couplings, "g_zprime"], at={"m_zprime": 30.0})
    values = {n: float(v) for n, v in MOVED.items() if model.parameters.has(n) and n != "t0"}
    theta = model.parameters.at({**values, "t0": 0.48}).values
    same(expectation(engine, text), model.expected(theta))
    shown = engine.evaluate(engine.state(text), answers=False).record["counts"]
    assert shown["expected"] == pytest.approx(model.expected(theta).sum(), rel=1e-12)


def test_minus_two_log_likelihood_is_that_of_the_model(engine):
    from cevns.inference import Likelihood

    model = cevns.load("coherent-csi-2021").model("cross-section")
    theta = model.parameters.at({"ssb": 1300.0}).values
    shown = engine.evaluate(engine.state(f"{CSI}&ssb=1300"), answers=False).record["twice_nll"]
    assert shown == pytest.approx(float(Likelihood.of(model).twice_nll(theta)), rel=1e-12)


@pytest.mark.parametrize("moved", ["", "&mass=20kg"])
@pytest.mark.parametrize("fit", ["count", "cross-section", "sin2-theta-w", "eps_ee_u"])
def test_a_fit_is_that_of_the_study(engine, fit, moved):
    text = f"{CSI}{moved}&fit={fit}"
    shown = engine.evaluate(engine.state(text)).record["fit"]
    assert shown["of"] == ("expected counts (Asimov)" if moved else "data")
    best = from_lines(engine, text)["fit"]
    scale = 1e-40 if fit == "cross-section" else 1.0
    assert abs(shown["poi"]["value"] - scale * best.poi.value) < 1e-6 * scale * best.poi.error
    assert shown["poi"]["error"] / (scale * best.poi.error) == pytest.approx(1.0, rel=1e-6)
    if fit in ("count", "cross-section"):
        assert shown["significance"] == pytest.approx(best.z, rel=1e-6)


def test_a_fit_holds_the_couplings_that_were_moved(engine):
    text = f"{CSI}&eps_mumu_u=0.1&m_zprime=20MeV&fit=eps_ee_u"
    shown = engine.evaluate(engine.state(text)).record["fit"]
    best = from_lines(engine, text)["fit"].poi
    assert abs(shown["poi"]["value"] - best.value) < 1e-6 * best.error
    refused = engine.evaluate(engine.state(f"{CSI}&eps_mumu_u=0.1&fit=count")).record["fit"]
    assert refused["error"] == (
        "a fit of count has the couplings as declared: reset eps_mumu_u, or fit a coupling"
    )


def test_the_expected_significance_is_profiled(engine):
    shown = engine.evaluate(engine.state(CSI)).record["significance"]
    profiled = cevns.load("coherent-csi-2021").fit(asimov=True, minos="none")
    assert shown["z"] == pytest.approx(profiled.z, rel=1e-6)
    assert shown["z"] == pytest.approx(11.98, abs=0.005)  # with all backgrounds held it is 13.27
    assert "profiled" in shown["said"]


def test_the_significance_says_what_it_includes(engine):
    """That of CONUS+ is above the published one, which knows less of the background."""
    found = engine.evaluate(engine.state("experiment=conus-plus-2025")).record["significance"]
    assert (
        "without a constraint background of C2; background of C3; background" in found["includes"]
    )
    assert "within their constraints Lindhard k of germanium; energy scale" in found["includes"]
    assert "their shapes above all, is held as declared" in found["includes"]


def test_channels_are_counted_one_by_one(engine):
    """A sum over reactor on and off is none of the signal region."""
    record = engine.evaluate(engine.state("experiment=conus-2020"), answers=False).record
    counts = record["counts"]
    assert [c["name"] for c in counts["channels"]] == ["on", "off"]
    assert sum(c["expected"] for c in counts["channels"]) == pytest.approx(counts["expected"])
    on, off = counts["channels"]
    assert off["signal"] == 0.0
    assert on["signal"] == pytest.approx(counts["components"][0]["expected"])
    assert on["observed"] is None


def test_minus_two_log_likelihood_has_its_number_of_bins(engine):
    for text, bins in ((CSI, 9 * 11), (f"{CSI}&threshold=16PE", 6 * 11)):
        assert engine.evaluate(engine.state(text), answers=False).record["bins"] == bins


def test_without_data_the_view_says_so_and_fits_what_is_expected(engine):
    record = engine.evaluate(engine.state("experiment=conus-plus-2025&fit=count")).record
    assert (record["twice_nll"], record["counts"]["observed"]) == (None, None)
    assert all(axis["data"] is None for c in record["channels"] for axis in c["axes"])
    assert record["fit"]["of"] == "expected counts (Asimov)"
    study = cevns.load("conus-plus-2025")
    assert record["fit"]["poi"]["value"] == pytest.approx(
        study.fit(asimov=True, minos="none").poi.value, rel=1e-6
    )


@pytest.mark.parametrize("moved", ["mass=38.6kg", "distance=25m", "light_yield=20PE/keVee"])
def test_data_are_none_of_another_experiment(engine, moved):
    """What was counted with 14.6 kg says nothing on couplings at 38.6 kg."""
    state = engine.state(f"{CSI}&{moved}&eps_mumu_u=0.05&fit=eps_ee_u")
    record = engine.evaluate(state).record
    assert not record["compared"]
    assert (record["twice_nll"], record["counts"]["observed"]) == (None, None)
    assert all(axis["data"] is None for c in record["channels"] for axis in c["axes"])
    assert record["fit"]["of"] == "expected counts (Asimov)"
    assert abs(record["fit"]["poi"]["value"]) < 1e-3 * record["fit"]["poi"]["error"]
    assert all(abs(p["pull"] or 0.0) < 1e-3 for p in record["fit"]["parameters"])
    assert any(n.startswith("The data were taken with ") for n in record["notes"])
    assert "--asimov" in record["command"]
    assert "asimov=True" in record["python"]


def test_data_stay_with_couplings_nuisances_and_the_threshold(engine):
    state = engine.state(f"{CSI}&eps_ee_u=0.1&qf.csi.0=0.5&threshold=8PE&fit=eps_mumu_u")
    record = engine.evaluate(state).record
    assert record["compared"]
    assert record["fit"]["of"] == "data"
    assert record["counts"]["observed"] > 1000
    assert record["twice_nll"] > 0


def test_without_a_background_no_significance_is_defined(engine):
    record = engine.evaluate(engine.state("experiment=ricochet-ge")).record
    assert record["significance"]["z"] is None
    assert record["significance"]["said"].startswith("undefined")


def test_a_threshold_leaves_bins_out(engine):
    usual = engine.evaluate(engine.state(CSI), answers=False).record
    cut = engine.evaluate(engine.state(f"{CSI}&threshold=16PE&fit=count")).record
    energy = usual["channels"][0]["axes"][0]
    signal = sum(energy["expected"]["cevns"][3:])  # bins from 0, 8, 12, 16 PE on
    assert cut["counts"]["components"][0]["expected"] == pytest.approx(signal, rel=1e-12)
    assert cut["counts"]["observed"] == sum(energy["data"]["values"][3:])
    # along time it is what lies above the threshold
    times = cut["channels"][0]["axes"][1]
    assert sum(times["expected"]["cevns"]) == pytest.approx(signal, rel=1e-12)
    assert cut["twice_nll"] < usual["twice_nll"]
    assert cut["significance"]["z"] < engine.evaluate(engine.state(CSI)).record["significance"]["z"]
    # of the other bins nothing is left in the fit
    whole = engine.evaluate(engine.state(f"{CSI}&fit=count")).record["fit"]
    assert cut["fit"]["ndof"] == whole["ndof"] - 3 * 11
    assert cut["fit"]["poi"]["value"] < whole["poi"]["value"]


def test_cells_of_a_template_are_no_energies(engine):
    """The axis of XENONnT counts cells of four observables: nothing lies above one of them."""
    record = engine.evaluate(engine.state("experiment=xenonnt-2024"), answers=False).record
    assert "threshold" not in {f["name"] for f in record["fields"]}
    for channel in record["channels"]:
        (axis,) = channel["axes"]
        assert (axis["name"], axis["title"], axis["unit"]) == ("cell", "template cell", "")
        assert axis["edges"] == [0.5 + k for k in range(82)]
        assert sum(axis["data"]["values"]) > 0


def test_how_sliders_act_is_found_out(engine):
    bench = engine.opened(engine.state(CSI))
    kinds = {n: bench.kind(n) for n in ("mass", "distance", "pulse_sigma", "light_yield")}
    assert kinds == {
        "mass": "scale",
        "distance": "scale",
        "pulse_sigma": "rebuild",
        "light_yield": "rebuild",
    }
    assert bench.kind("m_zprime") == "structural"
    assert bench.kind("eps_ee_u") == "parameter"
    assert bench.kind("threshold") == "bins"


def test_what_only_seems_to_scale_is_no_scale():
    """Without mixing a rate falls as 1/L^2; with a sterile neutrino it is no power of L."""
    plain = load("coherent-csi-2021")
    mixings = [n for n in interaction("sterile").parameters.names if "2theta" in n]

    def build(factor: float, *, sterile: bool) -> Model:
        changed = plain.with_changes({"source.distance": f"{19.3 * factor!r} m"})
        study = cevns.Study((changed,)).with_models("sterile")
        return study.experiments[0].model(tuple(mixings) if sterile else "cross-section")

    assert scale_law(partial(build, sterile=False)) == {
        ("coherent-csi-2021", "cevns"): -2,
        ("coherent-csi-2021", "ssb"): 0,
        ("coherent-csi-2021", "brn"): 0,
        ("coherent-csi-2021", "nin"): 0,
    }
    assert scale_law(partial(build, sterile=True)) is None
    # a number of events is a parameter of its own question, which changes with the distance
    assert scale_law(lambda f: plain.with_changes({"target.mass": f"{f!r} kg"}).model()) is None


def test_scales_multiply_components(engine):
    model = load("coherent-csi-2021").model("cross-section")
    theta = model.parameters.values
    double = scaled(model, {("coherent-csi-2021", "cevns"): 2.0}).components(theta)
    same(double["cevns"], 2.0 * model.components(theta)["cevns"])
    same(double["ssb"], model.components(theta)["ssb"])


def test_a_released_signal_stays_until_a_coupling_is_moved(engine):
    text = "experiment=coherent-lar-2020"
    usual = engine.evaluate(engine.state(text), answers=False).record
    assert usual["counts"]["components"][0]["expected"] == pytest.approx(128.0)
    assert "mass" not in {f["name"] for f in usual["fields"]}
    assert any("released template" in note for note in usual["notes"])
    same(expectation(engine, text), from_lines(engine, text)["expected"])
    moved = f"{text}&eps_ee_u=0.1"
    same(expectation(engine, moved), from_lines(engine, moved)["expected"])


@pytest.mark.parametrize(
    "name", ["pandax4t-2024", "coherent-ge-2026", "xenonnt-2024", "xenonnt-2026", "xenon1t-2020"]
)
def test_masses_that_set_a_size_have_no_slider(engine, name):
    fields = engine.opened(engine.state(f"experiment={name}")).fields.values()
    assert [f.name for f in fields if f.kind == "file"] == []
    assert any(f.kind == "parameter" for f in fields)


def test_what_nothing_depends_on_has_no_slider(engine):
    """Neutrinos of pions at rest leave in all directions, dark matter does not."""
    plain = engine.opened(engine.state("experiment=coherent-csi-2021-dm"))
    assert "angle" not in plain.fields
    assert {"mass", "distance", "protons"} <= set(plain.fields)


@pytest.mark.parametrize("name", ["coherent-nai-185kg", "coherent-nubes-fe", "coherent-ge-2026"])
def test_notes_give_no_advice_for_a_terminal(engine, name):
    record = engine.evaluate(engine.state(f"experiment={name}"), answers=False).record
    assert record["notes"]
    assert not [note for note in record["notes"] if "--" in note]


def test_messages_name_files_without_their_folders(tmp_path):
    text = "/data/me/x.yaml, line 3: field 'a': 12 /keV/kg/d is no 1/keV; see /etc/cevns/b.csv"
    assert on_the_page(text) == ("x.yaml, line 3: field 'a': 12 /keV/kg/d is no 1/keV; see b.csv")
    own = tmp_path / "mine.yaml"
    shutil.copy(find("nucleus-10g"), own)
    own.write_text(own.read_text("utf-8").replace("name: nucleus-10g", "name: mine"), "utf-8")
    engine = Engine({"mine": load(own)})
    with pytest.raises(StateError) as error:
        engine.evaluate(engine.state("experiment=mine&live_time=1e5d&mass=0.01g&noise=20000eVee"))
    assert str(tmp_path) not in str(error.value)


# -- states ---------------------------------------------------------------------------------------


def test_the_text_of_a_state_is_canonical(engine):
    one = engine.state("eps_ee_u=0.10&mass=20000g&experiment=coherent-csi-2021&t0=0.474us")
    assert one.text == "experiment=coherent-csi-2021&mass=20.0kg&eps_ee_u=0.1"
    assert engine.state(one.text) == one
    assert engine.state(f"#{one.text}") == one


def test_a_state_has_one_text_of_its_view():
    text = f"{CSI}&mass=20kg&eps_ee_u=0.1&light_yield=12PE/keVee&threshold=8PE&fit=eps_ee_u"
    first, second = Engine(), Engine()
    for other in ("&mass=30kg", "&distance=15m", "&fit=count"):  # another past
        second.evaluate(second.state(CSI + other))
    found = [e.evaluate(e.state(text)).text for e in (first, second, second)]
    assert found[0] == found[1] == found[2]
    assert json.loads(found[0])["state"] == first.state(text).text


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        ("experiment=nothing", "experiment", "unknown experiment 'nothing'"),
        ("experiment=/etc/passwd", "experiment", "unknown experiment"),
        (f"{CSI}&models=/tmp/own.py", "models", "unknown interaction"),
        (f"{CSI}&mas=3kg", "mas", "did you mean 'mass'"),
        (f"{CSI}&mass=3m", "mass", "'m' is a unit of length"),
        (f"{CSI}&mass=nan", "mass", "not a finite number"),
        (f"{CSI}&mass=-3kg", "mass", "lies outside"),
        (f"{CSI}&mass=20", "mass", "20 has no unit; write 20 kg"),
        (f"{CSI}&mass=-3kg", "mass", "-3 kg lies outside of 0.0146 to 14600 kg"),
        (f"{CSI}&mass=3kg&mass=4kg", "mass", "given twice"),
        (f"{CSI}&mass", "mass", "is not field=value"),
        (f"{CSI}&eps_ee_u=9", "eps_ee_u", "lies outside of -5 to 5"),
        (f"{CSI}&threshold=9PE", "threshold", "9 PE is no edge of a bin; the nearest one is 8 PE"),
        (f"{CSI}&fit=everything", "fit", "unknown question"),
        ("a" * 5000, "link", "5000 letters"),
    ],
)
def test_a_bad_link_names_its_field(engine, text, field, said):
    with pytest.raises(StateError) as error:
        engine.state(text)
    assert error.value.field == field
    assert said in error.value.said


def test_what_cannot_be_predicted_names_the_slider(engine):
    with pytest.raises(StateError) as error:
        engine.evaluate(engine.state(f"{CSI}&mass=20kg&light_yield=0.02PE/keVee"))
    assert error.value.field == "light_yield"
    assert "no CEvNS event is expected" in error.value.said


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["coherent-csi-2021", "coherent-ge-2024", "conus-plus-2025", "nucleus-10g"]
)
def test_every_slider_there_is_moves_the_view(engine, name):
    """Each one alone, with the numbers of the package; where it may not stand, it says so."""
    text = f"experiment={name}"
    bench = engine.opened(engine.state(text))
    for field in bench.fields.values():
        if field.kind == "bins":
            moved = field.stops[1]
        elif field.kind == "structural":
            moved = 30.0
        else:
            moved = field.value + 0.1 * (field.high - field.value)
        beside = "&g_zprime=4e-5" if field.kind == "structural" else ""
        usual = engine.evaluate(engine.state(text + beside), answers=False).record
        here = f"{text}{beside}&{field.name}={moved!r}{field.unit}"
        record = engine.evaluate(engine.state(here), answers=False).record
        moved = record["counts"] != usual["counts"] or record["channels"] != usual["channels"]
        idle = f"Nothing that is expected here depends on {field.name}."
        assert moved != (idle in record["notes"]), field
        assert moved, field
        if field.kind != "bins":
            same(expectation(engine, here), from_lines(engine, here)["expected"])


@pytest.mark.slow
def test_every_experiment_of_the_catalogue_has_a_view(engine):
    for name in cevns.catalogue():
        record = engine.evaluate(engine.state(f"experiment={name}")).record
        assert record["counts"]["expected"] > 0, name
        assert record["channels"], name


def test_own_files_come_first(tmp_path):
    from cevns.app.opened import opened

    own = tmp_path / "mine.yaml"
    text = find("nucleus-10g").read_text(encoding="utf-8")
    own.write_text(text.replace("name: nucleus-10g", "name: mine"), encoding="utf-8")
    engine = opened([own], overrides={"target.mass": "20 g"})
    assert engine.experiments[0] == "mine"
    record = engine.evaluate(engine.state("")).record
    assert record["experiment"]["name"] == "mine"
    assert str(own) in record["command"]
    assert "--set 'target.mass=20 g'" in record["command"]


def test_expected_counts_are_fitted_back_with_what_was_moved(engine):
    """A fit to Asimov data returns what they were made with, pulls included."""
    text = "experiment=conus-plus-2025&power=4GW&fit=cross-section"
    plain = engine.evaluate(engine.state(text)).record["fit"]["parameters"]
    name = next(p["name"] for p in plain if p["pull"] is not None)
    field = engine.opened(engine.state(text)).fields[name]
    moved = 0.5 * (field.value + field.high)  # two widths of its constraint
    record = engine.evaluate(engine.state(f"{text}&{name}={moved}")).record
    found = {p["name"]: p for p in record["fit"]["parameters"]}
    assert abs(found[name]["value"] - moved) < 1e-3 * found[name]["error"]
    true = 1e-40 * load("conus-plus-2025").model("cross-section").parameters["cross_section"].value
    poi = record["fit"]["poi"]
    assert abs(poi["value"] - true) < 1e-3 * poi["error"]


def test_what_stays_and_what_comes_with_a_coupling_is_said(engine) -> None:
    """A larger target has no more background here, and couplings act on electrons too."""

    def notes(text: str) -> str:
        return " ".join(engine.evaluate(engine.state(text), answers=False).record["notes"])

    assert "With mass the signal changes" in notes("experiment=coherent-csi-2021&mass=29.2kg")
    assert "the signal is CEvNS and electrons" in notes("experiment=conus-plus-2025&g_zprime=1e-6")
    assert not notes("experiment=conus-plus-2025")
