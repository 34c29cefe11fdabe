"""What an experiment has built once, and has again with other shapes of its signal.

The mass of a mediator or of dark matter changes the recoils, and neither the response of the
detector nor the tables of the data.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

__all__ = ["BuiltOnce"]

_MOST: Final = 16
"""Things that are remembered: responses have a few MB."""
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class BuiltOnce:
    """A small memory, shared by an experiment and what is made of it by other shapes.

    Examples:
        >>> known, detector = BuiltOnce(), object()
        >>> known.once((detector,), 1.0, lambda: 42), known.once((detector,), 1.0, lambda: 43)
        (42, 42)
    """

    _known: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, of: tuple[object, ...], key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gave first for the same objects and key; of many the one is forgotten that
        was not asked for longest.

        Args:
            of: objects that the result belongs to, the same ones, not equal ones.
            key: all else that it depends on.
            make: called where there is no result yet.
        """
        at = tuple(map(id, of)), key
        if at not in self._known:
            found = of, make()  # which keeps the objects, so that no other has their identity
            while len(self._known) >= _MOST:
                del self._known[next(iter(self._known))]
            self._known[at] = found
        else:
            self._known[at] = self._known.pop(at)  # to the end of the order
        result: T = self._known[at][1]
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is empty: elsewhere the same identity is that of another object."""
        return BuiltOnce, ()
