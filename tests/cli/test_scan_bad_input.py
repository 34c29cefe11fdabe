"""Mistakes in ``cevns scan``, ``limit``, ``merge``, ``plot``: one sentence, nothing lost."""

from __future__ import annotations

import re
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cevns.inference.work.scan_store import read_scan, write_scan

CSI = "coherent-csi-2021"
NSI = ("scan", CSI, "--model", "nsi", "--parameter", "eps_ee_u=-0.1:0.3:20")
FC = (*NSI, "--method", "fc", "--toys", "20", "--workers", "1")
VECTOR = ("scan", CSI, "--model", "vector-universal", "--parameter")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(done, message: str) -> None:
    """One sentence that says it, and nothing else."""
    assert done.code == 2, (done.code, done.err)
    assert done.out == ""
    assert done.err.startswith("cevns: ")
    assert done.err.count("\n") == 1, done.err
    assert re.search(message, done.err), done.err


COMMANDS = [
    # names
    (("scan", CSI, "--model", "nsii", "--parameter", "eps_ee_u=0:1:5"), "did you mean 'nsi'"),
    (("scan", CSI, "--model", "no.py", "--parameter", "eps_ee_u=0:1:5"), "no.py"),
    ((*NSI[:4], "--parameter", "eps_ee_x=0:1:5"), "unknown parameter 'eps_ee_x'.*'eps_ee_u'"),
    ((*NSI, "--method", "fcc"), "unknown method 'fcc': did you mean 'fc'"),
    ((*NSI, "--engine", "jax"), "No such option"),
    ((*NSI, "--free", "eps_ee_x"), "unknown parameter 'eps_ee_x'"),
    ((*NSI, "--fix", "nonsense"), "unknown parameter 'nonsense'"),
    (("list", "parameters", "--model", "nsii"), "did you mean 'nsi'"),
    (("list", "experiments", "--model", "nsi"), "goes with 'cevns list parameters'"),
    # ranges
    (NSI[:4], "Missing option '--parameter'"),
    ((*NSI[:4], "--parameter", "eps_ee_u"), "'eps_ee_u' has no default range; give it from"),
    ((*NSI[:4], "--parameter", "eps_ee_u"), "for example --parameter eps_ee_u=-1:1:41"),
    (
        ("limit", "gemma", "--asimov", "--model", "magnetic-moment", "--parameter", "mu_nu_e"),
        r"--parameter mu_nu_e=0:1:41 \(in 1e-10 mu_B\)",
    ),
    ((*NSI[:4], "--parameter", "eps_ee_u=x"), "'x' is not a number of points"),
    ((*NSI[:4], "--parameter", "eps_ee_u="), "'' is not a number of points"),
    ((*VECTOR, "g_zprime=1"), "at least two points"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:1"), "write NAME=LOW:HIGH:N, for example"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:1:x"), "'x' is not a number of points"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:1:1"), "at least two points"),
    ((*NSI[:4], "--parameter", "eps_ee_u=1:0:5"), "1:0:5 is not a range"),
    ((*NSI[:4], "--parameter", "eps_ee_u=nan:1:5"), "eps_ee_u: 'nan' is not a finite number"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:inf:5"), "eps_ee_u: 'inf' is not a finite number"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:1:5000000"), "5,000,000 points are more than"),
    ((*NSI[:4], "--parameter", "eps_ee_u=0:1:3000", "--parameter", "eps_ee_d=0:1:3000"), "3,000 x"),
    ((*NSI[:4], "--parameter", "eps_ee_u=-9:1:5"), r"reaches -9, outside the physical range"),
    ((*NSI, "--parameter", "eps_ee_u=0:1:5"), "eps_ee_u is given twice"),
    ((*NSI, "--parameter", "eps_ee_d=0:1:5", "--parameter", "eps_emu_d=0:1:5"), "one or two"),
    ((*NSI, "--parameter", "t0=0:1:5"), r"'t0' reaches 0 us, outside the physical range \[0.324"),
    ((*VECTOR, "g_zprime=0:1e-3:5:log"), "a logarithmic range starts above 0"),
    ((*VECTOR, "m_zprime=1MeV:1GeV:4:log"), "m_zprime alone leaves no free parameter .*g_zprime"),
    ((*VECTOR, "m_zprime=1kg:1GeV:4:log"), "'kg' is a unit of mass, not of energy"),
    # values elsewhere
    ((*VECTOR, "g_zprime=0:1e-3:5", "--at", "m_zprime=3kg"), "--at m_zprime: 'kg' is a unit of"),
    ((*VECTOR, "g_zprime=0:1e-3:5", "--at", "m_zprime=-3MeV"), "-3 lies outside its bounds"),
    ((*NSI, "--at", "eps_ee_d"), "--at eps_ee_d: write NAME=VALUE"),
    ((*NSI, "--at", "eps_ee_d=nan"), "eps_ee_d: 'nan' is not a finite number"),
    ((*NSI, "--at", "eps_ee_d=7"), "the value 7 lies outside its bounds"),
    ((*NSI, "--at", "eps_ee_u=1"), "both free and held"),
    ((*NSI, "--at", "t0=0.4"), "hold it with --fix"),
    ((*NSI, "--fix", "eps_ee_d=1"), "fix it with --at"),
    ((*NSI, "--free", "t0"), "omit --free"),
    ((*NSI, "--parameter", "t0=0.4:0.5:3", "--fix", "t0"), "is held and cannot be scanned"),
    ((*NSI, "--cl", "90"), "between 0 and 1, not 90"),
    ((*NSI, "--cl", "nan"), "between 0 and 1, not nan"),
    ((*NSI, "--toys", "0"), "Invalid value for '--toys'"),
    ((*NSI, "--refine", "9"), "Invalid value for '--refine'"),
    # what does not go together
    ((*NSI, "--toys", "50"), "--toys has no effect with --method profile"),
    ((*NSI, "--seed", "3"), "--seed has no effect with --method profile"),
    ((*NSI, "--workers", "2"), "--workers applies to toys, and profile runs in one process"),
    (("limit", CSI, "--seed", "3"), "--seed has no effect with --method profile; omit it"),
    (("limit", CSI, "--workers", "2"), "--workers has no effect with --method profile"),
    (("limit", CSI, "--out", "x.h5"), "--out is for a scan of a parameter"),
    (("limit", CSI, "--refine", "1"), "--refine is for a scan of a parameter"),
    (("limit", CSI, "--free", "sin2_theta_w"), "--free has no effect on the limit on CEvNS"),
    (("limit", CSI, "--fix", "t0"), "--fix has no effect on the limit on CEvNS"),
    ((*NSI, "--method", "bayes", "--toys", "50"), "take --draws"),
    ((*FC, "--draws", "50"), "--draws applies to --method bayes"),
    ((*FC, "--refine", "2"), "--refine applies to profile scans"),
    ((*NSI, "--shard", "1/2", "--out", "x.h5"), "profile has no toys to divide"),
    ((*NSI, "--scheduler", "tcp://localhost:1"), "profile has no toys to distribute"),
    ((*FC, "--scheduler", "tcp://localhost:1"), "--workers and --scheduler cannot be combined"),
    ((*NSI, "--plan"), "--plan applies to toys"),
    ((*FC, "--shard", "3/2", "--out", "x.h5"), "there is no share 3/2"),
    ((*FC, "--shard", "2", "--out", "x.h5"), "--shard 2: write I/N"),
    ((*FC, "--toys-at", "some-points"), "unknown place of toys 'some-points'"),
    ((*NSI, "--toys-at", "anchors"), "--toys-at applies to --method fc; omit it with profile"),
    (("limit", CSI, "--method", "cls"), "unknown kind of limit on CEvNS itself 'cls'"),
    (("limit", CSI, "--toys-at", "anchors"), "is for a parameter of new physics"),
    (
        (*VECTOR, "m_zprime=2", "--parameter", "g_zprime=5", "--method", "fc", "--toys-at=anchors"),
        "toys cannot be shared between values of m_zprime",
    ),
    ((*FC, "--shard", "1/2"), "needs a file"),
    (("scan", "coherent-lar-engineering", *NSI[2:]), "declares no data: .*--asimov"),
    (("limit", *NSI[1:], "--parameter", "eps_ee_d=0:1:5"), "scan a plane with 'cevns scan'"),
    (("limit", CSI, "--model", "nsi"), "name a parameter and its range"),
    (("limit", *NSI[1:], "--events", "7"), "apply only to the limit on CEvNS"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), COMMANDS)
