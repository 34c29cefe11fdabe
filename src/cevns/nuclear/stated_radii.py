"""A form-factor model with radii that somebody states, those of protons and of neutrons apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from cevns.exceptions import InputError
from cevns.nuclear.nuclides import Nuclide
from cevns.nuclear.spherical_forms import FormFactor
from cevns.typing import Array, ArrayLike

__all__ = ["StatedRadii", "TwoRadii", "proton_default"]


@runtime_checkable
class TwoRadii(Protocol):
    """A form-factor model whose own radius of the protons is not that of the neutrons."""

    def default_proton_rms_radius(self, nuclide: Nuclide) -> float:
        """Rms radius of the protons, fm; `default_rms_radius` is that of the neutrons."""
        ...


def proton_default(model: FormFactor, nuclide: Nuclide) -> float:
    """The model's own rms radius of the protons, fm.

    Examples:
        >>> from cevns.nuclear import form_factor, nuclide
        >>> helm, cs = form_factor("helm"), nuclide("Cs133")
        >>> stated = StatedRadii(helm, (("Cs", 4.821, 5.09),))
        >>> [round(proton_default(m, cs), 3) for m in (helm, stated)]
        [4.805, 4.821]
    """
    if isinstance(model, TwoRadii):
        return model.default_proton_rms_radius(nuclide)
    return model.default_rms_radius(nuclide)


@dataclass(frozen=True)
class StatedRadii:
    """A model with other radii than its own: published analyses state theirs.

    What has one form factor for a whole nucleus (WIMPs) takes that of the neutrons.

    Args:
        model: gives the form and the radii of all other nuclei.
        radii: element or nuclide, rms radius of its protons and of its neutrons, fm. A nuclide goes
            before its element.

    Raises:
        InputError: if a radius is smaller than the surface of the model alone, or larger than that
            of any nucleus.

    Examples:
        >>> from cevns.nuclear import form_factor, nuclide
        >>> stated = StatedRadii(form_factor("helm"), (("Cs", 4.821, 5.09),))
        >>> stated.default_rms_radius(nuclide("Cs133"))
        5.09
        >>> round(stated.default_rms_radius(nuclide("I127")), 3)
        4.737
    """

    model: FormFactor
    radii: tuple[tuple[str, float, float], ...]

    def __post_init__(self) -> None:
        for name, *both in self.radii:
            for radius in both:
                if not self.model.minimum_rms_fm < radius < 20.0:
                    raise InputError(
                        f"the radii of {name} hold {radius:g} fm; this model describes rms radii "
                        f"between {self.model.minimum_rms_fm:.3g} and 20 fm"
                    )

    @property
    def minimum_rms_fm(self) -> float:
        """See `FormFactor`."""
        return self.model.minimum_rms_fm

    def evaluate(self, q_inv_fm: ArrayLike, rms_radius_fm: ArrayLike) -> Array:
        """See `FormFactor`."""
        return self.model.evaluate(q_inv_fm, rms_radius_fm)

    def default_rms_radius(self, nuclide: Nuclide) -> float:
        """Rms radius of the neutrons, fm."""
        found = self._stated(nuclide)
        return self.model.default_rms_radius(nuclide) if found is None else found[1]

    def default_proton_rms_radius(self, nuclide: Nuclide) -> float:
        """See `TwoRadii`."""
        found = self._stated(nuclide)
        return proton_default(self.model, nuclide) if found is None else found[0]

    def _stated(self, nuclide: Nuclide) -> tuple[float, float] | None:
        by_name = {name: (protons, neutrons) for name, protons, neutrons in self.radii}
        return by_name.get(nuclide.name, by_name.get(nuclide.symbol))
