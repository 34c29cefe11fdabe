"""Tables of a result for papers and spreadsheets: ``cevns inspect --table``."""

from __future__ import annotations

import csv
import json

import pytest

from cevns.cli import run
from cevns.exceptions import UnknownNameError
from cevns.records.record_tables import RecordTable
from cevns.records.table_formats import formatted

ODD = RecordTable(("name", "a_b"), (("50 % | \\x", -1.5e-7), ("y", None)), named=True)


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    out = tmp_path_factory.mktemp("fit") / "fit.json"
    assert run(["fit", "coherent-csi-2021", "--json", str(out)]) == 0
    return out


def test_csv_has_all_digits_of_the_result(fit, tmp_path):
    out = tmp_path / "counts.csv"
    assert run(["inspect", str(fit), "--table", "components", "--out", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    counts = json.loads(fit.read_text())["components"]
    assert [r["name"] for r in rows] == list(counts)
    assert [float(r["fit"]) for r in rows] == [c["fit"] for c in counts.values()]


def test_latex_and_markdown_compile_whatever_is_in_a_cell():
    assert formatted(ODD, "latex").splitlines() == [
        r"\begin{tabular}{lr}", r"\toprule", r"name & a\_b \\", r"\midrule",
        r"50 \% | \textbackslash{}x & $-1.5\times10^{-7}$ \\", r"y & -- \\",
        r"\bottomrule", r"\end{tabular}",
    ]  # fmt: skip
    assert formatted(ODD, "markdown").splitlines()[2:] == [
        "| 50 % \\| \\x | -1.5e-07 |",
        "| y | – |",
    ]
    assert formatted(ODD, "csv").splitlines()[1:] == ["50 % | \\x,-1.5e-07", "y,"]
    with pytest.raises(UnknownNameError, match=r"'html'.*csv, latex, markdown"):
        formatted(ODD, "html")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--table", "component_s"], "did you mean 'components'?"),
        (["--table", "components", "--format", "xls"], "Known: csv, latex, markdown"),
        (["--format", "latex"], "--format is of one table; name it with --table"),
        (["--out", "x.tex"], "--out is of one table; name it with --table"),
    ],
)
def test_slips(fit, capsys, options, said):
    assert run(["inspect", str(fit), *options]) == 2
    assert said in capsys.readouterr().err


def test_a_likelihood_has_no_tables_of_a_result(tmp_path, capsys):
    file = tmp_path / "csi.json"
    assert run(["export", "coherent-csi-2021", "--to", "histfactory", "--out", str(file)]) == 0
    assert run(["inspect", str(file), "--table", "components"]) == 2
    assert "--table is for what --json wrote" in capsys.readouterr().err
