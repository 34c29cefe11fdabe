"""Reports and figures say limits as limits and call things by their titles."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cevns
from cevns.analysis import Scan
from cevns.cli import run
from cevns.report import correlation_figure, document, projection_figure
from cevns.report.document.fit_sections import Beside, answer, fit_sections
from cevns.report.drawing.look import look
from cevns.report.scan_figures.scan_csv import scan_csv

pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
pytest.importorskip("mplhep", reason="the extra 'report' is not installed")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a command prints."""

    def call(*words: str | Path) -> str:
        capsys.readouterr()
        assert run([str(w) for w in words]) == 0
        return capsys.readouterr().out

    return call


@pytest.fixture(scope="module")
def limited() -> Any:
    """A fit of a published limit, of which the best value is nothing."""
    return cevns.load("xenon1t-2020").fit()


def test_a_limit_is_the_headline_of_a_fit(said: Callable[..., str]) -> None:
    text = said("fit", "xenon1t-2020")
    limit = text.index("cevns < 14 x 1e6 /cm2/s at 90 % (one-sided profile likelihood)")
    best = text.index("the best fit is at the lower bound: cevns = 0 +10.91 x 1e6 /cm2/s")
    assert limit < best
    assert "the background-only hypothesis is not rejected" in text
    assert "0.00 sigma" not in text


def test_a_limit_is_the_headline_of_a_report(limited: Any) -> None:
    page = document.compose(limited.to_dict())
    (answer,) = page.answers
    assert " < 14 × 1e6 /cm2/s at 90\N{NO-BREAK SPACE}%" in answer
    assert "the best fit is at the lower bound: 0 +10.91 × 1e6 /cm2/s" in answer
    assert "0.00 sigma" not in answer
    assert "published values, 1e6 /cm2/s" in page.html
    assert "1e6 /cm2/s in the analysis region" not in page.html
    assert "1e6 /cm2/s at its bound" not in page.html
    assert repr(limited) == "<Measurement of xenon1t-2020: cevns = 0>"
    assert "events in the analysis region" not in limited.model.parameters["cevns"].description


def test_a_published_value_is_no_density_of_events(limited: Any) -> None:
    axes = projection_figure(limited).axes[0]
    assert axes.get_ylabel() == "Published value [$10^{6}$ /cm2/s]"
    band = next(p for p in axes.patches if p.get_label() == "Fit ± 1σ")
    heights = band.get_path().vertices[:, 1]
    assert heights.min() == 0.0  # nothing lies below the bound
    assert heights.max() == pytest.approx(limited.poi.value + limited.poi.error)


def test_a_best_fit_at_its_bound_is_the_bound(tmp_path: Path, said: Callable[..., str]) -> None:
    file = tmp_path / "scan.h5"
    words = ("--model", "magnetic-moment", "--parameter", "mu_nu_mu=0:60:6", "--out", str(file))
    assert "best fit: mu_nu_mu = 0 x 1e-10 mu_B" in said("scan", "coherent-csi-2021", *words)
    assert Scan.read(file).best["mu_nu_mu"] == 0.0


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """The JSON of a fit, as a file has it."""
    found: dict[str, Any] = json.loads(json.dumps(cevns.load("coherent-csi-2021").fit().to_dict()))
    return found


def test_a_report_of_json_has_titles(record: dict[str, Any]) -> None:
    page = document.compose(record)
    assert page.title == "Fit of COHERENT CsI[Na], full exposure"
    assert page.answers[0].startswith("CEvNS events in the analysis region: 310.4 +32.29 −31.45; ")
    assert ">steady-state background</td><td>1286.0 ± 27.0</td>" in page.html
    assert re.search("<td[^>]*>ssb</td><td[^>]*>steady-state background</td>", page.html)


def test_a_report_of_json_without_titles_has_names(record: dict[str, Any]) -> None:
    """What earlier versions wrote is read as well."""
    old = {k: v for k, v in record.items() if k not in ("title", "signal")}
    old["components"] = {n: without(c, "title") for n, c in record["components"].items()}
    old["parameters"] = {n: without(p, "description") for n, p in record["parameters"].items()}
    page = document.compose(old)
    assert page.title == "Fit of coherent-csi-2021"
    assert page.answers[0].startswith("cevns = 310.4 +32.29")


