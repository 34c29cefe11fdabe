"""cevns: coherent elastic neutrino-nucleus scattering, from the source to the significance.

The names below are imported when first used, so that the command line starts fast.

Examples:
    >>> import cevns
    >>> study = cevns.load("coherent-csi-2021")
    >>> study.name
    'coherent-csi-2021'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.records import VERSION, draw_with
from cevns.registry import lazy

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
_RECORDS = "cevns.report.record_figures"
draw_with(
    {
        "ax": "cevns.report.drawing.style.in_place_of",
        "BurstCounts": "cevns.report.gallery_parts.burst_figures.burst_figure",
        "CevnsLimit": f"{_RECORDS}.number_figures.cevns_limit_figure",
        "ChannelResult": "cevns.report.projections.projection_figure",
        "CombinedFit": "cevns.report.global_fit.set_figures.sets_figure",
        "Comparison": "cevns.report.change_figures.change_figure",
        "DirectionsRecord": "cevns.report.direction_figures.directions_figure",
        "ExperimentResult": f"{_RECORDS}.fit_figures.experiment_figure",
        "ExpectedCounts": f"{_RECORDS}.number_figures.counts_figure",
        "FieldScan": "cevns.report.scan_figures.field_figure.field_figure",
        "FitResult": f"{_RECORDS}.fit_figures.pulls_or_values",
        "Flux": f"{_RECORDS}.fit_figures.flux_of",
        "Measurement": f"{_RECORDS}.fit_figures.measurement_figure",
        "NeutrinoFog": "cevns.report.fog_figures.fog_figure",
        "Profile": f"{_RECORDS}.fit_figures.profile_of",
        "ProfileCurve": "cevns.report.profile_figures.profile_figure",
        "QuenchingFit": "cevns.report.quenching_figures.factor_figure",
        "Rate": f"{_RECORDS}.fit_figures.rate_of",
        "Relic": "cevns.report.gallery_parts.relic_figure.relic_figure",
        "Result": f"{_RECORDS}.table_figure.table_figure",
        "Row": f"{_RECORDS}.number_figures.row_figure",
        "Scan": "cevns.report.scan_figures.scan_figure.scan_figure",
        "Sensitivity": f"{_SENSITIVITY}.sensitivity_figure",
        "SensitivityMatrix": f"{_SENSITIVITY}.matrix_figure",
        "StrengthLimit": f"{_RECORDS}.number_figures.strength_limit_figure",
        "Systematics": f"{_RECORDS}.systematics_figure.systematics_figure",
        "ToyResult": f"{_RECORDS}.toy_figures.toy_figure",
        "ToyStudy": f"{_RECORDS}.toy_figures.study_figure",
        "explore": "cevns.app.widget.explore",
        "map of DirectionsRecord": "cevns.report.direction_figures.map_figure",
    }
)


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    return lazy(__name__, _LAZY, name)


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted(__all__)
