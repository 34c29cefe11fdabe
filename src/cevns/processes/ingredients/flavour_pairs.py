"""Symmetric pairs of lepton families by the names parameters carry: ``ee``, ``emu``, ``mutau``."""

from __future__ import annotations

from cevns.particles import LEPTONS, lepton

__all__ = ["DIAGONAL", "TRANSITIONS", "pairs_from"]

DIAGONAL = tuple(a + a for a in LEPTONS)
TRANSITIONS = tuple(a + b for i, a in enumerate(LEPTONS) for b in LEPTONS[i + 1 :])


def pairs_from(flavour: str) -> dict[str, str]:
    """What a neutrino may become, and the pair that says how: final family to pair.

    Examples:
        >>> pairs_from("nubar_mu")
        {'e': 'emu', 'mu': 'mumu', 'tau': 'mutau'}
    """
    a = LEPTONS.index(lepton(flavour))
    return {b: LEPTONS[min(a, k)] + LEPTONS[max(a, k)] for k, b in enumerate(LEPTONS)}
