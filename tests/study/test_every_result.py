"""Every class of results in a notebook: short, in tables, as JSON, data frame, histogram, figure.

A result is whatever has `to_dict`, and whatever the public functions return. A new class without
an example here fails, and so does one that is no `Result`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cevns
from cevns import quenching, reproduction
from cevns.analysis.directions import DirectionsRecord, MeasuredDirections
from cevns.analysis.events.event_sample import event_sample
from cevns.analysis.events.sample_file import draw_to_file
from cevns.analysis.expected.burst_counts import burst_counts
from cevns.analysis.expected.burst_views import Bare
from cevns.analysis.expected.relic_line import relic, relic_point
from cevns.analysis.expected.time_counts import time_counts
from cevns.analysis.fog import FogCase, neutrino_fog
from cevns.analysis.sensitivity.matrix import sensitivity_matrix
from cevns.analysis.studies.lma_dark_sigma import LmaDarkTest
from cevns.exceptions import InputError, MissingExtraError, UnknownNameError
from cevns.experiments.description import describe
from cevns.inference import function_model
from cevns.inference.model.grid import Grid
from cevns.inference.scan.cls import cls_scan
from cevns.inference.scan.cost import plan
from cevns.inference.scan.profile_scan import profile_scan
from cevns.likelihood_files.imported import read_likelihood
from cevns.parameters import Parameter, Parameters
from cevns.processes import interaction
from cevns.rates.recoil_angles import RecoilAngles
from cevns.records import _FIGURES, Binned, Explorable, Result, Shown
from cevns.sources import SNS, source
from cevns.sources.supernova import Supernova
from cevns.study.choice_variants import variants

pytest.importorskip("matplotlib")
pytest.importorskip("pandas")

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@cache
def study() -> Any:
    return cevns.load("coherent-csi-2021")


@cache
def fit() -> Any:
    return study().fit()


@cache
def scan() -> Any:
    nsi = cevns.load("coherent-csi-2021", models="nsi")
    return nsi.scan({"eps_ee_u": np.linspace(-0.3, 0.8, 23)})


@cache
def plane() -> Any:
    nsi = cevns.load("coherent-csi-2021", models="nsi")
    values = np.linspace(-0.5, 0.8, 8)
    return nsi.scan({"eps_ee_u": values, "eps_mumu_u": values})


@cache
def grid() -> Any:
    """One count over a known background."""
    signal = Parameter("s", 5.0, role="poi", lower=0.0, upper=40.0)
    model = function_model("counting", Parameters([signal]), np.array([9.0]), lambda t: t + 4.0)
    return Grid.of(model, {"s": np.linspace(0.0, 20.0, 9)})


@cache
def posterior() -> Any:
    pytest.importorskip("emcee")
    from cevns.inference.bayes.sampling import sample

    model = grid().family.model({})
    return sample(model, seed=1, walkers=16, effective=200)


@cache
def exported() -> Any:
    folder = Path(tempfile.mkdtemp())
    try:
        return study().export("csv", folder / "csi.csv")
    finally:
        shutil.rmtree(folder)


@cache
def imported() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        study().export("histfactory", Path(folder) / "csi.json")
        return read_likelihood(Path(folder) / "csi.json").fit(minos="none")


@cache
def toys() -> Any:
    return study().toys(40, seed=1, workers=1)


@cache
def combination() -> Any:
    return cevns.load("global:csi,ge-2024").combine()


@cache
def projection() -> Any:
    one = cevns.load("coherent-cryocsi", overrides={"variant": "sensitivity"})
    return one.sensitivity("sin2-theta-w", years=[1, 3], flux_error=[0.05])


@cache
def field_scan() -> Any:
    return cevns.load("coherent-cryocsi").scan_field("target.mass", [5.0, 10.0], unit="kg")


@cache
def burst() -> Any:
    star = Supernova(distance_kpc=10.0, model="ls220-27")
    return burst_counts(star, Bare("Xe", threshold_kevnr=1.0), background_kg_d=1e-2)


@cache
def directions() -> Any:
    sun = source("sun", live_time_d=365.25, branches="b8")
    process = interaction("standard-model", couplings="scholberg2021", axial=False)
    angles = RecoilAngles(sun, "F", 1.0, 3.0, process, "helm")
    return DirectionsRecord(MeasuredDirections(angles), "sun", "a kilogram and a year")


@cache
def events() -> Any:
    return event_sample(study().experiments[0], ["cevns"])


@cache
def changed() -> Any:
    weaker = {"variant": "excess", "source.power": "[2 GW, 4.25 GW]"}
    return cevns.load("nucleus-2026", overrides=weaker).compare()["nucleus-2026"]


def dark_test() -> LmaDarkTest:
    numbers = (59.7, 0.1, 0.9, "a region", "interval", 4.0, 3.0, 0.5, 0.1, 0.4, 0.0)
    return LmaDarkTest("coherent-csi-2021", *numbers)


def time_axis() -> Any:
    supernova = cevns.load(EXAMPLES / "excess-in-time.yaml").experiments[0]
    return next(iter(time_counts(supernova).values()))


MADE: dict[str, Callable[[], Any]] = {
    "Above": lambda: directions().found.above[0],
    "Alternatives": lambda: cevns.load("coherent-lar-2020").fit(minos="none").alternatives,
    "BurstCounts": burst,
    "CevnsLimit": lambda: cevns.load("coherent-lar-engineering").limit(events=7.4),
    "ChannelResult": lambda: fit().only.only,
    "ClsScan": lambda: cls_scan(grid(), toys=0),
    "CombinedFit": combination,
    "Comparison": changed,
    "ComponentCount": lambda: fit().components["cevns"],
    "Contour": lambda: plane().contours(),
    "Cost": lambda: plan(grid(), 100, cores=2),
    "CredibleMap": lambda: posterior().region(grid()),
    "DaysToSee": lambda: changed().days,
    "Detection": lambda: burst().detection,
    "Description": lambda: describe(study().experiments[0]),
    "DirectionsRecord": directions,
    "Drawn": lambda: draw_to_file(events(), 50, 1)[0],
    "Emission": lambda: next(iter(study().flux().values())).emission,
    "EventSample": events,
    "Expected": lambda: projection().headline,
    "ExperimentResult": lambda: fit().only,
    "ExpectedCounts": lambda: study().predict()["coherent-csi-2021"],
    "Export": exported,
    "FieldScan": field_scan,
    "FitResult": lambda: fit().fit,
    "FittedParameter": lambda: fit().poi,
    "Flux": lambda: next(iter(study().flux().values())),
    "FluxAveraged": lambda: cevns.flux_averaged_cross_section(SNS(19.3, 3.2e23), "CsI"),
    "ImportedFit": imported,
    "LmaDarkTest": dark_test,
    "Measurement": fit,
    "NeutrinoFog": lambda: neutrino_fog(FogCase("Xe"), [6.0, 60.0], with_map=True),
    "Posterior": posterior,
    "Profile": lambda: study().profile(points=9),
    "ProfileCurve": lambda: study().profile(points=9).curve,
    "ProfileScan": lambda: profile_scan(grid()),
    "QuenchingFit": lambda: quenching.fit("csi"),
    "Rate": lambda: next(iter(study().rate().values())),
    "Relic": lambda: relic(["dark-photon"], [5.0, 10.0, 20.0], alpha_d=0.5, ratio=3.0),
    "RelicPoint": lambda: relic_point("dark-photon", 10.0, 30.0, 0.5),
    "Row": lambda: next(iter(reproduction.reproduce(["nai"]))),
    "Scan": scan,
    "Sensitivity": projection,
    "SensitivityMatrix": lambda: sensitivity_matrix(
        study().experiments, topics=("cross-section", "sin2-theta-w")
    ),
    "SetFit": lambda: combination().sets["csi"],
    "StrengthLimit": lambda: cevns.load("xenonnt-2026", models="wimp-si").upper_limit(
        at={"m_wimp": 6.0}
    ),
    "Systematics": lambda: study().systematics(),
    "Table": lambda: importlib.import_module("cevns.report.gallery.maximum_recoil").table(),
    "TimeCounts": time_axis,
    "ToyResult": lambda: toys().toys,
    "ToyStudy": toys,
    "Variant": lambda: variants("global:ge-2024")[0],
}


def subclasses(of: type) -> set[type]:
    """All of them, however far below."""
    return {c for one in of.__subclasses__() for c in (one, *subclasses(one))}


def every_class() -> dict[str, type]:
    """All classes of the package by their dotted names."""
    found = {}
    for module in pkgutil.walk_packages(cevns.__path__, "cevns."):
        if module.name.endswith("__main__"):
            continue
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and each.__module__.startswith("cevns."):
                found[f"{each.__module__}.{each.__qualname__}"] = each
    return found


def test_every_class_with_a_record_is_a_result() -> None:
    records = {n for n, c in every_class().items() if "to_dict" in vars(c)}
    results = {n for n, c in every_class().items() if issubclass(c, Result)}
    assert not records - results


def test_every_result_has_an_example() -> None:
    every_class()
    ours = {c.__name__ for c in subclasses(Result) if c.__module__.startswith("cevns.")}
    assert ours - {"Binned"} == set(MADE)


def test_figures_are_declared_for_classes_that_there_are() -> None:
    """The figure of a class of another name would be that of any result, a table."""
    declared = set(_FIGURES) - {"Result", "ax", "explore", "map of DirectionsRecord"}
    assert declared <= set(MADE)
    for dotted in _FIGURES.values():
        module, _, name = dotted.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_what_a_study_returns_are_results() -> None:
    """By the annotations of the methods of a study."""
    every_class()
    named = {c.__name__ for c in subclasses(Result)}
    others = {
        "Any",
        "None",
        "str",
        "Model",
        "Study",
        "Subject",
        "Parameters",
        "ScanPlan",
        "Export",
        "Experiment",
    }
    kinds = {
        n: str(f.__annotations__["return"]).replace("analysis.", "")
        for owner in (cevns.Study, cevns.study.combined_study.CombinedStudy)
        for n, f in ((n, getattr(owner, n)) for n in dir(owner) if not n.startswith("_"))
        if callable(f) and n not in {*dir(Shown), *dir(Explorable)}
    }
    inner = {n: k.removeprefix("ByExperiment[").removesuffix("]") for n, k in kinds.items()}
    asked = {n: k.removeprefix("dict[str, ") for n, k in inner.items()}
    assert len(asked) > 15
    assert not {n: k for n, k in asked.items() if k not in named | others and kinds[n] not in named}


class Page(HTMLParser):
    """Checks that every element ends, and gathers what stands in it."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles = ""
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.styles += ";".join(value or "" for name, value in attrs if name == "style") + ";"

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def parsed(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    assert not page.open
    return page


ALLOWED = {
    *["div", "b", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "ul", "li"]
}


SLOW = {"ClsScan", "CombinedFit", "CredibleMap", "Posterior", "SetFit", "StrengthLimit"}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in MADE]
)
def test_a_result_in_a_notebook(name: str) -> None:
    found = MADE[name]()
    assert type(found).__name__ == name
    assert isinstance(found, Result)
    assert len(repr(found)) < 200
    assert "\n" not in repr(found)
    assert str(found)

    html = found._repr_html_()
    assert len(html.encode()) < 20_000
    page = parsed(html)
    assert "table" in page.tags
    assert page.tags <= ALLOWED
    assert page.attributes <= {"style", "cellpadding"}
    assert "color:" not in page.styles.replace("currentColor", "")

    record = json.loads(json.dumps(found.to_dict()))
    assert isinstance(record, dict)
    assert record

    frame = found.to_pandas()
    assert frame.size
    for table in found.record_tables():
        assert found.to_pandas(table).size

    figure = found.plot()
    assert figure.axes


