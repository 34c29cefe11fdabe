"""The server of the live page: what it answers, to whom, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import weakref

import pytest

import cevns
from cevns.app import server
from cevns.app.engine import Engine
from cevns.app.server import HOST, application, free_port
from cevns.cli import run
from cevns.exceptions import InputError
from cevns.report import document

ANYWHERE = "0.0.0.0"
testclient = pytest.importorskip(
    "starlette.testclient", reason="the extra 'app' or httpx is not installed"
)


@pytest.fixture(scope="module")
def engine():
    return Engine()


@pytest.fixture
def client(engine):
    return testclient.TestClient(application(engine), base_url=f"http://{HOST}:8585")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/page.mjs", "text/javascript"),
        ("/icon.svg", "image/svg+xml"),
        ("/view", "application/json"),
    ],
)
def test_every_answer_may_load_from_this_host_alone(client, path, kind):
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-security-policy"].startswith("default-src 'self';")
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_view_is_that_of_the_engine(client, engine):
    text = "experiment=coherent-csi-2021&mass=20kg&fit=count"
    answer = client.get(f"/view?{text}", headers={"X-Sequence": "7"})
    assert answer.text == engine.evaluate(engine.state(text)).text
    assert answer.headers["x-sequence"] == "7"
    quick = client.get(f"/view?{text}&&quick").json()
    assert quick["fit"] is quick["significance"] is None
    assert quick["counts"] == answer.json()["counts"]


@pytest.mark.slow
def test_the_report_is_that_of_the_command(client):
    pytest.importorskip("jinja2", reason="the extra 'report' is not installed")
    answer = client.get("/view?experiment=coherent-csi-2021&mass=20kg&fit=count&&report")
    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == "attachment"
    assert "cevns report coherent-csi-2021 --set" in answer.text
    study = cevns.load("coherent-csi-2021", overrides={"target.mass": "20.0 kg"})
    page = document.compose(document.fitted(study, poi="count", asimov=True))
    found = re.search(r'id="cevns-result">(.*?)</script>', answer.text, re.DOTALL)
    assert json.loads(found[1])["poi"] == pytest.approx(page.record["poi"])


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("threshold=8PE", "threshold"),
        ("eps_ee_u=0.1", "fit"),
        ("eps_ee_u=0.1&fit=count", "fit"),
        ("mass=20kg&eps_ee_u=0.1&fit=eps_ee_u", "eps_ee_u"),
        ("mass=20kg&ssb=1300", "ssb"),
    ],
)
def test_what_no_report_can_have_is_refused(client, query, field):
    answer = client.get(f"/view?experiment=coherent-csi-2021&{query}&&report")
    assert (answer.status_code, answer.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("query", "field"),
    [("mass=3m", "mass"), ("experiment=../../etc/passwd", "experiment"), ("x=1", "x")],
)
def test_a_bad_state_is_a_sentence_with_its_field(client, query, field):
    answer = client.get(f"/view?{query}")
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert len(answer.json()["error"].split()) > 3


@pytest.mark.parametrize("path", ["/nothing", "/page.html", "/engine.py", "/..%2fengine.py"])
def test_no_file_is_found_by_its_name(client, path):
    assert client.get(path).status_code == 404
    assert client.post("/view").status_code == 405


@pytest.mark.parametrize(
    ("host", "name", "code"),
    [
        (HOST, "127.0.0.1:8585", 200),
        (HOST, "localhost:8585", 200),
        (HOST, "[::1]:8585", 200),
        (HOST, "evil.example:8585", 421),
        (HOST, "127.0.0.1.evil.example", 421),
        (HOST, "192.0.2.7:8585", 421),
        (HOST, "", 421),
        ("0.0.0.0", "192.0.2.7:8585", 200),
        ("0.0.0.0", "evil.example:8585", 421),
        ("lab.example", "lab.example:8585", 200),
    ],
)
def test_another_name_for_this_address_is_refused(engine, host, name, code):
    client = testclient.TestClient(application(engine, host=host), base_url="http://127.0.0.1")
    for path in ("/", "/view"):
        assert client.get(path, headers={"host": name}).status_code == code


def test_a_taken_port_gives_the_next_free_one():
    first = free_port(HOST, 9700)
    second = free_port(HOST, first.getsockname()[1])
    with first, second:
        assert second.getsockname()[1] > first.getsockname()[1]
        assert second.getsockname()[0] == HOST
        # otherwise asyncio leaves Nagle's algorithm on, and each answer waits for 40 ms
        assert second.proto == socket.IPPROTO_TCP


def test_an_address_that_is_not_of_this_machine_is_refused():
    with pytest.raises(InputError, match="not an address of this machine"):
        free_port("192.0.2.7", 9700)
    with pytest.raises(InputError, match="--host"):
        free_port("nowhere.invalid", 9700)


def started(*words: str) -> tuple[subprocess.Popen, str]:
    """The command in a process of its own, and where its page is."""
    command = [sys.executable, "-m", "cevns", "app", "--no-browser", *words]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    assert found, f"{line!r}: {process.stderr.read()}"
    return process, found[0]


def asked(address: str) -> None:
    """Ask, whatever comes of it."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        urllib.request.urlopen(address).close()


