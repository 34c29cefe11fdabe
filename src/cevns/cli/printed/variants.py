"""Fits of a combination with each alternative of each choice in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cevns.cli.terminal.output import table
from cevns.exceptions import CevnsError

if TYPE_CHECKING:
    from rich.console import Console

    from cevns.analysis.studies.combined_fit import CombinedFit
    from cevns.inference import FittedParameter
    from cevns.study.combined_study import CombinedStudy

__all__ = ["Variant", "show_variants", "variants"]


@dataclass(frozen=True)
class Variant:
    """One alternative in place of the one that the fit has, everything else as it is.

    Args:
        choice: that is changed.
        alternative: that is taken.
        found: the joint fit, or why there is none.
    """

    choice: str
    alternative: str
    found: CombinedFit | str

    def record(self) -> dict[str, Any]:
        """Plain values; ``refused`` says why there is no fit."""
        record: dict[str, Any] = {"choice": self.choice, "alternative": self.alternative}
        if isinstance(self.found, str):
            return {**record, "refused": self.found}
        from cevns.analysis.measurement import short  # with NumPy, which the help does without

        fit = self.found.measurement.fit
        of_interest = {p.name: short(p) for p in self.found.of_interest}
        return {**record, "of_interest": of_interest, "chi2": fit.chi2, "ndof": fit.ndof}


def variants(
    study: CombinedStudy,
    opened: Callable[[str, str], CombinedStudy],
    fitted: Callable[[CombinedStudy], CombinedFit],
) -> Iterator[Variant]:
    """Fit each alternative that changes one of the sets, one at a time.

    Args:
        study: as it was fitted.
        opened: the same with another alternative of a choice.
        fitted: the joint fit of a study.
    """
    for choice, options in study.alternatives.items():
        for option in options:
            if option == study.choices[choice]:
                continue
            try:
                found: CombinedFit | str = fitted(opened(choice, option))
            except CevnsError as error:  # an alternative may not go with the model or another one
                found = str(error)
            yield Variant(choice, option, found)


def show_variants(
    console: Console,
    found: Sequence[Variant],
    name: str,
    written: Callable[[FittedParameter], str],
) -> None:
    """Print the first parameter of interest by alternative, and what was refused.

    Args:
        console: of the command.
        found: from `variants`.
        name: of the parameter.
        written: its value and errors.
    """
    out = table(f"{name} by alternative, one at a time", "choice", "alternative", name, "chi2",
                left=2)  # fmt: skip
    for v in found:
        if isinstance(v.found, str):
            out.add_row(v.choice, v.alternative, "refused", "")
            continue
        fit = v.found.measurement.fit
        out.add_row(v.choice, v.alternative, written(v.found.poi), f"{fit.chi2:.1f} / {fit.ndof}")
    console.print(out)
    for v in found:
        if isinstance(v.found, str):
            console.print(f"note: {v.choice}={v.alternative}: {v.found}", soft_wrap=True)
