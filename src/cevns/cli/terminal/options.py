"""Options that several commands share: records of what is studied and asked."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from cevns.cli.terminal.completion import COUPLINGS, EXPERIMENTS, FORM_FACTORS, INTERACTIONS, POIS
from cevns.cli.terminal.own_inputs import keep_inputs
from cevns.exceptions import InputError
from cevns.registry import canonical

if TYPE_CHECKING:
    from cevns.analysis.fog import FogCase, RecoilWindow
    from cevns.analysis.measurement import Measurement
    from cevns.nuclear.materials import Material
    from cevns.parameters import Parameter, Parameters
    from cevns.study import Study

__all__ = [
    "Asimov",
    "Asked",
    "At",
    "Couplings",
    "DataFolder",
    "Fitting",
    "Fix",
    "FormFactor",
    "NewPhysics",
    "Opened",
    "Placed",
    "SetField",
    "SkyPhysics",
    "at_values",
    "changes_of",
    "combined",
    "fixed",
    "number",
    "spread",
    "widths",
]

DataFolder = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="folder of the public release, or its parent"),
]
NewPhysics = typer.Option(
    metavar="NAME",
    help="an interaction of 'cevns list interactions', several with +, your own FILE.py, or a "
    "FILE.yaml that adds components",
    autocompletion=INTERACTIONS,
)
Couplings = Annotated[
    str,
    typer.Option(
        "--couplings",
        metavar="NAME",
        help="see 'cevns list couplings'",
        autocompletion=COUPLINGS,
    ),
]
FormFactor = Annotated[
    str,
    typer.Option(
        "--form-factor",
        metavar="NAME",
        help="see 'cevns list form-factors'",
        autocompletion=FORM_FACTORS,
    ),
]
At = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="hold a parameter of the model at a value"),
]
Fix = Annotated[
    list[str] | None, typer.Option(metavar="NAME[=VALUE]", help="hold a parameter in the fit")
]
Asimov = Annotated[
    bool, typer.Option("--asimov", help="fit expected counts: expected precision and significance")
]


SetField = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="change a field of the experiment file; for one of several NAME:KEY=VALUE",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """What is studied.

    Args:
        experiment: names and paths.
        set_field: ``--set``.
        data: ``--data``.
    """

    experiment: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT",
            help="name from 'cevns list', or a YAML file; several are combined",
            autocompletion=EXPERIMENTS,
        ),
    ]
    set_field: SetField = None
    data: DataFolder = None

    def open(self, model: str | None = None) -> Study:
        """The experiments, with new physics where it is named.

        Raises:
            InputError: if ``--set`` is not KEY=VALUE; and as `cevns.load`.
        """
        from cevns.study import load

        return load(*self.experiment, data=self.data, overrides=self._changes, models=model)

    def plain(self, model: str) -> Study:
        """The experiments as `open` has them, without the new physics and changes of it."""
        from cevns.study import load
        from cevns.study.opening import of_models

        own, _ = of_models(self._changes, model)
        return load(*self.experiment, data=self.data, overrides=own)

    @property
    def _changes(self) -> dict[str, str]:
        return changes_of(self.set_field)


@dataclass(frozen=True, kw_only=True)
class Placed(Opened):
    """What is studied, with new physics, and at which couplings.

    Args:
        model: ``--model``.
        at: ``--at``.
    """

    model: Annotated[str | None, NewPhysics] = None
    at: At = None

    @cached_property
    def study(self) -> Study:
        """The experiments with their new physics."""
        return self.open(self.model)

    @cached_property
    def values(self) -> dict[str, float]:
        """Couplings that are held, in internal units."""
        return at_values(self.study, self.at)


@dataclass(frozen=True, kw_only=True)
class Asked(Placed):
    """What is asked of a study.

    Args:
        poi: ``--poi``.
        free: ``--free``.
        fix: ``--fix``.
    """

    poi: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="count (default), cross-section, flux or sin2-theta-w; of several experiments "
            "cross-section-scale (default) or these",
            autocompletion=POIS,
        ),
    ] = None
    free: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="a free parameter of the model, instead of --poi"),
    ] = None
    fix: Fix = None

    @cached_property
    def parameters(self) -> Parameters:
        """Parameters of the model that is asked for."""
        return self.study.model(self.poi, free=self.free or (), at=self.values).parameters

    @property
    def question(self) -> dict[str, Any]:
        """Arguments of the methods of a study."""
        held = fixed(self.parameters, self.fix) if self.fix else {}
        return {"poi": self.poi, "free": self.free or (), "at": self.values, "fix": held}

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of the parameters that a fit moves, which are those that its figures show."""
        held = self.question["fix"]
        return tuple(p.name for p in self.parameters if not p.fixed and p.name not in held)


