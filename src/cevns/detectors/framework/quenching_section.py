"""A quenching model as the section of an experiment file that would make it."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from cevns.detectors.framework.quenching_curve import Quenching
from cevns.exceptions import InputError
from cevns.registry import canonical

__all__ = ["section"]


def section(model: Quenching) -> dict[str, Any]:
    """The ``quenching:`` section of a model: plain values, ready for YAML.

    Raises:
        InputError: if the validity starts above zero and has no end, which cannot be written.

    Examples:
        >>> from cevns.detectors.quenching.constant import Constant
        >>> section(Constant(0.0878, valid_kev=(0.0, 60.0)))
        {'kind': 'constant', 'value': 0.0878, 'valid': ['0.0 keVnr', '60.0 keVnr']}
    """
    out: dict[str, Any] = {"kind": canonical(type(model).__module__.rpartition(".")[2])}
    shared = {f.name for f in dataclasses.fields(Quenching)}
    for f in dataclasses.fields(model):
        value = getattr(model, f.name)
        if f.name in shared or value is None:
            continue
        if f.name.endswith("_kev"):
            out[f.name.removesuffix("_kev")] = [f"{v!r} keVnr" for v in value]
        else:
            out[f.name] = list(value) if isinstance(value, tuple) else value
    if model.variations:
        out["variations"] = {name: v.written() for name, v in model.variations.items()}
    low, high = (float(v) for v in model.valid_kev)
    if math.isfinite(high):
        out["valid"] = [f"{low!r} keVnr", f"{high!r} keVnr"]
    elif low > 0.0:
        raise InputError("a quenching model valid from above zero to infinity cannot be written")
    if model.above != Quenching.above:
        out["above"] = model.above
    return out
