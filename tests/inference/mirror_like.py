"""A likelihood with four minima: couplings of two flavours that enter squared, like NSI.

The stopped-pion stand-in of `csi_like`, its flavours scaled by

    (1 - 2 x)^2 for electron, (1 - 2 y)^2 for prompt muon, (1 - 2 (1 + tilt) y)^2 for the others,

so that x = 0, y = 0 (the truth) have mirrors near 1. The tilt, another nuclide in the real thing,
makes the mirror of y a little deeper or shallower than the truth; that of x is exact.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
from csi_like import SHAPES, CsILike

from cevns.inference.model.low_rank import Function, TemplateModel
from cevns.inference.model.template_builder import GroupSpec
from cevns.parameters import Parameter, Parameters

FACTORS = ("scale", "flux", "form_factor")
COUPLING = {"nu_e": "eps_e", "prompt": "eps_mu", "nubar_mu": "eps_mu"}


def _square(strength, values):
    return (1 - strength * values[0]) ** 2


def _slope(strength, values):
    return np.stack([-2 * strength * (1 - strength * values[0])])


@cache
def mirror(tilt=0.02):
    """The model with nine nuisances, and one fluctuated data set at the nominal point."""
    exact = CsILike("cross-section")
    specs = [GroupSpec(k, FACTORS, (k,)) for k in COUPLING]
    specs += [GroupSpec(b, (b,), nuisances=()) for b in ("ssb", "brn", "nin")]
    base = TemplateModel.from_model(exact, tuple(specs), SHAPES)
    groups = []
    for g in base.groups:
        if g.name in COUPLING:
            k = 2 * (1 + tilt * (g.name == "nubar_mu"))
            function = Function((COUPLING[g.name],), partial(_square, k), partial(_slope, k))
            groups.append(replace(g, function=function))
        else:
            groups.append(g)
    couplings = [
        Parameter(name, 0.0, lower=-3, upper=4, typical=0.1, role="poi")
        for name in ("eps_e", "eps_mu")
    ]
    parameters = Parameters([*base.parameters.fix({"scale": 1.0}), *couplings])
    model = replace(base, parameters=parameters, groups=tuple(groups), name="mirror-like")
    mu = model.expected(parameters.values)
    return model.with_observed(np.random.default_rng(11).poisson(mu).astype(float))
