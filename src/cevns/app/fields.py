"""The sliders of an experiment: what of it can be moved, from where to where."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from cevns.app.state import StateError
from cevns.exceptions import CevnsError
from cevns.experiments.experiment import Experiment
from cevns.parameters import Parameter
from cevns.typing import Array
from cevns.units import quantity

__all__ = ["THRESHOLD", "Field", "of_file", "of_parameter", "of_threshold", "unique_names"]

Kind = Literal["file", "parameter", "structural", "bins"]
THRESHOLD = "threshold"
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*([^\d\s].*)?")
_SECTIONS = ("live_time", "target", "source", "detector")
_LONGEST = 6
"""Numbers of a list that have a slider each; a longer one is a table."""
_PULLS = 4.0
"""Widths of its constraint that a slider goes to either side."""
_STEPS = 10.0
"""Typical steps that the slider of a free parameter goes to either side."""


@dataclass(frozen=True)
class Field:
    """A slider.

    Args:
        name: in the address.
        kind: ``file`` for a field of the experiment file, ``parameter`` of the model,
            ``structural`` for what changes shapes, ``bins`` for what leaves bins out.
        group: under which heading it stands.
        title: what it is, in a few words.
        value: where the experiment has it.
        unit: of all its numbers.
        low: where the slider begins.
        high: where it ends.
        step: of the keyboard.
        lower: the least value that may be written.
        upper: the largest one.
        log: whether the slider is divided in the logarithm.
        zero: whether its first place is zero, below `low`.
        at: place in the file, or name of the parameter.
        also: further places in the file that move with it.
        stops: the only values that it has, where it has such.
        prior: what is known of it before a fit, for the page.
        pull: whether it counts standard deviations of its constraint.
    """

    name: str
    kind: Kind
    group: str
    title: str
    value: float
    unit: str
    low: float
    high: float
    step: float
    lower: float = -math.inf
    upper: float = math.inf
    log: bool = False
    zero: bool = False
    at: str = ""
    also: tuple[str, ...] = ()
    stops: tuple[float, ...] = ()
    prior: str = ""
    pull: bool = False

    def changes(self, value: float) -> dict[str, str]:
        """A value of it as changed fields of the file."""
        text = f"{value!r} {self.unit}".strip()
        return dict.fromkeys((self.at, *self.also), text)

    def read(self, text: str) -> float:
        """A value of it, a number or, of a field with a unit, a quantity.

        Raises:
            StateError: if it is none, has no unit or another one, or lies outside the bounds.
        """
        plain = text.strip()
        if self.unit and plain.endswith(self.unit):  # which may begin with a number itself
            plain = plain.removesuffix(self.unit).strip()
        try:
            value = float(plain)
        except ValueError:
            match = _NUMBER.fullmatch(text.strip())
            if match is None:
                raise StateError(self.name, f"{text!r} is not a number") from None
            number, unit = match.groups()
            if (unit or "").replace(" ", "") == self.unit.replace(" ", ""):
                value = float(number)
            else:
                try:
                    value = quantity(text, self.unit, what="value")
                except CevnsError as error:
                    said = str(error).removeprefix("value: ")
                    raise StateError(self.name, said) from None
        else:
            if self.unit and math.isfinite(value) and plain == text.strip():
                raise StateError(self.name, f"{text} has no unit; write {text} {self.unit}")
        if not math.isfinite(value):
            raise StateError(self.name, f"{text!r} is not a finite number")
        if not self.lower <= value <= self.upper:
            bounds = f"{self.lower:g} to {self.upper:g} {self.unit}".rstrip()
            said = f"{value:g} {self.unit}".rstrip()
            raise StateError(self.name, f"{said} lies outside of {bounds}")
        if self.stops:
            near = min(self.stops, key=lambda stop: abs(stop - value))
            if not math.isclose(near, value, rel_tol=1e-9, abs_tol=1e-12):
                raise StateError(
                    self.name,
                    f"{value:g} {self.unit} is no edge of a bin; the nearest one is "
                    f"{near:g} {self.unit}",
                )
            value = near
        return value

    def record(self) -> dict[str, Any]:
        """What the page needs to know."""
        out = {k: v for k, v in vars(self).items() if k not in ("at", "also")}
        for end in ("lower", "upper"):
            if not math.isfinite(out[end]):
                out[end] = None
        return {**out, "stops": list(self.stops)}


def of_file(experiment: Experiment) -> Iterator[Field]:
    """Numbers of the file that can be moved: of source, target, detector and exposure.

    What channels have of their own is moved there, in all at once that have the same section and
    the same backgrounds: those of one detector with the source on and off.
    """
    values = experiment.document.values
    channels = {n: c for n, c in (values.get("channels") or {}).items() if isinstance(c, dict)}
    own = {key for entry in channels.values() for key in entry} & {"target", "detector"}
    for section in _SECTIONS:
        if section in values and section not in own:
            for field in _numbers(values[section], section, section):
                yield _with_power(field, values["source"])
    for name, entry in channels.items():
        if "exposure" in entry:
            yield from _numbers(entry["exposure"], f"channels.{name}.exposure", "exposure")
        for section in ("target", "detector"):
            if section not in entry:
                continue
            own_of = entry[section], entry.get("backgrounds")
            alike = [
                n for n, e in channels.items() if (e.get(section), e.get("backgrounds")) == own_of
            ]
            if alike[0] == name:
                for field in _numbers(entry[section], f"channels.{name}.{section}", section):
                    places = (field.at.replace(f".{name}.", f".{n}.", 1) for n in alike[1:])
                    title = field.title.replace(name, ", ".join(alike), 1)
                    yield replace(field, title=title, also=tuple(places))


def _with_power(field: Field, source: dict[str, Any]) -> Field:
    """A field of the file; what its power is, thermal or of the beam, depends on the source."""
    if not field.at.startswith("source.power"):
        return field
    return replace(field, title=field.title.replace("power", _POWERS.get(source["kind"], "power")))


_LEFT_OUT = frozenset(
    {"kind", "variations", "valid", "file", "fractions", "z", "a", "material", "composition"}
)


def _numbers(node: Any, at: str, section: str) -> Iterator[Field]:
    """Fields of all numbers below a place in the file."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in _LEFT_OUT:
                yield from _numbers(value, f"{at}.{key}", section)
    elif isinstance(node, list):
        if len(node) <= _LONGEST:
            for number, value in enumerate(node):
                yield from _numbers(value, f"{at}.{number}", section)
    elif isinstance(node, int | float | str) and not isinstance(node, bool):
        match = _NUMBER.fullmatch(str(node).strip())
        if match is None or any(sign in str(node) for sign in ("+/-", "±", "+-")):
            return
        value, unit = float(match[1]), (match[2] or "").strip()
        if value == 0.0 or not math.isfinite(value):
            return  # nothing says how far it may be moved
        in_detector = section == "detector"
        low, high = sorted((0.5 * value, 1.5 * value)) if in_detector else (0.1 * value, 10 * value)
        bounds = (1e-3 * value, 1e3 * value) if value > 0 else (-math.inf, math.inf)
        yield Field(
            at,
            "file",
            "detector" if in_detector else "experiment",
            _said(at),
            value,
            unit,
            _short(low),
            _short(high),
            _round(abs(value) / 100.0),
            *bounds,
            log=not in_detector and value > 0,
            at=at,
        )


