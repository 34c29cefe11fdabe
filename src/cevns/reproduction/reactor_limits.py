"""Published results on CEvNS at reactors, in Standard Models, and the prediction they are of."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from cevns.analysis.expected.recoil_rate import rates
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments import Experiment, load
from cevns.experiments.declaration.document import parse
from cevns.registry import canonical

__all__ = ["FILE", "ReactorResult", "reactor_result", "reactor_results"]

FILE = Path(__file__).parent / "reactor_limits.yaml"
_NUMBERS = {"limit": (1, 2), "expected": (1,), "range": (2,), "measurement": (3,)}


class ReactorResult(BaseModel):
    """A published result at a reactor.

    Attributes:
        id: name.
        title: short, as figures show it.
        target: material.
        kind: ``limit``, ``measurement``, ``range`` (of ratios that are not excluded), or
            ``expected`` (the median of what a run is going to set).
        level: confidence level of a limit.
        ratio: to the Standard Model: one limit or both ends of a range; value and errors.
        events: limit in events, or events found.
        events_error: their error.
        per_kg_day: limit in counts per kg and day.
        quenching: that was assumed, in a word.
        k: of Lindhard's theory that was assumed.
        excluded_k: published limit on k.
        experiment: of the catalogue that predicts it.
        overrides: fields of its file that differ.
        threshold_kevnr: recoil energy, or a range of it, where no experiment predicts it, or where
            the axis of its file is not one of energies.
        source: paper.
        memory: what was not checked against the paper.
        note: more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    title: str
    target: str
    kind: Literal["limit", "measurement", "range", "expected"]
    level: float | None = Field(default=None, gt=0, lt=1)
    ratio: tuple[float, ...] | None = None
    events: float | None = Field(default=None, gt=0)
    events_error: float | None = Field(default=None, gt=0)
    per_kg_day: float | None = Field(default=None, gt=0)
    quenching: str
    k: float | None = Field(default=None, gt=0)
    excluded_k: float | None = Field(default=None, gt=0)
    experiment: str | None = None
    overrides: Mapping[str, str] = Field(default_factory=dict)
    threshold_kevnr: tuple[float, ...] | None = None
    source: str
    memory: str = ""
    note: str = ""

    @model_validator(mode="after")
    def _check(self) -> ReactorResult:
        if self.experiment is None and self.threshold_kevnr is None:
            raise InputError(
                f"result {self.id!r}: name the 'experiment' that predicts it, or write out "
                "'threshold_kevnr'"
            )
        if self.ratio is not None and len(self.ratio) not in _NUMBERS[self.kind]:
            raise InputError(f"result {self.id!r}: {len(self.ratio)} numbers are no {self.kind}")
        if self.ratio is None and (
            self.experiment is None or (self.events is None) == (self.per_kg_day is None)
        ):
            raise InputError(
                f"result {self.id!r}: give a 'ratio', or 'events' or 'per_kg_day' of an experiment"
            )
        return self

    def loaded(self) -> Experiment | None:
        """The experiment that predicts it, with its overrides; None without one."""
        return None if self.experiment is None else load(self.experiment, overrides=self.overrides)

    def ratios(self) -> tuple[float, ...]:
        """In Standard Models: as published, or a limit on counts over our prediction."""
        if self.ratio is not None:
            return self.ratio
        experiment = self.loaded()
        assert experiment is not None
        if self.events is not None:
            return (self.events / experiment.prediction(),)
        assert self.per_kg_day is not None
        found = rates(experiment, points=2)[experiment.name].per_kg_day["cevns"]
        return (self.per_kg_day / found,)

    def text(self) -> str:
        """The ratio as a table shows it."""
        values = [f"{v:.3g}" if v < 1000 else f"{v:.0f}" for v in self.ratios()]
        if self.kind == "measurement":
            return f"{values[0]} ± {values[1]}"
        sign = "" if self.kind == "range" else "< "
        return sign + " to ".join(values)


@cache
def reactor_results() -> tuple[ReactorResult, ...]:
    """All of them, in the order of the file.

    Examples:
        >>> {r.id: r.text() for r in reactor_results()}["conus-plus-2025"]
        '1.14 ± 0.36'
    """
    return tuple(ReactorResult.model_validate(r) for r in parse(FILE).values["results"])


def reactor_result(name: str) -> ReactorResult:
    """The result of a name; ``-`` and ``_`` are equal.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> reactor_result("texono-later").excluded_k
        0.205
    """
    known = {r.id: r for r in reactor_results()}
    if canonical(name) not in known:
        raise UnknownNameError("result at a reactor", name, known)
    return known[canonical(name)]
