"""Detectors against topics: what each would measure of each, with what it stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cevns import records
from cevns.analysis.sensitivity.assumptions import assumptions, declared_years, short_line
from cevns.analysis.sensitivity.projecting import expected_numbers, left_out_of
from cevns.analysis.sensitivity.sensitivity_record import Expected
from cevns.analysis.sensitivity.topic import Topic, topic
from cevns.analysis.sensitivity.topic import topics as known_topics
from cevns.citations import Citations
from cevns.exceptions import CevnsError, InputError
from cevns.experiments.declaration.document import parse
from cevns.experiments.declaration.loader import catalogue, find
from cevns.experiments.experiment import Experiment
from cevns.records import Result
from cevns.registry import canonical

__all__ = [
    "ORDER",
    "VARIANT",
    "MatrixRow",
    "SensitivityMatrix",
    "projected",
    "sensitivity_matrix",
    "variants_of",
]

VARIANT: Final = "sensitivity"
"""Variant of a file that holds what projections assume."""
_FURTHER: Final = "underground"
"""Another variant that is a row of its own, as are those that begin with ``sensitivity-``."""
ORDER: Final = (
    "cross-section",
    "sin2-theta-w",
    "nsi",
    "magnetic-moment",
    "neutron-radius",
    "sterile",
    "dark-matter",
    "inelastic",
    "axial",
)
"""Topics in the order of the table."""


def variants_of(name_or_path: str) -> tuple[str, ...]:
    """Names of the variants of an experiment file.

    Raises:
        UnknownNameError: if no experiment of that name is shipped.
        InputError: if the file cannot be read.
    """
    return tuple(parse(find(name_or_path)).values.get("variants") or ())


def projected() -> tuple[tuple[str, str], ...]:
    """The rows that are taken where none is named: shipped files with a variant for projections.

    Examples:
        >>> ("coherent-ar-750", "underground") in projected()
        True
    """
    out: list[tuple[str, str]] = []
    for name in catalogue():
        known = variants_of(name)
        if VARIANT in known:
            more = [v for v in known if v == _FURTHER or v.startswith(f"{VARIANT}-")]
            out += [(name, v) for v in (VARIANT, *more)]
    return tuple(out)


@dataclass(frozen=True)
class MatrixRow:
    """One detector.

    Args:
        name: of the experiment.
        title: of it.
        assumption: what the numbers stand on, in one line.
        assumptions: the same in full.
        cells: the number of each topic; None where there is none.
        reasons: why there is none, by topic.
    """

    name: str
    title: str
    assumption: str
    assumptions: Mapping[str, str]
    cells: Mapping[str, Expected | None]
    reasons: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class SensitivityMatrix(Result):
    """What detectors would measure of topics.

    Args:
        topics: by name, in the order of the columns.
        rows: the detectors.
        years: of running, of those that count years; None for the exposures of the files.
        flux_error: relative; None for those of the files.
        at: values that topics hold, by topic.
        citations: whom the detectors cite.
    """

    topics: Mapping[str, Topic]
    rows: tuple[MatrixRow, ...]
    years: float | None
    flux_error: float | None
    at: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    citations: Citations = field(default_factory=Citations, repr=False)

    @property
    def assumption(self) -> str:
        """What is common to all rows, in one line."""
        said = [
            "the exposures of the files" if self.years is None else f"{self.years:g} years",
            "the flux uncertainty of the files"
            if self.flux_error is None
            else f"the flux known to {100 * self.flux_error:g} %",
        ]
        return ", ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """The JSON of ``cevns sensitivity --matrix``."""
        rows = []
        for row in self.rows:
            cells = {
                name: {"reason": row.reasons[name]}
                if cell is None
                else {
                    "quantity": cell.quantity.name,
                    "title": cell.quantity.title,
                    "unit": cell.quantity.unit,
                    "number": cell.number,
                    "written": cell.written,
                    "kind": cell.quantity.kind,
                    "signal": cell.signal,
                    "background": cell.background,
                }
                for name, cell in row.cells.items()
            }
            rows.append(
                {
                    "experiment": row.name,
                    "title": row.title,
                    "assumption": row.assumption,
                    "assumptions": dict(row.assumptions),
                    "topics": cells,
                }
            )
        record = {
            **records.head(),
            "citations": self.citations.records(),
            "years": self.years,
            "flux_error": self.flux_error,
            "topics": {name: t.title for name, t in self.topics.items()},
            "at": {name: dict(t.held) for name, t in self.topics.items() if t.held},
            "rows": rows,
        }
        return records.cited(record, "fit", "asymptotic")


def sensitivity_matrix(
    experiments: Sequence[Experiment],
    *,
    years: float | None = 3.0,
    flux_error: float | None = 0.05,
    topics: Sequence[str] = (),
) -> SensitivityMatrix:
    """The first quantity of every topic of every experiment, each alone.

    Args:
        experiments: with the variants that are asked for; two may be of one file.
        years: of running; an experiment that counts no years keeps its exposure, and its line says
            so.
        flux_error: relative, in place of that in the files.
        topics: names of the columns; all of the registry by default, the usual ones first.

    Raises:
        UnknownNameError: if there is no such topic.
        InputError: if there is no experiment.
    """
    if not experiments:
        raise InputError("a table of sensitivities needs at least one experiment; name one")
    every = dict.fromkeys((*ORDER, *known_topics()))
    chosen = {canonical(name): topic(name) for name in topics or every}
    rows = tuple(_row(e, chosen, years, flux_error) for e in experiments)
    cite = Citations.joined(e.citations for e in experiments)
    return SensitivityMatrix(chosen, rows, years, flux_error, citations=cite)


def _row(
    experiment: Experiment,
    topics: Mapping[str, Topic],
    years: float | None,
    flux_error: float | None,
) -> MatrixRow:
    counts_years = years is not None and declared_years(experiment) is not None
    own = (years,) if counts_years and years is not None else ()
    errors = () if flux_error is None else (flux_error,)
    cells: dict[str, Expected | None] = {}
    reasons: dict[str, str] = {}
    words: dict[str, str] = {}
    for name, each in topics.items():
        try:
            (quantity, *_) = each.asks((experiment,), {})
            (cells[name],) = expected_numbers(
                experiment.name, (experiment,), quantity, own, errors, 1.0
            )
        except CevnsError as error:
            cells[name], reasons[name] = None, str(error)
            continue
        (left_out,) = left_out_of((experiment,), quantity)
        words = words or assumptions(experiment, left_out, own, (1.0,), errors)
    line = short_line(experiment)
    if years is not None and not counts_years:
        line += ", exposure of its file"
    return MatrixRow(experiment.name, experiment.title, line, words, cells, reasons)
