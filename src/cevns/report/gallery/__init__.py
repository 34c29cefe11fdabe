"""The tables and figures of the field, each published beside ours: one file an entry.

An entry is a module with ``figure() -> Figure`` and, where numbers are compared, ``table() ->
Table``; its name is that of the file. ``NEEDS`` names the public release without which it cannot
be drawn, and ``CARRIED`` says what is read from tables in the package. `cevns gallery` writes them,
the documentation shows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cevns import datasets, registry
from cevns.report.gallery_parts.carried_tables import Table
from cevns.report.gallery_parts.compared import compared

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Entry", "Table", "compared", "entries", "entry"]


@dataclass(frozen=True)
class Entry:
    """What the gallery has under a name.

    Args:
        name: of the file.
        title: one line.
        needs: public release without which there is no figure; empty for none.
        carried: what is not computed here but read from tables in the package, and from which tool
            it is; empty where all is computed.
    """

    name: str
    title: str
    needs: str = ""
    carried: str = ""

    @property
    def missing(self) -> str:
        """Why it cannot be drawn here; empty where it can."""
        if not self.needs or datasets.find(self.needs) is not None:
            return ""
        return f"needs the data of {self.needs}: run 'cevns data fetch {self.needs}'"

    def figure(self) -> Figure:
        """Draw it.

        Raises:
            InputError: if it needs a release that is not here.
            MissingExtraError: if matplotlib or mplhep is not installed.
        """
        figure: Figure = registry.load(__name__, "gallery entry", self.name).figure()
        return figure

    def table(self) -> Table | None:
        """The numbers behind it, published beside ours; None where there are none."""
        make = getattr(registry.load(__name__, "gallery entry", self.name), "table", None)
        return None if make is None else make()


def entries() -> tuple[Entry, ...]:
    """All entries.

    Examples:
        >>> "csi-changes" in [e.name for e in entries()]
        True
    """
    return tuple(entry(name) for name in registry.names(__name__))


def entry(name: str) -> Entry:
    """The entry of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> entry("maximum_recoil").title
        'Largest nuclear recoil energy against neutrino energy'
    """
    module = registry.load(__name__, "gallery entry", name)
    title = registry.title(__name__, "gallery entry", name)
    said = (getattr(module, what, "") for what in ("NEEDS", "CARRIED"))
    return Entry(registry.canonical(name), title, *said)
