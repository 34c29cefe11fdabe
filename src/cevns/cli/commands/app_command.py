"""``cevns app``: an experiment with sliders, in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.completion import EXPERIMENTS
from cevns.cli.terminal.screen import screen

__all__ = ["app"]


def app(
    experiment: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXPERIMENT",
            help="what is shown first: names from 'cevns list', or YAML files; the whole "
            "catalogue is there too",
            autocompletion=EXPERIMENTS,
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="where the page is; the next free one if it is taken"),
    ] = None,
    browser: Annotated[bool, typer.Option(help="open the page in the browser")] = True,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="listen there in place of this machine alone"),
    ] = None,
    set_field: options.SetField = None,
    data: options.DataFolder = None,
) -> None:
    """Open the live page: experiments with sliders, in the browser.

    Mass, distance, threshold, couplings, a light mediator and all nuisance parameters can be
    moved; counts, likelihood and significance follow. Ctrl-C ends it.
    """
    from cevns.app.opened import opened
    from cevns.app.server import HOST, PORT, free_port, serve

    engine = opened(experiment or (), overrides=options.changes_of(set_field), data=data)
    at = HOST if host is None else host
    bound = free_port(at, PORT if port is None else port)
    number = bound.getsockname()[1]
    shown = f"[{at}]" if ":" in at else at
    console = screen()
    with bound:
        if at not in (HOST, "localhost", "::1"):
            screen(stderr=True).print(
                f"cevns: warning: the page listens on {at}: whoever reaches this machine there can "
                "use it, without a password and without encryption"
            )
        wanted = PORT if port is None else port
        if number != wanted:
            screen(stderr=True).print(
                f"cevns: warning: port {wanted} is in use; the page is on port {number}"
            )
        console.print(f"http://{shown}:{number}/ (Ctrl-C ends it)")
        if browser:
            import webbrowser

            local = "127.0.0.1" if at in ("0.0.0.0", "::") else shown
            webbrowser.open(f"http://{local}:{number}/")
        serve(engine, bound, host=at)
