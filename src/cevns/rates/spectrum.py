"""Recoil spectra: source x interaction x target, through the flux moments of the source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from cevns.nuclear import FormFactor, Material, Nuclide
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material as find_material
from cevns.nuclear.checks import finite, positive
from cevns.processes import (
    Interaction,
    Process,
    at_place,
    factors_at,
    is_kernel,
)
from cevns.processes.framework.combined import standing
from cevns.processes.framework.extension import Extension
from cevns.processes.framework.kinematics import momentum_transfer_inv_fm
from cevns.rates.fold import as_it_sees
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.moments import alike, weighted_moments
from cevns.sources import Source
from cevns.typing import Array, ArrayLike

__all__ = ["Radii", "flux_averaged_slope", "recoil_spectrum"]

Radii = Mapping[str, tuple[float, float]]
"""rms radii (proton, neutron) in fm by nuclide name; others have the model's default."""


def flux_averaged_slope(
    source: Source,
    interaction: Interaction,
    model: FormFactor,
    nuclide: Nuclide,
    recoil_energy_kev: Array,
    *,
    values: Mapping[str, Any] | None = None,
    radii: Radii | None = None,
) -> Array:
    """Flux-averaged d(sigma)/dT of one nucleus, cm2/keV, shape ``(flavours, nT)``.

    ``int phi(E) d(sigma)/dT dE = sum_terms w F F sum_k a_k(T) I_k(E_min(T))`` for each flavour
    of the source, its spectrum normalised to one neutrino. Inputs are taken as checked.
    """
    process = at_place(interaction, source=source, form_factor=model)
    proton, neutron = (radii or {}).get(nuclide.name, (None, None))
    q = momentum_transfer_inv_fm(recoil_energy_kev, nuclide.mass_mev)
    factors = factors_at(
        process, model, nuclide, q, values or {}, proton_rms_fm=proton, neutron_rms_fm=neutron
    )
    weights = np.stack([process.weights(f, nuclide, values or {}) for f in source.flavours])
    terms = process.terms
    total = np.zeros((len(source.flavours), np.size(recoil_energy_kev)))
    for (h, kinematics), mine in alike(process).items():
        e_min = kinematics.minimum_energy_mev(recoil_energy_kev, nuclide.mass_mev)
        moments = np.stack([weighted_moments(source, f, e_min, h) for f in source.flavours])
        # terms that share a shape are summed before they meet the flux: few shapes, many terms
        groups: dict[Any, list[int]] = {}
        for k in mine:
            groups.setdefault(terms[k].coefficients, []).append(k)
        for coefficients, members in groups.items():
            products = np.stack([_product(terms[k].form_factors, factors, q) for k in members])
            folded = np.einsum("mj,fmj->fj", coefficients(recoil_energy_kev, nuclide), moments)
            total += folded * (weights[:, members] @ products)
    return total


def _product(which: tuple[str, ...], factors: Mapping[str, Array], like: Array) -> Array:
    if not which:
        return np.ones_like(like)
    result = factors[which[0]]
    for name in which[1:]:
        result = result * factors[name]
    return result


def recoil_spectrum(
    source: Source,
    target: str | Material,
    mass_kg: float,
    recoil_energy_kev: ArrayLike,
    *,
    interaction: Process | Extension | None = None,
    form_factor: str | FormFactor = "klein-nystrand",
    values: Mapping[str, Any] | None = None,
    radii: Radii | None = None,
) -> dict[str, Array]:
    """Counts per keVnr in the source's exposure, before any detector, by flavour.

    Args:
        source: the neutrinos; its fluence sets the exposure.
        target: material or formula.
        mass_kg: of the target.
        recoil_energy_kev: nuclear recoil energies, keV, any shape.
        interaction: a process, or an extension of the Standard Model; the Standard Model with its
            default couplings unless given; of a kernel the energies are those of what it deposits.
        form_factor: model or its name.
        values: parameters of the interaction; nominal where left out.
        radii: rms radii (proton, neutron) by nuclide name; the model's default where left out, and
            not for a kernel, which has its own.

    Returns:
        Flavour to counts/keVnr in the shape of `recoil_energy_kev`, summed over nuclides.

    Raises:
        InputError: if the mass is not positive, or a recoil energy negative or not finite.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> from cevns.sources import SNS
        >>> csi = SNS(distance_m=19.3, protons=3.198e23, yield_per_flavour=0.0848)
        >>> spectrum = recoil_spectrum(csi, "CsI", 14.6, [5.0, 15.5, 50.0])
        >>> {flavour: counts.round(1).tolist() for flavour, counts in spectrum.items()}
        {'nu_mu': [56.3, 0.0, 0.0], 'nu_e': [51.3, 9.7, 0.0], 'nubar_mu': [59.6, 15.4, 0.0]}
    """
    material = find_material(target) if isinstance(target, str) else target
    positive("target mass in kg", mass_kg)
    recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0)
    process = standing(interaction)
    model = find_form_factor(form_factor)
    if is_kernel(process):
        fold = KernelFold(source, process, material, mass_kg, model, recoil.ravel())
        rows = fold.spectrum(values).reshape(-1, *recoil.shape)
        return dict(zip(fold.flavours, rows, strict=True))
    terms, source = cast("Interaction", process), as_it_sees(process, source)
    nuclei = material.nuclei_per_kg()
    total = np.zeros((len(source.flavours), recoil.size))
    for nuclide in material.nuclides:
        slope = flux_averaged_slope(
            source, terms, model, nuclide, recoil.ravel(), values=values, radii=radii
        )
        total += nuclei[nuclide.name] * mass_kg * slope
    return {
        flavour: source.fluence_cm2(flavour) * row.reshape(recoil.shape)
        for flavour, row in zip(source.flavours, total, strict=True)
    }
