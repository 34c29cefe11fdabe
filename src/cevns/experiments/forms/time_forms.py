"""Shapes of backgrounds in time, as a file declares them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from cevns.exceptions import InputError
from cevns.experiments.forms.integrals import power_bins
from cevns.experiments.forms.section import Section, Table, form
from cevns.typing import Array
from cevns.units import Unit

__all__ = ["IN_TIME", "Exponential", "ExponentialFit", "Gaussian", "PowerLaw", "Pulse", "TimeForm"]


class Exponential(Section):
    """``exp(-rate t)``: flat for a rate of zero."""

    kind: Literal["exponential"]
    rate: Annotated[float, Unit("/us"), Field(ge=0)]


class PowerLaw(Section):
    """``(t - begin)^-exponent``: what becomes quieter after a detector was cooled down.

    Args:
        exponent: 0.59 of the excess that NUCLEUS sees (arXiv:2603.24450).
        begin: of the fall, on the time axis and not after its first edge.
    """

    kind: Literal["power-law"]
    exponent: Annotated[float, Field(ge=0, le=10)]
    begin: Annotated[float, Unit("us")]

    def bins(self, edges: Array) -> Array:
        """Its integral over bins of time, us, any normalisation.

        Raises:
            InputError: if it begins behind the first edge, or would be infinite there.
        """
        since = edges - self.begin
        if since[0] < 0.0 or (since[0] == 0.0 and self.exponent >= 1.0):
            raise InputError(
                "a power law begins before the first edge of the time axis, and at the edge it "
                "is infinite for an exponent of one or more; move 'begin'"
            )
        return power_bins(self.exponent, since)


class Gaussian(Section):
    """A pulse that is gaussian in time, for example of beam neutrons."""

    kind: Literal["gaussian"]
    mean: Annotated[float, Unit("us")]
    sigma: Annotated[float, Unit("us"), Field(gt=0)]


class Pulse(Section):
    """The arrival times of a flavour of the source at the nominal time of the pulse.

    Args:
        of: the flavour; by default the prompt one. Neutrons that electron neutrinos make in the
            shielding come with ``nu_e``.
    """

    kind: Literal["pulse"]
    of: str | None = None


class ExponentialFit(Table):
    """An exponential whose slope is fitted to a table of times measured outside the beam window.

    Args:
        start: of the range of times that is fitted; by default the table's own.
        end: of that range.
    """

    kind: Literal["exponential-fit"]
    start: Annotated[float, Unit("us")] | None = None
    end: Annotated[float, Unit("us")] | None = None
    efficiency: Literal[False] = False


TimeForm = Exponential | ExponentialFit | Gaussian | PowerLaw | Pulse | Table
"""Any of them."""
IN_TIME = form(
    "time",
    {
        "exponential": Exponential,
        "exponential-fit": ExponentialFit,
        "gaussian": Gaussian,
        "power-law": PowerLaw,
        "pulse": Pulse,
    },
    "{kind: exponential, ...}",
)
