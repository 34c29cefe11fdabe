"""Directions of recoils of dark matter: about its wind, and about the Sun over a year."""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.materials import Material
from cevns.processes.dark_matter.wimp_nucleus import Nucleon, minimum_speed
from cevns.rates.wimp_rate import wimp_rate
from cevns.sources.beams.dark_halo import DarkHalo
from cevns.sources.sky.sky_positions import (
    angle_deg,
    laboratory_velocity_km_s,
    sun_direction,
)
from cevns.typing import Array, ArrayLike

__all__ = ["sun_polynomials", "wind_polynomials", "wind_rows", "wind_sun_angles_deg"]

_C_KM_S: Final = 299792.458
_YEAR_D: Final = 365.25
_TIMES: Final = 96
"""Of a year; the mean of so smooth a function of the season needs far fewer."""
_NODES: Final = 64


def wind_polynomials(halo: DarkHalo, v_min_km_s: Array, order: int) -> Array:
    """Means of P_l of the cosine between recoil and wind at speeds, ``(order + 1, ...)``.

    Over the Radon transform of the halo; zero where no WIMP is fast enough. WIMPs that are just
    fast enough recoil along their own way, so that at large speeds recoils follow the wind.

    Examples:
        >>> from cevns.sources.beams.dark_halo import dark_halo
        >>> wind_polynomials(dark_halo("shm"), np.array([0.0, 400.0]), 1)[1].round(3).tolist()
        [0.0, 0.668]
    """
    x, weight = np.polynomial.legendre.leggauss(_NODES)
    speed = v_min_km_s[..., None]
    first = np.clip((speed - halo.v_escape_km_s) / halo.v_lab_km_s, -1.0, 1.0)
    half = 0.5 * (1.0 - first)
    cosine = first + half * (x + 1.0)
    density = halo.radon(speed, cosine) * weight * half
    total = density.sum(axis=-1)
    there = total > 0.0
    out = np.empty((order + 1, *v_min_km_s.shape))
    before, now = np.ones(cosine.shape), cosine
    for degree in range(order + 1):
        sums = (density * before).sum(axis=-1)
        out[degree] = np.divide(sums, total, out=np.zeros(sums.shape), where=there)
        after = ((2 * degree + 3) * cosine * now - (degree + 1) * before) / (degree + 2)
        before, now = now, after
    return out


def wind_rows(
    halo: DarkHalo,
    target: Material,
    mass_gev: ArrayLike,
    recoil_energy_kev: Array,
    order: int,
    form_factor: str | FormFactor = "helm",
    spin: Nucleon | None = None,
) -> Array:
    """Legendre moments about the wind, per tonne, year, keV and cm2, ``(order + 1, p, n)``.

    Row 0 is the rate of `cevns.rates.wimp_rate`.

    Args:
        halo: of dark matter.
        target: material.
        mass_gev: of the WIMPs, GeV, ``(p,)``.
        recoil_energy_kev: keV, ``(n,)``.
        order: the last Legendre polynomial.
        form_factor: model or name.
        spin: as of `cevns.rates.wimp_rate`.
    """
    masses = np.atleast_1d(np.asarray(mass_gev, dtype=float))
    out = np.zeros((order + 1, masses.size, recoil_energy_kev.size))
    for x, count in target.atoms:
        alone = Material(x.name, ((x, 1.0),))
        share = count * x.atomic_mass_u / target.molar_mass_g
        rate = wimp_rate(halo, alone, masses, recoil_energy_kev, form_factor=form_factor, spin=spin)
        speed = _C_KM_S * minimum_speed(x, 1e3 * masses[:, None], recoil_energy_kev)
        out += share * rate * wind_polynomials(halo, np.asarray(speed), order)
    return out


def wind_sun_angles_deg(halo: DarkHalo, day: ArrayLike) -> tuple[Array, Array]:
    """Angle between the direction whence the wind comes and the Sun, and the speed in km/s.

    Args:
        halo: whose v_lab is the speed of the Sun.
        day: since J2000.

    Examples:
        >>> from cevns.sources.beams.dark_halo import dark_halo
        >>> angle, _ = wind_sun_angles_deg(dark_halo("fog"), 9496.5 + np.arange(365.0))
        >>> round(float(angle.min())), round(float(angle.max()))
        (61, 119)
    """
    velocity = laboratory_velocity_km_s(day, halo.v_lab_km_s)
    speed: Array = np.linalg.norm(velocity, axis=-1)
    return angle_deg(velocity, sun_direction(day)), speed


def sun_polynomials(halo: DarkHalo, order: int, day: ArrayLike | None = None) -> Array:
    """Means over a year, or over days, of P_l(cos alpha), alpha between wind and Sun.

    What is symmetric about the wind has, counted by its angle to the line from the Sun alone, the
    Legendre moments about the wind times P_l(cos alpha). ``(order + 1,)``.

    Raises:
        InputError: if there are no days.
    """
    days = _YEAR_D * np.arange(_TIMES) / _TIMES if day is None else np.atleast_1d(day)
    if not np.size(days):
        raise InputError("no days are given for the directions of Sun and WIMPs")
    angle, _ = wind_sun_angles_deg(halo, days)
    cosine = np.cos(np.radians(angle))
    result: Array = np.polynomial.legendre.legvander(cosine, order).mean(axis=0)
    return result