def test_command_is_refused(arguments, message, cevns, here):
    refused(cevns(*arguments), message)
    assert not list(here.iterdir())


FILES = [
    ((*FC, "--out", "nowhere/x.h5"), "there is no folder nowhere"),
    ((*NSI, "--out", "x.txt"), "let the name end in .h5"),
    ((*NSI, "--out", "folder.h5"), "folder.h5"),
    (("plot", "no.h5"), "no.h5: the file does not exist"),
    (("plot", "text.h5"), "text.h5: this is no complete file of a scan"),
    (("plot", "other.h5"), "other.h5: this is no complete file of a scan"),
    (("merge", "no.h5", "--out", "y.h5"), "no.h5: the file does not exist"),
    (("merge", "other.h5", "--out", "y.h5"), "no complete file of a scan"),
    (("merge", "--out", "y.h5"), "Missing argument"),
    ((*NSI, "--out", "other.h5"), "no complete file of a scan"),
    ((*NSI, "--out", "text.h5"), "no complete file of a scan"),
]


@pytest.mark.parametrize(("arguments", "message"), FILES)
def test_file_is_refused(arguments, message, cevns, here):
    h5py = pytest.importorskip("h5py")
    pytest.importorskip("mplhep")
    (here / "text.h5").write_text("not HDF5", encoding="utf-8")
    (here / "folder.h5").mkdir()
    with h5py.File(here / "other.h5", "w") as file:
        file["numbers"] = np.arange(3)
    before = {p: p.read_bytes() for p in here.iterdir() if p.is_file()}
    refused(cevns(*arguments), message)
    assert {p: p.read_bytes() for p in here.iterdir() if p.is_file()} == before


