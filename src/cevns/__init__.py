"""cevns: coherent elastic neutrino-nucleus scattering, from the source to the significance.

The names below are imported when first used, so that the command line starts fast.

Examples:
    >>> import cevns
    >>> study = cevns.load("coherent-csi-2021")
    >>> study.name
    'coherent-csi-2021'
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cevns.records import VERSION, draw_with

if TYPE_CHECKING:
    from cevns.experiments.declaration.loader import catalogue
    from cevns.nuclear.couplings import couplings
    from cevns.nuclear.form_factors import form_factor
    from cevns.nuclear.materials import material
    from cevns.nuclear.nuclides import nuclide
    from cevns.rates import flux_averaged_cross_section, recoil_spectrum
    from cevns.study import Study, load
    from cevns.study.cited_work import cite

__version__ = VERSION

_LAZY = {
    "Study": "cevns.study",
    "catalogue": "cevns.experiments",
    "cite": "cevns.study.cited_work",
    "couplings": "cevns.nuclear.couplings",
    "flux_averaged_cross_section": "cevns.rates",
    "form_factor": "cevns.nuclear.form_factors",
    "load": "cevns.study",
    "material": "cevns.nuclear.materials",
    "nuclide": "cevns.nuclear.nuclides",
    "recoil_spectrum": "cevns.rates",
}
__all__ = [
    "Study",
    "__version__",
    "catalogue",
    "cite",
    "couplings",
    "flux_averaged_cross_section",
    "form_factor",
    "load",
    "material",
    "nuclide",
    "recoil_spectrum",
]

_SENSITIVITY = "cevns.report.gallery_parts.sensitivity_figures"
draw_with(
    {
        "measurement": "cevns.report.projection_figure",
        "combination": "cevns.report.global_fit.set_figures.sets_figure",
        "fog": "cevns.report.fog_figures.fog_figure",
        "relic": "cevns.report.gallery_parts.relic_figure.relic_figure",
        "sensitivity": f"{_SENSITIVITY}.sensitivity_figure",
        "sensitivity-matrix": f"{_SENSITIVITY}.matrix_figure",
        "directions": "cevns.report.direction_figures.directions_figure",
        "directions-map": "cevns.report.direction_figures.map_figure",
    }
)


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    message = f"module 'cevns' has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted(__all__)
