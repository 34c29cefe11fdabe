"""A number from sets of data fitted together: any field of the JSON of ``cevns global``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from cevns.reproduction.kinds.fit import field_of
from cevns.study.choice_variants import load_combination

__all__ = ["compute"]

_Items = tuple[tuple[str, Any], ...]


@cache
def _combined(
    sets: str,
    model: str,
    free: tuple[str, ...],
    at: _Items,
    fix: _Items,
    overrides: _Items,
    each: bool,
) -> Mapping[str, Any]:
    name = f"global:{sets}"
    study = load_combination(name, overrides=dict(overrides), models=model or None)
    return study.combine(*free, at=dict(at), fix=dict(fix), each=each).to_dict()


def compute(
    sets: str,
    field: str,
    model: str = "",
    free: Sequence[str] = ("sin2_theta_w",),
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    choices: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
) -> float:
    """The value of a field, such as ``poi/value`` or ``goodness/parameter_goodness``.

    Args:
        sets: of the shipped combination, as behind its colon: ``csi,lar``.
        field: path (``/`` between keys) into the record.
        model: new physics.
        free: parameters of interest.
        at: values of other parameters of the interaction.
        fix: nuisance parameters that are held, at a value or (None) where they are.
        choices: alternatives of what decides.
        overrides: changed fields.
        scale: factor to the unit of the row.

    Raises:
        InputError: if the record has no such field.
    """
    changes = {**{f"choose.{k}": v for k, v in (choices or {}).items()}, **(overrides or {})}
    found = _combined(
        sets,
        model,
        tuple(free),
        tuple((at or {}).items()),
        tuple((fix or {}).items()),
        tuple(changes.items()),
        not field.startswith(("poi", "of_interest")),
    )
    return scale * field_of(found, field)
