"""The figure of strategy: recoils of all targets, sources, and thresholds of the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.experiments import load
from cevns.report.gallery import entry
from cevns.report.gallery.sky_recoils import TARGETS, ranges
from cevns.report.gallery_parts.label_places import spread
from cevns.report.gallery_parts.recoil_thresholds import half_seen_kev, thresholds

# T_max in keV at 0.423, 0.861, 8, 16.34, 29.79, 52.83 MeV; E_min in MeV for 0.1, 0.5, 1, 5, 10 keV
OWN = {
    "He4": (0.0962, 0.398, 34.2, 142, 469, 1456, 0.43, 0.97, 1.37, 3.06, 4.32),
    "F19": (0.0203, 0.0839, 7.23, 30.1, 100, 314, 0.94, 2.10, 2.97, 6.65, 9.41),
    "Si28": (0.0138, 0.0569, 4.91, 20.5, 68.0, 213, 1.14, 2.55, 3.61, 8.07, 11.42),
    "Ar40": (0.00963, 0.0399, 3.44, 14.3, 47.6, 149.6, 1.36, 3.05, 4.31, 9.65, 13.65),
    "Ge74": (0.00521, 0.0216, 1.86, 7.75, 25.8, 81.0, 1.86, 4.15, 5.87, 13.1, 18.6),
    "I127": (0.00303, 0.0126, 1.08, 4.52, 15.0, 47.2, 2.43, 5.44, 7.69, 17.2, 24.3),
    "Xe132": (0.00292, 0.0121, 1.04, 4.35, 14.4, 45.4, 2.48, 5.54, 7.84, 17.5, 24.8),
    "W184": (0.00209, 0.00866, 0.747, 3.12, 10.4, 32.6, 2.93, 6.54, 9.26, 20.7, 29.3),
}


def test_independent_numbers():
    rows = {row[0]: row[1:] for row in entry("sky-recoils").table().rows}
    assert list(rows) == list(OWN) == list(TARGETS)
    for name, own in OWN.items():
        assert rows[name] == pytest.approx(own, rel=0.01)


def test_ranges_of_sources():
    found = ranges()
    assert found["7Be"] == (None, (0.3843, 0.8613))
    assert found["Pion decay at rest"][1] == pytest.approx((29.79,), abs=0.01)
    for name, (wide, _) in found.items():
        assert wide is None or wide[0] < wide[1], name
    assert found["8B"][0][1] < 16.34
    assert found["pp"][0][1] < 0.4234
    assert found["Supernova"][0] == pytest.approx((4.64, 30.1), rel=0.01)


def test_thresholds_are_those_of_the_files():
    found = {t.experiment.name: t.recoil_kev for t in thresholds()}
    assert found["ricochet-ge"] == pytest.approx(0.05, rel=0.01)
    assert found["conus-plus-2025"] == pytest.approx(0.92, rel=0.02)  # 160 eVee
    assert found["coherent-ge-2024"] == pytest.approx(6.77, rel=0.02)  # 1.5 keVee
    assert found["coherent-csi-2021"] == pytest.approx(11.0, rel=0.05)
    assert list(found.values()) == sorted(found.values())
    assert "gemma" not in found  # sees electrons alone


def test_published_thresholds_are_open_marks():
    """A sharp edge of an axis is no half of an efficiency."""
    stated = {t.experiment.name for t in thresholds() if t.stated}
    assert {"pandax4t-2024", "lz-2025", "xenon1t-2020"} <= stated
    assert not stated & {"xenonnt-2026", "conus-plus-2025", "dresden-ii", "coherent-lar-2020"}
    figure = entry("sky-recoils").figure()
    marks = [x for x in figure.axes[0].lines if x.get_marker() == "o"]
    open_at = {round(float(x.get_ydata()[0]), 6) for x in marks
               if x.get_markerfacecolor() == "white"}  # fmt: skip
    assert open_at == {round(t.recoil_kev, 6) for t in thresholds() if t.stated}
    assert len(marks) == len(thresholds())
    said = " ".join(t.get_text() for axes in figure.axes for t in axes.texts)
    assert "open: a threshold as stated" in " ".join(said.split())


def test_the_threshold_follows_the_file():
    low = load("ricochet-ge", overrides={"axes.energy.edges": "[200, 400, 800]"})
    assert half_seen_kev(next(iter(low.views.values()))) == pytest.approx(0.2, rel=0.02)
    assert np.isfinite(half_seen_kev(next(iter(load("neon").views.values()))))


def test_labels_name_detectors_of_recoils_and_stay_on_the_page():
    """Charged currents have no recoil threshold, and a mass is no name of a detector."""
    names = {t.experiment.name for t in thresholds()}
    assert not names & {"coherent-d2o", "coherent-nubes-pb", "coherent-nubes-fe"}
    assert "coherent-nai-185kg" not in names
    labels = [t.label for t in thresholds()]
    assert not [x for x in labels if x[0].isdigit() or "," in x]
    assert {"ESS Ar", "ESS Si", "ESS Ge", "ESS Xe", "ESS CsI"} <= set(labels)
    axes = entry("sky-recoils").figure().axes[0]
    places = {a.get_text(): a.get_position()[1] for a in axes.texts if " keV" in a.get_text()
              or a.get_text().endswith(" eV")}  # fmt: skip
    assert len(places) == len(labels)
    assert min(places.values()) >= 0.999e-3
    assert max(places.values()) <= 1.001e3


def test_places_within_limits():
    assert spread([9.0, 9.0, 1.0], 1.0, (0.0, 9.0)).tolist() == [8.0, 9.0, 1.0]
    # no space for the gap: evenly between the limits
    assert spread([5.0, 5.0, 5.0], 4.0, (4.0, 6.0)).tolist() == [4.0, 5.0, 6.0]
