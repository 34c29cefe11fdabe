"""Write what `cevns reproduce` computes into docs/comparison.md and README.md (`make readme`)."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cevns.files import write
from cevns.reproduction import about

ROOT = Path(__file__).resolve().parents[1]
README, PAGE = ROOT / "README.md", ROOT / "docs" / "comparison.md"
FIGURE = ROOT / "docs" / "images" / "csi-projections.png"
BEGIN, END = "<!-- reproduce:begin -->", "<!-- reproduce:end -->"
CHOSEN = (
    "csi-2017-cevns",
    "csi-2021-cevns",
    "csi-2021-cross-section",
    "csi-2021-sin2",
    "lar-2020-cevns",
    "conus-plus-prediction",
    "xenonnt-2024-flux",
    "fog-floor-xe-5.5",
)
"""The rows of the README."""

VERDICTS = ("agrees", "differs", "not comparable", "input", "no data")


def cell(text: object) -> str:
    r"""One table cell: no line breaks, no bare column separators.

    Examples:
        >>> print(cell("a | b"))
        a \| b
    """
    return " ".join(str(text).split()).replace("|", "\\|")


def difference(sigma: float | list[float | None] | None) -> str:
    """The difference in units of its uncertainty, or a dash where none is defined.

    Examples:
        >>> difference(-0.42), difference(-0.01), difference(None)
        ('−0.4 σ', '0.0 σ', '–')
        >>> difference([0.3, None]), difference([None, None])  # of a row with several numbers
        ('+0.3 σ / –', '–')
    """
    if isinstance(sigma, list):
        each = [difference(s) for s in sigma]
        return " / ".join(each) if set(each) != {"–"} else "–"
    if sigma is None:
        return "–"
    rounded = round(sigma, 1)
    return "0.0 σ" if rounded == 0.0 else f"{rounded:+.1f} σ".replace("-", "−")


def relative(row: Mapping[str, Any]) -> str:
    """The difference in units of the published uncertainty; in per cent where there is none."""
    if row["difference_sigma"] is not None:
        return difference(row["difference_sigma"])
    ours, published = row["ours"], row["published"]
    if not isinstance(ours, float) or not published:
        return "–"
    return f"{100 * (ours / published - 1):+.1f} %".replace("-", "−")


def unit_text(unit: str) -> str:
    """A unit as it is printed in a paper; empty for counts.

    Examples:
        >>> unit_text("1e-40 cm2"), unit_text("1e6 /cm2/s"), unit_text("events"), unit_text("keV")
        ('10⁻⁴⁰ cm²', '10⁶ cm⁻² s⁻¹', '', 'keV')
    """
    if unit in ("counts", "events"):
        return ""
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    text = re.sub(r"\b1e(-?\d+)", lambda m: "10" + m[1].translate(raised), unit)
    text = text.replace("/cm2/s", "cm⁻² s⁻¹").replace("/cm2", "cm⁻²")
    return cell(re.sub(r"\bcm2\b", "cm²", text))


def quantity(row: Mapping[str, Any]) -> str:
    """What a row compares, with its unit."""
    unit = unit_text(row["unit"])
    return cell(row["quantity"]) + (f" ({unit})" if unit else "")


def markdown(header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table."""
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def chosen(rows: Iterable[Mapping[str, Any]]) -> str:
    """The table of the README."""
    by_id = {row["id"]: row for row in rows}
    header = ("quantity", "published", "source", "cevns", "difference")
    return markdown(
        header,
        [
            (
                quantity(row),
                cell(row["published_text"]),
                cell(row["source"]),
                cell(row["ours_text"]),
                relative(row),
            )
            for row in (by_id[i] for i in CHOSEN)
        ],
    )


def counts(rows: Iterable[Mapping[str, Any]]) -> str:
    """How many rows have each verdict, in words.

    Examples:
        >>> counts([{"verdict": "agrees"}, {"verdict": "input"}, {"verdict": "agrees"}])
        '2 agree, 1 is an input'
    """
    number = Counter(row["verdict"] for row in rows)
    words = {
        "agrees": ("agrees", "agree"),
        "differs": ("differs", "differ"),
        "not comparable": ("is not comparable", "are not comparable"),
        "input": ("is an input", "are inputs"),
        "no data": ("has no data here", "have no data here"),
    }
    return ", ".join(f"{n} {words[v][n != 1]}" for v in VERDICTS if (n := number[v]))


def section(title: str, text: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """One section of the page: the table and, numbered below it, the reasons."""
    reasons: list[str] = []
    lines = []
    for row in rows:
        reason = row["skipped"] or row["note"]
        if reason and reason not in reasons:
            reasons.append(reason)
        verdict = f"**{row['verdict']}**" if row["verdict"] == "differs" else row["verdict"]
        lines.append(
            (
                quantity(row),
                cell(row["published_text"]) or "–",
                cell(row["source"]),
                cell(row["own_text"]) or "–",
                cell(row["ours_text"]) or "–",
                difference(row["difference_sigma"]),
                verdict + (f" [{reasons.index(reason) + 1}]" if reason else ""),
            )
        )
    header = ("quantity", "published", "source", "program", "cevns", "difference", "verdict")
    parts = [f"## {title}", cell(text), f"{len(rows)} row{'s' * (len(rows) != 1)}: {counts(rows)}."]
    parts.append(markdown(header, lines))
    # no list of Markdown: a reason must keep the number that the table gives it
    parts += [f"[{i}] {' '.join(reason.split())}" for i, reason in enumerate(reasons, 1)]
    return "\n\n".join(parts)


def page(rows: Sequence[Mapping[str, Any]]) -> str:
    """The whole of docs/comparison.md below its introduction."""
    texts = about()
    beside = [row for row in rows if row["published_text"]]
    found = [
        (
            f"All {len(rows)} rows: {counts(rows)}. {len(beside)} of them have a published "
            f"number: {counts(beside)}. The others are compared with an independent program, or "
            "with a second calculation of ours."
        )
    ]
    for title, text in texts.items():
        own = [row for row in rows if row["section"] == title]
        if own:
            found.append(section(title, text, own))
    return "\n\n".join(found)


def replace_block(text: str, table: str) -> str:
    """`text` with `table` between the markers.

    Raises:
        ValueError: if the two markers are not there exactly once, in this order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"the file needs {BEGIN} and, after it, {END}, once each")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def run(*command: str) -> str:
    """Standard output of a command; its complaint and exit code become ours."""
    done = subprocess.run(command, capture_output=True, check=False, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stderr)
        raise SystemExit(done.returncode)
    return done.stdout


def main() -> int:
    """Rewrite both tables and the figure; with --check only say whether a table would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cevns", default="cevns", help="the command to run")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if outdated")
    options = parser.parse_args()
    rows = json.loads(run(options.cevns, "reproduce", "--json", "-"))["rows"]
    old = {path: path.read_text(encoding="utf-8") for path in (README, PAGE)}
    new = {
        README: replace_block(old[README], chosen(rows)),
        PAGE: replace_block(old[PAGE], page(rows)),
    }
    if options.check:
        return int(old != new)
    for path, text in new.items():
        write(path, text)
    with tempfile.TemporaryDirectory() as folder:
        run(options.cevns, "fit", "coherent-csi-2021", "--plots", folder)
        shutil.copyfile(Path(folder) / "projections.png", FIGURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
