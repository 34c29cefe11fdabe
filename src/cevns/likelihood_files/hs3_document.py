"""A likelihood of histograms as HS3 (JSON): written so that pyhs3 and ROOT read the same from it.

* A constraint of a factor is a ``gaussian_dist`` in ``aux_distributions``, where pyhs3 finds it,
  and named as ``constraint_name`` of the modifier, where ROOT does.
* Variations are absolute contents. Interpolation codes are the defaults of both readers, 4p and 4,
  and are not written.
* An analysis has initial values and a domain, without which nothing is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from cevns.exceptions import DataError
from cevns.likelihood_files.histograms import (
    BinFactors,
    HistogramChannel,
    HistogramModel,
    HistoSys,
    Modifier,
    NormFactor,
    NormSys,
    Sample,
)
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.records import VERSION

__all__ = ["HS3_VERSION", "hs3_document", "read_hs3_document"]

HS3_VERSION: Final = "0.2"
_LIKELIHOOD, _DOMAIN, _POINT, _ANALYSIS = "likelihood", "domain", "nominal", "analysis"
_KINDS: Final = ("normfactor", "normsys", "histosys")


def hs3_document(
    histograms: HistogramModel, description: str, cite: tuple[str, ...], misc: Mapping[str, Any]
) -> dict[str, Any]:
    """The JSON of a likelihood of histograms.

    Args:
        histograms: any number of linear factors may have a constraint.
        description: one sentence.
        cite: identifiers of publications.
        misc: what else the file says of itself.
    """
    constrained = {p.name: p.constraint for p in histograms.parameters if p.constraint is not None}
    factors = {n: c for n, c in constrained.items() if (c.mean, c.sigma) != (0.0, 1.0)}
    distributions: list[dict[str, Any]] = []
    data = []
    for channel in histograms.channels:
        axes = [
            {
                "name": f"bins of {channel.name}",
                "min": 0.0,
                "max": float(channel.observed.size),
                "nbins": channel.observed.size,
            }
        ]
        samples = [_sample(s, factors) for s in channel.samples]
        distributions.append(
            {"name": channel.name, "type": "histfactory_dist", "axes": axes, "samples": samples}
        )
        contents = channel.observed.tolist()
        data.append({"name": _data(channel), "type": "binned", "axes": axes, "contents": contents})
    aux = [_constraint(name) for name in factors]
    for name, constraint in factors.items():
        distributions.append(
            {
                "name": _constraint(name),
                "type": "gaussian_dist",
                "x": _global(name),
                "mean": name,
                "sigma": constraint.sigma,
            }
        )
    points: list[dict[str, Any]] = [
        {"name": p.name, "value": p.value, **({"const": True} if p.fixed else {})}
        for p in histograms.parameters
    ]
    points += [{"name": _global(n), "value": c.mean, "const": True} for n, c in factors.items()]
    free = [p for p in histograms.parameters if not p.fixed]
    return {
        "metadata": {
            "hs3_version": HS3_VERSION,
            "packages": [{"name": "cevns", "version": VERSION}],
            "publications": list(cite),
            "description": description,
        },
        "distributions": distributions,
        "data": data,
        "likelihoods": [
            {
                "name": _LIKELIHOOD,
                "distributions": [c.name for c in histograms.channels],
                "data": [_data(c) for c in histograms.channels],
                **({"aux_distributions": aux} if aux else {}),
            }
        ],
        "domains": [
            {
                "name": _DOMAIN,
                "type": "product_domain",
                "axes": [{"name": p.name, "min": p.lower, "max": p.upper} for p in free],
            }
        ],
        "parameter_points": [{"name": _POINT, "parameters": points}],
        "analyses": [
            {
                "name": _ANALYSIS,
                "likelihood": _LIKELIHOOD,
                "parameters_of_interest": [histograms.poi] if histograms.poi else [],
                "domains": [_DOMAIN],
                "init": _POINT,
            }
        ],
        "misc": {"cevns": dict(misc)},
    }


def _constraint(name: str) -> str:
    return f"{name}_constraint"


def _global(name: str) -> str:
    return f"nominal_{name}"


def _data(channel: HistogramChannel) -> str:
    return f"observed_{channel.name}"


def _sample(sample: Sample, factors: Mapping[str, Gaussian]) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = []
    for m in sample.modifiers:
        assert not isinstance(m, BinFactors)  # made by reading HistFactory alone
        own: dict[str, Any] = {"name": m.parameter, "parameter": m.parameter}
        if isinstance(m, NormFactor):
            named = {"constraint_name": _constraint(m.parameter)} if m.parameter in factors else {}
            own |= {"type": "normfactor", **named}
        elif isinstance(m, NormSys):
            data: dict[str, Any] = {"hi": m.high, "lo": m.low}
            own |= {"type": "normsys", "constraint": "Gauss", "data": data}
        else:
            data = {"hi": {"contents": m.high.tolist()}, "lo": {"contents": m.low.tolist()}}
            own |= {"type": "histosys", "constraint": "Gauss", "data": data}
        modifiers.append(own)
    contents = {"contents": sample.nominal.tolist()}
    return {"name": sample.name, "data": contents, "modifiers": modifiers}


def read_hs3_document(document: Mapping[str, Any], path: Path | str) -> HistogramModel:
    """The likelihood of an HS3 document of ``histfactory_dist`` channels.

    Args:
        document: the content of the file.
        path: of the file, for messages.

    Raises:
        DataError: if it holds other distributions or modifiers than are read, or is malformed.
    """
    try:
        return _read(document, path)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(
            f"is not an HS3 document of histograms: {type(error).__name__} {error}", path=path
        ) from None


def _name(value: object) -> str:
    """A name, which is a text.

    Raises:
        TypeError: if it is something else.
    """
    if not isinstance(value, str):
        raise TypeError(f"a name must be a text, not {value!r}")
    return value


def _read(document: Mapping[str, Any], path: Path | str) -> HistogramModel:
    analysis = document["analyses"][0]
    likelihood = next(x for x in document["likelihoods"] if x["name"] == analysis["likelihood"])
    known = {d["name"]: d for d in document["distributions"]}
    counts = {d["name"]: d for d in document["data"]}
    point = next(p for p in document["parameter_points"] if p["name"] == analysis["init"])
    values = {p["name"]: p for p in point["parameters"]}
    ends = {
        a["name"]: (float(a["min"]), float(a["max"]))
        for d in document["domains"]
        if d["name"] in analysis["domains"]
        for a in d["axes"]
    }
    constraints: dict[str, Gaussian] = {}
    for name in likelihood.get("aux_distributions", ()):
        found = known[name]
        if found["type"] != "gaussian_dist":
            raise DataError(
                f"the constraint {name!r} is a {found['type']!r}, which is not supported", path=path
            )
        mean = float(values[found["x"]]["value"])
        constraints[found["mean"]] = Gaussian(mean, float(found["sigma"]))
    channels, used = [], dict[str, None]()
    for name, of in zip(likelihood["distributions"], likelihood["data"], strict=True):
        found = known[name]
        if found["type"] != "histfactory_dist":
            raise DataError(
                f"the distribution {name!r} is a {found['type']!r}; channels of histograms "
                "(histfactory_dist) are read",
                path=path,
            )
        samples = []
        for sample in found["samples"]:
            modifiers = []
            for m in sample["modifiers"]:
                modifiers.append(_modifier(m, len(sample["data"]["contents"]), path))
                used[m["parameter"]] = None
                if m["type"] != "normfactor":
                    constraints.setdefault(m["parameter"], Gaussian(0.0, 1.0))
            nominal = np.array(sample["data"]["contents"], dtype=float)
            samples.append(Sample(_name(sample["name"]), nominal, tuple(modifiers)))
        observed = np.array(counts[of]["contents"], dtype=float)
        channels.append(HistogramChannel(_name(name), observed, tuple(samples)))
    poi = _name(next(iter(analysis.get("parameters_of_interest") or ()), ""))
    parameters = []
    for name in [*([poi] if poi else []), *(n for n in used if n != poi)]:
        value, (lower, upper) = values[name], ends.get(name, (-np.inf, np.inf))
        parameters.append(
            Parameter(
                name,
                float(value["value"]),
                lower=lower,
                upper=upper,
                constraint=constraints.get(name),
                fixed=bool(value.get("const", False)),
                role="poi" if name == poi else "nuisance",
            )
        )
    return HistogramModel(Path(path).stem, tuple(channels), Parameters(parameters), poi)


def _modifier(m: Mapping[str, Any], n_bins: int, path: Path | str) -> Modifier:
    kind, name = m["type"], _name(m["parameter"])
    if kind not in _KINDS:
        raise DataError(
            f"the modifier {m['name']!r} is a {kind!r}, which is not supported; known "
            f"are {', '.join(_KINDS)}",
            path=path,
        )
    if kind == "normfactor":
        return NormFactor(name)
    data, code = m["data"], m["data"].get("interpolation")
    usual = {"normsys": ("code4", None), "histosys": ("code4p", "poly6", None)}[kind]
    if code not in (*usual, "code1") or (code == "code1" and kind != "normsys"):
        raise DataError(f"the interpolation {code!r} of {m['name']!r} is not read", path=path)
    if kind == "normsys":
        high, low = float(data["hi"]), float(data["lo"])
        if not (0.0 < high < np.inf and 0.0 < low < np.inf):
            raise DataError(f"the factors of {m['name']!r} are not positive", path=path)
        return NormSys(name, high, low, "code1" if code == "code1" else "code4")
    up, down = (np.array(data[k]["contents"], dtype=float) for k in ("hi", "lo"))
    if up.shape != (n_bins,) or down.shape != (n_bins,):
        raise DataError(f"{m['name']!r} has another number of bins than its sample", path=path)
    return HistoSys(name, up, down)
