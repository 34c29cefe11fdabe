"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.experiments import Experiment
    from cevns.parameters import Parameters

ExperimentName = Annotated[
    str, typer.Argument(metavar="EXPERIMENT", help="name from 'cevns list', or a YAML file")
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
    typer.Option("--set", metavar="KEY=VALUE", help="change a field of the experiment file"),
]
Fix = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="NAME[=VALUE]", help="hold a parameter in the fit"),
]
Poi = Annotated[
    str, typer.Option("--poi", metavar="NAME", help="count, cross-section or sin2-theta-w")
]
Engine = Annotated[str, typer.Option("--engine", metavar="NAME", help="numpy or jax")]


def load(name: str, data: Path | None, set_field: Sequence[str] | None) -> Experiment:
    """The experiment of a command, with ``--data`` and ``--set`` applied.

    Raises:
        InputError: if ``--set`` is not KEY=VALUE; and as `cevns.load`.
    """
    from cevns.experiments import load as load_experiment

    overrides = {}
    for text in set_field or ():
        key, separator, value = text.partition("=")
        if not separator or not key.strip() or not value.strip():
            raise InputError(f"--set {text}: write KEY=VALUE, for example target.mass='20 kg'")
        overrides[key.strip()] = value.strip()
    return load_experiment(name, data=data, overrides=overrides)


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
