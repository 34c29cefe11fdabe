"""Several models as one: parameters that are the same quantity are one parameter.

A parameter that is declared shared is the same quantity in every model that names it: the joint
model has it once, so its auxiliary measurement counts once. All others are local and get the
model's label in front, ``coherent-csi-2021.t0``. With ``theta_e = f_e * theta[columns_e]`` the
parameters of part e,

    -2 ln L = sum_e D(n_e, mu_e(theta_e)) + sum_k ((theta_k - a_k)/sigma_k)^2,

where the second sum runs over the joint parameters. The factors f_e are one, but for a common
scale: a joint parameter that stands in every part for the nominal value of another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cevns.exceptions import InputError, UnknownNameError
from cevns.inference.model.channel import Channel
from cevns.inference.model.expectation import Model
from cevns.parameters import Parameter, Parameters, fold_name

__all__ = ["join", "shared_parameters"]


def join(
    models: Mapping[str, Model],
    *,
    name: str | None = None,
    common: Mapping[str, Mapping[str, str]] | None = None,
    scale: tuple[str, str] | None = None,
) -> Model:
    """Combine models; parameters that are declared shared and have the same name are one.

    Args:
        models: label to model.
        name: of the joint model; the labels joined by ``+`` by default.
        common: label to {own name: joint name} of parameters that are common under another name
            than their own, whether declared shared or not.
        scale: ``(joint name, own name)``: the parameter `own name` of every model that has it
            becomes its nominal value times one common free parameter of interest `joint name`.

    Returns:
        The joint model.

    Raises:
        UnknownNameError: if `common` names a parameter that a model does not have, or `scale` one
            that none has.
        InputError: if there is no model, or models declare a shared parameter with different
            values, units or constraints; both are named.

    Examples:
        >>> import numpy as np
        >>> from cevns.inference.model.channel import Channel, Component
        >>> from cevns.inference.model.shapes import fixed
        >>> from cevns.parameters import Gaussian
        >>> flux = Parameter("flux", 1.0, constraint=Gaussian(1.0, 0.1), shared=True)
        >>> n = Parameter("n", 50.0, role="poi")
        >>> def counting(name):
        ...     signal = Component("signal", fixed(np.ones(1)), ("n", "flux"))
        ...     channel = Channel("c", np.array([50.0]), (signal,))
        ...     return Model(name, Parameters([n, flux]), (channel,))
        >>> both = join({"one": counting("one"), "two": counting("two")})
        >>> both.parameters.names, shared_parameters(both)
        (('flux', 'one.n', 'two.n'), {'flux': ('one', 'two')})
    """
    if not models:
        raise InputError("a joint model needs at least one model")
    if scale and not any(model.parameters.has(scale[1]) for model in models.values()):
        known = (n for model in models.values() for n in model.parameters.names)
        raise UnknownNameError("parameter", scale[1], known)
    shared: dict[str, tuple[Parameter, str]] = {}
    local: list[Parameter] = []
    names: list[list[str]] = []
    factors = []
    for label, model in models.items():
        renamed = {model.parameters[k].name: v for k, v in (common or {}).get(label, {}).items()}
        has = scale is not None and model.parameters.has(scale[1])
        scaled = model.parameters[scale[1]].name if scale and has else None
        joint_names: list[str] = []
        for p in model.parameters:
            if p.name == scaled and scale is not None:
                joint = _scale(p, scale[0], label)
            elif p.name in renamed or p.shared:
                joint = replace(p, name=renamed.get(p.name, p.name), shared=True)
            else:
                local.append(replace(p, name=f"{label}.{p.name}"))
                joint_names.append(local[-1].name)
                continue
            key = fold_name(joint.name)
            if key in shared:
                joint = _merged(*shared[key], joint, label)
            shared[key] = joint, shared.get(key, (joint, label))[1]
            joint_names.append(shared[key][0].name)
        names.append(joint_names)
        factors.append([p.value if p.name == scaled else 1.0 for p in model.parameters])
    common_parameters = sorted((p for p, _ in shared.values()), key=lambda p: p.role != "poi")
    parameters = Parameters([*common_parameters, *local])
    channels: list[Channel] = []
    for (label, model), joint_names, factor in zip(models.items(), names, factors, strict=True):
        to_joint = dict(zip(model.parameters.names, joint_names, strict=True))
        units = dict(zip(model.parameters.names, factor, strict=True))
        for c in model.channels:
            own = {n: model.parameters[c.joint_name(n)].name for n in c.names}
            channels.append(
                replace(
                    c,
                    name=_channel_name(label, model, c),
                    group=label,
                    rename={n: to_joint[m] for n, m in own.items()},
                    units={
                        n: c.units.get(n, 1.0) * units[m]
                        for n, m in own.items()
                        if c.units.get(n, 1.0) * units[m] != 1.0
                    },
                )
            )
    return Model(name or " + ".join(models), parameters, tuple(channels))


def _channel_name(label: str, model: Model, channel: Channel) -> str:
    """The label of a part of one channel; of several, the channel's name behind it."""
    if len(model.channels) == 1:
        return label
    return f"{label}.{channel.name.removeprefix(f'{label}.')}"


def shared_parameters(model: Model) -> dict[str, tuple[str, ...]]:
    """Parameters of more than one group of channels, with the names of these."""
    users: dict[str, dict[str, None]] = {}
    for channel in model.channels:
        for own in channel.names:
            name = model.parameters[channel.joint_name(own)].name
            users.setdefault(name, {})[channel.group or channel.name] = None
    order = [p.name for p in model.parameters if len(users.get(p.name, {})) > 1]
    return {n: tuple(users[n]) for n in order}


def _scale(p: Parameter, name: str, label: str) -> Parameter:
    """The common scale that stands for a parameter in units of its nominal value."""
    if not p.value > 0:
        raise InputError(
            f"{label}: {p.name!r} is {p.value:g} at its nominal point and cannot be the unit of a "
            "scale"
        )
    return Parameter(
        name,
        1.0,
        lower=p.lower / p.value,
        upper=p.upper / p.value,
        fixed=p.fixed,
        role="poi",
        shared=True,
        description=f"common factor on the nominal {p.name} of every part",
    )


def _written(p: Parameter) -> str:
    """Value, constraint and unit, for the sentence about a conflict."""
    text = f"{p.value:g}" if p.constraint is None else _constraint(p)
    return f"{text} {p.unit}".strip() + (" (held)" if p.fixed else "")


def _constraint(p: Parameter) -> str:
    assert p.constraint is not None
    text = f"{p.constraint.mean:g} +/- {p.constraint.sigma:g}"
    return text if p.constraint.mean == p.value else f"{text}, starting at {p.value:g}"


def _merged(known: Parameter, first: str, new: Parameter, label: str) -> Parameter:
    """One parameter for two declarations of it, within the bounds of both.

    Raises:
        InputError: if value, unit, constraint or being held differ.
    """
    if any(
        getattr(known, field) != getattr(new, field)
        for field in ("value", "unit", "constraint", "fixed")
    ):
        raise InputError(
            f"the shared parameter {new.name!r} is {_written(known)} in {first} and "
            f"{_written(new)} in {label}; declare it identically in both, or not shared in one"
        )
    return replace(
        known,
        lower=max(known.lower, new.lower),
        upper=min(known.upper, new.upper),
        role=min(known.role, new.role, key=("poi", "normalisation", "nuisance").index),
        description=known.description or new.description,
    )
