"""The deposit itself: an axis in true energy, or results that were unfolded."""

from __future__ import annotations

from dataclasses import dataclass

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.framework.quenching_curve import QuenchingCurve
from cevns.detectors.framework.responding import Response
from cevns.detectors.resolution import Resolution
from cevns.detectors.resolution.none import Perfect
from cevns.detectors.responses.chain import Chain
from cevns.typing import Array

__all__ = ["MODEL", "Identity"]

CITE = "none: the deposit itself"


@dataclass(frozen=True)
class Identity(Chain):
    """``R_b(E) = eps(E)`` in the bin that holds E.

    Examples:
        >>> import numpy as np
        >>> from cevns.detectors.efficiency.unity import Unity
        >>> from cevns.detectors.quenching.constant import Constant
        >>> curve = Constant(1.0).on(np.array([0.0, 3.0]))
        >>> shown = Identity().on(np.array([0.0, 1.0, 3.0]), Perfect(), Unity(), curve)
        >>> shown.evaluate([0.5, 2.0]).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """

    def on(
        self, edges: Array, resolution: Resolution, efficiency: Efficiency, curve: QuenchingCurve
    ) -> Response:
        """See `ResponseModel`.

        Raises:
            InputError: if quenching or efficiency vary.
        """
        del resolution
        return super().on(edges, Perfect(), efficiency, curve)


MODEL = Identity
