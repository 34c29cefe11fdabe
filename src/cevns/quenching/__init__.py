"""Quenching factors as measurements: from published points to the curve of a detector.

- `points`, `places`: data sets with their errors, carried or the user's own (`load_points`).
- `fit`: a curve through them, with a choice of what to do about sets that disagree.
- `variations`: the covariance as independent directions, as an experiment takes them.
- `references`: published curves to compare with.
- `photomultiplier`: the estimate of its linearity.

    >>> from cevns import quenching
    >>> argon = quenching.fit("ar").quenching()
    >>> argon.variation_names
    ('qf.ar.0', 'qf.ar.1')
"""

from cevns.quenching.curve_fit import OUTLIERS, TENSION, QuenchingFit, chi2_of, fit, select
from cevns.quenching.point_files import load_points, materials
from cevns.quenching.points import RECOIL_ERRORS, DataSet, read_folder, read_set
from cevns.quenching.references import references

__all__ = [
    "OUTLIERS",
    "RECOIL_ERRORS",
    "TENSION",
    "DataSet",
    "QuenchingFit",
    "chi2_of",
    "fit",
    "load_points",
    "materials",
    "read_folder",
    "read_set",
    "references",
    "select",
]
