"""Posterior of a model, with the likelihood of the fits, through the ensemble sampler emcee.

    p(theta | data) ~ L(data | theta) prod_k prior_k(theta_k)

The constraints of the likelihood are the priors of the constrained parameters; the others are
flat between their bounds unless declared otherwise (`cevns.inference.model.priors`). All walkers
are evaluated in one call. Walkers begin in every maximum that fits find and move by differences of
others (ter Braak, Stat. Comput. 16 (2006) 239), by stretching (Goodman and Weare, CAMCoS 5 (2010)
65), to points drawn around the maxima, and from one maximum to another
(`cevns.inference.bayes.posterior_modes`).
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any

import numpy as np

from cevns.exceptions import CevnsWarning, InputError, MissingExtraError
from cevns.inference.bayes.autocorrelation import autocorrelation_time
from cevns.inference.bayes.chain_arviz import arviz, r_hat
from cevns.inference.bayes.chain_state import ChainState
from cevns.inference.bayes.log_posterior import LogPosterior
from cevns.inference.bayes.posterior import Posterior
from cevns.inference.bayes.posterior_modes import Modes, find_modes
from cevns.inference.model.data import Data
from cevns.inference.model.expectation import Fix, Model
from cevns.inference.model.priors import Flat, FlatInLog, Prior, under
from cevns.parameters import Gaussian, Parameters
from cevns.records import VERSION
from cevns.typing import Array

__all__ = ["ChainState", "Flat", "FlatInLog", "Gaussian", "Posterior", "Prior", "sample"]

BLOCK = 250
"""Steps between two checkpoints."""
LONG = 50
"""Autocorrelation times that a converged chain lasts."""
BURN_IN = 5
"""Autocorrelation times left out at its beginning."""
R_HAT = 1.05
"""Largest R-hat of a converged chain: walkers of 50 autocorrelation times reach 1.02."""


def sample(
    model: Model,
    *,
    seed: int,
    priors: Mapping[str, Prior] | None = None,
    data: Data | None = None,
    fix: Fix | None = None,
    walkers: int = 256,
    effective: int = 5_000,
    max_steps: int = 20_000,
    progress: Callable[[int, int], None] | None = None,
    checkpoint: Callable[[ChainState], None] | None = None,
    state: ChainState | None = None,
) -> Posterior:
    """Sample the posterior of a model until the chain is long beside its autocorrelation time.

    Args:
        model: the model.
        seed: of all random numbers, not negative.
        priors: by name; flat by default.
        data: counts and auxiliary measurements; the model's own by default.
        fix: parameters that are held, at a value or (None) where they are.
        walkers: chains that move together, even, at least twice the number of free parameters.
        effective: independent draws wanted, of the parameter with the fewest.
        max_steps: steps of a walker after which sampling ends anyway, with a `CevnsWarning`.
        progress: called with (steps done, steps expected).
        checkpoint: called with the chain after every `BLOCK` steps; from the last such state the
            same call goes on after an interruption, to the same result bit for bit.
        state: the chain to go on with. With other goals (`effective`, `max_steps`) it is
            continued; anything else must be as it was.

    Raises:
        MissingExtraError: if emcee or arviz is not installed.
        UnknownNameError: if a name is unknown.
        InputError: if an argument is out of range, a prior cannot be normalised, or `state`
            belongs to another chain.

    Examples:
        >>> from cevns.experiments import load
        >>> from cevns.analysis.coupling_families import CouplingFamily
        >>> csi = load("coherent-csi-2021")
        >>> model = CouplingFamily(csi, "standard-model", ("sin2_theta_w",)).model({})
        >>> posterior = sample(model, seed=1)  # doctest: +SKIP
        >>> posterior.highest_density("sin2_theta_w", 0.9)  # doctest: +SKIP
    """
    stated, logarithmic = under(model, priors, fix)
    target = LogPosterior.of(stated, data, logarithmic, measured=model.parameters)
    n_free = len(target.free)
    if seed < 0 or effective < 1 or max_steps < BLOCK:
        raise InputError(
            f"sampling: seed={seed}, effective={effective}, max_steps={max_steps}; use a "
            f"seed >= 0, effective >= 1 and max_steps >= {BLOCK}"
        )
    if walkers % 2 or walkers < max(2 * n_free, 8):
        raise InputError(
            f"sampling: {walkers} walkers for {n_free} free parameters; use an even number, at "
            f"least {max(2 * n_free, 8)}"
        )
    _emcee(), arviz()
    fingerprint = {
        **target.fingerprint(),
        "seed": seed,
        "walkers": walkers,
        "version": VERSION,
        "emcee version": version("emcee"),
    }
    if state is not None:
        state.check(fingerprint)
    from threadpoolctl import threadpool_limits

    started, before = time.perf_counter(), 0 if state is None else len(state)
    with threadpool_limits(1):  # the same arithmetic everywhere, and small products gain nothing
        chain = _Chain(target, fingerprint, seed, walkers, state)
        needed = max_steps
        while True:
            ended = chain.steps >= max_steps
            if ended or _due(chain.steps):
                found = _Assessment(chain.state().coordinates, effective)
                if ended or found.enough:
                    break
                needed = min(found.needed, max_steps)
            chain.advance()
            if checkpoint:
                checkpoint(chain.state())
            if progress:
                progress(chain.steps, max(needed, chain.steps))
    wall = time.perf_counter() - started
    evaluations = walkers * (chain.steps - before)
    if not found.enough:
        warnings.warn(
            f"the chain of {model.name!r} has {chain.steps} steps and needs about {found.needed}; "
            "continue from its state with a larger max_steps",
            CevnsWarning,
            stacklevel=2,
        )
    last = chain.state()
    kept = last.coordinates[found.burn_in :]
    return Posterior(
        model=model.name,
        parameters=Parameters(stated.parameters[int(i)] for i in target.free),
        logarithmic=logarithmic,
        seed=seed,
        samples=target.values(kept),
        log_posterior=last.log_posterior[found.burn_in :],
        burn_in=found.burn_in,
        autocorrelation=found.times,
        r_hat=r_hat(kept) if found.r_hat is None else found.r_hat,
        acceptance=float(last.accepted.mean() / chain.steps),
        converged=found.enough,
        modes=target.values(last.modes.centres),
        state=last,
        timing={
            "evaluations": evaluations,
            "wall_s": wall,
            "evaluations_per_second": evaluations / wall,
        },
    )


def _due(steps: int) -> bool:
    """Whether a chain of so many steps is assessed: after every fifth of its length.

    Never at other lengths, so that a chain that is resumed ends where it would have ended.
    """
    at = 2 * BLOCK
    while at < steps:
        at += BLOCK * math.ceil(at / (5 * BLOCK))
    return at == steps


def _emcee() -> Any:
    try:
        import emcee
    except ImportError:
        raise MissingExtraError("emcee", "bayes", "a Bayesian analysis") from None
    return emcee


class _Assessment:
    """Whether a chain is long enough, and what of it counts."""

    def __init__(self, coordinates: Array, effective: int) -> None:
        steps, walkers, _ = coordinates.shape
        estimate = autocorrelation_time(coordinates[steps // 2 :]).max()
        self.burn_in = min(math.ceil(BURN_IN * estimate), steps // 2)
        kept = coordinates[self.burn_in :]
        self.times = autocorrelation_time(kept)
        longest = float(self.times.max())
        wanted = longest * max(LONG, effective / walkers)
        self.needed = math.ceil(wanted + self.burn_in)
        self.r_hat: Array | None = None
        self.enough = len(kept) >= wanted
        if self.enough:
            self.r_hat = r_hat(kept)
            self.enough = bool((self.r_hat < R_HAT).all())
            self.needed = steps if self.enough else 2 * steps


class _Chain:
    """An ensemble of walkers that goes on block by block; emcee keeps its steps."""

    def __init__(
        self,
        target: LogPosterior,
        fingerprint: Mapping[str, Any],
        seed: int,
        walkers: int,
        state: ChainState | None,
    ) -> None:
        emcee = _emcee()
        self.fingerprint = fingerprint
        rng = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(seed)))
        self.modes = find_modes(target, rng) if state is None else state.modes
        self._kept = emcee.backends.Backend()
        self._kept.reset(walkers, len(target.free))
        self._start = None
        if state is None:
            start = self.modes.draw(rng, walkers, target)
            self._start = emcee.State(start, random_state=rng.get_state())
        else:
            self._kept.iteration, self._kept.random_state = len(state), state.random
            self._kept.chain, self._kept.log_prob = state.coordinates, state.log_posterior
            self._kept.accepted = state.accepted.copy()
        self.sampler = emcee.EnsembleSampler(
            walkers,
            len(target.free),
            target,
            moves=_moves(emcee, self.modes),
            backend=self._kept,
            vectorize=True,
        )
        # emcee's own wrapper prints a traceback to the terminal, of Ctrl-C too
        self.sampler.log_prob_fn = target

    @property
    def steps(self) -> int:
        """Steps so far."""
        return int(self._kept.iteration)

    def advance(self) -> None:
        """One block."""
        self.sampler.run_mcmc(self._start, BLOCK, skip_initial_state_check=True)
        self._start = None

    def state(self) -> ChainState:
        """The chain so far."""
        return ChainState(
            fingerprint=self.fingerprint,
            coordinates=self._kept.get_chain(),
            log_posterior=self._kept.get_log_prob(),
            accepted=self._kept.accepted.copy(),
            random=self._kept.random_state,
            modes=self.modes,
        )


def _moves(emcee: Any, modes: Modes) -> list[tuple[Any, float]]:
    """Local moves, differences that lead from one mode to another, draws and jumps."""
    moves = emcee.moves
    chosen = [
        (moves.DEMove(), 0.4),
        (moves.StretchMove(), 0.2),
        (moves.DEMove(gamma0=1.0), 0.05),
        (moves.MHMove(modes.independent), 0.25),
    ]
    if len(modes) > 1:
        chosen.append((moves.MHMove(modes.jump), 0.1))
    return chosen
