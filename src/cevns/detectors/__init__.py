"""What an apparatus makes of a recoil: quenching, resolution, efficiency, response tables.

A recoil of energy T gives the electron-equivalent energy E_ee(T) (`quenching`), from which a
value x is reconstructed with density P(x|E_ee) (`resolution`) and seen with probability eps(x)
(`efficiency`). `response` folds the last two into bins, `timing` does the same for arrival times.
"""

from cevns import registry
from cevns.detectors.efficiency import Efficiency
from cevns.detectors.framework.panel_quadrature import smooth_cuts
from cevns.detectors.framework.responding import Response, ResponseModel
from cevns.detectors.framework.response import ResponseTable, SharpResponse, bin_response
from cevns.detectors.framework.timing import TimeTable, time_bins
from cevns.detectors.framework.variation import Variation
from cevns.detectors.quenching import Quenching, QuenchingCurve
from cevns.detectors.resolution import Resolution

__all__ = [
    "Efficiency",
    "Quenching",
    "QuenchingCurve",
    "Resolution",
    "Response",
    "ResponseModel",
    "ResponseTable",
    "SharpResponse",
    "TimeTable",
    "Variation",
    "bin_response",
    "efficiency_model",
    "quenching_model",
    "resolution_model",
    "smooth_cuts",
    "time_bins",
]


def quenching_model(name: str) -> type[Quenching]:
    """The quenching model of that name.

    Raises:
        UnknownNameError: if there is none.

    Examples:
        >>> quenching_model("lindhard").__name__
        'Lindhard'
    """
    model: type[Quenching] = registry.load(
        "cevns.detectors.quenching", "quenching model", name
    ).MODEL
    return model


def resolution_model(name: str) -> type[Resolution]:
    """The resolution model of that name.

    Raises:
        UnknownNameError: if there is none.
    """
    model: type[Resolution] = registry.load(
        "cevns.detectors.resolution", "resolution model", name
    ).MODEL
    return model


def efficiency_model(name: str) -> type[Efficiency]:
    """The efficiency model of that name.

    Raises:
        UnknownNameError: if there is none.
    """
    model: type[Efficiency] = registry.load(
        "cevns.detectors.efficiency", "efficiency model", name
    ).MODEL
    return model
