"""What stands behind an expected number, in words with its figures."""

from __future__ import annotations

import math
from collections.abc import Collection

from cevns.experiments.experiment import Experiment
from cevns.experiments.forms.region_axes import Axis
from cevns.sources.stopped_pion import StoppedPion

__all__ = ["assumptions", "declared_years", "flux_names", "short_line"]


def declared_years(experiment: Experiment) -> float | None:
    """Years that a file runs; None where its source counts no years."""
    source = experiment.source
    if not isinstance(source, StoppedPion) or None in (source.power_mw, source.exposure_gwh):
        return None
    return None if source.hours is None else source.exposure_h / source.hours_a_year


def flux_names(experiment: Experiment) -> tuple[str, ...]:
    """Parameters of a file that are the flux of its source, by what they act on and their name.

    Those that act on ``flux``, and factors that are called so (``sns.flux``) on the signal or on
    what the source makes beside it. A flux of neutrons (``ess.brn.flux``), which multiplies
    backgrounds alone, is none.
    """
    declared = experiment.declaration
    made = {
        f for where, strength in declared.strengths.items() if "backgrounds" not in where
        for f in strength
    }  # fmt: skip
    return tuple(
        name
        for name, e in declared.parameters.items()
        if e.acts_on == "flux"
        or (
            name.rpartition(".")[2].casefold() == "flux"
            and (e.acts_on == "signal" or (e.acts_on == "component" and name in made))
        )
    )


def assumptions(
    experiment: Experiment,
    left_out: Collection[str],
    years: tuple[float, ...],
    factors: tuple[float, ...],
    flux_errors: tuple[float, ...],
) -> dict[str, str]:
    """What the numbers of an experiment stand on.

    Args:
        experiment: as it was asked.
        left_out: parameters that stand for what is asked of it.
        years: of running; none for the exposure of the file.
        factors: on the exposure.
        flux_errors: relative; none for that of the file.
    """
    declared = experiment.declaration
    out = {"variant": (experiment.overrides or {}).get("variant", "none, the file without changes")}
    out |= _beam(experiment)
    out["mass"] = f"{declared.target.mass:g} kg {declared.target.material}" + (
        f", recoils of {' and '.join(declared.target.recoils)}" if declared.target.recoils else ""
    )
    out["threshold"] = _threshold(experiment)
    out["backgrounds"] = _backgrounds(experiment)
    out["nuisances"] = _nuisances(experiment, left_out)
    exposure = _several(years, "{:g}", "years") if years else "that of the file"
    if factors != (1.0,):
        exposure += f", times {_several(factors, '{:g}')}"
    out["exposure"] = exposure
    said = tuple(100.0 * f for f in flux_errors)
    out["flux error"] = _several(said, "{:g} %") if said else _own_flux(experiment)
    return out


def short_line(experiment: Experiment) -> str:
    """The main assumptions in one line, for tables."""
    declared = experiment.declaration
    beam, source = _beam(experiment), experiment.source
    place = [beam[k] for k in ("power", "distance") if k in beam]
    if isinstance(source, StoppedPion) and source.facility:
        place.insert(0, source.facility)
    axis = declared.axes.energy
    if axis is not None and axis.edges[0] > 0.0:
        place.append(f"> {_edge(axis)}")
    variant = (experiment.overrides or {}).get("variant")
    named = [variant] if variant not in (None, "sensitivity") else []
    return ", ".join([f"{declared.target.mass:g} kg {declared.target.material}", *place, *named])


def _several(values: tuple[float, ...], form: str, unit: str = "") -> str:
    return f"{', '.join(form.format(v) for v in values)} {unit}".strip()


def _beam(experiment: Experiment) -> dict[str, str]:
    source = experiment.source
    out = {"source": experiment.declaration.source.kind}
    if isinstance(source, StoppedPion):
        out["source"] += f" {source.facility}".rstrip()
        if source.power_mw is not None and source.proton_energy_gev is not None:
            out["power"] = f"{source.power_mw:g} MW of {source.proton_energy_gev:g} GeV"
        if source.hours is not None:
            out["a year"] = f"{source.hours:g} h"
        each = source.emitted / source.protons
        out["yield"] = f"{each:.4g} neutrinos per proton and flavour"
    distance = experiment.declaration.source.fields.get("distance")
    if distance is not None:
        out["distance"] = str(distance)
    return out


def _edge(axis: Axis) -> str:
    """The lower end of an energy axis with its unit, 22.7 MeVee and not 22700 keVee."""
    edge, unit = axis.edges[0], axis.unit or "units of the axis"
    if edge >= 1e3 and unit.startswith("keV"):
        edge, unit = 1e-3 * edge, unit.replace("keV", "MeV")
    return f"{edge:g} {unit}"


def _threshold(experiment: Experiment) -> str:
    declared = experiment.declaration
    axis, efficiency = declared.axes.energy, declared.detector.efficiency
    parts = ["none, events are counted" if axis is None else _edge(axis)]
    for what, curve in (("recoil", efficiency.recoil), ("reconstructed", efficiency.energy)):
        if curve.kind == "step":
            parts.append(f"step at {curve.fields['threshold']:g} in {what} energy")
        elif curve.kind != "unity":
            parts.append(f"{curve.kind} efficiency in {what} energy")
    if len(parts) == 1:
        parts.append("efficiency 1 above it")
    return ", ".join(parts)


def _backgrounds(experiment: Experiment) -> str:
    found = []
    for name, b in experiment.declaration.backgrounds.items():
        count, sigma = b.count.value, b.count.sigma
        error = "free"
        if math.isfinite(sigma):
            error = f"{100.0 * sigma / count:.2g} %" if count else f"+- {sigma:.2g}"
        found.append(f"{b.title or name} {count:.4g} events in the exposure of the file ({error})")
    off = [n for n, c in experiment.declaration.channels.items() if not c.is_on]
    entries = experiment.declaration.entries
    measured = [f"measured in {n}, {entries[n].exposure:g} times as long" for n in off]
    return "; ".join([*found, *measured]) or "none"


def _nuisances(experiment: Experiment, left_out: Collection[str]) -> str:
    moving = flux_names(experiment)
    found = []
    for name, e in experiment.declaration.parameters.items():
        if name in left_out or name in moving or e.constraint is None:
            continue
        said = f"{name} {e.constraint}"
        if e.held:
            said += " (held)"
        found.append(said)
    found += [f"{name} left out" for name in left_out]
    return "; ".join(found) or "none"


def _own_flux(experiment: Experiment) -> str:
    entries = experiment.declaration.parameters
    said = [f"{n} {entries[n].constraint or entries[n].value}" for n in flux_names(experiment)]
    return "; ".join(said) or "none"
