"""Reports: one file that asks for nothing, the same for the same input, with its numbers inside."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cevns
from cevns.analysis import Scan
from cevns.cli import run
from cevns.exceptions import FitError, InputError, OutputError
from cevns.records.record_files import json_text
from cevns.report import document
from cevns.report.document.inline_svg import MOST_MARKS, crowded, inline
from cevns.report.document.written_page import settled_date
from cevns.reproduction.rows_of_fit import rows_of_fit

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytest.importorskip("mplhep", reason="the extra 'report' is not installed")
pytest.importorskip("html5lib", reason="html5lib checks the page; it is not installed")

import html5lib
from matplotlib.figure import Figure

OWN = """
schema: 1
name: own
title: Mine & yours </script><b>
source: {kind: sns, distance: 20 m, protons: 1e23}
target: {material: Ge, mass: 10 kg}
detector:
  quenching: {kind: constant, value: 0.2}
  resolution: {kind: gaussian, noise: 100 eVee}
axes: {energy: {unit: keVee, edges: [0.5, 1, 2, 4]}}
backgrounds:
  flat: {count: COUNT, energy: {kind: flat}}
parameters: {flux: {constraint: 1.0 +/- 0.1, acts_on: signal, description: a </script> <!-- b}}
"""


@pytest.fixture(autouse=True)
def _no_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)


@pytest.fixture(scope="module")
def found() -> document.StudyFit:
    return document.fitted(cevns.load("coherent-csi-2021"))


@pytest.fixture(scope="module")
def page(found: document.StudyFit) -> document.Page:
    return document.compose(found)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("own") / "own.yaml"
    path.write_text(OWN.replace("COUNT", "20 +/- 3"))
    return path


@pytest.fixture(scope="module")
def scans(own: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two maps, one along a mass, and a curve."""
    folder = tmp_path_factory.mktemp("scans")
    study = cevns.load("coherent-csi-2021", models="nsi")
    plane = {"eps_ee_u": np.linspace(-0.3, 0.9, 13), "eps_ee_d": np.linspace(-0.3, 0.9, 13)}
    out = [folder / f"{name}.h5" for name in ("plane", "masses", "curve")]
    study.scan(plane, out=out[0], workers=1)
    masses = {"m_zprime": [10.0, 100.0], "g_zprime": np.geomspace(1e-6, 1e-2, 9)}
    cevns.load(own, models="light-vector").scan(masses, out=out[1], asimov=True, workers=1)
    study.scan({"eps_ee_u": np.linspace(-0.3, 0.6, 13)}, out=out[2], workers=1)
    return out


