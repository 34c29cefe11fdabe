"""What the beam behind an experiment's source says to the rest of the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cevns import registry
from cevns.exceptions import InputError, UnknownNameError
from cevns.experiments.declaration.document import nearest
from cevns.experiments.forms.blame import refused
from cevns.experiments.forms.misfits import MisfitError
from cevns.experiments.forms.section import Component
from cevns.sources.beams.source import ProtonBeam
from cevns.units import written_names

__all__ = ["beam_fields", "exposures", "proton_beam"]


def proton_beam(section: Component) -> ProtonBeam | None:
    """The source of a section, if it is of a kind that knows its beam.

    Raises:
        InputError: if it is of such a kind and cannot be made.
    """
    from pydantic import TypeAdapter, ValidationError

    try:
        model = registry.load("cevns.sources", "source", section.kind).MODEL
    except UnknownNameError:
        return None  # said where the source is made
    if not (isinstance(model, type) and issubclass(model, ProtonBeam)):
        return None
    names = written_names(model)
    for name in section.fields:
        if name not in names:
            hint = nearest(name, list(names), "known here:")
            said = f"source: '{section.kind}' has no such field {name!r}; {hint}"
            raise MisfitError(said, "source", name)
    fields = {names[name]: value for name, value in section.fields.items()}
    try:
        made: ProtonBeam = TypeAdapter(model).validate_python(fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        own = {field: name for name, field in names.items()}
        loc = first["loc"][:1] or tuple(n for n, _ in refused(model, fields)[:1] if n is not None)
        steps = [own.get(str(step), str(step)) for step in loc]
        said = first["msg"].removeprefix("Value error, ").removeprefix("value: ")
        raise MisfitError(f"{'.'.join(['source', *steps])}: {said}", "source", *steps) from None
    return made


def exposures(
    live_time_d: float | None, beam: ProtonBeam | None, time_edges_us: Sequence[float] | None
) -> Mapping[str, Callable[[], float]]:
    """Days and GWh that rates of backgrounds are multiplied with, each when it is asked for.

    Args:
        live_time_d: that of the file, which is taken where it is given. Without it the days are
            those in the windows around the beam pulses: pulses times width of the time axis.
        beam: of the source of the file; None where that does not know it.
        time_edges_us: of the time axis, us; None without one.
    """

    def days() -> float:
        if live_time_d is not None:
            return live_time_d
        if beam is None or time_edges_us is None:
            raise InputError(
                "a rate needs the 'live_time' of the experiment; it is derived only for a source "
                "'stopped-pion' with a time axis"
            )
        return beam.window_d(time_edges_us[-1] - time_edges_us[0])

    def energy() -> float:
        if beam is None:
            raise InputError(
                "a rate per GWh needs the exposure of the beam, which only the source "
                "'stopped-pion' defines; use that source, or a rate in time"
            )
        return beam.beam_energy_gwh()

    return {"d": days, "GWh": energy}


def beam_fields(section: Any, wanted: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """What a source of other particles of the beam takes over from the source of the file.

    Args:
        section: the source of the file, as written.
        wanted: names of the fields that the other source has.
        given: fields that it says itself.

    Raises:
        InputError: if the source cannot say a field as the other one needs it.
    """
    said = section
    if wanted and isinstance(section.get("kind"), str):
        own = {name: value for name, value in section.items() if name != "arrival"}
        made = proton_beam(Component.model_validate(own))
        said = section if made is None else made.of_the_beam()
    found = {n: said[n] for n in wanted if n in said and n not in given}
    if unknown := [n for n, value in found.items() if value is None]:
        raise InputError(
            f"the source of the experiment does not define {' and '.join(unknown)} "
            "for other particles of its beam: its pulse is not a single Gaussian, or "
            f"its beam has no yield of pi0; give {' and '.join(unknown)} in a "
            "component of a patch with the source of these particles"
        )
    return found
