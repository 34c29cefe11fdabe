"""Fetching, from a server on this machine that can misbehave."""

from __future__ import annotations

import errno
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from cevns.datasets import fetch, locate
from cevns.exceptions import DataError, OutputError, UnknownNameError


class Server(ThreadingHTTPServer):
    folder: Path
    fault: str = ""
    requested: list[str]


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = unquote(self.path.lstrip("/"))
        self.server.requested.append(name)
        if self.server.fault == "missing":
            self.send_error(404)
            return
        body = (self.server.folder / name).read_bytes()
        length = len(body)
        if self.server.fault == "altered" and name == "beginning.txt":
            body = b"<html>sign in</html>\n"
            length = len(body)
        if self.server.fault == "interrupted":
            body = body[: length // 2]
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args) -> None:
        pass


@pytest.fixture
def server(toy_catalogue):
    with Server(("127.0.0.1", 0), Handler) as server:
        server.folder, server.requested = toy_catalogue, []
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def url(server) -> str:
    return f"http://127.0.0.1:{server.server_port}/{{file}}"


def left(cache: Path) -> list[str]:
    return sorted(str(path.relative_to(cache)) for path in cache.rglob("*"))


def test_fetch_then_locate(no_places, server, url):
    seen = []
    folder = fetch("toy", progress=lambda *step: seen.append(step), cache=no_places, url=url)
    assert folder == no_places / "toy"
    assert left(no_places) == ["toy", "toy/beginning.txt", "toy/whole+1.txt"]
    assert ("whole+1.txt", 80_000, 80_000) in seen
    assert all(received <= total for _, received, total in seen)
    assert locate("toy").origin == "cache"


def test_what_is_there_is_not_fetched_again(no_places, server, url):
    fetch("toy", cache=no_places, url=url)
    server.requested.clear()
    fetch("toy", cache=no_places, url=url)
    assert server.requested == []
    (no_places / "toy" / "whole+1.txt").write_text("altered")
    fetch("toy", cache=no_places, url=url, optional=True)
    assert server.requested == ["whole+1.txt", "extra.bin"]
    assert locate("toy").digests.keys() == {"whole+1.txt", "beginning.txt", "extra.bin"}


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("altered", r"/beginning\.txt: the file received has sha256 .* is published; it was not"),
        ("interrupted", "the download broke off and nothing was kept"),
        ("missing", "the server answered with status 404"),
    ],
)
def test_faults_leave_nothing(no_places, server, url, fault, message):
    server.fault = fault
    with pytest.raises(DataError, match=message):
        fetch("toy", cache=no_places, url=url)
    assert left(no_places) == []


def test_a_fault_spares_what_was_fetched_before(no_places, server, url):
    fetch("toy", cache=no_places, url=url)
    before = left(no_places)
    server.fault = "interrupted"
    with pytest.raises(DataError, match="broke off"):
        fetch("toy", cache=no_places, url=url, optional=True)
    assert left(no_places) == before
    assert locate("toy").origin == "cache"


def test_no_server(no_places, toy_catalogue):
    # port 9 (discard) of this machine, which the toy release names: nobody listens
    with pytest.raises(DataError, match="the server cannot be reached; check the network"):
        fetch("toy", cache=no_places)
    assert left(no_places) == []


def test_full_disk(no_places, server, url, monkeypatch):
    def full(_name, _received, _total):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match=r"the disk of the cache .* is full"):
        fetch("toy", cache=no_places, url=url, progress=full)
    assert left(no_places) == []


def test_interrupt_leaves_nothing(no_places, server, url):
    def stop(_name, _received, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch("toy", cache=no_places, url=url, progress=stop)
    assert left(no_places) == []


def test_a_cache_inside_a_file(tmp_path, toy_catalogue):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write the cache .*; make it a writable folder"):
        fetch("toy", cache=tmp_path / "file" / "cache")


@pytest.fixture
def locked(tmp_path):
    """A folder that lets nobody in."""
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o000)
    yield folder
    folder.chmod(0o700)


def test_an_unwritable_cache(locked, ordinary_user):
    with pytest.raises(OutputError, match=r"cannot write the cache .*locked.*Permission denied"):
        fetch("coherent-csi-2021", cache=locked, url="http://127.0.0.1:9/{file}")


def test_an_unreadable_folder(locked, no_places, ordinary_user):
    with pytest.raises(DataError, match=r"locked.*: cannot be opened; change its permissions"):
        locate("coherent-csi-2021", locked)


def test_unknown_release():
    with pytest.raises(UnknownNameError, match="unknown data release 'tox'"):
        fetch("tox")
