"""An upper limit on what lies over CEvNS: the cross section of dark matter."""

from __future__ import annotations

from collections.abc import Mapping

from cevns.study import load

__all__ = ["compute"]


def compute(
    experiment: str,
    model: str,
    at: Mapping[str, float] | None = None,
    level: float = 0.9,
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
) -> float:
    """The limit of ``cevns limit --model``, times `scale`.

    Args:
        experiment: name or path.
        model: process that lies over CEvNS.
        at: what is held, its mass.
        level: confidence level.
        overrides: changed fields of the experiment file.
        scale: factor to the unit of the row.
    """
    study = load(experiment, overrides=overrides, models=model)
    return study.upper_limit(at=at, level=level).upper_limit * scale