@pytest.mark.parametrize("name", ["ChannelResult", "Measurement", "ExperimentResult", "TimeCounts"])
def test_counts_in_bins(name: str) -> None:
    pytest.importorskip("hist")
    found = MADE[name]()
    histogram = found.to_hist()
    axes, counts = found.counts_in_bins()
    assert [a.name for a in histogram.axes] == ["of", *(a.name for a in axes)]
    for part, values in counts.items():
        assert histogram[part, ...].sum() == pytest.approx(values.sum())
        assert np.array_equal(histogram[part, ...].values(), values)


def test_counts_of_a_fit_by_their_axes() -> None:
    """1578 events; the first energy and time bins are those of the data."""
    pytest.importorskip("hist")
    histogram = fit().to_hist()
    assert histogram["observed", ...].sum() == 1578.0
    assert histogram["cevns", ...].sum() == pytest.approx(fit().components["cevns"].fit)
    assert histogram["observed", :, sum].values().tolist() == fit().observed.sum(axis=1).tolist()
    assert set(subclasses(Binned)) >= {type(fit()), type(fit().only), type(fit().only.only)}


def test_data_without_bins_have_no_histogram() -> None:
    unbinned = cevns.load(EXAMPLES / "event-list.yaml").fit()
    with pytest.raises(InputError, match="not a table of counts"):
        unbinned.to_hist()


