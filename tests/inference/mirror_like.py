"""A likelihood with four minima: couplings of two flavours that enter squared, like NSI.

The stopped-pion stand-in of `csi_like` with its electron and muon flavours scaled by

    q(x) = (1 - 2 x)^2 + tilt x,

so that x = 0 (the truth) has a mirror near x = 1 that a small tilt, another nuclide in the real
thing, makes a little deeper or shallower.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial

import numpy as np
from csi_like import CsILike, SHAPES
from cevns.inference.template_builder import GroupSpec
from cevns.inference.templates import Function, TemplateModel
from cevns.parameters import Parameter, Parameters

FACTORS = ("scale", "flux", "form_factor")
FLAVOURS = {"e": ("nu_e",), "mu": ("prompt", "nubar_mu")}


def _quadratic(tilt, values, xp):
    x = values[0]
    return (1 - 2 * x) ** 2 + tilt * x


def _slope(tilt, values, xp):
    x = values[0]
    return xp.stack([-4 * (1 - 2 * x) + tilt])


@cache
def mirror(tilt=0.02):
    """The model with nine nuisances, and one fluctuated data set at the nominal point."""
    exact = CsILike("cross-section")
    specs = [GroupSpec(k, FACTORS, v) for k, v in FLAVOURS.items()]
    specs += [GroupSpec(b, (b,), nuisances=()) for b in ("ssb", "brn", "nin")]
    base = TemplateModel.from_model(exact, tuple(specs), SHAPES)
    groups = tuple(
        replace(
            g,
            function=Function(
                (f"eps_{g.name}",), partial(_quadratic, tilt), partial(_slope, tilt)
            ),
        )
        if g.name in FLAVOURS
        else g
        for g in base.groups
    )
    couplings = [
        Parameter(f"eps_{k}", 0.0, lower=-3, upper=4, typical=0.1, role="poi") for k in FLAVOURS
    ]
    parameters = Parameters([*base.parameters.fix({"scale": 1.0}), *couplings])
    model = replace(base, parameters=parameters, groups=groups, name="mirror-like")
    mu = model.expected(parameters.values)
    return model.with_observed(np.random.default_rng(11).poisson(mu).astype(float))
