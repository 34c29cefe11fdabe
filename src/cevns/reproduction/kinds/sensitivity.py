"""An expected error or limit: a number of ``cevns sensitivity``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from cevns.analysis.sensitivity.sensitivity_record import Sensitivity
from cevns.study import load

__all__ = ["compute"]


@cache
def _sensitivity(
    experiments: tuple[str, ...],
    topic: str,
    overrides: tuple[tuple[str, str], ...],
    years: float,
    flux_error: float,
) -> Sensitivity:
    study = load(*experiments, overrides=dict(overrides))
    return study.sensitivity(topic, years=[years], flux_error=[flux_error])


def compute(
    experiments: Sequence[str],
    topic: str,
    years: float,
    flux_error: float,
    overrides: Mapping[str, str] | None = None,
    independent: bool = False,
    scale: float = 1.0,
) -> float:
    """The number of the topic's first quantity, of all experiments together, times `scale`.

    Args:
        experiments: names or paths.
        topic: its name.
        years: of running.
        flux_error: relative.
        overrides: changed fields of the files.
        independent: the error as if the experiments had nothing in common.
        scale: factor to the unit of the row.
    """
    found = _sensitivity(
        tuple(experiments), topic, tuple((overrides or {}).items()), years, flux_error
    )
    first = found.headline
    if independent:
        return scale * found.independent(first.quantity.name, years, flux_error)
    assert first.number is not None
    return scale * first.number
