"""Files of scans: what they hold, damage, shares and their merging."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from csi_like import template

from cevns.exceptions import CevnsWarning, DataError, InputError, MissingExtraError, OutputError
from cevns.inference.model.grid import Grid
from cevns.inference.scan import toy_scan
from cevns.inference.scan.cls import cls_scan
from cevns.inference.scan.feldman_cousins import FcScan, feldman_cousins
from cevns.inference.scan.merge import merge
from cevns.inference.scan.toy_scan import share_blocks
from cevns.inference.toys.toy_job import Sizes
from cevns.inference.work import scan_store
from cevns.inference.work.checkpoint import join
from cevns.inference.work.scan_store import ScanFile, read_scan, write_scan

h5py = pytest.importorskip("h5py")

CONTENT = ScanFile(
    {"seed": 3, "grid": [[1.0, 2.0]]},
    {"axis/x": np.array([1.0, 2.0]), "toys/n": np.array([3, 4])},
    {"date": "2026-01-01"},
)

SETTINGS = {"toys": 300, "seed": 3, "audit": 1e-3, "workers": 1}


@pytest.fixture(scope="module")
def grid():
    model = template("cross-section", True)[1]
    return Grid.of(model, {"scale": np.linspace(0.7, 1.5, 6), "t0": np.linspace(0.43, 0.52, 6)})


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "scan.h5"
    write_scan(path, CONTENT)
    back = read_scan(path, {"seed": 3})
    assert back.run == CONTENT.run
    assert back.notes == CONTENT.notes
    assert back.shard is None
    assert back.group("toys")["n"].tolist() == [3, 4]
    assert back.datasets["axis/x"].dtype == np.float64
    assert list(tmp_path.iterdir()) == [path]


def test_equal_scans_are_equal_byte_for_byte(tmp_path):
    # no times in the objects of the file: only attributes may differ
    a, b = tmp_path / "a.h5", tmp_path / "b.h5"
    write_scan(a, CONTENT)
    write_scan(b, CONTENT)
    assert a.read_bytes() == b.read_bytes()


@pytest.mark.parametrize("damage", ["truncated", "text", "empty", "other", "no run"])
def test_damaged_file_is_refused(damage, tmp_path):
    path = tmp_path / "scan.h5"
    write_scan(path, CONTENT)
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-500])
    elif damage == "text":
        path.write_text("no scan")
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        with h5py.File(path, "w") as file:
            if damage == "no run":
                file.attrs["format"], file.attrs["format_version"] = "cevns scan", 1
    with pytest.raises(DataError, match="no complete file of a scan"):
        read_scan(path)


def test_other_files(tmp_path, monkeypatch):
    path = tmp_path / "scan.h5"
    with pytest.raises(DataError, match="the file does not exist"):
        read_scan(path)
    write_scan(path, CONTENT)
    with pytest.raises(InputError, match="its seed is 3, not 4"):
        read_scan(path, {"seed": 4})
    path.write_bytes(path.read_bytes().replace(b"cevns scan 2", b"cevns scan 3", 1))
    with pytest.raises(DataError, match="newer version"):
        read_scan(path)
    monkeypatch.setattr(scan_store, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"cevns\[scan\]"):
        read_scan(path)


def test_no_flipped_bit_is_silent(tmp_path):
    # a third of them changed results without a word, and one made HDF5 hang
    path = tmp_path / "scan.h5"
    write_scan(path, CONTENT)
    whole = path.read_bytes()
    random = np.random.default_rng(7)
    for bit in random.choice(8 * len(whole), 400, replace=False):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << (bit % 8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="no complete file of a scan"):
            read_scan(path)


def rewritten(path, change=lambda file: None, *, version=2):
    """The same file, written anew by another program, without a user block."""
    old = path.with_name("old.h5")
    path.rename(old)
    with h5py.File(old, "r") as source, h5py.File(path, "w") as file:
        for name in source:
            source.copy(name, file)
        file.attrs.update(source.attrs)
        if version == 1:
            del file.attrs["digest"]
        file.attrs["format_version"] = version
        change(file)


def test_what_another_program_writes_anew_is_compared(tmp_path):
    path = tmp_path / "scan.h5"
    write_scan(path, CONTENT)
    rewritten(path)
    assert read_scan(path).run == CONTENT.run
    for change in (
        lambda file: file["toys/n"].write_direct(np.array([3, 5])),
        lambda file: file.attrs.update({"run": '{"seed": 4}'}),
        lambda file: file.attrs.update({"notes": "{}"}),
        lambda file: file.attrs.pop("digest"),
    ):
        write_scan(path, CONTENT)
        rewritten(path, change)
        with pytest.raises(DataError, match="no complete file of a scan"):
            read_scan(path)


def test_scan_of_an_earlier_version_is_read_with_a_word(tmp_path):
    path = tmp_path / "scan.h5"
    write_scan(path, CONTENT)
    rewritten(path, version=1)
    with pytest.warns(CevnsWarning, match="without a checksum"):
        assert read_scan(path).run == CONTENT.run


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_unwritable_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match=r"cannot write .*scan\.h5"):
        write_scan(tmp_path / "scan.h5", CONTENT)


@pytest.mark.slow
def test_full_disk_is_said_in_a_sentence(tmp_path):
    code = (
        "import resource, sys; from cevns.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); main(sys.argv[1:])"
    )
    for method in (("profile",), ("fc", "--toys", "20", "--workers", "1")):
        what = ("--model", "nsi", "--parameter", "eps_ee_u=-0.1:0.3:10")
        arguments = ("scan", "coherent-csi-2021", *what, "--method", *method)
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments, "--out", tmp_path / "scan.h5"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 2
        assert re.search(r"cevns: cannot write .*: File too large\n$", done.stderr), done.stderr
        assert "Traceback" not in done.stderr
        assert not [p for p in tmp_path.rglob("*") if p.is_file()]


@pytest.mark.slow
def test_toys_are_kept_where_the_result_cannot_be_written(grid, tmp_path, monkeypatch):
    def full(path, content, *, new):
        raise OutputError(f"cannot write {path}: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(toy_scan, "write_scan", full)
        with pytest.raises(OutputError, match="No space left"):
            feldman_cousins(grid, out=tmp_path / "scan.h5", **SETTINGS)
    again = feldman_cousins(grid, out=tmp_path / "scan.h5", **SETTINGS)
    assert again.file.notes["toys_computed"] == 0


@pytest.mark.slow
def test_two_runs_of_one_file(grid, tmp_path):
    # both ended well: one result was lost, or the first to end removed the toys of the other
    out, seen = tmp_path / "scan.h5", []

    def second(done, total, rate):
        if not seen:
            with pytest.raises(OutputError, match=r"another run writes .*scan\.h5: process \d+ on"):
                feldman_cousins(grid, out=out, **SETTINGS | {"seed": 4})
            (tmp_path / "scan.h5.parts" / "of another.npz").write_text("theirs")
            seen.append(done)

    feldman_cousins(grid, out=out, progress=second, **SETTINGS)
    assert seen
    assert read_scan(out).run["seed"] == 3
    assert [p.name for p in (tmp_path / "scan.h5.parts").iterdir()] == ["of another.npz"]
    assert not list(tmp_path.glob("*.lock"))


def test_file_that_appears_meanwhile_is_kept(grid, tmp_path):
    out = tmp_path / "scan.h5"
    with pytest.raises(OutputError, match="another program has written it in the meantime"):
        feldman_cousins(grid, out=out, progress=lambda *_: out.write_text("theirs"), **SETTINGS)
    assert out.read_text() == "theirs"
    out.unlink()
    assert feldman_cousins(grid, out=out, **SETTINGS).file.notes["toys_computed"] == 0


# -- shares --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shares(grid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shares")
    whole = folder / "whole.h5"
    feldman_cousins(grid, out=whole, **SETTINGS)
    parts = [folder / f"{i}.h5" for i in (1, 2, 3)]
    for i, part in enumerate(parts, 1):
        feldman_cousins(grid, out=part, shard=(i, 3), **SETTINGS)
    return whole, parts


def same_datasets(a, b):
    left, right = read_scan(a), read_scan(b)
    assert left.run == right.run
    assert left.datasets.keys() == right.datasets.keys()
    for name, array in left.datasets.items():
        assert array.tobytes() == right.datasets[name].tobytes(), name


@pytest.mark.slow
def test_merged_shares_are_the_whole(shares, tmp_path):
    whole, parts = shares
    merged = merge(list(reversed(parts)), tmp_path / "merged.h5")
    same_datasets(whole, tmp_path / "merged.h5")
    assert len(merged.notes["shares"]) == 3
    assert FcScan(merged).n_toys.min() >= 256


def test_share_holds_its_points_only(grid, shares):
    part = feldman_cousins(grid, out=shares[1][1], shard=(2, 3), **SETTINGS)
    computed = part.n_toys > 0
    # every third group of neighbours, from the second on
    group = np.arange(grid.size) // Sizes.of(grid.size).group
    assert computed.tolist() == (group % 3 == 1).tolist()
    assert group[-1] >= 3
    assert np.isnan(part.p_value[~computed]).all()


def test_share_and_whole_are_not_confused(grid, shares):
    whole, parts = shares
    with pytest.raises(InputError, match=r"its shard is \[1, 3\], not nothing"):
        feldman_cousins(grid, out=parts[0], **SETTINGS)
    with pytest.raises(InputError, match=r"its shard is nothing, not \[1, 3\]"):
        feldman_cousins(grid, out=whole, shard=(1, 3), **SETTINGS)
    with pytest.raises(DataError, match="not a share of a scan"):
        merge([whole], parts[0].with_name("merged.h5"))


def test_shares_that_do_not_fit_are_refused(grid, shares, tmp_path):
    _, parts = shares
    out = tmp_path / "merged.h5"
    with pytest.raises(InputError, match="shares are missing: 2/3;"):
        merge([parts[0], parts[2]], out)
    copy = tmp_path / "copy.h5"
    copy.write_bytes(parts[1].read_bytes())
    with pytest.raises(InputError, match=r"share 2/3 is given twice: .*2\.h5 and .*copy\.h5"):
        merge([*parts, copy], out)
    other = tmp_path / "other.h5"
    feldman_cousins(grid, out=other, shard=(2, 3), **SETTINGS | {"seed": 4})
    with pytest.raises(InputError, match="the seed is 3 in one and 4 in the other"):
        merge([parts[0], other, parts[2]], out)
    halves = tmp_path / "half.h5"
    feldman_cousins(grid, out=halves, shard=(2, 2), **SETTINGS)
    with pytest.raises(InputError, match="the number of shares is 3 in one and 2 in the other"):
        merge([parts[0], halves], out)
    parts[1].with_name("cut.h5").write_bytes(parts[1].read_bytes()[:-300])
    with pytest.raises(DataError, match="no complete file"):
        merge([parts[0], parts[1].with_name("cut.h5")], out)
    with pytest.raises(InputError, match="no shares are given"):
        merge([], out)
    assert not out.exists()


def test_share_with_other_blocks_is_refused(shares, tmp_path):
    # as one that says that it is another, and one from which toys were taken
    _, parts = shares
    second = read_scan(parts[1])
    blocks = share_blocks(second, parts[1])
    blocks[max(blocks)]["q"] = blocks[max(blocks)]["q"][:-1]
    less = {f"blocks/{name}": array for name, array in join(blocks).items()}
    third = replace(second, run={**second.run, "shard": [3, 3]})
    changed = tmp_path / "changed.h5"
    for other, content in (
        (parts[1], third),
        (parts[2], replace(second, datasets=dict(second.datasets) | less)),
    ):
        write_scan(changed, content)
        with pytest.raises(DataError, match=r"changed\.h5: its blocks are not those of its share"):
            merge([parts[0], other, changed], tmp_path / "merged.h5")


@pytest.mark.slow
def test_shares_of_cls(tmp_path):
    model = template("cross-section", True)[1]
    grid = Grid.of(model, {"scale": np.linspace(0.8, 1.8, 17)})
    settings = {"toys": 100, "seed": 1, "workers": 1}
    cls_scan(grid, out=tmp_path / "whole.h5", **settings)
    for i in (1, 2):
        cls_scan(grid, out=tmp_path / f"{i}.h5", shard=(i, 2), **settings)
    merge([tmp_path / "1.h5", tmp_path / "2.h5"], tmp_path / "merged.h5")
    same_datasets(tmp_path / "whole.h5", tmp_path / "merged.h5")
    with pytest.raises(InputError, match="without toys"):
        cls_scan(grid, out=tmp_path / "x.h5", shard=(1, 2))
