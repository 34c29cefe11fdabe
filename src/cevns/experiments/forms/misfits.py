"""What does not fit together in a file, each with its place."""

from __future__ import annotations

from collections.abc import Iterable

from cevns.exceptions import InputError

__all__ = ["MisfitError", "together"]


class MisfitError(InputError):
    """A mistake that joins several fields of a section or of the whole file.

    Args:
        message: what is wrong.
        place: where, as steps from the section that is checked.

    Attributes:
        place: as given.
        others: further ones that were found in the same check.

    Examples:
        >>> MisfitError("the axis ends before it begins", "axes", "energy").place
        ('axes', 'energy')
    """

    def __init__(self, message: str, *place: str | int) -> None:
        super().__init__(message)
        self.place = place
        self.others: tuple[MisfitError, ...] = ()


def together(found: Iterable[MisfitError]) -> None:
    """Raise the first of several misfits with all others in it; nothing where there is none.

    Raises:
        MisfitError: if there is one.
    """
    every = list(found)
    if every:
        every[0].others = tuple(every[1:])
        raise every[0]