def test_tables_by_name() -> None:
    frame = fit().to_pandas()
    assert list(frame.index) == [p.name for p in fit().fit]
    assert frame.loc["t0", "value"] == fit().fit["t0"].value
    points = scan().to_pandas()
    assert len(points) == 23
    assert points["delta_twice_nll"].min() >= 0.0
    assert len(plane().to_pandas()) == 64
    assert plane().to_pandas()["delta_twice_nll"].to_numpy().tolist() == plane().q.ravel().tolist()
    assert fit().to_pandas("summary")["significance"][0] == fit().z
    with pytest.raises(UnknownNameError, match="did you mean 'parameters'"):
        fit().to_pandas("parameter")


@pytest.mark.parametrize(("package", "method"), [("pandas", "to_pandas"), ("hist", "to_hist")])
def test_a_missing_library_is_named(
    package: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(importlib.import_module("sys").modules, package, None)
    with pytest.raises(MissingExtraError, match=r"cevns\[notebook\]"):
        getattr(fit(), method)()


@pytest.mark.parametrize("name", ["Measurement", "Profile", "Scan", "CevnsLimit", "Table"])
def test_a_figure_in_place_of_axes(name: str) -> None:
    """Of two axes one holds it, and the other one stays as it was."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.0, 4.0), layout="constrained")
    left, right = figure.subplots(1, 2)
    drawn = MADE[name]().plot(ax=left)
    figure.draw_without_rendering()
    assert drawn in figure.subfigs
    assert drawn.axes
    assert not left.axison
    assert max(a.get_window_extent().x1 for a in drawn.axes) < right.get_window_extent().x0
    with pytest.raises(InputError, match="not part of a grid"):
        MADE[name]().plot(ax=figure.add_axes((0.0, 0.0, 0.1, 0.1)))


def test_what_a_user_wrote_is_escaped() -> None:
    @dataclass(frozen=True)
    class Written(Result):
        name: str

        def to_dict(self) -> dict[str, Any]:
            return {"name": self.name, self.name: {"a": 1.0, self.name: self.name}}

    evil = "<script>alert('x')</script>&"
    page = parsed(Written(evil)._repr_html_())
    assert page.tags <= ALLOWED
    assert page.text.count(evil) >= 4


def test_a_long_result_names_what_it_leaves_out() -> None:
    class Long(Result):
        def to_dict(self) -> dict[str, Any]:
            rows = [{f"column{i}": "x" * 90 for i in range(30)} for _ in range(60)]
            return {f"table{k}": rows for k in range(20)}

    html = Long()._repr_html_()
    assert len(html.encode()) < 20_000
    assert " further rows" in html
    assert "table19" in parsed(html).text


def test_a_result_without_a_table_has_no_figure() -> None:
    class Empty(Result):
        def to_dict(self) -> dict[str, Any]:
            return {}

    assert Empty().to_pandas().empty
    with pytest.raises(InputError, match="Empty: there is no figure"):
        Empty().plot()


def test_an_experiment_shows_what_it_declares() -> None:
    experiment = study().experiments[0]
    page = parsed(experiment._repr_html_())
    for word in ("source", "sns", "14.6", "CsI", "scholberg2021", "physics"):
        assert word in page.text
    digests = [f.sha256 for f in experiment.inputs.files]
    assert digests
    assert all(d in page.text for d in digests)
    assert len(experiment._repr_html_().encode()) < 20_000


def test_what_has_experiments_is_explored() -> None:
    for made in ("Rate", "Profile", "Systematics", "ToyStudy"):
        found = MADE[made]()
        assert isinstance(found, Explorable)
        assert [x.name for x in found.explored()] == ["coherent-csi-2021"]
        with pytest.raises(InputError, match=f"{made} has no counts in bins; the result of a fit"):
            found.to_hist()
    with pytest.raises(InputError, match="a scan holds no experiments to explore"):
        scan().explore()


def test_a_fit_in_a_notebook_leads_with_its_answer() -> None:
    page = parsed(fit()._repr_html_())
    assert page.text.startswith("Fit of COHERENT CsI[Na], full exposurecevns = 310.4 +32.29 -31.45")
    said = page.text.index("the background-only hypothesis is rejected at 11.53 sigma")
    assert said < page.text.index("steady-state background") < page.text.index("summary")
    assert "error_up" not in page.text[: page.text.index("summary")]


def test_a_study_in_a_notebook_leads_with_what_it_is() -> None:
    text = parsed(study()._repr_html_()).text
    assert text.startswith("COHERENT CsI[Na], full exposure (coherent-csi-2021)14.6 kg CsI; ")
    deep = text.index("detector.quenching.variations")
    assert all(text.index(part) < deep for part in ("backgrounds", "parameters", "physics"))


@pytest.mark.parametrize("name", ["predict", "flux", "rate"])
def test_results_by_experiment_are_dictionaries_with_a_face(name: str) -> None:
    found = getattr(study(), name)()
    assert isinstance(found, dict)
    assert list(found) == ["coherent-csi-2021"]
    own = found["coherent-csi-2021"]
    assert found._repr_html_() == own._repr_html_()
    assert found.to_pandas().equals(own.to_pandas())
    assert type(found.plot()) is type(own.plot())
    assert dict(found) == found


def test_several_results_are_drawn_one_by_one() -> None:
    found = cevns.load("coherent-csi-2021", "coherent-ge-2024").predict()
    with pytest.raises(InputError, match="take one of coherent-csi-2021, coherent-ge-2024"):
        found.plot()
    page = parsed(found._repr_html_())
    assert "coherent-ge-2024" in page.text


def test_a_figure_in_a_narrow_place_covers_nothing() -> None:
    from matplotlib.figure import Figure

    with pytest.raises(InputError, match="ax=3: give axes of matplotlib"):
        fit().plot(ax=3)
    figure = Figure(figsize=(10, 4), layout="constrained")
    place = figure.subplots(1, 2)[0]
    drawn = fit().plot(ax=place)
    assert all(axes.get_legend() is None for axes in drawn.axes)
    (legend,) = drawn.legends
    figure.draw_without_rendering()
    box = legend.get_window_extent()
    assert not any(box.overlaps(axes.bbox) for axes in drawn.axes)


def test_an_unknown_parameter_of_a_scan_is_named() -> None:
    nsi = cevns.load("coherent-csi-2021", models="nsi")
    with pytest.raises(InputError, match="nosuch: not a parameter of nsi"):
        nsi.scan({"nosuch": [0.0, 1.0, 2.0]})


def test_messages_name_the_argument_of_python_too() -> None:
    nsi = cevns.load("coherent-csi-2021", models="light-vector")
    with pytest.raises(InputError, match=r"--at \(at=\.\.\.\), or scan it"):
        nsi.fit(free=["m_zprime"])
    with pytest.raises(InputError, match=r"a parameter \(--parameter, in Python parameter=\)"):
        cevns.load("coherent-csi-2021").upper_limit()


def test_parameters_are_a_table() -> None:
    parameters = study().model().parameters
    page = parsed(parameters._repr_html_())
    assert all(p.name in page.text for p in parameters)
    assert "0.474 ± 0.025" in page.text
    assert list(parameters.to_pandas().index) == list(parameters.names)


def test_a_study_of_several_shows_each() -> None:
    both = cevns.load("coherent-csi-2021", "coherent-lar-2020")
    page = parsed(both._repr_html_())
    assert all(n in page.text for n in both.names)
    assert isinstance(both, Shown)
    assert len(both._repr_html_().encode()) < 20_000


def test_a_joint_fit_draws_each_channel() -> None:
    joint = cevns.load("coherent-csi-2021", "coherent-lar-2020").fit(contributions=False)
    assert len(joint._repr_html_().encode()) < 20_000
    assert len(joint.plot().subfigs) == len(joint.channels) == 2
    with pytest.raises(InputError, match="take one of its results by name"):
        joint.to_hist()
    pytest.importorskip("hist")
    assert joint.channels["coherent-lar-2020"].to_hist().sum() > 0.0
