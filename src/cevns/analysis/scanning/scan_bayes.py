"""The posterior of a scan: sampled, then put on its grid."""

from __future__ import annotations

import io
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from cevns import files
from cevns.analysis.scanning.scan_record import Scan
from cevns.exceptions import InputError, MissingExtraError
from cevns.inference.toys.toy_run import Progress
from cevns.inference.work.checkpoint import read_arrays
from cevns.inference.work.scan_store import ScanFile, check_target, read_scan, write_scan
from cevns.typing import ENGINE

if TYPE_CHECKING:
    from cevns.analysis.scanning.scan_plan import ScanPlan
    from cevns.inference.bayes.sampling import ChainState

__all__ = ["bayes", "check_extras"]


def check_extras() -> None:
    """Raise if what samples is not installed, before anything is computed.

    Raises:
        MissingExtraError: naming the extra.
    """
    for package in ("emcee", "arviz"):
        if find_spec(package) is None:
            raise MissingExtraError(package, "bayes", "a Bayesian analysis")


def bayes(
    plan: ScanPlan,
    *,
    draws: int,
    seed: int,
    out: Path | str | None,
    progress: Progress | None,
) -> Scan:
    """Sample the posterior with flat priors on the scanned ranges.

    Args:
        plan: what.
        draws: independent draws that are wanted.
        seed: of all random numbers.
        out: HDF5 file; an interrupted chain goes on from the file beside it.
        progress: told steps done, steps expected, and steps a second.

    Raises:
        InputError: if an axis is structural, or `out` belongs to another scan.
        MissingExtraError: if emcee, arviz or h5py is not installed.
    """
    check_extras()
    if plan.grid.raster:
        raise InputError(
            f"{plan.grid.raster[0]!r} is structural: each of its values has a separate posterior; "
            "hold it with --at (at=...)"
        )
    run = plan.fingerprint("bayes") | {
        "priors": "flat in the scanned ranges; nuisances as constrained",
        "draws": draws,
        "seed": seed,
        "engine": ENGINE,
    }
    target = None if out is None else check_target(out)
    with files.claimed(target):
        return _sampled(plan, run, target, progress)


def _sampled(
    plan: ScanPlan, run: dict[str, Any], target: Path | None, progress: Progress | None
) -> Scan:
    """What the file holds, or a chain that begins or goes on."""
    from cevns.inference.bayes.sampling import sample

    if target is not None and target.exists():
        return Scan(read_scan(target, run))
    chain = None if target is None else target.with_name(target.name + ".chain.npz")
    state = None if chain is None or not chain.exists() else _read(chain)

    def keep(state: ChainState) -> None:
        if chain is not None:
            _write(chain, state)

    started, before = time.perf_counter(), 0 if state is None else len(state)

    def tell(done: int, wanted: int) -> None:
        if progress:
            progress(done, wanted, (done - before) / max(1e-9, time.perf_counter() - started))

    posterior = sample(
        plan.family.model({}),
        seed=run["seed"],
        data=plan.data,
        effective=run["draws"],
        progress=tell,
        checkpoint=keep,
        state=state,
    )
    found = posterior.region(plan.grid)
    datasets = {
        **plan.grid.datasets(),
        "posterior/density": found.density.ravel(),
        "posterior/credibility": found.credibility.ravel(),
        "posterior/level": np.array(found.threshold(plan.cl)),
        "posterior/mean": posterior.mean,
        "posterior/effective_sample_size": posterior.effective_sample_size,
        "posterior/r_hat": np.asarray(posterior.r_hat),
    }
    if len(plan.grid.axes) == 1:
        pieces = posterior.highest_density(plan.grid.axes[0].name, plan.cl)
        datasets["region/intervals"] = np.array(pieces).reshape(-1, 2)
    run["sampled"] = list(posterior.names)
    file = ScanFile(run, datasets, {"outside the grid": found.outside, **posterior.timing})
    if target is not None and chain is not None:
        write_scan(target, file, new=True)
        chain.unlink(missing_ok=True)
    return Scan(file)


def _write(path: Path, state: ChainState) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, **cast("Any", state.arrays()))
    files.write(path, buffer.getbuffer())


def _read(path: Path) -> ChainState:
    from cevns.inference.bayes.sampling import ChainState

    arrays = read_arrays(path, "this is no complete chain; remove it and run again")
    return ChainState.from_arrays(arrays)
