"""``cevns list``: what there is to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal.completion import INTERACTIONS, one_of
from cevns.cli.terminal.output import Output, in_lines, table
from cevns.exceptions import InputError, UnknownNameError
from cevns.registry import canonical

if TYPE_CHECKING:
    from cevns.experiments import Experiment

__all__ = ["list_names"]

_COLUMNS: dict[str, tuple[str, ...]] = {
    "experiments": ("name", "title", "data"),
    "sources": ("name", "what"),
    "facilities": ("name", "title", "state", "target", "GeV", "MW", "h a year", "Hz", "yield"),
    "reactor-spectra": ("name", "what"),
    "interactions": ("name", "what"),
    "form-factors": ("name", "what"),
    "topics": ("name", "what"),
    "couplings": ("name", "gv_p_e", "gv_p_mu", "gv_p_tau", "gv_n", "source"),
    "nuclides": ("name", "Z", "N", "mass_mev", "abundance", "spin", "charge_radius_fm"),
    "materials": ("name", "what"),
    "backgrounds": ("name", "rate", "window", "origin"),
    "data": ("name", "title", "cite"),
    "choices": ("name", "alternative", "usual", "changes"),
    "results": ("name", "title", "source", "events", "predicted", "sigma", "1e-40 cm2", "ratio"),
    "parameters": (
        "model",
        "name",
        "unit",
        "nominal",
        "from",
        "to",
        "natural range",
        "kind",
        "what",
    ),
}
KINDS = tuple(_COLUMNS)


def list_names(
    output: Output,
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND", help=f"one of {', '.join(KINDS)}", autocompletion=one_of(*KINDS)
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="of 'parameters': an interaction, several with +, or your own FILE.py",
            autocompletion=INTERACTIONS,
        ),
    ] = None,
) -> None:
    """List experiments, sources, models and options."""
    if model is not None and (kind is None or canonical(kind) != "parameters"):
        raise InputError("--model goes with 'cevns list parameters'")
    if kind is not None and canonical(kind) not in KINDS:
        raise UnknownNameError("kind of thing to list", kind, KINDS)
    record: dict[str, Any] = {}
    for k in KINDS if kind is None else (canonical(kind),):
        columns = _COLUMNS[k]
        rows = _parameters(model) if k == "parameters" else _rows(k)
        record[k] = [dict(zip(columns, row, strict=True)) for row in rows]
        if kind is None and len(rows) > 12:
            names = dict.fromkeys(str(row["name"]) for row in record[k])
            output.console.print(f"\n{k}", style="bold", end="")
            output.console.print(f" ({len(rows)}; 'cevns list {k}')")
            in_lines(output.console, "  ", names)
            continue
        of_model = k == "parameters" and model is not None  # it is the title then
        filled = [i for i in range(of_model, len(columns)) if any(_text(row[i]) for row in rows)]
        title = f"{k} of {model}" if of_model else k
        left = 1 if k == "nuclides" else len(filled)
        shown = table(title, *(columns[i] for i in filled), left=left)
        for row in rows:
            shown.add_row(*(_text(row[i]) for i in filled))
        output.console.print(shown)
    output.result(record)


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)


def _parameters(model: str | None) -> list[tuple[Any, ...]]:
    """Parameters of one interaction, or of all; the Standard Model's once."""
    from cevns.processes import interaction, interactions, structure_of

    rows: list[tuple[Any, ...]] = []
    base = {p.name for p in interaction("standard-model").parameters}
    for name in interactions() if model is None else (model,):
        process = interaction(name)
        for p, kind in [(p, "free") for p in process.parameters] + [
            (p, "structural") for p in structure_of(process)
        ]:
            if p.name in base and name != "standard-model" and model is None:
                continue
            ends = [x if abs(x) < 1e300 else None for x in (p.lower, p.upper)]
            natural = None if p.natural is None else "{:g} to {:g}".format(*p.natural)
            rows.append((name, p.name, p.unit, p.value, *ends, natural, kind, p.description))
    return rows


