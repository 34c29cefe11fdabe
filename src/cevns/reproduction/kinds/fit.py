"""A number from the fit of an experiment: any field of the JSON of ``cevns fit``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from cevns.exceptions import InputError
from cevns.experiments.questions import POI_PARAMETER
from cevns.study import load

__all__ = ["compute", "field_of"]


@cache
def _fit(
    experiment: str,
    poi: str,
    overrides: tuple[tuple[str, str], ...],
    fix: tuple[str, ...],
    asimov: bool,
    free: tuple[str, ...],
) -> Mapping[str, Any]:
    study = load(experiment, overrides=dict(overrides))
    held: dict[str, float | None] = dict.fromkeys(fix)
    if fix == ("all",):
        names = study.model(poi).parameters.names
        held = dict.fromkeys(n for n in names if n != POI_PARAMETER[poi])
    return study.fit(None if free else poi, free=free, fix=held, asimov=asimov).to_dict()


def compute(
    experiment: str,
    field: str,
    poi: str = "count",
    overrides: Mapping[str, str] | None = None,
    fix: tuple[str, ...] = (),
    scale: float = 1.0,
    asimov: bool = False,
    over: str | None = None,
    free: tuple[str, ...] = (),
) -> float:
    """The value of a field, such as ``components/cevns/fit``, times `scale`.

    Args:
        experiment: name or path.
        field: path (``/`` between keys) into the record of the fit.
        poi: the question.
        overrides: changed fields of the experiment file.
        fix: parameters held at their nominal value; ``["all"]`` holds all but that of interest.
        scale: factor to the unit of the row.
        asimov: fit the expected counts, of a projection.
        over: another field, the ratio to which is returned.
        free: parameters that are asked for in place of `poi`.

    Raises:
        InputError: if the record has no such field.
    """
    changes = tuple((overrides or {}).items())
    record = _fit(experiment, poi, changes, tuple(fix), asimov, tuple(free))
    found = field_of(record, field)
    return scale * (found if over is None else found / field_of(record, over))


def field_of(record: Any, field: str) -> float:
    """A number in a record by its path, ``/`` between keys.

    Raises:
        InputError: if the record has no such field.

    Examples:
        >>> field_of({"poi": {"value": 0.23}}, "poi/value")
        0.23
    """
    for key in field.split("/"):
        if not isinstance(record, Mapping) or key not in record:
            known = ", ".join(record) if isinstance(record, Mapping) else "nothing"
            raise InputError(
                f"the record of a fit has no field {field!r}: at {key!r} it has {known}"
            )
        record = record[key]
    return float(record)
