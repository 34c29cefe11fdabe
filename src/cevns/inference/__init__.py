"""Statistics of one kind of model: likelihood, fit, intervals, toys. It knows no neutrinos."""

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
from cevns.inference.model.channel import Channel, Component
from cevns.inference.model.data import Data, asimov, observed
from cevns.inference.model.expectation import Model, function_model

__all__ = [
    "Channel",
    "Component",
    "Data",
    "FitResult",
    "FittedParameter",
    "Interval",
    "Likelihood",
    "Model",
    "ProfileCurve",
    "asimov",
    "fit",
    "function_model",
    "interval",
    "observed",
    "profile",
    "significance",
]