class Elements(HTMLParser):
    """Every element of a page, with the names that it gives and those that it uses."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.all: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.used: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.all.append((tag, dict(attrs)))
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            elif name in ("href", "xlink:href") and (value or "").startswith("#"):
                self.used.add((value or "")[1:])
            self.used |= set(re.findall(r"url\(#([^)]+)\)", value or ""))

    handle_startendtag = handle_starttag

    def named(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.all if tag in tags]


def checked(text: str) -> Elements:
    """A page whose structure is that of the standard, and whose names are unique and known."""
    html5lib.HTMLParser(strict=True).parse(text)
    elements = Elements(text)
    assert len(elements.ids) == len(set(elements.ids))
    assert elements.used <= set(elements.ids)
    levels = [int(tag[1]) for tag, _ in elements.all if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    figures = elements.named("svg")
    assert all(f["role"] == "img" and f["aria-label"] for f in figures)
    assert len(figures) == text.count("<figcaption>") == text.count("<figure")
    return elements


def test_the_page_asks_for_nothing_and_is_valid(page: document.Page) -> None:
    elements = checked(page.html)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    assert {"http-equiv": "Content-Security-Policy", "content": policy} in elements.named("meta")
    assert elements.named("script") == [{"type": "application/json", "id": "cevns-result"}]
    assert len(elements.named("svg")) >= 5
    fetched = [a.get("src") or a.get("xlink:href") or a.get("href") for a in
               elements.named("img", "image", "link", "use", "iframe", "object")]  # fmt: skip
    assert all(address and address.startswith(("data:", "#")) for address in fetched)
    style = page.html[page.html.index("<style>") : page.html.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert len(page.html.encode()) < 1_000_000


def test_what_it_says_and_in_which_order(page: document.Page) -> None:
    order = [
        "events in the analysis region: 310.4 +32.29 −31.45; the background-only hypothesis is rej",
        "Components</h3>", "Parameters</h3>", "Data and fit</h3>", "Pulls</h3>",
        "Correlations</h3>", "Profile likelihood</h3>", "Systematic uncertainties</h3>",
        "Goodness of fit</h3>", "Recoil spectrum</h3>", "Published numbers</h3>",
        "Provenance</h2>", "Bibliography</h2>", "How to reproduce</h2>",
    ]  # fmt: skip
    at = [page.html.index(text) for text in order]
    assert at == sorted(at)
    for said in (
        "χ² = 83.0 for 98 degrees of freedom",
        "with a probability of 0.86: the model describes the data",
        "<td>306 ± 20</td><td>310.4</td><td>+0.22</td><td>agrees</td>",
        "<td>differs [1]</td>",
        "[1] the published 20 is below the Fisher bound",
        'href="https://arxiv.org/abs/2110.07730"',
        "not recorded (--date, SOURCE_DATE_EPOCH)",
        "<td>1578</td><td>1604.5</td>",
    ):
        assert said in page.html, said
    digests = {f["sha256"] for f in page.record["inputs"]["files"]}
    assert digests
    assert all(digest in page.html for digest in digests)


def test_names_of_two_figures_would_be_the_same_without_their_prefix() -> None:
    def drawn(prefix: str) -> str:
        figure = Figure()
        axes = figure.subplots()
        axes.plot([0.0, 1.0], [0.0, 1.0], "o")
        axes.fill_between([0.0, 1.0], [0.0, 1.0], hatch="//")
        return inline(figure, prefix, "label")

    both = Elements(drawn("a") + drawn("b"))
    assert len(both.ids) == len(set(both.ids)) > 4
    assert both.used <= set(both.ids)
    same = Elements(drawn("a") + drawn("a"))
    assert len(same.ids) > len(set(same.ids))


def test_many_marks_become_an_image() -> None:
    def drawn(side: int) -> Figure:
        figure = Figure(figsize=(3.5, 3.0))
        values = np.random.default_rng(1).random((side, side))
        figure.subplots().pcolormesh(values)
        return figure

    few, many = drawn(20), drawn(142)  # 20164 cells
    assert 142**2 > MOST_MARKS > 20**2
    assert not list(crowded(few))
    assert len(list(crowded(many))) == 1
    assert "<image" not in inline(few, "a", "few")
    text = inline(many, "b", "many")
    assert 'href="data:image/png;base64' in text
    assert len(text) < 400_000


def test_coordinates_are_shortened_and_scales_are_not() -> None:
    text = inline(Figure(), "a", "empty")
    figure = Figure()
    figure.text(0.123456789, 0.5, "letters")
    text = inline(figure, "a", "letters")
    assert "scale(0.015625)" in text
    assert not re.search(r' d="[^"]*\d\.\d{3,}', text)
    assert "Date" not in text
    assert "<metadata" not in text


def test_the_json_inside_is_that_of_the_commands(
    page: document.Page, found: document.StudyFit, tmp_path: Path
) -> None:
    out = page.write(tmp_path / "report.html")
    assert document.extract(out) == page.record
    fit, profile = tmp_path / "fit.json", tmp_path / "profile.json"
    assert run(["fit", "coherent-csi-2021", "--json", str(fit)]) == 0
    assert run(["profile", "coherent-csi-2021", "--json", str(profile)]) == 0
    own = {k: v for k, v in page.record.items() if k not in ("profile", "systematics", "reproduce")}
    assert own == json.loads(fit.read_text())
    assert page.record["profile"] == json.loads(profile.read_text())
    assert page.record["systematics"]["systematics"][0]["name"] == "efficiency"


def test_the_command_gives_the_same_json_and_extracts_it(
    own: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    html, written = tmp_path / "own.html", tmp_path / "own.json"
    assert run(["report", str(own), "--out", str(html), "--json", str(written)]) == 0
    assert "written to" in capsys.readouterr().out
    assert run(["report", "--extract", str(html)]) == 0
    assert capsys.readouterr().out == written.read_text()
    again = tmp_path / "again.json"
    assert run(["report", str(html), "--extract", "--out", str(again)]) == 0
    assert again.read_text() == written.read_text()
    text = html.read_text()
    checked(text)
    assert "Mine &amp; yours &lt;/script&gt;&lt;b&gt;" in text
    assert str(own.parent) not in text  # no folder of the user
    # without data expected counts are fitted, and it is said
    assert "No data: own declares none." in text
    assert "expected counts in place of data" in text
    assert "cevns report own.yaml --asimov" in text


def test_a_result_as_json_is_given_back_unchanged(
    page: document.Page, own: Path, tmp_path: Path
) -> None:
    for number, words in enumerate(
        (
            ["fit", "coherent-csi-2021", "--minos", "all"],
            ["profile", str(own), "--asimov", "--points", "5"],
            ["systematics", str(own), "--asimov"],
            ["predict", str(own)],
            ["limit", str(own), "--asimov"],
        )
    ):
        file, html = tmp_path / f"{number}.json", tmp_path / f"{number}.html"
        assert run([*words, "--json", str(file)]) == 0
        assert run(["report", str(file), "--out", str(html)]) == 0
        assert json_text(document.extract(html)) == file.read_text()
        checked(html.read_text())
    whole = tmp_path / "whole.json"
    whole.write_text(json_text(page.record))
    again = document.compose(whole)
    assert again.record == page.record
    for said in ("Pulls</h3>", "<td>306 ± 20</td><td>310.4</td>", "cevns fit coherent-csi-2021"):
        assert said in again.html


def test_same_input_same_bytes(own: Path) -> None:
    assert document.compose(own).html == document.compose(own).html


@pytest.mark.slow
def test_same_input_same_bytes_in_another_process(own: Path, tmp_path: Path) -> None:
    texts = set()
    for seed, zone in (("1", "UTC"), ("2", "Pacific/Auckland")):
        html = tmp_path / "own.html"
        code = "import sys; from cevns.cli import run; sys.exit(run(sys.argv[1:]))"
        subprocess.run(
            [sys.executable, "-c", code, "report", str(own), "--out", str(html)],
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone},
            check=True,
        )
        texts.add(html.read_bytes())
    assert len(texts) == 1


def test_the_date_is_never_that_of_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    assert settled_date() == ""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1796083200")
    assert settled_date() == "2026-12-01"
    assert settled_date("2026-11-30") == "2026-11-30"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", settled_date("today"))
    with pytest.raises(InputError, match="YYYY-MM-DD"):
        settled_date("30.11.2026")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(InputError, match="seconds since 1970"):
        settled_date()


def test_the_date_stands_in_the_page(own: Path, tmp_path: Path) -> None:
    html = tmp_path / "dated.html"
    assert run(["report", str(own), "--out", str(html), "--date", "2026-11-30"]) == 0
    text = html.read_text()
    assert "cevns report, 2026-11-30" in text
    assert "2026-11-30</td>" in text
    assert "--date 2026-11-30" in text


def test_a_failed_fit_says_so_at_the_top(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, html = tmp_path / "own.yaml", tmp_path / "failed.html"
    twice = "{free: 20}, energy: {kind: flat}}\n  flatter: {count: {free: 20}"
    path.write_text(OWN.replace("COUNT", twice))
    with pytest.raises(FitError, match="degenerate"):
        cevns.load(path).fit(asimov=True)
    written = tmp_path / "failed.json"
    assert run(["report", str(path), "--out", str(html), "--json", str(written)]) == 1
    said = capsys.readouterr().err
    assert "did not converge" in said
    assert "Traceback" not in said
    text = html.read_text()
    checked(text)
    assert text.index("The fit did not converge") < text.index("<nav")
    assert "flat, flatter are degenerate" in text
    record = document.extract(html)
    assert record["valid"] is False
    assert record == json.loads(written.read_text())
    assert "Parameters</h3>" not in text  # no numbers of a fit that failed
    # from its JSON the report says the same
    assert document.compose(written).failures == document.compose(record).failures != ()


def test_scans_in_one_report(scans: list[Path], tmp_path: Path) -> None:
    html = tmp_path / "scans.html"
    assert run(["report", *map(str, scans), "--out", str(html)]) == 0
    text = html.read_text()
    elements = checked(text)
    assert len(elements.named("svg")) == 3
    assert len(text.encode()) < 3_000_000
    record = document.extract(html)
    assert [r["method"] for r in record["results"]] == ["profile"] * 3
    for file, one in zip(scans, record["results"], strict=True):
        scan = Scan.read(file)
        assert one["values"] == {n: a.tolist() for n, a in zip(scan.names, scan.axes, strict=True)}
        assert file.name in text
    low, high = Scan.read(scans[2]).intervals[0]
    assert f"eps_ee_u in [{low:.4g}, {high:.4g}]" in text
    assert "The fits of all points converged." in text
    assert "allowed at 90" in text  # of each mass
    assert "--method" not in text[: text.index('id="reproduce"')]
    assert {c["key"] for c in record["citations"]} >= {"arXiv:2110.07730", "Cowan:2010js"}


def test_what_a_scan_has_drawn() -> None:
    study = cevns.load("coherent-csi-2021", models="magnetic-moment")
    values = {"mu_nu_mu": np.geomspace(10.0, 60.0, 3)}
    for method, said in (
        ("fc", r"\d+ pseudo-experiments were drawn, seed 7\."),
        ("cls", r"20 pseudo-experiments were drawn at each point under each"),
    ):
        found = study.scan(values, method, toys=20, seed=7, workers=1, asimov=True)
        text = document.compose(found).html
        assert re.search(said, text)
        assert "--toys 20" in text
        answer = re.search(r'class="answer">([^<]*)<', text)
        assert answer is not None
        assert unescape(answer[1]) in found.summary()
        assert re.search(r"mu_nu_mu (<|in )|no limit on mu_nu_mu|no scanned", unescape(answer[1]))


def test_the_command_of_a_scan_makes_the_same_scan(scans: list[Path], tmp_path: Path) -> None:
    text = document.compose(scans[2]).html
    command = re.search(r"cevns scan [^<]*", text)
    assert command is not None
    words = shlex.split(command[0])
    words[words.index("--out") + 1] = str(tmp_path / "again.h5")
    assert run(words[1:]) == 0
    again, first = Scan.read(tmp_path / "again.h5"), Scan.read(scans[2])
    assert again.axes[0] == pytest.approx(first.axes[0])
    assert again.q == pytest.approx(first.q, abs=1e-4)


def test_what_is_said_to_reproduce_does(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own.parent)
    study = cevns.load("own.yaml", overrides={"target.mass": "20 kg"}, models="nsi")
    asked: dict[str, Any] = {"free": ["eps_ee_u"], "at": {"eps_ee_d": 0.1}, "fix": {"flux": 1.02}}
    found = document.fitted(study, **asked, minos="none")
    known, out = found.record, tmp_path / "fit.json"
    words = shlex.split(known["reproduce"]["command"])
    assert run([*words[1:], "--json", str(out)]) == 0
    again = json.loads(out.read_text())
    assert {k: known[k] for k in again if k != "citations"} == {
        k: v for k, v in again.items() if k != "citations"
    }
    assert known["overrides"] == {"target.mass": "20 kg"}
    names: dict[str, Any] = {}
    exec(known["reproduce"]["python"], names)
    assert found.measurement is not None
    assert names["fit"].fit.twice_nll == pytest.approx(found.measurement.fit.twice_nll, abs=1e-9)
    assert names["profile"].to_dict()["values"] == known["profile"]["values"]


def test_members_of_a_combination_are_named() -> None:
    study = cevns.load("global:csi,ge-2024")
    found = document.StudyFit(study, {"poi": "sin2-theta-w"}, asimov=False)
    assert found.command("fit") == "cevns fit global:csi,ge-2024 --poi sin2-theta-w"
    assert "cevns.load('global:csi,ge-2024')" in found.python
    named = document.StudyFit(study, {}, asimov=True, named=("my/own.yaml:csi",))
    assert named.command("fit") == "cevns fit own.yaml:csi --asimov"


def test_several_experiments_are_fitted_together(own: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(own.read_text().replace("name: own", "name: other"))
    study = cevns.load(own, other, overrides={"other:target.mass": "5 kg"})
    page = document.compose(study)
    elements = checked(page.html)
    labels = [str(f["aria-label"]) for f in elements.named("svg")]
    for name in ("own", "other"):
        assert f"{name}: events</p>" in page.html
        assert any(label.startswith(f"{name}: Predicted recoil") for label in labels)
        assert any(label.startswith(f"{name}") and "components" in label for label in labels)
    assert page.record["poi"]["name"] == "cross_section_scale"
    assert "--set other:target.mass=" in page.record["reproduce"]["command"].replace("'", "")
    assert page.record["systematics"]["prediction_errors"].keys() == {"own", "other"}


def test_published_numbers_stand_beside_the_very_fit_only(page: document.Page) -> None:
    rows = rows_of_fit(page.record)
    assert {r.published.id for r in rows} >= {"csi-2021-cevns", "csi-2021-significance"}
    assert "csi-2021-cevns-bound" not in {r.published.id for r in rows}  # others are held in it
    study = cevns.load("coherent-csi-2021")
    held = study.fit(fix={"brn": None}, minos="none").to_dict()
    changed = cevns.load("coherent-csi-2021", overrides={"target.mass": "20 kg"})
    assert not rows_of_fit(held)
    assert not rows_of_fit(changed.fit(minos="none").to_dict())
    assert not rows_of_fit(study.fit(asimov=True, minos="none").to_dict())


def test_tables_are_copied_in_full(page: document.Page) -> None:
    blocks = re.findall(r"Copy as CSV</summary>\n<pre tabindex=\"0\">([^<]*)</pre>", page.html)
    tables = [list(csv.reader(io.StringIO(unescape(b)))) for b in blocks]
    parameters = next(t for t in tables if t[0][0] == "name" and "error_up" in t[0])
    value = dict(zip(parameters[0], parameters[1], strict=True))
    assert float(value["value"]) == page.record["parameters"]["cevns"]["value"]
    assert all(len({len(row) for row in table}) == 1 for table in tables)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing-of-that-name"], "nothing-of-that-name"),
        (["missing.json"], "missing.json"),
        (["missing.h5"], "missing.h5"),
        (["wrong.json"], "not a result of cevns"),
        (["wrong.json", "--set", "target.mass=1 kg"], "--set is for fits of experiments"),
        (["coherent-csi-2021", "--out", "nowhere/report.html"], "no folder"),
        (["coherent-csi-2021", "--date", "soon"], "YYYY-MM-DD"),
        (["coherent-csi-2021", "--poi", "mass"], "mass"),
        (["--extract", "wrong.json"], "holds no result"),
        (["--extract", "a.html", "b.html"], "name one"),
        (["--extract", "a.html", "--asimov"], "--extract takes no --asimov"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wrong.json").write_text('{"numbers": [1, 2]}')
    assert run(["report", *words]) == 2
    errors = [x for x in capsys.readouterr().err.splitlines() if "warning:" not in x]
    assert len(errors) == 1
    assert said in errors[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["wrong.json"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="folder"):
        document.prepared(tmp_path)


@pytest.mark.slow
def test_it_takes_six_times_the_cpu_of_a_fit(tmp_path: Path) -> None:
    """A cold fit has to take one second on an idle machine, so a report takes less than six.

    Both are measured here, as the machine may be slow or shared.
    """
    code = (
        "import sys, time; from cevns.cli import run\n"
        "assert run(sys.argv[1:]) == 0; print(time.process_time())"
    )

    def cpu(*words: str) -> float:
        done = [
            subprocess.run(
                [sys.executable, "-c", code, *words], capture_output=True, text=True, check=True
            )
            for _ in range(2)
        ]
        return min(float(one.stdout.split()[-1]) for one in done)

    fit = cpu("fit", "coherent-csi-2021")
    assert cpu("report", "coherent-csi-2021", "--out", str(tmp_path / "csi.html")) < 6.0 * fit


def test_a_scan_over_a_field_has_its_table_and_figure(tmp_path: Path) -> None:
    study = cevns.load("coherent-cryocsi")
    found = study.scan_field("source.years", [1.0, 2.0, 4.0], out=tmp_path / "years.h5")
    page = document.compose(tmp_path / "years.h5")
    assert page.title == "Scan over source.years: " + study.title
    assert page.record == json.loads(json_text(found.to_dict()))
    assert "<svg" in page.html
    assert "years.h5" in page.html
    assert document.compose(found).record == page.record


def test_a_browser_asks_for_nothing_and_complains_of_nothing(
    page: document.Page, scans: list[Path], browser: Any, tmp_path: Path
) -> None:
    files = [page.write(tmp_path / "fit.html"), document.compose(*scans).write(tmp_path / "s.html")]
    for file in files:
        for width in (1360, 420):
            context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
            tab = context.new_page()
            requests, messages = [], []
            tab.on("request", lambda r, seen=requests: seen.append(r.url))
            tab.on("console", lambda m, seen=messages: seen.append(m.text))
            tab.on("pageerror", lambda e, seen=messages: seen.append(str(e)))
            tab.goto(file.as_uri())
            assert requests == [file.as_uri()]
            assert messages == []
            wide = tab.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{file.name} is {wide} px wide at {width}"
            drawn = tab.evaluate(
                "[...document.querySelectorAll('svg')].every(s => s.clientHeight > 100)"
            )
            assert drawn
            context.close()