_TERMS = {
    "beam_energy": "integrated beam energy",
    "protons": "protons on target",
    "yield_per_flavour": "neutrinos per proton and flavour",
    "pulse_sigma": "standard deviation of the pulse",
    "fwhm": "full width at half maximum",
    "electrons_per_kev": "electrons per keV",
    "shape_per_kevee": "shape per keVee",
    "k": "Lindhard k",
}
"""Terms of the field where a field of the file has a shorter name."""
_POWERS = {"reactor": "thermal power", "spent-fuel": "thermal power", "stopped-pion": "beam power"}
"""What the power of a source is, by its kind."""


def _said(at: str) -> str:
    """A place in the file in words: ``efficiency, energy: coefficient 3``."""
    words = [_TERMS.get(w, w.replace("_", " ")) for w in at.split(".")]
    if words[0] == "channels" and words[-1] == "exposure":
        words[-1] = "exposure relative to that of the file"
    if words[-1].isdecimal():
        words[-2:] = [f"{_singular(words[-2])} {int(words[-1]) + 1}"]
    if words[0] == "channels":
        words = [words[1], *(w for w in words[2:] if w not in ("target", "detector"))]
    elif len(words) > 1:
        words = words[1:] if words[0] == "detector" else words[-1:]
    return ": ".join([part for part in (", ".join(words[:-1]), words[-1]) if part])


