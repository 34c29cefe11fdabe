"""Fits of a combination with each alternative of each choice in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cevns import analysis
from cevns.analysis.coupling_families import Physics
from cevns.analysis.measurement import short
from cevns.exceptions import CevnsError, InputError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.combination import CHOICE
from cevns.records import Result
from cevns.study.combined_study import CombinedStudy
from cevns.study.opening import load

__all__ = ["Variant", "load_combination", "variants"]


@dataclass(frozen=True)
class Variant(Result):
    """A fit with one alternative exchanged and everything else unchanged.

    Args:
        choice: the choice that is changed.
        alternative: its alternative in this fit.
        found: the joint fit, or the reason why there is none.
    """

    choice: str
    alternative: str
    found: analysis.CombinedFit | str

    def to_dict(self) -> dict[str, Any]:
        """Plain values; ``refused`` gives the reason if there is no fit."""
        record: dict[str, Any] = {"choice": self.choice, "alternative": self.alternative}
        if isinstance(self.found, str):
            return {**record, "refused": self.found}
        fit = self.found.measurement.fit
        of_interest = {p.name: short(p) for p in self.found.of_interest}
        return {**record, "of_interest": of_interest, "chi2": fit.chi2, "ndof": fit.ndof}


def load_combination(
    name: str | Path,
    *,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    models: Physics | None = None,
) -> CombinedStudy:
    """Open a combination, with arguments as in `cevns.load`.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if it is not a combination, or as in `cevns.load`.
    """
    study = load(name, data=data, overrides=overrides, models=models)
    if not isinstance(study, CombinedStudy):
        raise InputError(f"{name} is an experiment, not a combination; fit it with 'cevns fit'")
    return study


def variants(
    name: str | Path,
    *free: str,
    data: str | Path | None = None,
    overrides: Mapping[str, str] | None = None,
    models: Physics | None = None,
    at: Mapping[str, float] | None = None,
    fix: Mapping[str, float | None] | None = None,
    asimov: bool = False,
) -> tuple[Variant, ...]:
    """Fit a combination with each alternative that changes one of its data sets, one at a time.

    Args:
        name: name of the combination, as in `cevns.load`.
        free: parameters of interest; ``sin2_theta_w`` by default.
        data: folder of public releases.
        overrides: changed fields; choices among them apply unless they are the one that is varied.
        models: new physics.
        at: values of other parameters of the interaction.
        fix: parameters of the model to fix.
        asimov: fit the expected counts.

    Returns:
        The joint fits. If an alternative is incompatible with the model or with another
        alternative, the variant contains the reason.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if it is not a combination.

    Examples:
        >>> found = variants("global:ge-2024", overrides={"choose.couplings": "tree-level"})
        >>> [v.alternative for v in found if v.choice == "couplings"]
        ['flavour-dependent', 'common']
    """
    changes = loader.texts(overrides)
    study = load_combination(name, data=data, overrides=changes, models=models)
    out = []
    for choice, options in study.alternatives.items():
        key = f"{CHOICE}{choice}"
        for option in options:
            if option == study.choices[choice]:
                continue
            try:
                other = load_combination(
                    name, data=data, overrides={**changes, key: option}, models=models
                )
                found: analysis.CombinedFit | str = other.combine(
                    *free, at=at, fix=fix, asimov=asimov, each=False
                )
            except CevnsError as error:
                found = str(error)
            out.append(Variant(choice, option, found))
    return tuple(out)
