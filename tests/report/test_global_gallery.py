"""Figures of the global fit: tables against the likelihood, the running, what sets bring."""

from __future__ import annotations

import math

import numpy as np
import pytest
from typer.testing import CliRunner

import cevns
from cevns.cli.app import app
from cevns.exceptions import InputError
from cevns.nuclear import material
from cevns.report.gallery import entry, global_cross_sections, global_weak_mixing_angle
from cevns.report.gallery_parts.carried_scans import shipped
from cevns.report.global_fit import global_tables as tables
from cevns.report.global_fit import running_angle as running
from cevns.report.global_fit.set_figures import combined_figures, sets_figure

PLANES = {
    "global-nsi-flavours": ("eps_ee_u", "eps_mumu_u"),
    "global-nsi-quarks": ("eps_ee_u", "eps_ee_d"),
    "global-nsi-tau": ("eps_ee_u", "eps_tautau_u"),
    "global-radius-cs": ("sin2_theta_w", "r_n_csi"),
    "global-radius-ge": ("sin2_theta_w", "r_n_ge"),
    "global-moments": ("mu_nu_e", "mu_nu_mu"),
    "global-charge-radii": ("charge_radius_ee", "charge_radius_mumu"),
    "global-nsi-off-diagonal": ("eps_ee_u", "eps_emu_u"),
    "global-millicharges": ("millicharge_ee", "millicharge_mumu"),
    "global-moments-1-2": ("lambda_1", "lambda_2"),
    "global-moments-1-3": ("lambda_1", "lambda_3"),
    "global-contact": ("c_vector", "c_scalar"),
}
WILKS_90 = -2.0 * math.log(0.1)


@pytest.fixture(autouse=True)
def _carried(monkeypatch, tmp_path):
    monkeypatch.delenv("CEVNS_DATA", raising=False)
    monkeypatch.setattr("cevns.datasets.places.cache_folder", lambda: tmp_path / "none")


@pytest.mark.parametrize("name", [*PLANES, "global-angles", "global-neutron-radii"])
def test_a_shipped_table_says_how_it_was_made(name):
    text = shipped(name).read_text("utf-8")
    assert f"Regenerate: python tools/make_global_tables.py {name}" in text


def test_angles_and_strengths_of_the_table_are_those_of_the_fit():
    sets = cevns.load("global:ge-2024,conus-plus,pandax").combine().sets
    rows = {r["set"]: r for r in tables.lines("global-angles")}
    for name, found in sets.items():
        p = found.alone[0]
        assert p.error_up is not None
        assert float(rows[name]["sin2_theta_w"]) == pytest.approx(p.value, abs=2e-4)
        assert float(rows[name]["up"]) == pytest.approx(p.error_up, rel=0.01)
    # what was published over what was predicted
    assert float(rows["conus-plus"]["strength"]) == pytest.approx(395 / 310, rel=2e-3)
    assert float(rows["pandax"]["strength"]) == pytest.approx(8.4 / 5.46, rel=2e-3)
    assert float(rows["ge-2026"]["strength"]) == pytest.approx(1.0, abs=1e-4)


def test_table_agrees_with_the_independent_program():
    """Values and ranges of an independent calculation with the same inputs."""
    rows = {r["set"]: float(r["sin2_theta_w"]) for r in tables.lines("global-angles")}
    known = {"csi": (0.228, 0.003), "lar": (0.276, 0.008), "xenonnt": (0.226, 0.005),
             "pandax": (0.323, 0.005), "xenon": (0.274, 0.005), "all": (0.236, 0.003),
             "all and apv-cs": (0.2367, 0.0002), "ge-2026": (0.2386, 0.002)}  # fmt: skip
    for name, (value, range_) in known.items():
        assert rows[name] == pytest.approx(value, abs=range_), name
    radii = {r["nucleus"]: float(r["radius_fm"]) for r in tables.lines("global-neutron-radii")}
    for name, (value, range_) in {
        "CsI": (5.39, 0.05), "CsI and parity violation": (5.37, 0.05),
        "Cs by parity violation": (5.34, 0.05), "Ge 2024": (6.6, 0.3), "Ge 2026": (4.1, 0.1),
        "Ar": (3.05, 0.1),  # where -2 ln L has risen by one
    }.items():  # fmt: skip
        assert radii[name] == pytest.approx(value, abs=range_), name


