"""Neutrinos per proton as a formula of the proton energy."""

from __future__ import annotations

from typing import Final

from cevns.exceptions import InputError, UnknownNameError

__all__ = ["HG_GEANT4", "hg_geant4", "named_yield"]

HG_GEANT4: Final = "hg-geant4"
_LOWEST_GEV, _HIGHEST_GEV = 0.8, 1.3


def hg_geant4(proton_energy_gev: float) -> float:
    r"""Neutrinos per proton and flavour on mercury, a fit to Geant4 (arXiv:2109.11049):

    .. math:: y(E) = (0.28 E^3 - 1.12 E^2 + 1.79 E - 0.68)/3, \qquad 0.8 \le E/\mathrm{GeV} \le 1.3.

    Its uncertainty is 10 %.

    Args:
        proton_energy_gev: kinetic energy of the protons.

    Raises:
        InputError: outside of the range of the fit.

    Examples:
        >>> [round(hg_geant4(e), 4) for e in (0.8, 1.0, 1.05, 1.3)]
        [0.0595, 0.09, 0.0963, 0.1231]
    """
    e = proton_energy_gev
    if not _LOWEST_GEV <= e <= _HIGHEST_GEV:
        raise InputError(
            f"the yield '{HG_GEANT4}' holds for protons of {_LOWEST_GEV:g} to {_HIGHEST_GEV:g} "
            f"GeV, not of {e:g} GeV; give yield_per_flavour as a number"
        )
    return (((0.28 * e - 1.12) * e + 1.79) * e - 0.68) / 3.0


def named_yield(name: str, target: str, proton_energy_gev: float | None) -> float:
    """The yield of a formula.

    Args:
        name: ``hg-geant4``.
        target: material of the target; empty where it is not said.
        proton_energy_gev: kinetic energy of the protons; None where it is not said.

    Raises:
        UnknownNameError: if there is no such formula.
        InputError: if it does not hold for the target or the energy.
    """
    if name != HG_GEANT4:
        raise UnknownNameError("yield of neutrinos per proton", name, [HG_GEANT4])
    if target not in ("", "Hg"):
        raise InputError(
            f"the yield '{HG_GEANT4}' is that of mercury, and the target of this facility is "
            f"{target}; give yield_per_flavour as a number"
        )
    if proton_energy_gev is None:
        raise InputError(f"the yield '{HG_GEANT4}' needs proton_energy, for example '1 GeV'")
    return hg_geant4(proton_energy_gev)
