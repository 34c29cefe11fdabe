"""Scans over a field of the experiment file: the numbers of single runs, and closed formulas."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import cevns
from cevns.analysis.scanning.field_record import NUMBERS
from cevns.analysis.scanning.scan_files import read
from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import InputError

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"
ONE_BIN = """
schema: 1
name: one-bin
title: one bin
live_time: 100 d
source: {kind: reactor, power: 3 GW, distance: 25 m}
target: {material: Ge, mass: 2 kg}
detector:
  quenching: {kind: lindhard, z: 32, a: 72.63, k: 0.162}
  resolution: {kind: gaussian, noise: 20 eVee, stochastic: 0.018}
  efficiency: {energy: {kind: step, threshold: 0.2}}
axes: {energy: {unit: keVee, edges: [0.2, 1.0]}}
backgrounds:
  flat: {rate: 20 +/- 0.00001 /keV/kg/d, energy: {kind: flat}}
"""


@pytest.fixture
def one_bin(tmp_path: Path) -> Path:
    path = tmp_path / "one-bin.yaml"
    path.write_text(ONE_BIN)
    return path


def test_each_number_is_that_of_a_single_run() -> None:
    found = cevns.load("coherent-ge-1").scan_field("target.mass", [5.0, 20.0, 80.0], unit="kg")
    for i, mass in enumerate((5.0, 20.0, 80.0)):
        alone = cevns.load("coherent-ge-1", overrides={"target.mass": f"{mass} kg"})
        one = alone.sensitivity("cross-section").headline
        numbers = (one.signal, one.background, one.error, *(one.interval or ()), one.significance)
        names = ("signal", "background", "error", "lower", "upper", "significance")
        assert tuple(found[n][i] for n in names) == numbers
        # the fit is of the exact model, and of all its bins: tables are good to a thousandth
        fit = alone.fit("cross-section-scale", asimov=True)
        assert found["error"][i] == pytest.approx(fit.poi.error, rel=2e-3)
        assert found["significance"][i] == pytest.approx(fit.z, rel=2e-3)
    assert np.isnan(found["upper_limit"]).all()


@pytest.mark.parametrize("field", ["live_time", "target.mass"])
def test_one_bin_of_known_background_goes_with_the_root_of_the_exposure(
    one_bin: Path, field: str
) -> None:
    r"""$Z^2 = 2[(s+b)\ln(1+s/b)-s]$ and $\sigma = \sqrt{s+b}/s$ (arXiv:1007.1727, eq. 97)."""
    unit = {"live_time": "d", "target.mass": "kg"}[field]
    values = np.geomspace(10.0, 1000.0, 5)
    found = cevns.load(one_bin).scan_field(field, values, unit=unit)
    s, b = found["signal"], found["background"]
    assert s == pytest.approx(s[0] * values / values[0], rel=1e-9)
    assert found["error"] == pytest.approx(np.sqrt(s + b) / s, rel=1e-6)
    z = np.sqrt(2.0 * ((s + b) * np.log1p(s / b) - s))
    assert found["significance"] == pytest.approx(z, rel=1e-5)
    assert z == pytest.approx(z[0] * np.sqrt(values / values[0]), rel=1e-9)
    assert found.logarithmic


@pytest.mark.parametrize(("cl", "sigmas"), [(0.6827, 1.0), (0.9, 1.645), (0.9545, 2.0)])
def test_intervals_have_the_confidence_level(one_bin: Path, cl: float, sigmas: float) -> None:
    """Of many events the profile is a parabola, good to the skewness of a Poisson number."""
    found = cevns.load(one_bin).scan_field("target.mass", [1e4, 1e5], unit="kg", cl=cl)
    half = (found["upper"] - found["lower"]) / 2.0
    assert half == pytest.approx(sigmas * found["error"], rel=2e-3)


def test_where_five_sigma_are_reached(one_bin: Path) -> None:
    values = np.geomspace(10.0, 1e5, 13)
    found = cevns.load(one_bin).scan_field("live_time", values, unit="d")
    first = found["significance"][0]
    at = found.reached(5.0)
    assert at is not None
    # Z grows with the root of the time; between two values it is a straight line in the logarithm
    assert at == pytest.approx(10.0 * (5.0 / first) ** 2, rel=0.05)
    assert found.reached(first / 2) is None
    assert found.reached(1e6) is None
    assert any(line.startswith("5 sigma are reached at live_time = ") for line in found.summary())


def test_new_physics_is_made_anew_for_the_changed_file() -> None:
    """Oscillations go with the distance, which the interaction takes from the source."""
    distances, at = [15.0, 40.0], {"dm2_41": 1.0}
    ours = cevns.load("coherent-cryocsi", models="sterile")
    found = ours.scan_field(
        "source.distance", distances, unit="m", free=["sin2_2theta_mumu"], at=at, cl=0.95
    )
    assert found.quantity.kind == "limit"
    for i, distance in enumerate(distances):
        place = {"source.distance": f"{distance} m"}
        one = cevns.load("coherent-cryocsi", models="sterile", overrides=place).scan_field(
            "target.mass", [9.0, 10.0], unit="kg", free=["sin2_2theta_mumu"], at=at, cl=0.95
        )
        mass = ours.experiments[0].declaration.target.mass
        assert mass == 10.0
        assert found["upper_limit"][i] == pytest.approx(one["upper_limit"][1], rel=1e-9)


def test_channels_with_a_target_of_their_own_change_too() -> None:
    study = cevns.load(EXAMPLES / "two-detectors.yaml")
    found = study.scan_field("target.mass", [10.0, 20.0], unit="kg")
    single = cevns.load(EXAMPLES / "two-detectors.yaml", overrides={"target.mass": "20 kg"})
    assert found["signal"][1] == pytest.approx(2.0 * found["signal"][0], rel=1e-9)
    assert found["error"][1] == single.sensitivity("cross-section").headline.error


def test_what_does_not_move_is_said() -> None:
    """Fixed counts of a background are not those of a larger detector."""
    study = cevns.load("coherent-csi-2021")
    found = study.scan_field("target.mass", [10.0, 20.0], unit="kg", asimov=True)
    assert {n: round(c) for n, c in found.constant.items()} == {"ssb": 1286, "brn": 18, "nin": 6}
    assert any(line.startswith("the same at every target.mass: ssb") for line in found.summary())


def test_the_file_holds_all_of_it(one_bin: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    study, out = cevns.load(one_bin), tmp_path / "mass.h5"
    found = study.scan_field("target.mass", [1.0, 2.0, 3.0], unit="kg", out=out)
    again = read(out)
    assert again.to_dict() == found.to_dict()
    assert all(np.array_equal(again[n], found[n], equal_nan=True) for n in NUMBERS)
    assert study.scan_field("target.mass", [1.0, 2.0, 3.0], unit="kg", out=out) is not None
    with pytest.raises(InputError, match="belongs to another run"):
        study.scan_field("target.mass", [1.0, 2.0, 4.0], unit="kg", out=out)
    with pytest.raises(InputError, match=r"a scan over target\.mass, a field"):
        Scan.read(out)


@pytest.mark.parametrize(
    ("field", "values", "unit", "message"),
    [
        ("target.mass", [1.0, 2.0], "m", "'m' is a unit of length, not of mass"),
        ("target.mass", [1.0, 2.0], "", "a number without a unit"),
        ("target.mas", [1.0, 2.0], "kg", "did you mean 'mass'"),
        ("target.material", [1.0, 2.0], "", "expected a text"),
        ("target.mass", [2.0, 1.0], "kg", "must increase"),
        ("target.mass", [1.0], "kg", "at least two"),
        ("target.mass", [0.0, 1.0], "kg", "greater than 0"),
        ("schema", [1.0, 2.0], "", "schema"),
        ("detector.efficiency.energy.threshold", [0.01, 0.02], "", "no expected number"),
    ],
)
def test_what_makes_no_sense(
    one_bin: Path, field: str, values: list[float], unit: str, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        cevns.load(one_bin).scan_field(field, values, unit=unit)


def test_a_scan_of_parameters_names_the_other_one(one_bin: Path) -> None:
    with pytest.raises(InputError, match=r"which 'cevns scan' and Study\.scan_field take"):
        cevns.load(one_bin).scan({"target.mass": [1.0, 2.0]}, asimov=True)


def test_data_are_not_those_of_another_mass() -> None:
    with pytest.raises(InputError, match=r"taken with the target\.mass of its file"):
        cevns.load("coherent-csi-2021").scan_field("target.mass", [1.0, 2.0], unit="kg")


def test_released_counts_do_not_know_the_mass() -> None:
    with pytest.raises(InputError, match="given in the file or by a published table"):
        cevns.load("coherent-lar-2020").scan_field(
            "target.mass", [10.0, 20.0], unit="kg", asimov=True
        )


def test_without_background_there_is_no_significance() -> None:
    pytest.importorskip("matplotlib")
    found = cevns.load("connie-2024").scan_field("target.mass", [0.01, 0.02], unit="kg")
    assert not found.has_significance
    assert found["error"] == pytest.approx(1.0 / np.sqrt(found["signal"]), rel=1e-6)
    assert "no significance: without background there is none" in found.summary()
    assert len(found.plot().axes) == 1
