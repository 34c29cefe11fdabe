"""Unbinned fits of lists of events: of a release, of a file, and of drawn events."""

from __future__ import annotations

import numpy as np
import pytest

import cevns
from cevns import datasets
from cevns.analysis.events.event_sample import event_sample
from cevns.analysis.events.sample_file import draw_to_file
from cevns.exceptions import DataError, InputError
from cevns.experiments import load

NAME, UNBINNED = "coherent-csi-2021", {"variant": "unbinned"}


def write(tmp_path, text):
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return {**UNBINNED, "data.values": str(path)}


def test_the_release_as_points_is_the_fit_in_bins():
    """Within a tenth of the error: bins of the analysis hold all but the shape inside of them."""
    if datasets.find(NAME) is None:
        pytest.skip(f"the public release {NAME} is not at hand")
    points = cevns.load(NAME, overrides=UNBINNED).fit().poi
    binned = cevns.load(NAME).fit().poi
    assert points.value == pytest.approx(binned.value, abs=0.1 * binned.error)
    assert points.error == pytest.approx(binned.error, rel=0.02)
    # published: 306 +- 20 events, of which the error is that of the counts alone
    assert points.value == pytest.approx(306.0, abs=20.0)


def test_columns_are_found_by_their_names(tmp_path):
    text = "# drawn\nevent,time_us,reconstructed_pe,neutrino_pdg,in_region\n"
    text += "1,0.7,20.5,nan,1\n2,3.5,30.25,14,1\n3,0.9,nan,14,0\n4,1.5,15.125,nan,1\n"
    measured = load(NAME, overrides=write(tmp_path, text)).inputs.channels[""]
    assert measured.observed.tolist() == [3.0, 1.0, 1.0, 1.0]
    # by place where there are no others
    plain = load(NAME, overrides=write(tmp_path, "pe,t\n20.5,0.7\n30.25,3.5\n15.125,1.5\n"))
    other = plain.inputs.channels[""]
    assert np.array_equal(measured.cells.onto, other.cells.onto)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b,c\n1,2,3\n", "more columns with reconstructed_pe and time_us among them"),
        ("reconstructed_pe,time_us,event\n20,0.5\n", "line 2: has 2 entries"),
        (
            "reconstructed_pe,time_us,event\n20,x,1\n",
            "line 2: contains an entry that is not a number",
        ),
        ("reconstructed_pe,time_us,event\n20,nan,1\n21,1,2\n", "not a number along an axis"),
        ("reconstructed_pe,time_us,event\n90,0.5,1\n", "outside the axis"),
        ("reconstructed_pe,time_us,event\n", "has no event"),
        ("pe\n20\n", "has 1 columns where the axes are 2"),
    ],
)
def test_a_list_that_cannot_be_read_is_one_sentence(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        _ = load(NAME, overrides=write(tmp_path, text)).inputs


def test_a_list_is_a_file_or_of_a_release():
    with pytest.raises(InputError, match="'values', with a file, or by its 'role'"):
        load(NAME, overrides={"data": "{release: coherent-csi-2021, statistic: {kind: unbinned}}"})


@pytest.mark.slow
def test_drawn_events_give_back_their_truth(tmp_path):
    """Twelve times the exposure, nuisances held: 331.4 events a year within three errors."""
    size = 12
    changes = {
        **UNBINNED,
        "source.protons": str(3.198e23 * size),
        "backgrounds.ssb.count": f"{1286 * size} +/- {270 * size}",
        "backgrounds.brn.count": f"{18.4 * size} +/- 4.6",
        "backgrounds.nin.count": f"{5.6 * size} +/- 2.0",
    }
    sample = event_sample(cevns.load(NAME, overrides=changes).experiments[0])
    path = tmp_path / "events.csv"
    draw_to_file(sample, sample.number(3), 3, path)
    study = cevns.load(NAME, overrides={**changes, "data.values": str(path)})
    held = dict.fromkeys(("t0", "qf.csi.0", "qf.csi.1", "efficiency", "brn", "nin"))
    poi = study.fit(fix=held).poi
    truth = sample.strata[0].expected
    assert truth == pytest.approx(331.42 * size, rel=1e-4)
    assert abs(poi.value - truth) < 3.0 * poi.error
    assert poi.error < 0.04 * truth  # so that a bias of a tenth would be seen
