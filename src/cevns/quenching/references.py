"""Published curves to compare a fit with."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from cevns.detectors.framework.variation import Variation
from cevns.detectors.quenching import Quenching
from cevns.detectors.quenching.constant import Constant
from cevns.detectors.quenching.lindhard import Lindhard
from cevns.detectors.quenching.linear import Linear
from cevns.detectors.quenching.polynomial import Polynomial
from cevns.quenching.curve_families import ELEMENTS

__all__ = ["references"]


@cache
def references(material: str) -> Mapping[str, Quenching]:
    """Published curves of a material by a name for tables; none for an unknown material.

    CsI[Na]: the curve of the 2021 analysis with its two eigen-variations (arXiv:2110.07730,
    ancillary files) and the constant of 2017 (arXiv:1708.01294). Argon: the line of the CENNS-10
    release with independent errors of its two numbers (arXiv:2006.12659, which gives no
    correlation), and its range. Germanium and silicon: Lindhard's theory.

    Examples:
        >>> list(references("csi"))
        ['released 2021', 'constant 2017']
    """
    if material == "csi":
        released = Polynomial(
            (0.0554628, 4.30681, -111.707, 840.384),
            variations={
                "qf.csi.0": Variation(
                    (0.0613632, 3.51547, -85.5548, 595.562), (0.0495624, 5.09815, -137.858, 1085.2)
                ),
                "qf.csi.1": Variation(
                    (0.055413, 3.93597, -93.1045, 630.092),
                    (0.0555126, 4.67765, -130.309, 1050.68),
                ),
            },
            valid_kev=(0.0, 60.0),
        )
        flat = Constant(0.0878, variations={"qf.csi.0": Variation(0.1044, 0.0712)})
        return {"released 2021": released, "constant 2017": flat}
    if material == "ar":
        line = Linear(
            (0.246, 0.00078),
            variations={
                "qf.ar.0": Variation((0.252, 0.00078), (0.240, 0.00078)),
                "qf.ar.1": Variation((0.246, 0.00087), (0.246, 0.00069)),
            },
            valid_kev=(0.0, 125.0),
        )
        return {"CENNS-10 release": line}
    if material in ELEMENTS:
        z, a = ELEMENTS[material]
        return {"Lindhard theory": Lindhard(z, a)}
    return {}