# -- a file of another run ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A profile scan, a Feldman-Cousins scan and a share of one."""
    pytest.importorskip("h5py")
    from cevns.cli import run

    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:  # the carried tables, as in the tests themselves
        patch.delenv("CEVNS_DATA", raising=False)
        patch.setattr("cevns.datasets.places.cache_folder", lambda: folder / "none")
        assert run([*NSI, "--out", str(folder / "profile.h5")]) == 0
        assert run([*FC, "--out", str(folder / "fc.h5")]) == 0
        for i in (1, 2):
            share = [*FC, "--shard", f"{i}/2", "--out", str(folder / f"share{i}.h5")]
            assert run(share) == 0
    return folder


def replaced(command, old, new):
    return tuple(new if a == old else a for a in command)


OTHERS = [
    ("profile.h5", replaced(NSI, CSI, "coherent-csi-2017"), "experiments is coherent-csi-2021"),
    ("profile.h5", replaced(NSI, NSI[-1], "eps_ee_u=-0.1:0.3:5"), "grid is of length 20, not of"),
    ("profile.h5", replaced(NSI, NSI[-1], "eps_ee_u=-0.1:0.4:20"), "grid is -0.07.*, not -0.07"),
    ("profile.h5", replaced(NSI, NSI[-1], "eps_ee_d=-0.1:0.3:10"), "axes is eps_ee_u, not"),
    ("profile.h5", (*NSI, "--cl", "0.68"), "confidence level is 0.9, not 0.68"),
    ("profile.h5", (*NSI, "--asimov"), "asimov is False, not True"),
    ("profile.h5", (*NSI, "--refine", "1"), "refined is 0, not 1"),
    ("profile.h5", (*NSI, "--fix", "t0=0.5"), "held parameters is t0 = nothing, not t0 = 0.5"),
    ("profile.h5", (*NSI, "--at", "eps_ee_d=0.1"), "held couplings is eps_ee_d = nothing, not"),
    ("profile.h5", (*NSI, "--free", "eps_ee_d"), "profiled couplings is "),
    ("profile.h5", (*NSI, "--set", "target.mass=15 kg"), "its model digest differs"),
    ("profile.h5", FC, "method is profile, not fc"),
    ("fc.h5", replaced(FC, CSI, "coherent-csi-2017"), "experiments is coherent-csi-2021"),
    ("fc.h5", (*FC, "--seed", "2"), "seed is 1, not 2"),
    ("fc.h5", replaced(FC, "20", "30"), "toys is 20, not 30"),
    ("fc.h5", (*FC, "--shard", "1/2"), "shard is nothing, not"),
    ("share1.h5", FC, r"shard is \[1, 2\], not nothing"),
    ("share1.h5", (*FC, "--shard", "2/2"), "shard is 1, not 2"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "arguments", "message"), OTHERS)
