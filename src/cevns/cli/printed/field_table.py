"""The table of a scan over a field of the experiment file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from cevns.cli.terminal.output import Output, table, written_alike

if TYPE_CHECKING:
    from cevns.analysis.scanning.field_record import FieldScan

__all__ = ["show_field_scan"]

_ROWS: Final = 24
"""Values that are printed; of more every second, third, ..."""


def show_field_scan(output: Output, found: FieldScan, out: Path | None) -> None:
    """Print a scan over a field for people.

    Args:
        output: where.
        found: the scan.
        out: its file.
    """
    import numpy as np

    console, q = output.console, found.quantity
    console.print(found.title, style="bold", end="", soft_wrap=True)
    console.print("  (expected counts)")
    level = f"{100.0 * found.cl:g} %"
    head = f"{q.title}{f' [{q.unit}]' if q.unit else ''}"
    what = f"{level} limit" if q.kind == "limit" else "error"
    interval, zero = q.kind != "limit", found.has_significance
    shown = table(
        head,
        f"{found.name}{f' [{found.unit}]' if found.unit else ''}",
        "signal",
        "background",
        what,
        *([f"{level} interval"] if interval else []),
        *(["sigma"] if zero else []),
    )
    step = -(-len(found.values) // _ROWS)
    last = len(found.values) - 1
    rows = sorted({*range(0, last, step), last})
    written = {
        name: written_alike(values[rows].tolist())
        for name, values in {
            "field": found.values,
            **{n: found[n] for n in ("signal", "background", "lower", "upper")},
        }.items()
    }
    for row, i in enumerate(rows):
        cells = {name: texts[row] for name, texts in written.items()}
        ends = f"{cells['lower']} to {cells['upper']}"
        z = found["significance"][i]
        shown.add_row(
            cells["field"],
            cells["signal"],
            cells["background"],
            found.written(i),
            *(["-" if np.isnan(found["lower"][i]) else ends] if interval else []),
            *(["-" if np.isnan(z) else f"{z:#.3g}".rstrip(".")] if zero else []),
        )
    console.print(shown)
    if step > 1:
        console.print(f"{len(rows)} of {last + 1} values; --json and --out have all")
    for line in found.summary():
        console.print(line, soft_wrap=True)
    if out is not None:
        console.print(f"written to {out}; draw it with 'cevns plot {out}'", soft_wrap=True)
