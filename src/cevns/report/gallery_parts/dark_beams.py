"""Dark matter of a beam beside CEvNS: its flux, angles and delays of its recoils, its tables."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from cevns.constants import SPEED_OF_LIGHT_M_PER_US
from cevns.nuclear import form_factor as find_form_factor
from cevns.nuclear import material
from cevns.processes.dark_photon import DarkPhoton
from cevns.report.drawing.overlays import read_curves
from cevns.sources import Source
from cevns.sources.meson_beams.meson_decay_rates import PI0, virtuality
from cevns.sources.meson_decay import MesonDecay
from cevns.typing import Array

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CARRIED",
    "Y_UNIT",
    "beam",
    "carried",
    "chi",
    "chi_per_steradian",
    "mean_delay_ns",
    "recoil_angles",
]

LIMITS_FROM: Final = "limits, from tools/make_dark_matter_limits.py"
"""What entries draw from tables in the package."""
CARRIED: Final = Path(__file__).parents[1] / "gallery" / "data"
Y_UNIT: Final = r"$Y = \varepsilon^2 \alpha_D (m_\chi/m_V)^4$"
_PROTONS: Final = 3.198e23
_DISTANCE_M: Final = 19.3
_RECOILS: Final = 160


def chi(m_chi_mev: float, ratio: float = 3.0, alpha_d: float = 0.5) -> DarkPhoton:
    """A complex scalar behind a dark photon."""
    return DarkPhoton(m_chi=m_chi_mev, mass_ratio=ratio, alpha_d=alpha_d)


@cache
def beam(m_chi_mev: float, angle_deg: float = 90.0, mesons: str = "geant4-fit") -> MesonDecay:
    """Chi of pi0 of the SNS at the place of the CsI detector, or at another angle there."""
    source = MesonDecay(
        distance_m=_DISTANCE_M, protons=_PROTONS, angle_deg=angle_deg, mesons=mesons
    )
    return source.of_sector(chi(m_chi_mev).sector)


def chi_per_steradian(source: MesonDecay) -> tuple[float, float]:
    """Of each chi the chance to fly towards the detector, 1/sr, and the mean energy there, MeV."""
    assert source.sector is not None
    made = 2.0 * virtuality(source.sector, PI0, off_shell=True).branching * source.pi0_yield
    number = energy = 0.0
    for species in source.flavours:
        at, weight = source.nodes(species)
        fluence = source.fluence_cm2(species)
        number += fluence
        energy += fluence * float(at @ weight)
    area = (100.0 * source.distance_m) ** 2
    return number * area / (source.protons * made), energy / number


def _folded(source: Source, process: DarkPhoton, threshold_kev: float) -> list[tuple[Array, ...]]:
    """Energies, recoils, their cosines and counts in CsI, at a fixed coupling, by nuclide."""
    mass_chi = process.sector.m_chi_mev
    placed = process.for_form_factor(find_form_factor("klein-nystrand"))
    target, found = material("CsI"), list[tuple[Array, ...]]()
    per_kg = target.nuclei_per_kg()
    x, w = np.polynomial.legendre.leggauss(_RECOILS)
    for species in source.flavours:
        fluence = source.fluence_cm2(species)
        if not fluence > 0.0:
            continue
        for nuclide, _ in target.atoms:
            mass = nuclide.mass_mev
            energy, weight = source.nodes(species, 1.0001 * mass_chi)
            top = placed.kinematics.maximum_recoil_kev(energy, mass)
            use = top > 1.0001 * threshold_kev
            energy, weight, top = energy[use], weight[use], top[use]
            # logarithmic in T: recoils are many where T is small
            low = np.log(threshold_kev)
            half = 0.5 * (np.log(top) - low)[:, None]
            recoil = np.exp(low + half * (x + 1.0))
            e = np.broadcast_to(energy[:, None], recoil.shape)
            slope = placed.kernel(recoil, e, species, nuclide, {"epsilon": 1e-4})
            counts = fluence * per_kg[nuclide.name] * slope * recoil * half * w * weight[:, None]
            momentum = np.sqrt((e - mass_chi) * (e + mass_chi))
            t = 1e-3 * recoil
            cosine = (e + mass) / momentum * np.sqrt(t / (t + 2.0 * mass))
            found.append((e.ravel(), recoil.ravel(), cosine.ravel(), counts.ravel()))
    return found


def recoil_angles(m_chi_mev: float, edges: Array, threshold_kev: float = 9.0) -> Array:
    """Share of recoils of chi in CsI, above a threshold, between cosines to the line of sight."""
    total = np.zeros(edges.size - 1)
    for _, _, cosine, counts in _folded(beam(m_chi_mev), chi(m_chi_mev), threshold_kev):
        total += np.histogram(cosine, edges, weights=counts)[0]
    share: Array = total / total.sum()
    return share


def mean_delay_ns(m_chi_mev: float, threshold_kev: float = 9.0) -> float:
    """Mean delay behind light of the chi whose recoils in CsI are above a threshold, ns."""
    late = number = 0.0
    for energy, _, _, counts in _folded(beam(m_chi_mev), chi(m_chi_mev), threshold_kev):
        momentum = np.sqrt((energy - m_chi_mev) * (energy + m_chi_mev))
        # E/p - 1 without cancellation
        behind = m_chi_mev**2 / (momentum * (energy + momentum))
        late += float(counts @ behind)
        number += float(counts.sum())
    return 1e3 * _DISTANCE_M / SPEED_OF_LIGHT_M_PER_US * late / number


def carried(name: str, column: str) -> Mapping[str, Array]:
    """Curves of a table made by ``tools/make_dark_matter_limits.py``, by name, ``(n, 2)``."""
    curves = read_curves(CARRIED / f"{name}.csv", (column, "y_dm"))
    return {c.label: c.points for c in curves}
