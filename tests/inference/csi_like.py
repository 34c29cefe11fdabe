"""COHERENT's CsI measurement for tests of statistics: 9 energy x 11 time bins.

The model itself and its tabulated form, with short names, a scale in place of the cross section,
finite bounds (for flat priors) and counts that were drawn at the nominal point.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from cevns.experiments import load
from cevns.experiments.fast_form import fast_form
from cevns.inference import Model
from cevns.parameters import Parameters

N_BINS = 99
SHAPES = ("qf.0", "qf.1", "efficiency", "t0")
NAMES = {"cross_section": "scale", "sns.flux": "flux", "qf.csi.0": "qf.0", "qf.csi.1": "qf.1"}


@cache
def csi_like(question="count"):
    """`count` fit (the signal shape normalised to one) or `cross-section` fit."""
    model = load("coherent-csi-2021").model(question)
    (channel,) = model.channels
    old = list(model.parameters)
    units = {p.name: p.value for p in old if p.name == "cross_section"}
    parameters = []
    for p in old:
        upper = {"cevns": 5000.0, "cross_section": 10.0}.get(p.name, p.upper)
        value = p.value / units.get(p.name, 1.0)
        name = NAMES.get(p.name, p.name)
        parameters.append(replace(p, name=name, value=value, upper=upper, shared=False))
    known = [p.name for p in old]
    rename = {own: name for own, name in NAMES.items() if own in known}
    channel = replace(channel, rename=rename, units=units)
    exact = Model("csi-like", Parameters(parameters), (channel,))
    return exact.with_observed(exact.expected(exact.parameters.values))


def with_data(question="count", seed=7):
    """The exact model with one fluctuated data set at its nominal point."""
    model = csi_like(question)
    return model.with_observed(np.random.default_rng(seed).poisson(model.observed))


@cache
def template(question="count", data=False):
    """The exact model and its tabulated form."""
    exact = with_data(question) if data else csi_like(question)
    return exact, fast_form(exact)[0]
