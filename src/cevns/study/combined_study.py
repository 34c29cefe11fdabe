"""A named combination of experiments: a study that knows its sets of data and its choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cevns import analysis
from cevns.analysis.question import requested
from cevns.study.outlook import tiny_is_zero
from cevns.study.study import Study

__all__ = ["CombinedStudy"]


@dataclass(frozen=True, eq=False, repr=False)
class CombinedStudy(Study):
    """A combination; ``cevns.load("global")`` opens the shipped one.

    Args:
        experiments: experiments of the combination.
        models: new physics in the interaction of all experiments.
        label: its name.
        heading: its title.
        sets: short names of the data sets, with the experiment or external measurement of each.
        choices: the selected alternatives, by the names of the choices.
        alternatives: alternatives of each choice that changes a data set, the usual one first.
    """

    sets: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    alternatives: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def combination(self) -> dict[str, Any]:
        """Name, choices and data sets, as contained in every result."""
        return {"combination": self.name, "choices": dict(self.choices), "sets": dict(self.sets)}

    @property
    def unusual(self) -> dict[str, str]:
        """Selected alternatives that are not the usual ones, if they change its data sets."""
        usual = {name: options[0] for name, options in self.alternatives.items()}
        return {n: self.choices[n] for n, first in usual.items() if self.choices[n] != first}

    def provenance(self) -> dict[str, Any]:
        """As for several experiments, and the name of the combination and its choices."""
        return {**super().provenance(), **self.combination}

    @tiny_is_zero()
    def combine(
        self,
        *free: str,
        at: Mapping[str, float] | None = None,
        fix: Mapping[str, float | None] | None = None,
        asimov: bool = False,
        each: bool = True,
    ) -> analysis.CombinedFit:
        """Fit all sets of data together, each alone and all without it.

        Args:
            free: parameters of interest; ``sin2_theta_w`` by default.
            at: values of other parameters of the interaction.
            fix: parameters of the model to fix.
            asimov: fit the expected counts.
            each: also fit each data set alone and all others, which the tension needs.

        Raises:
            UnknownNameError: if a name is unknown.
            InputError: if there are no data, or no data set depends on a parameter.
            FitError: if the joint fit does not converge.

        Examples:
            >>> import cevns
            >>> found = cevns.load("global:csi,ge-2024").combine()
            >>> round(found.poi.value, 3), found.goodness.ndof
            (0.211, 1)
        """
        asked = requested(None, free or ("sin2_theta_w",), at, fix)
        return analysis.combined_fit(
            *self.experiments, request=asked, sets=self.sets, use_asimov=asimov, each=each
        )
