"""Statistics on a protocol: likelihood, fit, intervals, toys. It knows nothing of neutrinos."""

from cevns.inference.data import Data, asimov, observed
from cevns.inference.fit import fit
from cevns.inference.intervals import Interval, ProfileCurve, interval, profile, significance
from cevns.inference.likelihood import Likelihood
from cevns.inference.model import LinearisedModel, Model, linearise
from cevns.inference.results import FitResult, FittedParameter

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
