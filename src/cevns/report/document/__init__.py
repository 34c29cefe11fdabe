"""Reports: one HTML file that can be mailed, printed and kept, with its numbers as JSON inside.

Examples:
    >>> import cevns
    >>> from cevns.report import document
    >>> found = document.fitted(cevns.load("coherent-csi-2021"), poi="cross-section")
    >>> page = document.compose(found)
    >>> len(page.html) < 1_000_000, round(page.record["poi"]["value"] * 1e40)
    (True, 171)
"""

from cevns.report.document.study_fit import StudyFit, fitted
from cevns.report.document.written_page import Page, Reported, compose, extract, prepared

__all__ = ["Page", "Reported", "StudyFit", "compose", "extract", "fitted", "prepared"]
