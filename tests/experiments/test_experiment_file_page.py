"""The page on the experiment file: its example runs as it is printed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cevns.cli.app import app
from cevns.experiments import load
from cevns.study import Study

PAGE = Path(__file__).parents[2] / "docs" / "experiment-file.md"


@pytest.fixture
def example(tmp_path, carried):
    path = tmp_path / "my-detector.yaml"
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    path.write_text(blocks[0])
    return path


@pytest.mark.parametrize("command", [["rate"], ["fit", "--asimov"]])
def test_the_commands_of_the_page(example, command):
    result = CliRunner().invoke(app, [*command, str(example)])
    assert result.exit_code == 0, result.output
    assert "854.9" in result.output


def test_the_count_of_the_page(example):
    experiment = load(example)
    (printed,) = re.findall(r"expected counts: (\d+) events", PAGE.read_text(encoding="utf-8"))
    assert experiment.predict()["cevns"] == pytest.approx(float(printed), abs=0.5)  # as printed
    fit = Study((experiment,)).fit(asimov=True)
    assert fit.components["cevns"].fit == pytest.approx(float(printed), abs=0.5)
    # no error can be smaller than that of the counts alone
    assert float(printed) ** 0.5 < fit.fit.fitted["cevns"].error < 50


def test_a_formula_background_is_drawn(example, tmp_path):
    """A background without a table has no role in a release; the figures must not ask for it."""
    from cevns.report.projections import steady_state

    assert steady_state(load(example)) == ("ssb",)
