"""Cross sections of any interaction at given neutrino energies."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear.checks import finite
from cevns.nuclear.form_factors import FormFactor
from cevns.nuclear.form_factors import form_factor as find_form_factor
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.nuclides import nuclide as find_nuclide
from cevns.processes.framework.abilities import (
    KnownTotal,
    at_place,
    factors_at,
    has_no_slope,
)
from cevns.processes.framework.combined import standing
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.kernels import Process, is_kernel
from cevns.processes.framework.kinematics import (
    can_give,
    momentum_transfer_inv_fm,
    recoil_ends_kev,
)
from cevns.processes.framework.terms import Interaction, term_kinematics
from cevns.typing import Array, ArrayLike

__all__ = ["LARGEST_ENERGY_MEV", "differential_cross_section", "total_cross_section"]

LARGEST_ENERGY_MEV = 1000.0
"""The nucleus breaks up long before; quadrature nodes would grow with energy for nothing."""
_SMALLEST_ENERGY_MEV = 1e-9
"""Recoils of smaller ones leave double precision in the end."""


def differential_cross_section(
    nuclide: str | Nuclide,
    energy_mev: ArrayLike,
    recoil_energy_kev: ArrayLike,
    flavour: str = "nu_mu",
    *,
    interaction: Process | Extension | None = None,
    form_factor: str | FormFactor = "klein-nystrand",
    values: Mapping[str, Any] | None = None,
    proton_rms_fm: float | None = None,
    neutron_rms_fm: float | None = None,
) -> Array:
    """d(sigma)/dT, cm2/keV, zero above the largest recoil energy.

    Args:
        nuclide: the target.
        energy_mev: neutrino energy, MeV, broadcast with the recoil energy.
        recoil_energy_kev: nuclear recoil energy, keV; what is deposited, of a kernel.
        flavour: of the incoming neutrino, or another species.
        interaction: a process, or an extension of the Standard Model; the Standard Model with its
            default couplings unless given.
        form_factor: model or its name.
        values: parameters of the interaction; nominal where left out.
        proton_rms_fm: rms radius of the protons; the model's default unless given.
        neutron_rms_fm: rms radius of the neutrons; the model's default unless given.

    Raises:
        InputError: if an energy is negative or not finite, or the deposit of the process is a count
            or follows from the energy.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> f"{differential_cross_section('Cs133', 30.0, 5.0):.3e}"
        '1.526e-39'
    """
    target = find_nuclide(nuclide) if isinstance(nuclide, str) else nuclide
    model = find_form_factor(form_factor)
    process = standing(interaction)
    process = at_place(process, form_factor=model)
    if has_no_slope(process):
        raise InputError(
            f"{process.name!r} has no differential cross section, because it is a count or a "
            "transition to one level: use the total one"
        )
    energy = finite("neutrino energy in MeV", energy_mev, minimum=0.0)
    recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0)
    energy, recoil = np.broadcast_arrays(energy, recoil)
    inside = (energy > 0.0) & (
        recoil <= process.kinematics.maximum_recoil_kev(energy, target.mass_mev)
    )
    if is_kernel(process):
        # where nothing happens the kernel need not have a value
        allowed = 1.0 + 2.0 * process.kinematics.minimum_energy_mev(recoil, target.mass_mev)
        above = np.where(inside, energy, allowed)
        slope = process.kernel(recoil, above, flavour, target, values or {})
        return np.where(inside, slope, 0.0)
    process = cast("Interaction", process)
    inverse = 1.0 / np.where(energy > 0.0, energy, 1.0)
    powers = np.stack([np.ones_like(inverse), inverse, inverse * inverse])
    q = momentum_transfer_inv_fm(recoil, target.mass_mev)
    factors = factors_at(
        process, model, target, q, values or {},
        proton_rms_fm=proton_rms_fm, neutron_rms_fm=neutron_rms_fm,
    )  # fmt: skip
    whole, weights = process.kinematics, process.weights(flavour, target, values or {})
    total, size = np.zeros(recoil.shape), np.zeros(recoil.shape)
    for weight, term in zip(weights, process.terms, strict=True):
        coefficients = term.coefficients(recoil.ravel(), target).reshape(powers.shape)
        product = weight * (coefficients * powers).sum(axis=0)
        for which in term.form_factors:
            product = product * factors[which]
        if term.flux_factor is not None:
            product = product * term.flux_factor(energy)
        possible = can_give(term_kinematics(term, whole), energy, recoil, target.mass_mev)
        product = np.where(possible, product, 0.0)
        total += product
        size += np.abs(product)
    # at the kinematic limit the terms cancel up to rounding, which must not come out negative
    rounding = (total < 0.0) & (total > -1e-12 * size)
    return np.where(inside & ~rounding, total, 0.0)


def total_cross_section(
    nuclide: str | Nuclide,
    energy_mev: ArrayLike,
    flavour: str = "nu_mu",
    **options: Any,
) -> Array:
    """The cross section integrated over recoil energy, cm2, in the shape of `energy_mev`.

    Gauss-Legendre in u = sqrt(T/T_max), in which the form factor is a smooth oscillation; the
    nodes resolve every lobe, so the result is exact to about 1e-12. Between recoils at which
    another particle can be made, in ln T, to about 1e-4. With a point nucleus it is
    G_F^2 Q_W^2 E^2/(4 pi) at leading order in E/M.

    Args:
        nuclide: the target.
        energy_mev: neutrino energy, MeV.
        flavour: of the incoming neutrino.
        options: keywords of `differential_cross_section`.

    Raises:
        InputError: if an energy is negative or not finite.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> f"{total_cross_section('Ar40', 30.0):.3e}"
        '1.529e-39'
    """
    target = find_nuclide(nuclide) if isinstance(nuclide, str) else nuclide
    energy = finite("neutrino energy in MeV", energy_mev, minimum=0.0)
    highest = float(energy.max(initial=0.0))
    if highest > LARGEST_ENERGY_MEV:
        raise InputError(
            f"a neutrino of {highest:g} MeV does not scatter coherently: total cross "
            f"sections are available up to {LARGEST_ENERGY_MEV:g} MeV"
        )
    if np.any((energy > 0.0) & (energy < _SMALLEST_ENERGY_MEV)):
        raise InputError(
            f"a neutrino of {energy[energy > 0.0].min():g} MeV is out of range: total cross "
            f"sections are given from {_SMALLEST_ENERGY_MEV:g} MeV"
        )
    process = standing(options.get("interaction"))
    values = options.get("values") or {}
    if isinstance(process, KnownTotal):
        return process.total_cm2(energy, flavour, target, values)
    if is_kernel(process) and has_no_slope(process):
        return process.kernel(np.zeros(()), energy, flavour, target, values)
    # 2 E R is the largest q R (R < 8 fm, hbar c = 197 MeV fm); two nodes a radian beyond 32
    count = 32 + int(2.0 * 2.0 * highest * 8.0 / 197.0)
    x, w = np.polynomial.legendre.leggauss(count)
    u, w = (x + 1.0) / 2.0, w / 2.0
    ends = recoil_ends_kev(process.kinematics, energy, target.mass_mev)[..., None]
    total = np.zeros(energy.shape)
    for low, high in pairwise(ends):
        # where it does not begin at zero it may have fallen by decades from there, as 1/T does
        steps = np.log(np.where(low > 0.0, high, 1.0) / np.where(low > 0.0, low, 1.0))
        recoil = np.where(low > 0.0, low * np.exp(steps * u), high * u * u)
        width = np.where(low > 0.0, recoil * steps, 2.0 * high * u)
        slope = differential_cross_section(target, energy[..., None], recoil, flavour, **options)
        total = total + (slope * width * w).sum(axis=-1)
    return total
