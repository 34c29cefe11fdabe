"""Published CEvNS results, as published: nothing here is computed."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.declaration.document import parse
from cevns.registry import canonical

__all__ = ["FILE", "PublishedResult", "Value", "result", "results"]

FILE = Path(__file__).parent / "results.yaml"

Value = tuple[float] | tuple[float, float, float]
"""A value, or a value with its errors up and down."""


class PublishedResult(BaseModel):
    """A published result.

    Attributes:
        id: name; that of the shipped experiment where there is one.
        title: one line.
        target: material.
        source: paper.
        limit: confidence level where events and cross section are upper limits.
        events: CEvNS events found.
        predicted: events expected.
        significance: against no CEvNS, standard deviations.
        cross_section: flux-averaged, 1e-40 cm2.
        standard_model: the paper's prediction of it.
        ratio: cross section over the prediction, with its statistical error.
        ratio_systematic: its systematic error, up and down.
        memory: what was not checked against the paper.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    target: str
    source: str
    limit: float | None = Field(default=None, gt=0, lt=1)
    events: Value | None = None
    predicted: Value | None = None
    significance: float | None = None
    cross_section: Value | None = None
    standard_model: float | None = None
    ratio: Value | None = None
    ratio_systematic: tuple[float, float] | None = None
    memory: str = ""

    @model_validator(mode="after")
    def _answer(self) -> PublishedResult:
        if self.events is None and self.cross_section is None and self.ratio is None:
            raise InputError(f"result {self.id!r} gives no events, cross section or ratio")
        return self

    @property
    def cross_section_cm2(self) -> tuple[float, float, float] | None:
        """Measured cross section with errors up and down, cm2; None for limits and bare counts.

        Where a paper gives the ratio to its prediction, statistical and systematic errors are
        added in quadrature and multiplied by the prediction.
        """
        if self.limit is not None:
            return None
        if self.cross_section is not None and len(self.cross_section) == 3:
            value, up, down = self.cross_section
            return value * 1e-40, up * 1e-40, down * 1e-40
        if self.ratio is None or len(self.ratio) != 3 or self.standard_model is None:
            return None
        scale = self.standard_model * 1e-40
        value, up, down = self.ratio
        more_up, more_down = self.ratio_systematic or (0.0, 0.0)
        return (
            value * scale,
            scale * (up**2 + more_up**2) ** 0.5,
            (scale * (down**2 + more_down**2) ** 0.5),
        )

    def text(self, value: Value | None) -> str:
        """A value with its errors, or the limit."""
        if value is None:
            return ""
        if len(value) == 1:
            return f"< {value[0]:g}" if self.limit is not None else f"{value[0]:g}"
        centre, up, down = value
        return f"{centre:g} ± {up:g}" if up == down else f"{centre:g} +{up:g} -{down:g}"


@cache
def results() -> tuple[PublishedResult, ...]:
    """All published results.

    Examples:
        >>> newest = results()[-1]
        >>> newest.id, newest.text(newest.events)
        ('coherent-ge-2026', '124 +14 -12')
        >>> [round(v * 1e40) for v in newest.cross_section_cm2]
        [59, 8, 8]
    """
    return tuple(PublishedResult.model_validate(r) for r in parse(FILE).values["results"])


def result(name: str) -> PublishedResult:
    """The published result of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> result("coherent-lar-engineering").events
        (7.4,)
    """
    known = {r.id: r for r in results()}
    if canonical(name) not in known:
        raise UnknownNameError("published result", name, known)
    return known[canonical(name)]
