"""What a detector response is to a prediction, and what makes one on the bins of an analysis."""

from __future__ import annotations

from typing import Protocol

from cevns.detectors.efficiency import Efficiency
from cevns.detectors.framework.quenching_curve import QuenchingCurve
from cevns.detectors.resolution import Resolution
from cevns.typing import Array, ArrayLike

__all__ = ["Response", "ResponseModel"]


class Response(Protocol):
    """R_b(E): the expected content of reconstructed bin b for one deposit that is seen as E."""

    @property
    def n_bins(self) -> int:
        """Number of reconstructed bins."""

    @property
    def energy_max_kevee(self) -> float:
        """Energy beyond which nothing new happens: the end of a table, or of the axis."""

    @property
    def kinks_kevee(self) -> tuple[float, ...]:
        """Energies where the response jumps; integrals over energy are split there."""

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """Parameters that its pulls are, in their order, and the range that each is good for."""

    def evaluate(self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None) -> Array:
        """R_b: energies ``(..., n)``, pulls ``(..., n_parameters)`` give ``(..., n, n_bins)``."""

    def evaluate_with_derivatives(
        self, energy_kevee: ArrayLike, pulls: ArrayLike | None = None
    ) -> tuple[Array, Array, Array]:
        """R_b, its slope by E (1/keVee), and by each pull ``(..., n_parameters, n, n_bins)``."""


class ResponseModel(Protocol):
    """A way to make a response, as the section ``detector.response`` of a file declares it."""

    @property
    def parameters(self) -> dict[str, tuple[float, float]]:
        """Parameters that it brings beside those of the efficiency, and their ranges."""

    def on(
        self,
        edges: Array,
        resolution: Resolution,
        efficiency: Efficiency,
        curve: QuenchingCurve,
    ) -> Response:
        """The response in the bins of an analysis.

        Args:
            edges: of the reconstructed axis.
            resolution: as declared, a perfect one where none is.
            efficiency: as a function of the reconstructed value.
            curve: quenching over all recoils, which says how far E can reach.

        Raises:
            InputError: if these do not go together.
        """