@dataclass(frozen=True, kw_only=True)
class Fitting(Asked):
    """What a fit takes.

    Args:
        asimov: ``--asimov``.
        minos: ``--minos``.
        gof_toys: ``--gof-toys``.
        width: ``--width``.
    """

    asimov: Asimov = False
    minos: Annotated[
        str, typer.Option(metavar="WHICH", help="MINOS errors of: poi, all or none")
    ] = "poi"
    gof_toys: Annotated[
        int,
        typer.Option("--gof-toys", metavar="N", min=0, help="toys for a goodness-of-fit p-value"),
    ] = 0
    width: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ERROR",
            help="for several experiments: repeat the fit with this uncertainty of a parameter",
        ),
    ] = None

    @property
    def choices(self) -> dict[str, Any]:
        """Arguments of a fit beside those of the question."""
        return {
            "asimov": self.asimov,
            "minos": self.minos,
            "gof_toys": self.gof_toys,
            "widths": widths(self, self.width),
        }

    def fit(self) -> Measurement:
        """The fit.

        Raises:
            InputError, FitError: as `cevns.Study.fit`.
        """
        return self.study.fit(**self.question, **self.choices)


@dataclass(frozen=True, kw_only=True)
class SkyPhysics:
    """Dark matter, neutrinos of the sky and how both scatter, with the conventions of the fog.

    Args:
        halo: ``--halo``.
        fluxes: ``--fluxes``.
        couplings: ``--couplings``.
        form_factor: ``--form-factor``.
        axial: ``--axial``.
    """

    halo: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="fog, shm, recommended-2021 or shm++, and numbers: shm,v0=235,density=0.4",
        ),
    ] = "fog"
    fluxes: Annotated[
        str,
        typer.Option(
            metavar="NAME|CSV[:SET]", help="fog, sno-8b, b16-gs98, b16-agss09met or your own table"
        ),
    ] = "fog"
    couplings: Couplings = "tree-lowE"
    form_factor: FormFactor = "helm"
    axial: Annotated[bool, typer.Option(help="include the axial part of CEvNS")] = False

    def case(self, target: Material, window: RecoilWindow, **more: Any) -> FogCase:
        """A target in the fog.

        Args:
            target: from `cevns.analysis.fog.fog_target`.
            window: of the recoil energies.
            more: further arguments of `FogCase`, which have the last word.

        Raises:
            InputError: if a name or number cannot be read; and as `FogCase`.
        """
        from cevns.analysis.fog import FogCase, SkyNeutrinos
        from cevns.sources.beams.dark_halo import read_halo

        own: dict[str, Any] = {
            "halo": read_halo(self.halo),
            "neutrinos": SkyNeutrinos(self.fluxes),
            "couplings": self.couplings,
            "form": self.form_factor,
            "axial": self.axial,
        }
        return FogCase(target, window=window, **(own | more))


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """A command with the fields of its records as options.

    Typer reads options off the arguments of a function. Where an argument of `command` is annotated
    with a dataclass, the fields of that take its place, and the record is made when it is called.
    Before that, outputs are refused that would replace what the command reads.
    """
    options: list[inspect.Parameter] = []
    records: dict[str, tuple[Callable[..., Any], list[str]]] = {}
    hints = get_type_hints(command, include_extras=True)
    for argument in inspect.signature(command).parameters.values():
        record, own, types = hints[argument.name], [argument], hints
        if isinstance(record, type) and is_dataclass(record):
            own = list(inspect.signature(record).parameters.values())
            types = get_type_hints(record, include_extras=True)
            records[argument.name] = record, [p.name for p in own]
        options += [p.replace(kind=p.KEYWORD_ONLY, annotation=types[p.name]) for p in own]

    # what every command has comes last in its help
    options.sort(key=lambda p: p.name in ("set_field", "data", "json"))

    def run(**given: Any) -> None:
        keep_inputs(given)
        for name, (record, names) in records.items():
            given[name] = record(**{n: given.pop(n) for n in names})
        command(**given)

    run.__doc__ = command.__doc__
    run.__annotations__ = {p.name: p.annotation for p in options}
    run.__signature__ = inspect.Signature(options)  # type: ignore[attr-defined]
    return run


