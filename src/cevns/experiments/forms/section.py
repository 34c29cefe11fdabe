"""What every section of an experiment file is, and the words that several of them share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from cevns.exceptions import InputError, UnknownNameError

__all__ = ["AXIS_UNITS", "Component", "Name", "Section", "Strength", "Table", "form"]


class Section(BaseModel):
    """A section of a file: no field but those that are named."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, allow_inf_nan=False
    )


def _plain(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise InputError(f"{name!r} is not a valid name: use small letters, digits and '-'")
    return name


Name = Annotated[str, AfterValidator(_plain)]
"""Of an experiment or of several together."""


class Component(BaseModel):
    """A section that a registered model reads: its name and the model's own fields."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @property
    def fields(self) -> dict[str, Any]:
        """The fields beside ``kind``, as written."""
        return dict(self.__pydantic_extra__ or {})


Strength = list[str | Annotated[float, Field(gt=0, allow_inf_nan=False)] | Component]
"""Factors: names of parameters, numbers, and functions (`cevns.inference.factors`)."""

AXIS_UNITS: Mapping[str, str] = {
    "": "",
    "PE": "PE",
    "electrons": "electrons",
    **{f"{p}eV{s}": f"keV{s}" for s in ("ee", "nr", "") for p in ("", "k", "M")},
}


class Table(Section):
    """A histogram in a CSV file beside the YAML; `role` names it in the public release.

    Columns: lower and upper edge of each axis in the internal unit (PE, keVee, us), the content.
    With ``efficiency: true`` the table is a density before the time efficiency, which is then
    applied inside the bins.
    """

    file: str
    role: str | None = None
    efficiency: bool = False


def form(axis: str, kinds: Mapping[str, type[Section]], example: str) -> BeforeValidator:
    """The form of a shape, decided by the fields that are there: an error is about one form."""

    def picked(value: Any) -> Any:
        if isinstance(value, dict):
            kind = str(value.get("kind"))
            if "kind" in value and kind not in kinds:
                raise UnknownNameError(f"{axis} shape", kind, kinds)
            return kinds.get(kind, Table).model_validate(value)
        if value is not None and not isinstance(value, (Table, *kinds.values())):
            raise InputError(f"expected {example} or {{file: ...}}, got {value!r}")
        return value

    return BeforeValidator(picked)