@pytest.mark.parametrize(
    ("plane", "label", "sets", "model"),
    [
        ("global-nsi-flavours", "conus-plus", "conus-plus", "nsi"),
        ("global-nsi-flavours", "ge-2024", "ge-2024", "nsi"),
        ("global-charge-radii", "csi", "csi", "charge-radius"),
        ("global-moments", "conus-plus", "conus-plus", "magnetic-moment"),
        ("global-radius-ge", "ge-2024 and conus-plus", "ge-2024,conus-plus", "neutron-radius"),
        ("global-nsi-off-diagonal", "ge-2024", "ge-2024", "nsi"),
        ("global-millicharges", "conus-plus", "conus-plus", "millicharge"),
        ("global-moments-1-2", "conus-plus", "conus-plus", "magnetic-moment-mass-basis"),
        ("global-moments-1-3", "conus-plus", "conus-plus", "magnetic-moment-mass-basis"),
        ("global-contact", "conus-plus", "conus-plus", "generalised-interactions"),
    ],
)
def test_borders_lie_where_the_likelihood_has_risen_to_the_level(plane, label, sets, model):
    columns = PLANES[plane]
    edges = tables.ends(plane, columns)
    points = np.concatenate(tables.rings(plane, columns)[label])
    inner = np.all([(points[:, k] > edges[k][0] + 1e-3 * (edges[k][1] - edges[k][0]))
                    & (points[:, k] < edges[k][1] - 1e-3 * (edges[k][1] - edges[k][0]))
                    for k in (0, 1)], axis=0)  # fmt: skip
    study = cevns.load(f"global:{sets}", models=model)
    for x, y in points[inner][:: max(1, inner.sum() // 3)][:3]:
        found = study.scan({columns[0]: [x, x + 1e-6], columns[1]: [y, y + 1e-6]}, cl=0.9)
        # five digits and cubic splines over the steps of a grid: 4 % of the level
        assert found.q[0, 0] == pytest.approx(WILKS_90, rel=0.04)


def test_bands_of_a_reactor_lie_about_the_point_without_amplitude():
    """Rate ~ (Q_W + (2 Z + N) eps)^2: both bands are symmetric about the eps of no rate."""
    (first, second) = tables.rings("global-nsi-flavours", PLANES["global-nsi-flavours"])[
        "conus-plus"
    ]
    middle = np.mean([first[:, 0].min(), first[:, 0].max(), second[:, 0].min(), second[:, 0].max()])
    atoms = material("Ge").atoms
    z = 32.0
    n = sum(x.n * c for x, c in atoms) / sum(c for _, c in atoms)
    assert middle == pytest.approx(-(0.0382 * z - 0.5117 * n) / (2 * z + n), abs=0.003)


def test_minima_are_inside_the_regions_and_all_are_named():
    columns = PLANES["global-nsi-flavours"]
    found = tables.minima("global-nsi-flavours", columns)["all"]
    assert len(found) == 4
    assert found[0][2] == 0.0
    assert all(0.0 < q < WILKS_90 for _, _, q in found[1:])
    # at zero and at twice the eps of no rate, for both flavours
    assert {(x > 0.2, y > 0.2) for x, y, _ in found} == {
        (a, b) for a in (True, False) for b in (True, False)
    }
    assert "+1.1" in "".join(entry("global-nsi-planes").table().notes)


def test_pieces_without_holes():
    rows = tables.extents("global-charge-radii", PLANES["global-charge-radii"]).rows
    counted = [r[0] for r in rows]
    assert counted.count("CsI 2021") == 4
    assert counted.count("All together") == 3
    assert counted.count("Ar 2020") == 1  # a ring: its hole is no piece
    assert tables.extent(np.array([-1.0, 2.0]), (-1.0, 2.0)) == "any"
    assert tables.extent(np.array([0.0, 2.0]), (-1.0, 2.0)) == "above 0"
    assert tables.extent(np.array([0.25, 0.5]), (-1.0, 2.0)) == "0.25 to 0.5"


def test_an_on_shell_angle_keeps_its_distance_from_the_curve():
    nutev = next(p for p in global_weak_mixing_angle.points() if p.label == "NuTeV")
    at_z = 0.2277 + 0.0078 - 0.23122
    distance = nutev.value - float(running.running_angle(4.5))
    assert distance == pytest.approx(at_z, rel=0.03)  # in parts of kappa, 1.02
    moved = [p.label for p in global_weak_mixing_angle.points() if p.value != p.published]
    assert moved == ["PVDIS", "NuTeV", "NuTeV, reassessed", "CCFR"]


def test_every_momentum_range_is_sqrt_2mt():
    """11 to 27 MeV for xenon: recoils of 0.5 to 3 keV."""
    low, high = global_weak_mixing_angle.MOMENTA_MEV["xenonnt"]
    mass = 131.3 * 931.494
    assert 0.4 < 1e3 * low**2 / (2 * mass) < 0.6
    assert 2.5 < 1e3 * high**2 / (2 * mass) < 3.5
    assert set(global_cross_sections.strengths()) == set(global_cross_sections.TARGETS)


def test_what_sets_bring():
    pytest.importorskip("mplhep")
    # of two sets, one alone is all without the other
    found = cevns.load("global:ge-2024,conus-plus,pandax").combine()
    axes = found.plot().axes
    names = [t.get_text() for t in axes[0].get_yticklabels()]
    assert names == ["ge-2024", "conus-plus", "pandax"]
    for face, of in (("#2f5fb3", "alone"), ("white", "without")):
        drawn = {
            round(float(line.get_ydata()[0])): float(line.get_xdata()[0])
            for line in axes[0].lines
            if line.get_marker() == "o"
            and line.get_markerfacecolor() == face
            and len(line.get_xdata())
        }
        wanted = {k: getattr(s, of)[0].value for k, s in enumerate(found.sets.values())}
        assert drawn == pytest.approx(wanted), of
    shares = [bar.get_width() for bar in axes[1].patches]
    assert shares == pytest.approx([100 * (s.share or 0) for s in found.sets.values()])
    assert set(combined_figures(found)) == {"sets", "pulls", "correlation"}
    with pytest.raises(InputError, match="not of interest"):
        sets_figure(found, "r_n_ge")
    joint = cevns.load("global:ge-2024,conus-plus").combine(each=False)
    with pytest.raises(InputError, match="fitted alone"):
        sets_figure(joint)
    assert "sets" not in combined_figures(joint)


def test_the_command_writes_the_figures(tmp_path):
    pytest.importorskip("mplhep")
    out = tmp_path / "figures"
    asked = ["global", "--with", "ge-2024,conus-plus", "--plots", str(out)]
    assert CliRunner().invoke(app, asked).exit_code == 0
    assert {p.name for p in out.iterdir()} == {"sets.png", "pulls.png", "correlation.png"}
