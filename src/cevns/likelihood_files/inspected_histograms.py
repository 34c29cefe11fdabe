"""Tables of a likelihood of histograms, for those who look into a file."""

from __future__ import annotations

import math
from typing import Any

from cevns.likelihood_files.file_format import TextTable
from cevns.likelihood_files.histograms import BinFactors, HistogramModel, HistoSys, NormSys

__all__ = ["histogram_tables"]

_MOST = 60
"""Parameters in the table for people."""


def histogram_tables(histograms: HistogramModel) -> tuple[tuple[TextTable, ...], dict[str, Any]]:
    """What a likelihood holds, for people and as plain values."""
    rows, channels = [], {}
    for channel in histograms.channels:
        samples = {}
        for sample in channel.samples:
            kinds = {
                (f"{m.parameters[0].partition('[')[0]} (bins)" if isinstance(m, BinFactors)
                 else m.parameter): None
                for m in sample.modifiers
            }  # fmt: skip
            samples[sample.name] = float(sample.nominal.sum())
            rows.append(
                (
                    channel.name,
                    sample.name,
                    f"{sample.nominal.size}",
                    f"{sample.nominal.sum():.6g}",
                    ", ".join(kinds),
                )
            )
        channels[channel.name] = {
            "bins": int(channel.observed.size),
            "observed": float(channel.observed.sum()),
            "samples": samples,
        }
        rows.append(
            (
                channel.name,
                "observed",
                f"{channel.observed.size}",
                f"{channel.observed.sum():.6g}",
                "",
            )
        )
    tables = [
        TextTable("samples", ("channel", "sample", "bins", "events", "parameters"), tuple(rows))
    ]
    own, parameters = [], {}
    taus = {a.parameter: a.tau for a in histograms.auxiliary}
    acts = _kinds(histograms)
    for p in histograms.parameters:
        constraint = "free"
        if p.constraint is not None:
            constraint = f"{p.constraint.mean:g} +- {p.constraint.sigma:.4g}"
        elif p.name in taus:
            constraint = f"count {taus[p.name]:.4g}"
        constraint = "held" if p.fixed else constraint
        bounds = [b if math.isfinite(b) else None for b in (p.lower, p.upper)]
        parameters[p.name] = {
            "value": p.value,
            "bounds": bounds,
            "constraint": constraint,
            "kinds": acts.get(p.name, []),
        }
        own.append((p.name, f"{p.value:.6g}", constraint, ", ".join(acts.get(p.name, []))))
    title = "parameters" if len(own) <= _MOST else f"the first {_MOST} of {len(own)} parameters"
    tables.append(TextTable(title, ("parameter", "value", "constraint", "acts as"),
                            tuple(own[:_MOST])))  # fmt: skip
    content = {"channels": channels, "parameters": parameters, "poi": histograms.poi or None}
    return tuple(tables), content


def _kinds(histograms: HistogramModel) -> dict[str, list[str]]:
    """What each parameter is, as the formats call it."""
    found: dict[str, dict[str, None]] = {}
    for sample in (s for c in histograms.channels for s in c.samples):
        for m in sample.modifiers:
            if isinstance(m, BinFactors):
                for n in m.parameters:
                    found.setdefault(n, {})["of one bin"] = None
            elif isinstance(m, HistoSys):
                found.setdefault(m.parameter, {})["histosys"] = None
            elif isinstance(m, NormSys):
                found.setdefault(m.parameter, {})["normsys"] = None
            else:
                found.setdefault(m.parameter, {})["factor"] = None
    return {n: list(kinds) for n, kinds in found.items()}