def test_file_of_another_run_is_refused(name, arguments, message, cevns, files):
    """The sentence names the difference, and the file stays what it was."""
    before = (files / name).read_bytes()
    refused(cevns(*arguments, "--out", files / name), f"belongs to another run: .*{message}")
    assert (files / name).read_bytes() == before
    assert not list(files.glob("*.parts"))


@pytest.mark.parametrize("name", ["profile.h5", "fc.h5"])
def test_file_of_another_version_is_refused(name, cevns, files, monkeypatch):
    for module in ("analysis.scanning.scan_plan", "inference.toys.toy_job"):
        monkeypatch.setattr(f"cevns.{module}.VERSION", "99.0")
    command = NSI if name == "profile.h5" else FC
    refused(cevns(*command, "--out", files / name), r"version is [\d.]+, not 99.0")


def test_toys_of_jax_are_read_and_not_continued(cevns, files, here):
    pytest.importorskip("h5py")
    old = here / "old.h5"
    file = read_scan(files / "fc.h5")
    write_scan(old, replace(file, run={**file.run, "engine": "jax"}))
    refused(cevns(*FC, "--out", old), r"old\.h5 was computed with the engine jax, and NumPy")
    from cevns.analysis.scanning.scan_record import Scan

    assert Scan.read(old).to_dict()["engine"] == "jax"


def test_model_of_an_earlier_version_is_refused(cevns, here):
    (here / "mine.py").write_text(
        "from cevns.processes import Extension\n\n\nclass Mine(Extension):\n"
        "    def weights(self, flavour, nuclide, values, xp):\n        return ()\n",
        encoding="utf-8",
    )
    done = cevns(*replaced(NSI, "nsi", "mine.py"))
    refused(done, r"mine\.py, line 5: Mine\.weights takes the argument xp, but NumPy is the only")


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("name", ["profile.h5", "fc.h5"])
def test_truncated_file_is_refused(name, keep, cevns, files, here):
    pytest.importorskip("mplhep")
    whole = (files / name).read_bytes()
    broken = here / name
    broken.write_bytes(whole[: int(keep * len(whole))])
    command = NSI if name == "profile.h5" else FC
    for arguments in (
        (*command, "--out", broken),
        ("plot", broken),
        ("merge", broken, "--out", "y.h5"),
    ):
        refused(cevns(*arguments), "no complete file of a scan")
    assert [p.name for p in here.iterdir()] == [name]


