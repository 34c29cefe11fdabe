"""A likelihood as HistFactory and HS3 can write it: histograms and what parameters do to them.

With the nominal contents h of a sample, the expected counts of a channel are

    mu_b = sum_samples [h_b + sum_k I(alpha_k; high_kb - h_b, low_kb - h_b)] prod_j f_j prod gamma_b

where I is interpolation code 4p, the function of `cevns.morphing`, and the factors f are parameters
themselves (normfactor, lumi) or powers of a pull, of code 4 or code 1 (normsys). The factors gamma
of single bins are free (shapefactor) or have a constraint of their own: Gaussian (staterror) or
that of an auxiliary count (shapesys). K. Cranmer et al., CERN-OPEN-2012-016; the codes are those of
pyhf (L. Heinrich et al., J. Open Source Softw. 6 (2021) 2823).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, get_args

from cevns.parameters import Parameters
from cevns.typing import Array

__all__ = [
    "CODES",
    "FACTOR_CODES",
    "LUMI",
    "MU",
    "AuxiliaryCount",
    "BinFactors",
    "FactorCode",
    "HistoSys",
    "HistogramChannel",
    "HistogramModel",
    "Modifier",
    "NormFactor",
    "NormSys",
    "Sample",
]

FactorCode = Literal["code4", "code1"]
CODES: Final[Mapping[str, str]] = {"normsys": "code4", "histosys": "code4p"}
"""Interpolation codes of what is written, which its readers take by default."""
MU: Final = "mu"
"""The parameter of interest of a file: 1 is the prediction."""
LUMI: Final = "lumi"
"""The one factor with a Gaussian constraint that HistFactory has."""
FACTOR_CODES: Final[tuple[str, ...]] = get_args(FactorCode)


@dataclass(frozen=True)
class NormFactor:
    """A parameter multiplies the sample.

    Args:
        parameter: its name; with a Gaussian constraint it is what HistFactory calls lumi.
    """

    parameter: str


@dataclass(frozen=True)
class NormSys:
    """A pull multiplies the sample.

    Args:
        parameter: the pull.
        high: factor at +1.
        low: factor at -1.
        code: what lies between and beyond.
    """

    parameter: str
    high: float
    low: float
    code: FactorCode = "code4"


@dataclass(frozen=True, eq=False)
class HistoSys:
    """A pull changes the contents of the sample, by code 4p.

    Args:
        parameter: the pull.
        high: contents at +1, ``(n_bins,)``.
        low: contents at -1.
    """

    parameter: str
    high: Array
    low: Array


@dataclass(frozen=True)
class BinFactors:
    """Each bin has a factor of its own.

    Args:
        parameters: one a bin.
    """

    parameters: tuple[str, ...]


Modifier = NormFactor | NormSys | HistoSys | BinFactors


@dataclass(frozen=True, eq=False)
class Sample:
    """Expected counts of one component.

    Args:
        name: of the component.
        nominal: contents, ``(n_bins,)``.
        modifiers: what parameters do to them.
    """

    name: str
    nominal: Array
    modifiers: tuple[Modifier, ...]


@dataclass(frozen=True, eq=False)
class HistogramChannel:
    """Counts, and the samples that make them.

    Args:
        name: of the channel.
        observed: counts, ``(n_bins,)``.
        samples: what is expected.
    """

    name: str
    observed: Array
    samples: tuple[Sample, ...]


@dataclass(frozen=True)
class AuxiliaryCount:
    """The Poisson constraint of a factor: ``tau`` events, and ``tau gamma`` expected.

    Args:
        parameter: the factor gamma.
        tau: number of events, not necessarily whole.
    """

    parameter: str
    tau: float


@dataclass(frozen=True, eq=False)
class HistogramModel:
    """Channels of histograms over one set of parameters.

    Args:
        name: what it is of.
        channels: at least one.
        parameters: all, with bounds and Gaussian constraints.
        poi: the parameter of interest; empty where there is none.
        auxiliary: Poisson constraints.
    """

    name: str
    channels: tuple[HistogramChannel, ...]
    parameters: Parameters
    poi: str = ""
    auxiliary: tuple[AuxiliaryCount, ...] = ()

    @property
    def n_bins(self) -> int:
        """Bins of all channels."""
        return sum(c.observed.size for c in self.channels)
