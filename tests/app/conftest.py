"""The live page on a port of this machine, and a browser that looks at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest


@dataclass
class Page:
    """A page of the browser with all that it asked for and said.

    Args:
        tab: of the browser.
        requests: addresses.
        said: on its console, and what failed.
        sizes: bytes of the answers.
    """

    tab: object
    requests: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    def run(self, code: str, *arguments: object) -> object:
        """The value of an expression; `page` is the live page, `shadow` its inside."""
        return self.tab.evaluate(
            f"""(given) => {{
            const host = document.querySelector("#cevns-app");
            const page = host.page, shadow = host.shadowRoot;
            return ({code}); }}""",
            list(arguments),
        )

    def settled(self) -> dict:
        """The view once nothing is on its way."""
        for _ in range(1200):
            if self.run("page?.rests && page.view !== null"):
                return self.run("page.view")
            self.tab.wait_for_timeout(25)
        raise AssertionError(f"the page does not come to rest: {self.said}")


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """Where the page is."""
    uvicorn = pytest.importorskip("uvicorn", reason="the extra 'app' is not installed")
    pytest.importorskip("starlette", reason="the extra 'app' is not installed")
    from cevns.app.engine import Engine
    from cevns.app.server import HOST, application, free_port

    bound = free_port(HOST, 9300)
    config = uvicorn.Config(
        application(Engine()), log_level="warning", access_log=False, lifespan="off", ws="none"
    )
    server = uvicorn.Server(config)
    # signals are for the main thread
    thread = threading.Thread(target=lambda: server.run(sockets=[bound]), daemon=True)
    thread.start()
    yield f"http://{HOST}:{bound.getsockname()[1]}"
    server.should_exit = True
    thread.join(5)
    bound.close()


@pytest.fixture
def opened(browser, address) -> Iterator[object]:
    """Opens pages of a state: a function of its text and what `new_context` takes."""
    contexts = []

    def open_page(state: str = "experiment=coherent-csi-2021", **how: object) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1360, "height": 900}, **how})
        contexts.append(context)
        page = Page(context.new_page())
        page.tab.on("request", lambda r: page.requests.append(r.url))
        page.tab.on("console", lambda m: page.said.append(m.text))
        page.tab.on("pageerror", lambda e: page.said.append(str(e)))
        page.tab.on("requestfailed", lambda r: page.said.append(f"failed: {r.url}"))
        page.tab.on("response", lambda r: page.sizes.append(len(r.body())))
        page.tab.goto(f"{address}/#{state}")
        return page

    yield open_page
    for context in contexts:
        context.close()
