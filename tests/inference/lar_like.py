"""A synthetic stand-in for a liquid-argon measurement: 12 energy x 8 pulse-shape x 10 time bins.

Closed-form shapes with the counts, constraints and kinds of shape variation of the real one: the
size that joint fits and toys must cope with.
"""

from __future__ import annotations

import numpy as np

from cevns.inference import Channel, Component, Model
from cevns.inference.model.shapes import Morph, fixed
from cevns.parameters import Gaussian, Parameter, Parameters

ENERGY = np.linspace(5.0, 115.0, 12)
F90 = np.linspace(0.525, 0.875, 8)
TIME = np.linspace(0.15, 4.65, 10)
N_BINS = 960
CROSS_SECTION = 18.0
NUISANCES = ("cevns_f90", "cevns_time", "brn_energy", "brn_time", "brn_width")


def _box(energy, f90, time):
    shape = energy[:, None, None] * f90[:, None] * time
    return (shape / shape.sum()).ravel()


def _bump(x, mean, width):
    return np.exp(-0.5 * ((x - mean) / width) ** 2)


def _cevns(f90=0.0, time=0.0):
    early = _bump(TIME, 0.5 + 0.2 * time, 0.4) + 0.5 * np.exp(-TIME / 2.2)
    return _box(np.exp(-ENERGY / 14), _bump(F90, 0.72 + 0.02 * f90, 0.09), early)


def _brn(energy=0.0, time=0.0, width=0.0):
    arrival = _bump(TIME, 0.7 + 0.05 * time, 0.35 * (1 + 0.1 * width))
    return _box(np.exp(-ENERGY / (60 + 6 * energy)) + 0.1, _bump(F90, 0.76, 0.07), arrival)


DELAYED = _box(np.exp(-ENERGY / 50), _bump(F90, 0.76, 0.07), np.exp(-TIME / 1.5))
STEADY = _box(np.exp(-ENERGY / 40) + 0.3, _bump(F90, 0.55, 0.12), np.ones(10))


def _morph(shape, scale=1.0, **names):
    """A shape and its variations along pulls, by the name of the shape's argument."""
    nominal = shape()
    up, down = ({n: shape(**{a: x}) for a, n in names.items()} for x in (1.0, -1.0))
    return Morph(
        scale * nominal,
        {n: scale * 0.5 * (up[n] - down[n]) for n in up},
        {n: scale * (0.5 * (up[n] + down[n]) - nominal) for n in up},
        dict.fromkeys(up, (0.0, 1.0)),
    )


FLUX = Gaussian(1.0, 0.10)


def lar_like(flux=FLUX, question="cross-section", unit=""):
    """The model, with its expected counts as data; `flux` is the constraint of ``sns.flux``."""
    poi = "cross_section" if question == "cross-section" else "cevns"
    value = CROSS_SECTION if question == "cross-section" else 128.0
    pulls = [Parameter(n, 0.0, constraint=Gaussian(0, 1), lower=-5, upper=5) for n in NUISANCES]
    shared = [Parameter("sns.flux", 1.0, unit=unit, constraint=flux, shared=True, lower=0.0)]
    parameters = Parameters(
        [
            Parameter(poi, value, role="poi", lower=0.0),
            Parameter("brn", 497.0, constraint=Gaussian(497, 160), lower=0, role="normalisation"),
            Parameter("delayed", 33.0, constraint=Gaussian(33, 33), lower=0, role="normalisation"),
            Parameter("ss", 3152.0, constraint=Gaussian(3152, 25), lower=0, role="normalisation"),
            *(shared if question == "cross-section" else []),
            *pulls,
        ]
    )
    factors = ("cross_section", "sns.flux") if question == "cross-section" else ("cevns",)
    scale = 128.0 / value
    cevns = _morph(_cevns, scale, f90="cevns_f90", time="cevns_time")
    brn = _morph(_brn, energy="brn_energy", time="brn_time", width="brn_width")
    channel = Channel(
        "lar",
        np.zeros(N_BINS),
        (
            Component("cevns", cevns, factors),
            Component("brn", brn, ("brn",)),
            Component("delayed", fixed(DELAYED), ("delayed",)),
            Component("ss", fixed(STEADY), ("ss",)),
        ),
        floor=0.5 * 3152.0 * STEADY,
        shape=(12, 8, 10),
        axes=("energy", "f90", "time"),
    )
    model = Model("lar-like", parameters, (channel,))
    return model.with_observed(model.expected(parameters.values))
