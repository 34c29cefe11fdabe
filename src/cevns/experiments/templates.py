"""The fast form of an experiment's model: static templates, for toys and scans."""

from __future__ import annotations

from typing import overload

from cevns.experiments.model import SIGNAL, ExperimentModel
from cevns.inference.joint import JointModel
from cevns.inference.template_builder import GroupSpec, build
from cevns.inference.templates import TemplateModel


@overload
def template_model(model: ExperimentModel) -> TemplateModel: ...
@overload
def template_model(model: JointModel) -> JointModel: ...
def template_model(model: ExperimentModel | JointModel) -> TemplateModel | JointModel:
    """Tabulate the exact model: signal morphed in its shape nuisances, backgrounds as they are.

    Args:
        model: the exact model, or a joint one, whose exact parts are tabulated.

    Returns:
        The template model; its `accuracy` says how far it is from the exact one.

    Raises:
        InputError: if the templates do not reproduce the exact model.

    Examples:
        >>> import cevns
        >>> fast = template_model(cevns.load("coherent-csi-2021").model())
        >>> fast.parameters.names == cevns.load("coherent-csi-2021").model().parameters.names
        True
    """
    if isinstance(model, JointModel):
        exact = {p.label: p.model for p in model.parts if isinstance(p.model, ExperimentModel)}
        return model.with_models({label: template_model(m) for label, m in exact.items()})
    if model.question == "count":
        signal = GroupSpec(SIGNAL, factors=(SIGNAL,), normalised=True)
    elif model.question == "cross-section":
        signal = GroupSpec(SIGNAL, factors=(model.poi, *model.scale))
    else:
        signal = GroupSpec(SIGNAL, factors=model.scale, polynomial=model.poi)
    backgrounds = tuple(GroupSpec(b, factors=(b,), nuisances=()) for b in model.backgrounds)
    groups = {SIGNAL, model.poi, *model.scale, *model.backgrounds}
    shapes = tuple(p.name for p in model.parameters if p.name not in groups and not p.fixed)
    return build(model, (signal, *backgrounds), shapes)
