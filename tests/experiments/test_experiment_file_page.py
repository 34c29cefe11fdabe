"""The page on the experiment file: its example runs as it is printed."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from cevns.cli.app import app
from cevns.experiments import load
from cevns.study import Study

PAGE = Path(__file__).parents[2] / "docs" / "experiment-file.md"


@pytest.fixture
def example(tmp_path, carried):
    path = tmp_path / "my-detector.yaml"
    path.write_text(blocks()[0])
    return path


def blocks() -> list[str]:
    """The file of the page, then the sections that it shows by themselves."""
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


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


@pytest.mark.parametrize("block", blocks()[1:])
def test_the_sections_of_the_page(block, tmp_path, carried):
    """Each section that is shown, in the file of the page."""
    yaml = YAML(typ="safe")
    file, section = yaml.load(blocks()[0]), yaml.load(block)
    for correlated in section.get("correlations", ()):
        for name in correlated["parameters"]:
            file["parameters"].setdefault(name, {"constraint": "1.0 +/- 0.1", "acts_on": "signal"})
    for name in ("on", "off"):
        rows = "".join(f"{a},{b},7\n" for a, b in pairwise(file["axes"]["energy"]["edges"]))
        (tmp_path / f"{name}.csv").write_text(f"low,high,events\n{rows}", encoding="utf-8")
    for key, value in section.items():
        file[key] = {**file[key], **value} if key in file and key == "parameters" else value
    path = tmp_path / "with-section.yaml"
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(file, stream)
    model = load(path).model()
    assert np.isfinite(model.expected(model.parameters.values)).all()
    if "channels" in section:
        assert {c.name for c in model.channels} == {"my-detector.on", "my-detector.off"}
        assert model.observed.sum() == 2 * 8 * 7


def test_a_formula_background_is_drawn(example, tmp_path):
    """A background without a table has no role in a release; the figures must not ask for it."""
    from cevns.report.projections import steady_state

    assert steady_state(load(example)) == ("ssb",)
