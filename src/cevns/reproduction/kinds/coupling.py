"""A coupling of the nucleons to the Z boson in a named scheme."""

from __future__ import annotations

from typing import Literal

from cevns.nuclear.couplings import couplings

__all__ = ["compute"]


def compute(
    scheme: str, which: Literal["gv_p", "gv_n", "ga_p", "ga_n"], lepton: str = "mu"
) -> float:
    """The vector (``gv``) or axial (``ga``) coupling of the proton or the neutron.

    Args:
        scheme: see ``cevns list couplings``.
        which: of the four.
        lepton: family, on which the vector coupling of the proton depends.

    Raises:
        UnknownNameError: if the scheme or the lepton is unknown.

    Examples:
        >>> compute("scholberg2021", "gv_n")
        -0.5117
    """
    chosen = couplings(scheme)
    values = {"gv_n": chosen.gv_n, "ga_p": chosen.ga_p, "ga_n": chosen.ga_n}
    return float(chosen.gv_p(lepton) if which == "gv_p" else values[which])
