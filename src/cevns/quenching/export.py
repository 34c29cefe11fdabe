"""A fitted curve as text for an experiment file."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from cevns.detectors.quenching import Quenching, section

__all__ = ["yaml_text"]


def yaml_text(curve: Quenching, label: str = "") -> str:
    """The sections ``quenching`` and ``parameters`` of a curve, in the form of the catalogue.

    Numbers are written with all their digits, so that the file gives the same curve.

    Examples:
        >>> from cevns.detectors.quenching.constant import Constant
        >>> from cevns.detectors.framework.variation import Variation
        >>> flat = Constant(0.0878, variations={"qf.csi.0": Variation(0.1044, 0.0712)})
        >>> print(yaml_text(flat))
        quenching:
          kind: constant
          value: 0.0878
          variations:
            qf.csi.0:
              plus: 0.1044
              minus: 0.0712
        parameters:
          qf.csi.0: {constraint: 0 +/- 1, acts_on: quenching, shared: true}
    """
    lines = [f"# {line}" for line in wrap(label, 96)]
    lines.append("quenching:")
    for key, value in section(curve).items():
        if key != "variations":
            lines.append(f"  {key}: {_text(value)}")
            continue
        lines.append("  variations:")
        for name, sides in value.items():
            lines += [f"    {name}:", *(f"      {s}: {_text(v)}" for s, v in sides.items())]
    if curve.variations:
        lines.append("parameters:")
        lines += [
            f"  {name}: {{constraint: 0 +/- 1, acts_on: quenching, shared: true}}"
            for name in curve.variation_names
        ]
    return "\n".join(lines)


def _text(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)
