from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cevns.datasets import csi2021
from cevns.exceptions import DataError

PE = [0, 8, 12, 16, 20, 24, 32, 40, 50, 60]
TIME = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6]


def spoil(path: Path, old: str, new: str) -> Path:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path


def test_public_release(public_csi):
    data = csi2021.load(public_csi)
    c, ac = data.coincident, data.anticoincident
    below = c.time_us < 6  # some copies end there, the release goes to 12 us
    assert (below.sum(), (ac.time_us < 6).sum()) == (5142, 4890)
    # arXiv:2110.07730 release: counts in PE < 60, 0 <= t < 6 us
    assert c.histogram(PE, TIME).sum() == 1578
    assert ac.histogram([0, 60], [0, 6]).sum() == 1295
    # released shapes are normalised below 60 PE; six printed digits in 60 bins
    assert data.brn_pe.rebin([0, 60])[0] == pytest.approx(1, abs=1e-6)
    assert data.nin_pe.rebin([0, 60])[0] == pytest.approx(1, abs=1e-6)
    # the sums over time and PE < 250 that belong to the priors 18.4 and 5.6 below 60 PE:
    # quoted with two digits
    for energy, arrival, prior in (
        (data.brn_pe, data.brn_time, 18.4),
        (data.nin_pe, data.nin_time, 5.6),
    ):
        inside = arrival.rebin([0, 6])[0] / energy.content.sum()
        assert inside == pytest.approx(prior, abs=0.06)
    assert data.efficiency.nominal.tolist() == [1.32045, 0.285979, 10.8646, -0.333322]
    ((up, down),) = data.efficiency.variations
    assert up[2] < data.efficiency.nominal[2] < down[2]  # more efficient: lower threshold
    assert [pair[0][0] for pair in data.scintillation.variations] == [0.0613632, 0.055413]


def test_samples_have_the_roles_of_experiment_files(made_up):
    data = csi2021.load(made_up)
    assert data.samples["observed"] is data.coincident
    assert data.samples["ac-energy"] is data.anticoincident
    assert data.samples["brn-energy"].rebin(PE).shape == (9,)
    assert data.samples["nin-time"].content.shape == (650,)
    ac = data.anticoincident
    inside = (ac.pe < 60) & (ac.time_us >= 1) & (ac.time_us < 3)
    assert ac.histogram(PE, [1, 3]).sum() == inside.sum()


@pytest.mark.parametrize("name", ["dataBeamOnC.txt", "dataBeamOnAC.txt"])
def test_swapped_columns(made_up, name):
    path = made_up / name
    rows = [line.split() for line in path.read_text().splitlines()[2:]]
    path.write_text("# events\n" + "".join(f"{t} {pe}\n" for pe, t in rows))
    with pytest.raises(DataError, match="line 2: the columns are swapped"):
        csi2021.load(made_up)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("nan 1.0", "not a finite number"),
        ("12.0 -0.1", "time -0.1 us is outside 0 to 12 us"),
        ("12.0 12.5", "time 12.5 us is outside"),
        ("-3 1.0", "energy -3 PE is not positive"),
        ("12.0", "has 1 value where 2 belong"),
        ("12.0 1.0 7", "has 3 values where 2 belong"),
        ("12.0,1.0 2", "is not a row of numbers"),
    ],
)
def test_bad_event(made_up, row, message):
    path = made_up / "dataBeamOnC.txt"
    lines = path.read_text().splitlines()
    lines[99] = row
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=rf"dataBeamOnC\.txt, line 100: .*{message}"):
        csi2021.load(made_up)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_truncation_is_noticed(made_up, data):
    name = data.draw(st.sampled_from(sorted(p.name for p in made_up.iterdir())))
    path = made_up / name
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    try:
        with pytest.raises(DataError, match=name):
            csi2021.load(made_up)
    finally:
        path.write_bytes(whole)


def test_shapes(made_up):
    path = made_up / "brnPE.txt"
    spoil(path, "\n3.5 ", "\n3.5 -")
    with pytest.raises(DataError, match=r"brnPE\.txt, line 4: a content is negative"):
        csi2021.load(made_up)
    spoil(path, "\n3.5 -", "\n3.25 ")
    with pytest.raises(DataError, match=r"line 4: the bin centre is 3\.25 where 3\.5 belongs"):
        csi2021.load(made_up)
    spoil(path, "\n3.25 ", "\n3.5 ")
    rows = [line.split() for line in path.read_text().splitlines()]
    path.write_text("".join(f"{y} {x}\n" for x, y in rows))
    with pytest.raises(DataError, match=r"line 1: .*bin centre and content"):
        csi2021.load(made_up)
    path.write_text("".join(f"{x} 0\n" for x, _ in rows))
    with pytest.raises(DataError, match="all contents are zero"):
        csi2021.load(made_up)
    path.write_text("".join(f"{x} {y}\n" for x, y in [*rows, ("250.5", "1")]))
    with pytest.raises(DataError, match="251 rows where 250 belong"):
        csi2021.load(made_up)


def test_coefficients(made_up):
    path = made_up / "effCoefficients.txt"
    spoil(path, "1.2 0.29 11.8 -0.30", "1.5 0.26 8.8 -0.38")
    with pytest.raises(DataError, match=r"line 7: .*same side of the nominal"):
        csi2021.load(made_up)
    path.write_text("1 2 3 4\n")
    with pytest.raises(DataError, match="1 rows of coefficients where 3 belong"):
        csi2021.load(made_up)


def test_binary_empty_folder_missing(made_up):
    path = made_up / "ninTrec.txt"
    path.write_bytes(b"\x7fELF\0\0")
    with pytest.raises(DataError, match=r"ninTrec\.txt: is binary"):
        csi2021.load(made_up)
    path.write_bytes(b"")
    with pytest.raises(DataError, match=r"ninTrec\.txt: is empty"):
        csi2021.load(made_up)
    path.unlink()
    with pytest.raises(DataError, match=r"ninTrec\.txt: does not exist"):
        csi2021.load(made_up)
    path.mkdir()
    with pytest.raises(DataError, match=r"ninTrec\.txt: is a folder"):
        csi2021.load(made_up)
    with pytest.raises(DataError, match="is not a folder"):
        csi2021.load(made_up / "brnPE.txt")


def test_edges_are_the_nearest_doubles():
    assert csi2021.TIME_EDGES_US[[0, 27, 625 + 25]].tolist() == [-0.25, 0.02, 6.25]
    assert np.all(np.diff(csi2021.PE_EDGES) == 1)
