"""Numbers that no nucleus, detector or pair of experiments has: one sentence, no result."""

import numpy as np
import pytest
from typer.testing import CliRunner

import cevns
from cevns.cli.app import app
from cevns.exceptions import InputError
from cevns.experiments import load
from cevns.experiments.joint import load_joint
from cevns.processes import differential_cross_section, total_cross_section

FILE = """\
schema: 1
name: NAME
title: a small detector
source: {kind: sns, distance: 20 m, protons: 1e23}
target: {material: CsI, mass: 14 kg}
detector:
  quenching: {kind: constant, value: 0.08}
  resolution: {kind: gaussian, noise: 80 eVee, stochastic: 0.1}
axes: {energy: {unit: keVee, edges: [0.5, 1, 2, 3, 4, 5]}}
backgrounds: {flat: {count: 10 +/- 2, energy: {kind: flat}}}
data: {counts: {file: NAME.csv}}
"""
COUNTS = "low,high,count\n0.5,1,20\n1,2,17\n2,3,9\n3,4,4\n4,5,1\n"


def written(folder, name="mine", changes=(), counts=COUNTS):
    text = FILE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / f"{name}.csv").write_text(counts)
    path = folder / f"{name}.yaml"
    path.write_text(text.replace("NAME", name))
    return path


def test_energies_that_leave_double_precision():
    with pytest.raises(InputError, match="1e-300 MeV is out of range"):
        total_cross_section("Cs133", 1e-300)
    assert total_cross_section("Cs133", 0.0) == 0.0
    # sigma grows as E^2
    ratio = total_cross_section("Cs133", 2e-9) / total_cross_section("Cs133", 1e-9)
    assert ratio == pytest.approx(4.0, rel=1e-9)


def test_masked_values_are_no_numbers():
    energies = np.ma.masked_array([10.0, 20.0], mask=[True, False])
    with pytest.raises(InputError, match="neutrino energy in MeV: some values are masked"):
        total_cross_section("Cs133", energies)
    whole = np.ma.masked_array([10.0, 20.0], mask=[False, False])
    np.testing.assert_array_equal(
        total_cross_section("Cs133", whole), total_cross_section("Cs133", [10.0, 20.0])
    )


@pytest.mark.parametrize("which", ["proton", "neutron"])
def test_radius_of_no_nucleus(which):
    with pytest.raises(InputError, match=f"rms radius of the {which}s is 100 fm"):
        differential_cross_section("Cs133", 30.0, 5.0, **{f"{which}_rms_fm": 100.0})


def test_an_axis_of_recoil_energies_has_no_quenching(tmp_path):
    path = written(tmp_path, changes=[("unit: keVee", "unit: keVnr")])
    with pytest.raises(InputError, match="give the axis in keVee or PE, or remove the quenching"):
        load(path)
    quenching = "  quenching: {kind: constant, value: 0.08}\n"
    load(written(tmp_path, changes=[("unit: keVee", "unit: keVnr"), (quenching, "")])).model()


def test_quenching_of_another_nucleus(tmp_path):
    def lindhard(z):
        theory = f"{{kind: lindhard, z: {z}, a: 130}}"
        return written(tmp_path, changes=[("{kind: constant, value: 0.08}", theory)])

    with pytest.raises(InputError, match="nuclei with Z = 32; CsI has 55 and 53"):
        load(lindhard(32)).model()
    load(lindhard(54)).model()


def test_a_parameter_outside_what_the_process_allows(tmp_path):
    line = "parameters: {sin2_theta_w: {constraint: VALUE +/- 0.1, acts_on: interaction}}\ndata:"
    with pytest.raises(InputError, match="'sin2_theta_w' is 5, and the interaction allows 0 to 1"):
        load(written(tmp_path, changes=[("data:", line.replace("VALUE", "5"))])).model()
    load(written(tmp_path, changes=[("data:", line.replace("VALUE", "0.24"))])).model()


def test_the_same_counts_under_two_names(tmp_path):
    a = written(tmp_path, "first")
    same = written(tmp_path, "second", counts=COUNTS + "# copied\n")
    with pytest.raises(InputError, match="first and second hold the same counts"):
        load_joint([a, same])
    other = written(tmp_path, "third", counts=COUNTS.replace(",9\n", ",8\n"))
    load_joint([a, other])


def test_few_equal_counts_may_be_chance(tmp_path):
    few = "low,high,count\n0.5,1,2\n1,2,1\n2,3,1\n3,4,0\n4,5,0\n"
    a = written(tmp_path, "first", counts=few)
    load_joint([a, written(tmp_path, "second", counts=few + "# another run\n")])


def test_a_measurement_from_elsewhere_is_no_merit_of_the_first_experiment(tmp_path):
    external = (
        "external: {caesium: {observable: {kind: weak-charge, nuclide: Cs133, skin: 0.13 fm}, "
        "measured: -72.82 +/- 0.42}}\ndata:"
    )
    first = written(tmp_path, "first", [("data:", external)])
    second = written(tmp_path, "second", counts=COUNTS.replace(",9\n", ",8\n"))
    result = cevns.load(first, second).fit(free=["sin2_theta_w"], minos="none")
    shares = {n: r.contribution.share for n, r in result.results.items()}
    # some 30 events each know the angle five times worse than the weak charge does
    assert shares["first"] == pytest.approx(shares["second"], rel=0.1)
    assert result.shared_share > 0.9


def test_tables_say_what_a_covariance_holds(tmp_path):
    runner, lines = CliRunner(), "parameters:\n  flux: {constraint: 1.0 +/- 0.1, acts_on: signal}\n"
    lines += "  radius: {value: 1.0, acts_on: neutron-radius}\n"
    lines += "correlations: [{parameters: [flux, flat], covariance: [[0.01, 0.1], [0.1, 4.0]]}]\n"
    path = written(tmp_path, changes=[("data:", f"{lines}data:")])
    shown = runner.invoke(app, ["fit", str(path), "--poi", "cross-section"])
    assert shown.exit_code == 0
    table = shown.stdout.partition("parameters")[2].partition("cross_section =")[0]
    rows = {line.split()[0]: line for line in table.splitlines() if line.split()}
    assert "covariance" in rows["flux"]
    assert "covariance" in rows["flat"]
    assert "fixed" in rows["radius"]
    assert "free" not in rows["radius"]
    assert "free" in rows["cross_section"]
