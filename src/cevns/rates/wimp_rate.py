r"""Recoil spectra of WIMPs in closed form, for many masses at once.

The fold of a halo with a contact interaction is known: with eta the mean inverse speed of
`cevns.sources.beams.dark_halo`,

    dR/dT = N_T (rho/m) sigma m_N/(2 mu_N^2) C(q) eta(v_min)

with C of `cevns.processes.dark_matter.wimp_nucleus`, A^2 (mu_N^2/mu_p^2) F^2 without spin. It is
what `KernelFold` finds for the source ``halo`` and the processes ``wimp-si`` and ``wimp-sd`` by
quadrature, up to corrections of v^2, some 1e-6, that only the quadrature has. Source: Lewin &
Smith, Astropart. Phys. 6 (1996) 87.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from cevns.constants import DAY_S
from cevns.nuclear import FormFactor, Material
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear.checks import finite
from cevns.processes.dark_matter.wimp_nucleus import (
    Nucleon,
    check_nucleon,
    coherent_response,
    inverse_recoil_range,
    minimum_speed,
    spin_response,
)
from cevns.processes.framework.kinematics import momentum_transfer_inv_fm
from cevns.sources.beams.dark_halo import DarkHalo, dark_halo
from cevns.typing import Array, ArrayLike

__all__ = ["TONNE_YEAR_KG_S", "wimp_rate"]

TONNE_YEAR_KG_S: Final = 1000.0 * 365.25 * DAY_S
"""A tonne year in kg s, of Julian years."""
_C_KM_S: Final = 299792.458
_C_CM_S: Final = 1e5 * _C_KM_S


def wimp_rate(
    halo: str | DarkHalo,
    target: Material,
    mass_gev: ArrayLike,
    recoil_energy_kev: ArrayLike,
    *,
    form_factor: str | FormFactor = "helm",
    spin: Nucleon | None = None,
) -> Array:
    """Recoils per tonne, year, keV and cm2 of the cross section on a nucleon.

    Args:
        halo: or its name.
        target: material.
        mass_gev: of the WIMPs, GeV, ``(p,)``.
        recoil_energy_kev: keV, ``(n,)``.
        form_factor: model or name; without spin.
        spin: ``proton`` or ``neutron`` for an interaction with the spin of these alone.

    Returns:
        Shape ``(p, n)``.

    Raises:
        InputError: if an energy or a mass is not finite or out of range, or structure functions of
            a nuclide with spin are needed that are not carried.
        UnknownNameError: if a name is unknown.

    Examples:
        >>> from cevns.nuclear import material
        >>> rate = 1e-45 * wimp_rate("fog", material("Xe"), [6.0, 50.0], [1.0, 5.0])
        >>> rate.round(2).tolist()
        [[64.43, 0.0], [31.49, 22.24]]
    """
    if spin is not None:
        check_nucleon(spin)
    model, found = find_form_factor(form_factor), dark_halo(halo)
    mass = 1e3 * finite("mass of a WIMP in GeV", mass_gev, minimum=1e-3).reshape(-1, 1)
    recoil = finite("recoil energy in keV", recoil_energy_kev, minimum=0.0).ravel()
    per_kg = target.nuclei_per_kg()
    density = 1e3 * found.density_gev_cm3 / mass  # particles per cm3
    total = np.zeros((mass.size, recoil.size))
    for nuclide in target.nuclides:
        q = momentum_transfer_inv_fm(recoil, nuclide.mass_mev)
        if spin is None:
            response = coherent_response(nuclide, mass, q, model)
        else:
            response = spin_response(nuclide, mass, q, spin)
        speed = _C_KM_S * minimum_speed(nuclide, mass, recoil)
        # eta in units of c: c^2 per MeV, and c of the density's flux
        eta = _C_KM_S * found.mean_inverse_speed(speed)
        slope = 1e-3 * inverse_recoil_range(nuclide, mass) * response
        total += per_kg[nuclide.name] * density * _C_CM_S * slope * eta
    return total * TONNE_YEAR_KG_S
