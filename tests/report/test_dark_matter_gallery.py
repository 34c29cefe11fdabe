"""Dark matter in the gallery: carried limits against the likelihood, and independent numbers."""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns.analysis.studies.dark_exclusion import (
    before,
    dark_model,
    square_limits,
    with_dark_source,
)
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.inference.model.data import asimov, draw, observed
from cevns.report.drawing.overlays import read_curves
from cevns.report.gallery import dark_matter_exclusion, entry
from cevns.report.gallery_parts import dark_beams

CSI = "coherent-csi-2021-dm"
AT = {"m_chi": 10.0, "mass_ratio": 3.0}
TABLES = ("dark-matter-pi0", "dark-matter-bremsstrahlung", "dark-matter-delayed")


@pytest.fixture(autouse=True)
def _carried(monkeypatch, tmp_path):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path / "none")


@pytest.fixture(scope="module")
def model():
    return dark_model(with_dark_source(load(CSI), "dark-photon"), AT)


@pytest.mark.parametrize("name", TABLES)
def test_a_carried_table_says_how_it_was_made(name):
    text = (dark_beams.CARRIED / f"{name}.csv").read_text("utf-8")
    assert "make_dark_matter_limits.py" in text
    assert "2.71" in text


@pytest.mark.slow
def test_a_carried_limit_is_that_of_the_exact_likelihood():
    study = cevns.load(CSI, models="dark-photon")
    curves = dark_beams.carried("dark-matter-pi0", "m_chi")
    for name, expected in (("observed", False), ("expected", True)):
        mine = dark_matter_exclusion.limit_at(curves[name], 10.0)
        other = study.upper_limit("y_dm", at=AT, asimov=expected).upper_limit
        assert mine == pytest.approx(other, rel=1e-3)


@pytest.mark.slow
def test_limits_with_bremsstrahlung(tmp_path):
    experiment = with_dark_source(load(CSI), "dark-photon", {"bremsstrahlung": "coherent-like"})
    at = {**AT, "m_chi": 60.0}
    found = dark_model(experiment, at)
    curves = dark_beams.carried("dark-matter-bremsstrahlung", "m_chi")
    (limit,) = square_limits(found, [observed(found)])
    assert dark_matter_exclusion.limit_at(curves["observed times 1"], 60.0) == pytest.approx(
        limit, rel=1e-3
    )
    # twice the production is half of Y^2 where there is nothing else
    half, one, twice = (
        dark_matter_exclusion.limit_at(curves[f"observed times {s}"], 60.0) for s in ("0.5", 1, 2)
    )
    assert (half / one, one / twice) == pytest.approx((2**0.5, 2**0.5), rel=1e-3)


def test_bands_are_those_of_the_asymptotic_formula():
    """Limits of a bounded mean: ((1 + 2.706)^(1/2) - 1)/1.645 and so on in events, roots in Y."""
    curves = dark_beams.carried("dark-matter-pi0", "m_chi")
    z = 1.6449
    asymptotic = {
        "-2": ((4 + z * z) ** 0.5 - 2) / z, "-1": ((1 + z * z) ** 0.5 - 1) / z,
        "+1": (1 + z) / z, "+2": (2 + z) / z,
    }  # fmt: skip
    for name, ratio in asymptotic.items():
        for m, y in curves[f"expected {name}"]:
            middle = dark_matter_exclusion.limit_at(curves["expected"], float(m))
            assert y / middle == pytest.approx(ratio**0.5, rel=0.08), (name, m)  # 300 toys


@pytest.mark.slow
def test_toys_of_a_batch_are_those_of_single_fits(model):
    toys = draw(model, model.parameters.values, np.random.default_rng(3), 4)
    together = square_limits(model, [toys])
    alone = [square_limits(model, [toys.columns(k)])[0] for k in range(4)]
    assert together == pytest.approx(alone, rel=1e-4)


