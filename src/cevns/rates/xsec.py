"""Flux-averaged cross sections, the numbers that experiments quote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from cevns.exceptions import InputError
from cevns.nuclear import FormFactor, Material, Nuclide
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material as find_material
from cevns.processes import Interaction, Process, is_kernel, recoil_ends_kev
from cevns.processes.framework.abilities import OfNuclides, hit_by
from cevns.processes.framework.combined import standing
from cevns.processes.framework.extension import Extension
from cevns.rates.fold import as_it_sees
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.spectrum import Radii, flux_averaged_slope
from cevns.records import Result
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["FluxAveraged", "flux_averaged_cross_section"]

_TOLERANCE = 1e-8
_MOST_PANELS = 64
"""Between two kinks."""
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_TOWARDS_ZERO_KEV = np.array([1e-6, 1e-4])


@dataclass(frozen=True)
class FluxAveraged(Result):
    """A flux-averaged cross section.

    Args:
        target: what it belongs to; per nucleus, the average over the nuclei of a material.
        flavours: cm2 by flavour, each over its own spectrum.
        mean_cm2: over all neutrinos of the source, flavours weighted by fluence; of a reaction over
            the flavours that it happens to, so that the mean of a charged current is that of nu_e.
    """

    target: str
    flavours: Mapping[str, float]
    mean_cm2: float

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return {**vars(self), "flavours": dict(self.flavours)}


def flux_averaged_cross_section(
    source: Source,
    target: str | Nuclide | Material,
    *,
    interaction: Process | Extension | None = None,
    form_factor: str | FormFactor = "klein-nystrand",
    values: Mapping[str, Any] | None = None,
    radii: Radii | None = None,
) -> FluxAveraged:
    """Cross section averaged over the spectrum of a source, with the form factor.

    The recoil spectrum is integrated in the variable s = sqrt(T), in which E_min, moments and form
    factor are smooth, in panels of 32 Gauss-Legendre nodes between the kinks of the source, which
    are halved until nothing changes by more than 1e-8. It is infinite where the slope follows 1/T
    or more down to 1e-6 keV: the exchange of photons has no total.

    Args:
        source: the neutrinos.
        target: nuclide or material; of a material the average per nucleus, of those at which the
            process happens.
        interaction: a process, or an extension of the Standard Model; the Standard Model with its
            default couplings unless given.
        form_factor: model or its name.
        values: parameters of the interaction; nominal where left out.
        radii: rms radii (proton, neutron) by nuclide name; the model's default where left out, and
            not for a kernel, which has its own.

    Raises:
        InputError: if the integral does not settle.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> from cevns.sources import SNS
        >>> sns = SNS(distance_m=19.3, protons=3.198e23)
        >>> f"{flux_averaged_cross_section(sns, 'CsI').mean_cm2:.4g}"
        '1.869e-38'
    """
    if isinstance(target, Nuclide):
        material = Material(target.name, ((target, 1.0),))
    else:
        material = find_material(target) if isinstance(target, str) else target
    process = standing(interaction)
    model = find_form_factor(form_factor)
    hit = hit_by(process, material.atoms)
    atoms = sum(count for _, count in hit)
    source = as_it_sees(process, source)
    total = np.zeros(len(source.flavours))
    fluence = np.array([source.fluence_cm2(f) for f in source.flavours])
    if is_kernel(process):
        counts = KernelFold(source, process, material, 1.0, model).spectrum(values).sum(axis=-1)
        nuclei = sum(material.nuclei_per_kg()[nuclide.name] for nuclide, _ in hit)
        total = counts / np.where(fluence > 0.0, fluence * nuclei, 1.0)
    else:
        terms = cast("Interaction", process)
        for nuclide, count in hit:
            sigma = _integrate(source, terms, model, nuclide, values, radii)
            total += count / atoms * sigma
    seen = fluence * (total > 0.0) if isinstance(process, OfNuclides) else fluence
    return FluxAveraged(
        material.name,
        dict(zip(source.flavours, total.tolist(), strict=True)),
        float(seen @ total / seen.sum()) if seen.any() else 0.0,
    )


def _integrate(
    source: Source,
    process: Interaction,
    model: FormFactor,
    nuclide: Nuclide,
    values: Mapping[str, Any] | None,
    radii: Radii | None,
) -> Array:
    """Integral over recoil energy of the averaged slope, cm2, shape ``(flavours,)``."""
    energies = np.array(source.recoil_kinks)
    ends = recoil_ends_kev(process.kinematics, energies, nuclide.mass_mev)
    edges = np.sqrt(np.unique(np.append(0.0, ends)))

    def slope(recoil: Array) -> Array:
        return flux_averaged_slope(
            source, process, model, nuclide, recoil, values=values, radii=radii
        )

    lower, upper = (slope(_TOWARDS_ZERO_KEV) * _TOWARDS_ZERO_KEV).T
    endless = lower > 0.5 * upper  # where there is a total, T d(sigma)/dT vanishes with T
    previous = np.full(len(source.flavours), np.inf)
    panels = 1
    while panels <= _MOST_PANELS:
        half = np.diff(edges)[:, None] / 2.0
        root = (edges[:-1, None] + half * (_POINTS + 1.0)).ravel()
        result: Array = slope(root * root) @ (2.0 * root * (half * _WEIGHTS).ravel())
        if np.all(endless | (np.abs(result - previous) <= _TOLERANCE * np.abs(result))):
            return np.where(endless, np.inf, result)
        previous, panels = result, 2 * panels
        edges = np.sort(np.concatenate([edges, (edges[:-1] + edges[1:]) / 2.0]))
    raise InputError(
        f"the flux-averaged cross section of {nuclide.name} does not converge with {_MOST_PANELS} "
        "panels between kinks: the spectrum of the source has unresolved structure"
    )
