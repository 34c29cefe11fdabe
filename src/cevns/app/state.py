"""What the page shows, as a text that stands in its address: a link reproduces a view."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote

from cevns.exceptions import InputError

__all__ = ["MODELS", "Setting", "State", "StateError", "on_the_page", "read_pairs"]

MODELS = "nsi+light-vector"
"""New physics whose couplings have sliders where nothing else is said."""
_LONGEST = 4000


_PATH = re.compile(r"(?<![\w.])/(?:[^\s/:;,'\"()]+/)+([^\s/:;,'\"()]+\.[A-Za-z]\w*)")


def on_the_page(said: str) -> str:
    """A message as the page has it: files by their names alone, and no advice for a terminal.

    Examples:
        >>> on_the_page("/data/me/own.yaml, line 3: 5 /keV/kg is no mass; change it (--set a=1)")
        'own.yaml, line 3: 5 /keV/kg is no mass; change it'
    """
    return re.sub(r"\s*\([^()]*--[a-z][^()]*\)", "", _PATH.sub(r"\1", said))


class StateError(InputError):
    """A state that cannot be shown, with the field that is wrong.

    Args:
        field: its name in the address.
        said: what is wrong with it.
    """

    def __init__(self, field: str, said: str) -> None:
        said = on_the_page(said)
        super().__init__(f"{field}: {said}")
        self.field, self.said = field, said


@dataclass(frozen=True)
class Setting:
    """A slider that is not where the experiment declares it.

    Args:
        field: its name.
        value: in `unit`.
        unit: of the field.
    """

    field: str
    value: float
    unit: str = ""

    @property
    def text(self) -> str:
        """As the address has it, ``mass=20kg``."""
        between = " " if self.unit[:1].isdecimal() else ""  # 3.0 1e-10 mu_B
        return f"{_quoted(self.field)}={_quoted(f'{self.value!r}{between}{self.unit}')}"


@dataclass(frozen=True)
class State:
    """What is shown; `cevns.app.engine.Engine.state` reads it from a text and checks it.

    Args:
        experiment: name of one that the engine offers.
        settings: what was moved, in the order of the fields.
        models: new physics that has sliders; empty for that of the experiment itself.
        fit: the question that is fitted; empty for none.

    Examples:
        >>> State("coherent-csi-2021", (Setting("mass", 20.0, "kg"),)).text
        'experiment=coherent-csi-2021&mass=20.0kg'
    """

    experiment: str
    settings: tuple[Setting, ...] = ()
    models: str = MODELS
    fit: str = ""

    @property
    def text(self) -> str:
        """The canonical form: two states are equal if and only if their texts are."""
        parts = [f"experiment={_quoted(self.experiment)}"]
        if self.models != MODELS:
            parts.append(f"models={_quoted(self.models)}")
        parts += [setting.text for setting in self.settings]
        if self.fit:
            parts.append(f"fit={_quoted(self.fit)}")
        return "&".join(parts)

    def value(self, field: str) -> float | None:
        """Where a slider was moved to; None where it was not."""
        return next((s.value for s in self.settings if s.field == field), None)


def read_pairs(text: str) -> Mapping[str, str]:
    """The fields of an address and their values, still as texts.

    Raises:
        StateError: if it is too long, a part is no ``field=value``, or a field is there twice.

    Examples:
        >>> read_pairs("experiment=coherent-csi-2021&mass=20kg")
        {'experiment': 'coherent-csi-2021', 'mass': '20kg'}
    """
    if len(text) > _LONGEST:
        raise StateError("link", f"it has {len(text)} letters; {_LONGEST} are the most")
    found: dict[str, str] = {}
    for part in text.lstrip("#?").split("&"):
        if not part:
            continue
        name, equals, value = part.partition("=")
        field = unquote(name)
        if not (field and equals):
            raise StateError(field or "link", f"{unquote(part)!r} is not field=value")
        if field in found:
            raise StateError(field, "it is given twice; give it once")
        found[field] = unquote(value)
    return found


def _quoted(text: str) -> str:
    return quote(text, safe="/+.:")
