"""The reader of the first CsI[Na] release: a made-up copy of its structure, and the release."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cevns.datasets import csi2017
from cevns.exceptions import DataError, InputError

PE, TIME = (0.5 * (e[1:] + e[:-1]) for e in (csi2017.PE_EDGES, csi2017.TIME_EDGES_US))
PARAMETERS = """\
beamExposure: {value: 7.5}
distanceToTarget: {value: 19.3}
csiQF: {value: 0.09, uncertainty: 0.02}
csiLightYield: {value: 13.0, uncertainty: 0.02}
neutrinosPerProton: {value: 0.08, uncertainty: 0.008}
promptNeutronNormalization: {value: 1, uncertainty: 0.25}
acceptanceEfficiency:
  parameters:
    - {name: a, value: 0.66, error_hi: 0.02, error_lo: 0.04}
    - {name: k, value: 0.49, error_hi: 0.03, error_lo: 0.01}
    - {name: x_0, value: 10.9, error_hi: 0.2, error_lo: 0.4}
  comment: last
"""


def rows(*columns: np.ndarray) -> str:
    return "".join(", ".join(f"{v:g}" for v in row) + "\n" for row in zip(*columns, strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rng = np.random.default_rng(2)
    pe, time = np.repeat(PE, 24), np.tile(TIME, 25)
    for beam in ("On", "Off"):
        for sample in ("coincidence", "anticoincidence"):
            counts = rng.poisson(2.0, 600).astype(float)
            text = "# bin center, bin center, counts\n" + rows(pe, time, counts)
            (tmp_path / f"data_{sample}_beam{beam}.txt").write_text(text)
    shape = np.where(TIME < 6, 1 / 12, 0.0)
    for name in ("promptNeutrinos", "delayedNeutrinos", "promptNeutrons"):
        text = "".join(f"{t}, {c!r}\n" for t, c in zip(TIME, shape.tolist(), strict=True))
        (tmp_path / f"arrivalTimePDF_{name}.txt").write_text("# normalised\n" + text)
    (tmp_path / "promptPDF.txt").write_text(rows(np.arange(50) + 0.5, np.exp(-np.arange(50) / 9)))
    (tmp_path / "coherent_parameters.yaml").write_text(PARAMETERS)
    return tmp_path


def test_public_release(public_data):
    data = csi2017.load(public_data / csi2017.NAME)
    # arXiv:1804.09459: counts of the region of the likelihood
    assert data.coincident.histogram([6, 30], [0, 6])[0, 0] == 547
    assert data.anticoincident.histogram([6, 30], [0, 6])[0, 0] == 405
    assert data.coincident_off.counts.shape == (25, 24)
    p = data.published
    assert (p.exposure_gwh, p.distance_m, p.quenching) == (7.47594, 19.3, (0.0878, 0.0166))
    assert p.acceptance == (0.6655, 0.4942, 10.8507)
    assert p.acceptance_up == (0.0212, 0.0335, 0.1838)
    assert p.acceptance_down == (0.0384, 0.0131, 0.3995)
    # prompt neutrons of the published fit, about 5.4: here from spectrum, exposure, acceptance
    assert data.accepted_neutron_pe.rebin([6, 30])[0] == pytest.approx(5.42, abs=0.01)


def test_grids_merge_and_refuse_cuts(folder):
    grid = csi2017.load(folder).coincident
    merged = grid.histogram([6, 10, 30], [0, 1, 6])
    assert merged[0, 0] == grid.counts[3:5, :2].sum()
    assert merged.sum() == grid.counts[3:15, :12].sum()
    # beyond the grid there is nothing: what has no time axis asks for all times
    assert grid.histogram([0, 50], [-1e9, 1e9])[0, 0] == grid.counts.sum()
    with pytest.raises(InputError, match="edge 7 PE would divide a bin"):
        grid.histogram([6, 7, 30], [0, 6])


def test_samples_have_the_roles_of_the_experiment_file(folder):
    data = csi2017.load(folder)
    counts = data.anticoincident.counts
    assert np.array_equal(data.samples["ac-time"].content, counts[3:15].sum(axis=0))
    assert data.samples["ac-energy"] is data.anticoincident
    accepted = data.samples["brn-energy"].content
    assert not accepted[:5].any()  # nothing is accepted below 5 PE
    k1, k2, x0 = data.published.acceptance
    by_hand = data.neutron_pe.content[12] * 7.5 * k1 / (1 + np.exp(-k2 * (12.5 - x0)))
    assert accepted[12] == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("data_coincidence_beamOn.txt", "1, 0.75,", "0.75, 1,", "line 3: .*0.75, 1 where 1, 0.75"),
        (
            "data_coincidence_beamOn.txt",
            "49, 11.75, ",
            "49, 11.75, -",
            "is not a number of events|no count",
        ),
        (
            "data_coincidence_beamOn.txt",
            "3, 0.25, ",
            "3, 0.25, 0.5",
            "line 26: .* not a number of events",
        ),
        ("data_anticoincidence_beamOn.txt", "9, 2.25, ", "9, 2.25, nan\n", "line"),
        (
            "arrivalTimePDF_promptNeutrons.txt",
            "0.25, 0.0833",
            "0.25, 0.1833",
            "sums to 1.1 instead of 1",
        ),
        ("promptPDF.txt", "3.5, ", "3.5, -", "line 4: a content is negative"),
        ("promptPDF.txt", "\n3.5, ", "\n3, ", "line 4: .* 3 where 3.5 belongs"),
        ("coherent_parameters.yaml", "  comment: last\n", "", "truncated"),
        (
            "coherent_parameters.yaml",
            "value: 19.3",
            "value: far",
            "'far', which is not a positive number",
        ),
        ("coherent_parameters.yaml", "csiQF", "qf", "lacks 'csiQF: value'"),
        ("coherent_parameters.yaml", "value: 0.66", "value: 6.6", "k1 from 0 to 1"),
        ("coherent_parameters.yaml", "{value: 7.5}", "{value: 7.5", "not a usable YAML"),
    ],
)
def test_a_spoilt_file_is_named(folder, name, old, new, message):
    path = folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=message) as caught:
        csi2017.load(folder)
    assert name in str(caught.value)


def test_every_file_is_needed_and_read_to_its_end(folder):
    for path in sorted(folder.iterdir()):
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(DataError, match=path.name):
            csi2017.load(folder)
        path.write_bytes(whole[: int(0.6 * len(whole))])
        with pytest.raises(DataError, match=path.name):
            csi2017.load(folder)
        path.write_bytes(whole)
    csi2017.load(folder)
    with pytest.raises(DataError, match="is not a folder"):
        csi2017.load(folder / "promptPDF.txt")
