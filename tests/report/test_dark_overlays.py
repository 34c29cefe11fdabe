"""Curves of others over scans of dark matter: their columns, their alpha_D, folders of them."""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns.cli import run
from cevns.exceptions import DataError, InputError
from cevns.inference.model.grid import Axis
from cevns.report.drawing.overlays import overlay_files, read_overlay, read_overlays
from cevns.report.scan_figures.scan_figure import check_overlays, scan_figure

COLUMNS, UNITS = ("m_chi", "y_dm"), ("MeV", "")
TEXT = "# somebody, alpha_D = 0.5, m_V = 3 m_chi\nm_chi_MeV,Y\n1,1e-11\n10,4e-11\n"


def _study():
    return cevns.load("coherent-csi-2021-dm", models="dark-photon")


def _scan(alpha_d: float, masses=(5.0, 20.0)):
    y = np.geomspace(1e-12, 1e-9, 7)
    study = _study()
    p = study.couplings["y_dm"]
    return study.scan(
        {"m_chi": np.array(masses), "y_dm": Axis(p, y, True)},
        at={"mass_ratio": 3.0, "alpha_d": alpha_d}, fix=dict.fromkeys(("t0", "efficiency")),
    )  # fmt: skip


@pytest.fixture(scope="module")
def scans():
    return {a: _scan(a) for a in (0.5, 0.1)}


@pytest.mark.slow
def test_the_scan_is_named_after_what_lies_over_cevns(scans):
    assert scans[0.5].title == "coherent-csi-2021-dm: dark-photon"


def test_the_border_runs_through_the_limits_that_are_printed(scans):
    """Steps of a factor 3: between them q is no straight line, the fitted ends are exact."""
    pytest.importorskip("mplhep")
    limits = [pieces[-1][1] for _, pieces in scans[0.5].slices()]
    one = _study().upper_limit(
        "y_dm", at={"mass_ratio": 3.0, "m_chi": 5.0}, fix=dict.fromkeys(("t0", "efficiency"))
    )
    assert limits[0] == pytest.approx(one.upper_limit, rel=2e-3)
    axes = scan_figure(scans[0.5]).axes[0]
    (border,) = (li for li in axes.lines if len(li.get_xdata()) == 2)
    assert border.get_xydata() == pytest.approx(np.array([[5.0, limits[0]], [20.0, limits[1]]]))


def test_units_and_other_names_of_columns(scans, tmp_path):
    path = tmp_path / "lsnd.csv"
    path.write_text(TEXT)
    (curve,) = read_overlay(path, scans[0.5].file.run, COLUMNS)
    assert curve.points == pytest.approx(np.array([[1.0, 1e-11], [10.0, 4e-11]]))
    path.write_text(TEXT.replace("MeV", "GeV"))
    with pytest.raises(DataError, match="has the columns m_chi_GeV, Y; an overlay"):
        read_overlay(path, scans[0.5].file.run, COLUMNS)


@pytest.mark.parametrize(
    ("rule", "power"),
    [("recoil", 0.5), ("missing-energy", 1.0), ("off-shell", 0.0), ("relic", 0.0)],
)
def test_another_alpha_d_is_carried_or_refused(scans, tmp_path, rule, power):
    path = tmp_path / "lsnd.csv"
    path.write_text(TEXT)
    with pytest.raises(DataError, match=r"alpha_d = 0.5 and the scan at 0.1: state the observable"):
        read_overlay(path, scans[0.1].file.run, COLUMNS)
    (curve,) = read_overlay(f"{path}:{rule}", scans[0.1].file.run, COLUMNS)
    assert curve.points[:, 1] == pytest.approx(np.array([1e-11, 4e-11]) * 0.2**power)
    path.write_text(f"# search: {rule}\n{TEXT}")
    (again,) = read_overlay(path, scans[0.1].file.run, COLUMNS)
    assert again.points == pytest.approx(curve.points)
    assert again.label == "LSND, from 0.5"
    (same,) = read_overlay(path, scans[0.5].file.run, COLUMNS)
    assert same.points[:, 1] == pytest.approx([1e-11, 4e-11])


