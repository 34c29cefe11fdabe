"""The exact CEvNS signal of an experiment in its analysis bins, staged by parameter.

    S[e, t] = sum_f E_f[e] tau_f[t],   E_f[e] = sum_j spectrum_f(T_j) R_e(E_ee(T_j))

Each stage depends on few parameters: the spectrum on couplings and neutron radius, the response
on quenching and efficiency, the arrival times on the pulse time. A stage whose parameters are all
fixed is evaluated once. Derivatives follow the same stages, so that a linearised model costs
little more than the model itself. Everything is batched over leading axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from cevns.detectors import QuenchingCurve, Response
from cevns.detectors.responses.matrix import MatrixResponse
from cevns.experiments.prediction.separable import Separable, Values
from cevns.inference.model.shapes import GridShape
from cevns.rates.electrons import AnyFold
from cevns.typing import Array

__all__ = ["RELATIVE_STEP", "Binding", "Signal", "spectral_ends"]

RELATIVE_STEP = 1e-4
"""Half step of central differences in units of a parameter's typical size: exact for couplings
that enter quadratically; otherwise the truncation error is 1e-8 of the derivative."""


def spectral_ends(fold: AnyFold, name: str, value: Array) -> tuple[Array, Array]:
    """Ends of a central difference along a coupling, or along a relative radius.

    One-sided where the parameter is at a bound: beyond it an interaction may refuse the value.
    """
    known = fold.interaction.parameters
    if name not in known.names:
        return value + RELATIVE_STEP, value - RELATIVE_STEP
    p, step = known[name], RELATIVE_STEP * known[name].scale
    return np.minimum(value + step, p.upper), np.maximum(value - step, p.lower)


@dataclass(frozen=True)
class Binding:
    """Which parameter drives which stage, by name; None where a direction is held at 0.

    Args:
        interaction: parameters of the interaction and of the source.
        neutron_radius: neutron radius relative to the form-factor model's own.
        quenching: one entry a variation of the quenching model.
        response: one entry a parameter of the response: a variation of the efficiency, or what a
            released matrix depends on.
    """

    interaction: tuple[str, ...] = ()
    neutron_radius: str | None = None
    quenching: tuple[str | None, ...] = ()
    response: tuple[str | None, ...] = ()


@dataclass(frozen=True, eq=False)
class Signal(Separable):
    """Expected signal counts per (energy, time) bin as a function of parameter values.

    Args:
        fold: recoil spectra per flavour, of nuclei alone or with those of electrons behind.
        quenching: electron-equivalent energy on the recoil nodes of `fold`; T for electrons.
        response: electron-equivalent energy to reconstructed bins.
        binding: parameter names of the stages; `times` has one table a flavour of `fold`.
    """

    fold: AnyFold
    quenching: QuenchingCurve
    response: Response
    binding: Binding

    @property
    def n_energy(self) -> int:
        """Number of energy bins."""
        return self.response.n_bins

    def by_flavour(self, values: Values) -> Array:
        """Expected counts per flavour and energy bin, ``(..., flavours, n_energy)``."""
        result: Array = self._spectrum(values) @ self.responses(values)
        return result

    def responses(self, values: Values) -> Array:
        """Energy bins of one count at each recoil node, ``(..., nodes, n_energy)``."""
        moved = self._pulls(self.binding.quenching, values)
        varied = self._pulls(self.binding.response, values)
        if moved is None and varied is None:
            return self._static_response
        return self.response.evaluate(self._energy(moved, varied), varied)

    def per_flavour(self, values: Values) -> dict[str, Array]:
        """Expected counts ``(n_energy, n_time)`` of each flavour, at one point."""
        t0 = self.pulse_time_us if self.pulse_time is None else values[self.pulse_time]
        cells = zip(self.by_flavour(values), self.times, strict=True)
        out: dict[str, Array] = {}
        for flavour, (energies, table) in zip(self.fold.flavours, cells, strict=True):
            # once for each time bin of a burst
            out[flavour] = out.get(flavour, 0.0) + np.outer(energies, table.evaluate(t0))
        return out

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters that move the signal."""
        names = [*self.binding.interaction, self.binding.neutron_radius]
        names += [*self.binding.quenching, *self.binding.response, self.pulse_time]
        return tuple(n for n in names if n is not None)

    def _asked(self, names: tuple[str | None, ...]) -> list[int]:
        """Which of some names have a slope."""
        return [k for k, n in enumerate(names) if n is not None and n not in self.held]

    def energies(self, values: Values, like: Array) -> list[Array]:
        """E and its slopes along all but the pulse time, each ``(flavours, n_energy, B)``."""
        quenching = self._asked(self.binding.quenching)
        efficiency = self._asked(self.binding.response)
        spectrum = self._spectrum(values)
        slopes = self._spectrum_slopes(values).values()
        moved = self._pulls(self.binding.quenching, values)
        varied = self._pulls(self.binding.response, values)
        if moved is None and varied is None:
            return [_batch_last(s @ self._static_response, like) for s in (spectrum, *slopes)]
        if isinstance(self.response, MatrixResponse):  # few rows, whatever the recoil nodes
            placed = [s @ self._places for s in (spectrum, *slopes)]
            rows = [s @ self.response.mixed(varied) for s in placed]
            rows += [placed[0] @ self.response.mixed(varied, slope_of=k) for k in efficiency]
            return [_batch_last(r, like) for r in rows]
        energy = self._energy(moved, varied)
        if not quenching and not efficiency:
            response = self.response.evaluate(energy, varied)
            return [_batch_last(s @ response, like) for s in (spectrum, *slopes)]
        response, by_energy, by_pull = self.response.evaluate_with_derivatives(energy, varied)
        rows = [s @ response for s in (spectrum, *slopes)]
        if quenching:  # the same response elsewhere
            assert moved is not None
            gradient = self.quenching.gradient(moved)
            rows += [(spectrum * gradient[..., k : k + 1, :]) @ by_energy for k in quenching]
        rows += [spectrum @ by_pull[..., k, :, :] for k in efficiency]  # another response
        return [_batch_last(r, like) for r in rows]

    @cached_property
    def as_templates(self) -> GridShape | None:
        """The same as templates on a grid, where only a response matrix moves it; else None.

        A mixture of matrices over a spectrum that stands still is one of their counts.
        """
        response, bound = self.response, self.binding
        still = not bound.interaction and bound.neutron_radius is None and self.pulse_time is None
        if not (still and isinstance(response, MatrixResponse)) or None in bound.response:
            return None
        spectrum = self._static_spectrum @ self._places
        flat = response.probability.reshape(-1, *response.probability.shape[-2:])
        times = np.stack([table.evaluate(self.pulse_time_us) for table in self.times])
        counts = np.einsum("fn,pne,ft->pet", spectrum, flat, times, optimize=True)
        return GridShape(response.along, counts.reshape(len(flat), -1), self.held)

    # -- spectrum: couplings and neutron radius ------------------------------------------------

    @cached_property
    def _static_spectrum(self) -> Array:
        return self.fold.spectrum()

    def _spectrum(self, values: Values) -> Array:
        names, radius = self.binding.interaction, self.binding.neutron_radius
        if not names and radius is None:
            return self._static_spectrum
        return self.fold.spectrum(
            {n: values[n] for n in names}, neutron_radius=1.0 if radius is None else values[radius]
        )

    def _spectrum_slopes(self, values: Values) -> dict[str, Array]:
        out = {}
        for name in (*self.binding.interaction, self.binding.neutron_radius):
            if name is None or name in self.held:
                continue
            ends = spectral_ends(self.fold, name, values[name])
            up, down = (self._spectrum({**values, name: end}) for end in ends)
            out[name] = (up - down) / (ends[0] - ends[1])[..., None, None]
        return out

    # -- response: quenching and efficiency ----------------------------------------------------

    @cached_property
    def _static_response(self) -> Array:
        return self.response.evaluate(self.quenching.electron_energy_kevee())

    @cached_property
    def _places(self) -> Array:
        """Rows of a response matrix in which recoils of each node are, ``(nodes, n_true)``."""
        assert isinstance(self.response, MatrixResponse)
        return self.response.places(self.quenching.electron_energy_kevee())

    def _pulls(self, names: tuple[str | None, ...], values: Values) -> Array | None:
        """Pulls of a stage, ``(..., n)``, zero where nobody drives one; None if none is driven."""
        like = next((values[n] for n in names if n is not None), None)
        if like is None:
            return None
        pulls: Array = np.stack([values[n] if n else np.zeros_like(like) for n in names], axis=-1)
        return pulls

    def _energy(self, pulls: Array | None, like: Array | None) -> Array:
        """E_ee on the nodes, ``(..., n)``; spread over the axes of `like` if nothing moves it."""
        if pulls is not None:
            return self.quenching.electron_energy_kevee(pulls)
        energy = self.quenching.electron_energy_kevee()
        if like is None:
            return energy
        spread: Array = np.broadcast_to(energy, (*like.shape[:-1], *energy.shape))
        return spread


def _batch_last(array: Array, like: Array) -> Array:
    """``(B, n, m)`` as ``(n, m, B)``; a stage that nothing drives is spread over the batch."""
    return array[:, :, None] + like if array.ndim == 2 else array.transpose(1, 2, 0)
