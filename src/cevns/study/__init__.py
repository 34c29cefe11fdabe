"""The front door: one or several experiments, and all that can be asked of them."""

from cevns.study.opening import load
from cevns.study.study import Study

__all__ = ["Study", "load"]
