from __future__ import annotations

import shutil
from pathlib import Path

import pooch
import pytest

from cevns.datasets import (
    cache_folder,
    carried,
    csi2021,
    find,
    locate,
    names,
    release,
    verify,
    where,
)
from cevns.exceptions import CevnsError, DataError, InputError, UnknownNameError

CSI = csi2021.NAME


def test_catalogue():
    coherent = ("coherent-csi-2017", "coherent-csi-2021", "coherent-lar-2020")
    assert names() == (*coherent, "xenonnt-cevns")
    for name in names():
        found = release(name)
        assert found.cite[0].startswith("arXiv:")
        assert "{file}" in found.url or found.by_hand
        for file in found.files.values():
            assert file.role
            assert file.optional or bool(file.sha256) != bool(file.sha256_prefix)
            assert file.sha256 is None or len(bytes.fromhex(file.sha256)) == 32
    lar = release("coherent_lar_2020")
    assert len(lar.files) == 21
    assert lar.address("brnpdf+1sigEnergy.txt").endswith("/brnpdf%2B1sigEnergy.txt?download=1")
    with pytest.raises(UnknownNameError, match="did you mean 'coherent-csi-2021'"):
        release("coherent-csi-2012")


def test_digest_beginnings():
    events = release(CSI).files["dataBeamOnC.txt"]
    assert events.agreement("b78333f0" + "0" * 56) == "beginning"
    assert events.agreement("b78333f1" + "0" * 56) == "differs"
    assert release(CSI).files["snsFlux2D.root"].agreement("0" * 64) == "unlisted"


def test_the_cache_is_that_of_pooch():
    assert cache_folder() == Path(pooch.os_cache("cevns"))
    assert where("coherent_csi_2021") == cache_folder() / CSI


def test_carried_tables_when_there_is_nothing_else(no_places):
    assert find(CSI) is None
    found = locate(CSI)
    assert (found.origin, found.folder, found.warnings) == ("carried", carried(CSI), ())
    assert set(found.digests) == {path.name for path in found.folder.glob("*.csv")}
    with pytest.raises(DataError, match="carried tables, not the release; run"):
        found.load()


def test_a_release_that_is_nowhere(no_places):
    with pytest.raises(InputError, match="run 'cevns data fetch coherent-lar-2020'"):
        locate("coherent-lar-2020")


@pytest.mark.parametrize("folder", ["release", "parent", "underscores", "other name"])
def test_data_is_the_release_or_its_parent(no_places, made_up, folder):
    data, home = made_up, made_up
    if folder == "parent":
        data = made_up.parent
    elif folder == "underscores":
        home = made_up.rename(made_up.with_name("coherent_csi_2021"))
        data = home.parent
    elif folder == "other name":
        data = home = made_up.rename(made_up.with_name("mine"))
    found = locate(CSI, data)
    assert (found.origin, found.folder) == ("--data", home)
    assert len(found.load().samples["observed"]) == 5142
    # all digests of made-up files are unknown: each is warned about and recorded
    assert len(found.warnings) == len(found.digests) == 8
    for warning in found.warnings:
        assert f"of {CSI} (--data): its digest is not that of arXiv v2" in warning
        assert str(data.parent) not in warning  # results repeat it, and are read elsewhere
    assert all(
        any(digest in warning for warning in found.warnings) for digest in found.digests.values()
    )


