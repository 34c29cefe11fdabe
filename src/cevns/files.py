"""Files: read up to a limit, written whole or not at all, by one run at a time."""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cevns.exceptions import InputError, OutputError

__all__ = ["check_writable", "claimed", "expanded", "make_folder", "read", "replacing", "write"]

_STREAMS = {"/dev/stdout": 1, "/dev/stderr": 2}


def expanded(path: Path | str) -> Path:
    """A path with ``~`` and ``~user`` as their folders.

    Raises:
        InputError: if there is no such home folder, or a name is longer than any file's.
    """
    longest = max(Path(path).parts, key=len, default="")
    if len(longest.encode()) > 255:
        raise InputError(f"{longest[:40]}...: a file name cannot have {len(longest)} characters")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise InputError(f"{path}: there is no such home folder; write the whole path") from None


def read(path: Path, most: int) -> bytes:
    """The content of a file.

    Args:
        path: the file.
        most: bytes that it may have.

    Raises:
        InputError: if it is larger, no regular file, or cannot be read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # some never end, and none is read twice
            what = "a folder" if path.is_dir() else "a device or a pipe"
            raise InputError(f"{path} is {what}; name a file")
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > most:
        raise InputError(
            f"{path} is larger than the {most // 1000} kB that such a file may have; put long "
            "tables into CSV files"
        )
    return content


def write(path: Path | str, content: str | bytes | memoryview, *, new: bool = False) -> None:
    """Write a file whole or not at all: an error, an interrupt or a kill leaves the old one.

    The content goes to a temporary file beside, which then takes the name. A symbolic link is
    followed and stays; a file keeps its permissions; a device or pipe is written into.

    Args:
        path: the file; its folder must exist.
        content: text, written as UTF-8, or bytes.
        new: leave a file that is already there, and raise.

    Raises:
        OutputError: naming what is in the way.
    """
    path = Path(path)
    _check(path)
    data = content.encode() if isinstance(content, str) else content
    try:
        stream = _stream(path)
        if stream is not None:
            sys.stdout.flush()
            sys.stderr.flush()
            # the same open file, so that a redirected stream is neither cut nor written over
            with open(os.dup(stream), "wb") as file:  # noqa: PTH123
                file.write(data)
        elif _is_special(path):
            with path.open("wb") as file:
                file.write(data)
        else:
            _replace(Path(os.path.realpath(path)), data, new=new)
    except FileExistsError:
        raise OutputError(
            f"cannot write {path}: another program has written it in the meantime; choose another "
            "file, or remove it"
        ) from None
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """A file that is written by others, whole or not at all; as `write`.

    Args:
        path: the file; its folder must exist.

    Yields:
        A new file beside it with the same suffix, which takes its name at the end; it is removed
        where something is raised.

    Raises:
        OutputError: naming what is in the way, or if it is a device or a pipe.
    """
    path = Path(path)
    _check(path)
    if _stream(path) is not None or _is_special(path):
        raise OutputError(f"{path} is a device or a pipe, and this is written to files; name one")
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{os.urandom(8).hex()}{target.suffix}")
    try:
        yield temporary
        if target.exists():
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
        temporary.replace(target)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)


def _replace(target: Path, data: bytes | memoryview, *, new: bool) -> None:
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if new:
            _name(temporary, target)
        else:
            if target.exists():
                temporary.chmod(stat.S_IMODE(target.stat().st_mode))
            temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def claimed(path: Path | str | None) -> Iterator[None]:
    """Hold a file for this run; another run that wants it is refused.

    While held, ``NAME.lock`` beside says by whom, and the system locks it: a run that is killed
    holds nothing. Where the file is already there, and nothing is to be written, nothing is held;
    what a run has left that was killed between its result and its end is removed.

    Args:
        path: the file, or None for nothing.

    Raises:
        OutputError: if another run holds it; the message says which.
    """
    if path is None:
        yield
        return
    path = Path(path)
    lock = Path(os.path.realpath(path))
    lock = lock.with_name(lock.name + ".lock")
    if path.exists():
        with suppress(OSError, OutputError):  # not there, not ours to remove, or held
            _release(lock, _held(path, lock, os.O_RDWR))
        yield
        return
    _check(path)
    try:
        held = _held(path, lock)
    except OSError as error:
        raise OutputError(f"cannot write {lock}: {error.strerror or error}") from None
    try:
        yield
    finally:
        _release(lock, held)


def _held(path: Path, lock: Path, how: int = os.O_RDWR | os.O_CREAT) -> int:
    """The lock of a file, opened and held.

    Raises:
        OutputError: if another run holds it.
        OSError: if it cannot be opened.
    """
    while True:
        held = os.open(lock, how, 0o666)
        host, _, process = os.read(held, 1000).decode(errors="replace").strip().partition(" ")
        if not _locked(held) or host not in ("", platform.node()):
            os.close(held)
            raise OutputError(
                f"another run writes {path}: process {process or 'unknown'} on "
                f"{host or 'this machine'}; wait for it, or choose another file (if it was killed "
                f"there, remove {lock})"
            )
        try:
            if os.path.samestat(os.fstat(held), lock.stat()):
                break
        except FileNotFoundError:
            pass
        os.close(held)  # who held it before has removed it: once more
    os.ftruncate(held, 0)
    os.lseek(held, 0, os.SEEK_SET)
    os.write(held, f"{platform.node()} {os.getpid()}\n".encode())
    return held


def _release(lock: Path, held: int) -> None:
    """Remove a lock that is held, and hold it no longer."""
    if sys.platform == "win32":  # where an open file cannot be removed
        os.close(held)
        held = os.open(os.devnull, os.O_RDONLY)
    lock.unlink(missing_ok=True)
    os.close(held)


def _locked(held: int) -> bool:
    """Lock an open file until it is closed; False where another process has locked it."""
    if sys.platform == "win32":
        return os.fstat(held).st_size == 0
    import fcntl

    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _name(temporary: Path, target: Path) -> None:
    """Give a file its name, unless there is one of that name.

    Raises:
        FileExistsError: if there is.
    """
    try:
        os.link(temporary, target)  # which never replaces
    except OSError:
        if target.exists():
            raise FileExistsError(target) from None
        temporary.replace(target)  # there are no hard links here
    else:
        temporary.unlink()


def check_writable(path: Path | str) -> None:
    """Raise if a file cannot be written; nothing is left behind.

    What permissions say is not all: file systems refuse new files for reasons of their own, so one
    is made beside and removed.

    Raises:
        OutputError: naming what is in the way.
    """
    path = Path(path)
    _check(path)
    if _stream(path) is not None or _is_special(path):
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{os.urandom(8).hex()}.tmp")
    try:
        temporary.open("xb").close()
        temporary.unlink()
    except OSError as error:
        raise OutputError(
            f"cannot write {path}: the folder {target.parent} takes no new file "
            f"({error.strerror or error}); write elsewhere"
        ) from None


def _check(path: Path) -> None:
    """Raise if it is known that a file cannot be written.

    Raises:
        OutputError: naming what is in the way.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it")
    if _stream(path) is not None or _is_special(path):
        return
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OutputError(f"cannot write {path}: its links lead in a circle")
    folder = target.parent
    if not folder.is_dir():
        raise OutputError(
            f"cannot write {path}: there is no folder {path.parent}; create it or write elsewhere"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            f"cannot write {path}: the folder {folder} cannot be written; write elsewhere"
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(f"cannot write {path}: it is write-protected; write elsewhere")


def make_folder(folder: Path | str) -> None:
    """Make a folder, and those above it, unless it is there.

    Raises:
        OutputError: if it cannot be made.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"cannot write into {folder}: it is a file; name a folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {folder}: {error.strerror}") from None


def _is_special(path: Path) -> bool:
    """A device or pipe: written into, never replaced."""
    return path.exists() and not path.is_file()


def _stream(path: Path) -> int | None:
    """The number of a stream of this process that has a name, as ``/dev/stdout``."""
    folder, name = os.path.split(path)
    if folder in ("/dev/fd", "/proc/self/fd") and name.isdecimal():
        return int(name)
    return _STREAMS.get(str(path))
