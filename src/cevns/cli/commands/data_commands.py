"""``cevns data``: public data releases in the user's cache."""

from __future__ import annotations

from typing import Annotated

import typer

from cevns.cli.terminal import options
from cevns.cli.terminal.output import Output, table

__all__ = ["fetch", "list_releases", "verify", "where"]

Release = Annotated[str, typer.Argument(metavar="RELEASE", help="name from 'cevns data list'")]


def list_releases(output: Output) -> None:
    """List the known releases, and which of them are here."""
    from cevns import datasets

    shown = table("public data releases", "name", "title", "cite", "here", left=4)
    records = []
    for name in datasets.names():
        release = datasets.release(name)
        found = datasets.find(name)
        absent = "carried tables" if datasets.carried(name) else "no"
        here = absent if found is None else found.origin
        shown.add_row(name, release.title, ", ".join(release.cite), here)
        records.append(
            {"name": name, "title": release.title, "cite": list(release.cite), "here": here}
        )
    output.console.print(shown)
    output.result({"releases": records})


def fetch(
    output: Output,
    release: Release,
    optional: Annotated[bool, typer.Option(help="also optional files")] = False,
) -> None:
    """Download a release into the cache.

    Every file is checked against its digest.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

    from cevns import datasets

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        tasks: dict[str, object] = {}

        def progress(file: str, received: int, total: int | None) -> None:
            if file not in tasks:
                tasks[file] = bar.add_task(file, total=total)
            bar.update(tasks[file], completed=received, total=total)  # type: ignore[arg-type]

        folder = datasets.fetch(release, progress=progress, optional=optional)
    output.console.print(f"{release}: complete and verified in {folder}")
    output.result({"release": release, "folder": str(folder)})


def verify(
    output: Output,
    release: Annotated[str, typer.Argument(metavar="RELEASE|DIR", help="a name or a folder")],
    data: options.DataFolder = None,
) -> None:
    """Compare a release with its published digests.

    The exit code is 2 if a file differs.
    """
    from cevns import datasets
    from cevns.exceptions import DataError

    result = datasets.verify(release, data)
    shown = table(f"{result.release.name} in {result.folder}", "file", "state", "sha256", left=3)
    records = []
    for check in result.files:
        name = check.file.name
        shown.add_row(name, check.status, (check.sha256 or "")[:16])
        records.append({"name": name, "state": check.status, "sha256": check.sha256})
    output.console.print(shown)
    output.result(
        {
            "release": result.release.name,
            "folder": str(result.folder),
            "ok": result.ok,
            "files": records,
        }
    )
    if not result.ok:
        wrong = ", ".join(result.named("differs", "missing"))
        raise DataError(f"not as published: {wrong}", path=result.folder)


def where(output: Output, release: Release, data: options.DataFolder = None) -> None:
    """Say where the data of a release come from.

    It is said where they are cached, too.
    """
    from cevns import datasets

    cache = datasets.where(release)
    located = datasets.locate(release, data)
    output.console.print(f"used:  {located.folder} ({located.origin})")
    output.console.print(f"cache: {cache}")
    output.result(
        {
            "release": located.name,
            "origin": located.origin,
            "folder": str(located.folder),
            "cache": str(cache),
        }
    )
