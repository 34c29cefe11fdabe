"""Data sets: what is carried is what was published, and slips are named."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pytest

from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.quenching import DataSet, load_points, materials, read_folder, read_set

HEAD = "# title: t\n# cite: c\n# material: csi\n"
NAMES = "recoil_energy_kevnr,quenching_factor,quenching_error\n"


def write(folder: Path, text: str, name: str = "mine.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def carried(material: str) -> dict[str, DataSet]:
    return {s.name: s for s in load_points(material)[0]}


def released() -> Path:
    folder = os.environ.get("CEVNS_DATA")
    if not folder or not (Path(folder) / "quenching").is_dir():
        pytest.skip("CEVNS_DATA does not hold the compilations of quenching points")
    return Path(folder)


def test_every_material_has_points_with_errors() -> None:
    assert materials() == ("ar", "csi", "ge", "si")
    for material in materials():
        for s in load_points(material)[0]:
            assert len(s)
            assert (np.diff(s.recoil_kev) >= 0).all()
            assert s.cite
            assert (s.quenching_factor > 0.02).all()
            assert (s.quenching_factor < 0.6).all()


def test_coherent_points_are_those_of_the_release() -> None:
    folder = released() / "coherent-csi-2017"
    duke = np.loadtxt(folder / "qfData_tunl.txt", delimiter=",")
    duke = duke[np.argsort(duke[:, 0])]
    chicago = np.loadtxt(folder / "qfData_chicago.txt", delimiter=",")
    sets = carried("csi")
    # the carried tables have six digits
    one, two = sets["coherent-1"], sets["coherent-2"]
    np.testing.assert_allclose(one.recoil_kev, duke[:, 0], rtol=1e-5)
    np.testing.assert_allclose(one.quenching_factor, 0.97 * duke[:, 3], rtol=1e-5)
    np.testing.assert_allclose(one.quenching_error, 0.97 * duke[:, 4:].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(one.recoil_error_kev, duke[:, 1:3].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(two.quenching_factor, chicago[:, 2], rtol=1e-5)
    np.testing.assert_allclose(two.recoil_error_kev, chicago[:, 1], rtol=1e-5)


def test_argon_points_are_those_at_zero_field() -> None:
    with (released() / "quenching/ar/nr_light_yield.csv").open(encoding="utf-8") as file:
        rows = [
            r
            for r in csv.DictReader(file)
            if float(r["field"]) == 0.0 and float(r["energy"]) <= 125.0
        ]
    sets = carried("ar")
    assert sum(len(s) for s in sets.values()) == len(rows)
    total = sum(s.electron_kevee.sum() for s in sets.values())
    expected = sum(float(r["energy"]) * float(r["l_eff"]) for r in rows)
    assert total == pytest.approx(expected, rel=1e-6)


def test_no_silicon_passes_for_germanium() -> None:
    """Two files of a compilation hold silicon points under germanium; they are not carried."""
    ge = np.concatenate([np.c_[s.recoil_kev, s.quenching_factor] for s in carried("ge").values()])
    si = np.concatenate([np.c_[s.recoil_kev, s.quenching_factor] for s in carried("si").values()])
    same = np.isclose(ge[:, None, :], si[None, :, :], rtol=1e-3).all(axis=-1)
    assert not same.any()


def test_errors_that_contain_the_recoil_error_are_not_counted_twice(tmp_path: Path) -> None:
    # QF = 0.1 +- 0.0085 at T = 10 +- 0.6: (8.5 %)^2 - (6 %)^2 = (6.02 %)^2 is left for E_ee
    path = write(
        tmp_path,
        HEAD
        + "# contains-recoil: yes\n"
        + "recoil_energy_kevnr,recoil_error_kevnr,quenching_factor,quenching_error\n"
        + "10,0.6,0.1,0.0085\n",
    )
    assert read_set(path).electron_error_kevee[0] == pytest.approx(np.sqrt(0.085**2 - 0.06**2))


def test_a_user_folder_replaces_the_carried_points(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "quenching-csi"
    folder.mkdir()
    write(folder, HEAD + NAMES + "10,0.1,0.002\n20,0.11,0.002\n")
    for data in (tmp_path, folder):
        sets, origin = load_points("csi", data)
        assert origin == "--data"
        assert [s.name for s in sets] == ["mine"]
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path))
    assert load_points("csi")[1] == "CEVNS_DATA"
    assert load_points("ar")[1] == "carried"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (NAMES + "10,0.1,0.002\n", "no setting 'title'"),
        (HEAD + "# scale-eror: 0.03\n" + NAMES + "10,0.1,0.002\n", "unknown setting 'scale-eror'"),
        (HEAD + "# title: u\n" + NAMES + "10,0.1,0.002\n", "'title' twice"),
        (HEAD + "# scale-error: -1\n" + NAMES + "10,0.1,0.002\n", "setting 'scale-error'"),
        (HEAD + "# correction: 0\n" + NAMES + "10,0.1,0.002\n", "setting 'correction'"),
        (HEAD + "# use: maybe\n" + NAMES + "10,0.1,0.002\n", "write fit or compare"),
        (HEAD + "# recoil-errors: some\n" + NAMES + "10,0.1,0.002\n", "did you mean"),
        (HEAD + NAMES + "10,0.1,0.0\n", "line 5: a point has no independent error"),
        (HEAD + NAMES + "0,0.1,0.002\n", "line 5: 'recoil_energy_kevnr' must be positive"),
        (HEAD + NAMES + "10,0.1,-0.002\n", "line 5: 'quenching_error' must not be negative"),
        (HEAD + NAMES + "10,0.1,nan\n", "line 5: holds a value that is not a finite number"),
        (HEAD + NAMES + "10,0.1\n", "line 5: has 2 values where 3 belong"),
        (HEAD + "recoil_energy_kevnr,quenching_eror\n10,0.1\n", "unknown column 'quenching_eror'"),
        (HEAD + "recoil_energy_kevnr,quenching_error\n10,0.1\n", "has neither"),
        (
            HEAD + "recoil_energy_kevnr,quenching_factor,electron_energy_kevee\n10,0.1,1\n",
            "gives both",
        ),
        (
            HEAD
            + "# contains-recoil: yes\nrecoil_energy_kevnr,recoil_error_kevnr,quenching_factor,"
            + "quenching_error\n10,2,0.1,0.002\n",
            "remove 'contains-recoil'",
        ),
    ],
)
def test_slips_are_named(tmp_path: Path, text: str, words: str) -> None:
    if "did you mean" in words:
        words = "meaning of recoil errors"
    with pytest.raises(DataError, match=words):
        read_set(write(tmp_path, text))


def test_folders_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no data set"):
        read_folder(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        read_folder(tmp_path / "missing")
    write(tmp_path, HEAD + NAMES + "10,0.1,0.002\n")
    with pytest.raises(DataError, match="'csi' where those of 'ar'"):
        load_points("ar", tmp_path)
    with pytest.raises(UnknownNameError, match="material"):
        load_points("csx")
