"""What makes the expected significance of CEvNS a given one: an exposure, a background."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cevns.inference.fitting.levels import bracketed_root
from cevns.study import load

__all__ = ["compute"]


def compute(
    experiment: str,
    sigmas: float,
    between: Sequence[float],
    field: str | None = None,
    written: str = "{:g}",
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
) -> float:
    """The exposure, as a multiple of that of the file, or the value of a field, times `scale`.

    Args:
        experiment: name or path.
        sigmas: the significance that is expected there.
        between: ends of the values that are tried; the significance is below at one of them and
            above at the other.
        field: of the file; left out, it is the exposure that changes.
        written: how a number stands in the field, ``"{{free: {:g} /keV/kg/d}}"``.
        overrides: other changed fields.
        scale: factor to the unit of the row.
    """
    others = dict(overrides or {})

    def excess(value: float) -> float:
        changes = others if field is None else {**others, field: written.format(value)}
        study = load(experiment, overrides=changes)
        factor = value if field is None else 1.0
        found = study.sensitivity("cross-section", exposure_factor=factor).headline
        assert found.significance is not None
        return found.significance - sigmas

    low, high = (float(x) for x in between)
    ends = (low, excess(low)), (high, excess(high))
    if ends[0][1] > ends[1][1]:  # it falls with the value: the root is looked for from above
        ends = ends[1], ends[0]
    return scale * bracketed_root(excess, *ends, 1e-4 * high)