def changes_of(texts: Sequence[str] | None) -> dict[str, str]:
    """The ``--set`` options: fields and their values as text.

    Raises:
        InputError: if one is not KEY=VALUE.
    """
    return _pairs(texts, "--set", "KEY=VALUE, for example target.mass='20 kg'")


def _pairs(texts: Sequence[str] | None, option: str, how: str) -> dict[str, str]:
    """Options of the form NAME=VALUE, values still as text.

    Raises:
        InputError: saying how to write one that is not.
    """
    out = {}
    for text in texts or ():
        name, _, value = (part.strip() for part in text.partition("="))
        if not name or not value:
            raise InputError(f"{option} {text}: write {how}")
        out[name] = value
    return out


def number(text: str, parameter: Parameter, option: str) -> float:
    """The value that an option gives a parameter, a number or a quantity with a unit.

    Raises:
        InputError: if it is neither, or not finite.
        UnitError: if a unit is not that of the parameter.
    """
    from cevns.units import quantity

    what = f"{option} {parameter.name}"
    try:
        value = float(text)
    except ValueError:
        return quantity(text, parameter.unit, what=what)
    if not math.isfinite(value):
        raise InputError(f"{what}: {text!r} is not a finite number")
    return value


def combined(
    name: str,
    members: Sequence[str],
    left_out: Sequence[str],
    choices: Sequence[str] | None,
    changes: Sequence[str] | None,
) -> tuple[str, dict[str, str]]:
    """Name and changed fields of a combination with the members and alternatives of options.

    Args:
        name: of the combination, or its file, or members of the shipped one.
        members: by name; the usual ones where there are none.
        left_out: of these.
        choices: ``--choose``.
        changes: ``--set``.

    Raises:
        InputError: if an option is not NAME=VALUE, or a choice has two alternatives.
    """
    from cevns.experiments.declaration.combination import CHOICE, SHIPPED, spelled

    name = spelled(name)
    picked = [*members, *(f"-{name}" for name in left_out)]
    how = "NAME=ALTERNATIVE, for example apv-amplitude=sahoo-2021"
    chosen: dict[str, str] = {}
    for text in choices or ():
        ((choice, option),) = _pairs([text], "--choose", how).items()
        if chosen.setdefault(canonical(choice), option) != option:
            raise InputError(
                f"--choose {text}: {choice} is {chosen[canonical(choice)]} already; one "
                "alternative of a choice holds in a fit"
            )
    overrides = {
        **{f"{CHOICE}{name}": option for name, option in chosen.items()},
        **_pairs(changes, "--set", "KEY=VALUE, for example conus-plus-2025:predicted=347"),
    }
    between = "," if name.startswith(f"{SHIPPED}:") else ":"
    return f"{name}{between}{','.join(picked)}" if picked else name, overrides


def at_values(study: Study, texts: Sequence[str] | None) -> dict[str, float]:
    """The ``--at`` options: parameter of the interaction to value.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if one is not NAME=VALUE, or a value has another unit.
    """
    out = {}
    for name, text in _pairs(texts, "--at", "NAME=VALUE").items():
        p = study.couplings[name]
        out[p.name] = number(text, p, "--at")
    return out


def fixed(parameters: Parameters, texts: Sequence[str] | None) -> dict[str, float | None]:
    """The ``--fix`` options: parameter name to value, None where it is held as it is.

    Raises:
        UnknownNameError: if a parameter does not exist.
        InputError: if a value is no number (or quantity in the parameter's unit).
    """
    out: dict[str, float | None] = {}
    for text in texts or ():
        name, equal, value = text.partition("=")
        p = parameters[name.strip()]
        out[p.name] = number(value, p, "--fix") if equal else None
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
    several = len(asked.study.experiments) > 1
    if not several and (asked.poi or "").replace("_", "-") != "cross-section-scale":
        raise InputError(
            "--width applies to joint fits; for one experiment use --set parameters.NAME.constraint"
        )
    out = []
    # one parameter may have several widths
    for text in texts:
        ((name, value),) = _pairs([text], "--width", "NAME=ERROR, for example sns.flux=5%").items()
        p = asked.parameters[name]
        what = f"--width {p.name}"
        if value.endswith("%"):
            out.append((p.name, quantity(value[:-1], "", what=what) / 100.0 * abs(p.value)))
        else:
            out.append((p.name, quantity(value, p.unit, what=what)))
            if p.value and not p.unit and out[-1][1] >= abs(p.value):
                raise InputError(f"{what}: an error of {value} on {p.value:g}; write {value}%?")
    return out
