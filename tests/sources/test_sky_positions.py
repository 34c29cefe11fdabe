"""The Sun's place, galactic coordinates and the motion of the laboratory, against known values."""

from __future__ import annotations

import numpy as np
import pytest

from cevns.exceptions import InputError
from cevns.sources.sky.sky_positions import (
    angle_deg,
    coordinates_deg,
    days_since_j2000,
    galactic,
    hour_angle_deg,
    laboratory_velocity_km_s,
    sun_direction,
    vector,
)

YEAR = days_since_j2000("2026-01-01") + np.arange(365.25)


@pytest.mark.parametrize(
    ("date", "ra", "dec"),
    [  # equinoxes and solstices in UTC
        ("2024-03-20T03:06", 0.0, 0.0),
        ("2024-06-20T20:51", 90.0, 23.436),
        ("2024-09-22T12:44", 180.0, 0.0),
        ("2024-12-21T09:20", 270.0, -23.436),
        ("2010-03-20T17:32", 0.0, 0.0),
        ("2030-06-21T07:31", 90.0, 23.435),
    ],
)
def test_equinoxes_and_solstices(date, ra, dec):
    found = coordinates_deg(sun_direction(days_since_j2000(date), of_date=True))
    assert (found[0] - ra + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.02)
    assert found[1] == pytest.approx(dec, abs=0.01)


def test_meeus():
    # Meeus, Astronomical Algorithms, example 25.a: 1992 October 13.0
    ra, dec = coordinates_deg(sun_direction(days_since_j2000("1992-10-13T00:00"), of_date=True))
    assert ra == pytest.approx(198.38, abs=0.01)
    assert dec == pytest.approx(-7.785, abs=0.01)


def test_precession_is_all_between_the_two_frames():
    day = days_since_j2000("2026-11-30")
    apart = angle_deg(sun_direction(day), sun_direction(day, of_date=True))
    assert apart == pytest.approx(1.397 * 0.2691, abs=0.005)
    # where the Sun was at the equinox of 2000 it is again 0.34 degrees after that of 2024
    ra, _ = coordinates_deg(sun_direction(days_since_j2000("2024-03-20T03:06")))
    assert ra - 360.0 == pytest.approx(-1.397 * 0.2421 * np.cos(np.radians(23.44)), abs=0.01)


def test_hour_angle_and_height():
    # on 30 November 2026 at Gran Sasso (13.57 E, 42.45 N) the Sun is highest at 10 h 54 min UTC
    noon = days_since_j2000("2026-11-30T10:54")
    ra, dec = coordinates_deg(sun_direction(noon, of_date=True))
    hour = (hour_angle_deg(noon, ra, 13.57) + 180.0) % 360.0 - 180.0
    assert hour == pytest.approx(0.0, abs=0.3)
    latitude = np.radians(42.45)
    height = np.degrees(
        np.arcsin(
            np.sin(latitude) * np.sin(np.radians(dec))
            + np.cos(latitude) * np.cos(np.radians(dec)) * np.cos(np.radians(hour))
        )
    )
    assert height == pytest.approx(90.0 - 42.45 - 21.65, abs=0.1)
    later = hour_angle_deg(noon + 1 / 24, ra, 13.57) - hour_angle_deg(noon, ra, 13.57)
    assert later % 360.0 == pytest.approx(15.041, abs=0.001)  # the stars turn faster than the Sun


@pytest.mark.parametrize(
    ("equatorial", "l_b"),
    [
        ((266.405, -28.936), (0.0, 0.0)),  # the centre of the Galaxy
        ((192.859, 27.128), (None, 90.0)),  # its pole
        ((318.004, 48.330), (90.0, 0.0)),  # where its rotation leads
        ((310.358, 45.280), (84.285, 1.998)),  # Deneb
        ((101.287, -16.716), (227.230, -8.890)),  # Sirius
    ],
)
def test_galactic_coordinates(equatorial, l_b):
    longitude, latitude = coordinates_deg(galactic() @ vector(*equatorial))
    assert latitude == pytest.approx(l_b[1], abs=0.01)
    if l_b[0] is not None:
        assert (longitude - l_b[0] + 180.0) % 360.0 - 180.0 == pytest.approx(0.0, abs=0.01)


def test_galactic_is_a_rotation():
    assert galactic() @ galactic().T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(galactic()) == pytest.approx(1.0)


def test_the_laboratory_over_the_year():
    velocity = laboratory_velocity_km_s(YEAR, 245.6)
    speed = np.linalg.norm(velocity, axis=-1)
    assert 1 + int(speed.argmax()) == pytest.approx(152.5, abs=3)  # 2 June
    assert (speed.max() - speed.min()) / 2.0 == pytest.approx(14.6, abs=0.5)
    assert speed.mean() == pytest.approx(245.6 + 29.8**2 / (3.0 * 245.6), abs=0.8)
    ra, dec = coordinates_deg(velocity.mean(axis=0))
    assert angle_deg(vector(ra, dec), vector(310.358, 45.280)) < 6.0  # close to Deneb in Cygnus
    # the orbit is where the Sun's longitude moves to
    step = 0.01
    moved = sun_direction(YEAR + step) - sun_direction(YEAR - step)
    orbit = velocity - velocity.mean(axis=0)
    ahead = -moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    along = (orbit * ahead).sum(axis=-1)
    assert along == pytest.approx(np.full(YEAR.size, 29.78), abs=0.8)


def test_cygnus_and_the_sun():
    velocity = laboratory_velocity_km_s(YEAR, 245.6)
    angle = angle_deg(velocity, sun_direction(YEAR))
    assert angle.min() == pytest.approx(60.0, abs=2.0)
    assert angle.max() == pytest.approx(120.0, abs=2.0)


def test_bad_input():
    with pytest.raises(InputError, match="is not a date: write 2024-06-20"):
        days_since_j2000("midsummer")
    with pytest.raises(InputError, match="no direction"):
        laboratory_velocity_km_s(0.0, 10.0)
    with pytest.raises(InputError, match="days since J2000"):
        sun_direction(np.nan)
