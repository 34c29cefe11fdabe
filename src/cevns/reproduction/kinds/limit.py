"""An upper limit on CEvNS."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.exceptions import InputError
from cevns.study import load

__all__ = ["compute"]


def compute(
    experiment: str,
    field: str,
    events: float | None = None,
    level: float = 0.9,
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
    asimov: bool = False,
    method: str = "profile",
) -> float:
    """A field of the record of ``cevns limit``, times `scale`.

    Args:
        experiment: name or path.
        field: of the record.
        events: a published limit in events.
        level: confidence level.
        overrides: changed fields of the experiment file.
        scale: factor to the unit of the row.
        asimov: limit the counts expected without CEvNS.
        method: construction of the limit, of counts with a model.

    Raises:
        InputError: if the record has no such number.
    """
    study = load(experiment, overrides=overrides)
    record = study.limit(level=level, events=events, asimov=asimov, method=method).to_dict()
    value = record.get(field)
    if not isinstance(value, float):
        raise InputError(f"the record of a limit has no number {field!r}")
    return value * scale