def test_precedence(no_places, made_up, monkeypatch, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(made_up, other / CSI)
    monkeypatch.setenv("CEVNS_DATA", str(other))
    assert locate(CSI, made_up).folder == made_up
    assert find(CSI, made_up) == locate(CSI, made_up)
    assert (locate(CSI).origin, locate(CSI).folder) == ("CEVNS_DATA", other / CSI)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("CEVNS_DATA", str(empty))
    assert locate(CSI).origin == "carried"
    with pytest.raises(DataError, match="--data does not hold the release coherent-csi-2021"):
        locate(CSI, empty)
    monkeypatch.setenv("CEVNS_DATA", "")
    assert locate(CSI).origin == "carried"


def test_wrong_folders(no_places, made_up, monkeypatch, tmp_path):
    with pytest.raises(InputError, match=r"--data: the folder .*none does not exist"):
        locate(CSI, tmp_path / "none")
    with pytest.raises(InputError, match=r"--data: .*brnPE\.txt is a file"):
        locate(CSI, made_up / "brnPE.txt")
    monkeypatch.setenv("CEVNS_DATA", str(tmp_path / "none"))
    with pytest.raises(InputError, match=r"CEVNS_DATA: the folder .*none does not exist"):
        locate(CSI)
    assert locate(CSI, made_up).origin == "--data"


def test_unusable_copies_are_refused(no_places, made_up):
    (made_up / "ninPE.txt").unlink()
    with pytest.raises(DataError, match=r"not complete: ninPE\.txt is missing"):
        locate(CSI, made_up)
    shutil.copy(made_up / "brnPE.txt", made_up / "ninPE.txt")
    events = made_up / "dataBeamOnC.txt"
    events.write_text("".join(events.read_text().splitlines(keepends=True)[:2000]))
    with pytest.raises(DataError, match=r"dataBeamOnC\.txt: holds 1998 events"):
        locate(CSI, made_up)


def test_the_cache_is_trusted_only_with_its_digests(no_places, toy_catalogue):
    home = no_places / "toy"
    shutil.copytree(toy_catalogue, home)
    found = locate("toy")
    assert (found.origin, found.folder, found.warnings) == ("cache", home, ())
    assert verify("toy").ok
    (home / "whole+1.txt").write_text("1 3\n")
    with pytest.raises(DataError, match=r"whole\+1\.txt: .*altered after its download; run"):
        locate("toy")
    assert verify("toy").named("differs") == ("whole+1.txt",)
    (home / "whole+1.txt").unlink()
    with pytest.raises(DataError, match=r"whole\+1\.txt: .*is missing; run 'cevns data fetch toy'"):
        locate("toy")


def test_without_a_reader_other_digests_need_at_least_text(no_places, toy_catalogue):
    altered = toy_catalogue / "whole+1.txt"
    altered.write_text("5 6\n")
    assert len(locate("toy", toy_catalogue).warnings) == 1
    altered.write_bytes(b"\0\0")
    with pytest.raises(DataError, match="is binary"):
        locate("toy", toy_catalogue)
    altered.write_text("5 6\n")
    found = locate("toy", toy_catalogue)
    with pytest.raises(DataError, match="no reader for the release toy"):
        found.load()


def test_verify(no_places, made_up):
    report = verify(made_up)
    assert report.release.name == CSI
    assert not report.ok
    assert len(report.named("differs")) == 8
    assert report.named("absent") == ("snsFlux2D.root",)
    assert verify(CSI, made_up.parent).digests == report.digests
    (made_up / "brnPE.txt").unlink()
    assert verify(made_up.rename(made_up.with_name("mine"))).named("missing") == ("brnPE.txt",)
    with pytest.raises(InputError, match="no copy of coherent-csi-2021 to verify"):
        verify(CSI)
    with pytest.raises(DataError, match="holds no release that cevns knows"):
        verify(made_up.parent)
    with pytest.raises(InputError, match="does not exist"):
        verify("no-such-thing")


def test_public_releases(public_data):
    for name in ("coherent-csi-2017", "coherent-lar-2020"):
        if (public_data / name).is_dir():
            assert verify(public_data / name).ok, name
            assert locate(name, public_data).warnings == ()


def test_public_event_lists_are_used_with_a_warning(public_csi):
    found = locate(CSI, public_csi)
    report = verify(public_csi)
    # all but the event lists are those of the release; these may be another edition
    assert set(report.named("differs")) <= {"dataBeamOnC.txt", "dataBeamOnAC.txt"}
    assert len(found.warnings) == len(report.named("differs"))


def test_every_error_is_one_sentence_with_exit_code_2(no_places, tmp_path):
    for call in (
        lambda: locate("nothing"),
        lambda: locate(CSI, tmp_path / "none"),
        lambda: locate(CSI, tmp_path),
        lambda: verify(tmp_path),
    ):
        with pytest.raises(CevnsError) as error:
            call()
        assert error.value.exit_code == 2
        assert "\n" not in str(error.value)
