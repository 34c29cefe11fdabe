"""A fitted curve in an experiment, the command, the figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import cevns
import cevns.experiments
from cevns import quenching
from cevns.analysis.studies.quenching_study import curve_effects
from cevns.cli import run
from cevns.detectors.quenching import section
from cevns.detectors.quenching.lindhard import Lindhard
from cevns.detectors.quenching.tabulated import Tabulated
from cevns.exceptions import CevnsWarning, InputError, SchemaError
from cevns.experiments import load
from cevns.experiments.declaration.quenching_override import read_quenching
from cevns.quenching.export import yaml_text
from cevns.study import Study


@pytest.fixture(scope="module")
def experiment() -> cevns.experiments.Experiment:
    return load("coherent-csi-2021")


def test_reference_is_the_declared_curve(experiment: cevns.experiments.Experiment) -> None:
    declared, reference = experiment.quenching, quenching.references("csi")["released 2021"]
    assert declared.parameters == reference.parameters
    assert declared.valid_kev == reference.valid_kev
    for name, variation in declared.variations.items():
        assert tuple(np.atleast_1d(variation.plus)) == reference.variations[name].plus
        assert tuple(np.atleast_1d(variation.minus)) == reference.variations[name].minus


def test_replacing_a_curve_by_itself_changes_nothing(
    experiment: cevns.experiments.Experiment,
) -> None:
    same = experiment.with_quenching(quenching.references("csi")["released 2021"])
    assert same.predict() == pytest.approx(experiment.predict(), rel=1e-12)
    assert same.model().parameters.names == experiment.model().parameters.names
    assert Study((same,)).fit(minos="none").fit.chi2 == pytest.approx(
        Study((experiment,)).fit(minos="none").fit.chi2, abs=1e-6
    )


def test_a_fit_moves_prediction_and_cross_section(
    experiment: cevns.experiments.Experiment,
) -> None:
    curve = quenching.fit("csi").quenching()
    declared, fitted = curve_effects(experiment, {"fit": curve})
    assert declared.prediction == pytest.approx(331.4, abs=0.1)
    # a lower curve: fewer events above threshold, a larger cross section for the same counts
    assert fitted.prediction < declared.prediction
    assert fitted.cross_section_cm2 is not None
    assert declared.cross_section_cm2 is not None
    assert fitted.cross_section_cm2 > declared.cross_section_cm2
    # four directions of the same covariance carry what the curve's error carries
    assert 10.0 < fitted.quenching_error < 30.0
    moved = experiment.with_quenching(curve)
    assert [n for n in moved.model().parameters.names if n.startswith("qf")] == list(
        curve.variation_names
    )
    assert Study((moved,)).fit(minos="none").to_dict()["overrides"] == {
        "detector.quenching": "{kind: polynomial, ...}"
    }


def test_the_exported_file_is_the_curve(tmp_path: Path) -> None:
    fit = quenching.fit("csi")
    path = tmp_path / "fit.yaml"
    path.write_text(fit.to_yaml(), encoding="utf-8")
    t = np.linspace(1.0, 60.0, 30)
    pulls = [0.3, -1.2, 0.5, 2.0]
    written = read_quenching(path)
    np.testing.assert_array_equal(
        written.electron_energy_kevee(t, pulls), fit.quenching().electron_energy_kevee(t, pulls)
    )
    by_file = load("coherent-csi-2021", overrides={"detector.quenching": f"@{path}"})
    direct = load("coherent-csi-2021").with_quenching(fit.quenching())
    assert by_file.predict() == direct.predict()
    assert by_file.overrides == {"detector.quenching": f"@{path}"}


def test_every_kind_of_curve_can_be_written(tmp_path: Path) -> None:
    table = Tabulated((1.0, 5.0, 20.0), (0.06, 0.08, 0.10), valid_kev=(1.0, 20.0))
    for curve in (table, Lindhard(32, 72.63, 0.16, 1e-4, valid_kev=(0.0, 90.0))):
        path = tmp_path / "curve.yaml"
        path.write_text(yaml_text(curve), encoding="utf-8")
        assert read_quenching(path) == curve
    with pytest.raises(InputError, match="cannot be written"):
        section(Lindhard(32, 72.63, valid_kev=(1.0, np.inf)))


def test_slips_in_a_curve_file(tmp_path: Path) -> None:
    path = tmp_path / "curve.yaml"
    path.write_text("detector: {}\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="needs a section 'quenching:'"):
        read_quenching(path)
    path.write_text("quenching:\n  kind: polynomial-4\n", encoding="utf-8")
    with pytest.raises(SchemaError, match="did you mean 'polynomial'"):
        read_quenching(path)
    with pytest.raises(InputError, match="cannot read"):
        load("coherent-csi-2021", overrides={"detector.quenching": "@nowhere.yaml"})
    with pytest.raises(InputError, match="name a file"):
        load("coherent-csi-2021", overrides={"detector.quenching": "@"})


def test_a_modified_lindhard_curve_warns_where_it_is_negative() -> None:
    curve = quenching.fit("ge", curve="modified-lindhard").quenching()
    with pytest.warns(CevnsWarning, match="negative from 0.001 to .* validity range is 0 to 98.6"):
        curve.electron_energy_kevee([0.001, 0.01, 10.0])
    with pytest.warns(CevnsWarning, match="used from 200 to 200 keVnr"):
        curve.electron_energy_kevee([200.0])


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, curve = tmp_path / "q.json", tmp_path / "curve.yaml"
    assert run(["quenching", "ar", "--json", str(out), "--export", str(curve)]) == 0
    record = json.loads(out.read_text())
    fit = quenching.fit("ar")
    assert record["parameters"]["a"]["value"] == fit.numbers[0]
    assert record["parameters"]["a"]["error_inflated"] == pytest.approx(fit.errors[0])
    assert record["comparison"]["published"]["CENNS-10 release"]["points"] == 39
    assert set(record["sets"]) == {"aris", "creus", "microclean", "scene"}
    assert read_quenching(curve).variation_names == ("qf.ar.0", "qf.ar.1")
    assert "arXiv:2111.02477" not in capsys.readouterr().out
    assert run(["quenching", "csi"]) == 0
    assert "it is not the global fit of arXiv:2111.02477" in capsys.readouterr().out
    assert run(["quenching", "cs"]) == 2
    assert "did you mean 'csi'" in capsys.readouterr().err
    assert run(["quenching", "csi", "--use", "coherent-3"]) == 2


def test_figures_show_every_point_and_the_published_curve() -> None:
    pytest.importorskip("mplhep", reason="the extra 'plot' is not installed")
    from cevns.report.quenching_figures import quenching_figures

    fit = quenching.fit("csi")
    sets, _ = quenching.load_points("csi")
    figures = quenching_figures(fit, sets)
    assert list(figures) == ["factor", "energy"]
    for name, figure in figures.items():
        axes = figure.axes[0]
        legend = axes.get_legend()
        assert legend is not None
        texts = " ".join(" ".join(t.get_text().split()) for t in legend.get_texts())
        assert "Released 2021" in texts
        assert all(s.title in texts for s in sets)
        drawn = {
            (round(float(x), 6), round(float(y), 6))
            for line in axes.lines
            for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)  # type: ignore[arg-type]
        }
        for s in sets:
            y = 100.0 * s.quenching_factor if name == "factor" else s.electron_kevee
            for x, v in zip(s.recoil_kev, y, strict=True):
                assert (round(float(x), 6), round(float(v), 6)) in drawn
