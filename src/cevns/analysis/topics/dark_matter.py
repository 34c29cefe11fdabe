"""Dark matter from a beam with a dark photon: the upper limit on y = eps^2 alpha_D (m_chi/m_V)^4.

At m_chi = 15 MeV, m_V = 3 m_chi and the coupling alpha_D of the model unless others are held.
"""

from __future__ import annotations

from collections.abc import Mapping

from cevns.analysis.sensitivity.topic import Quantity, Topic
from cevns.experiments.experiment import Experiment

__all__ = ["TOPIC"]

CITE = "none: the processes of the topic name their sources"


def _asks(experiments: tuple[Experiment, ...], at: Mapping[str, float]) -> tuple[Quantity, ...]:
    _ = experiments
    where = f"m_chi = {at['m_chi']:g} MeV, m_V = {at['mass_ratio']:g} m_chi"
    return (
        Quantity(
            "y_dm",
            f"y = eps^2 alpha_D (m_chi/m_V)^4 at {where}",
            models="dark-photon",
            free="y_dm",
            kind="limit",
            at=at,
        ),
    )


TOPIC = Topic(
    "dark matter of the beam, 90 % upper limit on y",
    "y_dm",
    _asks,
    {"m_chi": 15.0, "mass_ratio": 3.0},
)
