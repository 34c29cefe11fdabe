"""Bring README.md up to date: the table of `cevns reproduce` and the figure (`make readme`)."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cevns.files import write

README = Path(__file__).resolve().parents[1] / "README.md"
FIGURE = README.parent / "docs" / "images" / "csi-projections.png"
BEGIN = "<!-- reproduce:begin -->"
END = "<!-- reproduce:end -->"
# Rows that the README only counts, beside those that nobody has published: a long table of which
# all agree says little.
COUNTED = ("tmax-", "reactor-", "global-fit-nsi-", "global-fit-charge-radius-")
HEADER = (
    "| quantity | published | this package | difference | agrees |",
    "|---|---|---|---|---|",
)


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


def markdown(rows: Iterable[Mapping[str, Any]]) -> str:
    """The rows of `cevns reproduce --json -` as a markdown table, their notes numbered below."""
    rows = list(rows)
    lines, notes = list(HEADER), list[str]()
    counted = [
        row
        for row in rows
        if row["agrees"] and (row["id"].startswith(COUNTED) or not row["published_text"])
    ]
    for row in rows:
        if row in counted:
            continue
        quantity = cell(row["quantity"])
        if row.get("unit"):
            quantity += f" ({cell(row['unit']).replace('1e-40 cm2', '10⁻⁴⁰ cm²')})"
        if row.get("note"):
            if row["note"] not in notes:
                notes.append(row["note"])
            quantity += f" [{notes.index(row['note']) + 1}]"
        cells = (
            quantity,
            cell(row["published_text"]),
            cell(row["ours_text"]),
            difference(row["difference_sigma"]),
            "**no**" if row["verdict"] == "no" else row.get("verdict_text", row["verdict"]),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    if counted:
        names = ", ".join(f"`{prefix}…`" for prefix in COUNTED)
        rest = f"{len(counted)} further rows ({names}, and what an independent program alone has)"
        lines += [f"{rest} agree.", ""]
    if any(row.get("own") is not None for row in rows):
        lines += ["(own): judged by an independent program that had the same inputs.", ""]
    lines.extend(f"[{i}] {' '.join(note.split())}<br>" for i, note in enumerate(notes, 1))
    return "\n".join(lines)


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
    """Rewrite the block and the figure; with --check only say whether the block would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cevns", default="cevns", help="the command to run")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if outdated")
    options = parser.parse_args()
    rows = json.loads(run(options.cevns, "reproduce", "--json", "-"))["rows"]
    old = README.read_text(encoding="utf-8")
    new = replace_block(old, markdown(rows))
    if options.check:
        return int(old != new)
    write(README, new)
    with tempfile.TemporaryDirectory() as folder:
        run(options.cevns, "fit", "coherent-csi-2021", "--plots", folder)
        FIGURE.parent.mkdir(exist_ok=True)
        shutil.copyfile(Path(folder) / "projections.png", FIGURE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