def without(block: dict[str, Any], key: str) -> dict[str, Any]:
    return {k: v for k, v in block.items() if k != key}


def test_a_label_of_ones_own_wins_over_a_title() -> None:
    fit = cevns.load("coherent-csi-2021").fit(minos="none").fit
    with look(labels={"ssb": "$b_0$"}):
        axes = correlation_figure(fit).axes[0]
    assert axes.get_yticklabels()[1].get_text() == "$b_0$"


def visible(html: str) -> str:
    """The page without its JSON."""
    return re.sub("<script.*?</script>", "", html, flags=re.DOTALL)


def test_a_report_of_toys_has_pulls_and_coverage_and_no_timing() -> None:
    study = cevns.load("coherent-csi-2021").toys(20, seed=1, workers=1)
    page = document.compose(study.to_dict())
    assert page.title == "Pseudo-experiments of COHERENT CsI[Na], full exposure"
    assert page.answers[0].startswith("20 pseudo-experiments; ")
    assert "intervals of cevns hold the true value" in page.answers[0]
    assert "width of the pull" in page.html
    for name in ("compile_s", "wall_s", "template_error", "toys_per_second"):
        assert name not in visible(page.html)
        assert name in page.record  # what was given is given back


def test_a_report_of_a_rate_shows_some_lines_of_its_spectrum() -> None:
    found = cevns.load("coherent-csi-2021").rate()["coherent-csi-2021"]
    page = document.compose(json.loads(json.dumps(found.to_dict())))
    assert page.answers == ("CEvNS: 331.4 expected, 1641 with backgrounds",)
    text = visible(page.html)
    assert ">steady-state background</td><td>1286</td>" in text
    assert text.count("<tr>") < 60
    assert "flux_averaged_cm2" not in text


def test_a_coarse_plane_says_so_and_names_refine(tmp_path: Path) -> None:
    study = cevns.load("coherent-csi-2021", models="nsi")
    values = [-1.0 + 2.0 * i / 11 for i in range(12)]
    scan = study.scan({"eps_ee_u": values, "eps_ee_d": values})
    (said,) = [line for line in scan.summary() if "the grid is coarse" in line]
    assert "--refine 3" in said
    (answer,) = document.compose(scan).answers
    assert answer.startswith("region of eps_ee_u and eps_ee_d at 90 %: ")
    assert "pieces" in answer
    assert "on a coarse grid" in answer
    assert "best fit eps_ee_u = " in answer


def test_a_fine_plane_is_not_called_coarse() -> None:
    study = cevns.load("coherent-csi-2021", models="nsi")
    values = [-1.0 + 2.0 * i / 11 for i in range(12)]
    scan = study.scan({"eps_ee_u": values, "eps_ee_d": values}, refine=3)
    assert not [line for line in scan.summary() if "coarse" in line]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a scan of one parameter."""
    file = tmp_path_factory.mktemp("line") / "scan.h5"
    study = cevns.load("coherent-csi-2021", models="nsi")
    study.scan({"eps_ee_u": [0.05 * i for i in range(9)]}, out=file)
    return file


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--xlim", "0.8:0.9"), "nothing lies there; the figure goes from 0 to 0.4"),
        (("--out", "curves.xyz"), "a figure as .png, .pdf or .svg, its curves as .csv"),
    ],
)
def test_a_scan_is_not_drawn_empty(line, words, message, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["plot", str(line), *words]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not list(tmp_path.iterdir())


def test_a_csv_explains_its_columns_in_short_numbers(line: Path) -> None:
    text = scan_csv(Scan.read(line))
    assert "# q is the rise of -2 ln L above its minimum, all other parameters profiled" in text
    assert "\n0.15," in text
    assert "0.15000000000000002" not in text


def test_expected_counts_are_not_said_to_reject() -> None:
    """Of Asimov data the report says what is to be expected, and calls them so."""
    record = cevns.load("coherent-ge-1").fit(asimov=True).to_dict()
    assert "is expected to be rejected at" in answer(record)
    (components,) = (s for s in fit_sections(record, Beside()) if s.title == "Components")
    assert components.tables[0].rows[-1][0] == "Asimov data"
