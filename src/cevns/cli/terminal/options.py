"""Options that several commands share, and how their values are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.exceptions import InputError

if TYPE_CHECKING:
    from cevns.parameters import Parameters
    from cevns.study import Study

__all__ = [
    "SCALE",
    "AnyPoi",
    "Asimov",
    "Asked",
    "At",
    "DataFolder",
    "ExperimentNames",
    "Fix",
    "Free",
    "Json",
    "NewPhysics",
    "SetField",
    "changes",
    "fixed",
    "held",
    "question",
    "study",
    "widths",
]

ExperimentNames = Annotated[
    list[str],
    typer.Argument(
        metavar="EXPERIMENT",
        help="name from 'cevns list', or a YAML file; several are studied together",
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
AnyPoi = Annotated[
    str | None,
    typer.Option(
        "--poi",
        metavar="NAME",
        help="count (default), cross-section or sin2-theta-w; of several experiments "
        "cross-section-scale (default) or these",
    ),
]
NewPhysics = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="NAME",
        help="an interaction of 'cevns list interactions', several with +, your own FILE.py, or a "
        "FILE.yaml that adds components",
    ),
]
Free = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="a parameter of the model that is free, instead of --poi"),
]
At = Annotated[
    list[str] | None,
    typer.Option("--at", metavar="NAME=VALUE", help="hold a parameter of the model elsewhere"),
]
Asimov = Annotated[
    bool, typer.Option("--asimov", help="fit expected counts: precision and significance to expect")
]
SCALE = "cross-section-scale"


def study(
    names: Sequence[str],
    data: Path | None,
    set_field: Sequence[str] | None,
    model: str | None = None,
) -> Study:
    """The experiments of a command, with ``--data``, ``--set`` and ``--model`` applied.

    Raises:
        InputError: if ``--set`` is not KEY=VALUE; and as `cevns.load`.
    """
    from cevns.study import load

    return load(*names, data=data, overrides=changes(set_field), models=model)


@dataclass(frozen=True)
class Asked:
    """What the options of a command ask of a study.

    Args:
        study: of which.
        poi: ``--poi``.
        free: ``--free``.
        at: ``--at``, in internal units.
        fix: ``--fix``, likewise.
    """

    study: Study
    poi: str | None
    free: tuple[str, ...]
    at: Mapping[str, float]
    fix: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def asked(self) -> dict[str, Any]:
        """Arguments of the methods of a study."""
        return {"poi": self.poi, "free": self.free, "at": self.at, "fix": self.fix}

    @property
    def parameters(self) -> Parameters:
        """Parameters of the model that is asked for."""
        return self.study.model(self.poi, free=self.free, at=self.at).parameters


def question(
    study: Study,
    poi: str | None,
    free: Sequence[str] | None,
    at: Sequence[str] | None,
    fix: Sequence[str] | None,
) -> Asked:
    """The question of a command.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if an option cannot be read.
    """
    asked = Asked(study, poi, tuple(free or ()), held(study, at))
    return replace(asked, fix=fixed(asked.parameters, fix)) if fix else asked


def held(study: Study, texts: Sequence[str] | None) -> dict[str, float]:
    """The ``--at`` options: parameter of the interaction to value.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if one is not NAME=VALUE, or a value has another unit.
    """
    from cevns.cli.terminal.ranges import values
    from cevns.units import quantity

    out = {}
    for name, text in values(texts, "--at").items():
        p = study.couplings[name]
        try:
            out[p.name] = float(text)
        except ValueError:
            out[p.name] = quantity(text, p.unit, what=f"--at {p.name}")
    return out


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


def widths(asked: Asked, texts: Sequence[str] | None) -> list[tuple[str, float]]:
    """The ``--width`` options: parameter name and width of its constraint, a share of it for 5%.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if one is not NAME=ERROR, or there is one experiment.
    """
    from cevns.units import quantity

    if not texts:
        return []
    if len(asked.study.experiments) == 1 and (asked.poi or "").replace("_", "-") != SCALE:
        raise InputError(
            "--width is for joint fits; of one experiment, --set parameters.NAME.constraint"
        )
    parameters = asked.parameters
    out = []
    for text in texts:
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