def _data_of(experiment: Experiment) -> str:
    """Whether there are data, and where they are."""
    declared = experiment.declaration
    if declared.missing:
        return "not carried"
    if not experiment.has_data:
        elsewhere = {"public": "not carried", "not public": "not public", None: "projection"}
        return elsewhere[declared.measured]
    # counts that stand beside the file are there; others are in the release alone
    alone = declared.signal is not None or any(
        d is not None and d.counts is None and d.values is None for d in declared.every_data
    )
    values = {name: v for name, v in experiment.document.values.items() if name != "variants"}
    needed = _named_releases(values) | (declared.releases if alone else set())
    if not needed:
        return "carried"
    return "fetched" if all(_is_here(name) for name in needed) else "to fetch"


def _named_releases(values: Any) -> set[str]:
    """Public releases whose files a part of an experiment file names."""
    from cevns.experiments.declaration.document import RELEASE

    if isinstance(values, str):
        there = values.startswith(RELEASE)
        return {values.removeprefix(RELEASE).partition("/")[0]} if there else set()
    if isinstance(values, dict | list):
        inner = values.values() if isinstance(values, dict) else values
        return {name for value in inner for name in _named_releases(value)}
    return set()


def _is_here(release: str) -> bool:
    """Whether a public release is found on this machine."""
    from cevns import datasets

    try:
        return datasets.find(release) is not None
    except InputError:  # damaged, or in a folder that is none
        return False


def _rows(kind: str) -> list[tuple[Any, ...]]:
    if kind == "experiments":
        from cevns.experiments import catalogue, load

        loaded = [load(name) for name in catalogue()]
        return [(e.name, e.title, _data_of(e)) for e in loaded]
    if kind == "couplings":
        from cevns.nuclear.couplings import coupling_schemes, couplings

        schemes = [couplings(name) for name in coupling_schemes()]
        return [(c.name, *c.gv_p_families, c.gv_n, c.source) for c in schemes]
    if kind == "nuclides":
        from cevns.nuclear.nuclides import nuclides

        return [
            (n.name, n.z, n.n, n.mass_mev, n.abundance, str(n.spin), n.charge_radius_fm)
            for n in nuclides()
        ]
    if kind == "materials":
        return [
            ("CsI, NaI, Ge, Ar, Xe, Si, ...", "any chemical formula of the listed elements"),
            ("CaWO4, Al2O3, D2O, H2O", "D is deuterium; natural isotopic composition"),
            ("Ge76", "a single nuclide"),
        ]
    if kind == "facilities":
        from cevns.sources.facilities.pion_facility import facilities

        return [
            (f.id, f.title, f.state, f.target, f.proton_energy_gev, f.power_mw, f.hours,
             f.repetition_hz, f.yield_per_flavour)
            for f in facilities().values()
        ]  # fmt: skip
    if kind == "backgrounds":
        from cevns.experiments.forms.named_backgrounds import named_backgrounds

        return [
            (name, b["rate"], " to ".join(b["window"]), b["origin"])
            for name, b in named_backgrounds().items()
        ]
    if kind == "choices":
        from cevns.experiments.declaration.combination import EVERY, alternatives

        return [
            (
                choice,
                option,
                "usual" if n == 0 else None,
                ", ".join(sets).replace(EVERY, "all sets"),
            )
            for choice, options in alternatives().items()
            for n, (option, sets) in enumerate(options.items())
        ]
    if kind == "data":
        from cevns import datasets

        return [
            (r.name, r.title, ", ".join(r.cite))
            for r in (datasets.release(n) for n in datasets.names())
        ]
    if kind == "results":
        from cevns.reproduction.published_results import results

        return [
            (
                r.id,
                r.title,
                r.source,
                r.text(r.events),
                r.text(r.predicted),
                r.significance,
                r.text(r.cross_section),
                r.text(r.ratio),
            )
            for r in results()
        ]
    from cevns import registry

    package = {
        "sources": "cevns.sources",
        "reactor-spectra": "cevns.sources.reactor_spectra",
        "interactions": "cevns.processes",
        "form-factors": "cevns.nuclear.form_factors",
        "topics": "cevns.analysis.topics",
    }[kind]
    return [(n, registry.title(package, "model", n)) for n in registry.names(package)]
