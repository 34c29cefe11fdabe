"""The engine for experiments that are named: of the catalogue, and files of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from cevns.app.engine import Engine
from cevns.exceptions import InputError
from cevns.experiments.declaration import loader
from cevns.experiments.declaration.document import parse
from cevns.experiments.experiment import Experiment
from cevns.experiments.joint import load_all

__all__ = ["opened"]


def opened(
    names: Sequence[str | Path],
    *,
    overrides: Mapping[str, str] | None = None,
    data: str | Path | None = None,
) -> Engine:
    """An engine that shows some experiments first, and the catalogue behind them.

    Args:
        names: catalogue names or paths.
        overrides: fields to change in them, as for `cevns.load`.
        data: folder of public releases.

    Raises:
        UnknownNameError: if a name is unknown.
        InputError: if a file cannot be used or is a combination, or a change is for no experiment.

    Examples:
        >>> opened(["coherent-csi-2021"]).experiments[:2]
        ('coherent-csi-2021', 'ar-750-dm')
    """
    if not names:
        if overrides or data is not None:
            raise InputError("--set and --data apply to named experiments; name one")
        return Engine()
    for name in names:
        members = parse(loader.find(name)).values.get(loader.COMBINATION)
        if members:
            known = (m.get("experiment") for m in members.values() if isinstance(m, dict))
            first = ", ".join(dict.fromkeys(str(n) for n in known if n))
            raise InputError(
                f"{name} is a combination of experiments, and the live page shows one experiment "
                f"at a time; name one of its experiments: {first}"
            )
    own: dict[str, Experiment] = {}
    for experiment in load_all(names, data=data, overrides=overrides):
        if experiment.name in own:
            raise InputError(
                f"two of the files are called {experiment.name}; give one another name"
            )
        own[experiment.name] = experiment
    return Engine(own)
