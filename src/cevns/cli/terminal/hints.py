"""What a user may have meant, where one option does not say it alone."""

from __future__ import annotations

from cevns.exceptions import InputError, UnknownNameError
from cevns.parameters import fold_name

__all__ = ["of_another_model"]

_MOST = 3
"""Models that are named."""


def of_another_model(error: UnknownNameError) -> str:
    """Which interactions have a parameter that is unknown to the one that was asked; or nothing.

    Args:
        error: about the unknown name.

    Examples:
        >>> of_another_model(UnknownNameError("parameter", "eps_ee_u", ["sin2_theta_w"]))
        '; it belongs to new physics: --model nsi has it'
    """
    if error.kind != "parameter":
        return ""
    from cevns.processes import interaction, interactions, structure_of

    found = []
    for name in interactions():
        try:
            process = interaction(name)
        except InputError:  # an installed package that does not work is not the question
            continue
        every = (*process.parameters.names, *(p.name for p in structure_of(process)))
        if fold_name(error.name) in map(fold_name, every):
            found.append(name)
    if not found:
        return ""
    # the model with the parameter and the fewest others comes first
    first = sorted(found, key=lambda n: (len(interaction(n).parameters), n))[:_MOST]
    verb = "has" if len(first) == 1 else "have"
    return f"; it belongs to new physics: --model {' and '.join(first)} {verb} it"
