"""The CsI[Na] detector of the release of arXiv:2110.07730, and helpers for its tests."""

from __future__ import annotations

import numpy as np

from cevns.detectors import Variation
from cevns.detectors.efficiency.sigmoid import Sigmoid
from cevns.detectors.quenching.polynomial import Polynomial
from cevns.detectors.resolution.gamma import Gamma

EDGES = np.array([0.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
TIME_EDGES = np.array([0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1, 2, 4, 6])
QUENCHING = Polynomial(
    (0.0554628, 4.30681, -111.707, 840.384),
    variations={
        "qf.csi.0": Variation(
            (0.0613632, 3.51547, -85.5548, 595.562), (0.0495624, 5.09815, -137.858, 1085.2)
        ),
        "qf.csi.1": Variation(
            (0.055413, 3.93597, -93.1045, 630.092), (0.0555126, 4.67765, -130.309, 1050.68)
        ),
    },
    valid_kev=(0.0, 60.0),
)
EFFICIENCY = Sigmoid(
    (1.32045, 0.285979, 10.8646, -0.333322),
    variations={
        "efficiency": Variation(
            (1.3439, 0.285366, 9.84596, -0.356364), (1.297, 0.286592, 11.8832, -0.31028)
        )
    },
)
RESOLUTION = Gamma(light_yield=13.35, shape_per_kevee=9.56)
PUBLISHED_QF = {5.0: 7.43, 10.0: 8.82, 15.0: 9.78, 20.0: 10.36, 30.0: 10.68, 40.0: 10.28}
