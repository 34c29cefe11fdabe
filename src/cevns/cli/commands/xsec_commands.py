"""``cevns xsec``: cross sections of nuclides and materials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.named_source import named_facility, named_source
from cevns.cli.terminal.output import Output, table
from cevns.exceptions import InputError, UnknownNameError

if TYPE_CHECKING:
    from cevns.nuclear.materials import Material
    from cevns.nuclear.nuclides import Nuclide
    from cevns.processes import Interaction

__all__ = ["xsec"]


def xsec(
    output: Output,
    target: Annotated[str, typer.Argument(metavar="TARGET", help="Cs133, CsI, Ge, ...")],
    source: Annotated[
        str,
        typer.Option("--source", metavar="NAME", help="a source, or an experiment with the source"),
    ] = "sns",
    form_factor: options.FormFactor = "klein-nystrand",
    couplings: options.Couplings = "scholberg2021",
    energy: Annotated[
        str | None,
        typer.Option(
            "--energy",
            metavar="QUANTITY",
            help="one neutrino energy, such as 30MeV, instead of a flux",
        ),
    ] = None,
    axial: Annotated[bool, typer.Option(help="include the axial part")] = True,
) -> None:
    """Cross sections of a nuclide or material.

    They are averaged over a flux, or given at one neutrino energy.
    """
    from cevns.experiments.citing import of_scattering
    from cevns.processes import interaction

    process = interaction("standard-model", couplings=couplings, axial=axial)
    nuclide, material = _target(target)
    record: dict[str, Any] = {
        "target": nuclide.name if nuclide else material.name,
        "physics": {
            "interaction": process.name,
            "couplings": couplings,
            "form_factor": form_factor,
            "axial": "included" if axial else "left out",
        },
    }
    nuclides = (nuclide,) if nuclide else material.nuclides
    if energy is not None:
        record |= _at_energy(output, energy, nuclides, process, form_factor, couplings)
    else:
        record |= _flux_averaged(output, source, nuclide, material, process, form_factor, couplings)
    used = () if energy is not None else (named_source(source),)
    record["citations"] = of_scattering(process, form_factor, *used).records()
    output.result(record)


def _target(name: str) -> tuple[Nuclide | None, Material]:
    from cevns.nuclear.materials import Material, material
    from cevns.nuclear.nuclides import nuclide

    try:
        found = nuclide(name)
    except UnknownNameError:
        # Cs134 is no nuclide of the table, and not a molecule of 134 caesium atoms either
        if re.fullmatch(r"[A-Za-z]{1,2}-?\d{2,3}|\d{2,3}[A-Za-z]{1,2}", name.strip()):
            raise
        return None, material(name)
    return found, Material(found.name, ((found, 1.0),))


def _in_units(section_cm2: float) -> str:
    """In 1e-40 cm2, with four digits of small ones too: those of solar neutrinos."""
    value = section_cm2 * 1e40
    return f"{value:.3f}" if value >= 1.0 else f"{value:.4g}"


def _source_inputs(name: str) -> dict[str, Any]:
    """The file behind a source that an experiment declares."""
    from cevns.datasets.digests import sha256
    from cevns.experiments import load
    from cevns.registry import canonical

    files = []
    if canonical(name) != "sns" and named_facility(name) is None:
        experiment = load(name)
        files = [
            {"role": "source", "name": experiment.path.name, "sha256": sha256(experiment.path)}
        ]
    return {"origin": "none", "files": files, "warnings": []}


def _flux_averaged(
    output: Output,
    source_name: str,
    nuclide: Nuclide | None,
    material: Material,
    process: Interaction,
    form_factor: str,
    couplings: str,
) -> dict[str, Any]:
    from cevns.rates import flux_averaged_cross_section

    source = named_source(source_name)
    shown = table(
        f"flux-averaged CEvNS cross section, 1e-40 cm2 per nucleus ({source_name}, {form_factor}, "
        f"{couplings})",
        "nuclide",
        *source.flavours,
        "mean",
    )

    def average(target: Nuclide | Material) -> dict[str, float]:
        result = flux_averaged_cross_section(
            source, target, interaction=process, form_factor=form_factor
        )
        return {**result.flavours, "mean": result.mean_cm2}

    def row(label: str, values: dict[str, float]) -> None:
        shown.add_row(label, *(_in_units(v) for v in values.values()))

    record: dict[str, Any] = {"source": source_name, "inputs": _source_inputs(source_name)}
    if nuclide is not None:
        record["flux_averaged_cm2"] = average(nuclide)
        row(nuclide.name, record["flux_averaged_cm2"])
    else:
        results = []
        for n in material.nuclides:
            results.append({"nuclide": n.name, "flux_averaged_cm2": average(n)})
            row(n.name, results[-1]["flux_averaged_cm2"])  # type: ignore[arg-type]
        record["results"] = results
        record["flux_averaged_cm2"] = average(material)
        record["mean_cm2"] = record["flux_averaged_cm2"]["mean"]
        shown.add_section()
        row(f"{material.name} (mean)", record["flux_averaged_cm2"])
    output.console.print(shown)
    return record


def _at_energy(
    output: Output,
    energy: str,
    nuclides: tuple[Nuclide, ...],
    process: Interaction,
    form_factor: str,
    couplings: str,
) -> dict[str, Any]:
    from cevns.particles import FLAVOURS
    from cevns.processes import total_cross_section
    from cevns.units import quantity

    e = quantity(energy, "MeV", what="--energy")
    if not e > 0:
        raise InputError(f"--energy: {energy!r} must be positive")
    shown = table(
        f"CEvNS at {e:g} MeV ({form_factor}, {couplings})",
        "nuclide",
        "T_max / keV",
        "sigma(nu_e) / cm2",
        "sigma(nu_mu) / cm2",
        "sigma(nubar_mu) / cm2",
    )
    results = []
    for n in nuclides:
        total = {
            f: float(total_cross_section(n, e, f, interaction=process, form_factor=form_factor))
            for f in FLAVOURS
        }
        limit = float(process.kinematics.maximum_recoil_kev(e, n.mass_mev))
        results.append({"nuclide": n.name, "total_cm2": total, "maximum_recoil_kev": limit})
        shown.add_row(
            n.name, f"{limit:.4g}", *(f"{total[f]:.4g}" for f in ("nu_e", "nu_mu", "nubar_mu"))
        )
    output.console.print(shown)
    record: dict[str, Any] = {"energy_mev": e}
    return record | (results[0] if len(results) == 1 else {"results": results})
