"""Entries of the two talks: their numbers by another way, and none of the results left out."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

import cevns
from cevns.cli.terminal.output import table
from cevns.constants import G_FERMI_MEV, HBARC2_MEV2_CM2
from cevns.experiments import load
from cevns.nuclear import nuclide
from cevns.nuclear.couplings import couplings
from cevns.report.gallery import (
    coherent_status,
    cross_section_energy,
    efforts_worldwide,
    entry,
    global_cross_sections,
    nsi_rate,
    recoil_distortions,
    summary_worldwide,
)
from cevns.reproduction import reproduce
from cevns.reproduction.detector_numbers import detectors
from cevns.reproduction.published_results import results
from cevns.reproduction.reactor_limits import reactor_results
from cevns.sources.stopped_pion import StoppedPion


@pytest.fixture(scope="module")
def status():
    return {line.detector.id: line for line in coherent_status.lines()}


@pytest.fixture(scope="module")
def world():
    return {e.title: e for e in summary_worldwide.lines()}


def test_a_year_is_that_of_a_file_with_another_source(status):
    # the file's own beam and a year of the facility differ in the width of the pulse alone
    year = "{kind: stopped-pion, facility: sns-2013-23, years: 1, distance: 19.3 m}"
    other = load("coherent-csi-2021", overrides={"source": year}).prediction()
    assert status["coh-csi-1"].per_year == pytest.approx(other, rel=0.005)
    two_years = load("coherent-d2o").prediction()  # at 0.0848 neutrinos per proton, not 0.09
    assert status["d2o-1"].per_year == pytest.approx(two_years / 2 * 0.09 / 0.0848, rel=1e-6)


def test_status_has_files_and_the_table_of_the_talk(status):
    assert set(status) == {d.id for d in detectors()}
    talk = {name: (t.mass, t.distance, t.threshold) for name, line in status.items()
            if (t := line.detector.talk_2021).mass}  # fmt: skip
    assert talk == {
        "coh-csi-1": ("14.6", "19.3", "6.5"),
        "coh-lar-10": ("24", "27.5", "20"),
        "coh-ge-1": ("18", "22", "< few"),
        "coh-nai-1": ("185", "25", "13"),
        "coh-nai-2": ("3338; 3388", "25", "13"),
    }
    for line in status.values():
        assert line.mass_kg == load(line.detector.experiment).declaration.target.mass
    inelastic = {name for name, line in status.items() if line.inelastic}
    assert inelastic == {"coh-nai-1", "d2o-1"}
    assert all((line.half_seen_kev is None) == line.inelastic for line in status.values())
    # a sharp threshold of 20 keVnr and half of the recoils at 19 keVnr are nearly the same count
    big = status["coh-ar-750"]
    assert big.per_year == pytest.approx(big.detector.per_year(), rel=0.12)


def test_worldwide_leaves_no_result_out(world):
    sun = {"XENONnT 2024", "PandaX-4T 2024", "XENON1T 2020", "XENONnT 2026", "LZ 2025"}
    assert len(world) == len(results()) + len(reactor_results()) + len(sun)
    assert sun <= set(world)
    years = [e.year for e in world.values()]
    assert years == sorted(years)
    assert years[0] == 2017
    assert [t for t, e in world.items() if e.year == 9999] == ["TEXONO 404 kg d"]


def test_worldwide_ratios(world):
    def found(title):
        return world[title].published

    assert found("XENONnT 2024") == pytest.approx((4.7 / 5.25, 3.6 / 5.25, 2.3 / 5.25), rel=1e-6)
    assert found("PandaX-4T 2024") == pytest.approx((1.6, 3.1 / 5.25, 3.1 / 5.25), rel=1e-6)
    assert found("XENON1T 2020") == pytest.approx((14 / 5.25,), rel=1e-6)
    assert world["XENON1T 2020"].memory == "limit"
    assert found("CENNS-10, engineering run") == pytest.approx((34 / 18,))
    assert found("CONUS+") == (1.14, 0.36, 0.36)
    assert found("CONUS 2020") == pytest.approx((85 / load("conus-2020").prediction(),))
    assert found("COHERENT CsI 2021") == pytest.approx((165 / 189, 30 / 189, 25 / 189))
    assert found("LZ 2025") == found("XENONnT 2026") == ()
    assert world["XENONnT 2026"].text == "not read"
    assert world["Dresden-II"].kind == "claimed, disputed"
    # the same quantity by the global fit: within half of the published error on that side
    both = [e for e in world.values() if e.ours is not None and e.published]
    assert len(both) == 6
    for e in both:
        value, up, down = e.published
        assert -0.5 * down < e.ours[0] - value < 0.5 * up, e


def test_conus_plus_has_the_total_error_beside_the_published_one(world):
    # 395 +- 106 events against 310; the published ratio has the prediction 347 +- 59
    value, up, down = world["CONUS+"].ours
    assert value == pytest.approx(395 / 310, rel=0.005)
    assert (up, down) == pytest.approx((106 / 310, 106 / 310), rel=0.005)
    page = (Path(__file__).parents[2] / "docs" / "global-fit.md").read_text(encoding="utf-8")
    usual = global_cross_sections.strengths()["conus-plus"]
    assert f"then {usual[0]:.2f} ± {usual[1]:.2f} times" in " ".join(page.split())
    assert f"which gives {value:.2f} ± {up:.2f}" in " ".join(page.split())
    fitted = cevns.load("conus-plus-2025", overrides={"variant": "count"})
    poi = fitted.fit("cross-section-scale").poi
    said = f"gives {poi.value:.2f} +{poi.error_up:.2f} −{poi.error_down:.2f}"
    assert said in " ".join(page.split())


def test_worldwide_figure_has_all_that_has_a_number(world):
    pytest.importorskip("mplhep")
    above, below = entry("summary-worldwide").figure().axes
    rows = len(above.get_yticks()) + len(below.get_yticks())
    assert rows == len([e for e in world.values() if e.published or e.ours])
    names = [t.get_text() for t in below.get_yticklabels()]
    assert "XENON1T 2020*, Xe" in names  # from memory
    assert "MINER, Al2O3" in names  # its error is a limit in all but name


def test_efforts_are_those_of_the_talk(status):
    lines = {line.file: line for line in efforts_worldwide.lines()}
    assert len(efforts_worldwide.EFFORTS) == 11
    csi = lines["coherent-csi-2021"]
    a_year = csi.per_kg_day * csi.mass_kg * 5000.0 / 24.0
    assert a_year == pytest.approx(status["coh-csi-1"].per_year)
    rows = {r.published.id: r.ours for r in reproduce(["connie-2019-rate"])}
    assert lines["connie-2019"].per_kg_day == pytest.approx(rows["connie-2019-rate"])
    assert lines["nucleus-2026"].distance_m == "72, 102"


def test_argon_systematics():
    ids = ["lar-2020-systematics", "lar-2020-b-systematics"]
    rows = {r.published.id: r for r in reproduce(ids)}
    a = math.sqrt(3.6**2 + 0.8**2 + 7.8**2 + 1.0 + 2.0**2 + 10.0**2)
    b = math.sqrt(1.6**2 + 4.6**2 + 3.3**2 + 1.0 + 2.0**2 + 10.0**2)
    assert rows["lar-2020-systematics-total"].ours == pytest.approx(a)
    assert rows["lar-2020-b-systematics-total"].ours == pytest.approx(b)
    parts = [r for name, r in rows.items() if name.startswith("lar-2020-s") and "total" not in name]
    assert len(parts) == 6
    assert all(r.ours == pytest.approx(r.published.published) for r in parts)


def test_cross_section_of_a_point_is_that_of_the_weak_charge():
    # G_F^2 Q_W^2 E^2/(4 pi) to leading order in E/M, which is 1e-3 here; argon has no axial part
    charge = couplings("scholberg2021").weak_charge(18, 22)
    energy = np.array([10.0, 30.0])
    sigma = G_FERMI_MEV**2 * charge**2 * energy**2 / (4 * math.pi) * HBARC2_MEV2_CM2
    found = cross_section_energy.cevns_e40("Ar40", energy, "unity")
    assert found == pytest.approx(1e40 * sigma, rel=3e-3)
    # a form factor takes more of heavier nuclei and of higher energies
    table = entry("cross-section-energy").table()
    shares = np.array([row[4:] for row in table.rows[:4]], dtype=float)
    assert (np.diff(shares, axis=1) < 0).all()
    # F^2 = 1 - q^2 <r^2>/3; the mean of q^2 over 1 + cos(theta) is 4 E^2/3; <r^2> of klein-nystrand
    sodium = shares[list(cross_section_energy.NUCLEI).index("Na23"), 0]
    q2 = 4.0 / 3.0 * 10.0**2 / 197.327**2
    r2 = 0.6 * (1.2 * 23 ** (1 / 3)) ** 2 + 6.0 * 0.7**2
    assert sodium == pytest.approx(100.0 * (1.0 - q2 * r2 / 3.0), abs=0.02)
    assert (np.diff(shares, axis=0) > 0).all()


def test_distortions():
    heavy, vector, moment, sterile = recoil_distortions.CASES
    recoil = np.array([1.0, 5.0, 13.0])
    g = couplings("scholberg2021")
    charge = {}
    for name in ("I127", "Cs133"):
        x = nuclide(name)
        charge[name] = x, float(g.gv_p("mu")) * x.z + g.gv_n * x.n
    # the axial part is below 0.1 %, and iodine and caesium are nearly alike
    scaled = [((q + 0.03 * (2 * x.z + x.n)) / q) ** 2 for x, q in charge.values()]
    assert recoil_distortions.ratio(heavy, recoil) == pytest.approx(np.mean(scaled), rel=2e-3)
    talk = []
    for x, q in charge.values():
        square = 2e-3 * x.mass_mev * recoil  # MeV^2
        boson = 3 * (2e-5) ** 2 / (2 * math.sqrt(2) * G_FERMI_MEV * (square + 100.0))
        talk.append(((q + x.a * boson) / q) ** 2)
    assert recoil_distortions.ratio(vector, recoil) == pytest.approx(
        np.mean(talk, axis=0), rel=0.01
    )
    # 1/T, where the slope of the Standard Model is still flat
    more = recoil_distortions.ratio(moment, np.array([0.05, 0.1, 0.2])) - 1.0
    assert more[:-1] / more[1:] == pytest.approx([2.0, 2.0], rel=0.03)
    assert (recoil_distortions.ratio(sterile, recoil) < 1.0).all()
    assert (recoil_distortions.ratio(sterile, recoil) > 0.7).all()


def test_rate_of_nsi():
    for u, d, polynomial, direct in entry("nsi-rate").table().rows:
        assert polynomial == pytest.approx(direct, rel=1e-6), (u, d)
    # along the direction that a nucleus does not feel nothing happens
    x = nuclide("Cs133")
    slope = -(2 * x.z + x.n) / (x.z + 2 * x.n)
    assert nsi_rate.rate(0.5, 0.5 * slope) == pytest.approx(1.0, abs=0.01)
    assert float(nsi_rate.rate(0.0, 0.0)) == pytest.approx(1.0)
    # nu_e are a third of the fluence and more than a third of the rate: without them 0.6 to 0.7
    least = min(nsi_rate.exact(u, 0.0) for u in np.linspace(0.18, 0.22, 3))
    assert 0.6 < least < 0.7


def test_the_status_fits_a_terminal(status):
    """Below 80 columns it is a table and not prose, with all that the files and the talk have."""
    found = entry("coherent-status").table()
    shown = table("status", *found.columns)
    for row in found.rows:
        shown.add_row(*(found.text(cell) for cell in row))
    out = io.StringIO()
    Console(file=out, width=80).print(shown)
    assert "─" in out.getvalue()  # the rule below the headings of a table
    assert max(map(len, out.getvalue().splitlines())) <= 80
    files = {row[1]: row[2] for row in found.rows if row[1] != "talk"}
    assert files == {line.detector.experiment: line.mass_kg for line in status.values()}
    assert ["talk", "3338; 3388", "25", "13"] in [list(row[1:5]) for row in found.rows]


def test_both_duty_factors_of_the_sns_are_explained():
    rows = {row[0]: row for row in entry("pion-decay").table().rows}
    window = rows["duty factor, 60 Hz × 6 µs"][3]
    train = 1e4 * StoppedPion(20.0, "sns-2013-23").duty
    notes = " ".join(entry("pion-decay").table().notes)
    assert f"{train:.1f}e-4" in notes
    assert f"{window}e-4" in " ".join(entry("pion-sources").table().notes)
    page = (Path(__file__).parents[2] / "docs" / "talks.md").read_text(encoding="utf-8")
    assert f"{train:.1f} · 10^-4" in page
    assert f"{window} · 10^-4" in page
