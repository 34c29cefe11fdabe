"""Reports and figures say limits as limits and call things by their titles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import cevns
from cevns.analysis import Scan
from cevns.cli import run
from cevns.report import document, projection_figure

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
