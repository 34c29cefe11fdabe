"""The tables of docs/global-fit.md are those of the program."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from cevns.experiments.declaration.combination import read_combination
from cevns.nuclear.couplings import couplings
from cevns.report.global_fit import global_tables as tables
from cevns.reproduction import reproduce

PAGE = Path(__file__).parents[2] / "docs" / "global-fit.md"


def rows(heading: str) -> list[list[str]]:
    """Cells of the table whose first line begins so, without that line and its rule."""
    lines = PAGE.read_text(encoding="utf-8").replace("−", "-").splitlines()
    (start,) = [k for k, line in enumerate(lines) if line.startswith(heading)]
    table = takewhile(lambda line: line.startswith("|"), lines[start + 2 :])
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def numbers(text: str) -> list[float]:
    return [float(x) for x in re.findall(r"(?<![\w.])[+-]?\d+\.?\d*", text)]


def _computed(row_id: str) -> float:
    (row,) = [r for r in reproduce([row_id]) if r.published.id == row_id]
    assert row.ours is not None
    return row.ours


def test_each_set_alone_is_that_of_the_table_behind_the_figures():
    known = {r["set"]: r for r in tables.lines("global-angles")}
    found = {r[0].strip("`"): numbers(r[1]) for r in rows("| set | alone") if r[0]}
    assert set(found) == set(read_combination("global").paths)
    for name, (value, up, down) in found.items():
        row = known[name]
        fitted = [float(row["sin2_theta_w"]), float(row["up"]), -float(row["down"])]
        # the page has four digits, the table five
        assert [value, up, down] == pytest.approx(fitted, abs=0.6e-4), name


def test_the_usual_fit_is_that_of_the_table_behind_the_figures():
    (row,) = [r for r in tables.lines("global-angles") if r["set"] == "all"]
    (usual,) = [r for r in rows("| choice | alternative | sin") if r[0] == "default"]
    fitted = [float(row["sin2_theta_w"]), float(row["up"]), -float(row["down"])]
    assert numbers(usual[2]) == pytest.approx(fitted, abs=0.6e-4)


def test_every_alternative_is_among_the_variants():
    wanted = {
        (choice, option)
        for choice, options in read_combination("global").alternatives.items()
        for option in options[1:]
    }
    found, choice = [], ""
    for first, option, *_ in rows("| choice | alternative | sin"):
        choice = first.strip("`") or choice
        if option:
            found.append((choice, option.strip("`")))
    assert sorted(found) == sorted(wanted)


def test_couplings():
    for names, e, mu, tau, neutron in rows("| `couplings` | g_V"):
        (scheme,) = re.findall(r"\(`(.*)`\)", names)
        of = couplings(scheme)
        assert [float(x) for x in (e, mu, tau)] == pytest.approx(
            [of.gv_p(f) for f in ("e", "mu", "tau")], abs=0.6e-4
        )
        assert float(neutron) == pytest.approx(of.gv_n)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("label", "ids"),
    [
        ("germanium and CONUS+, R_n fixed",
         ("ge-conus-plus", "ge-conus-plus-up", "ge-conus-plus-down")),
        ("R_n(Ge) at 0.271, fm",
         ("radius-ge-0271", "radius-ge-0271-up", "radius-ge-0271-down")),
        ("CONUS+, own prediction / 347", ("conus-plus", "conus-plus-347")),
        ("R_n(CsI), fm", ("radius-csi", "radius-csi-up", "radius-csi-down")),
    ],
)  # fmt: skip
def test_rows_beside_published_numbers(label: str, ids: tuple[str, ...]):
    (row,) = [r for r in rows("| quantity | published |") if r[0] == label]
    ours = [_computed(f"global-fit-{i}") for i in ids]
    said = [abs(x) for x in numbers(row[3])]
    digits = [len(x.partition(".")[2]) for x in re.findall(r"\d+\.\d+", row[3])]
    for value, computed, places in zip(said, ours, digits, strict=True):
        assert value == pytest.approx(computed, abs=0.51 * 10.0**-places)
