"""The gallery: figures without a warning, tables whose numbers are those of the rates."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import quad
from typer.testing import CliRunner

from cevns.cli.app import app
from cevns.constants import E_MICHEL_MAX_MEV
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import load
from cevns.nuclear import nuclide
from cevns.processes import kinematics
from cevns.rates import flux_averaged_cross_section, recoil_spectrum
from cevns.report import gallery, save
from cevns.report.gallery import Table, compared, cross_section, entries, entry, pion_decay, summary
from cevns.reproduction import reproduce
from cevns.reproduction.detector_numbers import GERMANIUM, Detector, detector, detectors, year
from cevns.reproduction.kinds import detector as detector_row
from cevns.reproduction.published_results import result, results
from cevns.sources import SNS
from cevns.sources.facilities.pion_facility import facilities
from cevns.sources.stopped_pion import StoppedPion
from cevns.study import Study

HERE = [e.name for e in entries() if not e.needs]
# More than 3 s each. The documentation draws all of them anew, and there a warning is an error too.
LONG = {
    "charge-radii",
    "coherent-status",
    "dark-matter-exclusion",
    "dark-matter-flux",
    "dark-matter-signatures",
    "efforts-worldwide",
    "flavoured-cross-sections",
    "heavy-water",
    "neutron-radius",
    "nsi-ee-plane",
    "reactor-lindhard-k",
    "reactor-recoils",
    "reactor-results",
    "sensitivities",
    "sky-recoils",
    "sterile",
    "summary",
    "summary-worldwide",
}
DRAWN = [pytest.param(n, marks=[pytest.mark.slow] if n in LONG else []) for n in HERE]
PUBLISHED_DETECTORS = {"coh-ar-750": 3000, "coh-ge-1": 500}


@pytest.fixture(autouse=True)
def _carried(monkeypatch, tmp_path):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path / "none")


@pytest.mark.parametrize("name", DRAWN)
def test_figure_is_drawn_without_a_warning(name, tmp_path):
    pytest.importorskip("mplhep")  # warnings are errors in this suite
    figure = entry(name).figure()
    assert figure.axes
    placed = [(a, a.get_subplotspec()) for a in figure.axes]  # a bar of colours has no place
    assert all(a.get_xlabel() for a, at in placed if at is not None and at.is_last_row())
    assert save(figure, tmp_path / f"{name}.png").stat().st_size > 10_000  # not an empty sheet


@pytest.mark.parametrize("name", DRAWN)
def test_table_is_whole(name):
    table = entry(name).table()
    assert table is not None
    assert table.rows
    assert {len(row) for row in table.rows} == {len(table.columns)}
    numbers = [c for row in table.rows for c in row if isinstance(c, float)]
    assert np.isfinite(numbers).all()
    lines = [line for line in table.csv().splitlines() if not line.startswith("#")]
    assert len(list(csv.reader(io.StringIO("\n".join(lines))))) == len(table.rows) + 1
    assert table.markdown().count("\n") >= len(table.rows) + 1


def test_every_entry_has_a_title():
    assert set(HERE) >= LONG
    assert len({e.title for e in entries()}) == len(entries())
    assert all(e.title for e in entries())


def test_what_is_read_from_tables_says_so():
    """An entry that reads shipped tables names what and from which tool; no other one does."""
    reads = re.compile(
        r"\bscans\.(shipped|toys_text|accepted)\(|\b(tables|lines)\.\w+\(|\bcarried\("
    )
    for e in entries():
        source = Path(gallery.__file__).with_name(f"{e.name.replace('-', '_')}.py").read_text()
        assert bool(reads.search(source)) == bool(e.carried), e.name
        if e.carried:
            (tool,) = re.findall(r"tools/\w+\.py", e.carried)
            assert Path(__file__).parents[2].joinpath(tool).is_file()


def test_unknown_entry():
    with pytest.raises(UnknownNameError, match="pion-decay"):
        entry("pion-deca")


def test_entry_without_its_release_says_so():
    lar = entry("lar-projections")
    assert "cevns data fetch coherent-lar-2020" in lar.missing
    pytest.importorskip("mplhep")
    with pytest.raises(InputError, match="cevns data fetch coherent-lar-2020"):
        lar.figure()
    table = lar.table()
    # priors of the file need no release
    assert set(table.column("verdict")) == {"agrees", "no data", "not comparable"}


def test_maximum_recoil():
    table = entry("maximum-recoil").table()
    for name, energy, published, ours, simple in table.rows:
        mass = nuclide(name).mass_mev
        assert ours == kinematics.maximum_recoil_kev(energy, mass)
        # backward scattering conserves momentum: p = E + E', T = E - E', T = sqrt(p^2 + M^2) - M
        momentum = 2 * energy - 1e-3 * ours
        assert 1e-3 * ours == pytest.approx(momentum**2 / (math.hypot(momentum, mass) + mass))
        assert ours == pytest.approx(published, rel=0.012)  # 1 %, and the talk's rounding of 0.40
        digits = 2 if published < 10 else 1
        assert round(simple, digits) == published  # to the printed digit


def test_mean_energies():
    source = SNS(distance_m=20.0, protons=1.0)
    for flavour in ("nu_e", "nubar_mu"):
        mean, _ = quad(lambda e, f=flavour: e * float(source.spectrum(f, e)), 0, E_MICHEL_MAX_MEV)
        # both are exact for a polynomial, up to rounding
        assert pion_decay.mean_energy_mev(flavour) == pytest.approx(mean, rel=1e-10)
    # kinematics of the two-body decay
    assert pion_decay.mean_energy_mev("nu_mu") == pytest.approx(29.79, abs=0.005)


def test_pion_sources_are_the_carried_facilities():
    from cevns.report.gallery import pion_sources

    table = pion_sources.table()
    assert len(table.rows) == len(facilities())
    merit = table.columns.index("figure of merit")
    by_title = {row[0]: row for row in table.rows}
    assert by_title["SNS 2013-23"][merit] == pytest.approx(1.0)
    assert by_title["J-PARC MLF"][merit] == pytest.approx(3.6, rel=0.02)
    (points,) = [c for c in pion_sources.figure().axes[0].collections if c.get_label() == "data"]
    for (x, y), area, name in zip(
        points.get_offsets(), points.get_sizes(), facilities(), strict=True
    ):
        source = StoppedPion(30.0, name, hours=1.0)
        assert (x, 1.0 / y) == pytest.approx((source.flux20_cm2_s, source.duty))
        assert area == pytest.approx(source.power_mw * pion_sources.AREA_PER_MW)


def test_detector_count_is_the_integral_of_the_recoil_spectrum():
    for name in ("coh-csi-1", "coh-ge-1", "coh-ar-750"):
        d = detector(name)
        threshold = d.recoil_threshold_kev
        # a plain fine sum, blind to the kinks, so 1e-4 of the count
        recoil = np.linspace(threshold, 160.0, 40_001)
        source = year(d.distance_m)
        spectrum = sum(recoil_spectrum(source, d.target, d.mass_kg, recoil).values())
        assert d.per_year() == pytest.approx(np.trapezoid(spectrum, recoil), rel=1e-4)


def test_only_sodium_recoils_count():
    nai = detector("coh-nai-2")
    everything = Detector.model_validate({**nai.model_dump(), "recoils": ()})
    iodine = Detector.model_validate({**nai.model_dump(), "recoils": ("I127",)})
    assert nai.per_year() + iodine.per_year() == pytest.approx(everything.per_year(), rel=1e-9)


def test_counts_scale_with_mass_and_distance():
    ge = detector("coh-ge-1")
    assert ge.variant("18 kg").per_year() == pytest.approx(ge.per_year() * 18 / 16)
    assert ge.variant("22 m").per_year() == pytest.approx(ge.per_year() * (19.2 / 22) ** 2)
    assert ge.variant("1.5 keVee of arXiv:2406.13806").per_year() < ge.per_year()


def test_germanium_threshold():
    threshold = detector("coh-ge-1").recoil_threshold_kev
    assert float(GERMANIUM.electron_energy_kevee(threshold)) == pytest.approx(0.3)


def test_germanium_count_agrees_with_the_2024_prediction():
    # from 10.22 GWh kg of 1.05 GeV with 0.0963 at 19.1 m to 7 GWh of 1 GeV with 0.09 and 16 kg;
    # beyond 19.5 keVee there is nothing, and the table has a sharp threshold
    ours = detector("coh-ge-1").variant("1.5 keVee of arXiv:2406.13806").per_year()
    predicted = load("coherent-ge-2024").predict()["cevns"]
    flux = 7.0 * 16 * 0.09 / 19.2**2 / (10.22 * 0.0963 / 1.05 / 19.1**2)
    assert ours == pytest.approx(predicted * flux, rel=0.01)


def test_detector_table_and_rows_are_the_same_numbers():
    counts = dict(zip(*(entry("detectors").table().column(c) for c in ("detector", "CEvNS / year")),
                      strict=True))  # fmt: skip
    rows = {r.published.id: r for r in reproduce(["detector-"])}
    for name, published in PUBLISHED_DETECTORS.items():
        row = rows[name.replace("coh-", "detector-")]
        assert row.published.published == published
        assert row.ours == pytest.approx(counts[detector(name).title])
        assert row.agrees is None  # shown: the talk does not say what it counts
    assert counts[detector("d2o-1").title] is None
    assert len([d for d in detectors() if d.conflicts]) >= 4


def test_bad_detectors():
    good = detector("coh-csi-1").model_dump()
    with pytest.raises(ValidationError, match="not both"):
        Detector.model_validate({**good, "threshold_kevee": 1.0})
    with pytest.raises(ValidationError, match="germanium only"):
        Detector.model_validate({**good, "threshold_kevnr": None, "threshold_kevee": 1.0})
    with pytest.raises(UnknownNameError):
        detector("coh-csi-1").variant("nonsense")
    with pytest.raises(UnknownNameError):
        detector("coh-xe-1")
    with pytest.raises(InputError, match="no recoil threshold"):
        detector_row.compute("d2o-1")


def test_cross_section_table_is_the_rates():
    table = entry("cross-section").table()
    source = SNS(distance_m=19.3, protons=3.198e23)
    for name, ours in zip(table.column("target"), table.column("σ / 10⁻⁴⁰ cm²"), strict=True):
        assert ours == pytest.approx(flux_averaged_cross_section(source, name).mean_cm2 * 1e40)
    axial = dict(zip(table.column("target"), table.column("axial / %"), strict=True))
    assert axial["Ar"] == 0.0  # spin 0
    assert 1.9 < axial["Na"] < 2.5
    # measured values as published
    measured = dict(zip(table.column("target"), table.column("measured"), strict=True))
    assert measured["CsI"] == "165 +30 −25"
    assert measured["Ge"] == "59 ± 8"
    assert "22 ± 8" in measured["Ar"]


def test_smooth_curve_meets_the_elements():
    # nuclei on the line of stability have other masses and Z by a unit: within 6 % of even elements
    for z, name in ((18, "Ar"), (54, "Xe")):
        curve = [cross_section.stable(k) for k in range(z - 4, z + 8, 2)]
        n = [x.n for x in curve]
        smooth = np.interp(
            cross_section.neutrons(name), n, [cross_section.standard_model(x) for x in curve]
        )
        assert smooth == pytest.approx(cross_section.standard_model(name), rel=0.06)


def test_summary():
    lines = {line.result.id: line for line in summary.lines()}
    assert "coherent-lar-engineering" not in lines  # a limit
    assert lines["coherent-csi-2021"].published[0] == pytest.approx(165 / 189)
    experiment = load("coherent-csi-2021")
    poi = Study((experiment,)).fit("cross-section").to_dict()["poi"]
    ours = lines["coherent-csi-2021"].ours
    # refitted: to the tolerance of the minimiser
    assert ours[0] == pytest.approx(poi["value"] / experiment.cross_section_cm2, rel=1e-4)
    csi = lines["coherent-csi-2017"]
    assert csi.published[0] == pytest.approx(134 / 173)
    assert csi.published[1] == pytest.approx(134 / 173 * math.hypot(22 / 134, 48 / 173))
    assert csi.ours[0] == pytest.approx(134.4 / 168.5, rel=2e-3)  # rounded in the documentation
    assert lines["coherent-ge-2026"].ours is None
    assert lines["coherent-ge-2026"].remark == "published only"
    assert lines["coherent-lar-2020-a"].ours is None
    assert "cevns data fetch" in lines["coherent-lar-2020-a"].remark
    assert summary.published_ratio(result("coherent-lar-engineering")) is None
    assert {line.result.id for line in lines.values()} <= {r.id for r in results()}


def test_compared_says_a_note_once():
    table = compared("quenching-csi")
    assert len(table.notes) == len({note.partition(": ")[2] for note in table.notes})


def test_table_cells():
    table = Table(("a", "b"), (("x", 3056.4), ("y", None), ("z", 0.000123456)))
    assert [table.text(c) for c in table.column("b")] == ["3056", "", "0.0001235"]
    assert table.html().count("<td") == 6
    assert "a &lt; b" in Table(("a < b",), ((1.0,),)).html()


def test_command(tmp_path):
    runner = CliRunner()
    listed = runner.invoke(app, ["gallery", "--json", "-"])
    assert [e["name"] for e in json.loads(listed.stdout)["entries"]] == [e.name for e in entries()]
    shown = runner.invoke(app, ["gallery", "detectors"])
    assert shown.exit_code == 0
    assert "3243" in shown.stdout
    pytest.importorskip("mplhep")
    out = tmp_path / "figures"
    written = runner.invoke(app, ["gallery", "pion_sources", "--out", str(out), "--json", "-"])
    assert written.exit_code == 0
    files = json.loads(written.stdout)["entries"][0]["files"]
    assert files == [str(out / "pion-sources.png"), str(out / "pion-sources.csv")]
    assert (out / "pion-sources.png").read_bytes().startswith(b"\x89PNG")
