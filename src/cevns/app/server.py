"""The page on a port of this machine: three routes over the engine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import ipaddress
import json
import logging
import queue
import socket
import threading
from collections.abc import Callable
from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from cevns.app.engine import Engine
from cevns.app.state import StateError, on_the_page
from cevns.exceptions import CevnsError, InputError, MissingExtraError

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

__all__ = ["HOST", "PORT", "application", "free_port", "serve"]

_LOG: Final = logging.getLogger(__name__)
HOST: Final = "127.0.0.1"
PORT: Final = 8585
_TRIED: Final = 50
_JSON: Final = "application/json"
_POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_FILES: Final = {
    "": ("page.html", "text/html; charset=utf-8"),
    "page.mjs": ("page.mjs", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}


def application(engine: Engine, *, host: str = HOST) -> Starlette:
    """The page as an ASGI application: its files, and the view of a state.

    Args:
        engine: that evaluates states.
        host: address that it is bound to.

    Raises:
        MissingExtraError: if starlette is not installed.
    """
    try:
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse, Response
        from starlette.routing import Route
    except ImportError:
        raise MissingExtraError("starlette", "app", "the live page") from None

    worker = _Worker()

    def guarded(
        answer: Callable[[Request], Any],
    ) -> Callable[[Request], Any]:
        async def answered(request: Request) -> Response:
            if not _is_ours(request.headers.get("host", ""), host):
                said = "This page answers to the address that it was started with, and no other."
                return PlainTextResponse(said, 421, _HEADERS)
            found: Response = await answer(request)
            return found

        return answered

    async def file(request: Request) -> Response:
        name = request.path_params.get("name", "")
        if name not in _FILES:
            return PlainTextResponse("There is no such page.", 404, _HEADERS)
        stored, kind = _FILES[name]
        headers = {**_HEADERS, "Content-Type": kind}
        if stored == "icon.svg":  # which browsers look up again whenever the title changes
            headers["Cache-Control"] = "max-age=3600"
        return Response(page_file(stored), headers=headers)

    async def view(request: Request) -> Response:
        state, _, wanted = request.url.query.partition("&&")
        code, text = await worker.found(lambda: _answer(engine, state, wanted))
        number = request.headers.get("x-sequence", "")
        kind = "text/html; charset=utf-8" if (wanted, code) == ("report", 200) else _JSON
        headers = {**_HEADERS, "Content-Type": kind}
        if kind != _JSON:  # a file to be kept, no page of this address
            headers["Content-Disposition"] = "attachment"
        if number.isdecimal():  # which answer it is, for pages that ask again meanwhile
            headers["X-Sequence"] = number
        return Response(text, code, headers)

    routes = [Route("/", guarded(file)), Route("/view", guarded(view))]
    return Starlette(routes=[*routes, Route("/{name}", guarded(file))])


class _Worker:
    """One thread that evaluates one state after another, so that no number depends on who asks.

    The end of the program does not wait for it. Models that are not needed any more refer to
    themselves, and hold large arrays; they are given back after each answer.
    """

    def __init__(self) -> None:
        self._asked: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def _work(self) -> None:
        while True:
            self._asked.get()()
            if gc.get_freeze_count():  # the packages are left out, so it takes a millisecond
                gc.collect()

    async def found(self, evaluate: Callable[[], tuple[int, str]]) -> tuple[int, str]:
        """What an evaluation gives, or which error ended it."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[int, str]] = loop.create_future()

        def give(found: tuple[int, str]) -> None:
            if not answer.done():
                answer.set_result(found)

        def work() -> None:
            try:
                found = evaluate()
            except Exception as error:  # the page says it; the terminal has the traceback
                _LOG.exception("the evaluation of a state failed")
                said = {"field": "page", "error": f"{type(error).__name__}: {error}"}
                found = 500, json.dumps(said)
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(give, found)

        if not self._thread.ident:
            self._thread.start()
        self._asked.put(work)
        return await answer


def page_file(name: str) -> str:
    """A file of the page, as it lies in the package."""
    return (resources.files("cevns.app") / "page" / name).read_text(encoding="utf-8")


def _answer(engine: Engine, query: str, wanted: str) -> tuple[int, str]:
    """Status and JSON of a state, or of what is wrong with it.

    Args:
        engine: that evaluates states.
        query: text of a state.
        wanted: ``quick`` for what takes no fit, ``report`` for the report, else all of the view.
    """
    try:
        state = engine.state(query)
        if wanted == "report":
            return 200, engine.report(state)[1]
        return 200, engine.evaluate(state, answers=wanted != "quick").text
    except StateError as error:
        return 400, json.dumps({"field": error.field, "error": error.said})
    except CevnsError as error:
        return 400, json.dumps({"field": "link", "error": on_the_page(str(error))})


def _is_ours(header: str, host: str) -> bool:
    """Whether a request was made to an address that nobody else's name can stand for.

    A page elsewhere may give its own name our address (DNS rebinding) and read what we answer;
    the name then stands in the header.
    """
    bracketed = header.startswith("[")
    name = header[1:].partition("]")[0] if bracketed else header.partition(":")[0]
    local = {HOST, "localhost", "::1", host.casefold()}
    if name.casefold() in local:
        return True
    if host in (HOST, "localhost", "::1"):
        return False
    if name.casefold() == socket.gethostname().casefold():
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def free_port(host: str, port: int) -> socket.socket:
    """A socket bound to a port, the next free one if it is taken.

    Raises:
        InputError: if none of the next ones is free, or the address is not of this machine.
    """
    for number in range(port, min(port + _TRIED, 65536)):
        try:
            family = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0][0]
        except OSError as error:
            raise InputError(f"--host {host}: {error.strerror or error}") from None
        # only of a socket that is said to be TCP does asyncio send small answers at once
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, number))
            bound.listen(128)  # so that nobody else can have it from here on
        except PermissionError:
            bound.close()
            said = f"--port {number} is for the system alone; take one above 1023"
            raise InputError(said) from None
        except OSError as error:
            bound.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise InputError(f"--host {host} is not an address of this machine") from None
            continue
        return bound
    raise InputError(f"--port {port}: neither it nor any of the next {_TRIED} is free")


def serve(engine: Engine, bound: socket.socket, *, host: str = HOST) -> None:
    """Answer until interrupted.

    Args:
        engine: that evaluates states.
        bound: from `free_port`.
        host: that it is bound to.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
        MissingExtraError: if uvicorn is not installed.
    """
    served = application(engine, host=host)
    try:
        import uvicorn
    except ImportError:
        raise MissingExtraError("uvicorn", "app", "the live page") from None
    config = uvicorn.Config(
        served,
        log_level="critical",
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=0,
    )
    gc.collect()
    gc.freeze()
    try:
        uvicorn.Server(config).run(sockets=[bound])
    finally:
        gc.unfreeze()
