"""What to expect where each bin knows its background from the time with the source off alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from cevns.exceptions import InputError
from cevns.experiments.questions import SIGNAL
from cevns.inference import Model
from cevns.inference.fitting.quoted_fit import fit
from cevns.inference.fitting.upper_limits import upper_limit
from cevns.inference.model.channel import Channel
from cevns.inference.model.mapped import Mapped
from cevns.inference.statistics.on_off import OnOff
from cevns.parameters import Parameters
from cevns.study import load
from cevns.typing import Array

__all__ = ["compute", "each_bin_for_itself"]


def compute(
    experiment: str,
    field: Literal["error", "upper"],
    model: str = "standard-model",
    parameter: str = SIGNAL,
    level: float = 0.9,
    overrides: Mapping[str, str] | None = None,
    scale: float = 1.0,
) -> float:
    """Error of a parameter, or its one-sided upper limit, times `scale`.

    Of the counts that the file expects, with its exposures; all other parameters are held.

    Args:
        experiment: name or path; each channel with a signal has one with the source off beside it.
        field: ``error``, of HESSE, or ``upper``, where -2 ln L has risen by 1.64 at 90 %.
        model: new physics.
        parameter: of the model, by default the number of CEvNS events.
        level: confidence level of a limit.
        overrides: changed fields of the experiment file.
        scale: factor to the unit of the row.

    Raises:
        InputError: if a channel has no partner.
    """
    study = load(experiment, overrides=overrides, models=model)
    asked = study.model("count") if parameter == SIGNAL else study.model(free=(parameter,))
    bins = each_bin_for_itself(asked, parameter)
    if field == "error":
        return fit(bins, minos="none")[parameter].error * scale
    return upper_limit(bins, parameter, level=level).upper * scale


def each_bin_for_itself(model: Model, parameter: str) -> Model:
    """The same signal, and no model of the background, as `cevns.inference.statistics.on_off`.

    Data are the expected counts at nominal values. The ratio of exposures is that of the counts of
    the background in both channels.

    Args:
        model: with the channels of an experiment with the source on and off.
        parameter: that stays free.

    Raises:
        InputError: if a channel with a signal has no one partner with the same background.
    """
    theta = model.parameters.values[:, None]

    def of(channel: Channel) -> tuple[set[str], Array]:
        at = model.at(channel, theta)
        names = [c.name for c in channel.components]
        cells = [at.component(i)[:, 0] for i, n in enumerate(names) if n != SIGNAL]
        return set(names) - {SIGNAL}, np.sum(cells, axis=0)

    on = [c for c in model.channels if any(x.name == SIGNAL for x in c.components)]
    off = [of(c) for c in model.channels if c not in on]
    channels = []
    for channel in on:
        names, background = of(channel)
        partners = [cells for known, cells in off if known == names]
        rivals = sum(of(c)[0] == names for c in on) - 1
        if len(partners) != 1 or rivals:
            raise InputError(
                f"channel {channel.name!r} needs one channel with the source off for itself; it "
                f"has {len(partners)}, and {rivals} others with a signal have the same background"
            )
        (counted,) = partners
        n = channel.n_bins
        onto = np.vstack([np.eye(n), np.zeros((n, n))])  # nothing is expected of the signal in off
        signal = channel.component(SIGNAL)
        expected = model.at(channel, theta).mean[:, 0]
        channels.append(
            replace(
                channel,
                observed=np.concatenate([expected, counted]),
                components=(replace(signal, shape=Mapped(signal.shape, onto)),),
                statistic=OnOff(off=counted, ratio=float(counted.sum() / background.sum())),
                floor=None,
                shape=(),
                events=np.concatenate([np.ones(n), np.zeros(n)]),
            )
        )
    used = {n for c in channels for n in map(c.joint_name, c.names)}
    kept = [p.at(p.value, fixed=p.name != parameter) for p in model.parameters if p.name in used]
    return Model(f"{model.name}, each bin for itself", Parameters(kept), tuple(channels))
