"""``cevns cite``: what it prints, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cevns
from cevns.cli import run
from cevns.exceptions import InputError, UnknownNameError

NAME = "coherent-csi-2021"


def out(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> tuple[str, str]:
    assert run(words) == code
    found = capsys.readouterr()
    assert "Traceback" not in found.err
    return found.out, found.err


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    printed, said = out(capsys, *words, code=2)
    assert printed == ""
    assert said.count("\n") == 1
    return said


def test_bibtex_text_and_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    bibtex, _ = out(capsys, "cite", NAME)
    assert "% used for: measurement, data release" in bibtex
    assert "@article{Cowan:2010js,\n  author = {Cowan, Glen and" in bibtex
    assert "checked" not in bibtex
    assert bibtex == cevns.cite(NAME).bibtex() + "\n"  # no line is wrapped
    words, _ = out(capsys, "cite", NAME, "--format", "text")
    assert words.startswith("[1] ")
    assert "    used for: form factor\n" in words
    listed, _ = out(capsys, "cite", NAME, "--format", "Markdown")
    assert "[arXiv:2110.07730](https://arxiv.org/abs/2110.07730)" in listed


def test_what_was_changed_is_cited(capsys: pytest.CaptureFixture[str]) -> None:
    words = ("cite", NAME, "--model", "nsi-quark-mix", "--set", "interaction.form_factor=helm-rms")
    changed, usual = out(capsys, *words)[0], out(capsys, "cite", NAME)[0]
    assert "arXiv:1805.04530" in changed
    assert "arXiv:1805.04530" not in usual
    assert "helm-1956" in changed
    assert "klein-nystrand-1999" in usual
    assert "klein-nystrand-1999" not in changed


def test_several_are_cited_once(capsys: pytest.CaptureFixture[str]) -> None:
    both, _ = out(capsys, "cite", NAME, "coherent-lar-2020")
    assert both.count("@article{2020NumPy-Array,") == 1
    assert "COHERENT:2020iec" in both


def test_a_result_is_cited_from_its_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rate.json"
    out(capsys, "predict", NAME, "--json", str(file))
    record = json.loads(file.read_text())
    assert {"key": "klein-nystrand-1999", "role": "form factor"} in record["citations"]
    assert record["citations"][-1] == {"key": "2020SciPy-NMeth", "role": "software"}
    assert "minuit" not in json.dumps(record["citations"])  # nothing was fitted
    printed, _ = out(capsys, "cite", str(file))
    assert printed == cevns.cite(record).bibtex() + "\n"
    assert "used for: minimisation" not in printed


def test_a_fit_names_its_methods() -> None:
    record = cevns.load(NAME).fit(minos="none").to_dict()
    roles = {c["role"] for c in record["citations"]}
    assert {"minimisation", "asymptotic distributions", "measurement", "software"} <= roles
    assert cevns.cite(record) == cevns.cite(cevns.load(NAME).fit(minos="none"))


def test_several_experiments_are_gathered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "both.json"
    out(capsys, "predict", NAME, "coherent-ge-2026", "--json", str(file))
    record = json.loads(file.read_text())
    keys = {c["key"] for c in record["citations"]}
    for block in record["experiments"].values():
        assert {c["key"] for c in block["citations"]} <= keys
    assert len(keys) > 10


@pytest.mark.parametrize(
    ("method", "role"),
    [("profile", "asymptotic distributions"), ("fc", "Feldman-Cousins intervals")],
)
def test_a_scan_is_cited_from_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], method: str, role: str
) -> None:
    file = tmp_path / "scan.h5"
    grid = ("--model", "nsi", "--parameter", "eps_ee_u=-0.1:0.3:3", "--asimov")
    toys = ("--toys", "20", "--workers", "1") if method == "fc" else ()
    out(capsys, "scan", NAME, *grid, "--method", method, *toys, "--out", str(file))
    printed, _ = out(capsys, "cite", str(file))
    assert f"used for: {role}" in printed
    assert "% used for: measurement" in printed
    assert "arXiv:hep-ph/0508299" in printed


def test_an_own_source_is_one_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, result = tmp_path / "mine.yaml", tmp_path / "mine.json"
    shipped = cevns.experiments.declaration.loader.find("conus-plus-2025").read_text()  # type: ignore[attr-defined]
    bibtex = "@article{mine:2026, author = {Doe, J.}, title = {Ours}, year = 2026}"
    cited = f'cite: ["{bibtex}", "logbook, page 12", "arXiv:2609.12345"]'
    file.write_text(shipped.replace('cite: ["arXiv:2501.05206"]', cited))
    printed, _ = out(capsys, "cite", str(file))
    assert "@article{mine:2026,\n  author = {Doe, J.},\n  title = {Ours}," in printed
    assert "@misc{logbook-page-12,\n  note = {logbook, page 12},\n}" in printed
    assert "@misc{arXiv:2609.12345,\n  eprint = {2609.12345}," in printed
    out(capsys, "flux", str(file), "--json", str(result))
    assert "mine:2026" in out(capsys, "cite", str(result))[0]  # the result carries the entry
    file.write_text(shipped.replace('cite: ["arXiv:2501.05206"]', 'cite: ["@article{mine"]'))
    assert "BibTeX begins with @KIND{KEY" in refused(capsys, "cite", str(file))


def test_what_is_no_experiment_and_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "did you mean 'coherent-csi-2021'" in refused(capsys, "cite", "coherent-csi-2012")
    assert "No such file" in refused(capsys, "cite", str(tmp_path / "none.json"))
    assert "does not exist" in refused(capsys, "cite", str(tmp_path / "none.h5"))
    assert "did you mean 'bibtex'" in refused(capsys, "cite", NAME, "--format", "bibtx")
    other = tmp_path / "other.json"
    for content, said in (
        ("{", "is not valid JSON"),
        ("[1, 2]", "not a result of cevns"),
        ('{"name": "mine"}', "not a result of cevns"),
        ('{"version": "0.1.0", "engine": "numpy"}', "no list of citations"),
        ('{"version": "0.1.0", "engine": "numpy", "citations": [3]}', "no list of citations"),
        ('{"version": "0.1.0", "engine": "numpy", "citations": [{"key": "a"}]}', "'role'"),
        (
            '{"version": "9", "engine": "numpy", "citations": [{"key": "no-such", "role": "x"}]}',
            "install that",
        ),
    ):
        other.write_text(content)
        assert said in refused(capsys, "cite", str(other))
    assert "--model applies to experiments" in refused(capsys, "cite", str(other), "--model", "nsi")
    other.write_bytes(b"\xff\xfe\x00")
    assert "is not valid JSON" in refused(capsys, "cite", str(other))
    with pytest.raises(InputError, match="nothing is given"):
        cevns.cite()
    with pytest.raises(UnknownNameError):
        cevns.cite(NAME).format("html")


def test_a_likelihood_file_cites_its_experiment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A workspace has no place for citations: the metadata beside it have them, if they are its."""
    whole, result = tmp_path / "w.json", tmp_path / "fit.json"
    metadata = tmp_path / "w.metadata.json"
    out(capsys, "export", NAME, "--to", "histfactory", "--out", str(whole))
    plain = out(capsys, "cite", NAME)[0]
    assert out(capsys, "cite", str(metadata))[0] == plain
    out(capsys, "fit", str(whole), "--minos", "none", "--json", str(result))
    assert out(capsys, "cite", str(result))[0] == plain
    other = json.loads(metadata.read_text()) | {"workspace_sha256": "another"}
    metadata.write_text(json.dumps(other))
    out(capsys, "fit", str(whole), "--minos", "none", "--json", str(result))
    alone = out(capsys, "cite", str(result))[0]
    assert "used for: minimisation" in alone
    assert "measurement" not in alone
    out(capsys, "export", NAME, "--to", "hs3", "--out", str(whole))
    out(capsys, "fit", str(whole), "--minos", "none", "--json", str(result))
    assert "% used for: measurement" in out(capsys, "cite", str(result))[0]


def test_a_report_is_cited_from_its_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jinja2")
    pytest.importorskip("mplhep")
    record, page = tmp_path / "rate.json", tmp_path / "rate.html"
    out(capsys, "predict", NAME, "--json", str(record))
    out(capsys, "report", str(record), "--out", str(page))
    assert out(capsys, "cite", str(page))[0] == out(capsys, "cite", str(record))[0]
    assert "is a report already" in refused(capsys, "report", str(page), "--out", f"{page}2.html")
    page.write_text("<html></html>")
    assert "holds no result" in refused(capsys, "cite", str(page))
