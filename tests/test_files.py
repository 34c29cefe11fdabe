"""Everything that writes a file does it whole or not at all, through `cevns.files`."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from cevns import files
from cevns.cli import run
from cevns.exceptions import OutputError

ARRAYS = {"x": np.arange(4.0)}


def _json(path: Path) -> None:
    from cevns.cli.terminal.output import Output

    Output(str(path)).result({"x": 1.0})


def _figure(path: Path) -> None:
    pytest.importorskip("mplhep")
    from matplotlib.figure import Figure

    from cevns.report import save

    save(Figure(), path)


def _blocks(path: Path) -> None:
    from cevns.inference.work.checkpoint import write_blocks

    write_blocks(path, {"seed": 1}, {0: ARRAYS})


def _scan(path: Path) -> None:
    pytest.importorskip("h5py")
    from cevns.inference.work.scan_store import ScanFile, write_scan

    write_scan(path, ScanFile({"seed": 1}, ARRAYS))


def _chain(path: Path) -> None:
    from cevns.analysis.scanning.scan_bayes import _write

    _write(path, SimpleNamespace(arrays=lambda: ARRAYS))


Writer = Callable[[Path], None]
WRITERS: dict[str, Writer] = {
    "any.txt": lambda path: files.write(path, "new"),
    "record.json": _json,
    "figure.png": _figure,
    "blocks.npz": _blocks,
    "scan.h5": _scan,
    "chain.npz": _chain,
}
pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, devices and permissions")


@pytest.fixture(params=WRITERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_a_new_file(name, tmp_path):
    WRITERS[name](tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~mask


def test_a_link_stays_and_its_target_keeps_its_permissions(name, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target = tmp_path / "elsewhere" / "target"
    target.write_text("old")
    target.chmod(0o640)
    link = tmp_path / name
    link.symlink_to(target)
    WRITERS[name](link)
    assert link.is_symlink()
    assert target.read_bytes() not in (b"", b"old")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert list(target.parent.iterdir()) == [target]


def test_a_link_to_nothing_is_filled(name, tmp_path):
    (tmp_path / name).symlink_to(tmp_path / "target")
    WRITERS[name](tmp_path / name)
    assert (tmp_path / name).is_symlink()
    assert (tmp_path / "target").stat().st_size > 0


def test_a_device_is_written_into(name, tmp_path):
    device = tmp_path / name
    device.symlink_to(os.devnull)
    WRITERS[name](device)
    assert device.is_symlink()
    assert Path(os.devnull).is_char_device()


def test_a_pipe_is_written_into(name, tmp_path):
    pipe = tmp_path / name
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        WRITERS[name](pipe)
        assert os.read(reader, 1)
    finally:
        os.close(reader)
    assert pipe.is_fifo()


def test_what_is_in_the_way_is_said(name, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*file"):
        WRITERS[name](tmp_path / "file" / name)
    (tmp_path / "folder" / name).mkdir(parents=True)
    with pytest.raises(OutputError, match="is a folder; name a file in it"):
        WRITERS[name](tmp_path / "folder" / name)
    circle = tmp_path / name
    circle.symlink_to(circle)
    with pytest.raises(OutputError, match="links lead in a circle"):
        WRITERS[name](circle)
    circle.unlink()
    # root may write anywhere, so the system's answer is put in its mouth
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match=r"cannot write .*the folder .* cannot be written"):
        WRITERS[name](tmp_path / name)
    assert not (tmp_path / name).exists()


def test_a_write_protected_file_is_not_replaced(name, tmp_path, monkeypatch):
    path = tmp_path / name
    path.write_text("old")
    monkeypatch.setattr(os, "access", lambda p, _: Path(p) != path)
    with pytest.raises(OutputError, match="write-protected"):
        WRITERS[name](path)
    assert path.read_text() == "old"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_write_that_breaks_off_leaves_the_old_file(error, name, tmp_path, monkeypatch):
    def broken(_: int) -> None:
        raise error

    path = tmp_path / name
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", broken)
    expected = OutputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected, match="No space left" if expected is OutputError else None):
        WRITERS[name](path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path], "no temporary file is left"


def test_a_kill_leaves_the_old_file(name, tmp_path):
    path = tmp_path / name
    path.write_text("old")
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_files\n"
    code += f"test_files.die_writing({name!r}, {str(path)!r})"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    if b"Skipped" in done.stderr:
        pytest.skip("an extra is not installed")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert path.read_text() == "old"
    left = [p for p in tmp_path.iterdir() if p != path]
    assert all(p.name.startswith(".") and p.suffix == ".tmp" for p in left)


def die_writing(name: str, path: str) -> None:
    """Be killed when all is written and nothing renamed."""
    os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    WRITERS[name](Path(path))


def test_a_redirected_stream_is_neither_cut_nor_overwritten(tmp_path):
    code = "from cevns import files; print('a'); files.write('/dev/stdout', 'b\\n'); print('c')"
    with (tmp_path / "out").open("wb") as out:
        subprocess.run([sys.executable, "-c", code], check=True, stdout=out)
    assert (tmp_path / "out").read_text() == "a\nb\nc\n"


def test_the_check_writes_nothing(tmp_path):
    files.check_writable(tmp_path / "new")
    assert not list(tmp_path.iterdir())
    with pytest.raises(OutputError, match=r"there is no folder .*; create it"):
        files.check_writable(tmp_path / "none" / "new")
    files.make_folder(tmp_path / "none" / "deeper")
    files.check_writable(tmp_path / "none" / "deeper" / "new")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc here")
def test_a_folder_that_takes_no_file_is_refused_before_the_work(monkeypatch):
    """Whoever is root may write there as far as permissions say."""
    with pytest.raises(OutputError, match=r"the folder /proc takes no new file .*elsewhere"):
        files.check_writable("/proc/a.json")
    monkeypatch.setattr("cevns.study.load", None)  # nothing is loaded
    assert run(["fit", "coherent-csi-2021", "--json", "/proc/a.json"]) == 2


def test_a_new_file_replaces_none(tmp_path):
    path = tmp_path / "x"
    path.write_text("theirs")
    with pytest.raises(OutputError, match="another program has written it in the meantime"):
        files.write(path, "mine", new=True)
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_claimed_by_one_run(tmp_path, monkeypatch):
    path = tmp_path / "x"
    (tmp_path / "link").symlink_to(path)
    code = (
        "import sys; from cevns import files\n"
        f"with files.claimed({str(path)!r}): print('held', flush=True); sys.stdin.read()"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe) as other:
        other.stdout.readline()
        said = f"another run writes .*: process {other.pid} on {os.uname().nodename}; wait for it"
        for name in ("x", "link"):
            with pytest.raises(OutputError, match=said), files.claimed(tmp_path / name):
                pass
        other.kill()
    assert (tmp_path / "x.lock").exists()
    with files.claimed(path):  # who was killed holds nothing
        monkeypatch.setattr("platform.node", lambda: "elsewhere")
        with pytest.raises(OutputError, match=f"process {os.getpid()}"), files.claimed(path):
            pass
    assert not (tmp_path / "x.lock").exists()


def test_what_a_killed_run_has_left_beside_its_result_is_removed(tmp_path):
    path, lock = tmp_path / "x", tmp_path / "x.lock"
    with files.claimed(path):
        path.write_text("result")
        with files.claimed(path):
            assert lock.exists()  # its run has not ended
    lock.write_text(f"{os.uname().nodename} 12\n")
    with files.claimed(path):
        assert not lock.exists()
    lock.write_text("elsewhere 12\n")
    with files.claimed(path):
        assert lock.exists()


def test_a_claim_of_another_machine_holds(tmp_path):
    (tmp_path / "x.lock").write_text("elsewhere 12\n")
    said = r"process 12 on elsewhere; .* \(if it was killed there, remove .*x\.lock\)"
    with pytest.raises(OutputError, match=said), files.claimed(tmp_path / "x"):
        pass
    assert (tmp_path / "x.lock").exists()
