"""The kinds of chi: what couples to the mediator on the dark side."""

from __future__ import annotations

from enum import StrEnum

from cevns.exceptions import UnknownNameError

__all__ = ["ChiKind"]


class ChiKind(StrEnum):
    """Spin and current of chi.

    ``scalar``: complex scalar, ``i (chi* d chi - h.c.)``; ``dirac``: ``chibar gamma chi``;
    ``majorana``: ``(1/2) chibar gamma gamma5 chi``; ``pseudo-dirac``: two Majorana states that the
    mediator turns into one another, ``i chi1bar gamma chi2 + h.c.``.

    Examples:
        >>> ChiKind.of("Pseudo_Dirac")
        <ChiKind.PSEUDO_DIRAC: 'pseudo-dirac'>
        >>> ChiKind.SCALAR.degrees_of_freedom
        2
    """

    SCALAR = "scalar"
    DIRAC = "dirac"
    MAJORANA = "majorana"
    PSEUDO_DIRAC = "pseudo-dirac"

    @classmethod
    def of(cls, name: str) -> ChiKind:
        """The kind of a name; ``-`` and ``_`` are equal.

        Raises:
            UnknownNameError: if there is none.
        """
        wanted = name.strip().casefold().replace("_", "-")
        known = {k.value: k for k in cls}
        if wanted not in known:
            raise UnknownNameError("kind of chi", name, known)
        return known[wanted]

    @property
    def degrees_of_freedom(self) -> int:
        """Internal ones of chi and its antiparticle, or of both states, together."""
        return 4 if self in (ChiKind.DIRAC, ChiKind.PSEUDO_DIRAC) else 2

    @property
    def is_own_antiparticle(self) -> bool:
        """Whether any two chi annihilate; else only one half of the pairs do."""
        return self is ChiKind.MAJORANA
