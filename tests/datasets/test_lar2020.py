"""The argon reader: the release itself, and copies with every kind of damage."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from cevns.datasets import lar2020
from cevns.exceptions import DataError, InputError


@pytest.fixture
def public_lar(public_data) -> Path:
    folder = public_data / lar2020.NAME
    if not folder.is_dir():
        pytest.skip(f"CEVNS_DATA does not hold {lar2020.NAME}")
    return folder


def rows(content: np.ndarray) -> list[str]:
    centres = [0.5 * (e[1:] + e[:-1]) for e in lar2020.EDGES.values()]
    grid = np.stack([c.ravel() for c in np.meshgrid(*centres, indexing="ij")], axis=1)
    return [f"{e:.6g} {f:.6g} {t:.6g} {v:.6g}" for (e, f, t), v in zip(grid, content, strict=True)]


@pytest.fixture
def made_up(tmp_path) -> Path:
    """A release with the structure of the real one and made-up numbers."""
    rng = np.random.default_rng(4)
    for role, file in lar2020.ROLES.items():
        content = rng.poisson(4.0, 960) if role == "observed" else rng.uniform(0.1, 2.0, 960)
        (tmp_path / file).write_text("\n".join(rows(content)) + "\n")
    energy = np.arange(0.25, 40, 0.5)
    table = [f"{e} {4 * e} {e / (e + 5)}" for e in energy]
    (tmp_path / "CENNS10AnlAEfficiency.txt").write_text("\n".join(table) + "\n")
    return tmp_path


def test_public_release(public_lar):
    data = lar2020.load(public_lar)
    sums = {role: grid.content.sum() for role, grid in data.samples.items()}
    assert sums["observed"] == 3752
    # the sums the release documents, to the six digits its files print 960 times
    for role, total in (("cevns", 128), ("brn", 497), ("delayed-brn", 33), ("steady-state", 3152)):
        assert sums[role] == pytest.approx(total, abs=0.01)
    # the one alternative that the release forgot to normalise
    assert sums["brn-time-plus"] == pytest.approx(523.67, abs=0.01)
    assert data.acceptance.shape == (80, 3)
    # keVnr and keVee of a row are connected by QF = 0.246 + 0.00078 T; the release inverted it
    # to 0.14 % at the end of the table
    electron, recoil = data.acceptance[:, 0], data.acceptance[:, 1]
    assert (0.246 + 0.00078 * recoil) * recoil == pytest.approx(electron, rel=2e-3)


def test_reading_is_fast(public_lar):
    lar2020.load(public_lar)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        lar2020.load(public_lar)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.3  # the budget; measured 0.014 s


def test_roles_and_order(made_up):
    data = lar2020.load(made_up)
    assert set(data.samples) == set(lar2020.ROLES)
    first = (made_up / "cevnspdf.txt").read_text().splitlines()
    # the last axis runs fastest: row 1 is the second time bin, row 10 the second F90 bin
    assert data.samples["cevns"].content[0, 0, 1] == float(first[1].split()[3])
    assert data.samples["cevns"].content[0, 1, 0] == float(first[10].split()[3])


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda r: r[:-1], "959 rows where 960"),
        (lambda r: [*r[:99], *r[100:]], r"line 100.*rows are missing"),
        (lambda r: [" ".join(np.array(x.split())[[1, 0, 2, 3]]) for x in r], "columns are swapped"),
        (lambda r: [" ".join(np.array(x.split())[[0, 1, 3, 2]]) for x in r], r"line 1\b.*time"),
        (lambda r: [x.replace("0.525", "0.51") for x in r], "F90 is 0.51 where 0.525 belongs"),
        (lambda r: [*r[:6], "5 0.525 3.15 nan", *r[7:]], r"line 7.*not a finite number"),
        (lambda r: [*r[:6], "5 0.525 3.15 -1", *r[7:]], r"line 7.*negative"),
        (lambda r: [*r[:6], "5 0.525 3.15", *r[7:]], r"line 7.*3 values where 4"),
        (lambda r: [x.rsplit(" ", 1)[0] + " 0" for x in r], "all contents are zero"),
    ],
)
def test_damaged_pdf(made_up, damage, says):
    path = made_up / "brnpdf.txt"
    path.write_text("\n".join(damage(path.read_text().splitlines())) + "\n")
    with pytest.raises(DataError, match=says) as error:
        lar2020.load(made_up)
    assert "brnpdf.txt" in str(error.value)


def test_counts_must_be_whole(made_up):
    path = made_up / "datanobkgsub.txt"
    lines = path.read_text().splitlines()
    path.write_text("\n".join(["5 0.525 0.15 3.5", *lines[1:]]) + "\n")
    with pytest.raises(DataError, match=r"line 1.*not whole"):
        lar2020.load(made_up)


@pytest.mark.parametrize("file", ["cevnspdf.txt", "CENNS10AnlAEfficiency.txt"])
def test_missing_file(made_up, file):
    (made_up / file).unlink()
    with pytest.raises(DataError, match=f"{file}.*does not exist"):
        lar2020.load(made_up)


def test_truncated_inside_a_line(made_up):
    path = made_up / "bkgpdf.txt"
    path.write_text(path.read_text()[:-4])
    with pytest.raises(DataError, match=r"bkgpdf.txt.*truncated"):
        lar2020.load(made_up)


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2, 1], [2, 1, 0]])
def test_swapped_columns_of_the_acceptance(made_up, order):
    path = made_up / "CENNS10AnlAEfficiency.txt"
    text = [" ".join(np.array(x.split())[order]) for x in path.read_text().splitlines()]
    path.write_text("\n".join(text) + "\n")
    with pytest.raises(DataError, match=r"CENNS10AnlAEfficiency.txt, line \d+"):
        lar2020.load(made_up)


def test_other_bins_are_refused(made_up):
    grid = lar2020.load(made_up).samples["cevns"]
    edges = [np.array(e) for e in lar2020.EDGES.values()]
    assert grid.rebin(*edges) is grid.content
    with pytest.raises(InputError, match=r"F90 with the edges 0\.5, 0\.55"):
        grid.rebin(edges[0], edges[1][::2], edges[2])


def test_the_carried_acceptance_is_the_released_one(public_lar):
    from cevns.datasets import read_table
    from cevns.experiments.declaration.loader import CATALOGUE

    carried = read_table(CATALOGUE / "cenns-10" / "acceptance.csv")
    released = lar2020.load(public_lar).acceptance
    columns = (carried["x_kevee"], carried["x"], carried["efficiency"])
    assert np.array_equal(np.stack(columns, axis=1), released)
