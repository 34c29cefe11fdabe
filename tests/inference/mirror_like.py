"""A likelihood with four minima: couplings of two flavours that enter squared, like NSI.

Templates of COHERENT's CsI measurement (`csi_like`) with their variations, each flavour scaled by

    (1 - 2 x)^2 for electron, (1 - 2 y)^2 for prompt muon, (1 - 2 (1 + tilt) y)^2 for the others,

so that x = 0, y = 0 (the truth) have mirrors near 1. The tilt, another nuclide in the real thing,
makes the mirror of y a little deeper or shallower than the truth; that of x is exact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
from csi_like import SHAPES, csi_like
from own_functions import FunctionFactor

from cevns.experiments.counts_model import exact_signal
from cevns.inference import Component, Model
from cevns.inference.model.shapes import Morph
from cevns.parameters import Parameter, Parameters

COUPLING = {"nu_e": "eps_e", "nu_mu": "eps_mu", "nubar_mu": "eps_mu"}
PULLS = {"qf.0": "qf.csi.0", "qf.1": "qf.csi.1", "efficiency": "efficiency", "t0": "t0"}


def _square(strength, values):
    return (1 - strength * values[0]) ** 2


def _slope(strength, values):
    return np.stack([-2 * strength * (1 - strength * values[0])])


def _morphs(model):
    """Templates of each flavour with the variations of the shape."""
    signal = exact_signal(model.channels)
    units = {
        n: (p.constraint.mean, p.constraint.sigma) for n in SHAPES for p in [model.parameters[n]]
    }

    def at(**pulls):
        values = {PULLS[n]: np.array(m + pulls.get(n, 0.0) * s) for n, (m, s) in units.items()}
        return {f: counts.ravel() for f, counts in signal.per_flavour(values).items()}

    nominal = at()
    ends = {n: (at(**{n: 1.0}), at(**{n: -1.0})) for n in SHAPES}
    return {
        f: Morph(
            nominal[f],
            {n: 0.5 * (up[f] - down[f]) for n, (up, down) in ends.items()},
            {n: 0.5 * (up[f] + down[f]) - nominal[f] for n, (up, down) in ends.items()},
            units,
        )
        for f in nominal
    }


@cache
def mirror(tilt=0.02):
    """The model with nine nuisances, and one fluctuated data set at the nominal point."""
    base = csi_like("cross-section")
    (channel,) = base.channels
    signal = []
    for flavour, morph in _morphs(base).items():
        name = COUPLING[flavour]
        k = 2 * (1 + tilt * (flavour == "nubar_mu"))
        square = FunctionFactor((name,), partial(_square, k), partial(_slope, k))
        signal.append(Component(flavour, morph, ("flux", "form_factor", square)))
    backgrounds = channel.components[1:]
    couplings = [
        Parameter(name, 0.0, lower=-3, upper=4, typical=0.1, role="poi")
        for name in ("eps_e", "eps_mu")
    ]
    parameters = Parameters([*base.parameters[1:], *couplings])
    mirrored = replace(channel, components=(*signal, *backgrounds), rename={}, units={})
    model = Model("mirror-like", parameters, (mirrored,))
    mu = model.expected(parameters.values)
    return model.with_observed(np.random.default_rng(11).poisson(mu))
