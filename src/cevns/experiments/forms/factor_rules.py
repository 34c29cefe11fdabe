"""Rules on names, and those that join strengths, functions and correlations with parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cevns.experiments.forms.misfits import MisfitError
from cevns.experiments.forms.section import Component
from cevns.parameters import fold_name

__all__ = ["name_misfits", "strength_misfits"]


def strength_misfits(declared: Any) -> Iterator[MisfitError]:
    """What strengths, derived parameters and correlations of a file name and cannot.

    Args:
        declared: the file (`cevns.experiments.declaration.schema.ExperimentFile`).
    """
    if declared.monitors and declared.monitors not in declared.parameters:
        yield MisfitError(
            f"monitors: {declared.monitors!r} is no parameter of this file", "monitors"
        )
    used = [f for strength in declared.strengths.values() for f in strength]
    named, users = set[str](), dict[str, tuple[str, ...]]()
    for where, strength in declared.strengths.items():
        factors = {f for f in strength if isinstance(f, str)} - set(declared.derived)
        # a background may be a multiple of another: lines of known relative intensity
        multiple = factors & set(declared.backgrounds) if where[0] == "backgrounds" else set[str]()
        for other in sorted(multiple):
            further = {f for f in declared.backgrounds[other].strength if isinstance(f, str)}
            if further & set(declared.backgrounds):
                yield MisfitError(
                    f"{'.'.join(where)}: {other!r} is itself proportional to another "
                    "background; name that one",
                    *where,
                )
        named |= factors - multiple
        users = dict.fromkeys(factors, where) | users
    functions = [f for f in (*used, *declared.derived.values()) if isinstance(f, Component)]
    acting_on_signal = set(declared.acting_on("signal", "flux"))
    arguments = {v for f in functions for v in f.fields.values() if isinstance(v, str)}
    arguments = arguments - set(declared.derived) | set(declared.slopes.values())
    for stage, needed, user, missing in (
        ("component", named, "strength", "no 'strength' has it"),
        ("function", arguments, "function", "no function has it as its 'parameter'"),
    ):
        acting = set(declared.acting_on(stage))
        for name in sorted(acting - needed):
            yield MisfitError(
                f"the parameter {name!r} acts on a {stage}, but {missing}", "parameters", name
            )
        if stage == "component":  # what multiplies CEvNS may multiply others too
            acting |= acting_on_signal
        for name in sorted(needed - acting):
            yield MisfitError(
                f"the parameter {name!r} is used by a {user}, but it is not declared with "
                f"'acts_on: {stage}'",
                *users.get(name, ()),
            )
    for name in declared.derived:
        if name in declared.parameters:
            yield MisfitError(
                f"{name!r} is derived and cannot also be a parameter of the file; remove one",
                "parameters",
                name,
            )
    for where, strength in declared.strengths.items():
        names = [f for f in strength if isinstance(f, str)]
        twice = [n for n in names if names.count(n) > 1]
        if where == ("strength",):
            twice += [n for n in names if n in acting_on_signal]
        if twice:
            yield MisfitError(
                f"{'.'.join(where)}: {twice[0]!r} would multiply it twice; remove one"
                + (" (it acts on the signal already)" if twice[0] in acting_on_signal else ""),
                *where,
            )
    released = declared.signal is not None and [
        name for name, entry in declared.components.items() if entry.interaction is None
    ]
    if released:
        yield MisfitError(
            "components: the released 'signal' contains CEvNS of all sources, and "
            f"{released[0]!r} "
            "would be counted again; give it its own interaction, or remove it",
            "components",
            released[0],
        )
    taken = [n for c in declared.correlations for n in c.parameters]
    for k, correlated in enumerate(declared.correlations):
        for name in correlated.parameters:
            if taken.count(name) > 1:
                yield MisfitError(
                    f"correlations: {name!r} is given twice; give one covariance for all",
                    "correlations",
                    k,
                )
            entry, background = declared.parameters.get(name), declared.backgrounds.get(name)
            measured = entry is not None and entry.constraint is not None
            if not (measured or (background and background.constrained)):
                yield MisfitError(
                    f"correlations: {name!r} is not a parameter or background with a "
                    "constraint whose mean was measured",
                    "correlations",
                    k,
                )


def name_misfits(declared: Any) -> Iterator[MisfitError]:
    """Names of backgrounds, components and parameters that are not valid, or used twice.

    Args:
        declared: the file (`cevns.experiments.declaration.schema.ExperimentFile`).
    """
    taken = {"cevns": "the signal", "cross_section": "a parameter of interest"}
    kinds: dict[str, Mapping[str, Any]] = {
        "background": declared.backgrounds,
        "component": declared.components,
        "parameter": declared.parameters,
    }
    for kind, names in kinds.items():
        for name in names:
            place, folded = (f"{kind}s", name), fold_name(name)
            if not re.fullmatch(r"[A-Za-z][\w.-]*", name):
                said = f"{name!r} is not a valid name of a {kind}: use letters, digits, _ . -"
                yield MisfitError(said, *place)
            if folded in taken:
                yield MisfitError(
                    f"the {kind} {name!r} has the same name as {taken[folded]}", *place
                )
            taken[folded] = f"a {kind}"
