"""Statistics on a protocol: likelihood, fit, intervals, toys. It knows nothing of neutrinos."""

from cevns.inference.fitting.fit_result import FitResult, FittedParameter
from cevns.inference.fitting.intervals import (
    Interval,
    ProfileCurve,
    interval,
    profile,
    significance,
)
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.minimum.likelihood import Likelihood
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.expectation import LinearisedModel, Model, linearise

__all__ = [
    "Data",
    "FitResult",
    "FittedParameter",
    "Interval",
    "Likelihood",
    "LinearisedModel",
    "Model",
    "ProfileCurve",
    "asimov",
    "fit",
    "interval",
    "linearise",
    "observed",
    "profile",
    "significance",
]
