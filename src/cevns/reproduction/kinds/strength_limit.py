"""An upper limit on what lies over CEvNS: the cross section or coupling of dark matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from cevns.exceptions import UnknownNameError
from cevns.study import load

__all__ = ["compute", "strength_limit"]

_FIELDS: Final = ("limit", "over-expected")
_Items = tuple[tuple[str, Any], ...]


@cache
def strength_limit(
    experiment: str,
    model: str,
    parameter: str | None,
    at: _Items,
    level: float,
    overrides: _Items,
    fix: tuple[str, ...],
    asimov: bool,
) -> float:
    """The limit of ``cevns limit --model``.

    Args:
        experiment: name or path.
        model: process that lies over CEvNS.
        parameter: which of its parameters.
        at: what is held, its mass.
        level: confidence level.
        overrides: changed fields of the file and of what the model lays over it.
        fix: nuisance parameters that are held where they are.
        asimov: of the counts expected without the component.
    """
    study = load(experiment, overrides=dict(overrides), models=model)
    found = study.upper_limit(
        parameter, at=dict(at), fix=dict.fromkeys(fix), level=level, asimov=asimov
    )
    return found.upper_limit


def compute(
    experiment: str,
    model: str,
    parameter: str | None = None,
    at: Mapping[str, float] | None = None,
    level: float = 0.9,
    overrides: Mapping[str, str] | None = None,
    fix: Sequence[str] = (),
    asimov: bool = False,
    field: str = "limit",
    scale: float = 1.0,
) -> float:
    """The limit of ``cevns limit --model``, times `scale`.

    Args:
        experiment: name or path.
        model: process that lies over CEvNS.
        parameter: which of its parameters, where it has several.
        at: what is held, its mass.
        level: confidence level.
        overrides: changed fields of the file and of what the model lays over it.
        fix: nuisance parameters that are held where they are.
        asimov: of the counts expected without the component.
        field: ``limit``, or ``over-expected``, that of the data over that of such counts.
        scale: factor to the unit of the row.

    Raises:
        UnknownNameError: if there is no such field.
    """
    if field not in _FIELDS:
        raise UnknownNameError("field of a limit", field, _FIELDS)
    asked = (
        experiment,
        model,
        parameter,
        tuple((at or {}).items()),
        level,
        tuple((overrides or {}).items()),
        tuple(fix),
    )
    if field == "over-expected":
        return scale * strength_limit(*asked, False) / strength_limit(*asked, True)
    return scale * strength_limit(*asked, asimov)
