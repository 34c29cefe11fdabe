"""``cevns show``: what an experiment file declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cevns.cli.terminal import options
from cevns.cli.terminal.figure_options import Figures
from cevns.cli.terminal.output import Output, table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from cevns.experiments.description import Description

__all__ = ["show"]

_LONGEST, _DEEPEST, _WRAPPED = 46, 2, 200
"""Letters of a list that is written whole, levels of the fields of a section, and letters of a
section that is written with its values."""


def show(
    opened: options.Opened,
    figures: Figures,
    output: Output,
) -> None:
    """Show what an experiment file declares.

    That is source, target, detector, axes, parameters and data, with figures.
    """
    from cevns.experiments.description import describe

    figures.prepare()
    study = opened.open()
    experiments = study.experiments
    found = {e.name: describe(e) for e in experiments}
    for description in found.values():
        for shown in _tables(description):
            output.console.print(shown)
        _data(output.console, description)
    records = {name: description.to_dict() for name, description in found.items()}
    if figures.plots is not None:
        from cevns.report import declared_figures

        drawn = figures.write_each(lambda: {e.name: declared_figures(e) for e in experiments})
        output.console.print(f"{sum(map(len, drawn.values()))} figures in {figures.plots}")
        for name, files in drawn.items():
            records[name]["figures"] = files
    one = len(records) == 1
    output.result(next(iter(records.values())) if one else {"experiments": records}, study)


def _tables(found: Description) -> Iterator[Table | str]:
    """The tables of a file; each fits 80 columns."""
    yield found.title
    yield f"name: {found.experiment}{', from ' if found.cite else ''}{', '.join(found.cite)}"
    shown = table("what the file declares", "section", "field", "value", left=3)
    shown.columns[0].no_wrap = shown.columns[1].no_wrap = True
    for section, fields in found.sections.items():
        for i, (field, value) in enumerate(_flat(fields)):
            shown.add_row("" if i else section, field, value)
        shown.add_section()
    yield shown
    several = any(found.axes)  # axes of the file itself have no channel
    head = ("channel",) if several else ()
    shown = table("axes", *head, "axis", "unit", "from", "to", "bins", left=2 + several)
    for channel, axes in found.axes.items():
        for name, axis in axes.items():
            cells = f"{axis['from']:g}", f"{axis['to']:g}", str(axis["bins"])
            shown.add_row(*((channel,) if several else ()), name, axis["unit"], *cells)
    if shown.row_count:
        yield shown
    shown = table("components", "name", "what", "shape in energy", "events", left=3)
    for c in found.components:
        shown.add_row(c["name"], c["title"], c.get("shape", ""), _count(c))
    yield shown
    if found.parameters:
        shown = table("parameters", "name", "value", "unit", "acts on", "what", left=1)
        for column in shown.columns[2:]:
            column.justify = "left"
        for p in found.parameters:
            said = f"{p['description']}{' (shared)' if p['shared'] else ''}"
            shown.add_row(p["name"], _value(p), p["unit"], p["acts_on"], said)
        yield shown
    if found.channels:
        seen = ("observed",) if found.observed else ()
        shown = table("channels", "name", "source", "exposure", "target / kg", *seen)
        for name, c in found.channels.items():
            events = [f"{found.observed[name]:g}" if name in found.observed else ""][: len(seen)]
            power = c["source"] if isinstance(c["source"], dict | list) else f"{c['source']:g}"
            shown.add_row(name, str(power), f"{c['exposure']:g}", f"{c['target_kg']:.4g}", *events)
        yield shown


def _flat(section: Any, front: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a section with their values on one line, in two levels."""
    for key, value in section.items() if isinstance(section, Mapping) else ():
        name, text = f"{front}{key}", _text(value)
        if isinstance(value, Mapping) and name.count(".") < _DEEPEST:
            yield from _flat(value, f"{name}.")
        elif not isinstance(value, Mapping) or len(text) <= _WRAPPED:
            yield name, text
        else:
            yield name, ", ".join(value)


def _text(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ", ".join(f"{k} {_text(v)}" for k, v in value.items())
    if not isinstance(value, list):
        return f"{value:g}" if isinstance(value, float) else str(value)
    whole = "[" + ", ".join(_text(v) for v in value) + "]"
    if len(whole) <= _LONGEST:
        return whole
    return f"{len(value)} values from {_text(value[0])} to {_text(value[-1])}"


def _count(component: Mapping[str, Any]) -> str:
    """Events of a background in the region."""
    if "count" not in component:
        return "computed"
    error = component["error"]
    if error is None:
        return f"{component['count']:.4g} (free)"
    return f"{component['count']:.4g}" + (f" ± {error:.3g}" if error else "")


def _value(parameter: Mapping[str, Any]) -> str:
    """A value with its error, or how it is held."""
    if parameter["error"] is not None:
        return f"{parameter['value']:g} ± {parameter['error']:g}"
    return f"{parameter['value']:g} ({parameter['state']})"


def _data(console: Console, found: Description) -> None:
    """What is known of the data, with digests."""
    from cevns.cli.printed.fit_tables import other_digests

    said = {
        "data": "data: {}",
        "projection": "no data: a projection",
        "missing": f"no data for a fit: {found.missing}",
    }[found.state]
    console.print(said.format(found.inputs["origin"]))
    if "" in found.observed:
        console.print(f"observed: {found.observed['']:g} {found.unit}")
    shown = table("files", "role", "name", "SHA-256", left=3)
    for file in found.inputs["files"]:
        shown.add_row(file["role"], file["name"], file["sha256"][:12])
    if shown.row_count:
        console.print(shown)
    if found.inputs["warnings"]:
        console.print(f"note: {other_digests(found.inputs['warnings'])}")
    if "absent" in found.inputs:
        console.print(f"note: {found.inputs['absent']}")
    if found.variants:
        console.print(f"variants (--set variant=NAME): {', '.join(found.variants)}")
    for key, value in found.overrides.items():
        console.print(f"changed: {key} = {value}")
