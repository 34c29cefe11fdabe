"""``cevns export`` and ``inspect``, and ``cevns fit`` of a likelihood file."""

from __future__ import annotations

import json

import pytest

CSI = "coherent-csi-2021"


def test_export_says_what_is_lost_and_where_it_is(cevns, folder):
    done = cevns("export", CSI, "--to", "histfactory", "--out", "csi.json", "--json", "said.json")
    assert done.code == 0, done.err
    assert "closure: file 310.56 +- 31.87 (cevns 310.37 +- 31.87): +0.58 % of the error" in done.out
    assert "note: values of the closure are refined by Newton steps; 'cevns fit' ends" in done.out
    assert "written: csi.json" in done.out
    said = json.loads((folder / "said.json").read_text())
    assert said["files"] == ["csi.json", "csi.metadata.json"]
    assert said["closure"]["shift_in_errors"] == pytest.approx(0.0058, abs=3e-4)
    done = cevns("fit", "csi.json", "--json", "fit.json", "--fix", "t0")
    assert done.code == 0, done.err
    assert "mu = 0 is rejected at 11.5" in done.out
    record = json.loads((folder / "fit.json").read_text())
    assert record["parameters"]["t0"]["fixed"]
    assert record["channels"][CSI]["observed"] == 1578.0
    done = cevns("inspect", "csi.json", "--json", "-")
    assert done.code == 0
    assert json.loads(done.out)["poi"] == "mu"
    done = cevns("inspect", "fit.json")
    assert done.code == 0
    assert "result of cevns" in done.out


def test_an_asimov_projection_of_one_s_own(cevns, folder):
    done = cevns("export", "nucleus-10g", "--to", "hs3", "--out", "n.json")
    assert done.code == 2
    assert "--asimov" in done.err
    done = cevns("export", "nucleus-10g", "--to", "hs3", "--out", "n.json", "--asimov", "--strict")
    assert done.code == 0, done.err
    assert "at most 0.0000 along the profile" in done.out
    assert "expected counts" in (folder / "n.json").read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "histfactry", "--out", "x.json"), "did you mean 'histfactory'"),
        (("--to", "csv", "--out", "nowhere/x.csv"), "there is no folder nowhere"),
        (("--to", "csv", "--out", "."), "is a folder; name a file in it"),
        (("--to", "hepdata", "--out", "."), "holds other files than a submission"),
        (("--to", "hepdata", "--out", "mine.yaml"), "is a file, and a submission is a folder"),
        (("--to", "csv", "--out", "x.csv", "--scan", "s.h5"), "to HEPData: --to hepdata"),
        (
            ("--to", "csv", "--out", "x.csv", "--parameter", "eps_ee_u=0:1:3"),
            "a patchset: --to histfactory",
        ),
        (
            ("--to", "histfactory", "--out", "x.json", "--parameter", "eps_ee_u=0:1:3"),
            "unknown parameter 'eps_ee_u'",
        ),
        (
            ("--to", "histfactory", "--out", "x.json", "--model", "nsi",
             "--parameter", "eps_ee_u=0:1:3", "--poi", "count"),
            "use one of them",
        ),
        (("--to", "histfactory", "--out", "x.json", "--poi", "sin2-theta-w"), "'sin2_theta_w'"),
        (
            ("--to", "histfactory", "--out", "x.json", "--poi", "cross-section", "--strict"),
            "nothing is written",
        ),
    ],
)  # fmt: skip
def test_bad_input(words, said, cevns, folder):
    before = sorted(folder.iterdir())
    done = cevns("export", CSI, *words)
    assert done.code == 2
    errors = [x for x in done.err.splitlines() if "warning" not in x]
    assert len(errors) == 1
    assert said in errors[0]
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("w.json", CSI), "cannot be combined with experiments"),
        (("w.json", "--model", "nsi"), "--model applies to experiments only"),
        (("w.json", "--gof-toys", "5"), "without --plots, --gof-toys and --width"),
        (("w.json", "--set", "normsys=code9"), "unknown interpolation code"),
        (("w.json", "--fix", "nobody"), "unknown parameter 'nobody'"),
        (("broken.json",), "truncated or damaged"),
    ],
)
def test_bad_fits_of_files(words, said, cevns, folder):
    document = {
        "channels": [
            {
                "name": "c",
                "samples": [
                    {
                        "name": "s",
                        "data": [5.0],
                        "modifiers": [{"name": "mu", "type": "normfactor", "data": None}],
                    },
                    {"name": "b", "data": [9.0], "modifiers": []},
                ],
            }
        ],
        "observations": [{"name": "c", "data": [12.0]}],
        "measurements": [{"name": "m", "config": {"poi": "mu", "parameters": []}}],
        "version": "1.0.0",
    }
    (folder / "w.json").write_text(json.dumps(document))
    (folder / "broken.json").write_text(json.dumps(document)[:100])
    assert cevns("fit", "w.json").code == 0
    done = cevns("fit", *words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err


def test_a_file_that_is_there_is_replaced(cevns, folder):
    (folder / "x.csv").write_text("old")
    assert cevns("export", CSI, "--to", "csv", "--out", "x.csv").code == 0
    assert (folder / "x.csv").read_text().startswith("# cevns table of counts")


def test_inspect_of_nothing(cevns, folder):
    done = cevns("inspect", "nowhere.json")
    assert done.code == 2
    assert "nowhere.json: the file does not exist" in done.err


def test_a_submission_holds_scans_of_its_own_experiments(cevns, tmp_path):
    pytest.importorskip("h5py")
    scan = tmp_path / "s.h5"
    eps = ("--model", "nsi", "--parameter", "eps_ee_u=-0.2:0.2:5")
    assert cevns("scan", CSI, *eps, "--out", scan).code == 0
    into = ("--to", "hepdata", "--out", tmp_path / "submission")
    done = cevns("export", "coherent-csi-2017", *into, "--scan", scan)
    assert done.code == 2
    assert f"is a scan of {CSI}, and not of coherent-csi-2017" in done.err
    assert not (tmp_path / "submission").exists()