def _singular(word: str) -> str:
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


def of_parameter(p: Parameter, *, structural: bool = False) -> Field:
    """The slider of a parameter, by its constraint, its natural range or its typical size."""
    low, high, log = _range(p)
    low, high = max(low, p.lower), min(high, p.upper)
    group = "couplings" if p.role == "poi" or structural else "nuisances"
    return Field(
        p.name,
        "structural" if structural else "parameter",
        group,
        p.description or p.name,
        p.value,
        p.unit,
        _short(low),
        _short(high),
        _round((high - low) / 200.0) if not log else low,
        p.lower,
        p.upper,
        log,
        log and p.value == 0.0,
        p.name,
        prior=_prior(p) if group == "nuisances" else "",
        pull=_is_pull(p),
    )


def _is_pull(p: Parameter) -> bool:
    known = p.constraint
    return known is not None and not p.unit and (known.mean, known.sigma) == (0.0, 1.0)


def _prior(p: Parameter) -> str:
    """What is known of a nuisance parameter: ``prior 1 ± 0.1``."""
    if p.fixed:
        return "held in fits"
    if p.constraint is None:
        return "free in fits"
    if _is_pull(p):
        return "standard deviations of its constraint; prior 0 ± 1"
    return f"prior {p.constraint.mean:.6g} ± {p.constraint.sigma:.4g} {p.unit}".rstrip()


def _range(p: Parameter) -> tuple[float, float, bool]:
    if p.natural is not None:
        low, high = p.natural
        return low, high, low > 0.0
    if p.constraint is not None:
        reach = _PULLS * p.constraint.sigma
        return p.value - reach, p.value + reach, False
    if p.role == "poi" and p.value == 0.0:
        return -_STEPS * p.scale, _STEPS * p.scale, False
    reach = 0.5 * abs(p.value) or _STEPS * p.scale
    return p.value - reach, p.value + reach, False


def of_threshold(edges: Array, unit: str) -> Field:
    """The slider that leaves out bins below an edge of the energy axis."""
    stops = tuple(float(e) for e in np.asarray(edges)[:-1])
    return Field(
        THRESHOLD,
        "bins",
        "experiment",
        "analysis threshold: bins below it are left out; it stands at an edge of a bin",
        stops[0],
        unit,
        stops[0],
        stops[-1],
        stops[1] - stops[0],
        stops[0],
        stops[-1],
        stops=stops,
    )


def unique_names(fields: Iterable[Field], taken: Iterable[str]) -> tuple[Field, ...]:
    """Fields of a file under the shortest ends of their places that are unique, ``mass``.

    Args:
        fields: with their places as names.
        taken: names that are gone.

    Examples:
        >>> from cevns.experiments import load
        >>> [f.name for f in unique_names(of_file(load("coherent-csi-2021")), ())][:3]
        ['mass', 'distance', 'protons']
    """
    every = list(fields)
    ends: Counter[str] = Counter(taken)
    ends.update(end for f in every for end in _ends(f.at))
    return tuple(replace(f, name=next(e for e in _ends(f.at) if ends[e] == 1)) for f in every)


def _ends(at: str) -> list[str]:
    """The ends of a dotted place, the shortest first; none begins with a number."""
    words = at.split(".")
    found = [".".join(words[k:]) for k in range(len(words) - 1, -1, -1)]
    return [e for e in found if not e[0].isdecimal()]


def _short(value: float) -> float:
    """An end of a slider, in as many digits as somebody would write."""
    return float(f"{value:.6g}")


def _round(step: float) -> float:
    """A step of one digit."""
    return float(f"{step:.0e}") if step else 1.0
