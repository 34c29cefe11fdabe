"""Write a sample of events to a file, block by block, whole or not at all."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cevns.analysis.events.event_columns import REGION
from cevns.analysis.events.event_writer import format_of
from cevns.analysis.events.stratified_sample import EventSample
from cevns.exceptions import CevnsWarning
from cevns.files import check_writable, expanded, replacing
from cevns.records import Result
from cevns.typing import Array

__all__ = ["Drawn", "draw_to_file"]


@dataclass
class Drawn(Result):
    """What was drawn.

    Attributes:
        events: how many, with those outside of the region where these are kept.
        by_component: how many of each.
        sums: sum and number of the finite values of each column.
    """

    events: int = 0
    by_component: dict[str, int] = field(default_factory=dict)
    sums: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, block: dict[str, Array], components: tuple[str, ...]) -> None:
        """Count a block."""
        self.events += block["event"].size
        found = np.bincount(block["component"].astype(int), minlength=len(components))
        for name, number in zip(components, found.tolist(), strict=True):
            self.by_component[name] = self.by_component.get(name, 0) + number
        for name, values in block.items():
            if name in ("event", "component", "channel", REGION) or name.endswith("_pdg"):
                continue
            known = np.isfinite(values)
            total, number = self.sums.get(name, (0.0, 0))
            total += float(values[known].sum())
            self.sums[name] = total, number + int(known.sum())

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers."""
        return {"number": self.events, "drawn": dict(self.by_component), "means": self.means}

    @property
    def means(self) -> dict[str, float]:
        """Mean of each column, of the events that have a number there."""
        return {name: total / number for name, (total, number) in self.sums.items() if number}


def draw_to_file(
    sample: EventSample,
    number: int,
    seed: int,
    path: Path | str | None = None,
    *,
    progress: Callable[..., None] | None = None,
) -> tuple[Drawn, dict[str, Any]]:
    """Draw events, and write them where a file is named.

    An interrupt or an error leaves no new file. Memory does not grow with the number of events.

    Args:
        sample: of what.
        number: how many.
        seed: of the random numbers.
        path: of the file, whose ending says the format; None for none.
        progress: is told the events that are done, and all.

    Returns:
        What was drawn, and its provenance.

    Warns:
        CevnsWarning: if a density was outside of its bounds.

    Raises:
        InputError: if the number is not positive, or the ending names no format.
        MissingExtraError: if what writes the format is not installed.
        OutputError: if the file cannot be written.

    Examples:
        >>> import tempfile, cevns
        >>> from cevns.analysis.events.event_sample import event_sample
        >>> sample = event_sample(cevns.load("coherent-csi-2021").experiments[0], ["cevns"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     drawn, _ = draw_to_file(sample, 100, 1, Path(folder, "events.csv"))
        >>> drawn.by_component
        {'cevns': 100}
    """
    provenance, drawn = sample.provenance(number, seed), Drawn()

    def told() -> None:
        if progress is not None:
            progress(min(drawn.events, number), number)

    if path is None:
        for block in sample.blocks(number, seed):
            drawn.add(block, sample.components)
            told()
        _check(sample)
        return drawn, provenance
    path = expanded(path)
    model = format_of(path)
    check_writable(path)
    with replacing(path) as temporary:
        writer = model(temporary, sample, provenance)
        try:
            for block in sample.blocks(number, seed):
                writer.write(block)
                drawn.add(block, sample.components)
                told()
        finally:
            writer.close()
    _check(sample)
    return drawn, provenance


def _check(sample: EventSample) -> None:
    """Warn of events that do not follow their density."""
    if sample.exceeded > 1.0:
        warnings.warn(
            f"a density was a factor {sample.exceeded:.3g} outside of the bounds between which it "
            "is drawn; the events there do not follow it",
            CevnsWarning,
            stacklevel=3,
        )
