"""Looking into files: every format that is written, and files that are cut, mixed up or foreign."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from cevns.exceptions import CevnsError, DataError, InputError, UnknownNameError
from cevns.likelihood_files.exporting import inspect
from cevns.likelihood_files.file_format import writer, written_names

FORMATS = [
    "histfactory",
    "hs3",
    "csv",
    "root",
    "hepdata",
    pytest.param("arviz", marks=pytest.mark.slow),
]
KINDS = {
    "histfactory": "HistFactory workspace",
    "hs3": "HS3 likelihood",
    "csv": "table of counts (CSV)",
    "root": "histograms (ROOT)",
    "hepdata": "submission to HEPData (folder)",
    "arviz": "posterior (ArviZ netCDF)",
}


def test_formats():
    assert set(written_names()) == set(KINDS)
    with pytest.raises(UnknownNameError, match="did you mean 'histfactory'"):
        writer("hist-factory")


@pytest.mark.parametrize("name", sorted(KINDS))
def test_what_a_format_has_no_place_for_is_refused(name, csi, tmp_path):
    """Neither scans nor points of new physics are left out in silence."""
    if name != "hepdata":
        with pytest.raises(InputError, match="--to hepdata"):
            csi.export(name, tmp_path / "x", scans=[tmp_path / "scan.h5"])
    if name != "histfactory":
        plan = csi.with_models("nsi").plan({"eps_ee_u": [0.0, 0.2]}, form="exact")
        with pytest.raises(InputError, match="--to histfactory"):
            csi.export(name, tmp_path / "x", plan=plan)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_looked_into(name, exported):
    found = inspect(exported(name))
    assert found.kind == KINDS[name]
    assert any("Refit with cevns" in line for line in found.lines)
    assert found.tables
    assert all(len(row) == len(t.columns) for t in found.tables for row in t.rows)
    json.dumps(found.content, allow_nan=False)


def test_a_root_file_has_the_name_of_the_experiment_once(exported):
    found = inspect(exported("root"))
    (shown,) = found.tables
    assert shown.title.endswith("histograms in coherent-csi-2021/")
    assert {"observed", "cevns/predicted"} <= {row[0] for row in shown.rows}
    assert "coherent-csi-2021/cevns/predicted" in found.content["histograms"]


def test_columns_of_a_submission_are_told_apart(exported):
    said = " ".join(
        cell for t in inspect(exported("hepdata")).tables for row in t.rows for cell in row
    )
    assert "cevns, predicted; cevns, fitted" in said


def test_likelihoods_hold_what_was_written(exported):
    for name in ("histfactory", "hs3"):
        content = inspect(exported(name)).content
        channel = content["channels"]["coherent-csi-2021"]
        assert (channel["bins"], channel["observed"]) == (99, 1578.0)
        assert channel["samples"]["cevns"] == pytest.approx(331.42, abs=0.01)
        assert content["poi"] == "mu"
        assert content["parameters"]["efficiency"]["constraint"] == "0 +- 1"


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("shapesys", {}, "is a 'shapesys', which is not supported"),
        ("histosys", {"interpolation": "lin"}, "the interpolation 'lin' of"),
        ("histosys", {"interpolation": "code1"}, "the interpolation 'code1' of"),
        ("normsys", {"hi": 1.1, "lo": 0.9, "interpolation": "code0"}, "the interpolation 'code0'"),
        ("normsys", {"hi": 1.1, "lo": 0.0}, "are not positive"),
        ("histosys", {"lo": {"contents": [1.0]}}, "has another number of bins"),
    ],
)
def test_modifiers_of_hs3_that_are_not_read_are_refused_by_name(
    kind, data, said, exported, tmp_path
):
    document = json.loads(exported("hs3").read_text())
    samples = [s for d in document["distributions"] for s in d.get("samples", ())]
    modifier = next(m for s in samples for m in s["modifiers"] if m["type"] == "histosys")
    modifier["type"] = kind
    modifier["data"].update(data)
    (tmp_path / "changed.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=said):
        inspect(tmp_path / "changed.json")


def test_results_and_scans(csi, tmp_path):
    pytest.importorskip("h5py")
    from cevns.cli import run

    assert run(["fit", "coherent-csi-2021", "--json", str(tmp_path / "fit.json")]) == 0
    found = inspect(tmp_path / "fit.json")
    assert found.kind == "result of cevns (JSON)"
    assert any(r[0] == "cevns" and "310.388" in r for r in found.tables[1].rows)
    assert "components" in found.content["tables"]
    assert found.held["components"].rows[0][0] == "cevns"
    study = csi.with_models("nsi")
    study.scan({"eps_ee_u": [-0.2, 0.0, 0.2, 0.4]}, out=tmp_path / "scan.h5")
    found = inspect(tmp_path / "scan.h5")
    assert found.kind == "scan of cevns (HDF5)"
    assert found.tables[0].rows[0][0] == "eps_ee_u"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("part", [0.3, 0.9])
def test_a_truncated_file_is_said_to_be_one(name, part, exported, tmp_path):
    source = exported(name)
    if source.is_dir():
        damaged = tmp_path / "submission"
        shutil.copytree(source, damaged)
        victim = damaged / "submission.yaml"
    else:
        damaged = victim = tmp_path / source.name
        shutil.copy(source, victim)
    content = victim.read_bytes()
    victim.write_bytes(content[: int(part * len(content))])
    if name == "csv" and part == 0.9:
        # a cut between two cells leaves a shorter row
        victim.write_bytes(victim.read_bytes().rsplit(b",", 1)[0])
    with pytest.raises(DataError) as caught:
        inspect(damaged)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.json", b""),
        ("text.txt", b"nothing of the kind"),
        ("list.json", b"[1, 2]"),
        ("other.json", b'{"a": 1}'),
        ("cut.json", b'{"channels": ['),
        ("deep.json", b'{"a": ' + b"[" * 100_000),
        ("channels.json", b'{"channels": 1, "measurements": 2, "observations": 3}'),
        ("hs3.json", b'{"metadata": {"hs3_version": "0.2"}}'),
        ("hs3b.json", b'{"metadata": {"hs3_version": "0.2"}, "analyses": [], "data": 5}'),
        ("patch.json", b'{"patches": 5, "metadata": {}}'),
        ("bad.root", b"root" + bytes(200)),
        ("bad.h5", b"cevns scan 2\n" + bytes(600)),
        ("bad.csv", b"# cevns table of counts\nchannel,bin\n"),
    ],
)
def test_foreign_and_damaged_files(name, content, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CevnsError) as caught:
        inspect(path)
    assert caught.value.exit_code == 2
    assert name in str(caught.value)


@pytest.mark.slow
def test_damaged_posterior(tmp_path):
    path = tmp_path / "bad.nc"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(600))
    with pytest.raises(DataError, match="posterior"):
        inspect(path)


def test_a_submission_that_lacks_a_file(exported, tmp_path):
    pytest.importorskip("hepdata_lib")
    shutil.copytree(exported("hepdata"), tmp_path / "sub")
    (tmp_path / "sub" / "hs3.json").unlink()
    with pytest.raises(DataError, match=r"lacks the attached hs3\.json"):
        inspect(tmp_path / "sub")


def test_a_folder_without_a_submission(tmp_path):
    with pytest.raises(DataError, match="none of the formats"):
        inspect(tmp_path)


def test_an_export_replaces_the_whole_submission(csi, tmp_path):
    pytest.importorskip("hepdata_lib")
    out: Path = tmp_path / "sub"
    csi.export("hepdata", out)
    (out / "left-over.yaml").write_text("a: 1")
    csi.export("hepdata", out)
    assert not (out / "left-over.yaml").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["sub"]


def test_a_submission_that_ends_before_its_tables_is_not_complete(exported, tmp_path):
    damaged = tmp_path / "submission"
    shutil.copytree(exported("hepdata"), damaged)
    file = damaged / "submission.yaml"
    head = file.read_text().split("comment:")[0]
    file.write_text(f"{head}comment: ")
    with pytest.raises(DataError, match=r"no complete submission .it has no table"):
        inspect(damaged)