def a_second() -> float:
    """One second, or what 40 starts of Python take where the machine is busy with other things."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    return max(1.0, 40 * (time.monotonic() - began))


def test_ctrl_c_ends_it_at_once_with_130():
    process, address = started("coherent-csi-2021", "--port", "9750")
    try:
        with urllib.request.urlopen(f"{address}view", timeout=30) as answer:
            assert json.load(answer)["experiment"]["name"] == "coherent-csi-2021"
        most = a_second()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        assert time.monotonic() - began < most
        assert process.returncode == 130
        # another run of these tests may have the port, which is said first
        assert said.splitlines()[-1] == "cevns: interrupted"
    finally:
        process.kill()


def test_ctrl_c_does_not_wait_for_an_evaluation():
    process, address = started("--port", "9755")
    try:
        slow = f"{address}view?experiment=xenonnt-2026"  # takes seconds to open
        asking = threading.Thread(target=asked, args=(slow,), daemon=True)
        asking.start()
        time.sleep(0.5)
        assert asking.is_alive()
        most = a_second()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert time.monotonic() - began < most
        assert process.returncode == 130
    finally:
        process.kill()


def test_a_port_in_use_is_said():
    with free_port(HOST, 9780) as first:
        number = first.getsockname()[1]
        process, address = started("--port", str(number))
        try:
            assert address != f"http://{HOST}:{number}/"
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=30)
            assert f"cevns: warning: port {number} is in use; the page is on port " in said
        finally:
            process.kill()


def test_another_host_is_warned_of():
    process, address = started("--host", ANYWHERE, "--port", "9760")
    try:
        assert address.startswith(f"http://{ANYWHERE}:")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=10)
        assert f"cevns: warning: the page listens on {ANYWHERE}" in said
        assert "without a password" in said
    finally:
        process.kill()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing-like-it"], "unknown experiment"),
        (["--host", "192.0.2.7"], "not an address of this machine"),
        (["--set", "target.mass=3 kg"], "name one"),
        (["global"], "global is a combination of experiments, and the live page shows one"),
        (["coherent-csi-2021", "coherent-csi-2021"], "give one another name"),
    ],
)
def test_a_mistake_is_one_sentence(words, said, capsys):
    assert run(["app", "--no-browser", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_the_command_says_so(missing, monkeypatch, capsys):
    for name in [m for m in sys.modules if m.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    assert run(["app", "--no-browser"]) == 2
    assert f"needs {missing}, which is not installed: pip install 'cevns[app]'" in (
        capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_thousand_moves_take_no_memory(engine):

    def resident() -> float:
        with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

    moves = ["mass={:.3f}kg", "eps_ee_u={:.4f}", "m_zprime={:.3f}MeV&g_zprime=1e-5", "t0={:.5f}us"]
    at = [(10.0, 0.01), (-0.5, 0.001), (20.0, 0.1), (0.4, 1e-4)]

    def move(k: int) -> None:
        (start, step), text = at[k % 4], moves[k % 4]
        query = f"experiment=coherent-csi-2021&{text.format(start + step * (k // 4))}"
        engine.evaluate(engine.state(query), answers=False)

    for k in range(100):
        move(k)
    before = resident()
    for k in range(100, 1100):
        move(k)
    assert resident() - before < 20


def test_models_that_are_not_needed_any_more_are_given_back() -> None:
    class Model:
        own: object

    kept: list[weakref.ref[Model]] = []

    def evaluate() -> tuple[int, str]:
        model = Model()
        model.own = model  # as a model and what it was made of refer to each other
        kept.append(weakref.ref(model))
        return 200, ""

    worker = server._Worker()
    gc.disable()
    gc.freeze()
    try:
        asyncio.run(worker.found(evaluate))
        asyncio.run(worker.found(lambda: (200, "")))
        assert kept[0]() is None
    finally:
        gc.unfreeze()
        gc.enable()
