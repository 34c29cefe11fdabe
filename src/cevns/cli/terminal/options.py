"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.experiments import Experiment, JointExperiment
    from cevns.parameters import Parameters

__all__ = [
    "AnyPoi",
    "DataFolder",
    "ExperimentName",
    "ExperimentNames",
    "Fix",
    "Json",
    "Poi",
    "SetField",
    "changes",
    "fixed",
    "load",
    "load_any",
    "widths",
]

ExperimentName = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="name from 'cevns list', or a YAML file")
]
ExperimentNames = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPERIMENT",
        help="name from 'cevns list', or a YAML file; several are fitted together",
    ),
]
Json = Annotated[
    str | None, typer.Option("--json", metavar="PATH|-", help="write JSON; - is standard output")
]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="folder of the public release, or its parent"),
]
SetField = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="change a field of the experiment file; of one of several NAME:KEY=VALUE",
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="NAME[=VALUE]", help="hold a parameter in the fit"),
]
Poi = Annotated[
    str, typer.Option("--poi", metavar="NAME", help="count, cross-section or sin2-theta-w")
]
AnyPoi = Annotated[
    str | None,
    typer.Option(
        "--poi",
        metavar="NAME",
        help="count (default), cross-section or sin2-theta-w; of several experiments "
        "cross-section-scale (default) or these",
    ),
]


def load(name: str, data: Path | None, set_field: Sequence[str] | None) -> Experiment:
    """The experiment of a command, with ``--data`` and ``--set`` applied.

    Raises:
        InputError: if ``--set`` is not KEY=VALUE; and as `cevns.load`.
    """
    from cevns.experiments import load as load_experiment

    return load_experiment(name, data=data, overrides=changes(set_field))


def load_any(
    names: Sequence[str], data: Path | None, set_field: Sequence[str] | None, poi: str | None
) -> tuple[Experiment | JointExperiment, str]:
    """One experiment or several, and the question: that asked, or the usual one.

    Raises:
        InputError: as `load` and `cevns.load_joint`.
    """
    from cevns.experiments.joint import SCALE_QUESTION, load_joint
    from cevns.registry import canonical

    if len(names) == 1 and (poi is None or canonical(poi) != SCALE_QUESTION):
        return load(names[0], data, set_field), poi or "count"
    return load_joint(names, data=data, overrides=changes(set_field)), poi or SCALE_QUESTION


def changes(set_field: Sequence[str] | None) -> dict[str, str]:
    """The ``--set`` options: field to value.

    Raises:
        InputError: if one is not KEY=VALUE.
    """
    overrides = {}
    for text in set_field or ():
        key, separator, value = text.partition("=")
        if not separator or not key.strip() or not value.strip():
            raise InputError(f"--set {text}: write KEY=VALUE, for example target.mass='20 kg'")
        overrides[key.strip()] = value.strip()
    return overrides


def fixed(parameters: Parameters, texts: Sequence[str] | None) -> dict[str, float | None]:
    """The ``--fix`` options: parameter name to value, None where it is held as it is.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if a value is no number (or quantity in the parameter's unit).
    """
    from cevns.units import quantity

    out: dict[str, float | None] = {}
    for text in texts or ():
        name, separator, value = text.partition("=")
        parameter = parameters[name.strip()]
        if not separator:
            out[parameter.name] = None
            continue
        what = f"--fix {parameter.name}"
        try:
            number = float(value)
        except ValueError:
            number = quantity(value, parameter.unit, what=what)
        if number != number or number in (float("inf"), float("-inf")):
            raise InputError(f"{what}: {value!r} is not a finite number")
        out[parameter.name] = number
    return out


def widths(parameters: Parameters, texts: Sequence[str] | None) -> list[tuple[str, float]]:
    """The ``--width`` options: parameter name and width of its constraint, a share of it for 5%.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if one is not NAME=ERROR.
    """
    from cevns.units import quantity

    out = []
    for text in texts or ():
        name, separator, value = (s.strip() for s in text.partition("="))
        if not separator or not value:
            raise InputError(f"--width {text}: write NAME=ERROR, for example sns.flux=5%")
        p = parameters[name]
        what = f"--width {p.name}"
        if value.endswith("%"):
            out.append((p.name, quantity(value[:-1], "", what=what) / 100.0 * abs(p.value)))
        else:
            out.append((p.name, quantity(value, p.unit, what=what)))
            if p.value and not p.unit and out[-1][1] >= abs(p.value):
                raise InputError(f"{what}: an error of {value} on {p.value:g}; write {value}%?")
    return out
