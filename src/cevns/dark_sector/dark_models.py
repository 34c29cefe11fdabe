"""Names of models: a portal and a kind of chi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cevns.dark_sector.chi_kind import ChiKind
from cevns.dark_sector.dark_couplings import Leptophobic, Portal, VectorPortal
from cevns.exceptions import UnknownNameError

__all__ = ["DarkModel", "dark_model", "dark_models"]


@dataclass(frozen=True)
class DarkModel:
    """A model: its name, portal and kind of chi."""

    name: str
    portal: Portal
    kind: ChiKind


_PORTALS: Final[tuple[Portal, ...]] = (VectorPortal(), Leptophobic())


def dark_models() -> tuple[DarkModel, ...]:
    """All models; a name without a kind is that of scalar chi.

    Examples:
        >>> [m.name for m in dark_models()][:3]
        ['dark-photon', 'dark-photon-dirac', 'dark-photon-majorana']
    """
    return tuple(
        DarkModel(p.name if k is ChiKind.SCALAR else f"{p.name}-{k.value}", p, k)
        for p in _PORTALS
        for k in ChiKind
    )


def dark_model(name: str) -> DarkModel:
    """The model of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> dark_model("leptophobic_majorana").kind
        <ChiKind.MAJORANA: 'majorana'>
    """
    known = {m.name: m for m in dark_models()}
    wanted = name.strip().casefold().replace("_", "-")
    if wanted not in known:
        raise UnknownNameError("model of dark matter", name, known)
    return known[wanted]
