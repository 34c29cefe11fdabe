"""A synthetic stand-in for a stopped-pion CsI measurement: 9 energy x 11 time bins.

Simple closed-form shapes with the counts, constraints and kinds of nuisance of the real one, so
that the statistics can be tested without physics. `expected` is the exact path (nothing is
interpolated); it batches over leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from cevns.inference.model.low_rank import TemplateModel
from cevns.inference.model.template_builder import GroupSpec
from cevns.parameters import Gaussian, Parameter, Parameters

PE = np.array([0.0, 8, 12, 16, 20, 24, 32, 40, 50, 60])
TIME = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])
N_BINS = 99


def _normalised(x):
    return x / x.sum()


def _box(a, b):
    return _normalised(np.outer(a, b).ravel())


_WIDTH_PE, _WIDTH_T = np.diff(PE), np.diff(TIME)
_MID_PE, _MID_T = 0.5 * (PE[1:] + PE[:-1]), 0.5 * (TIME[1:] + TIME[:-1])
SSB = _box(_WIDTH_PE * (0.4 + np.exp(-_MID_PE / 12)), _WIDTH_T * np.exp(-0.05 * _MID_T))
BRN = _box(_WIDTH_PE * np.exp(-_MID_PE / 30), _WIDTH_T * np.exp(-0.5 * ((_MID_T - 0.7) / 0.3) ** 2))
NIN = _box(_WIDTH_PE * np.exp(-_MID_PE / 25), _WIDTH_T * np.exp(-_MID_T / 1.5))
COUNTS = {"prompt": 75.0, "nu_e": 110.0, "nubar_mu": 126.0}

COUNT = Parameters(
    [
        Parameter("cevns", 311.0, role="poi", lower=0.0, upper=5000.0),
        Parameter("ssb", 1286.0, constraint=Gaussian(1286, 27), lower=0, role="normalisation"),
        Parameter("brn", 18.4, constraint=Gaussian(18.4, 4.6), lower=0, role="normalisation"),
        Parameter("nin", 5.6, constraint=Gaussian(5.6, 2.0), lower=0, role="normalisation"),
        Parameter("qf.0", 0.0, constraint=Gaussian(0, 1), lower=-5, upper=5),
        Parameter("qf.1", 0.0, constraint=Gaussian(0, 1), lower=-5, upper=5),
        Parameter("efficiency", 0.0, constraint=Gaussian(0, 1), lower=-5, upper=5),
        Parameter("t0", 0.474, constraint=Gaussian(0.474, 0.025), unit="us", lower=0.3, upper=0.7),
    ]
)
CROSS_SECTION = Parameters(
    [
        Parameter("scale", 1.0, role="poi", lower=0.0, upper=10.0),
        *COUNT[1:],
        Parameter("flux", 1.0, constraint=Gaussian(1, 0.10), lower=0.3),
        Parameter("form_factor", 1.0, constraint=Gaussian(1, 0.034), lower=0.5),
    ]
)


@dataclass(frozen=True, eq=False)
class CsILike:
    """`count` fit (the signal shape normalised to one) or `cross-section` fit."""

    question: str = "count"
    observed: np.ndarray = field(default_factory=lambda: np.zeros(N_BINS))
    name: str = "csi-like"

    @property
    def parameters(self):
        return COUNT if self.question == "count" else CROSS_SECTION

    def _signal(self, get):
        """Three flavours, each (..., 9, 11), at the parameter values `get(name)`."""
        q0, q1, eff, t0 = (get(n)[..., None] for n in ("qf.0", "qf.1", "efficiency", "t0"))
        # quenching stretches the energy axis, non-linearly for the second variation
        edges = PE / ((1 + 0.045 * q0) * (1 + 0.012 * q1 * (1 + PE / 20) / 2))
        spectra = []
        for slope in (8.0, 11.0, 14.0):
            cumulative = 1 - np.exp(-edges / slope) * (1 + edges / slope)
            spectra.append(cumulative[..., 1:] - cumulative[..., :-1])
        # the efficiency is a sigmoid; its variation moves the threshold
        efficiency = 1 / (1 + np.exp(-0.28 * (_MID_PE - 10.9 + 1.0 * eff)))

        # arrival: a logistic pulse at t0, prompt or delayed by the muon life time
        def prompt(t):
            return 1 / (1 + np.exp(-(t - t0) / 0.09))

        def delayed(t):
            return 1 - np.exp(-np.log1p(np.exp((t - t0) / 0.09)) * 0.09 / 2.197)

        early = prompt(TIME[1:]) - prompt(TIME[:-1])
        late = delayed(TIME[1:]) - delayed(TIME[:-1])
        out = {}
        for name, spectrum, arrival in zip(COUNTS, spectra, (early, late, late), strict=True):
            energy = spectrum * efficiency
            out[name] = COUNTS[name] * 1.55 * energy[..., :, None] * arrival[..., None, :]
        return out

    def _components(self, theta):
        names = self.parameters.names
        get = lambda n: theta[..., names.index(n)]  # noqa: E731
        flavours = self._signal(get)
        flat = {k: v.reshape(*v.shape[:-2], N_BINS) for k, v in flavours.items()}
        if self.question == "count":
            total = sum(v.sum(axis=-1) for v in flat.values())
            strength = get("cevns") / total
        else:
            strength = get("scale") * get("flux") * get("form_factor")
        out = {k: strength[..., None] * v for k, v in flat.items()}
        for name, shape in (("ssb", SSB), ("brn", BRN), ("nin", NIN)):
            out[name] = get(name)[..., None] * shape
        return out

    def expected(self, theta):
        return sum(self._components(np.asarray(theta)).values())

    def components(self, theta):
        return self._components(np.asarray(theta, dtype=float))


def with_data(question="count", seed=7):
    """The model with one fluctuated data set at its nominal point."""
    model = CsILike(question)
    mu = model.expected(model.parameters.values)
    counts = np.random.default_rng(seed).poisson(mu).astype(float)
    return CsILike(question, counts)


SHAPES = ("qf.0", "qf.1", "efficiency", "t0")


def specs(question):
    factors = ("cevns",) if question == "count" else ("scale", "flux", "form_factor")
    signal = GroupSpec("cevns", factors, tuple(COUNTS), normalised=question == "count")
    return (signal, *(GroupSpec(b, (b,), nuisances=()) for b in ("ssb", "brn", "nin")))


@cache
def template(question="count", data=False):
    """The exact model and its templates."""
    exact = with_data(question) if data else CsILike(question)
    return exact, TemplateModel.from_model(exact, specs(question), SHAPES)
