"""Likelihoods in files that others read, with a statement of what is lost, and read back.

The names below are imported when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.registry import lazy

if TYPE_CHECKING:
    from cevns.likelihood_files.exporting import Export, export, inspect
    from cevns.likelihood_files.file_format import Inspection
    from cevns.likelihood_files.imported import ImportedFit, ImportedLikelihood, read_likelihood

_LAZY = {
    "Export": "cevns.likelihood_files.exporting",
    "ImportedFit": "cevns.likelihood_files.imported",
    "ImportedLikelihood": "cevns.likelihood_files.imported",
    "Inspection": "cevns.likelihood_files.file_format",
    "export": "cevns.likelihood_files.exporting",
    "inspect": "cevns.likelihood_files.exporting",
    "read_likelihood": "cevns.likelihood_files.imported",
}
__all__ = [
    "Export",
    "ImportedFit",
    "ImportedLikelihood",
    "Inspection",
    "export",
    "inspect",
    "read_likelihood",
]


def __getattr__(name: str) -> Any:
    """Import a public name on first use (PEP 562)."""
    return lazy(__name__, _LAZY, name)