def test_without_late_data_the_flux_matters(model):
    early = before(model, 6)
    assert early.n_bins == 14 * 6
    theta = model.parameters.at({"y_dm": 4e-11}).values
    whole = model.expected(theta).reshape(14, 11)
    assert early.expected(theta) == pytest.approx(whole[:, :6].ravel())
    limits = [square_limits(m, [observed(m), asimov(m)]) for m in (model, early)]
    assert np.all(limits[1] > limits[0])
    curves = dark_beams.carried("dark-matter-delayed", "flux_error")
    for k, name in enumerate(("observed", "expected")):
        for found, data in zip(limits, ("all", "early"), strict=True):
            error, y = curves[f"10 MeV {data} {name}"].T
            assert found[k] == pytest.approx(float(np.interp(0.1, error, y)), rel=1e-3)
    # with an unknown flux the late data hold the limit, the early ones do not
    whole, part = (curves[f"10 MeV {d} expected"][:, 1] for d in ("all", "early"))
    assert whole[-1] / whole[0] < 1.05
    assert part[-1] / part[0] > 1.3
    with pytest.raises(InputError, match="energies and times"):
        before(model, 12)


@pytest.mark.slow
def test_published_limits_and_relics():
    """Accepted factors: 1.35 to 25 MeV, 1.5 at 100 MeV with bremsstrahlung."""
    table = entry("dark-matter-exclusion").table()
    rows = {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}
    for m in (2.0, 10.0, 25.0):
        assert 1 / 1.35 < rows[m]["observed, pi0"] / rows[m]["published"] < 1.35
    ratio = rows[100.0]["observed, with bremsstrahlung"] / rows[100.0]["published"]
    assert 1 / 1.5 < ratio < 1.5
    for m in (1.0, 10.0, 30.0):
        assert 0.5 < rows[m]["observed, pi0"] / rows[m]["expected, pi0"] < 0.95
    both = dark_beams.carried("dark-matter-bremsstrahlung", "m_chi")["observed times 1"]
    found = dark_matter_exclusion.crossings(
        both, dark_matter_exclusion.relic_lines()["dark-photon"]
    )
    # published 20 to 33 MeV: both curves run side by side there, 10 % in Y are several MeV;
    # fits beside relic lines at single masses, t0 free, cross at 23.04 and 28.92
    assert found == pytest.approx((23.04, 28.92), abs=0.05)
    assert any("with both: from 23 to 28.9 MeV" in note for note in table.notes)


def test_delays_and_flux_of_an_independent_program():
    for m, delay in ((10.0, 1.3), (20.0, 4.8), (30.0, 9.1), (40.0, 13.0), (60.0, 30.0)):
        assert dark_beams.mean_delay_ns(m) == pytest.approx(delay, rel=0.06)
    smith = [(0.0, 0.231, 135), (30.0, 0.153, 101), (90.0, 0.0694, 64), (150.0, 0.0405, 47)]
    for angle, chance, energy in smith:
        found = dark_beams.chi_per_steradian(dark_beams.beam(10.0, angle, "burman-smith"))
        assert found == pytest.approx((chance, energy), rel=0.01)


def test_angles_of_recoils_follow_the_kinematics():
    edges = np.linspace(0.0, 1.0, 101)
    share = dark_beams.recoil_angles(1.0, edges)
    assert share.sum() == pytest.approx(1.0)
    # of the fastest chi, 760 MeV, a recoil of 9 keV in Cs: nothing flies further to the side
    assert share[edges[1:] < (9e-3 / (2 * 123800.0)) ** 0.5].sum() == 0.0
    assert dark_beams.recoil_angles(60.0, edges) @ edges[1:] > share @ edges[1:]


@pytest.mark.slow
def test_figures_of_overlays(tmp_path):
    pytest.importorskip("mplhep")
    path = tmp_path / "lsnd.csv"
    path.write_text("# from a figure\nm_chi_MeV,Y\n1,1e-12\n10,3e-11\n")
    figure = dark_matter_exclusion.figure([path])
    assert any(line.get_label() == "LSND" for line in figure.axes[0].lines)
    (curve,) = read_curves(path, ("m_chi", "y_dm"), ("MeV", ""))
    assert curve.points[1] == pytest.approx((10.0, 3e-11))
