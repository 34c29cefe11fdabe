"""A HistFactory workspace (JSON, schema 1.0.0), read to a likelihood of histograms and written.

The rules for constraints are those of pyhf: a pull of normsys and histosys is 0 +- 1; lumi has the
value and the width of its measurement; the factors of staterror have a Gaussian constraint of the
relative error of all samples that share them; a bin of shapesys with contents n and error e has an
auxiliary count (n/e)^2; normfactor and shapefactor are free.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cevns.exceptions import DataError, InputError, UnknownNameError
from cevns.likelihood_files.histograms import (
    LUMI,
    AuxiliaryCount,
    BinFactors,
    FactorCode,
    HistogramChannel,
    HistogramModel,
    HistoSys,
    Modifier,
    NormFactor,
    NormSys,
    Sample,
)
from cevns.parameters import Gaussian, Parameter, Parameters
from cevns.typing import Array

__all__ = ["SCHEMA", "digest", "metadata_path", "read_workspace_document", "workspace_document"]

SCHEMA: Final = "1.0.0"
_KINDS: Final = (
    "histosys",
    "lumi",
    "normfactor",
    "normsys",
    "shapefactor",
    "shapesys",
    "staterror",
)
_PULL: Final = (-5.0, 5.0)
_FACTOR: Final = (0.0, 10.0)
_BIN: Final = (1e-10, 10.0)
"""Bounds of pyhf where a file gives none."""


# -- the document -----------------------------------------------------------------------------


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


_Number = Annotated[float, Field(allow_inf_nan=False)]
_Numbers = Annotated[list[_Number], Field(min_length=1)]


class _Variations(_Part):
    hi_data: _Numbers
    lo_data: _Numbers


class _Factors(_Part):
    hi: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]
    lo: Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class _HistoSys(_Part):
    name: str
    type: Literal["histosys"]
    data: _Variations


class _NormSys(_Part):
    name: str
    type: Literal["normsys"]
    data: _Factors


class _OfBins(_Part):
    name: str
    type: Literal["staterror", "shapesys"]
    data: _Numbers


class _Plain(_Part):
    name: str
    type: Literal["normfactor", "lumi", "shapefactor"]
    data: None = None


class _Sample(_Part):
    name: str
    data: _Numbers
    modifiers: list[Annotated[_HistoSys | _NormSys | _OfBins | _Plain, Field(discriminator="type")]]


class _Channel(_Part):
    name: str
    samples: Annotated[list[_Sample], Field(min_length=1)]


class _Observation(_Part):
    name: str
    data: _Numbers


class _Configured(_Part):
    name: str
    inits: _Numbers | None = None
    bounds: list[tuple[_Number, _Number]] | None = None
    auxdata: _Numbers | None = None
    factors: _Numbers | None = None
    sigmas: _Numbers | None = None
    fixed: bool = False


class _Config(_Part):
    poi: str
    parameters: list[_Configured]


class _Measurement(_Part):
    name: str
    config: _Config


class _Workspace(_Part):
    channels: Annotated[list[_Channel], Field(min_length=1)]
    measurements: Annotated[list[_Measurement], Field(min_length=1)]
    observations: Annotated[list[_Observation], Field(min_length=1)]
    version: Literal["1.0.0"]


# -- reading ----------------------------------------------------------------------------------


def read_workspace_document(
    document: Mapping[str, Any],
    path: Path | str,
    *,
    measurement: str | None = None,
    normsys: FactorCode = "code4",
) -> HistogramModel:
    """The likelihood of a workspace.

    Args:
        document: the content of the file.
        path: of the file, for messages.
        measurement: which of its measurements; the first by default.
        normsys: interpolation code of normsys, which the file cannot say.

    Raises:
        DataError: if the document breaks the schema, or modifiers contradict each other.
        UnknownNameError: if there is no such measurement.
    """
    _check_kinds(document, path)
    try:
        read = _Workspace.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(x) for x in first["loc"])
        raise DataError(
            f"is no HistFactory workspace of schema {SCHEMA}: {where or 'it'}: {first['msg']}",
            path=path,
        ) from None
    known = {m.name: m for m in read.measurements}
    if measurement is not None and measurement not in known:
        raise UnknownNameError("measurement", measurement, known)
    chosen = read.measurements[0] if measurement is None else known[measurement]
    return _Reading(read, chosen, path, normsys).histograms()


def _check_kinds(document: Mapping[str, Any], path: Path | str) -> None:
    """Refuse modifiers of kinds that are not known, by name."""
    channels = document.get("channels")
    for channel in channels if isinstance(channels, list) else ():
        samples = channel.get("samples") if isinstance(channel, dict) else None
        for sample in samples if isinstance(samples, list) else ():
            modifiers = sample.get("modifiers") if isinstance(sample, dict) else None
            for m in modifiers if isinstance(modifiers, list) else ():
                kind = m.get("type") if isinstance(m, dict) else None
                if isinstance(kind, str) and kind not in _KINDS:
                    raise DataError(
                        f"the modifier {m.get('name')!r} of sample {sample.get('name')!r} is a "
                        f"{kind!r}, which is not read; known are {', '.join(_KINDS)}",
                        path=path,
                    )


class _Reading:
    """A workspace on its way to a likelihood of histograms."""

    def __init__(
        self, read: _Workspace, chosen: _Measurement, path: Path | str, normsys: FactorCode
    ) -> None:
        self.read, self.path, self.normsys, self.chosen = read, path, normsys, chosen
        self.config = {p.name: p for p in chosen.config.parameters}
        self.parameters: dict[str, Parameter] = {}
        self.kinds: dict[str, str] = {}
        self.auxiliary: list[AuxiliaryCount] = []

    def mistake(self, text: str) -> DataError:
        """A sentence about the file."""
        return DataError(text, path=self.path)

    def histograms(self) -> HistogramModel:
        """All of it."""
        counts = {o.name: o.data for o in self.read.observations}
        channels = []
        for channel in self.read.channels:
            if channel.name not in counts:
                raise self.mistake(f"the channel {channel.name!r} has no observation")
            observed = np.array(counts[channel.name])
            self._staterrors(channel)
            samples = tuple(self._sample(channel, s, observed.size) for s in channel.samples)
            channels.append(HistogramChannel(channel.name, observed, samples))
        poi = self.chosen.config.poi
        if poi and poi not in self.parameters:
            raise self.mistake(f"the parameter of interest {poi!r} belongs to no modifier")
        if poi:
            p = self.parameters[poi]
            self.parameters[poi] = replace(p, role="poi")
        first = [poi] if poi else []
        order = [*first, *(n for n in self.parameters if n != poi)]
        return HistogramModel(
            Path(self.path).stem,
            tuple(channels),
            Parameters(self.parameters[n] for n in order),
            poi,
            tuple(self.auxiliary),
        )

    def _sample(self, channel: _Channel, sample: _Sample, n_bins: int) -> Sample:
        nominal = np.array(sample.data)
        if nominal.size != n_bins:
            raise self.mistake(
                f"the sample {sample.name!r} of channel {channel.name!r} has {nominal.size} bins "
                f"and the observation {n_bins}"
            )
        modifiers = tuple(self._modifier(channel, sample, m, nominal) for m in sample.modifiers)
        return Sample(sample.name, nominal, modifiers)

    def _modifier(
        self,
        channel: _Channel,
        sample: _Sample,
        m: _HistoSys | _NormSys | _OfBins | _Plain,
        nominal: Array,
    ) -> Modifier:
        where = f"the {m.type} {m.name!r} of sample {sample.name!r} in channel {channel.name!r}"
        if isinstance(m, _HistoSys):
            high, low = np.array(m.data.hi_data), np.array(m.data.lo_data)
            if high.shape != nominal.shape or low.shape != nominal.shape:
                raise self.mistake(f"{where} has another number of bins than the sample")
            self._declare(m.name, "pull", where)
            return HistoSys(m.name, high, low)
        if isinstance(m, _NormSys):
            self._declare(m.name, "pull", where)
            return NormSys(m.name, m.data.hi, m.data.lo, self.normsys)
        if isinstance(m, _OfBins):
            if len(m.data) != nominal.size:
                raise self.mistake(f"{where} has another number of bins than the sample")
            if m.type == "shapesys":
                return BinFactors(self._shapesys(m, nominal, where))
            return BinFactors(tuple(f"{m.name}[{b}]" for b in range(nominal.size)))
        if m.type == "shapefactor":
            if self.kinds.setdefault(m.name, "shapefactor") != "shapefactor":
                raise self.mistake(f"{where} has the name of another kind of parameter")
            names = tuple(f"{m.name}[{b}]" for b in range(nominal.size))
            for b, n in enumerate(names):
                if n not in self.parameters:
                    self.parameters[n] = self._placed(m.name, n, b, _FACTOR, None)
            return BinFactors(names)
        if m.type == "lumi" and m.name != LUMI:
            raise self.mistake(f"{where} must be called {LUMI!r}")
        self._declare(m.name, m.type, where)
        return NormFactor(m.name)

    def _declare(self, name: str, kind: str, where: str) -> None:
        """Add a parameter of one number, unless it is there."""
        known = self.kinds.setdefault(name, kind)
        if known != kind:
            raise self.mistake(f"{where} has the name of another kind of parameter")
        if name in self.parameters:
            return
        own = self.config.get(name) or _Configured(name=name)
        constraint, bounds, value = None, _FACTOR, 1.0
        if kind == "pull":
            if own.sigmas is not None:
                raise self.mistake(f"the pull {name!r} has the width one; take 'sigmas' out")
            constraint = Gaussian(own.auxdata[0] if own.auxdata else 0.0, 1.0)
            bounds, value = _PULL, 0.0
        elif kind == LUMI:
            if not (own.auxdata and own.sigmas and own.sigmas[0] > 0.0):
                raise self.mistake(
                    "lumi has no value and width: give the measurement a parameter 'lumi' with "
                    "auxdata and sigmas"
                )
            constraint = Gaussian(own.auxdata[0], own.sigmas[0])
        self.parameters[name] = self._placed(name, name, 0, bounds, constraint, value=value)

    def _placed(
        self,
        config: str,
        name: str,
        number: int,
        bounds: tuple[float, float],
        constraint: Gaussian | None,
        *,
        value: float = 1.0,
        fixed: bool = False,
    ) -> Parameter:
        """A parameter where the measurement puts it.

        Args:
            config: its name in the measurement, which bins share.
            name: its own name.
            number: of the bin.
            bounds: where the measurement gives none.
            constraint: of the parameter.
            value: where the measurement gives none.
            fixed: hold it, whatever the measurement says.
        """
        own = self.config.get(config) or _Configured(name=config)
        values, ends = own.inits, own.bounds
        if (values and number >= len(values)) or (ends and number >= len(ends)):
            raise self.mistake(f"the measurement configures fewer numbers than {config!r} has")
        value = values[number] if values else value
        lower, upper = ends[number] if ends else bounds
        try:
            return Parameter(
                name,
                value,
                lower=lower,
                upper=upper,
                constraint=constraint,
                fixed=own.fixed or fixed,
                typical=None if constraint else 0.1 * max(abs(value), 0.1),
            )
        except InputError as error:
            raise self.mistake(str(error)) from None

    def _shapesys(self, m: _OfBins, nominal: Array, where: str) -> tuple[str, ...]:
        """Factors of the bins, each with an auxiliary count."""
        if m.name in self.kinds:
            raise self.mistake(f"{where} has a name that is taken; a shapesys is of one sample")
        self.kinds[m.name] = "shapesys"
        own = self.config.get(m.name)
        names = tuple(f"{m.name}[{b}]" for b in range(nominal.size))
        for b, (name, content, error) in enumerate(zip(names, nominal, m.data, strict=True)):
            valid = content > 0.0 and error > 0.0
            tau = (content / error) ** 2 if valid else 1.0
            self.parameters[name] = self._placed(m.name, name, b, _BIN, None, fixed=not valid)
            if own is not None and (own.auxdata or own.factors):
                raise self.mistake(f"auxiliary counts of the shapesys {m.name!r} are not read")
            self.auxiliary.append(AuxiliaryCount(name, float(tau)))
        return names

    def _staterrors(self, channel: _Channel) -> None:
        """Factors of the bins that several samples share, with one relative error."""
        shared: dict[str, list[tuple[_Sample, _OfBins]]] = {}
        for sample in channel.samples:
            for m in sample.modifiers:
                if isinstance(m, _OfBins) and m.type == "staterror":
                    shared.setdefault(m.name, []).append((sample, m))
        for name, members in shared.items():
            if name in self.kinds:
                raise self.mistake(
                    f"the staterror {name!r} of channel {channel.name!r} has a name that is taken; "
                    "it is of one channel"
                )
            self.kinds[name] = "staterror"
            if any(len(s.data) != len(m.data) for s, m in members):
                raise self.mistake(
                    f"the staterror {name!r} has another number of bins than a sample"
                )
            if len({len(s.data) for s, _ in members}) > 1:
                raise self.mistake(f"the channel {channel.name!r} has samples of different lengths")
            contents = np.sum([s.data for s, _ in members], axis=0)
            errors = np.sqrt(np.sum(np.square([m.data for _, m in members]), axis=0))
            own = self.config.get(name)
            for numbers in () if own is None else (own.sigmas, own.auxdata):
                if numbers is not None and len(numbers) != len(contents):
                    raise self.mistake(
                        f"the measurement configures {len(numbers)} numbers of the staterror "
                        f"{name!r}, which has {len(contents)}"
                    )
            for b, (content, error) in enumerate(zip(contents, errors, strict=True)):
                sigma = error / content if content > 0.0 else 0.0
                if own is not None and own.sigmas:
                    sigma = own.sigmas[b]
                mean = own.auxdata[b] if own is not None and own.auxdata else 1.0
                constraint = Gaussian(mean, float(sigma) if sigma > 0.0 else 1.0)
                full = f"{name}[{b}]"
                self.parameters[full] = self._placed(
                    name, full, b, _BIN, constraint, fixed=not sigma > 0.0
                )


# -- writing ----------------------------------------------------------------------------------


def workspace_document(
    histograms: HistogramModel, name: str, *, left_out: Mapping[str, Sequence[str]] | None = None
) -> dict[str, Any]:
    """The JSON of a likelihood of histograms.

    Args:
        histograms: the one factor with a constraint is called `LUMI`.
        name: of the measurement.
        left_out: samples that a patch adds, by channel.
    """
    channels, parameters = [], []
    for p in histograms.parameters:
        own: dict[str, Any] = {"name": p.name, "bounds": [[p.lower, p.upper]], "inits": [p.value]}
        if p.name == LUMI and p.constraint is not None:
            own |= {"auxdata": [p.constraint.mean], "sigmas": [p.constraint.sigma]}
        if p.fixed:
            own["fixed"] = True
        parameters.append(own)
    for channel in histograms.channels:
        without = (left_out or {}).get(channel.name, ())
        samples = [_sample(s) for s in channel.samples if s.name not in without]
        channels.append({"name": channel.name, "samples": samples})
    return {
        "channels": channels,
        "measurements": [
            {"name": name, "config": {"poi": histograms.poi, "parameters": parameters}}
        ],
        "observations": [
            {"name": c.name, "data": c.observed.tolist()} for c in histograms.channels
        ],
        "version": SCHEMA,
    }


def _sample(sample: Sample) -> dict[str, Any]:
    modifiers: list[dict[str, Any]] = []
    for m in sample.modifiers:
        if isinstance(m, NormFactor):
            kind = "lumi" if m.parameter == LUMI else "normfactor"
            modifiers.append({"name": m.parameter, "type": kind, "data": None})
        elif isinstance(m, NormSys):
            data: dict[str, Any] = {"hi": m.high, "lo": m.low}
            modifiers.append({"name": m.parameter, "type": "normsys", "data": data})
        elif isinstance(m, HistoSys):
            data = {"hi_data": m.high.tolist(), "lo_data": m.low.tolist()}
            modifiers.append({"name": m.parameter, "type": "histosys", "data": data})
        else:
            raise InputError(f"factors of single bins of {sample.name!r} are read, not written")
    return {"name": sample.name, "data": sample.nominal.tolist(), "modifiers": modifiers}


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a document as pyhf has it, by which a patchset knows its workspace."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def metadata_path(out: Path) -> Path:
    """The file beside a workspace that says what a workspace cannot say of itself."""
    return out.with_name(f"{out.stem}.metadata.json")
