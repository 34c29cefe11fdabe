"""What one asks of experiments: fits, profiles, toys, systematics, rates, scans, comparisons.

The names below are imported when first used, so that reading a scan starts fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.registry import lazy

if TYPE_CHECKING:
    from cevns.analysis.alternatives import Alternatives
    from cevns.analysis.changes import Comparison, compare
    from cevns.analysis.count_limit import CevnsLimit, cevns_limit
    from cevns.analysis.coupling_families import CouplingFamily
    from cevns.analysis.expected.fluxes import Flux, fluxes
    from cevns.analysis.expected.recoil_rate import Rate, channel_counts, expected_counts, rates
    from cevns.analysis.measurement import Measurement
    from cevns.analysis.measuring import measure
    from cevns.analysis.profiling import Profile, profile_experiments
    from cevns.analysis.question import Request, ask
    from cevns.analysis.scanning.field_record import FieldScan
    from cevns.analysis.scanning.field_scan import scan_field
    from cevns.analysis.scanning.scan_plan import ScanPlan, scan_plan
    from cevns.analysis.scanning.scan_record import Scan
    from cevns.analysis.scanning.scan_task import scan
    from cevns.analysis.sensitivity.projecting import sensitivity_of
    from cevns.analysis.sensitivity.sensitivity_record import Sensitivity
    from cevns.analysis.studies.combined_fit import CombinedFit, combined_fit
    from cevns.analysis.studies.strength_limit import StrengthLimit, strength_limit
    from cevns.analysis.systematics import Systematics, systematic_effects
    from cevns.analysis.toy_study import ToyStudy, study_toys

_LAZY = {
    "Alternatives": "cevns.analysis.alternatives",
    "CevnsLimit": "cevns.analysis.count_limit",
    "CombinedFit": "cevns.analysis.studies.combined_fit",
    "Comparison": "cevns.analysis.changes",
    "CouplingFamily": "cevns.analysis.coupling_families",
    "FieldScan": "cevns.analysis.scanning.field_record",
    "Flux": "cevns.analysis.expected.fluxes",
    "Measurement": "cevns.analysis.measurement",
    "Profile": "cevns.analysis.profiling",
    "Request": "cevns.analysis.question",
    "Rate": "cevns.analysis.expected.recoil_rate",
    "Scan": "cevns.analysis.scanning.scan_record",
    "ScanPlan": "cevns.analysis.scanning.scan_plan",
    "Sensitivity": "cevns.analysis.sensitivity.sensitivity_record",
    "StrengthLimit": "cevns.analysis.studies.strength_limit",
    "Systematics": "cevns.analysis.systematics",
    "ToyStudy": "cevns.analysis.toy_study",
    "ask": "cevns.analysis.question",
    "cevns_limit": "cevns.analysis.count_limit",
    "channel_counts": "cevns.analysis.expected.recoil_rate",
    "combined_fit": "cevns.analysis.studies.combined_fit",
    "compare": "cevns.analysis.changes",
    "expected_counts": "cevns.analysis.expected.recoil_rate",
    "fluxes": "cevns.analysis.expected.fluxes",
    "measure": "cevns.analysis.measuring",
    "profile_experiments": "cevns.analysis.profiling",
    "rates": "cevns.analysis.expected.recoil_rate",
    "scan": "cevns.analysis.scanning.scan_task",
    "scan_field": "cevns.analysis.scanning.field_scan",
    "scan_plan": "cevns.analysis.scanning.scan_plan",
    "sensitivity_of": "cevns.analysis.sensitivity.projecting",
    "strength_limit": "cevns.analysis.studies.strength_limit",
    "study_toys": "cevns.analysis.toy_study",
    "systematic_effects": "cevns.analysis.systematics",
}
__all__ = [
    "Alternatives",
    "CevnsLimit",
    "CombinedFit",
    "Comparison",
    "CouplingFamily",
    "FieldScan",
    "Flux",
    "Measurement",
    "Profile",
    "Rate",
    "Request",
    "Scan",
    "ScanPlan",
    "Sensitivity",
    "StrengthLimit",
    "Systematics",
    "ToyStudy",
    "ask",
    "cevns_limit",
    "channel_counts",
    "combined_fit",
    "compare",
    "expected_counts",
    "fluxes",
    "measure",
    "profile_experiments",
    "rates",
    "scan",
    "scan_field",
    "scan_plan",
    "sensitivity_of",
    "strength_limit",
    "study_toys",
    "systematic_effects",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    return lazy(__name__, _LAZY, name)
