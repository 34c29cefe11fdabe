"""From source to bins: what each stage of a file's chain computes, built once.

Recoil spectra of the process on nodes, electron-equivalent energy of the nodes, the response to it,
and arrival times. What parameters do to the stages is in `apparatus`.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from cevns.detectors import Quenching, QuenchingCurve, Response, ResponseTable, TimeTable
from cevns.detectors.efficiency.unity import Unity
from cevns.detectors.responses.chain import end_of_axis
from cevns.detectors.responses.folded_template import FoldedResponse
from cevns.exceptions import CevnsWarning, InputError
from cevns.experiments.prediction.arrival_tables import declared_arrival, parts_in_time, pulsed
from cevns.experiments.prediction.parts import UNQUENCHED, Parts
from cevns.experiments.prediction.recoils import (
    UNSEEN,
    electron_grid,
    octaves,
    recoil_grid,
    with_electrons,
)
from cevns.nuclear.electron_shells import electron_shells
from cevns.processes import (
    MASSLESS,
    DarkKinematics,
    Interaction,
    Kinematics,
    electron_scattering,
    is_kernel,
    is_steep,
    keeps_spectra,
    matters_at_electrons,
    quantity_of,
)
from cevns.rates.electrons import AnyFold, ElectronFold, WithElectrons
from cevns.rates.fold import Fold, recoil_panels
from cevns.rates.kernel_fold import KernelFold
from cevns.rates.period_fold import KernelPeriods, PeriodFold
from cevns.sources import Source
from cevns.typing import Array

__all__ = ["Stages"]


@dataclass(frozen=True, eq=False, repr=False)
class Stages(Parts):
    """Source, target and detector of a declared experiment, put together stage by stage."""

    @cached_property
    def fold(self) -> Fold | KernelFold:
        """Source and interaction on the recoil nodes of the target."""
        return self._fold_on(self.interaction, *self._deposits(self.interaction)[:2])

    @cached_property
    def response(self) -> Response:
        """Electron-equivalent energy to energy bins."""
        declared, axis = self.declaration.detector.resolution, self.declaration.axes.energy
        made = self.resolution.unit
        energies = made.startswith("keV") and axis is not None and axis.unit.startswith("keV")
        if declared and axis and axis.unit and made not in ("", axis.unit) and not energies:
            raise self._mistake(
                f"the resolution '{declared.kind}' gives {made}, but this axis is in {axis.unit}",
                "axes",
                "energy",
            )
        top = self._covered(self._largest_kev(self.interaction), self.interaction)
        # the same objects in all copies that differ in the process alone
        of, quenched = (self.declaration.detector, self.declaration.axes), self._is_quenched
        return self.built.once(of, (quenched, top), lambda: self._response_up_to(top))

    @property
    def _is_quenched(self) -> bool:
        """Whether what the interaction deposits is the recoil of a nucleus."""
        return quantity_of(self.interaction) == "nuclear-recoil"

    def _covered(self, recoil_kev: float, process: Interaction) -> float:
        """Recoil energy up to which the response is made, keV.

        For massive particles the next power of two: their mass moves the largest recoil a little,
        and the response is the same then.
        """
        if process.kinematics == MASSLESS:
            return recoil_kev
        above, limit = 2.0 ** math.ceil(math.log2(recoil_kev)), self._recoil_limit(process)
        return above if limit is None else min(above, limit)

    def _response_up_to(self, recoil_kev: float) -> Response:
        quenching = self.quenching if self._is_quenched else UNQUENCHED
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CevnsWarning)  # said for the nodes of the fold
            curve = quenching.on(np.linspace(0.0, recoil_kev, 201))
        model, resolution = self.response_model, self.resolution
        return self._located(
            lambda: model.on(self.energy_edges, resolution, self.energy_efficiency, curve),
            "detector",
            "response",
        )

    @cached_property
    def times(self) -> tuple[TimeTable, ...]:
        """Arrival-time bins, one table a flavour; of a burst one for each flavour and time bin."""
        arrival, edges, efficiency = self.arrival, self.time_edges, self.time_efficiency
        if arrival is not None:
            moved = self.one_acting_on("arrival")
            table = self._located(
                lambda: declared_arrival(arrival, edges, efficiency, moved),
                "source",
                "arrival",
            )
        elif edges is not None and self.periods:
            shares = np.repeat(np.eye(len(self.periods)), len(self.source.flavours), axis=0)
            return tuple(TimeTable.constant(edges, row) for row in shares)
        elif edges is not None:
            moved = self.one_acting_on("pulse-time")
            declared, source = self.declaration, self.source
            if source is not self.declared_source:  # its arrival depends on the process
                return pulsed(source, edges, efficiency, moved)
            of = (
                declared.source,
                declared.axes,
                declared.detector.efficiency.time,
                declared.parameters,
            )
            key = "times", declared.live_time
            return self.built.once(of, key, lambda: pulsed(source, edges, efficiency, moved))
        else:  # everything arrives in one bin
            table = TimeTable.constant([0.0, 1.0], np.ones(1))
        return tuple(table for _ in self.source.flavours)

    @cached_property
    def periods(self) -> tuple[Source, ...]:
        """What a source that changes sends in each bin of the time axis; empty for all others."""
        if self.arrival is not None:
            return ()
        moved = self.one_acting_on("pulse-time") or self.one_acting_on("arrival")
        source, edges, efficiency = self.source, self.time_edges, self.time_efficiency
        return self._located(lambda: parts_in_time(source, edges, efficiency, moved), "source")

    def sees_electrons(self, process: Interaction) -> bool:
        """Whether a signal has recoils of electrons: as the file says, or where it matters.

        Where the file says nothing they are in if an extension of the Standard Model changes
        them and they look like those of nuclei (`ExperimentFile.blind_to_electrons`).
        """
        told = self.declaration.interaction.electrons
        if told is not None:
            return told
        return not self.declaration.blind_to_electrons and matters_at_electrons(process)

    def stages(self, process: Interaction) -> tuple[AnyFold, QuenchingCurve, Response]:
        """Recoil spectra of a process, E_ee on their nodes, and the response to it."""
        folded = self.declaration.summary or isinstance(self.response, FoldedResponse)
        if folded and not keeps_spectra(process):
            from cevns.experiments.declaration.combination import other_file

            beside = [f"--choose {choice}={option}" for choice, option in other_file(self.name)]
            raise InputError(
                f"{self.name}: the released signal is folded with the recoil spectrum of "
                f"the Standard Model, and that of {process.name!r} is different; remove "
                "it, or use an experiment with a response to single recoils"
                + (f" (in the global fit {' or '.join(beside)})" if beside else "")
            )
        self._require_seen(process)
        nodes, weights, curve = self._deposits(process)
        own = process is self.interaction
        fold = self.fold if own else self._fold_on(process, nodes, weights)
        if self.periods and self.sees_electrons(process):
            raise InputError(
                f"{self.name}: a source whose spectra change in time can only be folded "
                "with scattering on nuclei; remove the time axis, or declare an "
                "'arrival' for all energies"
            )
        if not self.sees_electrons(process):
            quenched = quantity_of(process) == "nuclear-recoil"
            seen = self.response if quenched else self.wide_response
            return self._in_periods(fold, nodes, weights) if self.periods else fold, curve, seen
        assert isinstance(fold, Fold)
        scattered = electron_scattering(process)
        electrons = ElectronFold(
            self.source,
            scattered,
            self.whole_material,
            self.declaration.target.mass,
            *self._electron_grid(scattered.kinematics),
        )
        both = WithElectrons(fold, electrons)
        return both, with_electrons(curve, electrons.nodes), self.wide_response

    def _require_seen(self, process: Interaction) -> None:
        """Raise `InputError` for a process at electrons where those are no signal."""
        if quantity_of(process) != "electron":
            return
        declared = self.declaration
        reason = declared.model_copy(update={"signal": None}).blind_to_electrons
        if not reason and declared.interaction.electrons is False:
            reason = "the file has 'interaction.electrons: false', for it selects recoils of nuclei"
        if reason:
            raise InputError(
                f"{self.name} does not count recoils of electrons, which {process.name!r} "
                f"produces: {reason}; use an experiment that does, such as "
                "coherent-csi-2021-dm"
            )

    def _in_periods(
        self, fold: Fold | KernelFold, nodes: Array, weights: Array
    ) -> PeriodFold | KernelPeriods:
        """A fold of the whole source as one of its parts in time."""
        if isinstance(fold, Fold):
            of_terms = [
                replace(fold, source=part, nodes_kev=nodes, weights_kev=weights)
                for part in self.periods
            ]
            return PeriodFold(tuple(of_terms))
        of_kernel = [
            replace(fold, source=part, nodes_kev=nodes, weights_kev=weights)
            for part in self.periods
        ]
        return KernelPeriods(tuple(of_kernel))

    @cached_property
    def wide_response(self) -> Response:
        """As `response`, over all energies that the axis shows: electrons are not quenched."""
        if not (self._is_quenched and isinstance(self.response, ResponseTable)):
            return self.response
        of, end = (self.declaration.detector, self.declaration.axes), self.response.energy_max_kevee
        return self.built.once(of, ("wide", end), lambda: self._wide_response(end))

    def _wide_response(self, reach: float) -> ResponseTable:
        while self.resolution.cdf(self.energy_edges[-1], reach) > UNSEEN and reach < 1e6:
            reach *= 2.0
        reach = end_of_axis(self.resolution, self.energy_edges, reach)
        return ResponseTable.build(
            self.resolution, self.energy_efficiency, self.energy_edges, reach
        )

    @cached_property
    def _known_electrons(self) -> dict[Kinematics, tuple[Array, Array]]:
        return {}

    def _electron_grid(self, kinematics: Kinematics) -> tuple[Array, Array]:
        """Nodes of the recoil energy of electrons and their weights."""
        if kinematics not in self._known_electrons:
            target, response = self.whole_material, self.wide_response
            self._known_electrons[kinematics] = self._located(
                lambda: electron_grid(self.source, target, response, kinematics),
                "interaction",
                "electrons",
            )
        return self._known_electrons[kinematics]

    def _fold_on(self, process: Interaction, nodes: Array, weights: Array) -> Fold | KernelFold:
        """Terms through the moments of the source, a kernel on the nodes of its flux."""
        form = self.form_factor
        hit, mass = self.material, self.recoiling_kg
        if quantity_of(process) == "electron":  # those of all elements
            hit, mass = self.whole_material, self.declaration.target.mass
        if is_kernel(process):
            return KernelFold(self.source, process, hit, mass, form, nodes, weights)
        return Fold(self.source, process, hit, mass, form, nodes, weights)

    def _quenching_of(self, process: Interaction) -> Quenching:
        """How a process's deposits are seen: nuclear recoils quenched, all else as it is.

        Raises:
            InputError: if it deposits no energy, which an energy axis cannot show.
        """
        quantity, axis = quantity_of(process), self.declaration.axes.energy
        if quantity == "count" and axis is not None:
            raise InputError(
                f"the process {process.name!r} only gives a count and has no energy for this "
                "axis; remove axes.energy and the energy response of the detector"
            )
        if quantity != "nuclear-recoil":
            return UNQUENCHED
        if self.declaration.detector.quenching is None and axis and axis.unit in ("keVee", "PE"):
            raise self._mistake(
                f"an axis in {axis.unit} needs quenched recoils; declare the quenching, "
                "or give the axis in keVnr",
                "detector",
                "quenching",
            )
        return self.quenching

    @cached_property
    def _known_deposits(self) -> dict[Hashable, tuple[Array, Array, QuenchingCurve]]:
        return {}

    def _deposits(self, process: Interaction) -> tuple[Array, Array, QuenchingCurve]:
        """Nodes of the deposit, their weights, and E_ee at them.

        One set for all processes of the same sort. Weights have the efficiency in recoil energy,
        where the deposit is the recoil of a nucleus.
        """
        quantity = quantity_of(process)
        key = is_steep(process), process.kinematics, quantity
        if key not in self._known_deposits:
            if not isinstance(process.kinematics, DarkKinematics):
                self._known_deposits[key] = self._grid(process)
            else:  # one set for all masses, on which what the detector does is known
                top = self._covered(self._largest_kev(process), process)
                of = self.declaration.detector, self.declaration.axes, self.declaration.target
                self._known_deposits[key] = self.built.once(
                    of, (is_steep(process), quantity, top), lambda: self._grid(process, top)
                )
        return self._known_deposits[key]

    @property
    def largest_recoil_kev(self) -> float:
        """Largest recoil that is followed: that of the source, or the end of the quenching, keV."""
        return self._largest_kev(self.interaction)

    def _largest_kev(self, process: Interaction) -> float:
        return float(
            recoil_panels(
                self.source,
                self.material,
                maximum_kev=self._recoil_limit(process),
                kinematics=process.kinematics,
            )[-1]
        )

    def _grid(
        self, process: Interaction, top_kev: float | None = None
    ) -> tuple[Array, Array, QuenchingCurve]:
        """Nodes of the deposit, their weights, and E_ee at them.

        Args:
            process: that makes the deposit.
            top_kev: the largest deposit of a set that holds for any source.
        """
        quantity, quenching = quantity_of(process), self._quenching_of(process)
        if quantity == "count":
            return np.zeros(1), np.ones(1), quenching.on(np.zeros(1))
        trivial = isinstance(self.recoil_efficiency, Unity)
        efficiency = None if trivial or quantity != "nuclear-recoil" else self.recoil_efficiency
        response, limit = self.response, self._recoil_limit(process)
        if quenching is not self.quenching:
            response = self.wide_response
            if math.isfinite(response.energy_max_kevee):
                limit = response.energy_max_kevee
        nodes, weights = recoil_grid(
            self.source,
            self.material,
            quenching,
            response,
            efficiency=efficiency,
            maximum_kev=limit,  # recoils beyond a quenching model's validity are not followed
            steep=is_steep(process),
            kinematics=process.kinematics,
            seen_from_kevee=self.resolution.seen_from_kevee,
            steps_kev=self._binding_energies(process),
            panels=None if top_kev is None else octaves(min(top_kev, limit or top_kev)),
        )
        if efficiency is not None:
            weights = weights * efficiency(nodes)
        return nodes, weights, quenching.on(nodes)

    def _binding_energies(self, process: Interaction) -> tuple[float, ...]:
        """Recoil energies at which a process frees more electrons, keV; none for nuclei."""
        kinematics = process.kinematics
        if not isinstance(kinematics, DarkKinematics) or kinematics.recoiling_mev is None:
            return ()
        symbols = {n.symbol for n in self.whole_material.nuclides}
        return tuple({1e-3 * s.binding_ev for e in symbols for s in electron_shells(e)})

    def _recoil_limit(self, process: Interaction) -> float | None:
        """Largest recoil energy to follow: where the quenching model ends, if it acts and does."""
        if quantity_of(process) != "nuclear-recoil":
            return None
        limit = self.quenching.followed_to_kev
        return limit if math.isfinite(limit) else None
