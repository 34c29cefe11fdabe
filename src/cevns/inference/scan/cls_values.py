"""CLs from its statistic: by the asymptotic formulas, or by counting toys.

With the tail probabilities under signal and background and under background alone,

    CL_s = p_{s+b} / CL_b,    p_{s+b} = P(q >= q_obs | mu),    CL_b = P(q >= q_obs | null).

Without toys they are those of Cowan, Cranmer, Gross, Vitells, arXiv:1007.1727, section 3.6, by
q_A of the Asimov data of the null hypothesis:

    q <= q_A:  p_{s+b} = Phi(-sqrt q),                       CL_b = Phi(sqrt q_A - sqrt q)
    q >  q_A:  p_{s+b} = Phi(-(q + q_A)/(2 sqrt q_A)),       CL_b = Phi((q_A - q)/(2 sqrt q_A))
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cevns.inference.scan.toy_scan import collect, count_failed
from cevns.inference.toys.toy_job import TIE
from cevns.inference.toys.weighted_toys import WeightedToys
from cevns.inference.work.checkpoint import Block, BlockKey
from cevns.typing import Array

__all__ = ["SIGMAS", "assemble", "asymptotic"]

SIGMAS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Fluctuations of the bands, in standard deviations; zero is the median."""


def asymptotic(q: Array, q_asimov: Array) -> tuple[Array, Array]:
    """p_{s+b} and CL_b of q-tilde, arXiv:1007.1727 eqs 59-66.

    Examples:
        >>> p, b = asymptotic(np.array([2.7055]), np.array([2.7055]))
        >>> round(float(p[0]), 4), float(b[0])
        (0.05, 0.5)
    """
    from scipy.special import ndtr

    root, root_a = np.sqrt(q), np.sqrt(q_asimov)
    wide = q > q_asimov
    half = 2.0 * np.where(wide, np.maximum(root_a, 1e-150), 1.0)
    p_signal = np.where(wide, ndtr(-(q + q_asimov) / half), ndtr(-root))
    p_null = np.where(wide, ndtr(-(q - q_asimov) / half), ndtr(root_a - root))
    return p_signal, p_null


def assemble(
    run: Mapping[str, Any], inputs: Mapping[str, Array], blocks: Mapping[BlockKey, Block]
) -> dict[str, Array]:
    """The datasets of a CLs scan."""
    q = inputs["profile/q"]
    if not run["toys"]:
        from scipy.special import ndtr

        q_asimov = inputs["profile/q_asimov"]
        p_signal, p_null = asymptotic(q, q_asimov)
        sigma = np.array(SIGMAS)[:, None]
        out = {
            "p_signal": p_signal,
            "p_null": p_null,
            "cls": _ratio(p_signal, p_null),
            "cls_error": np.zeros(q.size),
            # the limit fluctuates up where the estimate does: sqrt(q) = sqrt(q_A) - N
            "expected": np.minimum(ndtr(sigma - np.sqrt(q_asimov)) / ndtr(sigma), 1.0),
            "failed": np.array(0),
        }
        return {f"cls/{name}": array for name, array in out.items()}
    signal, none = (collect(q.size, blocks, h) for h in (0, 1))
    p_signal, e_signal = np.array(
        [WeightedToys(t).p_value(d) for t, d in zip(signal, q, strict=True)]
    ).T
    p_null, e_null = np.array([WeightedToys(t).p_value(d) for t, d in zip(none, q, strict=True)]).T
    cls = _ratio(p_signal, p_null)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = cls * np.hypot(e_signal / p_signal, e_null / p_null)
    out = {
        "p_signal": p_signal,
        "p_null": p_null,
        "cls": cls,
        "cls_error": np.where(p_signal > 0, error, e_signal),
        "expected": np.array([_expected(s, n) for s, n in zip(signal, none, strict=True)]).T,
        "failed": count_failed(blocks),
    }
    return {f"cls/{name}": array for name, array in out.items()}


def _ratio(p_signal: Array, p_null: Array) -> Array:
    return np.minimum(p_signal / np.where(p_null > 0, p_null, np.inf), 1.0)


def _expected(signal: Array, none: Array) -> Array:
    """CLs of a point at quantiles of q under the null hypothesis."""
    from scipy.special import ndtr

    if not signal.size or not none.size:
        return np.full(len(SIGMAS), np.nan)
    # the limit fluctuates up where q is small; a value of q that a toy had, for counts are discrete
    q = np.quantile(none, ndtr(-np.array(SIGMAS)), method="inverted_cdf")
    p_signal = np.array([np.mean(signal >= v - TIE) for v in q])
    p_null = np.array([np.mean(none >= v - TIE) for v in q])
    return _ratio(p_signal, p_null)
