"""A sample of unweighted events: components in channels, drawn block by block.

Each event is of one component, chosen with the expected ratio of the components, so blocks are
independent of each other. The random numbers of a block follow from the seed and the number of the
block; a seed gives the same events, however many are asked for before or after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import numpy as np

from cevns.analysis.events.arrival_draws import NoTimes
from cevns.analysis.events.event_columns import Block, Column, shuffled
from cevns.analysis.events.event_parts import EventPart, RecoilEvents
from cevns.analysis.events.reaction_events import ReactionEvents
from cevns.exceptions import InputError
from cevns.experiments.experiment import Experiment
from cevns.records import VERSION, Result, cited
from cevns.typing import Array

__all__ = ["BLOCK", "EventSample", "Stratum"]

BLOCK: Final = 1 << 16
"""Events of a block."""
_MOST: Final = 2_000_000_000


@dataclass(frozen=True, eq=False)
class Stratum:
    """A component in a channel.

    Args:
        component: its name.
        channel: the name of the channel; empty where the file has none.
        expected: how many events there are in the exposure.
        part: what draws them.
    """

    component: str
    channel: str
    expected: float
    part: EventPart


@dataclass(frozen=True, eq=False)
class EventSample(Result):
    """What a sample of events is drawn of; made by `event_sample`.

    Args:
        experiment: of which.
        strata: components in channels, with at least one event expected in all.
        columns: of the file.
        truth: whether there is no detector.
        said: what else the provenance says.
    """

    main_table: ClassVar[str] = "strata"

    experiment: Experiment
    strata: tuple[Stratum, ...]
    columns: tuple[Column, ...]
    truth: bool
    said: Mapping[str, Any] = field(default_factory=dict)

    @property
    def expected(self) -> float:
        """Events in the exposure."""
        return sum(s.expected for s in self.strata)

    @property
    def components(self) -> tuple[str, ...]:
        """Names of the components, in the order of their numbers."""
        return tuple(dict.fromkeys(s.component for s in self.strata))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the channels, in the order of their numbers."""
        return tuple(dict.fromkeys(s.channel for s in self.strata))

    @property
    def is_timed(self) -> bool:
        """Whether the times of its neutrinos are known."""
        drawn = (RecoilEvents, ReactionEvents)
        parts = [s.part for s in self.strata if isinstance(s.part, drawn)]
        return not any(isinstance(p.times, NoTimes) for p in parts)

    @property
    def exceeded(self) -> float:
        """The largest ratio of a density to its bounds so far; up to 1 the events follow it."""
        every = (s.part for s in self.strata)
        return max((p.exceeded for p in every if isinstance(p, RecoilEvents)), default=0.0)

    def number(self, seed: int) -> int:
        """A Poisson number of the expected events.

        Raises:
            InputError: if more are expected than a file should hold.
        """
        if self.expected > _MOST:
            raise InputError(
                f"{self.expected:.3g} events are expected in the exposure, more than the "
                f"maximum of {_MOST:g} in a sample; ask for a smaller number"
            )
        return int(_generator(seed, 0).poisson(self.expected))

    def blocks(self, number: int, seed: int) -> Iterator[dict[str, Array]]:
        """The events, in blocks of `BLOCK`, the last one shorter.

        Args:
            number: how many, in the analysis region where there is a detector.
            seed: of the random numbers.

        Raises:
            InputError: if the number is not positive, or too large.
        """
        if not 1 <= number <= _MOST:
            raise InputError(f"{number} events cannot be drawn; ask for 1 to {_MOST:g}")
        share = np.array([s.expected for s in self.strata]) / self.expected
        names, first = [c.name for c in self.columns], 1
        for which, begin in enumerate(range(0, number, BLOCK)):
            rng = _generator(seed, 1 + which)
            of = rng.multinomial(BLOCK, share) if begin + BLOCK <= number else None
            if of is None:
                of = rng.multinomial(number - begin, share)
            parts = [self._of(s, int(n), rng) for s, n in zip(self.strata, of, strict=True) if n]
            size = sum(p["component"].size for p in parts)
            block = shuffled(parts, names, rng.permutation(size))
            block["event"] = np.arange(first, first + size, dtype=float)
            first += size
            yield block

    def _of(self, stratum: Stratum, number: int, rng: np.random.Generator) -> dict[str, Array]:
        """Events of a component in a channel."""
        found = stratum.part.draw(number, rng)
        size = next(iter(found.values())).size
        found["component"] = np.full(size, float(self.components.index(stratum.component)))
        found["channel"] = np.full(size, float(self.channels.index(stratum.channel)))
        return found

    def draw(self, number: int, seed: int) -> dict[str, Array]:
        """All events at once.

        Raises:
            InputError: as `blocks`.
        """
        every: list[Block] = list(self.blocks(number, seed))
        return {name: np.concatenate([b[name] for b in every]) for name in every[0]}

    def to_dict(self) -> dict[str, Any]:
        """What is expected in the exposure, and what the sample is of."""
        return {
            "truth_only": self.truth,
            "expected_events": self.expected,
            "columns": [{"name": c.name, "about": c.about} for c in self.columns],
            "strata": [
                {"component": s.component, "channel": s.channel, "expected": s.expected}
                for s in self.strata
            ],
            **self.said,
            **self.experiment.provenance(),
        }

    def provenance(self, number: int, seed: int) -> dict[str, Any]:
        """What a file says of where its events are from."""
        record = {
            "generator": "cevns",
            "version": VERSION,
            "numpy": np.__version__,
            "seed": seed,
            "events": number,
            "block": BLOCK,
            "truth_only": self.truth,
            "components": list(self.components),
            "channels": list(self.channels),
            "expected": {
                f"{s.component}.{s.channel}" if s.channel else s.component: s.expected
                for s in self.strata
            },
            "expected_events": self.expected,
            "exposure": dict(self.experiment.declaration.source.fields),
            "target": self.experiment.declaration.target.model_dump(exclude_none=True),
            **self.said,
            **self.experiment.provenance(),
        }
        return cited(record)


def _generator(seed: int, which: int) -> np.random.Generator:
    """Random numbers of a block."""
    sequence = np.random.SeedSequence(seed, spawn_key=(which,))
    return np.random.Generator(np.random.SFC64(sequence))
