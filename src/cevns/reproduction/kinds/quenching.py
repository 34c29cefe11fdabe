"""A number from the fit of a quenching factor."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from cevns.exceptions import UnknownNameError
from cevns.experiments import load
from cevns.quenching import QuenchingFit, fit

__all__ = ["compute"]


@cache
def _fit(material: str, curve: str | None, include: tuple[str, ...], tension: str) -> QuenchingFit:
    return fit(material, curve=curve, include=include, tension=tension)


def compute(
    material: str,
    field: str,
    at_kev: float = 0.0,
    curve: str | None = None,
    include: Sequence[str] = (),
    tension: str = "inflate",
    experiment: str = "coherent-csi-2021",
    scale: float = 1.0,
) -> float:
    """A number of a fit times `scale`.

    Args:
        material: as in `cevns.quenching.fit`, as are `curve`, `include` and `tension`.
        field: a parameter of the curve; ``NAME error``; ``factor`` or ``factor error`` at
            `at_kev` keVnr; ``prediction``, the CEvNS events of `experiment` with the fit;
            ``anode current`` of the photomultiplier estimate, mA.
        at_kev: recoil energy.
        curve: family.
        include: data sets.
        tension: treatment of disagreement.
        experiment: for ``prediction``.
        scale: factor to the unit of the row.

    Raises:
        UnknownNameError: if the field is unknown.
    """
    if field == "anode current":
        from cevns.quenching.photomultiplier import AnodeCurrent

        return AnodeCurrent(photoelectrons=1200, gain=2e6, duration_ns=300).current_ma * scale
    result = _fit(material, curve, tuple(include), tension)
    if field == "prediction":
        changed = load(experiment).with_quenching(result.quenching())
        return changed.predict()["cevns"] * scale
    name, _, what = field.partition(" ")
    if what in ("", "error"):
        names = result.family.parameters.names
        if name in names:
            i = names.index(name)
            return float((result.errors if what else result.numbers)[i]) * scale
        if name == "factor":
            value, error = result.quenching_factor(np.array([at_kev]))
            return float((error if what else value)[0]) * scale
    known = ("factor", "prediction", "anode current", *result.family.parameters.names)
    raise UnknownNameError("number of a quenching fit", field, known)
