"""A number of a supernova burst: counts above a threshold, shares in time, fluences, energies."""

from __future__ import annotations

from typing import Literal

from cevns.analysis.expected.burst_counts import burst_counts
from cevns.analysis.expected.burst_views import Bare
from cevns.analysis.expected.spectrum_overlap import overlap
from cevns.sources import SNS
from cevns.sources.supernova import Supernova

__all__ = ["compute"]


def compute(
    quantity: Literal["events", "share", "fluence", "mean-energy", "energy", "overlap"],
    *,
    model: str = "pinched",
    distance_kpc: float = 10.0,
    target: str = "Xe",
    threshold_kevnr: float = 1.0,
    mass_t: float = 1.0,
    time_s: float = 1.0,
    species: str | None = None,
    power: int = 0,
    continuous: bool = False,
    scale: float = 1.0,
) -> float:
    """The number, times `scale`.

    Args:
        quantity: ``events`` above the threshold; ``share`` of them by a time; ``fluence``, per cm2,
            ``mean-energy``, MeV, or ``energy``, erg, of a species or of all; ``overlap`` at unit
            area with the spectrum of pions that decay at rest.
        model: of the supernova.
        distance_kpc: from the star.
        target: material.
        threshold_kevnr: smallest recoil energy.
        mass_t: of the target.
        time_s: after the bounce.
        species: flavour; all by default.
        power: n of a weight E^n of an overlap.
        continuous: whether an overlap leaves the line out.
        scale: of the result.

    Raises:
        UnknownNameError: if a name is unknown.
    """
    source = Supernova(distance_kpc=distance_kpc, model=model)
    chosen = source.flavours if species is None else (species,)
    fluence = [source.fluence_cm2(f) for f in chosen]
    if quantity == "fluence":
        return sum(fluence) * scale
    if quantity == "mean-energy":
        means = [source.mean_energy_mev(f) for f in chosen]
        return sum(n * e for n, e in zip(fluence, means, strict=True)) / sum(fluence) * scale
    if quantity == "energy":
        return sum(source.energy_erg(f) for f in chosen) * scale
    if quantity == "overlap":
        beam = SNS(distance_m=20.0, protons=1.0)
        of = ("nu_e", "nubar_mu") if continuous else None
        return overlap(source, beam, power=power, species=of) * scale
    found = burst_counts(
        source, Bare(target, threshold_kevnr), mass_kg=1000.0 * mass_t, times_s=(time_s,)
    )
    return (found.events if quantity == "events" else found.cumulative[0]) * scale
