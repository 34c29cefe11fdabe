"""The record of a fit as sections: the same for a fit that was just made and one from a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cevns.analysis.measurement import NOTHING
from cevns.records.record_tables import RecordTable
from cevns.report.document.page_elements import Picture, Section, Table
from cevns.report.document.quoted_numbers import (
    percent,
    plain,
    quoted,
    quoted_unit,
    value_with_errors,
    with_unit,
)
from cevns.report.document.systematics_sections import systematics_section
from cevns.report.drawing.labels import described, symbol_of_the_field

__all__ = ["Beside", "answer", "fit_sections", "is_fit", "is_of_file"]

_DESCRIBED, _TENSION = 0.05, 0.003
"""Probabilities of a larger chi2 below which a fit is in tension, and is refused."""
_KEY: Final = "data"


@dataclass(frozen=True)
class Beside:
    """What is known of a fit beside its record.

    Args:
        pictures: figures by section: ``data``, ``pulls``, ``correlations``, ``profile``
            and ``recoils``.
        titles: of components, by name.
        descriptions: of parameters, by name.
        notes: why something is missing, by section.
        fitted: all events that the fit expects, by experiment; of a single one without its name.
    """

    pictures: Mapping[str, Sequence[Picture]] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    fitted: Mapping[str, float | None] = field(default_factory=dict)


def is_fit(record: Mapping[str, Any]) -> bool:
    """Whether a record is that of ``cevns fit``."""
    return {"parameters", "correlation", "channels", "valid", "chi2"} <= record.keys()


def is_of_file(record: Mapping[str, Any]) -> bool:
    """Whether the record of a fit is that of a likelihood file, which has samples in channels."""
    channels = record["channels"]
    return bool(channels) and all("samples" in c for c in channels.values())


def called(name: str, descriptions: Mapping[str, str]) -> str:
    """A parameter in words: what it is, or the name of one that the field writes as a symbol.

    Args:
        name: of the parameter.
        descriptions: of parameters, by name.

    Examples:
        >>> called("ssb", {"ssb": "steady-state background; from the data"}), called("own", {})
        ('Steady-state background', 'own')
        >>> called("eps_ee_u", {"eps_ee_u": "nu_e stays nu_e at u quarks: vector coupling"})
        'eps_ee_u'
    """
    formula = "$" in (symbol_of_the_field(name) or "")
    return name if formula else described(descriptions.get(name, "")) or name


def _described(record: Mapping[str, Any], beside: Beside | None = None) -> dict[str, str]:
    """Descriptions of parameters; those of records before they had them come from beside."""
    own = {n: str(p.get("description", "")) for n, p in record["parameters"].items()}
    return own if beside is None else {**own, **beside.descriptions}


def _is(what: str, name: str) -> str:
    """What stands before a value: an equals sign behind a name, a colon behind words."""
    return f"{what} =" if what == name else f"{what}:"


def answer(record: Mapping[str, Any]) -> str:
    """What a fit found, in one line.

    Args:
        record: of the fit.
    """
    descriptions = _described(record)
    found = record.get("poi")
    if not found:
        each = {n: r.get("poi") for n, r in record.get("experiments", {}).items()}
        said = [
            f"{n}, {_is(called(p['name'], descriptions), p['name'])} {value_with_errors(p)}"
            for n, p in each.items()
            if p
        ]
        return "; ".join(said) or "There is no parameter of interest."
    found = {**record.get("parameters", {}).get(found["name"], {}), **found}
    z, limit = record.get("significance"), record.get("upper_limit")
    name, signal = found["name"], record.get("signal", "CEvNS")
    what = called(name, descriptions)
    text = f"{_is(what, name)} {value_with_errors(found)}"
    if limit:
        above = f"{what} < {with_unit(quoted(limit, 'value'), limit)}"
        at = f"{percent(limit['level'], 0)} (one-sided profile likelihood)"
        text = f"{above} at {at}; the best fit is at the lower bound: {value_with_errors(found)}"
    if z is not None:
        only = "background-only hypothesis" if signal == "CEvNS" else f"hypothesis without {signal}"
        verb = "is expected to be rejected" if record.get("asimov") else "is rejected"
        # what a parameter of a file means is not known here
        nothing = f"{found['name']} = 0" if is_of_file(record) else f"the {only}"
        if z < NOTHING:
            text += f"; {nothing} {verb.replace('is', 'is not', 1)}"
        else:
            text += f"; {nothing} {verb} at {z:.2f} sigma"
    return text + ("; expected counts in place of data" if record.get("asimov") else "")


def fit_sections(record: Mapping[str, Any], beside: Beside) -> Iterator[Section]:
    """Sections of a fit, in their order; the profile and the table of systematics are in it.

    Args:
        record: of the fit, perhaps with ``profile`` and ``systematics``.
        beside: figures and words that it does not hold.
    """
    yield Section("Components", tables=list(_components(record, beside)))
    yield Section(
        "Parameters",
        tables=[_parameters(record, beside)],
        lines=[record["diagnosis"]] if record.get("diagnosis") else [],
    )
    yield Section("Data and fit", _data_texts(record, beside), beside.pictures.get(_KEY, ()))
    pulled = [p for p in record["parameters"].values() if p["pull"] is not None and not p["fixed"]]
    none = [] if pulled else ["No free parameter has a constraint, so there are no pulls."]
    yield Section("Pulls", none, beside.pictures.get("pulls", ()))
    yield _correlations(record, beside)
    known = replace(beside, descriptions=_described(record, beside))
    yield profile_section(record.get("profile"), known)
    yield systematics_section(record.get("systematics"), beside.notes.get("systematics", ""))
    yield Section("Goodness of fit", goodness(record))


def _components(record: Mapping[str, Any], beside: Beside) -> Iterator[Table]:
    """Predicted and fitted counts of each experiment, or of each channel of a file."""
    if is_of_file(record):
        yield from _samples(record)
        return
    several = record.get("experiments")
    blocks = several if isinstance(several, Mapping) else {"": record}
    for name, block in blocks.items():
        unit = str(block.get("values_unit", "events"))
        rows, raw = [], []
        for component, c in block["components"].items():
            error = c["prediction_error"]
            predicted = f"{c['prediction']:.1f} " + (
                "(free)" if error is None else f"± {error:.1f}"
            )
            fitted = f"{c['fit']:.1f} ± {c['error']:.1f}"
            title = c.get("title") or beside.titles.get(component, component)
            rows.append((title, predicted, fitted))
            raw.append((component, *(c[k] for k in _COUNTS)))
        total = beside.fitted.get(name)
        observed = f"{block['observed']:.1f}".removesuffix(".0")
        data = "Asimov data" if record.get("asimov") else "observed"
        rows.append((data, observed, "" if total is None else f"{total:.1f}"))
        raw.append(("observed", block["observed"], None, total, None))
        what = f"{unit} in the analysis region" if unit == "events" else f"published values, {unit}"
        title = f"{name}: {unit}" if name else what
        columns = ("component", "prediction", "fit")
        yield Table(columns, rows, title, RecordTable(("component", *_COUNTS), tuple(raw)))


def _samples(record: Mapping[str, Any]) -> Iterator[Table]:
    """Nominal and fitted counts of the samples of a likelihood file, by channel."""
    data = "Asimov data" if record.get("asimov") else "observed"
    for name, channel in record["channels"].items():
        counts = {sample: (c["nominal"], c["fit"]) for sample, c in channel["samples"].items()}
        observed, total = channel["observed"], sum(fit for _, fit in counts.values())
        rows = [(sample, f"{a:.1f}", f"{b:.1f}") for sample, (a, b) in counts.items()]
        rows.append((data, f"{observed:.1f}".removesuffix(".0"), f"{total:.1f}"))
        raw = [(sample, a, b) for sample, (a, b) in counts.items()]
        raw.append(("observed", observed, total))
        columns = ("sample", "nominal", "fit")
        yield Table(columns, rows, f"{name}: events", RecordTable(columns, tuple(raw)))


_COUNTS: Final = ("prediction", "prediction_error", "fit", "error")


def _parameters(record: Mapping[str, Any], beside: Beside) -> Table:
    """All parameters with errors, constraints and pulls."""
    rows, raw = [], []
    descriptions = _described(record, beside)
    for name, p in record["parameters"].items():
        prior, fixed = p["prior"], p["fixed"]
        minos = " ".join(
            f"{sign}{quoted(p, key)}"
            for key, sign in (("error_up", "+"), ("error_down", "−"))
            if p[key] is not None
        )
        ratio = None if prior is None or fixed else p["error"] / prior["sigma"]
        constraint = "" if fixed else "free"
        if prior is not None:
            constraint = f"{plain(prior['mean'])} ± {plain(prior['sigma'], 3)}"
        rows.append(
            (
                name,
                descriptions.get(name, ""),
                quoted(p, "value", 5) + (" (at its bound)" if p["at_bound"] else ""),
                "fixed" if fixed else quoted(p, "error", 3),
                minos,
                constraint,
                "" if p["pull"] is None or fixed else f"{p['pull']:+.2f}".replace("-", "−"),
                "" if ratio is None else f"{ratio:.2f}",
                quoted_unit(p),
            )
        )
        mean, sigma = (None, None) if prior is None else (prior["mean"], prior["sigma"])
        raw.append((name, *(p[k] for k in _FIELDS), mean, sigma))
    values = RecordTable(("name", *_FIELDS, "prior_mean", "prior_sigma"), tuple(raw))
    return Table(
        _COLUMNS,
        rows,
        "",
        values,
        2,
        "HESSE: error of the covariance matrix. MINOS: ends of the profile likelihood, where they "
        "were asked for. Constraint: the auxiliary measurement. Pull: fitted value minus "
        "constraint, in widths of the constraint. Error/width: below 1 where the counts add "
        "information.",
    )


_COLUMNS: Final = (
    "parameter", "what", "value", "HESSE", "MINOS", "constraint", "pull", "error/width", "unit",
)  # fmt: skip
_FIELDS: Final = ("value", "error", "error_up", "error_down", "unit", "pull", "fixed", "at_bound")


def _data_texts(record: Mapping[str, Any], beside: Beside) -> list[str]:
    texts = []
    if note := beside.notes.get(_KEY):
        texts.append(note)
    elif record["asimov"]:
        texts.append(
            "Expected counts (Asimov data) were fitted in place of data: the errors are those to "
            "expect, and the best fit is the prediction."
        )
    if not beside.pictures.get(_KEY):
        missing = (
            "There is no figure of the counts here: this result does not hold them by "
            f"{'sample' if is_of_file(record) else 'component'} and bin."
        )
        where = (
            "They are in the likelihood file, which 'cevns inspect' shows."
            if is_of_file(record)
            else "A report of the experiment draws them."
        )
        texts.append(f"{missing} {where}")
    return texts


def _correlations(record: Mapping[str, Any], beside: Beside) -> Section:
    names, matrix = record["correlation"]["names"], record["correlation"]["matrix"]
    if not names:
        return Section("Correlations", ["No parameter is free."])
    values = RecordTable(
        ("", *names), tuple((n, *row) for n, row in zip(names, matrix, strict=True))
    )
    pictures = beside.pictures.get("correlations", ())
    pairs = sorted(
        ((a, b, matrix[i][j]) for i, a in enumerate(names) for j, b in enumerate(names) if j < i),
        key=lambda pair: -abs(pair[2] or 0.0),
    )
    descriptions = _described(record, beside)
    rows = [
        (called(a, descriptions), called(b, descriptions), f"{r:+.2f}".replace("-", "−"))
        for a, b, r in pairs[:8]
        if r is not None
    ]
    table = Table(
        ("parameter", "with", "correlation"),
        rows,
        "largest correlations",
        values,
        2,
        "The whole matrix is in the CSV.",
    )
    return Section("Correlations", (), pictures, [table] if rows else [])


def profile_section(record: Mapping[str, Any] | None, beside: Beside) -> Section:
    """The profile of the parameter of interest with its intervals.

    Args:
        record: of ``cevns profile``; None where there is none.
        beside: its figure, or why there is none.
    """
    pictures, note = beside.pictures.get("profile", ()), beside.notes.get("profile", "")
    if record is None:
        return Section("Profile likelihood", [note] if note else [], pictures)
    rows = []
    for found in record["intervals"]:
        both = {**found, "unit": record["unit"]}
        lower, upper = quoted(both, "lower", 5), quoted(both, "upper", 5)
        ends = f"{lower} to {upper}"
        if found["lower_is_bound"] and not found["upper_is_bound"]:
            ends = f"below {upper}"
        elif found["upper_is_bound"]:
            ends = f"above {lower}"
        rows.append((percent(found["level"]), ends, quoted_unit(both)))
    curve = RecordTable(
        (f"{record['parameter']} {record['unit']}".strip(), "delta_chi2"),
        tuple(zip(record["values"], record["delta_chi2"], strict=True)),
    )
    table = Table(
        ("level", f"interval of {called(record['parameter'], beside.descriptions)}", "unit"),
        rows,
        "",
        curve,
        1,
        "The CSV holds the curve: the parameter and the rise of -2 ln L, all others profiled.",
    )
    return Section("Profile likelihood", [note] if note else [], pictures, [table])


def goodness(record: Mapping[str, Any]) -> list[str]:
    """How well a fit describes its data, in words."""
    from scipy.special import chdtrc

    ndof = record["ndof"]
    if record["asimov"]:
        return [
            (
                "Expected counts were fitted, which the model describes exactly: there is no "
                "goodness of fit."
            )
        ]
    if ndof is None:
        return ["The events are treated as points, for which chi2 has no meaning."]
    pulls = record["chi2"] - record["deviance"]
    texts = [
        (
            f"χ² = {record['chi2']:z.1f} for {ndof} degrees of freedom: a deviance of "
            f"{record['deviance']:z.1f} and pulls of {pulls:z.1f}. Pearson's χ² is "
            f"{record['pearson_chi2']:z.1f}."
        )
    ]
    if ndof > 0:
        p = float(chdtrc(ndof, record["chi2"]))
        said = (
            "the model describes the data"
            if p >= _DESCRIBED
            else "the data are in tension with the model"
            if p >= _TENSION
            else "the model does not describe the data"
        )
        toyed = "" if is_of_file(record) else " (--gof-toys)"
        texts.append(
            f"If it follows a χ² distribution, a larger value is found with a probability of "
            f"{p:.2g}: {said}. Where bins hold few counts the distribution is another one, and "
            f"pseudo-experiments{toyed} give the probability."
        )
    else:
        texts.append("No degree of freedom is left, so that the fit cannot be judged.")
    if toys := record.get("goodness_of_fit"):
        texts.append(
            f"{toys['toys']} pseudo-experiments give a probability of {toys['p_value']:.3f} ± "
            f"{toys['error']:.3f}."
        )
    return texts