def test_truncated_part_is_refused(cevns, here):
    pytest.importorskip("h5py")
    parts = here / "x.h5.parts"
    parts.mkdir()
    (parts / "blocks-00000000-1-1.npz").write_bytes(b"PK\x03\x04 and no more")
    refused(cevns(*FC, "--out", "x.h5"), "blocks-.*no complete file of toys .*remove it")
    assert [p.name for p in here.iterdir()] == ["x.h5.parts"]


def test_shares_that_do_not_make_a_scan(cevns, files, here):
    first, second = files / "share1.h5", files / "share2.h5"
    refused(cevns("merge", first, "--out", "y.h5"), "shares are missing: 2/2")
    copy = files / "copy.h5"
    copy.write_bytes(first.read_bytes())
    refused(cevns("merge", first, copy, second, "--out", "y.h5"), "share 1/2 is given twice")
    refused(cevns("merge", first, files / "fc.h5", "--out", "y.h5"), "is not a share of a scan")
    refused(cevns("merge", first, second, "--out", "no/y.h5"), "no folder no")
    pytest.importorskip("mplhep")
    refused(cevns("plot", first), "holds share 1/2 of a scan; join all with 'cevns merge'")
    assert not list(here.iterdir())


# -- a scheduler that is not there ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("tcp://127.0.0.1:{free}", "no dask scheduler answers at .*refused"),
        ("127.0.0.1:{free}", "no dask scheduler answers at .*refused"),
        ("nonsense", "no dask scheduler answers at nonsense .*port"),
        ("no.json", "there is no scheduler file no.json"),
        ("empty.json", "empty.json is not a scheduler file"),
    ],
)
def test_absent_scheduler_is_said_at_once(where, message, cevns, here):
    pytest.importorskip("distributed")
    (here / "empty.json").write_text("{}", encoding="utf-8")
    with socket.socket() as s:  # a port that was free a moment ago
        s.bind(("127.0.0.1", 0))
        free = s.getsockname()[1]
    command = (*NSI, "--method", "fc", "--toys", "20", "--out", "x.h5")
    started = time.perf_counter()
    refused(cevns(*command, "--scheduler", where.format(free=free)), message)
    assert time.perf_counter() - started < 8.0  # a client of dask tries for ten seconds
    assert [p.name for p in here.iterdir()] == ["empty.json"]


# -- extras that are not installed --------------------------------------------------------------

MISSING = [
    ("h5py", (*NSI, "--out", "x.h5"), "h5py", "scan"),
    ("h5py", ("merge", "a.h5", "--out", "b.h5"), "h5py", "scan"),
    ("h5py", ("plot", "a.h5"), "h5py", "scan"),
    ("emcee", (*NSI, "--method", "bayes"), "emcee", "bayes"),
    ("arviz", (*NSI, "--method", "bayes"), "arviz", "bayes"),
    ("distributed", (*FC[:-2], "--scheduler", "tcp://127.0.0.1:1"), "distributed", "dist"),
    ("matplotlib", ("plot", "a.h5"), "matplotlib", "plot"),
]


@pytest.mark.parametrize(("hidden", "arguments", "package", "extra"), MISSING)
def test_missing_extra_is_said_before_work(
    hidden, arguments, package, extra, cevns, here, monkeypatch
):
    if arguments[0] == "plot" and hidden != "matplotlib":
        pytest.importorskip("mplhep")
    monkeypatch.setitem(sys.modules, hidden, None)
    refused(cevns(*arguments), rf"needs {package}, .*pip install 'cevns\[{extra}\]'")
    assert not list(here.iterdir())


def test_a_plane_without_contourpy_has_no_area(cevns, monkeypatch):
    plane = (*NSI, "--parameter", "eps_ee_d=-0.1:0.3:4")
    pytest.importorskip("contourpy")
    assert "area" in cevns(*plane).out
    monkeypatch.setitem(sys.modules, "contourpy", None)
    done = cevns(*plane)
    assert done.code == 0
    assert done.err == ""
    assert "region at 90 %" in done.out
    assert "area" not in done.out
