"""Shapes of backgrounds along energy, as a file declares them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from cevns.datasets.binning import rebin
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.forms.integrals import exponential_bins, power_bins
from cevns.experiments.forms.section import Section, Table, form
from cevns.morphing import Between
from cevns.nuclear.beta_decay import BETA_DECAYS, Branch, Decay, electron_spectrum
from cevns.nuclear.electron_capture import CAPTURES
from cevns.typing import Array
from cevns.units import Unit, quantity

__all__ = [
    "IN_ENERGY",
    "BetaDecay",
    "EnergyForm",
    "EnergyFormula",
    "ExponentialEnergy",
    "ExponentialsEnergy",
    "FlatEnergy",
    "GridEnergy",
    "Lines",
    "PowerLawEnergy",
    "Steps",
]


class EnergyFormula(Section):
    """A shape along energy that is known at all energies, before any axis."""

    @abstractmethod
    def bins(self, edges: Array, unit: str) -> Array:
        """Its integral over bins, any normalisation.

        Args:
            edges: of the bins, shape (n + 1,).
            unit: theirs, the internal one of the axis.

        Raises:
            InputError: if a number of it cannot be, or it is not known in all bins.
            UnitError: if the axis is in another unit.
        """

    def share(self, region: Array, window: Array, unit: str) -> float:
        """What lies in a region, of what lies in a window.

        Args:
            region: its two ends, of the axis.
            window: likewise.
            unit: of both, the internal one of the axis.

        Raises:
            InputError: if the window holds nothing; see `bins`.

        Examples:
            >>> edges = np.array([[1.0, 2.0], [0.0, 4.0]])
            >>> FlatEnergy(kind="flat").share(*edges, "keVee")
            0.25
        """
        edges = np.unique(np.concatenate((region, window)))
        bins = self.bins(edges, unit)
        sizes = [
            bins[(edges[:-1] >= low) & (edges[1:] <= high)].sum() for low, high in (region, window)
        ]
        if not sizes[1] > 0.0:
            raise InputError(
                f"the shape has no content in its window {window[0]:g} to {window[1]:g}"
            )
        return float(sizes[0] / sizes[1])


class _Exponentials(EnergyFormula):
    """A sum of exponentials."""

    @abstractmethod
    def terms(self, unit: str) -> list[tuple[float, float]]:
        """Heights at E = 0 and scales, of each h exp(-E/scale).

        Args:
            unit: the internal one of the axis, in which the scales are.

        Raises:
            InputError: if a scale is not positive.
            UnitError: if its unit is not one of the axis.
        """

    def bins(self, edges: Array, unit: str) -> Array:
        """The integral of the sum; see `EnergyFormula`."""
        heights, scales = np.transpose(self.terms(unit))
        # from the first edge and relative to the slowest there, so that the whole shape does not
        # underflow far above the scales
        low = edges[0]
        heights = heights * np.exp(low / scales.max() - low / scales)
        result: Array = heights @ [exponential_bins(1.0 / s, edges - low) for s in scales]
        return result


class FlatEnergy(EnergyFormula):
    """The same number of events per unit of the energy axis.

    Args:
        within: ends of the flat part as written, outside of which there is nothing; by default
            those of the axis.
    """

    kind: Literal["flat"]
    within: tuple[str | float, str | float] | None = None

    def bins(self, edges: Array, unit: str) -> Array:
        """Widths of the bins inside the flat part; see `EnergyFormula`."""
        if self.within is None:
            return np.diff(edges)
        low, high = (quantity(end, unit, what="within") for end in self.within)
        if not low < high:
            raise InputError(f"within: the ends must increase, not {low:g} and {high:g}")
        return np.diff(np.clip(edges, low, high))


class GridEnergy(Section):
    """A table of a file that is known at a grid of parameter values (`cevns.morphing`).

    The count of the background is that at their nominal values, and follows them as the table does.

    Args:
        file: the archive, beside the experiment file.
        table: which of its tables.
        between: what lies between the values, ``spline`` or ``line``.
        parameter_values: by name, the values, where the file does not say; ``{}`` for a table that
            follows no parameter.
    """

    kind: Literal["grid"]
    file: str
    table: str
    between: Between = "spline"
    parameter_values: dict[str, list[float]] | None = None


class ExponentialEnergy(_Exponentials):
    """``exp(-E/scale)``, the scale in a unit of the energy axis (a plain number where it has none).

    Args:
        scale: as written, for example ``10 PE``.
        slope: name of a parameter p of the file that steepens it, ``exp(-p E/scale)``.
    """

    kind: Literal["exponential"]
    scale: str | float
    slope: str | None = None

    def terms(self, unit: str) -> list[tuple[float, float]]:
        """The one."""
        return [(1.0, _scale(self.scale, unit))]


class ExponentialsEnergy(_Exponentials):
    """``sum_i heights_i exp(-E/scales_i)``: an excess at low energies that falls ever more slowly.

    Args:
        scales: as written, for example ``[28 eVnr, 320 eVnr]``.
        heights: of each at E = 0, relative to each other.
    """

    kind: Literal["exponentials"]
    scales: list[str | float] = Field(min_length=2)
    heights: list[Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def _pairs(self) -> ExponentialsEnergy:
        if len(self.scales) != len(self.heights):
            raise InputError(
                f"{len(self.scales)} scales need as many heights, not {len(self.heights)}"
            )
        return self

    def terms(self, unit: str) -> list[tuple[float, float]]:
        """One for each scale."""
        scales = [_scale(s, unit) for s in self.scales]
        return list(zip(self.heights, scales, strict=True))


def _scale(written: str | float, unit: str) -> float:
    scale = quantity(written, unit, what="scale")
    if scale <= 0:
        raise InputError(f"scale: {written!r} must be positive")
    return scale


class PowerLawEnergy(EnergyFormula):
    """``E^-exponent``: neutrons of a beam behind a shield, in the energy of the neutrons.

    Recoils do not follow from it without transport.

    Args:
        exponent: one is as many in each decade.
    """

    kind: Literal["power-law"]
    exponent: Annotated[float, Field(ge=0, le=10)]

    def bins(self, edges: Array, unit: str) -> Array:
        """The integral of the power; see `EnergyFormula`."""
        _ = unit
        if not edges[0] > 0.0:
            raise InputError("a power law needs an energy axis, and a window, above zero")
        return power_bins(self.exponent, edges)


class Steps(EnergyFormula):
    """A histogram: what was seen in bins of energy, flat inside each and unknown outside of them.

    Args:
        edges: of its bins, each with its unit: ``[1.5 keVee, 3.5 keVee, 5.5 keVee]``.
        contents: events of each bin relative to each other.
    """

    kind: Literal["steps"]
    edges: list[str | float] = Field(min_length=2)
    contents: list[Annotated[float, Field(ge=0)]]

    @model_validator(mode="after")
    def _one_for_each(self) -> Steps:
        if len(self.contents) != len(self.edges) - 1:
            raise InputError(
                f"{len(self.edges)} edges need one content less, not {len(self.contents)}"
            )
        return self

    def bins(self, edges: Array, unit: str) -> Array:
        """Contents in other bins, by width where a bin is cut; see `EnergyFormula`."""
        own = [quantity(e, unit, what="edges") for e in self.edges]
        return rebin(own, self.contents, edges)


class BetaDecay(EnergyFormula):
    """Electrons of a beta decay inside the target, all of whose kinetic energy is seen.

    The spectrum is smooth, and the resolution of the detector is not applied to it. Of a decay that
    is not in `cevns.nuclear.beta_decay.BETA_DECAYS` the end point is given, with the charge of the
    daughter.

    Args:
        nuclide: the parent, ``Ar39``.
        end_point: largest kinetic energy, ``565 keV``, in its place.
        z: protons of the daughter.
        a: its nucleons; the spectrum depends on them by the logarithm of the radius only, and left
            out they are 2.2 z.
        unique: whether the decay is unique first-forbidden.

    Examples:
        A tenth of the decays of Ar-39 are below 54 keV:

        >>> beta = BetaDecay(kind="beta-decay", nuclide="Ar39")
        >>> beta.bins(np.array([0.0, 54.0, 600.0]), "keVee").round(2).tolist()
        [0.1, 0.9]
    """

    kind: Literal["beta-decay"]
    nuclide: str | None = None
    end_point: Annotated[float, Unit("MeV"), Field(gt=0)] | None = None
    z: Annotated[int, Field(gt=0, lt=120)] | None = None
    a: Annotated[int, Field(gt=0, lt=300)] | None = None
    unique: bool = False

    @model_validator(mode="after")
    def _which(self) -> BetaDecay:
        if self.nuclide is not None and self.model_fields_set & {"end_point", "z", "a", "unique"}:
            raise InputError("a beta decay has either its 'nuclide' or its 'end_point' and 'z'")
        if self.nuclide is None and (self.end_point is None or self.z is None):
            raise InputError(
                "a beta decay needs its 'nuclide', or 'end_point' and 'z' of the daughter"
            )
        if self.nuclide is not None and self.nuclide not in BETA_DECAYS:
            raise UnknownNameError("beta decay", self.nuclide, BETA_DECAYS)
        return self

    @property
    def decay(self) -> Decay:
        """The decay that is meant."""
        if self.nuclide is not None:
            return BETA_DECAYS[self.nuclide]
        assert self.end_point is not None  # checked above
        assert self.z is not None
        a = self.a or round(2.2 * self.z)
        return Decay(self.z, a, (Branch(self.end_point, unique=self.unique),))

    def bins(self, edges: Array, unit: str) -> Array:
        """Decays with an energy in each bin; see `EnergyFormula`."""
        per_mev = quantity("1 MeVee", unit, what="energy of a beta decay")
        decay = self.decay
        ends = [0.0, *(b.end_point_mev for b in decay.branches)]
        # a panel ends where a branch does
        panels = np.unique(np.concatenate((edges / per_mev, ends)))
        x, w = np.polynomial.legendre.leggauss(24)
        half = 0.5 * np.diff(panels)
        nodes = panels[:-1, None] + half[:, None] * (x + 1.0)
        sums = np.concatenate(([0.0], np.cumsum(electron_spectrum(decay, nodes) @ w * half)))
        result: Array = np.diff(np.interp(edges / per_mev, panels, sums))
        return result


class Lines(Section):
    """Lines of X-rays or gammas, each as wide as the detector's resolution makes it.

    Args:
        nuclide: one that captures an electron in the crystal, ``Ge71``: its K, L and M lines
            (`cevns.nuclear.electron_capture.CAPTURES`), in place of the energies.
        energies: electron-equivalent energies of the lines.
        intensities: events of the whole lines relative to each other, also of those that lie
            partly outside the analysis region; equal where left out.

    Examples:
        >>> Lines(kind="lines", energies=["1.297 keVee", "1142 eVee"]).energies
        [1.297, 1.142]
        >>> Lines(kind="lines", nuclide="Zn65").spectrum[0]
        (8.979, 1.0)
    """

    kind: Literal["lines"]
    nuclide: str | None = None
    energies: list[Annotated[float, Unit("keVee"), Field(gt=0)]] = Field(default_factory=list)
    intensities: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list)

    @model_validator(mode="after")
    def _paired(self) -> Lines:
        if (self.nuclide is None) != bool(self.energies) or (self.nuclide and self.intensities):
            raise InputError("lines are given either by their 'energies' or by a 'nuclide'")
        if self.nuclide is not None and self.nuclide not in CAPTURES:
            raise UnknownNameError("nuclide that captures an electron", self.nuclide, CAPTURES)
        if self.intensities and len(self.intensities) != len(self.energies):
            raise InputError(
                f"lines: {len(self.energies)} energies have {len(self.intensities)} intensities; "
                "give one for each"
            )
        return self

    @property
    def spectrum(self) -> tuple[tuple[float, float], ...]:
        """Energy in keVee and intensity of each line."""
        if self.nuclide is not None:
            return CAPTURES[self.nuclide]
        return tuple(
            zip(self.energies, self.intensities or [1.0] * len(self.energies), strict=True)
        )


EnergyForm = (
    FlatEnergy
    | ExponentialEnergy
    | ExponentialsEnergy
    | PowerLawEnergy
    | Steps
    | BetaDecay
    | GridEnergy
    | Lines
    | Table
)
"""Any of them."""
IN_ENERGY = form(
    "energy",
    {
        "flat": FlatEnergy,
        "exponential": ExponentialEnergy,
        "exponentials": ExponentialsEnergy,
        "power-law": PowerLawEnergy,
        "steps": Steps,
        "beta-decay": BetaDecay,
        "grid": GridEnergy,
        "lines": Lines,
    },
    "{kind: flat}",
)