def test_a_folder_gives_the_files_that_fit(tmp_path):
    (tmp_path / "a.csv").write_text(TEXT)
    (tmp_path / "b.csv").write_text("m_V_MeV,alpha_B\n1,1e-9\n")
    (tmp_path / "c.txt").write_text(TEXT)
    assert overlay_files(tmp_path, COLUMNS, UNITS) == [str(tmp_path / "a.csv")]
    assert overlay_files(f"{tmp_path}:recoil", COLUMNS, UNITS) == [f"{tmp_path / 'a.csv'}:recoil"]
    (tmp_path / "a.csv").write_text(f"# search: relic\n{TEXT}")
    assert overlay_files(f"{tmp_path}:recoil", COLUMNS, UNITS) == [str(tmp_path / "a.csv")]
    with pytest.raises(
        DataError, match=r"no \.csv file here has the columns m_zprime and g_zprime"
    ):
        overlay_files(tmp_path, ("m_zprime", "g_zprime"), ("MeV", ""))


def test_a_folder_without_a_rule_is_left_out_and_said(scans, tmp_path):
    (tmp_path / "relic_scalar.csv").write_text(TEXT)
    with pytest.raises(DataError, match=r"relic_scalar\.csv: it holds at alpha_d"):
        read_overlays(tmp_path, scans[0.1].file.run, COLUMNS)  # nothing is left
    (tmp_path / "vector_miniboone_e.csv").write_text(f"# search: recoil\n{TEXT}")
    curves, left_out = read_overlays(tmp_path, scans[0.1].file.run, COLUMNS)
    assert [c.label for c in curves] == ["MiniBooNE e, from 0.5"]
    (text,) = left_out
    assert text.startswith("not shown in the figure: ")
    assert "relic_scalar.csv: it holds at alpha_d = 0.5 and the scan at 0.1" in text
    assert check_overlays(scans[0.1].file.run, [tmp_path]) == left_out
    curves, left_out = read_overlays(tmp_path, scans[0.5].file.run, COLUMNS)
    assert [c.label for c in curves] == ["relic scalar", "MiniBooNE e"]
    assert not left_out


@pytest.mark.slow
def test_an_overlay_is_refused_before_the_scan(capsys, tmp_path, monkeypatch):
    pytest.importorskip("mplhep")

    def never(*_, **__):
        raise AssertionError("the scan was computed")

    monkeypatch.setattr("cevns.analysis.scanning.scan_task.scan", never)
    path = tmp_path / "lsnd.csv"
    command = (
        "scan", "coherent-csi-2021-dm", "--model", "dark-photon", "--at", "mass_ratio=3",
        "--at", "alpha_d=0.1", "--parameter", "m_chi=5MeV:20MeV:2", "--parameter",
        "y_dm=1e-12:1e-9:7:log", "--plots", tmp_path / "figures", "--overlay", path,
    )  # fmt: skip
    for text, message in (
        (None, "lsnd.csv"),
        (TEXT.replace("MeV", "GeV"), "has the columns m_chi_GeV, Y"),
        (TEXT, "state the observable of the search"),
    ):
        if text is not None:
            path.write_text(text)
        assert run([str(a) for a in command]) == 2
        assert message in " ".join(capsys.readouterr().err.split())


def test_masses_without_a_decay_are_left_out_and_said():
    found = _scan(0.5, (60.0, 80.0, 100.0, 120.0, 140.0))
    assert found.axes[0].tolist() == [60.0]
    said = next(line for line in found.summary() if line.startswith("left out"))
    assert said.startswith("left out: m_chi = 80, ..., 140 MeV, no limit: m_chi = 80 MeV: a pair")
    with pytest.raises(InputError, match="heavier than the pi0"):
        _scan(0.5, (80.0, 100.0))
